"""A retraining in a world with an endpoint: S3 that compares, executions that call, a registry and configurations."""

import io
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from constructs_lib.runtime.clients import bucket_and_key
from constructs_lib.runtime.contract import RETRAINING_TYPE, OwnerTag
from constructs_lib.runtime.handler import serve
from constructs_lib.runtime.retrain_document import Document

from .fake_hosting import FakeHosting, Hosted, HostingWorld, arn_of, model
from .fake_sagemaker import ACCOUNT, EPOCH, REGION, FakeService, FakeTime, client_error
from .fake_services import Execution, FakeS3, FakeStepFunctions
from .world import LOGICAL_ID, request, stringified

FOLDER = "s3://results/churn/weekly/"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:sagemaker-autopilot-retraining"
MODEL_ID = "EndpointModel12AB"
ENDPOINT = "churn-endpoint"
TEMPLATE = "Endpoint-Config-1"
DATA = ("data", "churn/train/")
HOLDOUT_PLACE = ("data", "churn/holdout.csv")
HOLDOUT = {
    "Bucket": HOLDOUT_PLACE[0],
    "Key": HOLDOUT_PLACE[1],
    "Target": "churned",
    "Confidence": 0.95,
    "MinimumRows": 100,
    "InstanceType": "ml.m5.xlarge",
    "NamePrefix": "demo1a2b-weekly-",
}
_CLASSES = ("no", "yes")
REGISTRY = {"Request": {"ModelPackageGroupName": "churn", "ModelApprovalStatus": "Approved"}}
POLICY = {
    "DeploymentConfig": {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": "0"},
            "TerminationWaitInSeconds": "600",
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    },
    "RetainAllVariantProperties": "true",
}


@dataclass
class ComparingS3(FakeS3):
    """S3 with conditional writes; `races` happen between a read and the write that follows."""

    etags: Iterator[int] = field(default_factory=itertools.count)

    def get_object(self, **params: str) -> dict[str, Any]:
        with self.serving("GetObject", params):
            found = self.objects.get((params["Bucket"], params["Key"]))
            if found is None:
                raise client_error("GetObject", "NoSuchKey", "The specified key does not exist.", 404)
            return {"Body": io.BytesIO(found["Body"]), "ETag": found["ETag"]}

    def put_object(self, **params: Any) -> dict[str, Any]:
        with self.serving("PutObject", params):
            place = params["Bucket"], params["Key"]
            found = self.objects.get(place)
            if "IfMatch" in params and found is None:
                raise client_error("PutObject", "NoSuchKey", "gone", 404)
            if ("IfMatch" in params and found and found["ETag"] != params["IfMatch"]) or (
                "IfNoneMatch" in params and found
            ):
                raise client_error("PutObject", "PreconditionFailed", "At least one did not hold", 412)
            etag = f'"{next(self.etags)}"'
            self.objects[place] = params | {"ETag": etag, "LastModified": self.time.wall()}
            return {"ETag": etag}

    def delete_object(self, **params: str) -> dict[str, Any]:
        with self.serving("DeleteObject", params):
            self.objects.pop((params["Bucket"], params["Key"]), None)
            return {}

    def upload(self, key: str, *, bucket: str = DATA[0]) -> None:
        """Somebody puts an object."""
        self.objects[bucket, key] = {"Body": b"rows", "ETag": f'"{key}"', "LastModified": self.time.wall()}


@dataclass
class Machine(FakeStepFunctions):
    """Executions that can be stopped, or die."""

    ended: dict[str, str] = field(default_factory=dict)

    def start_execution(self, **params: str) -> dict[str, Any]:
        is_new = params["name"] not in self.executions
        reply = super().start_execution(**params)
        if is_new:
            self.executions[params["name"]].state = {}
        return reply

    def describe_execution(self, **params: str) -> dict[str, Any]:
        reply = super().describe_execution(**params)
        name = params["executionArn"].rpartition(":")[2]
        return reply | ({"status": self.ended[name]} if name in self.ended else {})

    def stop_execution(self, **params: str) -> dict[str, Any]:
        with self.serving("StopExecution", params):
            name = params["executionArn"].rpartition(":")[2]
            if name not in self.executions:
                raise client_error("StopExecution", "ExecutionDoesNotExist", name)
            self.end(name)
            return {}

    def end(self, name: str, status: str = "ABORTED") -> None:
        """An execution is stopped, or dies."""
        if not self.executions[name].done:
            self.executions[name].done = True
            self.ended[name] = status


@dataclass
class FakeTopics(FakeService):
    time: FakeTime
    service = "sns"
    messages: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.time)

    def publish(self, **params: Any) -> dict[str, Any]:
        with self.serving("Publish", params):
            self.messages.append(params)
            return {}


@dataclass
class Serving(FakeHosting):
    """Endpoints that change over time, and may be taken back."""

    served: dict[str, Hosted] = field(default_factory=dict)
    """Configurations."""
    update_seconds: float = 100.0
    takes_back: bool = False
    under_way: tuple[str, float] | None = None
    last_changed_by: dict[str, Any] = field(default_factory=dict)

    def create_endpoint_config(self, **request: Any) -> dict[str, Any]:
        with self.serving("CreateEndpointConfig", request):
            name = request["EndpointConfigName"]
            if name in self.served:
                text = f'Cannot create already existing endpoint configuration "{arn_of("endpoint-config", name)}".'
                raise client_error("CreateEndpointConfig", "ValidationException", text)
            for variant in request["ProductionVariants"]:
                if variant["ModelName"] not in self.hosted:
                    raise client_error("CreateEndpointConfig", "ValidationException", "Could not find model")
            self.served[name] = self._new("endpoint-config", name, request)
            return {"EndpointConfigArn": self.served[name].arn}

    def describe_endpoint_config(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeEndpointConfig", params):
            config = self._served("DescribeEndpointConfig", params["EndpointConfigName"])
            told = {key: value for key, value in config.request.items() if key != "Tags"}
            return {"EndpointConfigArn": config.arn, "CreationTime": config.created, **told}

    def delete_endpoint_config(self, **params: str) -> dict[str, Any]:
        with self.serving("DeleteEndpointConfig", params):
            del self.served[self._served("DeleteEndpointConfig", params["EndpointConfigName"]).name]
            return {}

    def _served(self, operation: str, name: str) -> Hosted:
        if name not in self.served:
            raise client_error(operation, "ValidationException", f'Could not find endpoint configuration "{name}".')
        return self.served[name]

    def _tagged(self, operation: str, params: dict[str, Any]) -> dict[str, str]:
        for each in self.served.values():
            if each.arn == params["ResourceArn"]:
                return each.tags
        return super()._tagged(operation, params)

    def update_endpoint(self, **params: Any) -> dict[str, Any]:
        with self.serving("UpdateEndpoint", params):
            endpoint = self._endpoint("UpdateEndpoint", params["EndpointName"])
            self._settle()
            if endpoint.status != "InService":
                raise client_error("UpdateEndpoint", "ValidationException", "Cannot update in-progress endpoint")
            # The one in service must still be there.
            self._served("UpdateEndpoint", endpoint.config)
            self._served("UpdateEndpoint", params["EndpointConfigName"])
            endpoint.status = "Updating"
            self.under_way = params["EndpointConfigName"], self.time.now() + self.update_seconds
            return {"EndpointArn": arn_of("endpoint", params["EndpointName"])}

    def describe_endpoint(self, **params: str) -> dict[str, Any]:
        self._settle()
        return super().describe_endpoint(**params)

    def _settle(self) -> None:
        if self.under_way and self.time.now() >= self.under_way[1] and ENDPOINT in self.endpoints:
            endpoint = self.endpoints[ENDPOINT]
            endpoint.config = endpoint.config if self.takes_back else self.under_way[0]
            endpoint.status, self.under_way = "InService", None

    def describe_model_package(self, **params: str) -> dict[str, Any]:
        return super().describe_model_package(**params) | (
            {"LastModifiedBy": self.last_changed_by} if self.last_changed_by else {}
        )

    def describe_transform_job(self, **params: str) -> dict[str, Any]:
        reply = super().describe_transform_job(**params)
        return reply | ({"FailureReason": "no such image"} if reply["TransformJobStatus"] == "Failed" else {})

    def model_in_service(self) -> str:
        """The job whose model answers."""
        config = self.served[self.endpoints[ENDPOINT].config]
        return str(config.request["ProductionVariants"][0]["ModelName"])


@dataclass
class RetrainingWorld(HostingWorld):
    """A retraining that is open, with an endpoint that serves the stack's own job."""

    resource_type: str = RETRAINING_TYPE

    def __post_init__(self) -> None:
        super().__post_init__()
        self.hosting: Serving = Serving(self.time)
        self.sagemaker = self.hosting
        self.s3: ComparingS3 = ComparingS3(self.time)
        self.stepfunctions: Machine = Machine(self.time)
        self.topics = FakeTopics(self.time)
        for service in (self.hosting, self.s3, self.stepfunctions, self.topics):
            self.services[service.service] = service
        self.numbers = itertools.count(1)
        self.finish_own("own-1", 0.8)
        self.deploy("own-1", TEMPLATE)

    def finish_own(self, name: str, value: float) -> None:
        """The stack's own job has ended."""
        self.finish(name)
        self.hosting.complete(name, value=value)

    def deploy(self, job: str, config: str, *, shape: str = "1", endpoint: bool = True) -> str:
        """What CloudFormation makes of the template: the model, its configuration, the endpoint. Returns the model."""
        wanted = self.model_properties(job) | {"Retraining": FOLDER, "EndpointShape": shape}
        name = self.model_event(wanted)
        self.hosting.served[config] = self.configuration(config, name, len(shape))
        if endpoint and ENDPOINT in self.hosting.endpoints:
            self.hosting.endpoints[ENDPOINT].config = config
        elif endpoint:
            self.hosting.serve_endpoint(ENDPOINT, config)
        return name

    def configuration(self, name: str, model_name: str, count: int) -> Hosted:
        """A configuration that CloudFormation makes."""
        variant = {"VariantName": "AllTraffic", "ModelName": model_name, "InstanceType": "ml.m5.large"}
        request = {"ProductionVariants": [variant | {"InitialInstanceCount": count}], "EndpointConfigName": name}
        return Hosted(name, arn_of("endpoint-config", name.lower()), request, {})

    def model_properties(self, job: str) -> dict[str, Any]:
        return model(job)

    model_id: str = ""
    """What the model resource is now."""
    model_wanted: dict[str, Any] = field(default_factory=dict)

    def model_event(self, wanted: dict[str, Any], *, clean: bool = True) -> str:
        """An event of the model resource, and the clean-up of what it replaces; returns its physical id."""
        kind = "Update" if self.model_id else "Create"
        besides = {"PhysicalResourceId": self.model_id, "OldResourceProperties": self.model_wanted}
        answer = self.send(
            self.event(
                kind,
                ResourceType="Custom::SageMakerAutoMLModel",
                LogicalResourceId=MODEL_ID,
                ResourceProperties=wanted,
                **(besides if self.model_id else {}),
            )
        )
        assert answer["Status"] == "SUCCESS", answer
        before, before_wanted = self.model_id, self.model_wanted
        self.model_id, self.model_wanted = answer["PhysicalResourceId"], wanted
        self.status(f"{kind.upper()}_COMPLETE", MODEL_ID, self.model_id)
        if clean and before not in {"", self.model_id}:
            self.model_delete(before, before_wanted)
        return self.model_id

    def model_delete(self, physical_id: str, wanted: dict[str, Any]) -> None:
        answer = self.send(
            self.event(
                "Delete",
                ResourceType="Custom::SageMakerAutoMLModel",
                LogicalResourceId=MODEL_ID,
                PhysicalResourceId=physical_id,
                ResourceProperties=wanted,
            )
        )
        assert answer["Status"] == "SUCCESS", answer

    def wanted(self, **changes: Any) -> dict[str, Any]:
        """Properties of the retraining as CloudFormation sends them; None takes one away."""
        endpoint = {
            "Name": ENDPOINT,
            "TemplateConfig": TEMPLATE,
            "Model": self.model_properties("own-1"),
            "ModelLogicalId": MODEL_ID,
            "Update": POLICY,
        }
        properties = {
            "ServiceToken": "arn",
            "Operation": "CreateAutoMLJob",
            "Request": request(),
            "NamePrefix": "demo-weekly-",
            "Revision": "1",
            "JobName": "own-1",
            "Folder": FOLDER,
            "StateMachine": MACHINE,
            "TimeoutSeconds": 6 * 3600,
            "PollSeconds": 60,
            "MaxRunsPerMonth": 10,
            "Gate": {"BetterThanChampion": 0.01},
            "Data": {"Bucket": DATA[0], "Prefix": DATA[1], "QuietSeconds": 1800, "EverySeconds": 86400},
            "FailureTopic": "arn:aws:sns:eu-west-1:111122223333:alerts",
            "Endpoint": endpoint,
            **changes,
        }
        sent: Any = stringified({name: value for name, value in properties.items() if value is not None})
        return dict(sent)

    # Triggers and executions

    def start(self, **trigger: Any) -> str:
        """Start an execution; returns its name."""
        name = f"e{next(self.numbers)}"
        given = json.dumps({"Retraining": FOLDER, **trigger})
        self.stepfunctions.executions[name] = Execution({}, given)
        return name

    def data_event(self, key: str = "churn/train/1.csv", identity: str = "") -> str:
        detail = {"bucket": {"name": DATA[0]}, "object": {"key": key, "size": 4}}
        event = {"source": "aws.s3", "id": identity or f"s3-{next(self.numbers)}", "detail": detail}
        return self.start(Event=event)

    def call(self, name: str) -> dict[str, Any]:
        """One call of the function by an execution, the first or a later one."""
        execution = self.stepfunctions.executions[name]
        first = {
            "Action": "RetrainAutoMLJob",
            "Execution": f"{MACHINE.replace(':stateMachine:', ':execution:')}:{name}",
            "Began": self.time.wall().isoformat(),
            "Trigger": json.loads(execution.given),
        }
        self.time.start_call()
        given: Any = json.loads(json.dumps(execution.state or first))
        state = serve(given, lambda: self.aws, self.clock())
        execution.state = json.loads(json.dumps(state))
        execution.done = bool(execution.state["Done"])
        return execution.state

    def go(self, name: str, looks: int = 200) -> None:
        """Let an execution call until it is done, and time pass as it says."""
        for _ in range(looks):
            if self.stepfunctions.executions[name].done:
                return
            state = self.call(name)
            self.time.seconds += state["Seconds"]
            self.work()

    def go_all(self, looks: int = 200) -> None:
        for _ in range(looks):
            running = self.stepfunctions.running()
            if not running:
                return
            for name in running:
                if not self.stepfunctions.executions[name].done:
                    self.call(name)
            self.time.seconds += 60
            self.work()

    holdout: int = 0
    """How many rows the holdout has; their classes alternate."""
    skills: dict[str, float] = field(default_factory=dict)
    """Which part of them the model of a job answers rightly; by default what its job came to."""
    answer_seconds: float = 400.0
    answers: bool = True
    """Whether transform jobs come to an end."""

    spoken: Callable[[int, bool], str] = field(
        default=lambda number, is_right: _CLASSES[number % 2 if is_right else 1 - number % 2]
    )
    """How a model answers a row, rightly or not."""

    supported: str = ""
    """What the answers of candidates can hold, comma-separated."""

    def support(self, keys: str) -> None:
        """Candidates say what their answers can hold."""
        self.supported = keys
        for container in self.hosting.jobs["own-1"].told["BestCandidate"]["InferenceContainers"]:
            container["Environment"] = {"SAGEMAKER_INFERENCE_SUPPORTED": keys}

    def hold_out(self, rows: int = 400, text: str = "") -> None:
        """Somebody puts a holdout."""
        self.holdout = rows
        lines = [f"{number},{_CLASSES[number % 2]},{number % 7}" for number in range(rows)]
        body = text or "\n".join(["id,churned,plan", *lines])
        self.s3.objects[HOLDOUT_PLACE] = {"Body": body.encode(), "ETag": f'"{rows}"', "LastModified": EPOCH}

    def transforms(self) -> list[Hosted]:
        return list(self.hosting.runs.values())

    def job_of(self, run: Hosted) -> str:
        """The job whose model answers in a transform job."""
        request = self.hosting.hosted[run.request["ModelName"]].request
        containers = request.get("Containers") or [request["PrimaryContainer"]]
        name = str(containers[0].get("ModelDataUrl", "")).rpartition("/")[2].removesuffix(".tar.gz")
        return name if name in self.hosting.jobs else self.document().base

    def answer(self, run: Hosted) -> None:
        """A transform job comes to its end."""
        source = run.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        bucket, key = bucket_and_key(source)
        count = len(self.s3.objects[bucket, key]["Body"].splitlines())
        job = self.job_of(run)
        score = self.hosting.jobs[job].told["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["Value"]
        skill = self.skills.get(job, score)
        rightly = [number * 37 % 100 < skill * 100 for number in range(count)]
        said = [self.spoken(number, is_right) for number, is_right in enumerate(rightly)]
        bucket, folder = bucket_and_key(run.request["TransformOutput"]["S3OutputPath"])
        place = bucket, f"{folder}/{key.rpartition('/')[2]}.out"
        body = ("\n".join(said) + "\n").encode()
        self.s3.objects[place] = {"Body": body, "ETag": '"1"', "LastModified": EPOCH}
        run.status = "Completed"

    score: float = 0.9
    """What jobs of runs come to."""
    train_seconds: float = 600.0
    trains: bool = True
    """Whether jobs come to an end."""

    def work(self) -> None:
        """Let jobs of runs come to their ends."""
        for job in self.run_jobs():
            ends = job.created + timedelta(seconds=self.train_seconds)
            if self.trains and job.status == "InProgress" and self.time.wall() >= ends:
                self.finish_named(job.name)
        for run in self.transforms():
            ends = run.created + timedelta(seconds=self.answer_seconds)
            if self.answers and run.status == "InProgress" and self.time.wall() >= ends:
                self.answer(run)

    def finish_named(self, name: str) -> None:
        job = self.hosting.jobs[name.lower()]
        self.hosting.complete(name, value=self.score)
        containers = [
            {
                "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/x:1",
                "ModelDataUrl": f"s3://results/{job.name}.tar.gz",
            }
        ]
        if self.supported:
            containers[0]["Environment"] = {"SAGEMAKER_INFERENCE_SUPPORTED": self.supported}  # type: ignore[assignment]
        job.told["BestCandidate"]["InferenceContainers"] = containers

    def run_jobs(self) -> list[Any]:
        return [job for job in self.hosting.jobs.values() if job.tags.get(OwnerTag.RESOURCE) == LOGICAL_ID]

    # Looking

    def document(self) -> Document:
        return Document.read(json.loads(self.s3.objects["results", "churn/weekly/state.json"]["Body"]))

    def reports(self) -> list[dict[str, Any]]:
        keys = sorted(key for bucket, key in self.s3.objects if key.startswith("churn/weekly/runs/"))
        return [json.loads(self.s3.objects["results", key]["Body"]) for key in keys]

    def decisions(self) -> list[str]:
        return [report["Decision"] for report in self.reports()]

    def model_of(self, job: str) -> str:
        """The name of the model of a job, if there is one."""
        found = [
            each.name
            for each in self.hosting.hosted.values()
            if each.request.get("PrimaryContainer", {}).get("ModelDataUrl", "").endswith(f"{job}.tar.gz")
        ]
        return found[0] if found else ""
