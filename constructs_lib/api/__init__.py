"""What `CreateAutoMLJob` and `CreateAutoMLJobV2` accept: shapes, limits and rules. Standard library only.

Nothing here knows the CDK. Whether a value is a token is asked of a function that is passed in, and a token is never
judged.
"""
