"""`automl init`: a small app to begin with."""
