"""`AutoMLJobOutcome`: a deployment waits for a job, fails with it, judges it and hands its best candidate on.

What judges a candidate is in `gate`.
"""
