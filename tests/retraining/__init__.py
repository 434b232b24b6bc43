"""What a retraining becomes in a template, and what of it is refused."""
