"""`AutoMLRetraining`: a job's request again, by a schedule, new data or an alarm; the better model is promoted.

A new reason to train goes to `triggers`, what both models answer to `holdout`, a new metric to `metrics`.
"""
