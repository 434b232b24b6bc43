"""Requests of the two Create calls: what the AWS CLI would send, what is wrong with it, and its Python."""
