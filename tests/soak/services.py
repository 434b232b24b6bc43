"""The fakes of `tests/runtime`, on the simulation's clock, with all that can go wrong around a call."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from constructs_lib.runtime.contract import OwnerTag

from ..runtime.fake_hosting import FakeHosting, Hosted, arn_of
from ..runtime.fake_retraining import MACHINE, ComparingS3, Machine, Serving
from ..runtime.fake_sagemaker import EPOCH, FakeEndpoint, FakeService, FakeTime, client_error
from ..runtime.fake_services import FakeEventBridge
from .promotions import Promoted

if TYPE_CHECKING:
    from .simulation import Simulation


class Flow(FakeTime):
    """Time in which everything else goes on while the function sleeps."""

    def __init__(self, simulation: "Simulation") -> None:
        super().__init__()
        self._simulation = simulation

    def sleep(self, seconds: float) -> None:
        self._simulation.pass_time(seconds)


EVENTS = 100
"""So many events of a stack are on the first page, the latest first."""


class Disturbed(FakeService):
    """Lets the simulation do its worst before and after each call. The inputs are checked by the tests of the fakes."""

    simulation: "Simulation"

    @contextmanager
    def serving(self, operation: str, params: dict[str, Any]) -> Iterator[None]:
        self.simulation.before_call(self.service, operation, params)
        yield
        self.simulation.after_call(operation)


def config_of(job_name: str) -> str:
    """The configuration of a job's one-click endpoint."""
    return f"{job_name}-config"


@dataclass
class SageMaker(Disturbed, Serving):
    """Answers of Describe and ListTags lag behind what was made by `lag` seconds."""

    lag: float = 0.0

    def deploy(self, job_name: str, endpoint: str, *, status: str = "InService", reported: bool = True) -> None:
        """Deploy a job, with a configuration and a model of names that no other deployment has."""
        job, now = self.jobs[job_name.lower()], self.time.wall()
        config, model = config_of(job.name), f"{job.name}-model"
        output = job.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        self.endpoints[endpoint] = FakeEndpoint(config, status, now)
        self.configs[config], self.made[config] = [model], now
        self.hosted[model] = Hosted(model, arn_of("model", model), {}, {}, created=now)
        self.model_data[model] = f"{output}/{job.name}/model.tar.gz"
        if reported:
            job.deployed_endpoint = endpoint

    def is_free(self, endpoint: str) -> bool:
        """Whether nothing has this name."""
        self._let_pass()
        return endpoint not in self.endpoints

    def create_transform_job(self, **request: Any) -> dict[str, Any]:
        if sum(run.status == "InProgress" for run in self.runs.values()) >= self.quota + 1:
            with self.serving("CreateTransformJob", request):
                raise client_error("CreateTransformJob", "ResourceLimitExceeded", "so many run at once: 3")
        return super().create_transform_job(**request)

    def _hides(self, operation: str, created: datetime | None) -> bool:
        made = 0.0 if created is None else (created - EPOCH).total_seconds()
        return (
            bool(self.lag)
            and made > 0
            and operation.startswith(("Describe", "ListTags"))
            and (self.time.now() < made + self.lag)
        )

    def _ask(self, operation: str, name: str, found: Any) -> None:
        """Ask the policy of the stack whose function calls: it has the prefixes of the properties by now.

        Models are asked for by the resources that make them alone: those of a one-click endpoint are the service's.
        """
        if (caller := self.simulation.caller) and ("Model" not in operation or caller.kind == "model"):
            stack = self.simulation.stacks[caller.stack_number]
            self.prefixes, self.stack_id = stack.prefixes, stack.stack_id
            self.owner_tags = (OwnerTag.STACK, OwnerTag.STACK.under(stack.owner_prefix))
            super()._ask(operation, name, found)

    def update_endpoint(self, **params: Any) -> dict[str, Any]:
        with self.serving("UpdateEndpoint", params):
            simulation = self.simulation
            simulation.promotions.asked(params["EndpointName"], params["EndpointConfigName"], simulation.call_began)
            return {"EndpointArn": arn_of("endpoint", params["EndpointName"])}

    def describe_endpoint(self, **params: str) -> dict[str, Any]:
        reply = FakeHosting.describe_endpoint(self, **params)
        endpoint = self.endpoints.get(params["EndpointName"])
        if isinstance(endpoint, Promoted) and self.time.now() < endpoint.changed + self.lag:
            status, config = endpoint.before
            return reply | {"EndpointStatus": status, "EndpointConfigName": config}
        return reply

    def describe_endpoint_config(self, **params: str) -> dict[str, Any]:
        of_job = params["EndpointConfigName"] in self.configs
        return (FakeHosting if of_job else Serving).describe_endpoint_config(self, **params)

    def delete_endpoint_config(self, **params: str) -> dict[str, Any]:
        of_job = params["EndpointConfigName"] in self.configs
        return (FakeHosting if of_job else Serving).delete_endpoint_config(self, **params)

    def _served(self, operation: str, name: str) -> Hosted:
        config = super()._served(operation, name)
        if self._hides(operation, config.created):
            raise client_error(operation, "ValidationException", f'Could not find endpoint configuration "{name}".')
        return config

    def _job(self, operation: str, name: str) -> Any:
        job = super()._job(operation, name)
        if self._hides(operation, job.created):
            raise client_error(operation, "ResourceNotFound", f"Could not find an AutoML job named {name}")
        return job

    def _model(self, operation: str, name: str) -> Hosted:
        model = super()._model(operation, name)
        if self._hides(operation, model.created):
            raise client_error(operation, "ValidationException", f'Could not find model "{model.arn}".')
        return model

    def _run(self, operation: str, name: str) -> Hosted:
        run = super()._run(operation, name)
        if self._hides(operation, run.created):
            raise client_error(operation, "ResourceNotFound", f"Could not find transform job {name}")
        return run

    def _tagged(self, operation: str, params: dict[str, Any]) -> dict[str, str]:
        made: list[Any] = [
            *self.jobs.values(),
            *self.hosted.values(),
            *self.runs.values(),
            *self.served.values(),
        ]
        for each in made:
            if each.arn == params["ResourceArn"]:
                tags: dict[str, str] = {} if self._hides(operation, each.created) else each.tags
                return tags
        raise client_error(operation, "ResourceNotFound", f"no such ARN: {params['ResourceArn']}")


class StepFunctions(Disturbed, Machine):
    """Executions, which the simulation lets look."""

    def start_execution(self, **params: str) -> dict[str, Any]:
        name, given = params["name"], json.loads(params["input"])
        of_runs = params["stateMachineArn"] == MACHINE
        try:
            return super().start_execution(**params)
        finally:  # whether or not the caller heard of it
            if name in self.executions and name not in self.simulation.followed:
                self.simulation.followed.add(name)
                follow = self.simulation.runs.follow if of_runs else self.simulation.follow
                follow(name, given)


class EventBridge(Disturbed, FakeEventBridge):
    """Takes events."""


class S3(Disturbed, ComparingS3):
    """Takes objects."""


class CloudFormation(Disturbed):
    """What the simulation's stacks show."""

    service = "cloudformation"

    def describe_stacks(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeStacks", params):
            stack = self.simulation.stack_of(params["StackName"])
            return {"Stacks": [{"StackStatus": stack.status}]}

    def describe_stack_resource(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeStackResource", params):
            stack, logical_id = self.simulation.stack_of(params["StackName"]), params["LogicalResourceId"]
            if logical_id in stack.waits:
                return {"StackResourceDetail": {"ResourceStatus": stack.waits[logical_id].status}}
            resource = next((each for each in stack.resources if each.logical_id == logical_id), None)
            if resource is None or not resource.status:
                text = f"Resource {logical_id} does not exist for stack {stack.stack_id}"
                raise client_error("DescribeStackResource", "ValidationError", text)
            return {"StackResourceDetail": resource.shown(dates=self.simulation.scenario.dates)}

    def describe_stack_events(self, **params: str) -> dict[str, Any]:
        with self.serving("DescribeStackEvents", params):
            stack = self.simulation.stack_of(params["StackName"])
            page = [
                {
                    "LogicalResourceId": logical_id,
                    "ResourceStatus": status,
                    "Timestamp": EPOCH + timedelta(seconds=time),
                    "ResourceProperties": properties,
                }
                for logical_id, status, properties, time in stack.events[:EVENTS]
            ]
            return {"StackEvents": page}

    def signal_resource(self, **params: str) -> dict[str, Any]:
        with self.serving("SignalResource", params):
            if self.simulation.stack_of(params["StackName"]).signal(params["LogicalResourceId"]):
                return {}
            raise client_error("SignalResource", "ValidationError", "no wait condition waits here")
