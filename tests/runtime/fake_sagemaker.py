"""SageMaker and CloudFormation as the function sees them: stateful, shaped like boto3's clients, strict about input."""

import functools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import ParamValidator

from constructs_lib.runtime.contract import OwnerTag

ACCOUNT = "111122223333"
REGION = "eu-west-1"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


SECONDARY = {
    "InProgress": "TrainingModels",
    "Stopping": "Stopping",
    "Stopped": "Stopped",
    "Failed": "Failed",
    "Completed": "Completed",
}
"""What the fake says by itself; `FakeJob.told` says otherwise."""


@functools.cache
def service_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def client_error(operation: str, code: str, message: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation
    )


class FakeTime:
    """Time that only passes when somebody sleeps. Lambda gives every call 15 minutes, counted from `start_call`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []
        self.call_ends = 900.0
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.seconds += seconds

    def start_call(self, allowed: float = 900.0) -> None:
        self.call_ends = self.seconds + allowed

    def remaining_ms(self) -> int:
        return int((self.call_ends - self.seconds) * 1000)

    def wall(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds)


@dataclass
class Fault:
    """Something that goes wrong in the next calls of an operation, before or after it took effect."""

    operation: str
    error: BaseException
    times: int
    after: bool


@dataclass
class Call:
    operation: str
    params: dict[str, Any]


class FakeService:
    """Records calls, checks their input with botocore's own validator and lets tests plant faults."""

    service: str

    def __init__(self, time: FakeTime) -> None:
        self.time = time
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.hooks: dict[str, Callable[[], None]] = {}
        self.lock = threading.RLock()
        self.meta = SimpleNamespace(service_model=service_model(self.service))

    def fail(
        self, operation: str, error: BaseException | tuple[str, str], *, times: int = 1, after: bool = False
    ) -> None:
        planted = client_error(operation, *error) if isinstance(error, tuple) else error
        self.faults.append(Fault(operation, planted, times, after))

    def count(self, *operations: str) -> int:
        return sum(call.operation in operations for call in self.calls)

    def operations(self) -> Counter[str]:
        return Counter(call.operation for call in self.calls)

    @contextmanager
    def serving(self, operation: str, params: dict[str, Any]) -> Iterator[None]:
        hook = self.hooks.pop(operation, None)
        if hook:
            hook()
        with self.lock:
            self.calls.append(Call(operation, params))
            shape = self.meta.service_model.operation_model(operation).input_shape
            report = ParamValidator().validate(params, shape)
            if report.has_errors():
                raise ParamValidationError(report=report.generate_report())
            self._raise_planted(operation, after=False)
            yield
            self._raise_planted(operation, after=True)

    def _raise_planted(self, operation: str, *, after: bool) -> None:
        for fault in self.faults:
            if fault.operation == operation and fault.after == after and fault.times > 0:
                fault.times -= 1
                raise fault.error


@dataclass
class FakeJob:
    name: str
    arn: str
    request: dict[str, Any]
    operation: str
    tags: dict[str, str]
    created: datetime
    status: str = "InProgress"
    stops_at: float = 0.0
    deployed_endpoint: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    """More of what DescribeAutoMLJobV2 returns."""
    candidates: list[dict[str, Any]] = field(default_factory=list)
    """Those of ListCandidatesForAutoMLJob."""


def candidate(name: str, value: float, *, metric: str = "F1", direction: str = "Maximize") -> dict[str, Any]:
    """A candidate of a tabular job, with something of every kind."""
    return {
        "CandidateName": name,
        "CandidateStatus": "Completed",
        "ObjectiveStatus": "Succeeded",
        "CreationTime": EPOCH,
        "FinalAutoMLJobObjectiveMetric": {
            "Type": direction,
            "MetricName": metric,
            "StandardMetricName": metric,
            "Value": value,
        },
        "InferenceContainers": [
            {"Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/features:1", "Environment": {"A": "1"}},
            {
                "Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/xgboost:1",
                "ModelDataUrl": "s3://results/model.tar.gz",
            },
        ],
        "CandidateProperties": {
            "CandidateArtifactLocations": {"Explainability": "s3://results/why/", "ModelInsights": "s3://results/how/"},
            "CandidateMetrics": [
                {"MetricName": "AUC", "StandardMetricName": "AUC", "Value": 0.99, "Set": "Train"},
                {"MetricName": "AUC", "StandardMetricName": "AUC", "Value": 0.8, "Set": "Validation"},
                {"StandardMetricName": "LogLoss", "Value": 0.3, "Set": "Validation"},
            ],
        },
    }


@dataclass
class FakeEndpoint:
    config: str
    status: str
    created: datetime
    gone_at: float = 0.0


@dataclass
class FakeSageMaker(FakeService):
    """Jobs are never forgotten, their names count without regard to case, and stopping takes a while."""

    time: FakeTime
    service = "sagemaker"
    stop_seconds: float = 12.0
    quota: int = 20
    jobs: dict[str, FakeJob] = field(default_factory=dict)
    endpoints: dict[str, FakeEndpoint] = field(default_factory=dict)
    configs: dict[str, list[str]] = field(default_factory=dict)
    models: dict[str, datetime] = field(default_factory=dict)
    """When each model was made."""
    model_data: dict[str, str] = field(default_factory=dict)
    """Where what it serves lies."""
    made: dict[str, datetime] = field(default_factory=dict)
    """When each endpoint configuration was made."""

    prefixes: tuple[str, ...] | None = None
    """What the names in the function's policy begin with; None: nobody asks it."""
    stack_id: str = ""
    owner_tags: tuple[str, ...] = (OwnerTag.STACK,)
    """The function's stack, for such a policy."""

    def __post_init__(self) -> None:
        super().__init__(self.time)

    # Jobs

    def create_auto_ml_job(self, **request: Any) -> dict[str, Any]:
        return self._create("CreateAutoMLJob", request)

    def create_auto_ml_job_v2(self, **request: Any) -> dict[str, Any]:
        return self._create("CreateAutoMLJobV2", request)

    def _create(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        with self.serving(operation, request):
            name = request["AutoMLJobName"]
            if name.lower() in self.jobs:
                raise client_error(operation, "ResourceInUse", f"Job name must be unique: {name}")
            if len(self.running()) >= self.quota:
                text = "The account-level service limit 'Number of concurrent AutoML jobs' is reached"
                raise client_error(operation, "ResourceLimitExceeded", text)
            tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
            if len(tags) > 50 or any(key.startswith("aws:") for key in tags):
                raise client_error(operation, "ValidationException", "tags")
            self.add_job(name, tags, request, operation)
            return {"AutoMLJobArn": self.jobs[name.lower()].arn}

    def add_job(
        self, name: str, tags: dict[str, str], request: dict[str, Any] | None = None, operation: str = "CreateAutoMLJob"
    ) -> FakeJob:
        # Whether real ARNs are in lower case is unverified; the fake takes the case that is harder for the function.
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:automl-job/{name.lower()}"
        job = FakeJob(name, arn, request or {}, operation, tags, self.time.wall())
        self.jobs[name.lower()] = job
        return job

    def describe_auto_ml_job_v2(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeAutoMLJobV2", params):
            job = self._job("DescribeAutoMLJobV2", params["AutoMLJobName"])
            reply = {
                "AutoMLJobName": job.name,
                "AutoMLJobArn": job.arn,
                "AutoMLJobStatus": job.status,
                "CreationTime": job.created,
            }
            if "ModelDeployConfig" in job.request:
                reply["ModelDeployConfig"] = job.request["ModelDeployConfig"]
            if job.deployed_endpoint:
                reply["ModelDeployResult"] = {"EndpointName": job.deployed_endpoint}
            if "OutputDataConfig" in job.request:
                reply["OutputDataConfig"] = job.request["OutputDataConfig"]
            reply["AutoMLJobSecondaryStatus"] = SECONDARY[job.status]
            if job.status in {"Completed", "Failed", "Stopped"} and "ModelDeployConfig" in job.request:
                job.told.setdefault("EndTime", self.time.wall())
            return reply | job.told

    def list_candidates_for_auto_ml_job(self, **params: Any) -> dict[str, Any]:
        with self.serving("ListCandidatesForAutoMLJob", params):
            candidates = self._job("ListCandidatesForAutoMLJob", params["AutoMLJobName"]).candidates
            begin = int(params.get("NextToken", "0"))
            end = begin + params.get("MaxResults", 10)
            page: dict[str, Any] = {"Candidates": candidates[begin:end]}
            return page | ({"NextToken": str(end)} if end < len(candidates) else {})

    def stop_auto_ml_job(self, **params: str) -> dict[str, Any]:
        with self.serving("StopAutoMLJob", params):
            job = self._job("StopAutoMLJob", params["AutoMLJobName"])
            if job.status != "InProgress":
                raise client_error("StopAutoMLJob", "ValidationException", f"The job is {job.status}")
            job.status, job.stops_at = "Stopping", self.time.now() + self.stop_seconds
            return {}

    def complete(self, name: str, *, value: float = 0.9, **told: Any) -> FakeJob:
        """Let a job come to a good end, or to what else is told."""
        job = self.jobs[name.lower()]
        best = candidate(f"{job.name}-trial-7", value)
        job.status = "Completed"
        job.candidates = [best, candidate(f"{job.name}-trial-2", value - 0.1)]
        job.told = {"EndTime": self.time.wall(), "BestCandidate": best} | told
        return job

    def fail_job(self, name: str, reason: str, *partial: str) -> FakeJob:
        """Let a job come to a bad end."""
        job = self.jobs[name.lower()]
        job.status = "Failed"
        job.told = {"EndTime": self.time.wall(), "FailureReason": reason}
        if partial:
            job.told["PartialFailureReasons"] = [{"PartialFailureMessage": text} for text in partial]
        return job

    def _job(self, operation: str, name: str) -> FakeJob:
        self._let_pass()
        self._ask(operation, name, self.jobs.get(name.lower()))
        if name.lower() not in self.jobs:
            text = f"Amazon SageMaker can't find an AutoML job called {name}."
            raise client_error(operation, "ResourceNotFound", text)
        return self.jobs[name.lower()]

    def _ask(self, operation: str, name: str, found: Any) -> None:
        """Ask IAM, where there is a policy: of a name that it has not got it lets the stack see what is its own."""
        if self.prefixes is None or name.startswith(self.prefixes):
            return
        if found is None or self.stack_id not in [found.tags.get(tag) for tag in self.owner_tags]:
            text = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/F is not authorized to perform: sagemaker:{operation}"
            raise client_error(operation, "AccessDeniedException", text)

    def running(self) -> list[FakeJob]:
        self._let_pass()
        return [job for job in self.jobs.values() if job.status in {"InProgress", "Stopping"}]

    def _let_pass(self) -> None:
        for job in self.jobs.values():
            if job.status == "Stopping" and self.time.now() >= job.stops_at:
                job.status = "Stopped"
        for name, endpoint in list(self.endpoints.items()):
            if endpoint.status == "Deleting" and self.time.now() >= endpoint.gone_at:
                del self.endpoints[name]

    # Tags

    def list_tags(self, **params: Any) -> dict[str, Any]:
        with self.serving("ListTags", params):
            tags = [{"Key": key, "Value": value} for key, value in self._tagged("ListTags", params).items()]
            begin = int(params.get("NextToken", "0"))
            page: dict[str, Any] = {"Tags": tags[begin : begin + 3]}
            if begin + 3 < len(tags):
                page["NextToken"] = str(begin + 3)
            return page

    def add_tags(self, **params: Any) -> dict[str, Any]:
        with self.serving("AddTags", params):
            if any(tag["Key"].startswith("aws:") for tag in params["Tags"]):
                raise client_error("AddTags", "ValidationException", "aws: is reserved")
            self._tagged("AddTags", params).update({tag["Key"]: tag["Value"] for tag in params["Tags"]})
            return {}

    def delete_tags(self, **params: Any) -> dict[str, Any]:
        with self.serving("DeleteTags", params):
            tags = self._tagged("DeleteTags", params)
            for key in params["TagKeys"]:
                tags.pop(key, None)
            return {}

    def _tagged(self, operation: str, params: dict[str, Any]) -> dict[str, str]:
        for job in self.jobs.values():
            if job.arn == params["ResourceArn"]:
                return job.tags
        raise client_error(operation, "ResourceNotFound", f"no such ARN: {params['ResourceArn']}")

    # One-click deployment

    def deploy(self, job_name: str, endpoint: str, *, status: str = "InService", reported: bool = True) -> None:
        """What the service does at the end of a job with a `ModelDeployConfig`."""
        config, model = f"{endpoint}-config", f"{endpoint}-model"
        self.endpoints[endpoint] = FakeEndpoint(config, status, self.time.wall())
        self.configs[config] = [model]
        self.made[config] = self.time.wall()
        self.models[model] = self.time.wall()
        job = self.jobs.get(job_name.lower())
        if job:
            output = job.request.get("OutputDataConfig", {}).get("S3OutputPath", "s3://elsewhere").rstrip("/")
            self.model_data[model] = f"{output}/{job.name}/model.tar.gz"
        if reported:
            self.jobs[job_name.lower()].deployed_endpoint = endpoint

    def describe_endpoint(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeEndpoint", params):
            endpoint = self._endpoint("DescribeEndpoint", params["EndpointName"])
            return {
                "EndpointName": params["EndpointName"],
                "EndpointConfigName": endpoint.config,
                "EndpointStatus": endpoint.status,
                "CreationTime": endpoint.created,
            }

    def delete_endpoint(self, **params: str) -> dict[str, Any]:
        with self.serving("DeleteEndpoint", params):
            endpoint = self._endpoint("DeleteEndpoint", params["EndpointName"])
            if endpoint.status == "Creating":
                raise client_error("DeleteEndpoint", "ValidationException", "Cannot update in-progress endpoint")
            endpoint.status, endpoint.gone_at = "Deleting", self.time.now() + 15
            return {}

    def _endpoint(self, operation: str, name: str) -> FakeEndpoint:
        self._let_pass()
        if name not in self.endpoints:
            raise client_error(operation, "ValidationException", f'Could not find endpoint "{name}".')
        return self.endpoints[name]

    def describe_endpoint_config(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeEndpointConfig", params):
            models = self._config("DescribeEndpointConfig", params["EndpointConfigName"])
            return {
                "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": model} for model in models],
                "CreationTime": self.made[params["EndpointConfigName"]],
            }

    def delete_endpoint_config(self, **params: str) -> dict[str, Any]:
        with self.serving("DeleteEndpointConfig", params):
            self._config("DeleteEndpointConfig", params["EndpointConfigName"])
            del self.configs[params["EndpointConfigName"]]
            return {}

    def _config(self, operation: str, name: str) -> list[str]:
        if name not in self.configs:
            raise client_error(operation, "ValidationException", f'Could not find endpoint configuration "{name}".')
        return self.configs[name]

    def describe_model(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeModel", params):
            made = self._one_click_model("DescribeModel", params["ModelName"])
            return {
                "CreationTime": made,
                "PrimaryContainer": {"ModelDataUrl": self.model_data.get(params["ModelName"])},
            }

    def delete_model(self, **params: str) -> dict[str, Any]:
        with self.serving("DeleteModel", params):
            self._one_click_model("DeleteModel", params["ModelName"])
            del self.models[params["ModelName"]]
            return {}

    def _one_click_model(self, operation: str, name: str) -> datetime:
        if name not in self.models:
            raise client_error(operation, "ValidationException", f'Could not find model "{name}".')
        return self.models[name]


@dataclass
class FakeCloudFormation(FakeService):
    """What CloudFormation says of its resources."""

    time: FakeTime
    service = "cloudformation"
    resources: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(stack id, logical id) -> (status, physical id)"""
    stacks: set[str] = field(default_factory=set)
    stack_status: str = "CREATE_COMPLETE"
    since: datetime | None = None
    """When the status of each resource was told, where CloudFormation says it."""
    signals: list[tuple[str, str]] = field(default_factory=list)
    """(logical id, unique id), of those that were taken"""
    events: list[dict[str, Any]] = field(default_factory=list)
    """Of the stack, the latest first. Nobody has seen what a real one tells: by default nothing."""

    def __post_init__(self) -> None:
        super().__init__(self.time)

    def describe_stacks(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeStacks", params):
            if params["StackName"] not in self.stacks:
                raise client_error("DescribeStacks", "ValidationError", f"Stack {params['StackName']} does not exist")
            return {"Stacks": [{"StackStatus": self.stack_status}]}

    def describe_stack_events(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeStackEvents", params):
            return {"StackEvents": self.events}

    def signal_resource(self, **params: str) -> dict[str, Any]:
        """The texts of the refusals are unverified; so the function must not read them."""
        with self.serving("SignalResource", params):
            place = params["StackName"], params["LogicalResourceId"]
            if self.resources.get(place, ("", ""))[0] != "CREATE_IN_PROGRESS":
                raise client_error("SignalResource", "ValidationError", f"Resource {place[1]} waits for no signal")
            assert params["Status"] == "SUCCESS"
            self.signals.append((place[1], params["UniqueId"]))
            self.resources[place] = ("CREATE_COMPLETE", "condition")
            return {}

    def describe_stack_resource(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeStackResource", params):
            stack, logical = params["StackName"], params["LogicalResourceId"]
            if stack not in self.stacks:
                raise client_error("DescribeStackResource", "ValidationError", f"Stack '{stack}' does not exist")
            if (stack, logical) not in self.resources:
                text = f"Resource {logical} does not exist for stack {stack}"
                raise client_error("DescribeStackResource", "ValidationError", text)
            status, physical = self.resources[stack, logical]
            told = {"LastUpdatedTimestamp": self.since} if self.since else {}
            return {"StackResourceDetail": {"ResourceStatus": status, "PhysicalResourceId": physical, **told}}


def method_of(operation: str) -> str:
    """The name of an operation as a method of a client."""
    return str(xform_name(operation))
