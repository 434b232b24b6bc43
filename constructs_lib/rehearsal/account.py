"""Look at the rehearsal's account from outside, with boto3, as any other client would."""

import json
import re
import uuid
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import jmespath  # type: ignore[import-untyped]  # comes with botocore; has no types

from constructs_lib.runtime.contract import OwnerTag, read_owner

from .assembly import Job
from .failures import CheckFailedError
from .stacks import NESTED_STACK, Place, Stack

_EMBEDDED = re.compile(r"Embedded stack (arn:\S+) was not successfully")
"""What CloudFormation says of a nested stack that failed; its own events say why."""

RUNNING = ("InProgress", "Stopping")
ENDED = ("Completed", "Failed", "Stopped")


class Cloud(Protocol):
    """What this module needs of the embedded AWS."""

    def client(self, service: str) -> Any:
        """A boto3 client."""


class Thing(NamedTuple):
    """Something that an account can be left with."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class _Listing(NamedTuple):
    kind: str
    service: str
    operation: str
    names: str
    """A JMESPath expression."""

    arguments: dict[str, Any] = {}  # noqa: RUF012  never changed


_LISTINGS = (
    _Listing("stack", "cloudformation", "list_stacks", "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName"),
    _Listing("endpoint", "sagemaker", "list_endpoints", "Endpoints[].EndpointName"),
    _Listing("endpoint config", "sagemaker", "list_endpoint_configs", "EndpointConfigs[].EndpointConfigName"),
    _Listing("model", "sagemaker", "list_models", "Models[].ModelName"),
    _Listing(
        "model package group",
        "sagemaker",
        "list_model_package_groups",
        "ModelPackageGroupSummaryList[].ModelPackageGroupName",
    ),
    _Listing(
        "model package",
        "sagemaker",
        "list_model_packages",
        "ModelPackageSummaryList[].ModelPackageArn",
        {"ModelPackageType": "Both"},
    ),
    _Listing(
        "running transform job",
        "sagemaker",
        "list_transform_jobs",
        "TransformJobSummaries[].TransformJobName",
        {"StatusEquals": "InProgress"},
    ),
    _Listing(
        "scalable target",
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets[].ResourceId",
        {"ServiceNamespace": "sagemaker"},
    ),
    _Listing("function", "lambda", "list_functions", "Functions[].FunctionName"),
    _Listing("role", "iam", "list_roles", "Roles[].RoleName"),
    _Listing("policy", "iam", "list_policies", "Policies[].PolicyName", {"Scope": "Local"}),
    _Listing("log group", "logs", "describe_log_groups", "logGroups[].logGroupName"),
    _Listing("log resource policy", "logs", "describe_resource_policies", "resourcePolicies[].policyName"),
    _Listing("state machine", "stepfunctions", "list_state_machines", "stateMachines[].name"),
    _Listing("event rule", "events", "list_rules", "Rules[].Name"),
    _Listing(
        "alarm",
        "cloudwatch",
        "describe_alarms",
        "[MetricAlarms, CompositeAlarms][].AlarmName",
        {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]},
    ),
    _Listing("topic", "sns", "list_topics", "Topics[].TopicArn"),
    _Listing("queue", "sqs", "list_queues", "QueueUrls[]"),
    _Listing("parameter", "ssm", "describe_parameters", "Parameters[].Name"),
    _Listing("bucket", "s3", "list_buckets", "Buckets[].Name"),
    _Listing("VPC", "ec2", "describe_vpcs", "Vpcs[].VpcId"),
    _Listing("security group", "ec2", "describe_security_groups", "SecurityGroups[].GroupId"),
)


KINDS = (*(listing.kind for listing in _LISTINGS), "KMS key")
"""What is looked for."""


@dataclass(frozen=True)
class Candidate:
    """A model that a job has tried."""

    name: str
    status: str
    metric: str
    value: float | None
    smaller_is_better: bool
    seconds: float | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    """All its metrics by name; what was not measured on the validation rows says on which."""


@dataclass(frozen=True)
class JobState:
    """A job at one moment."""

    name: str
    arn: str
    status: str
    stage: str
    failure_reason: str
    endpoint: str
    """The endpoint of a one-click deployment; empty without one."""

    output: str
    seconds: float | None
    """How long it ran; None: it still runs."""

    candidates: tuple[Candidate, ...]
    """Best first; those without a value last."""


@dataclass(frozen=True)
class TrainingReport:
    """What the trainer says of a job, beyond the API."""

    notes: tuple[str, ...] = ()
    trained: Mapping[str, str] = field(default_factory=dict)
    """What a candidate really is, by its name."""


class ResourceEvent(NamedTuple):
    """Something that CloudFormation did with a resource of a stack."""

    logical_id: str
    kind: str
    status: str
    at: datetime
    reason: str
    """Why, where that is told."""


@dataclass(frozen=True)
class EndpointState:
    """An endpoint at one moment."""

    name: str
    status: str
    reason: str
    """Why it is what it is, where that is told."""

    model_data: frozenset[str]
    """The artifacts that its containers have loaded."""

    output: str
    """Where an asynchronous endpoint writes its answers; empty for any other."""


@dataclass(frozen=True)
class ProductState:
    """What was made of a job's best candidate, a transform job or a version of a model, at one moment."""

    kind: str
    name: str
    """The name of a transform job; the ARN of a version, whose end is told."""

    status: str
    reason: str
    """Why it failed; empty if it did not."""

    model_data: frozenset[str]
    """The artifacts that its containers load."""

    released: bool
    """Whether its resource has another one by now, or is gone."""

    read: str = ""
    """The prefix whose objects a transform job reads; empty where a manifest lists them, and for a version."""

    written: str = ""
    """Where a transform job writes its predictions; empty for a version."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name if self.written else '/'.join(self.name.split('/')[1:])}"


class Account:
    """What is in the account."""

    def __init__(self, cloud: Cloud) -> None:
        self._clients: dict[str, Any] = {}
        self._cloud = cloud

    def jobs(self) -> dict[str, str]:
        """The status of all jobs that were ever made, by name."""
        summaries = self._all("sagemaker", "list_auto_ml_jobs", "AutoMLJobSummaries[]")
        return {summary["AutoMLJobName"]: summary["AutoMLJobStatus"] for summary in summaries}

    def describe(self, name: str) -> dict[str, Any]:
        """What `DescribeAutoMLJobV2` answers, for jobs of either version."""
        described: dict[str, Any] = self._client("sagemaker").describe_auto_ml_job_v2(AutoMLJobName=name)
        return described

    def job(self, name: str) -> JobState:
        """A job and its candidates."""
        job = self.describe(name)
        found = self._all("sagemaker", "list_candidates_for_auto_ml_job", "Candidates[]", AutoMLJobName=name)
        best = job.get("BestCandidate", {}).get("CandidateName", "")
        return JobState(
            name=job["AutoMLJobName"],
            arn=job["AutoMLJobArn"],
            status=job["AutoMLJobStatus"],
            stage=job["AutoMLJobSecondaryStatus"],
            failure_reason=job.get("FailureReason", ""),
            endpoint=job.get("ModelDeployResult", {}).get("EndpointName", ""),
            output=job["OutputDataConfig"]["S3OutputPath"],
            seconds=_took(job),
            candidates=tuple(sorted(map(_candidate, found), key=lambda each: (*_rank(each), each.name != best))),
        )

    def report(self, job: JobState) -> TrainingReport:
        """The trainer's own report, beside the artifacts."""
        found = self.read(f"{job.output.rstrip('/')}/{job.name}/rehearsal.json")
        if found is None:
            return TrainingReport()
        report = json.loads(found)
        candidates = report.get("Leaderboard", [])
        trained = {candidate["CandidateName"]: candidate["Trained"] for candidate in candidates}
        return TrainingReport(tuple(report["Notes"]), trained)

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a SageMaker resource, those of its owner under their first names."""
        found = self._all("sagemaker", "list_tags", "Tags[]", ResourceArn=arn)
        return read_owner({tag["Key"]: tag["Value"] for tag in found})

    def name_of(self, job: Job) -> str:
        """The name of the job that a resource is now: its physical id."""
        return self.physical_id(job.place)

    def physical_id(self, place: Place) -> str:
        """What a resource is now."""
        return str(self._resources(self._stack_of(place))[place.logical_id]["PhysicalResourceId"])

    def outputs(self, stack: Stack) -> dict[str, str]:
        """The outputs of a stack."""
        [found] = self._client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def stack_status(self, stack: Stack) -> str:
        """The status of a stack that exists."""
        [found] = self._client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
        return str(found["StackStatus"])

    def waits_at(self, place: Place, conditions: Iterable[str]) -> bool:
        """Whether the deployment waits now at one of these conditions, which are where a resource is."""
        cloudformation = self._client("cloudformation")
        try:
            stack = self._stack_of(place)
        except LookupError:  # a nested stack that is not there yet
            return False
        for condition in conditions:
            try:
                found = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=condition)
            except cloudformation.exceptions.ClientError:  # it is not there yet
                continue
            if found["StackResourceDetail"]["ResourceStatus"] == "CREATE_IN_PROGRESS":
                return True
        return False

    def cancel_update(self, stack: Stack) -> None:
        """Cancel the update of a stack, which then rolls back."""
        self._client("cloudformation").cancel_update_stack(StackName=stack.name)

    def executions(self) -> set[str]:
        """The executions of state machines that run now."""
        machines = self._all("stepfunctions", "list_state_machines", "stateMachines[].stateMachineArn")
        return {
            name
            for machine in machines
            for name in self._all(
                "stepfunctions", "list_executions", "executions[].name", stateMachineArn=machine, statusFilter="RUNNING"
            )
        }

    def failures(self, stack: Stack) -> list[str]:
        """Why resources of a stack have failed, the first failure first; those of nested stacks too."""
        return list(self._failures(stack.name))

    def events(self, stack: Stack, since: datetime) -> list[ResourceEvent]:
        """What happened in a stack since a moment, the first first; nothing of one that is not there."""
        cloudformation = self._client("cloudformation")
        try:
            found = self._all("cloudformation", "describe_stack_events", "StackEvents[]", StackName=stack.name)
        except cloudformation.exceptions.ClientError:
            return []
        return [
            ResourceEvent(
                event["LogicalResourceId"],
                event["ResourceType"],
                event["ResourceStatus"],
                event["Timestamp"],
                event.get("ResourceStatusReason", ""),
            )
            for event in reversed(found)
            if event["Timestamp"] >= since
        ]

    def physical_ids(self, stack: Stack) -> dict[Place, str]:
        """The physical ids of a stack's resources, those of nested stacks too."""
        found: dict[Place, str] = {}
        names: dict[tuple[str, ...], str] = {(stack.template,): stack.name}
        for templates in stack.templates():
            there = self._resources(names[templates]) if templates in names else {}
            for place, resource in stack.resources_of(templates):
                if physical_id := there.get(place.logical_id, {}).get("PhysicalResourceId"):
                    found[place] = str(physical_id)
                    if inner := stack.nested(resource):
                        names[*templates, inner] = found[place]
        return found

    # What was made of best candidates

    def products(self) -> list[str]:
        """The names of all transform jobs that were ever made, and the ARNs of all versions of models there are."""
        jobs = self._all("sagemaker", "list_transform_jobs", "TransformJobSummaries[].TransformJobName")
        return jobs + self._all(
            "sagemaker", "list_model_packages", "ModelPackageSummaryList[].ModelPackageArn", ModelPackageType="Both"
        )

    def product(self, name: str) -> ProductState:
        """A transform job of this name, or a version of this ARN."""
        return self._version(name) if name.startswith("arn:") else self._transform(name)

    def _transform(self, name: str) -> ProductState:
        sagemaker = self._client("sagemaker")
        job = sagemaker.describe_transform_job(TransformJobName=name)
        try:
            model = sagemaker.describe_model(ModelName=job["ModelName"])
        except sagemaker.exceptions.ClientError:  # it may go before the job does
            model = {}
        source = job["TransformInput"]["DataSource"]["S3DataSource"]
        return ProductState(
            kind="transform job",
            name=name,
            status=job["TransformJobStatus"],
            reason=job.get("FailureReason", ""),
            model_data=_model_data(model),
            released=OwnerTag.RELEASED in self.tags(job["TransformJobArn"]),
            read=source["S3Uri"] if source["S3DataType"] == "S3Prefix" else "",
            written=job["TransformOutput"]["S3OutputPath"],
        )

    def _version(self, arn: str) -> ProductState:
        package = self._client("sagemaker").describe_model_package(ModelPackageName=arn)
        details = package.get("ModelPackageStatusDetails", {}).get("ValidationStatuses", ())
        return ProductState(
            kind="version",
            name=arn,
            status=package["ModelPackageStatus"],
            reason="; ".join(each["FailureReason"] for each in details if each.get("FailureReason")),
            model_data=_model_data(package.get("InferenceSpecification", {})),
            released=False,
        )

    def things(self) -> set[Thing]:
        """Everything that a stack could leave behind. Jobs are not in it: AWS keeps those for ever."""
        found = {
            Thing(listing.kind, str(name))
            for listing in _LISTINGS
            for name in self._all(listing.service, listing.operation, listing.names, **listing.arguments)
        }
        return found | {Thing(KINDS[-1], key) for key in self._usable_keys()}

    def log_tails(self, lines: int) -> Iterator[tuple[str, str]]:
        """The latest messages of each log group that has any, with its name."""
        logs = self._client("logs")
        for group in self._all("logs", "describe_log_groups", "logGroups[].logGroupName"):
            events = logs.filter_log_events(logGroupName=group).get("events", [])
            messages = [
                str(event["message"]).rstrip() for event in sorted(events, key=lambda event: event["timestamp"])
            ]
            if messages:
                yield group, "\n".join(messages[-lines:])

    def read(self, uri: str) -> bytes | None:
        """An object of S3; None if there is none."""
        s3 = self._client("s3")
        bucket, key = split(uri)
        try:
            body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
            return None
        return body

    def objects(self, uri: str) -> list[str]:
        """The URIs of all objects with content below a prefix."""
        bucket, prefix = split(uri)
        found = self._all("s3", "list_objects_v2", "Contents[?Size>`0`].Key", Bucket=bucket, Prefix=prefix)
        return [f"s3://{bucket}/{key}" for key in found]

    def write(self, uri: str, content: bytes) -> None:
        """Put an object."""
        bucket, key = split(uri)
        self._client("s3").put_object(Bucket=bucket, Key=key, Body=content)

    def remove(self, uris: Iterable[str]) -> None:
        """Delete objects."""
        for bucket, key in map(split, uris):
            self._client("s3").delete_object(Bucket=bucket, Key=key)

    # Retrainings

    def start_execution(self, machine: str, given: Mapping[str, object]) -> None:
        """Start an execution of a state machine."""
        self._client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(given))

    def make_group(self, name: str) -> bool:
        """Make a group of the registry; tells whether it was not there."""
        sagemaker = self._client("sagemaker")
        try:
            sagemaker.create_model_package_group(ModelPackageGroupName=name)
        except sagemaker.exceptions.ClientError:
            return False
        return True

    def approve(self, package: str) -> None:
        """Approve a version, as somebody does."""
        self._client("sagemaker").update_model_package(
            ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription="in a rehearsal"
        )

    # Endpoints

    def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str = "text/csv") -> str:
        """Ask an endpoint for predictions."""
        runtime = self._client("sagemaker-runtime")
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType=content_type, Accept=accept, Body=body)
        return str(answer["Body"].read().decode())

    def invoke_by_s3(
        self, endpoint: EndpointState, body: bytes, content_type: str, accept: str
    ) -> Generator[str | None]:
        """Ask an asynchronous endpoint: None as long as there is no answer. What lies in S3 for it is removed after.

        Raises:
            CheckFailedError: The endpoint has answered that it failed.
        """
        s3, runtime = self._client("s3"), self._client("sagemaker-runtime")
        request = f"{endpoint.output.rstrip('/')}/rehearsal-{uuid.uuid4()}"
        bucket, key = split(request)
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        asked = runtime.invoke_endpoint_async(
            EndpointName=endpoint.name, InputLocation=request, ContentType=content_type, Accept=accept
        )
        answered, failed = asked["OutputLocation"], asked.get("FailureLocation")
        try:
            while (answer := self.read(answered)) is None:
                if failed and (reason := self.read(failed)) is not None:
                    raise CheckFailedError(f"endpoint {endpoint.name} failed at a request: {reason.decode()}")
                yield None
            yield answer.decode()
        finally:
            for uri in filter(None, (request, answered, failed)):
                bucket, key = split(uri)
                s3.delete_object(Bucket=bucket, Key=key)

    def endpoint_status(self, name: str) -> str:
        """The status of an endpoint."""
        return str(self._client("sagemaker").describe_endpoint(EndpointName=name)["EndpointStatus"])

    def endpoint(self, name: str) -> EndpointState:
        """An endpoint and what it serves."""
        sagemaker = self._client("sagemaker")
        found = sagemaker.describe_endpoint(EndpointName=name)
        config = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        models = [sagemaker.describe_model(ModelName=each["ModelName"]) for each in config["ProductionVariants"]]
        return EndpointState(
            name=found["EndpointName"],
            status=found["EndpointStatus"],
            reason=found.get("FailureReason", ""),
            model_data=frozenset().union(*map(_model_data, models)),
            output=config.get("AsyncInferenceConfig", {}).get("OutputConfig", {}).get("S3OutputPath", ""),
        )

    def best_model(self, job: str) -> tuple[str, tuple[str, ...]]:
        """The name of a job's best candidate, and the artifacts of its containers in their order."""
        best = self.describe(job).get("BestCandidate", {})
        containers = best.get("InferenceContainers", ())
        return best.get("CandidateName", ""), tuple(each["ModelDataUrl"] for each in containers)

    def _client(self, service: str) -> Any:
        # Making a client takes longer than most calls.
        if service not in self._clients:
            self._clients[service] = self._cloud.client(service)
        return self._clients[service]

    def _usable_keys(self) -> Iterator[str]:
        kms = self._client("kms")
        for key in self._all("kms", "list_keys", "Keys[].KeyId"):
            if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] != "PendingDeletion":
                yield key

    def _stack_of(self, place: Place) -> str:
        """The name or id of the stack, nested maybe, that a resource is in."""
        stack = place.stack.name
        for outer in place.outer:
            found = self._resources(stack).get(outer.logical_id, {})
            if not found.get("PhysicalResourceId"):
                raise LookupError(f"stack {stack} has no nested stack {outer.logical_id}")
            stack = str(found["PhysicalResourceId"])
        return stack

    def _failures(self, stack: str) -> Iterator[str]:
        events = self._all("cloudformation", "describe_stack_events", "StackEvents[]", StackName=stack)
        for event in reversed(events):
            reason = event.get("ResourceStatusReason")
            if not reason or not event["ResourceStatus"].endswith("_FAILED"):
                continue
            embedded = _EMBEDDED.search(reason) if event["ResourceType"] == NESTED_STACK else None
            inner = list(self._failures(embedded.group(1))) if embedded else []
            yield from inner or [f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"]

    def _resources(self, stack: str) -> dict[str, Any]:
        found = self._all("cloudformation", "list_stack_resources", "StackResourceSummaries[]", StackName=stack)
        return {resource["LogicalResourceId"]: resource for resource in found}

    def _all(self, service: str, operation: str, expression: str, **arguments: Any) -> list[Any]:
        client = self._client(service)
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate(**arguments)
        else:
            pages = [getattr(client, operation)(**arguments)]
        return [found for page in pages for found in jmespath.search(expression, page) or []]


def _model_data(described: Mapping[str, Any]) -> frozenset[str]:
    """The artifacts that the containers of a model, or of a version of one, load."""
    containers = described.get("Containers") or [described.get("PrimaryContainer", {})]
    return frozenset(each["ModelDataUrl"] for each in containers if each.get("ModelDataUrl"))


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


_ERRORS = ("MSE", "RMSE", "MAE", "MAPE", "MASE", "WAPE", "AverageWeightedQuantileLoss")
"""Of which less is better: a tuned candidate's objective does not say so."""


def _candidate(candidate: dict[str, Any]) -> Candidate:
    metric = candidate.get("FinalAutoMLJobObjectiveMetric", {})
    name = metric.get("StandardMetricName") or metric.get("MetricName", "")
    return Candidate(
        name=candidate["CandidateName"],
        status=candidate["CandidateStatus"],
        metric=name,
        value=metric.get("Value"),
        smaller_is_better=name in _ERRORS,
        seconds=_took(candidate),
        metrics=_metrics(candidate.get("CandidateProperties", {}).get("CandidateMetrics", ())),
    )


def _metrics(found: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    return {_metric_name(metric): metric["Value"] for metric in found}


def _metric_name(metric: Mapping[str, Any]) -> str:
    name, rows = str(metric.get("StandardMetricName") or metric["MetricName"]), metric.get("Set", "Validation")
    return name if rows == "Validation" else f"{name} ({rows})"


def _took(described: dict[str, Any]) -> float | None:
    start, end = described.get("CreationTime"), described.get("EndTime")
    return (end - start).total_seconds() if isinstance(start, datetime) and isinstance(end, datetime) else None


def _rank(candidate: Candidate) -> tuple[bool, float]:
    if candidate.value is None:
        return True, 0.0
    return False, candidate.value if candidate.smaller_is_better else -candidate.value
