"""`AutoMLRetraining`: a job's request again, by a schedule, new data or an alarm; the better model is promoted.

A new reason to train goes to `triggers`, a new metric to `metrics`.
"""
