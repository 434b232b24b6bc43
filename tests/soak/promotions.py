"""Endpoints to which retrainings promote: what CloudFormation, SageMaker and people do to them, and what must hold."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from constructs_lib.runtime.contract import Decision, OwnerTag, RunDetail, read_owner
from constructs_lib.runtime.retrain_document import CONFIG, MODEL, Document

from ..runtime.fake_hosting import Hosted, ServedEndpoint, arn_of
from ..runtime.fake_sagemaker import client_error
from .scenario import Rollout
from .wishes import HELD_OUT_ROWS, HOLDOUT, champion_of, count_of, physical_id

if TYPE_CHECKING:
    from .scenario import Act
    from .simulation import Simulation
    from .stacks import Resource, Stack

NATIVE = {"config", "endpoint"}
"""Kinds of resources that CloudFormation makes itself."""

CHANGING = {"Creating", "Updating"}
CREATION = 30.0
PATIENCE = 20
"""So often, some seconds apart, CloudFormation asks again for what a changing endpoint refuses."""

AGAIN = 20.0
ANSWERING = 150.0
"""Seconds that a transform job of an evaluation takes."""

Then = Callable[[Mapping[str, Any] | None], None]


@dataclass
class Promoted(ServedEndpoint):
    """An endpoint of a stack with a retraining."""

    foreign_since: float | None = None
    """When somebody else had it serve something; None: it serves what the stack or a run wants."""
    before: tuple[str, str] = ("", "")
    """Status and configuration before the last change, which answers that lag behind still show."""
    changed: float = -1e9

    def change(self, status: str, config: str, now: float) -> None:
        self.before, self.changed = (self.status, self.config), now
        self.status, self.config = status, config


class Promotions:
    """The endpoints of a simulation's stacks."""

    def __init__(self, simulation: "Simulation") -> None:
        self._simulation = simulation
        self._rollouts = iter(simulation.scenario.rollouts)
        self._numbers = 0
        self._told: set[str] = set()
        """What was complained of."""
        if simulation.scenario.holds_out:
            lines = [f"{number},{_truth(number)}" for number in range(HELD_OUT_ROWS)]
            body = "\n".join(["id,churned", *lines]).encode()
            simulation.s3.objects[str(HOLDOUT["Bucket"]), str(HOLDOUT["Key"])] = {"Body": body, "ETag": '"rows"'}

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _complain(self, fault: str) -> None:
        if fault not in self._told:
            self._told.add(fault)
            self._simulation.complain(fault)

    def endpoint(self, stack: "Stack") -> Promoted | None:
        found = self._simulation.sagemaker.endpoints.get(champion_of(stack.number))
        return found if isinstance(found, Promoted) else None

    # What CloudFormation does

    def serve(self, stack: "Stack", resource: "Resource", kind: str, then: Then, *, is_rollback: bool) -> None:
        """A request for a resource that CloudFormation makes itself."""
        simulation = self._simulation
        simulation.tell(f"CloudFormation: {kind} {resource.logical_id} {resource.properties}")

        def answer(*, well: bool) -> None:
            then({"Status": "SUCCESS" if well else "FAILED", "PhysicalResourceId": resource.physical_id})

        if resource.kind == "config":
            well = self._make(stack, resource)
            simulation.at(0.1, lambda: answer(well=well))
        elif kind == "Create":
            self._create(stack, resource, answer)
        else:
            self._update(stack, resource, answer, PATIENCE if is_rollback else 0, is_rollback=is_rollback)

    def remove(self, stack: "Stack", resource: "Resource", name: str, then: Callable[[bool], None]) -> None:
        """CloudFormation deletes it."""
        self._simulation.tell(f"CloudFormation: Delete {name}")
        if resource.kind == "config":
            self._simulation.sagemaker.served.pop(name, None)
            self._simulation.at(0.1, lambda: then(True))
        else:
            self._delete(stack, then, PATIENCE)

    def _make(self, stack: "Stack", resource: "Resource") -> bool:
        sagemaker, model = self._simulation.sagemaker, resource.properties["ModelName"]
        if model not in sagemaker.hosted:
            self._complain(f"the model {model} of the template does not exist when its configuration is made")
            return False
        name = f"Config-{stack.number}-{self._number()}"
        variant = {"VariantName": "AllTraffic", "InstanceType": "ml.m5.large", **resource.properties}
        request = {"EndpointConfigName": name, "ProductionVariants": [variant]}
        now = self._simulation.time.wall()
        sagemaker.served[name] = Hosted(name, arn_of("endpoint-config", name.lower()), request, {}, created=now)
        resource.physical_id = name
        return True

    def _create(self, stack: "Stack", resource: "Resource", answer: Callable[..., None]) -> None:
        simulation, name = self._simulation, champion_of(stack.number)
        resource.physical_id = name
        config = resource.properties["EndpointConfigName"]
        endpoint = Promoted(config, "Creating", simulation.time.wall())
        simulation.sagemaker.endpoints[name] = endpoint

        def finish() -> None:
            endpoint.change("InService", config, simulation.time.now())
            answer(well=True)

        simulation.at(CREATION, finish)

    def _update(
        self, stack: "Stack", resource: "Resource", answer: Callable[..., None], tries: int, *, is_rollback: bool
    ) -> None:
        endpoint, config = self.endpoint(stack), resource.properties["EndpointConfigName"]
        if is_rollback:
            config = stack.config_before
        if endpoint is None:
            self._complain(f"the endpoint of stack {stack.number} is gone when CloudFormation updates it")
            answer(well=False)
        elif endpoint.status in CHANGING and tries:
            self._simulation.at(
                AGAIN, lambda: self._update(stack, resource, answer, tries - 1, is_rollback=is_rollback)
            )
        elif endpoint.status in CHANGING:
            answer(well=False)
        else:
            rollout = Rollout() if is_rollback else next(self._rollouts, Rollout())
            if rollout.ends == "refused":
                answer(well=False)
                return
            endpoint.foreign_since = None
            self.roll(stack, endpoint, config, rollout, lambda: answer(well=True))

    def _delete(self, stack: "Stack", then: Callable[[bool], None], tries: int) -> None:
        endpoint = self.endpoint(stack)
        if endpoint and endpoint.status in CHANGING:
            again = tries - 1
            if again:
                self._simulation.at(AGAIN, lambda: self._delete(stack, then, again))
            else:
                then(False)
            return
        self._simulation.sagemaker.endpoints.pop(champion_of(stack.number), None)
        self._simulation.at(1.0, lambda: then(True))

    # What SageMaker does

    def asked(self, name: str, config: str, began: float) -> None:
        """UpdateEndpoint was called by a run."""
        simulation = self._simulation
        stack = next(each for each in simulation.stacks if champion_of(each.number) == name)
        endpoint = self.endpoint(stack)
        if endpoint is None:
            raise client_error("UpdateEndpoint", "ValidationException", f'Could not find endpoint "{name}".')
        if endpoint.status in CHANGING:
            raise client_error("UpdateEndpoint", "ValidationException", "Cannot update in-progress endpoint")
        for each in (endpoint.config, config):  # the one in service must still be there
            if each not in simulation.sagemaker.served:
                text = f'Could not find endpoint configuration "{each}".'
                raise client_error("UpdateEndpoint", "ValidationException", text)
        if endpoint.foreign_since is not None and endpoint.foreign_since + simulation.scenario.lag < began:
            self._complain(f"a run takes the endpoint {name} away from a person")
        rollout = Rollout() if simulation.is_calm else next(self._rollouts, Rollout())
        if rollout.ends == "refused":
            raise client_error("UpdateEndpoint", "ResourceLimitExceeded", "The account-level service limit is reached")
        endpoint.foreign_since = None  # the run could not know
        self.roll(stack, endpoint, config, rollout, lambda: None)

    def roll(self, stack: "Stack", endpoint: Promoted, config: str, rollout: Rollout, then: Callable[[], None]) -> None:
        """The endpoint changes, or seems to."""
        simulation = self._simulation
        endpoint.change("Updating", endpoint.config, simulation.time.now())

        def settle() -> None:
            if self.endpoint(stack) is not endpoint:
                return
            well = rollout.ends == "works"
            endpoint.change("InService", config if well else endpoint.config, simulation.time.now())
            simulation.tell(f"the endpoint {champion_of(stack.number)} serves {endpoint.config}")
            self.look()
            self.tell(stack, is_told=rollout.is_told)
            then()

        simulation.at(rollout.seconds, settle)

    def tell(self, stack: "Stack", *, is_told: bool) -> None:
        """The event of an endpoint that has changed."""
        if is_told and stack.retraining and stack.retraining.status not in {"", "DELETE_COMPLETE"}:
            detail = {"EndpointName": champion_of(stack.number), "EndpointStatus": "IN_SERVICE"}
            event = {"source": "aws.sagemaker", "id": f"endpoint-{self._number()}", "detail": detail}
            self._simulation.runs.start(stack, Event=event)

    def answers(self, name: str) -> None:
        """A transform job of an evaluation is about to be made."""
        self._simulation.at(ANSWERING, lambda: self._answer(name))

    def _answer(self, name: str) -> None:
        sagemaker, objects = self._simulation.sagemaker, self._simulation.s3.objects
        run = sagemaker.runs.get(name)
        if run is None or run.status != "InProgress":
            return
        model = sagemaker.hosted.get(run.request["ModelName"])
        if model is None:
            self._complain(f"the model of the transform job {name} is gone while it runs")
            return
        job = sagemaker.jobs[job_of(model).lower()]
        skill = job.told["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["Value"] * 100
        said = [_truth(number if number * 37 % 100 < skill else number + 1) for number in range(HELD_OUT_ROWS)]
        source = run.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"].rpartition("/")[2]
        bucket, _, folder = run.request["TransformOutput"]["S3OutputPath"].removeprefix("s3://").partition("/")
        objects[bucket, f"{folder}/{source}.out"] = {"Body": "\n".join(said).encode(), "ETag": '"1"'}
        run.status = "Completed"

    # What people do

    def act(self, act: "Act", stack: "Stack") -> None:
        """Somebody else has the endpoint serve something."""
        endpoint = self.endpoint(stack)
        if endpoint is None or endpoint.status in CHANGING or not stack.status.endswith("_COMPLETE"):
            return
        simulation, now = self._simulation, self._simulation.time.now()
        if act.what == "reverts endpoint":
            endpoint.foreign_since = None
            endpoint.change("InService", physical_id("config", stack), now)
        else:
            model, config = f"mine-{self._number()}", f"mine-config-{self._number()}"
            sagemaker, wall = simulation.sagemaker, simulation.time.wall()
            sagemaker.hosted[model] = Hosted(model, arn_of("model", model), {}, {}, created=wall)
            request = {"EndpointConfigName": config, "ProductionVariants": [{"ModelName": model}]}
            arn = arn_of("endpoint-config", config)
            sagemaker.served[config] = Hosted(config, arn, request, {}, created=wall)
            simulation.watch(
                f"the configuration {config} of a person",
                lambda: (config in sagemaker.served, model in sagemaker.hosted),
            )
            endpoint.foreign_since = now
            endpoint.change("InService", config, now)
        self.tell(stack, is_told=act.who != "nobody")

    # What must hold

    def look(self) -> None:
        """What is in service, and what may have to serve again, is there."""
        for stack in self._simulation.stacks:
            endpoint = self.endpoint(stack) if stack.promotes else None
            if endpoint and self._model_in(endpoint.config) is None:
                self._complain(f"the configuration {endpoint.config} in service, or its model, is gone")
            document = self._simulation.runs.document(stack) if endpoint else None
            if document is None or document.closed or stack.moves:
                continue
            for serving in filter(None, (document.best, document.previous)):
                self._look_at_kept(document, CONFIG, serving.config, self._simulation.sagemaker.served)
                self._look_at_kept(document, MODEL, serving.model, self._simulation.sagemaker.hosted)

    def _look_at_kept(self, document: Document, what: str, name: str, there: Mapping[str, Hosted]) -> None:
        is_of_run = what + name in document.made or (what == CONFIG and name and not name.startswith("Config-"))
        if is_of_run and name not in there:
            self._complain(f"{what}{name}, which serves or has served before, is gone")

    def _model_in(self, config: str) -> Hosted | None:
        sagemaker = self._simulation.sagemaker
        found = sagemaker.served.get(config)
        return sagemaker.hosted.get(found.request["ProductionVariants"][0]["ModelName"]) if found else None

    def look_at_rest(self) -> None:
        """The endpoint serves the champion in the template's shape, unless somebody else has changed it."""
        for stack in self._simulation.stacks:
            endpoint = self.endpoint(stack) if stack.promotes else None
            retraining, document = stack.retraining, self._simulation.runs.document(stack)
            is_there = retraining is not None and retraining.status not in {"", "DELETE_COMPLETE"}
            if document and document.trials:
                self._complain(f"{document.trials} of an evaluation is left")
            if endpoint is None or document is None or not is_there or document.closed:
                continue
            if endpoint.foreign_since is not None:
                if not self._is_left_alone(stack, endpoint.foreign_since):
                    self._complain(f"nobody is told that somebody else has changed {champion_of(stack.number)}")
                continue
            model, followed = self._model_in(endpoint.config), stack.the("followed")
            if endpoint.status != "InService" or model is None or followed is None:
                self._complain(f"the endpoint {champion_of(stack.number)} is {endpoint.status} at rest")
                continue
            if job_of(model) != document.best.job:
                self._complain(
                    f"{champion_of(stack.number)} serves the job {job_of(model)}, and the champion is another"
                )
            [variant] = self._simulation.sagemaker.served[endpoint.config].request["ProductionVariants"]
            if variant["InitialInstanceCount"] != count_of(followed.wish):
                self._complain(f"{champion_of(stack.number)} does not have the shape of the template")

    def _is_left_alone(self, stack: "Stack", since: float) -> bool:
        return any(
            report[RunDetail.DECISION] == Decision.LEFT_ALONE and report["At"] >= since
            for report in self._reports(stack)
        )

    def _reports(self, stack: "Stack") -> list[dict[str, Any]]:
        uri = stack.retraining.physical_id if stack.retraining else ""
        folder = uri.removeprefix("s3://results/")
        found = []
        for (_, key), stored in self._simulation.s3.objects.items():
            if key.startswith(f"{folder}runs/"):
                at = (stored["LastModified"] - self._simulation.time.wall()).total_seconds()
                found.append(json.loads(stored["Body"]) | {"At": self._simulation.time.now() + at})
        return found

    def look_when_left(self, stack: "Stack") -> None:
        """The retraining has left the template: what was the champion goes on in the template's own configuration."""
        document = self._simulation.runs.document(stack)
        followed = stack.the("followed")
        if document is None or followed is None or document.base != followed.properties["JobName"]:
            return
        model = self._model_in(physical_id("config", stack))
        if model is None or job_of(model) != document.best.job:
            self._complain(f"the template of stack {stack.number} has lost the champion of the retraining that left")

    def allowed(self, stack: "Stack") -> set[str]:
        """Names of models and configurations that runs have made, and may be there."""
        document = self._simulation.runs.document(stack)
        made = document.made if document and not document.closed else ()
        endpoint = self.endpoint(stack)
        serving = self._model_in(endpoint.config) if endpoint else None
        return {
            *(thing.partition("/")[2] for thing in made),
            *([endpoint.config] if endpoint else []),
            *([serving.name] if serving else []),
        }

    def look_at_what_is_left(self, stack: "Stack", *, ends: bool) -> None:
        """Configurations and evaluations that nobody owns."""
        if not stack.promotes or self._simulation.is_lost(physical_id("retraining", stack)):
            return
        allowed = set() if ends else {*self.allowed(stack), physical_id("config", stack)}
        for name, config in self._simulation.sagemaker.served.items():
            owner = read_owner(config.tags)
            is_mine = owner.get(OwnerTag.STACK) == stack.stack_id or name.startswith(f"Config-{stack.number}-")
            if is_mine and name not in allowed:
                self._complain(f"the configuration {name} is there and no resource owns it")
        if ends and self.endpoint(stack):
            self._complain(f"the endpoint {champion_of(stack.number)} is there and no resource owns it")
        retraining = stack.retraining
        for run in self._simulation.sagemaker.runs.values():
            owner = read_owner(run.tags)
            is_of_run = retraining and owner.get(OwnerTag.RESOURCE) == retraining.logical_id
            if owner.get(OwnerTag.STACK) == stack.stack_id and is_of_run and run.status == "InProgress":
                self._complain(f"the transform job {run.name} of an evaluation runs and no resource owns it")
        for model in self._simulation.sagemaker.hosted.values():
            owner = read_owner(model.tags)
            is_of_run = retraining and owner.get(OwnerTag.RESOURCE) == retraining.logical_id
            if owner.get(OwnerTag.STACK) == stack.stack_id and is_of_run:
                self._complain(f"the model {model.name} of an evaluation is there and no resource owns it")


def job_of(model: Hosted) -> str:
    """The job whose best candidate a model is."""
    containers = model.request.get("Containers") or [model.request.get("PrimaryContainer", {})]
    return str(containers[0].get("ModelDataUrl", "")).rpartition("/")[2].removesuffix(".tar.gz")


def _truth(number: int) -> str:
    return ("no", "yes")[number % 2]
