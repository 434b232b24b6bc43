"""An account of the embedded AWS in which `automl verify` looks, and what lies in it."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli import main
from constructs_lib.cli.verify import aws
from constructs_lib.rehearsal.cloud.launcher import Cloud

PACE = 0.02
"""The embedded AWS does in a second what AWS does in a minute."""


def surroundings(cloud: Cloud, folder: Path) -> dict[str, str]:
    """The variables with which boto3 finds the embedded AWS and nothing else."""
    config = folder / "config"
    config.write_text("[profile embedded]\ns3 =\n  addressing_style = path\n")
    kept = {name: value for name, value in cloud.environment().items() if name.startswith("AWS_")}
    return {
        **kept,
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_PROFILE": "embedded",
    }


def verify(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command in this process, at the pace of the embedded AWS."""
    monkeypatch.setattr(aws, "PACE", PACE)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the handlers of the test's own process stay
    return main(["verify", *arguments])


@cache
def _client(cloud: Cloud, service: str) -> Any:
    return cloud.client(service)


def contents(cloud: Cloud) -> dict[str, list[str]]:
    """What lies in the account, by kind; keys that wait for their deletion are gone already."""

    def listed(service: str, operation: str, members: str, name: str, **which: Any) -> list[str]:
        reply = getattr(_client(cloud, service), operation)(**which)
        return sorted(str(one[name] if name else one) for one in reply[members])

    keys = listed("kms", "list_keys", "Keys", "KeyId")
    return {
        "stacks": listed("cloudformation", "describe_stacks", "Stacks", "StackName"),
        "roles": listed("iam", "list_roles", "Roles", "RoleName"),
        "buckets": listed("s3", "list_buckets", "Buckets", "Name"),
        "functions": listed("lambda", "list_functions", "Functions", "FunctionName"),
        # What all jobs of an account write to is the service's own.
        "logs": [
            name
            for name in listed("logs", "describe_log_groups", "logGroups", "logGroupName")
            if name != "/aws/sagemaker/AutoMLJobs"
        ],
        "alarms": listed("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "networks": listed("ec2", "describe_vpcs", "Vpcs", "VpcId"),
        "interfaces": listed("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        "aliases": listed("kms", "list_aliases", "Aliases", "AliasName"),
        "keys": [
            key
            for key in keys
            if _client(cloud, "kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] != "PendingDeletion"
        ],
        "running jobs": listed(
            "sagemaker", "list_auto_ml_jobs", "AutoMLJobSummaries", "AutoMLJobName", StatusEquals="InProgress"
        ),
        "models": listed("sagemaker", "list_models", "Models", "ModelName"),
        "configs": listed("sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
        "endpoints": listed("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
        "groups": listed(
            "sagemaker", "list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName"
        ),
    }
