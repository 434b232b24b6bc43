"""What can be done with a job's best candidate: a model, a batch transform, a version in the registry.

A module for each thing that is made of a candidate. What keeps one in service all the time is in `endpoint`.
"""
