"""With the newest CDK."""
