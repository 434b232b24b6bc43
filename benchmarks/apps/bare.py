"""An app with the bucket and the role that a user has anyway, and nothing that trains: what is not ours to save.

usage: bare.py OUTDIR JOBS ROLES (the last two are ignored)
"""

import sys

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

app = cdk.App(outdir=sys.argv[1])
stack = cdk.Stack(app, "Bench")
data = s3.Bucket.from_bucket_name(stack, "Data", "bench-data")
role = iam.Role(stack, "Shared", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
data.grant_read(role)
app.synth()
