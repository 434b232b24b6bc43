"""A retraining in the embedded AWS, and what the account says of it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from constructs_lib.rehearsal import cdk
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.processes import Deadline

from .rehearsed import APPS, ROOT

CREDIT = (ROOT / "examples" / "quickstart" / "data" / "credit.csv").read_text().splitlines()
ACCOUNT, REGION = "123456789012", "us-east-1"


class Told:
    """What the account says of the retraining."""

    def __init__(self, cloud: Cloud, folder: Path, *, app: str, stack: str, arguments: tuple[str, ...] = ()) -> None:
        self.cloud = cloud
        self.app = APPS / app
        self.stack = stack
        self.arguments = arguments
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
        command = [sys.executable, str(self.app), str(self.rows), *self.arguments]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=200)
        self.run("deploy", "--all", "--require-approval", "never", "--app", str(out))
        (stack,) = self.cloud.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
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

    def reports(self, folder: str = "Folder") -> list[dict[str, Any]]:
        bucket, _, key = self.outputs[folder].removeprefix("s3://").partition("/")
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

    def hold_out(self, rows: list[str]) -> None:
        body = "\n".join([CREDIT[0], *rows]).encode()
        self.cloud.client("s3").put_object(Bucket=self.outputs["Bucket"], Key="holdout.csv", Body=body)

    def left(self, folder: str) -> list[str]:
        """What has made models answer a holdout, and is there still."""
        bucket, _, key = self.outputs[folder].removeprefix("s3://").partition("/")
        s3, sagemaker = self.cloud.client("s3"), self.cloud.client("sagemaker")
        files = s3.list_objects_v2(Bucket=bucket, Prefix=f"{key}holdout/").get("Contents", [])
        models = sagemaker.list_models()["Models"]
        at_work = [
            each["TransformJobName"]
            for each in sagemaker.list_transform_jobs()["TransformJobSummaries"]
            if each["TransformJobStatus"] in ("InProgress", "Stopping")
        ]
        noted = json.loads(s3.get_object(Bucket=bucket, Key=f"{key}state.json")["Body"].read()).get("trials", [])
        return [*(each["Key"] for each in files), *(each["ModelName"] for each in models), *at_work, *noted]
