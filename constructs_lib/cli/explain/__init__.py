"""`automl explain`: what a synthesized app creates, may do, costs at most and leaves behind."""
