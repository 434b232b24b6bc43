"""What a stack has once for all its jobs: the Lambda function, the state machine that waits, and their options.

`following` is how a job's resource tells them who waits for it or listens.
"""
