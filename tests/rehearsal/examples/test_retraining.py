"""A retraining in the embedded AWS: the better model is promoted while the endpoint answers, and all of it goes."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal import cdk
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.processes import Deadline

from .rehearsed import APPS, ROOT

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

    def deploy(self, count: int) -> None:
        out = self.folder / f"out-{count}"
        if not out.exists():
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": cdk.search_path(), "CDK_OUTDIR": str(out)}
            command = [sys.executable, str(APPS / "retraining.py"), str(self.rows), str(count)]
            subprocess.run(command, env=environment, check=True, capture_output=True, timeout=200)
        self.out = out
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

    def serves(self) -> tuple[str, int]:
        """The model in service, and on how many instances."""
        sagemaker = self.cloud.client("sagemaker")
        endpoint = sagemaker.describe_endpoint(EndpointName=self.outputs["Name"])
        config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        (variant,) = config["ProductionVariants"]
        return variant["ModelName"], variant["InitialInstanceCount"]

    def upload(self, name: str, rows: list[str]) -> None:
        body = "\n".join([CREDIT[0], *rows]).encode()
        self.cloud.client("s3").put_object(Bucket=self.outputs["Bucket"], Key=f"train/{name}.csv", Body=body)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with Cloud.start(tmp_path / "cloud", account=ACCOUNT, region=REGION, wait_scale=1 / 60) as cloud:
        told = Told(cloud, tmp_path)
        told.run("bootstrap", f"aws://{ACCOUNT}/{REGION}")
        yield told


def test_better_rows_promote_a_model_worse_ones_do_not_and_destroy_leaves_nothing(told: Told) -> None:
    told.deploy(1)
    own, _ = told.serves()
    runtime, body = told.cloud.client("sagemaker-runtime"), CREDIT[1].rpartition(",")[0].encode()
    failed: list[str] = []
    asked, ends = 0, threading.Event()

    def ask() -> None:
        nonlocal asked
        while not ends.wait(0.5):
            try:
                runtime.invoke_endpoint(EndpointName=told.outputs["Name"], Body=body, ContentType="text/csv")
                asked += 1
            except Exception as error:
                failed.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    for number in range(10):  # ten events at once
        told.upload(f"better{number}", CREDIT[601:])
    told.wait()
    ends.set()
    asking.join()
    better, _ = told.serves()
    assert [report["Decision"] for report in told.reports()] == ["Promoted"]
    assert better != own
    assert (failed, asked > 0) == ([], True)

    labels = ("no", "yes")
    noise = [f"{row.rpartition(',')[0]},{labels[number % 2]}" for number, row in enumerate(CREDIT[1:601])]
    told.upload("worse", noise)
    told.wait()
    assert [report["Decision"] for report in told.reports()] == ["Promoted", "ChampionKept"]

    told.deploy(1)  # nothing has changed
    assert told.serves() == (better, 1)
    told.deploy(2)
    told.wait()
    assert told.serves() == (better, 2)
    told.start("Back")
    told.wait()
    assert told.serves() == (own, 2)

    told.start("Start")
    time.sleep(3)
    told.run("destroy", "--all", "--force", "--app", str(told.out))
    sagemaker = told.cloud.client("sagemaker")
    assert sagemaker.list_models()["Models"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    statuses = {each["AutoMLJobStatus"] for each in sagemaker.list_auto_ml_jobs()["AutoMLJobSummaries"]}
    assert statuses <= {"Completed", "Stopped"}
