"""The resources of `ours.py` written down with the CDK alone, with no check and no option: the floor of any construct.

usage: floor.py OUTDIR JOBS own-role|shared-role
"""

import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets

outdir, jobs, roles = sys.argv[1:]
app = cdk.App(outdir=outdir)
stack = cdk.Stack(app, "Bench")
data = s3.Bucket.from_bucket_name(stack, "Data", "bench-data")
bucket_arn = data.bucket_arn


def policy(role: iam.Role, construct_id: str, actions: list[str], resource: str) -> iam.ManagedPolicy:
    """A policy with one statement."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resource}]}
    return iam.ManagedPolicy(stack, construct_id, document=iam.PolicyDocument.from_json(document), roles=[role])


def new_role(construct_id: str) -> iam.Role:
    """A role for a job."""
    return iam.Role(stack, construct_id, assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))


log = logs.CfnLogGroup(stack, "Log", retention_in_days=30)
function_role = iam.Role(stack, "FunctionRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
policy(function_role, "FunctionPolicy", ["sagemaker:CreateAutoMLJob", "sagemaker:StopAutoMLJob"], "*")
code = assets.Asset(
    stack, "Code", path=str(Path(__file__).parents[2] / "constructs_lib" / "runtime"), asset_hash="0" * 64
)
function = lambda_.CfnFunction(
    stack,
    "Function",
    runtime="python3.13",
    handler="handler.handler",
    code=lambda_.CfnFunction.CodeProperty(s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key),
    role=function_role.role_arn,
    logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=log.ref),
)
token = function.attr_arn
shared = new_role("Shared") if roles == "shared-role" else None
for number in range(int(jobs)):
    role = shared or new_role(f"Role{number}")
    cdk.CfnResource(
        stack,
        f"Job{number}",
        type="Custom::SageMakerAutopilot",
        properties={
            "ServiceToken": token,
            "Request": {
                "AutoMLJobName": f"bench-job-{number}",
                "InputDataConfig": [
                    {
                        "DataSource": {
                            "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{data.bucket_name}/train/"}
                        },
                        "TargetAttributeName": "churned",
                    }
                ],
                "OutputDataConfig": {"S3OutputPath": f"s3://{data.bucket_name}/models/"},
                "RoleArn": role.role_arn,
            },
        },
    ).node.add_dependency(policy(role, f"Policy{number}", ["s3:GetObject"], f"{bucket_arn}/train/*"))
app.synth()
