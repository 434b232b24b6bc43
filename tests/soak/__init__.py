"""A model of CloudFormation and SageMaker that sends the Lambda code through lives that nobody could deploy here."""
