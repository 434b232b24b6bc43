"""The Lambda function behind the constructs: standard library and boto3 only, uploaded as it lies."""
