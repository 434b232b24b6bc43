"""The same jobs as in `ours.py`, by hand: `AwsCustomResource` with the raw request.

usage: by_hand.py OUTDIR JOBS own-role|shared-role
"""

import sys

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import custom_resources as cr

outdir, jobs, roles = sys.argv[1:]
app = cdk.App(outdir=outdir)
stack = cdk.Stack(app, "Bench")
data = s3.Bucket.from_bucket_name(stack, "Data", "bench-data")


def new_role(construct_id: str) -> iam.Role:
    """A role with what the documentation asks for."""
    role = iam.Role(stack, construct_id, assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    data.grant_read(role, "train/*")
    data.grant_read_write(role, "models/*")
    for actions in (
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        ["cloudwatch:PutMetricData"],
        [
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ],
        [
            "sagemaker:DescribeEndpoint",
            "sagemaker:DescribeEndpointConfig",
            "sagemaker:DescribeModel",
            "sagemaker:ListTags",
        ],
    ):
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=["*"]))
    return role


shared = new_role("Shared") if roles == "shared-role" else None
for number in range(int(jobs)):
    role = shared or new_role(f"Role{number}")
    name = f"bench-job-{number}"
    job = cr.AwsCustomResource(
        stack,
        f"Job{number}",
        install_latest_aws_sdk=False,
        on_create=cr.AwsSdkCall(
            service="SageMaker",
            action="createAutoMLJob",
            parameters={
                "AutoMLJobName": name,
                "InputDataConfig": [
                    {
                        "DataSource": {
                            "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{data.bucket_name}/train/"}
                        },
                        "TargetAttributeName": "churned",
                        "ChannelType": "training",
                        "ContentType": "text/csv;header=present",
                    }
                ],
                "OutputDataConfig": {"S3OutputPath": f"s3://{data.bucket_name}/models/"},
                "ProblemType": "BinaryClassification",
                "AutoMLJobObjective": {"MetricName": "AUC"},
                "AutoMLJobConfig": {"Mode": "ENSEMBLING"},
                "RoleArn": role.role_arn,
            },
            physical_resource_id=cr.PhysicalResourceId.of(name),
        ),
        on_delete=cr.AwsSdkCall(
            service="SageMaker",
            action="stopAutoMLJob",
            parameters={"AutoMLJobName": name},
            ignore_error_codes_matching="ResourceNotFound",
        ),
        policy=cr.AwsCustomResourcePolicy.from_statements(
            [
                iam.PolicyStatement(
                    actions=["sagemaker:CreateAutoMLJob", "sagemaker:StopAutoMLJob"],
                    resources=[stack.format_arn(service="sagemaker", resource="automl-job", resource_name=name)],
                ),
                iam.PolicyStatement(actions=["iam:PassRole"], resources=[role.role_arn]),
            ]
        ),
    )
    job.node.add_dependency(role)
app.synth()
