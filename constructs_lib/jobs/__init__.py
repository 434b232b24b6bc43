"""`AutoMLJob` and `AutoMLJobV2`: an Autopilot job as a resource of a stack, and jobs that were made elsewhere.

What the two calls take alike is in `props`, what a job is made of before it exists in `plan`, and what every job can do
in `base`.
"""
