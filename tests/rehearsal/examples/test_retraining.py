"""A retraining in the embedded AWS: what its rehearsal does not show, and the rehearsal of the example."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal import cdk
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.processes import Deadline

from .rehearsed import APPS, ROOT, rehearse

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(900)]

CREDIT = (ROOT / "examples" / "quickstart" / "data" / "credit.csv").read_text().splitlines()
ACCOUNT, REGION = "123456789012", "us-east-1"


class Told:
    """What the account says of the retraining."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.cloud = cloud
        self.folder = folder
        self.cdk = cdk.Cdk(cloud.environment(), folder, Deadline(900), lambda _: None)
        self.rows = folder / "rows"
        self.rows.mkdir()
        (self.rows / "first.csv").write_text("\n".join(CREDIT[:601]))

    def run(self, name: str, *arguments: str) -> None:
        finished = self.cdk.finish(self.cdk.start(name, *arguments))
        assert finished.code == 0, finished.output[-3000:]

    def deploy(self) -> None:
        self.out = out = self.folder / "out"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": cdk.search_path(), "CDK_OUTDIR": str(out)}
        command = [sys.executable, str(APPS / "retraining.py"), str(self.rows)]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=200)
        self.run("deploy", "--all", "--require-approval", "never", "--app", str(out))
        (stack,) = self.cloud.client("cloudformation").describe_stacks(StackName="Retrained")["Stacks"]
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def start(self, what: str) -> None:
        machine, given = self.outputs["Machine"], self.outputs[what]
        self.cloud.client("stepfunctions").start_execution(stateMachineArn=machine, input=given)

    def wait(self) -> None:
        """Until nothing runs."""
        time.sleep(2)
        states = self.cloud.client("stepfunctions")
        for _ in range(300):
            found = states.list_executions(stateMachineArn=self.outputs["Machine"])["executions"]
            if all(each["status"] == "SUCCEEDED" for each in found):
                return
            assert {each["status"] for each in found} <= {"SUCCEEDED", "RUNNING"}
            time.sleep(1)
        raise AssertionError("it does not come to its end")

    def reports(self) -> list[dict[str, Any]]:
        bucket, _, key = self.outputs["Folder"].removeprefix("s3://").partition("/")
        s3 = self.cloud.client("s3")
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{key}runs/").get("Contents", [])
        return [json.loads(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()) for each in listed]

    def decisions(self) -> list[str]:
        return [report["Decision"] for report in self.reports()]

    def serves(self) -> str:
        """The model in service."""
        sagemaker = self.cloud.client("sagemaker")
        endpoint = sagemaker.describe_endpoint(EndpointName=self.outputs["Name"])
        config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        (variant,) = config["ProductionVariants"]
        return str(variant["ModelName"])

    def upload(self, name: str, rows: list[str]) -> None:
        body = "\n".join([CREDIT[0], *rows]).encode()
        self.cloud.client("s3").put_object(Bucket=self.outputs["Bucket"], Key=f"train/{name}.csv", Body=body)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with Cloud.start(tmp_path / "cloud", account=ACCOUNT, region=REGION, wait_scale=1 / 60) as cloud:
        told = Told(cloud, tmp_path)
        told.run("bootstrap", f"aws://{ACCOUNT}/{REGION}")
        yield told


def test_what_events_lose_is_found_and_what_somebody_reverts_comes_back(told: Told) -> None:
    told.deploy()
    own = told.serves()
    sagemaker = told.cloud.client("sagemaker")
    template = sagemaker.describe_endpoint(EndpointName=told.outputs["Name"])["EndpointConfigName"]

    told.cloud.deliver("Object Created", times=2)
    told.upload("better", CREDIT[1:601])  # whoever has seen a row knows it better
    told.wait()
    assert told.decisions() == ["WaitsForApproval"]
    assert told.serves() == own

    told.cloud.deliver("SageMaker Model Package State Change", times=0)
    (package,) = sagemaker.list_model_packages(ModelPackageGroupName="loans")["ModelPackageSummaryList"]
    sagemaker.update_model_package(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Approved")
    told.wait()
    assert told.serves() == own  # nobody has heard
    told.cloud.client("cloudwatch").set_alarm_state(
        AlarmName=told.outputs["Alarm"], StateValue="ALARM", StateReason="a test"
    )
    told.wait()  # the run of the alarm looks at the registry first, and learns the same again
    assert sorted(told.decisions()) == ["ChampionKept", "Promoted", "WaitsForApproval"]
    better = told.serves()
    assert better != own

    sagemaker.update_endpoint(EndpointName=told.outputs["Name"], EndpointConfigName=template)  # as --revert-drift does
    told.wait()
    assert told.serves() == better
    told.start("Back")
    told.wait()
    assert told.serves() == own

    told.run("destroy", "--all", "--force", "--app", str(told.out))
    assert sagemaker.list_models()["Models"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []


def test_example_learns_promotes_what_is_approved_and_leaves_nothing() -> None:
    said = rehearse("examples/retraining", seconds=850)

    told = [
        "10 objects made one run, with one job: ",
        "the run ended WaitsForApproval: met: AUC is ",
        "loans/1 was approved, and took over",
        "the run ended ChampionKept: missed: AUC is ",
        "times during the run, always answered",
        "another shape of what is promoted: done",
        "in its middle the stack is destroyed",
        "running when the stack was destroyed, is Stopped",
    ]
    assert [each for each in told if each not in said] == []
    left = re.findall(r"^  (log group|model package group|model package|bucket) ", said, re.MULTILINE)
    assert left == ["log group", "model package", "model package group"]
    assert "Not shown:" not in said
