"""Who may do what: IAM statements, grants on roles, buckets and keys, and the network a job runs in.

Every action that a policy of ours names stands in `permissions`; what gives it to somebody is in the other modules.
"""
