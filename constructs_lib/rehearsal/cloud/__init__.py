"""The embedded AWS: MiniStack with a SageMaker service, as a process of its own on the loopback interface.

A room for each service that is played; what several need (calls, roles, errors, the store) lies beside them.
"""
