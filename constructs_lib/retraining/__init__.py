"""`AutoMLRetraining`: a job's request again, on a schedule, when data come or an alarm goes off; the better model is promoted.

A new reason to train goes to `triggers`, a new metric to `metrics`.
"""
