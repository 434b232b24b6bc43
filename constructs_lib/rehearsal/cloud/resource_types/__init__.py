"""CloudFormation's types of resources, those that MiniStack lacks and those of the CDK's own providers."""
