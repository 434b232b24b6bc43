"""An app with an empty stack: the floor.

usage: empty.py OUTDIR JOBS ROLES (the last two are ignored)
"""

import sys

import aws_cdk as cdk

app = cdk.App(outdir=sys.argv[1])
cdk.Stack(app, "Bench")
app.synth()
