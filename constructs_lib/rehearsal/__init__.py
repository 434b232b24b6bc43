"""The rehearsal: a synthesized app, deployed with the real `cdk` CLI onto an AWS embedded in this machine."""
