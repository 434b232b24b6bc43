"""The same jobs by hand, each with a `Provider` of the CDK and a function of its own, as some teams write it.

usage: providers.py OUTDIR JOBS ROLES (the last is ignored)
"""

import sys

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import custom_resources as cr

outdir, jobs, _ = sys.argv[1:]
app = cdk.App(outdir=outdir)
stack = cdk.Stack(app, "Bench")
data = s3.Bucket.from_bucket_name(stack, "Data", "bench-data")
for number in range(int(jobs)):
    role = iam.Role(stack, f"Role{number}", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    data.grant_read(role, "train/*")
    data.grant_read_write(role, "models/*")
    function = lambda_.Function(
        stack,
        f"Function{number}",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
    )
    function.add_to_role_policy(
        iam.PolicyStatement(actions=["sagemaker:CreateAutoMLJob", "sagemaker:StopAutoMLJob"], resources=["*"])
    )
    function.add_to_role_policy(iam.PolicyStatement(actions=["iam:PassRole"], resources=[role.role_arn]))
    provider = cr.Provider(stack, f"Provider{number}", on_event_handler=function)
    cdk.CustomResource(
        stack,
        f"Job{number}",
        service_token=provider.service_token,
        properties={"RoleArn": role.role_arn, "AutoMLJobName": f"bench-job-{number}"},
    )
app.synth()
