"""Requests: what the AWS CLI makes of words and documents, and what the command says of them."""
