"""The services around a job as the function sees them: Step Functions, EventBridge and S3."""

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from .fake_sagemaker import FakeService, FakeTime, client_error


@dataclass
class Execution:
    state: dict[str, Any]
    given: str
    done: bool = False


@dataclass
class FakeStepFunctions(FakeService):
    """Executions by name: the same name again is the same execution, or an error. Tests let them look."""

    time: FakeTime
    service = "stepfunctions"
    executions: dict[str, Execution] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.time)

    def start_execution(self, **params: str) -> dict[str, Any]:
        with self.serving("StartExecution", params):
            name, given = params["name"], params["input"]
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name):
                raise client_error("StartExecution", "InvalidName", name)
            known = self.executions.get(name)
            if known and (known.done or known.given != given):
                raise client_error("StartExecution", "ExecutionAlreadyExists", f"Execution Already Exists: {name}")
            if not known:
                self.executions[name] = Execution(json.loads(given), given)
            return {"executionArn": f"{params['stateMachineArn']}:{name}"}

    def describe_execution(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeExecution", params):
            arn = params["executionArn"]
            machine, _, name = arn.rpartition(":")
            execution = self.executions.get(name)
            if execution is None or ":execution:" not in machine:
                raise client_error("DescribeExecution", "ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
            return {"status": "SUCCEEDED" if execution.done else "RUNNING", "input": execution.given}

    def running(self) -> list[str]:
        return [name for name, execution in self.executions.items() if not execution.done]


@dataclass
class FakeEventBridge(FakeService):
    """Takes events, or refuses as many as a test says."""

    time: FakeTime
    service = "events"
    entries: list[dict[str, Any]] = field(default_factory=list)
    refuses: int = 0

    def __post_init__(self) -> None:
        super().__init__(self.time)

    def put_events(self, **params: Any) -> dict[str, Any]:
        with self.serving("PutEvents", params):
            if self.refuses:
                self.refuses -= 1
                entry = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
                return {"FailedEntryCount": 1, "Entries": [entry]}
            self.entries += params["Entries"]
            return {"FailedEntryCount": 0, "Entries": [{"EventId": str(len(self.entries))}]}

    def details(self) -> list[dict[str, Any]]:
        return [json.loads(entry["Detail"]) for entry in self.entries]

    def states(self, job_name: str = "") -> list[str]:
        """The states of a job, in the order in which they were told."""
        return [
            detail["AutoMLJobSecondaryStatus"] for detail in self.details() if job_name in {"", detail["AutoMLJobName"]}
        ]


@dataclass
class FakeS3(FakeService):
    """Objects by bucket and key."""

    time: FakeTime
    service = "s3"
    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.time)

    def put_object(self, **params: Any) -> dict[str, Any]:
        with self.serving("PutObject", params):
            self.objects[params["Bucket"], params["Key"]] = params
            return {}

    def store(self, *uris: str) -> None:
        """Put what a job has written, each a second after the one before."""
        for uri in uris:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            self.objects[bucket, key] = {"LastModified": self.time.wall() + timedelta(seconds=len(self.objects))}

    def list_objects_v2(self, **params: str) -> dict[str, Any]:
        """A page of three keys, in their order."""
        with self.serving("ListObjectsV2", params):
            keys = sorted(
                key
                for bucket, key in self.objects
                if bucket == params["Bucket"] and key.startswith(params.get("Prefix", ""))
            )
            begin = int(params.get("ContinuationToken", "0"))
            contents = [
                {"Key": key, "LastModified": self.objects[params["Bucket"], key].get("LastModified")}
                for key in keys[begin : begin + 3]
            ]
            page: dict[str, Any] = {"KeyCount": len(contents)} | ({"Contents": contents} if contents else {})
            return page | ({"NextContinuationToken": str(begin + 3)} if begin + 3 < len(keys) else {})
