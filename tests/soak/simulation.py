"""Runs a scenario: one queue of all that happens, the function in the middle of it, and looks for what is wrong."""

import heapq
import io
import itertools
import json
import random
import uuid
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from unittest.mock import patch

from botocore.exceptions import ClientError, ReadTimeoutError

from constructs_lib.runtime import candidate, handler, owned, retrain_scores, retry
from constructs_lib.runtime.clients import Aws
from constructs_lib.runtime.contract import PROMOTED_JOB, TAKEN_WITH, OwnerTag, read_owner
from constructs_lib.runtime.event import RawEvent, parse
from constructs_lib.runtime.retry import Clock
from constructs_lib.runtime.spec import read

from ..runtime.fake_hosting import Hosted, arn_of, container
from ..runtime.fake_sagemaker import EPOCH, FakeEndpoint, FakeJob, client_error, service_model
from ..runtime.world import SIGNATURE
from .promotions import Promotions
from .retrainings import PASSING, Runs
from .scenario import MEDDLING, OWNER_PREFIXES, TRIGGERS, Act, Quirk, Scenario
from .services import S3, CloudFormation, Disturbed, EventBridge, Flow, SageMaker, StepFunctions, config_of
from .stacks import WAITS, Request, Resource, Stack, Then
from .wishes import LEARNED, RUNNING, SERVED, TYPES, endpoint_of, properties_of

ADDRESS = "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/x"
FUNCTION_TIME = 900.0
LATENCY = 0.05
"""Seconds that a call takes."""

RETRIES = (60.0, 120.0)
"""Seconds after which Lambda tries an event again whose function has died."""

DEPTH = 3
"""So many calls of the function run at once; more are throttled."""

LOOKS = (*(60.0 * minute for minute in range(1, 21)), 4000.0, WAITS - 300.0)
"""Seconds after its beginning at which a state machine's execution looks."""

TRAINS = (20.0, 70.0, 900.0, 900.0, 0.0)
"""Seconds after which a job that a deployment waits for has ended; 0: it never does by itself."""

MAX_BODY = 4096

RESAMPLES = 20
"""Enough for models that are much better."""

TRAINING = 5.0
"""Seconds after which a job that is deployed as soon as possible has trained."""

PATIENCE_WITH_ENDPOINT = 30
"""So many looks, some seconds apart, are more than it takes an endpoint to be made and deleted."""

NAME_PATIENCE = 900
"""So many times, a second apart, a job tries to deploy under a name that is taken."""

HOSTED = {"model": ("CreateModel", "model"), "transform": ("CreateTransformJob", "transform-job")}
"""What makes the things of a kind, and what ARNs call them."""

MAKES = {
    "CreateAutoMLJob": "AutoMLJobName",
    "CreateTransformJob": "TransformJobName",
    "CreateModel": "ModelName",
}
"""The calls that make what costs or stays, and what they call it."""


TAGS = {"AddTags", "DeleteTags"}
"""The calls that change tags."""


OWN_KEYS = {tag.under(prefix) for tag in OwnerTag for prefix in OWNER_PREFIXES} | {PROMOTED_JOB, TAKEN_WITH}


class Killed(BaseException):
    """The end of the function's process."""


@dataclass
class Invocation:
    """One call of the function."""

    request: Request | None
    quirks: list[Quirk]
    ends: float
    calls: int = -1
    looks_at_endpoint: int = 0
    is_dead: bool = False
    answers: list[bytes] = field(default_factory=list)


@dataclass
class Verdict:
    """What was found wrong, and all that happened until then."""

    faults: list[str]
    trace: list[str]
    calls: int = 0


class Simulation:
    """The world of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.faults: list[str] = []
        self.trace: list[str] = []
        self.time = Flow(self)
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._requests: list[Request] = []
        self._current: Invocation | None = None
        self._depth = 0
        self._calls = 0
        self._throttled: dict[str, float] = {}
        self._dice = random.Random(scenario.seed)
        self._quirks: dict[int, list[Quirk]] = {}
        for quirk in scenario.quirks:
            self._quirks.setdefault(quirk.request, []).append(quirk)
        self._calm = False
        self._rollbacks: set[str] = set()
        self._excused: set[str] = set()
        """Names of jobs that a person, or an outcome, has stopped."""
        self._taken: set[str] = set()
        """Endpoints that a person makes again."""
        self._untold: set[str] = set()
        """What a late request made that CloudFormation's times alone would have told, where it tells none."""
        self._tagged_untold: set[str] = set()
        """What such a request put other tags on."""
        self._lost: set[str] = set()
        """What was to be deleted and nobody heard so: the function died at all three tries of CloudFormation."""
        self._eager: dict[str, Act] = {}
        """The stacks whose jobs are deployed as soon as they can be."""
        self._deployments: dict[str, FakeEndpoint] = {}
        """The endpoints of jobs that have ended well with one."""
        self._theirs: list[tuple[str, Callable[[], object], object]] = []
        self.followed: set[str] = set()
        """The executions that somebody has started by a call."""
        self._make_services()
        self.runs = Runs(self)
        self.promotions = Promotions(self)
        self.stacks = [Stack(self, number, plan) for number, plan in enumerate(scenario.stacks)]

    def _make_services(self) -> None:
        self.sagemaker = SageMaker(self.time, quota=self.scenario.quota, lag=self.scenario.lag)
        self.stepfunctions = StepFunctions(self.time)
        self.s3 = S3(self.time)
        services = (
            self.sagemaker,
            self.stepfunctions,
            CloudFormation(self.time),
            EventBridge(self.time),
            self.s3,
        )
        for service in services:
            cast("Disturbed", service).simulation = self
        by_name = {cast("Disturbed", service).service: service for service in services}
        self._aws = Aws(by_name.__getitem__)
        for name in LEARNED:
            self.sagemaker.add_job(name, {})
            job = self.sagemaker.complete(name)
            job.told["BestCandidate"]["InferenceContainers"] = [container(name)]
        self.sagemaker.serve_endpoint(SERVED, "churn-config")
        self._watch_over(self.sagemaker.add_job(RUNNING, {"owner": "x", OwnerTag.STACK: "theirs"}))
        self.sagemaker.quota += 1

    def _watch_over(self, job: FakeJob) -> None:
        self.watch(f"the job {job.name} of somebody else", lambda: (job.status, dict(job.tags)))

    def watch(self, what: str, look: Callable[[], object]) -> None:
        """See at the end whether something of somebody else is what it is now."""
        self._theirs.append((what, look, look()))

    # Time

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something so many seconds from now."""
        heapq.heappush(self._queue, (self.time.seconds + seconds, next(self._order), action))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and all happen that is due. A function whose time is over by then has died."""
        until = self.time.seconds + seconds
        self._run(until)
        self.time.seconds = max(self.time.seconds, until)
        self._die_if_late()

    def _run(self, until: float) -> None:
        while self._queue and self._queue[0][0] <= until:
            when, _, action = heapq.heappop(self._queue)
            self.time.seconds = max(self.time.seconds, when)
            action()

    def _die_if_late(self) -> None:
        invocation = self._current
        if invocation and (invocation.is_dead or self.time.seconds >= invocation.ends):
            invocation.is_dead = True
            raise Killed

    def tell(self, text: str) -> None:
        """Add a line to the trace."""
        self.trace.append(f"{'  ' * self._depth}{self.time.seconds:9.2f}  {text}")

    def complain(self, fault: str) -> None:
        """Note that something is wrong."""
        self.tell(f"WRONG: {fault}")
        self.faults.append(fault)

    # Running

    def run(self) -> Verdict:
        """Play the scenario to its end, then delete all that is left, and look each time."""
        log = io.StringIO()
        with (
            redirect_stdout(log),
            patch.object(handler, "deliver", self._take_answer),
            patch.object(retry, "_random", self._dice),
            patch.object(retrain_scores, "_MOST_RESAMPLES", RESAMPLES),
            patch.object(retrain_scores, "_LEAST_RESAMPLES", RESAMPLES),
        ):
            for act in self.scenario.acts:
                self.at(act.at, lambda act=act: self._act(act))  # type: ignore[misc]
            for stack in self.stacks:
                stack.go_on()
            self._run(float("inf"))
            self._calm = True
            self._throttled.clear()
            self.runs.come_to_rest()
            self._run(float("inf"))
            self.runs.look_at_rest()
            self.promotions.look_at_rest()
            self._look_at_what_lives()
            for stack in self.stacks:
                stack.end()
            self._run(float("inf"))
            self._look_at_what_is_left()
        self._look_for_secrets(log.getvalue())
        return Verdict(self.faults, self.trace, self._calls)

    # Requests

    @property
    def call_began(self) -> float:
        """When the function was called that runs now."""
        return self._current.ends - FUNCTION_TIME if self._current else 0.0

    @property
    def caller(self) -> Resource | None:
        """The resource of the event that a function answers just now."""
        request = self._current.request if self._current else None
        return request.resource if request else None

    def stack_of(self, stack_id: str) -> Stack:
        return next(stack for stack in self.stacks if stack.stack_id == stack_id)

    def request(
        self, stack: Stack, resource: Resource, more: Mapping[str, Any], then: Then, *, is_rollback: bool
    ) -> Request:
        """Send a request, and have it delivered as often, and as late, as the scenario wants."""
        number = len(self._requests)
        request_id = str(uuid.UUID(int=(number + 1) << 96))
        signed = (EPOCH + timedelta(seconds=self.time.seconds)).strftime("X-Amz-Date=%Y%m%dT%H%M%SZ&")
        date = signed if self.scenario.dates else ""
        raw = {
            "ResponseURL": (f"{ADDRESS}?{date}X-Amz-Expires=7200&X-Amz-Signature={SIGNATURE}"),
            "StackId": stack.stack_id,
            "RequestId": request_id,
            "LogicalResourceId": resource.logical_id,
            "ResourceType": TYPES[resource.kind],
            **more,
        }
        request = Request(number, json.loads(json.dumps(raw)), resource, then, is_rollback)
        self._requests.append(request)
        if is_rollback:
            self._rollbacks.add(request_id)
        quirks = [] if self._calm else self._quirks.get(number, [])
        late = sum(quirk.seconds for quirk in quirks if quirk.what == "late")
        self.tell(
            f"request {number}: {more['RequestType']} {resource.logical_id} of stack {stack.number} ({resource.wish})"
        )
        self.at(0.2 + late, lambda: self._deliver(request, quirks, 0))
        for quirk in quirks:
            if quirk.what == "again":
                self.at(0.2 + late + quirk.seconds, lambda: self._deliver(request, [], len(RETRIES)))
        return request

    def _deliver(self, request: Request, quirks: list[Quirk], tried: int) -> None:
        if self._depth >= DEPTH:  # Lambda throttles
            self.at(7.0, lambda: self._deliver(request, quirks, tried))
            return
        self.tell(f"request {request.number} is served")
        invocation = Invocation(request, quirks, self.time.seconds + FUNCTION_TIME)
        try:
            self._invoke(invocation, request.raw)
        except Killed:
            self.tell(f"request {request.number}: the function has died")
            is_final = any(quirk.what == "killed for good" for quirk in quirks)
            if tried < len(RETRIES) and not is_final:
                self.at(RETRIES[tried], lambda: self._deliver(request, [], tried + 1))
            return
        finally:
            self.promotions.look()
        if len(invocation.answers) != 1:
            self.complain(f"request {request.number} was answered {len(invocation.answers)} times")

    def _invoke(self, invocation: Invocation, raw: Mapping[str, Any]) -> Any:
        before, self._current = self._current, invocation
        self._depth += 1
        try:
            return handler.serve(
                cast("RawEvent", json.loads(json.dumps(raw))), lambda: self._aws, self._clock(invocation)
            )
        finally:
            self._depth -= 1
            self._current = before

    def _clock(self, invocation: Invocation) -> Clock:
        return Clock(
            lambda: int((invocation.ends - self.time.seconds) * 1000),
            self.time.now,
            self.time.sleep,
            wall=lambda: self.time.wall().timestamp() + self.scenario.skew,
        )

    def _take_answer(self, body: bytes, url: str, clock: Clock) -> None:
        self.before_call("answer", "PutAnswer", {})
        invocation = self._current
        assert invocation
        request = invocation.request
        assert request
        invocation.answers.append(body)
        answer = json.loads(body)
        self.tell(
            f"request {request.number} is answered: {answer['Status']} {answer['PhysicalResourceId']} "
            f"{answer.get('Reason', '')}"
        )
        self._judge(request, answer, body)
        is_last = request.resource.kind == "retraining" and request.resource.status == "DELETE_IN_PROGRESS"
        if is_last and request.is_waited_for and answer["Status"] == "SUCCESS":
            self.runs.look_when_closed(request.resource, self.stack_of(str(request.raw["StackId"])))
        if request.listens and request.heard is None:
            request.heard = answer
            request.then(answer)
        self.after_call("PutAnswer")

    def _judge(self, request: Request, answer: Mapping[str, Any], body: bytes) -> None:
        if len(body) > MAX_BODY:
            self.complain(f"the answer to request {request.number} has {len(body)} bytes")
        if "unexpected" in answer.get("Reason", ""):
            self.complain(f"request {request.number}: {answer['Reason']}")
        if (answer["RequestId"], answer["StackId"]) != (request.id, request.raw["StackId"]):
            self.complain(f"request {request.number} is answered with the ids of another")
        is_failed = answer["Status"] == "FAILED"
        if (
            is_failed
            and "PhysicalResourceId" in request.raw
            and answer["PhysicalResourceId"] != request.raw["PhysicalResourceId"]
        ):
            self.complain(f"request {request.number} fails and changes the physical id")

    # Calls of state machines

    @property
    def is_busy(self) -> bool:
        """Whether no further call of the function is served now."""
        return self._depth >= DEPTH

    @property
    def is_calm(self) -> bool:
        """Whether nothing goes wrong any more."""
        return self._calm

    def call(self, state: Mapping[str, Any], quirks: list[Quirk]) -> Mapping[str, Any] | None:
        """A call of a state machine; None where it fails."""
        invocation = Invocation(None, quirks, self.time.seconds + FUNCTION_TIME)
        try:
            found: Mapping[str, Any] = self._invoke(invocation, state)
        except Killed:
            return None
        except PASSING as error:
            self.tell(f"the call fails: {error}")
            return None
        finally:
            self.runs.look()
            self.promotions.look()
        return found

    # Calls

    def before_call(self, service: str, operation: str, params: Mapping[str, Any]) -> None:
        """What goes wrong before a call takes effect."""
        invocation = self._current
        assert invocation
        self.pass_time(LATENCY)
        self._calls += 1
        invocation.calls += 1
        name = next((str(params[key]) for key in params if key.endswith("Name")), "") or params.get("ResourceArn", "")
        self.tell(f"  call {invocation.calls}: {operation} {name}")
        for quirk in invocation.quirks:
            if quirk.what == "throttled" and quirk.at == invocation.calls:
                self._throttled[quirk.service] = self.time.seconds + quirk.seconds
            if quirk.what.startswith("killed") and quirk.at == invocation.calls and not quirk.after:
                invocation.is_dead = True
                raise Killed
            if quirk.what == "broken" and quirk.at == invocation.calls and not quirk.after and service != "answer":
                raise client_error(operation, "InternalFailure", "it is us", 500)
        if self.time.seconds < self._throttled.get(service, 0.0):
            code = "Throttling" if service == "cloudformation" else "ThrottlingException"
            raise client_error(operation, code, "Rate exceeded")
        self._note(invocation, operation, params)

    def after_call(self, operation: str) -> None:
        """What goes wrong after a call took effect."""
        invocation = self._current
        assert invocation
        for quirk in invocation.quirks:
            if quirk.at != invocation.calls or not quirk.after:
                continue
            if quirk.what.startswith("killed"):
                invocation.is_dead = True
                raise Killed
            if quirk.what == "broken" and operation != "PutAnswer":
                raise client_error(operation, "InternalFailure", "it is us", 500)
            if quirk.what == "lost" and operation != "PutAnswer":
                raise ReadTimeoutError(endpoint_url="https://x")

    def _note(self, invocation: Invocation, operation: str, params: Mapping[str, Any]) -> None:
        request = invocation.request
        if (
            operation.startswith(("CreateAutoMLJob", "CreateTransformJob"))
            and request
            and request.id in self._rollbacks
        ):
            self.complain(f"request {request.number} of a rollback makes a job")
        if request and not request.is_waited_for and self._is_untold(request):
            if operation in MAKES:
                self._untold.add(str(params[MAKES[operation]]))
            if operation in TAGS:
                self._tagged_untold.add(str(params["ResourceArn"]).rpartition("/")[2])
        if request and operation.startswith("CreateAutoMLJob") and request.raw["StackId"] in self._eager:
            act = self._eager[request.raw["StackId"]]
            self.at(TRAINING, lambda: self._end_training(str(params["AutoMLJobName"]), act))
        if self.scenario.waits and request and operation.startswith("CreateAutoMLJob"):
            name = str(params["AutoMLJobName"])
            if seconds := random.Random(name).choice(TRAINS):
                self.at(seconds, lambda: self._end_by_itself(name))
        if request is None and operation.startswith("CreateAutoMLJob"):
            self.runs.trains(str(params["AutoMLJobName"]))
        if request is None and operation == "CreateTransformJob":
            self.promotions.answers(str(params["TransformJobName"]))
        invocation.looks_at_endpoint += operation == "DescribeEndpoint"
        if invocation.looks_at_endpoint == PATIENCE_WITH_ENDPOINT and request and request.resource.kind == "job":
            self.complain(f"request {request.number} goes on waiting for an endpoint")
        if operation == "StopAutoMLJob" and request and request.resource.kind == "outcome":
            self._excused.add(str(params["AutoMLJobName"]).lower())
        if operation == "CreateModelPackage" and request:
            self._excused.add(request.id)

    def _is_untold(self, request: Request) -> bool:
        """Whether CloudFormation waits for another request that, but for its time, looks like this one."""
        named = request.raw.get("PhysicalResourceId")
        return not self.scenario.dates and any(
            other.is_waited_for
            and other.resource is request.resource
            and other.raw["RequestType"] == request.raw["RequestType"]
            and other.raw.get("PhysicalResourceId") == named
            for other in self._requests
        )

    def _end_by_itself(self, name: str) -> None:
        job = self.sagemaker.jobs.get(name.lower())
        if job and job.status == "InProgress" and "ModelDeployConfig" not in job.request:
            self.sagemaker.complete(name)

    def _end_training(self, name: str, act: Act) -> None:
        job = self.sagemaker.jobs.get(name.lower())
        if job and "ModelDeployConfig" in job.request:
            self._complete(job, act)

    # What others do

    def _act(self, act: Act) -> None:
        stack = self.stacks[act.stack]
        self.tell(act.told())
        if act.what in TRIGGERS:
            self.runs.act(act, stack)
            return
        if act.what in MEDDLING:
            self.promotions.act(act, stack)
            return
        if act.what == "squats":
            for each in stack.resources:
                if each.kind in {"job", *HOSTED}:
                    self._squat(act, stack, each)
            return
        resource = stack.job
        if resource is None:
            return
        job = self.sagemaker.jobs.get(resource.physical_id.lower())
        if act.what == "endpoint":
            self._make_endpoint_again(endpoint_of(act.stack))
        elif act.what == "deploys":
            self._eager[stack.stack_id] = act
        elif job is None or job.status != "InProgress":
            return
        elif act.what == "stops":
            job.status = "Stopped"
            self._excused.add(job.name.lower())
        elif act.what == "fails":
            self.sagemaker.fail_job(job.name, "out of luck")
            job.told["EndTime"] = self.time.wall()
        else:
            self._complete(job, act)

    def _complete(self, job: FakeJob, act: Act, patience: int = NAME_PATIENCE) -> None:
        """Let a job end well. One that is to be deployed is, as its last step, once the name is free."""
        name, sagemaker = endpoint_of(act.stack), self.sagemaker
        if job.status != "InProgress":
            return
        if "ModelDeployConfig" not in job.request or not patience:
            sagemaker.complete(job.name)
        elif not sagemaker.is_free(name):
            self.at(1.0, lambda: self._complete(job, act, patience - 1))
        else:
            sagemaker.deploy(job.name, name, status="Creating", reported=False)
            endpoint = sagemaker.endpoints[name]
            self.tell(f"the job {job.name} makes the endpoint {name}")
            self.at(20.0, lambda: self._deployed(job, endpoint, act))

    def _deployed(self, job: FakeJob, endpoint: FakeEndpoint, act: Act) -> None:
        if endpoint.status == "Creating":
            endpoint.status = "InService"
        if job.status == "InProgress":
            self.tell(f"the job {job.name} completes")
            job.deployed_endpoint = "" if act.who == "nobody" else endpoint_of(act.stack)
            self._deployments[job.name] = endpoint
            self.sagemaker.complete(job.name)

    def _make_endpoint_again(self, name: str) -> None:
        """A person deletes what is there and makes an endpoint of that name, an hour after any job has ended."""
        if name in self._taken:
            return
        self._taken.add(name)
        self.sagemaker.endpoints.pop(name, None)

        def make() -> None:
            sagemaker = self.sagemaker
            model = f"{name}-of-mine"
            sagemaker.endpoints[name] = endpoint = FakeEndpoint(f"{name}-mine", "InService", self.time.wall())
            sagemaker.configs[f"{name}-mine"] = [model]
            sagemaker.made[f"{name}-mine"] = self.time.wall()
            sagemaker.hosted[model] = Hosted(model, f"arn:model/{model}", {}, {}, created=self.time.wall())

            def look() -> object:
                return (
                    sagemaker.endpoints.get(name) is endpoint and endpoint.status == "InService",
                    f"{name}-mine" in sagemaker.configs,
                    model in sagemaker.hosted,
                )

            self._theirs.append((f"the endpoint {name} of a person", look, look()))

        self.at(4000.0, make)

    def _squat(self, act: Act, stack: Stack, resource: Resource) -> None:
        wanted = properties_of(resource.kind, act.wish, stack)
        asks: Any = {"RequestType": "Create", "ResponseURL": ADDRESS}
        event = parse(asks | {"StackId": stack.stack_id, "LogicalResourceId": resource.logical_id})
        whose: dict[str, dict[str, str]] = {
            "nobody": {"owner": "x"},
            "another stack": {OwnerTag.STACK: "theirs", OwnerTag.RESOURCE: resource.logical_id},
            "another resource": {OwnerTag.STACK: stack.stack_id, OwnerTag.RESOURCE: "Another"},
        }
        if resource.kind == "job":
            names = read(wanted, service_model("sagemaker")).names(event)
            free = next(name for name in names if name.lower() not in self.sagemaker.jobs)
            self.sagemaker.quota += 1
            self._watch_over(self.sagemaker.add_job(free, whose[act.who]))
            return
        operation, arn = HOSTED[resource.kind]
        request, _ = owned.read_request(wanted, operation, service_model("sagemaker"))
        is_model = resource.kind == "model"
        besides = candidate.read(wanted).content if is_model else {"Revision": wanted["Revision"]}
        name = owned.Wish(request, besides, {}, owned.prefix(wanted)).name(event)
        there = self.sagemaker.hosted if is_model else self.sagemaker.runs
        if name in there:
            return
        there[name] = Hosted(name, arn_of(arn, name), {}, whose[act.who], "" if is_model else "InProgress")

        def look() -> object:
            return name in there and (there[name].status, dict(there[name].tags))

        self._theirs.append((f"the {resource.kind} {name} of somebody else", look, look()))

    # Executions of the state machine

    def follow(self, name: str, given: dict[str, Any]) -> None:
        """Let an execution look a few times."""
        for seconds in LOOKS:
            self.at(seconds, lambda: self._look(name, given))

    def _look(self, name: str, first: dict[str, Any]) -> None:
        execution = self.stepfunctions.executions[name]
        if execution.done or self._depth >= DEPTH:
            return
        invocation = Invocation(None, [], self.time.seconds + FUNCTION_TIME)
        try:
            execution.state = self._invoke(invocation, execution.state or first)
        except (Killed, ClientError):  # the state machine goes on with the state of the look before
            return
        execution.done = execution.state["Done"]

    # Looking

    def _look_at_what_lives(self) -> None:
        for stack in self.stacks:
            for resource in stack.resources:
                is_there = resource.status not in {"", "DELETE_COMPLETE"}
                allowed = {resource.physical_id} if is_there else set()
                if is_there and resource.kind == "followed":
                    allowed |= self.promotions.allowed(stack)
                self._look_at(resource, stack, allowed)
            self.promotions.look_at_what_is_left(stack, ends=False)
            endpoint = self.sagemaker.endpoints.get(endpoint_of(stack.number))
            owners = {config_of(each.physical_id) for each in stack.resources if each.status != "DELETE_COMPLETE"}
            if endpoint is None or endpoint.status == "Deleting" or endpoint.config.endswith("-mine"):
                continue
            if endpoint.config not in owners:
                self.complain(f"the endpoint of {endpoint.config} runs on, and no resource owns its job")
        self._look_at_what_is_not_ours()

    def is_lost(self, physical_id: str) -> bool:
        return physical_id in self._lost

    def lose(self, physical_id: str) -> None:
        """Nobody has ever heard of the deletion of this."""
        self._lost.add(physical_id)

    def _look_at(self, resource: Resource, stack: Stack, allowed: set[str]) -> None:
        sagemaker = self.sagemaker

        def is_mine(tags: Mapping[str, str]) -> bool:
            owner = read_owner(tags)
            ids = {resource.logical_id, *resource.former_ids}
            return owner.get(OwnerTag.STACK) == stack.stack_id and owner.get(OwnerTag.RESOURCE) in ids

        excused = allowed | self._untold | self._lost
        if resource.kind == "job":
            for job in sagemaker.jobs.values():
                if is_mine(job.tags) and job.status == "InProgress" and job.name not in excused:
                    self.complain(f"the job {job.name} runs and no resource owns it")
        if resource.kind == "transform":
            for run in sagemaker.runs.values():
                if is_mine(run.tags) and run.status == "InProgress" and run.name not in excused:
                    self.complain(f"the transform job {run.name} runs and no resource owns it")
        if resource.kind in {"model", "followed"}:
            for model in sagemaker.hosted.values():
                if is_mine(model.tags) and model.name not in excused:
                    self.complain(f"the model {model.name} is there and no resource owns it")
        if allowed:
            self._look_at_the_live_one(resource)

    def _look_at_the_live_one(self, resource: Resource) -> None:
        name = resource.physical_id
        if not resource.status.endswith("_COMPLETE"):
            return
        if resource.kind in {"model", "transform", "followed"}:
            there = self.sagemaker.runs if resource.kind == "transform" else self.sagemaker.hosted
            if name not in there:
                self.complain(f"the {resource.kind} {name} that the resource owns is gone")
                return
            self._look_at_tags(resource, there[name].tags)
            if there[name].status in {"Stopping", "Stopped"} or OwnerTag.RELEASED in read_owner(there[name].tags):
                self.complain(f"the {resource.kind} {name} that the resource owns was given up")
        if resource.kind == "package" and name not in self.sagemaker.packages:
            self.complain(f"the version {name} that the resource owns is gone")
        if resource.kind == "package" and name in self.sagemaker.packages:
            status = self.sagemaker.packages[name].request["ModelApprovalStatus"]
            if status != resource.properties["Request"]["ModelApprovalStatus"]:
                self.complain(f"the version {name} is {status}, which its properties do not say")
        if resource.kind != "job":
            return
        job = self.sagemaker.jobs.get(name.lower())
        if job is None:
            self.complain(f"the job {name} that the resource owns is not there")
            return
        self._look_at_tags(resource, job.tags)
        self._look_at_deployment(job, endpoint_of(resource.stack_number))
        is_stopped = job.status in {"Stopping", "Stopped"} and name.lower() not in self._excused
        if is_stopped or OwnerTag.RELEASED in read_owner(job.tags):
            self.complain(f"the job {name} that the resource owns was given up ({job.status})")

    def _look_at_deployment(self, job: FakeJob, name: str) -> None:
        endpoint = self._deployments.get(job.name)
        if endpoint is None or name in self._taken:
            return
        config = config_of(job.name)
        [model] = self.sagemaker.configs.get(config, [""])
        is_there = self.sagemaker.endpoints.get(name) is endpoint and endpoint.status == "InService"
        if not is_there or model not in self.sagemaker.hosted:
            self.complain(f"the endpoint {name} of the job that the resource owns, or what it serves, is gone")

    def _look_at_tags(self, resource: Resource, tags: Mapping[str, str]) -> None:
        if resource.physical_id in self._tagged_untold:
            return
        wanted = {tag["Key"]: tag["Value"] for tag in resource.properties["Request"].get("Tags", [])}
        users = {key: value for key, value in tags.items() if key not in OWN_KEYS}
        if users != wanted:
            self.complain(f"{resource.physical_id} has the tags {users}, and its properties say {wanted}")

    def _look_at_what_is_left(self) -> None:
        for stack in self.stacks:
            for resource in stack.resources:
                self._look_at(resource, stack, set())
            self.promotions.look_at_what_is_left(stack, ends=True)
            job = self.sagemaker.endpoints.get(endpoint_of(stack.number))
            if job and job.status != "Deleting" and not job.config.endswith("-mine"):
                self.complain(f"the endpoint {endpoint_of(stack.number)} of a deleted job runs on")
        self._look_at_what_is_not_ours()

    def _look_at_what_is_not_ours(self) -> None:
        for what, look, before in self._theirs:
            if look() != before:
                self.complain(f"{what} was touched: {look()}")

    def _look_for_secrets(self, log: str) -> None:
        told = [log, *(str(execution) for execution in self.stepfunctions.executions.values())]
        if any(SIGNATURE in text or "ResponseURL" in text for text in told):
            self.complain("a secret got out")
