#!/usr/bin/env python3
"""A job and its endpoint as parts of a larger platform: network, keys, a caller, and a stage for each of two accounts.

The network has no way out: SageMaker's instances reach S3 by a gateway, and the caller the endpoint by an interface.
"""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks
from constructs import Construct, IConstruct

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    DataCapture,
    Metric,
    Mode,
    OutputLocation,
    ProblemType,
    RealTime,
    ResponseKey,
)

HERE = Path(__file__).parent
DATA = HERE / "../quickstart/data/credit.csv"


CIDR = "10.0.0.0/16"
PACKS = ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321", "NIST.800.53.R4")
"""The packs of cdk-nag that, besides AwsSolutions and Serverless, this app is held against."""


def acknowledge(construct: IConstruct, reasons: dict[str, str]) -> None:
    """Note for cdk-nag why findings stand."""
    cdk.Validations.of(construct).acknowledge(
        *(
            cdk.Acknowledgment(id=f"{finding.partition('-')[0]}::{finding}", reason=reason)
            for finding, reason in reasons.items()
        )
    )


class Foundation(cdk.Stack):
    """What the teams of a platform share: a network, a key, and a bucket."""

    def __init__(self, scope: Construct, construct_id: str, **kwargs: Any) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **kwargs)
        self.key = kms.Key(self, "Key", enable_key_rotation=True)
        self.logs = self._bucket("Logs", encryption=s3.BucketEncryption.S3_MANAGED)
        self.bucket = self._bucket(
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            server_access_logs_bucket=self.logs,
            server_access_logs_prefix="access/",
        )
        its_logs = "holds logs of other buckets and of the network; logs are written with S3's own encryption only"
        acknowledge(
            self.logs,
            {
                "AwsSolutions-S1": its_logs,
                **{
                    f"{pack}-{rule}": its_logs
                    for pack in PACKS
                    for rule in ("S3BucketLoggingEnabled", "S3DefaultEncryptionKMS")
                },
            },
        )
        self.vpc = self._network()

    @property
    def availability_zones(self) -> list[str]:
        """Two of the region's zones, so that nothing has to be looked up in the accounts."""
        zones = cdk.Fn.get_azs()
        return [cdk.Fn.select(0, zones), cdk.Fn.select(1, zones)]

    def _bucket(self, construct_id: str, **props: Any) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            construct_id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            **props,
        )
        reason = "data and models can be made again from the sources, which are elsewhere"
        acknowledge(bucket, {f"{pack}-S3BucketReplicationEnabled": reason for pack in PACKS})
        acknowledge(bucket, {"NIST.800.53.R4-S3BucketDefaultLockEnabled": reason})
        return bucket

    def _network(self) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(CIDR),
            max_azs=2,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
            ],
            restrict_default_security_group=False,
        )
        unused = "nothing joins the default security group: every member of this network has one of its own"
        acknowledge(vpc, {f"{pack}-VPCDefaultSecurityGroupClosed": unused for pack in PACKS})
        vpc.add_flow_log("FlowLog", destination=ec2.FlowLogDestination.to_s3(self.logs, "flow/"))
        vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        group = ec2.SecurityGroup(self, "Endpoints", vpc=vpc, description="AWS APIs", allow_all_outbound=False)
        group.add_ingress_rule(ec2.Peer.ipv4(CIDR), ec2.Port.tcp(443), "from within the network")
        services = {
            "Runtime": ec2.InterfaceVpcEndpointAwsService.SAGEMAKER_RUNTIME,
            "Api": ec2.InterfaceVpcEndpointAwsService.SAGEMAKER_API,
            "CloudWatchLogs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
            "CloudWatch": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
            "Images": ec2.InterfaceVpcEndpointAwsService.ECR,
            "Layers": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
            "Keys": ec2.InterfaceVpcEndpointAwsService.KMS,
            "Tokens": ec2.InterfaceVpcEndpointAwsService.STS,
        }
        for name, service in services.items():
            vpc.add_interface_endpoint(name, service=service, security_groups=[group], open=False)
        return vpc


class Credit(cdk.Stack):
    """One team's model: trained, served and asked inside the platform's network, with its key."""

    def __init__(
        self, scope: Construct, construct_id: str, *, foundation: Foundation, instance_count: int, **kwargs: Any
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **kwargs)
        network: dict[str, Any] = {
            "vpc": foundation.vpc,
            "vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        }
        job = AutoMLJob(
            self,
            "Credit",
            training_data=Channel.from_asset(DATA),
            target_attribute="bad_credit",
            output=OutputLocation.from_bucket(foundation.bucket, "credit/models/"),
            problem_type=ProblemType.BINARY_CLASSIFICATION,
            objective=Metric.AUC,
            mode=Mode.ENSEMBLING,
            volume_encryption_key=foundation.key,
            encrypt_inter_container_traffic=True,
            **network,
        )
        endpoint = AutoMLEndpoint(
            self,
            "Endpoint",
            outcome=AutoMLJobOutcome(self, "Outcome", job=job),
            serving=RealTime(instance_type="ml.m5.large", instance_count=instance_count),
            data_capture=DataCapture(
                destination=OutputLocation.from_bucket(foundation.bucket, "credit/captured/"), sampling_percentage=10
            ),
            inference_response_keys=[ResponseKey.PREDICTED_LABEL, ResponseKey.PROBABILITY],
            encryption_key=foundation.key,
            **network,
        )
        self._add_caller(endpoint, foundation, network)
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)

    def _add_caller(self, endpoint: AutoMLEndpoint, foundation: Foundation, network: dict[str, Any]) -> None:
        """A function that asks the endpoint, for whoever may call it."""
        log = logs.LogGroup(self, "PredictLog", retention=logs.RetentionDays.ONE_YEAR, encryption_key=foundation.key)
        role = iam.Role(self, "PredictRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        policy = iam.ManagedPolicy(
            self,
            "PredictPolicy",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log.log_group_arn]
                ),
                iam.PolicyStatement(
                    actions=[
                        "ec2:CreateNetworkInterface",
                        "ec2:DeleteNetworkInterface",
                        "ec2:DescribeNetworkInterfaces",
                        "ec2:DescribeSubnets",
                    ],
                    resources=["*"],
                ),
            ],
        )
        acknowledge(policy, {"AwsSolutions-IAM5[Resource::*]": "Lambda asks for these before it joins a network"})
        endpoint.grant_invoke(policy)
        function = lambda_.Function(
            self,
            "Predict",
            description="Asks the model about one loan",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handle",
            code=lambda_.Code.from_asset(str(HERE / "predict")),
            timeout=cdk.Duration.seconds(30),
            memory_size=256,
            reserved_concurrent_executions=10,
            environment={"ENDPOINT_NAME": endpoint.endpoint_name},
            role=role.without_policy_updates(),
            log_group=log,
            **network,
        )
        function.node.add_dependency(policy)
        synchronous = "called synchronously: whoever calls it hears of each failure"
        acknowledge(
            function,
            {
                **dict.fromkeys([f"{pack}-LambdaDLQ" for pack in (*PACKS[:2], "Serverless")], synchronous),
                "Serverless-LambdaTracing": "one call to one endpoint, whose latency CloudWatch measures",
            },
        )


class Platform(cdk.Stage):
    """Everything, once for each account."""

    def __init__(self, scope: Construct, construct_id: str, *, instance_count: int, **kwargs: Any) -> None:
        """Define the stage."""
        super().__init__(scope, construct_id, **kwargs)
        foundation = Foundation(self, "Foundation")
        Credit(self, "Credit", foundation=foundation, instance_count=instance_count)


app = cdk.App(context={"@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True})
for name, account, instance_count in (("Test", "111122223333", 1), ("Production", "444455556666", 2)):
    stage = Platform(app, name, env=cdk.Environment(account=account, region="eu-west-1"), instance_count=instance_count)
    cdk.Tags.of(stage).add("stage", name.lower())
cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
app.synth()
