"""With cdk-nag 2 and what requires it, or an older CDK."""
