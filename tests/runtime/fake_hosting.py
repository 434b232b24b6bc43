"""SageMaker's models, endpoints, transform jobs and registry as the function sees them; and a world with them."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from constructs_lib.runtime.contract import MODEL_TYPE, OwnerTag
from constructs_lib.runtime.event import RawEvent

from .fake_sagemaker import ACCOUNT, EPOCH, REGION, FakeEndpoint, FakeSageMaker, client_error
from .world import World, stringified

ROLE = f"arn:aws:iam::{ACCOUNT}:role/serving"
JOB = "churn-1"
GROUP = "churn"


def arn_of(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}"


@dataclass
class Hosted:
    """Something with a request, tags, and a status where its kind has one."""

    name: str
    arn: str
    request: dict[str, Any]
    tags: dict[str, str]
    status: str = ""
    stops_at: float = 0.0
    created: datetime = EPOCH


@dataclass
class ServedEndpoint(FakeEndpoint):
    failure_reason: str = ""


@dataclass
class FakeHosting(FakeSageMaker):
    """Names of models come free again when they are deleted, those of transform jobs never do."""

    hosted: dict[str, Hosted] = field(default_factory=dict)
    runs: dict[str, Hosted] = field(default_factory=dict)
    packages: dict[str, Hosted] = field(default_factory=dict)
    package_status: str = "Completed"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._versions = itertools.count(1)
        self._tokens: dict[str, str] = {}

    def _tagged(self, operation: str, params: dict[str, Any]) -> dict[str, str]:
        for each in (*self.hosted.values(), *self.runs.values()):
            if each.arn == params["ResourceArn"]:
                return each.tags
        return super()._tagged(operation, params)

    def _new(self, kind: str, name: str, request: dict[str, Any], status: str = "") -> Hosted:
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        return Hosted(name, arn_of(kind, name), request, tags, status, created=self.time.wall())

    # Models

    def create_model(self, **request: Any) -> dict[str, Any]:
        with self.serving("CreateModel", request):
            name = request["ModelName"]
            if name in self.hosted:
                text = f'Cannot create already existing model "{arn_of("model", name)}".'
                raise client_error("CreateModel", "ValidationException", text)
            self.hosted[name] = self._new("model", name, request)
            return {"ModelArn": self.hosted[name].arn}

    def describe_model(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeModel", params):
            model = self._model("DescribeModel", params["ModelName"])
            container = {"ModelDataUrl": self.model_data.get(params["ModelName"])}
            return {"ModelArn": model.arn, "CreationTime": model.created, "PrimaryContainer": container}

    def delete_model(self, **params: str) -> dict[str, Any]:
        with self.serving("DeleteModel", params):
            self._model("DeleteModel", params["ModelName"])
            del self.hosted[params["ModelName"]]
            return {}

    def _model(self, operation: str, name: str) -> Hosted:
        self._ask(operation, name, self.hosted.get(name))
        if name not in self.hosted:
            raise client_error(operation, "ValidationException", f'Could not find model "{arn_of("model", name)}".')
        return self.hosted[name]

    # Endpoints

    def serve_endpoint(self, name: str, config: str, status: str = "InService") -> ServedEndpoint:
        endpoint = ServedEndpoint(config, status, self.time.wall())
        self.endpoints[name] = endpoint
        return endpoint

    def describe_endpoint(self, **params: str) -> dict[str, Any]:
        reply = super().describe_endpoint(**params)
        reason = getattr(self.endpoints[params["EndpointName"]], "failure_reason", "")
        return reply | ({"FailureReason": reason} if reason else {})

    # Transform jobs

    def create_transform_job(self, **request: Any) -> dict[str, Any]:
        with self.serving("CreateTransformJob", request):
            name = request["TransformJobName"]
            if name in self.runs:
                raise client_error("CreateTransformJob", "ResourceInUse", f"Job name must be unique: {name}")
            self.runs[name] = self._new("transform-job", name, request, "InProgress")
            return {"TransformJobArn": self.runs[name].arn}

    def describe_transform_job(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeTransformJob", params):
            run = self._run("DescribeTransformJob", params["TransformJobName"])
            return {"TransformJobArn": run.arn, "TransformJobStatus": run.status}

    def stop_transform_job(self, **params: str) -> dict[str, Any]:
        with self.serving("StopTransformJob", params):
            run = self._run("StopTransformJob", params["TransformJobName"])
            if run.status != "InProgress":
                raise client_error("StopTransformJob", "ValidationException", f"The job is {run.status}")
            run.status, run.stops_at = "Stopping", self.time.now() + 30
            return {}

    def _run(self, operation: str, name: str) -> Hosted:
        self._ask(operation, name, self.runs.get(name))
        if name not in self.runs:
            raise client_error(operation, "ValidationException", f"Could not find requested job with name: {name}")
        run = self.runs[name]
        if run.status == "Stopping" and self.time.now() >= run.stops_at:
            run.status = "Stopped"
        return run

    # Registry

    def create_model_package(self, **request: Any) -> dict[str, Any]:
        with self.serving("CreateModelPackage", request):
            if "Tags" in request:
                text = "Tags cannot be given for a version of a model package group"
                raise client_error("CreateModelPackage", "ValidationException", text)
            token = request["ClientToken"]
            if token not in self._tokens:
                name = f"{request['ModelPackageGroupName']}/{next(self._versions)}"
                package = self._new("model-package", name, request, self.package_status)
                self.packages[package.arn] = package
                self._tokens[token] = package.arn
            return {"ModelPackageArn": self._tokens[token]}

    def describe_model_package(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeModelPackage", params):
            package = self._package("DescribeModelPackage", params["ModelPackageName"])
            kept = ("ModelApprovalStatus", "CustomerMetadataProperties")
            reasons = [{"Name": "Scan", "Status": "Failed", "FailureReason": "no such image"}]
            return {
                "ModelPackageArn": package.arn,
                "ModelPackageVersion": int(package.name.rpartition("/")[2]),
                "ModelPackageStatus": package.status,
                "ModelPackageStatusDetails": {
                    "ValidationStatuses": reasons if package.status == "Failed" else [],
                },
                **{name: package.request[name] for name in kept if name in package.request},
            }

    def update_model_package(self, **params: str) -> dict[str, Any]:
        with self.serving("UpdateModelPackage", params):
            package = self._package("UpdateModelPackage", params["ModelPackageArn"])
            package.request["ModelApprovalStatus"] = params["ModelApprovalStatus"]
            return {"ModelPackageArn": package.arn}

    def delete_model_package(self, **params: str) -> dict[str, Any]:
        with self.serving("DeleteModelPackage", params):
            del self.packages[self._package("DeleteModelPackage", params["ModelPackageName"]).arn]
            return {}

    def _package(self, operation: str, arn: str) -> Hosted:
        if arn not in self.packages:
            raise client_error(operation, "ValidationException", f"ModelPackage {arn} does not exist.")
        return self.packages[arn]


@dataclass
class HostingWorld(World):
    """A resource that is no job, in a world with a job that has a best candidate."""

    resource_type: str = MODEL_TYPE

    def __post_init__(self) -> None:
        super().__post_init__()
        self.hosting = FakeHosting(self.time)
        self.sagemaker = self.hosting
        self.services["sagemaker"] = self.hosting
        for name in (JOB, "churn-2"):
            self.finish(name)

    def finish(self, name: str, *containers: dict[str, Any], **best: Any) -> None:
        """A job that has ended with a best candidate of these containers."""
        self.hosting.add_job(name, {})
        self.hosting.complete(name)
        candidate = self.hosting.jobs[name].told["BestCandidate"]
        candidate["InferenceContainers"] = list(containers) or [container("xgboost")]
        candidate.update(best)
        self.s3.store("s3://results/how/statistics.json", "s3://results/why/analysis.json")

    def event(self, request_type: str, **changes: Any) -> RawEvent:
        return super().event(request_type, **{"ResourceType": self.resource_type, **changes})

    def names(self) -> list[str]:
        """The models of this resource."""
        return [each.name for each in self.hosting.hosted.values() if each.tags[OwnerTag.STACK] == self.stack_id]


def container(image: str, *, output: str = "", supported: str = "", **environment: str) -> dict[str, Any]:
    """A container of a candidate; what its answers can hold, and hold, is comma-separated."""
    said = {"SAGEMAKER_INFERENCE_SUPPORTED": supported, "SAGEMAKER_INFERENCE_OUTPUT": output}
    return {
        "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{image}:1",
        "ModelDataUrl": f"s3://results/churn/{image}.tar.gz",
        "Environment": {**{name: text for name, text in said.items() if text}, **environment},
    }


def model(job: str = JOB, *, tags: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """Properties of a model as CloudFormation sends them; None takes one away."""
    request: dict[str, Any] = {"ExecutionRoleArn": ROLE, "EnableNetworkIsolation": True}
    if tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    wanted = {
        "ServiceToken": "arn",
        "JobName": job,
        "Request": request,
        "NamePrefix": "demo1a2b-churn-",
        "InstanceType": "ml.m5.large",
        **changes,
    }
    sent: Any = stringified({name: value for name, value in wanted.items() if value is not None})
    return dict(sent)
