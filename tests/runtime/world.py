"""One resource in a small CloudFormation: it makes events, sends them, and does with the answers what AWS does."""

import copy
import itertools
import json
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from constructs_lib.runtime.clients import Aws
from constructs_lib.runtime.contract import RESOURCE_TYPE, OwnerTag
from constructs_lib.runtime.event import RawEvent, parse
from constructs_lib.runtime.handler import KINDS, serve
from constructs_lib.runtime.retry import Clock
from constructs_lib.runtime.spec import read

from .fake_sagemaker import (
    ACCOUNT,
    REGION,
    FakeCloudFormation,
    FakeJob,
    FakeSageMaker,
    FakeService,
    FakeTime,
    service_model,
)
from .fake_services import FakeEventBridge, FakeS3, FakeStepFunctions

SIGNATURE = "SENTINELsignatureTHATnobodyMAYsee"
LOGICAL_ID = "Churn8A3F2C11"
PREFIX = "demo-churn-"


class Crash(BaseException):
    """The end of the process in the middle of a call: no `except Exception` sees it."""


class Sink:
    """CloudFormation's end of `ResponseURL`, on a local port."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        """What to answer to the next requests; 200 when it is empty."""
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = sink.statuses.pop(0) if sink.statuses else 200
                sink.received.append((self.path, dict(self.headers.items()), body))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/answer"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.received]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def request(**changes: Any) -> dict[str, Any]:
    """The input of CreateAutoMLJob, with its true types and some of every kind."""
    return {
        "InputDataConfig": [
            {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/churn/"}},
                "TargetAttributeName": "churned",
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://results/churn/"},
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/churn",
        "AutoMLJobConfig": {
            "CompletionCriteria": {"MaxCandidates": 5},
            "DataSplitConfig": {"ValidationFraction": 0.25},
            "SecurityConfig": {"EnableInterContainerTrafficEncryption": True},
        },
        "GenerateCandidateDefinitionsOnly": False,
        **changes,
    }


def properties(
    *, tags: Mapping[str, str] | None = None, revision: str = "1", prefix: str = PREFIX, **changes: Any
) -> dict[str, Any]:
    """Resource properties as CloudFormation sends them."""
    body = request(**changes)
    if tags:
        body["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    wire = {"ServiceToken": "arn", "Operation": "CreateAutoMLJob", "Request": body, "Revision": revision}
    return cast("dict[str, Any]", stringified(wire if body.get("AutoMLJobName") else wire | {"NamePrefix": prefix}))


STATE_MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:sagemaker-autopilot"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"


def watching(*conditions: str, bus: str = BUS, seconds: int = 42_600) -> dict[str, Any]:
    """The `Watch` of a job as CloudFormation sends it."""
    wanted = [{"LogicalId": name, "Seconds": str(seconds)} for name in conditions]
    return {"StateMachine": STATE_MACHINE, "Conditions": wanted, "EventBus": bus}


def stringified(value: object) -> object:
    """What CloudFormation makes of a property: booleans and numbers become strings."""
    if isinstance(value, dict):
        return {key: stringified(member) for key, member in value.items()}
    if isinstance(value, list):
        return [stringified(member) for member in value]
    return value if isinstance(value, str) else json.dumps(value)


OTHERS = ("nobody", "another stack", "another resource")


@dataclass
class Squatter:
    """A running job of somebody else, under a name that the resource would take."""

    job: FakeJob
    tags: dict[str, str]

    @property
    def is_untouched(self) -> bool:
        return (self.job.status, self.job.tags) == ("InProgress", self.tags)


@dataclass
class World:
    """The services, the time, and one resource with the life that CloudFormation gives it."""

    sink: Sink
    time: FakeTime = field(default_factory=FakeTime)
    stack_name: str = "Demo"
    physical_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    events: list[RawEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sagemaker = FakeSageMaker(self.time)
        self.cloudformation = FakeCloudFormation(self.time)
        self.stepfunctions = FakeStepFunctions(self.time)
        self.events_bus = FakeEventBridge(self.time)
        self.s3 = FakeS3(self.time)
        services = (self.sagemaker, self.cloudformation, self.stepfunctions, self.events_bus, self.s3)
        self.services: dict[str, FakeService] = {service.service: service for service in services}
        self.aws = Aws(self.services.__getitem__)
        self.stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self.stack_name}/{uuid.UUID(int=7)}"
        self.cloudformation.stacks.add(self.stack_id)
        self._numbers = itertools.count(1)

    # Sending

    def event(self, request_type: str, **changes: Any) -> RawEvent:
        number = uuid.UUID(int=next(self._numbers) << 96)
        event = {
            "RequestType": request_type,
            "ResponseURL": f"{self.sink.url}?X-Amz-Expires=7200&X-Amz-Signature={SIGNATURE}",
            "StackId": self.stack_id,
            "RequestId": str(number),
            "LogicalResourceId": LOGICAL_ID,
            "ResourceType": RESOURCE_TYPE,
            **changes,
        }
        self.events.append(cast("RawEvent", copy.deepcopy(event)))
        if request_type in {"Create", "Update"}:
            self._begin(request_type, str(event["LogicalResourceId"]), str(event.get("PhysicalResourceId", "")))
        return cast("RawEvent", event)

    def _begin(self, request_type: str, logical_id: str, physical_id: str) -> None:
        """CloudFormation shows what it asks for, unless the test has said otherwise before."""
        status, known = self.cloudformation.resources.get((self.stack_id, logical_id), ("", physical_id))
        if not status.startswith("DELETE") and not status.endswith("_IN_PROGRESS"):
            self.status(f"{request_type.upper()}_IN_PROGRESS", logical_id, known or physical_id)

    def send(self, event: RawEvent, *, allowed: float = 900.0) -> dict[str, Any]:
        """One delivery of an event: exactly one answer comes back, and it fits CloudFormation's rules."""
        before = len(self.sink.received)
        self.time.start_call(allowed)
        serve(copy.deepcopy(event), lambda: self.aws, self.clock())
        assert len(self.sink.received) == before + 1
        answer = self.sink.answers()[-1]
        assert answer["RequestId"] == event.get("RequestId", "")
        kind = KINDS.get(event.get("ResourceType", ""))
        assert set(answer["Data"]) == set(kind.attributes if kind else [])
        if answer["Status"] == "FAILED":
            assert answer["Reason"]
        if event["RequestType"] != "Create" and "PhysicalResourceId" in event and answer["Status"] == "FAILED":
            assert answer["PhysicalResourceId"] == event["PhysicalResourceId"]
        return answer

    def clock(self) -> Clock:
        return Clock(self.time.remaining_ms, self.time.now, self.time.sleep, wall=lambda: self.time.wall().timestamp())

    def squat(self, wanted: dict[str, Any], whose: str) -> Squatter:
        """Somebody else's running job under the very next name that the resource would take for these properties."""
        before = dict(self.cloudformation.resources)
        event = parse(self.event("Create", ResourceProperties=wanted))
        self.events.pop()
        self.cloudformation.resources = before
        names = read(wanted, service_model("sagemaker")).names(event)
        free = next(name for name in names if name not in self.sagemaker.jobs)
        tags: dict[str, dict[str, str]] = {
            "nobody": {"owner": "x"},
            "another stack": {OwnerTag.STACK: "theirs", OwnerTag.RESOURCE: event.logical_id},
            "another resource": {OwnerTag.STACK: event.stack_id, OwnerTag.RESOURCE: "another"},
        }
        self.sagemaker.quota += 1
        return Squatter(self.sagemaker.add_job(free, dict(tags[whose])), tags[whose])

    def status(self, status: str, logical_id: str = LOGICAL_ID, physical_id: str | None = None) -> None:
        called = self.physical_id if physical_id is None else physical_id
        self.cloudformation.resources[self.stack_id, logical_id] = (status, called)

    # Following

    def look(self, name: str = "") -> dict[str, Any]:
        """One round of an execution, the only one if none is named: its state goes to the function and comes back."""
        [name] = [name] if name else self.stepfunctions.running()
        execution = self.stepfunctions.executions[name]
        self.time.start_call()
        state = serve(json.loads(json.dumps(execution.state)), lambda: self.aws, self.clock())
        execution.state = json.loads(json.dumps(state))
        execution.done = execution.state["Done"]
        return execution.state

    def follow(self, looks: int, seconds: float = 60) -> int:
        """Let time pass and all executions look, until they are done or so often; tells how often they did."""
        for number in range(looks):
            if not self.stepfunctions.running():
                return number
            self.time.seconds += seconds
            for name in self.stepfunctions.running():
                self.look(name)
        return looks

    # What CloudFormation does with a resource. `deliver` sends an event as often as the test wants.

    def create(
        self, wanted: dict[str, Any], deliver: Callable[[RawEvent], dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """Create; a failure is followed by the Delete of the rollback."""
        self.status("CREATE_IN_PROGRESS")
        answer = (deliver or self.send)(self.event("Create", ResourceProperties=wanted))
        self.physical_id = answer["PhysicalResourceId"]
        self.properties = wanted
        if answer["Status"] == "FAILED":
            self.status("CREATE_FAILED")
            self.delete()
        else:
            self.status("CREATE_COMPLETE")
        return answer

    def update(
        self,
        wanted: dict[str, Any],
        deliver: Callable[[RawEvent], dict[str, Any]] | None = None,
        *,
        another_resource_fails: bool = False,
    ) -> dict[str, Any]:
        """Update; a failure, here or elsewhere, is followed by the Update back. What was replaced is then deleted."""
        old, old_id = self.properties, self.physical_id
        answer = self._update(wanted, old, deliver or self.send)
        if answer["Status"] == "FAILED" or another_resource_fails:
            made = self.physical_id
            self.properties = old
            before, self.cloudformation.stack_status = self.cloudformation.stack_status, "UPDATE_ROLLBACK_IN_PROGRESS"
            back = self._update(old, wanted, self.send)
            self.cloudformation.stack_status = before
            assert back["Status"] == "SUCCESS", back
            if made not in {old_id, self.physical_id}:
                self._clean_up(made, wanted)
        else:
            self.properties = wanted
            if self.physical_id != old_id:
                self._clean_up(old_id, old)
        return answer

    def _update(
        self, new: dict[str, Any], old: dict[str, Any], deliver: Callable[[RawEvent], dict[str, Any]]
    ) -> dict[str, Any]:
        self.status("UPDATE_IN_PROGRESS")
        event = self.event(
            "Update", PhysicalResourceId=self.physical_id, ResourceProperties=new, OldResourceProperties=old
        )
        answer = deliver(event)
        if answer["Status"] == "SUCCESS":
            self.physical_id = answer["PhysicalResourceId"]
        self.status("UPDATE_COMPLETE" if answer["Status"] == "SUCCESS" else "UPDATE_FAILED")
        return answer

    def _clean_up(self, physical_id: str, old: dict[str, Any]) -> None:
        answer = self.send(self.event("Delete", PhysicalResourceId=physical_id, ResourceProperties=old))
        assert answer["Status"] == "SUCCESS", answer

    def delete(self, *, physical_id: str = "", wanted: dict[str, Any] | None = None) -> dict[str, Any]:
        self.status("DELETE_IN_PROGRESS")
        event = self.event(
            "Delete",
            PhysicalResourceId=physical_id or self.physical_id,
            ResourceProperties=self.properties if wanted is None else wanted,
        )
        answer = self.send(event)
        assert answer["PhysicalResourceId"] == event["PhysicalResourceId"]
        if answer["Status"] == "SUCCESS":
            self.status("DELETE_COMPLETE")
        return answer

    # Looking

    def jobs(self) -> list[FakeJob]:
        """The jobs of this resource, oldest first."""
        mine = {OwnerTag.STACK: self.stack_id, OwnerTag.RESOURCE: LOGICAL_ID}
        return [job for job in self.sagemaker.jobs.values() if mine.items() <= job.tags.items()]

    def job(self) -> FakeJob:
        """The job that the resource is."""
        return self.sagemaker.jobs[self.physical_id.lower()]

    def running(self) -> list[str]:
        """The names of this resource's jobs that nobody stopped."""
        return [job.name for job in self.jobs() if job.status == "InProgress"]

    def creates(self) -> int:
        return self.sagemaker.count("CreateAutoMLJob", "CreateAutoMLJobV2")
