"""Read a cloud assembly, and change a job in it as another release of the app would have."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from constructs_lib.runtime.contract import (
    ENDPOINT_CHECK_TYPE,
    MODEL_PACKAGE_TYPE,
    OUTCOME_TYPE,
    RESOURCE_TYPE,
    RESULT_FILE,
    TRANSFORM_TYPE,
    WATCH_TYPE,
    Condition,
    Gate,
    OnMiss,
    OutcomeProperty,
    Property,
    Watch,
)

from .failures import CannotStartError
from .references import origin
from .stacks import Place, Stack, Template, load, replace_in_place, resources, save

_LATE = (OUTCOME_TYPE, ENDPOINT_CHECK_TYPE, TRANSFORM_TYPE, MODEL_PACKAGE_TYPE)
"""What is deployed late: an outcome after the wait, a check after its endpoint, what is made of a best candidate."""

ID_HASH = 12
"""Characters at the end of a wait condition's logical id that another job changes."""

TOUCH = "RehearsalRelease"
"""The beginning of the logical id of what changes a stack that would not change by itself."""

ROOM_IN_NAME = 30
"""What is kept of a job name given by the user (32 characters at most) when it gets a number behind it."""


@dataclass(frozen=True)
class Job:
    """A job as it was synthesized."""

    stack: Stack
    templates: tuple[str, ...]
    """From the stack's template to the (nested) one that holds the job."""

    logical_id: str
    properties: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.stack.path}/{self.logical_id}"

    @classmethod
    def all_of(cls, stack: Stack) -> list[Self]:
        """All jobs of a stack, those of nested stacks too."""
        return [cls(stack, place.templates, place.logical_id, found) for place, found in stack.of(RESOURCE_TYPE)]

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.stack, self.templates, self.logical_id)

    @property
    def request(self) -> dict[str, Any]:
        """The input of the Create call."""
        request = self.properties.get(Property.REQUEST)
        return request if isinstance(request, dict) else {}

    @property
    def can_be_replaced(self) -> bool:
        """A name that is a token cannot be told apart from its successor's."""
        return isinstance(self.request.get("AutoMLJobName", ""), str)

    @property
    def is_followed(self) -> bool:
        """Whether a state machine looks at it until its end."""
        return Property.WATCH in self.properties

    @property
    def conditions(self) -> list[str]:
        """The wait conditions of its own stack at which a deployment waits for it."""
        return _conditions(self._in(self.stack.load(self.templates)))

    def train_again(self, number: int) -> None:
        """What a user does for a new training: another revision, and another name where they gave one.

        What waits for it in other stacks does not know yet: use `Assembly.train_again`.
        """

        def change(template: Template) -> None:
            _renew_conditions(template, self.logical_id, number)
            job = self._in(template)
            job[Property.REVISION] = f"{self.properties.get(Property.REVISION, '')} rehearsal {number}".strip()
            old = job.get(Property.REQUEST, {}).get("AutoMLJobName")
            if isinstance(old, str):
                new = f"{self.request['AutoMLJobName'][:ROOM_IN_NAME].rstrip('-')}-{number}"
                job[Property.REQUEST]["AutoMLJobName"] = new
                # The policies of a job that has a name of its own say that name.
                replace_in_place(template, f'automl-job/{old}"', f'automl-job/{new}"')

        self.stack.edit(self.templates, change)

    def add_tag(self, key: str, value: str) -> None:
        """Tag the job, as `Tags.of(...)` would."""

        def change(template: Template) -> None:
            tags = self._in(template).setdefault(Property.REQUEST, {}).setdefault("Tags", [])
            tags.append({"Key": key, "Value": value})

        self.stack.edit(self.templates, change)

    def add_failure(self, logical_id: str) -> None:
        """Add a resource that surely fails, after all in its stack that waits for the job or serves it.

        It is a wait that nobody ends.
        """

        def change(template: Template) -> None:
            handle = f"{logical_id}Handle"
            waits = [name for name, resource in resources(template).items() if resource.get("Type") in _LATE]
            template["Resources"] |= {
                handle: {"Type": "AWS::CloudFormation::WaitConditionHandle"},
                logical_id: {
                    "Type": "AWS::CloudFormation::WaitCondition",
                    "Properties": {"Handle": {"Ref": handle}, "Timeout": "1", "Count": 1},
                    "DependsOn": [self.logical_id, *waits],
                },
            }

        self.stack.edit(self.templates, change)

    def _in(self, template: Template) -> dict[str, Any]:
        properties: dict[str, Any] = template["Resources"][self.logical_id].setdefault("Properties", {})
        return properties


@dataclass(frozen=True)
class Outcome:
    """What a deployment waits for, and what it makes of it."""

    place: Place
    job: Job
    properties: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.place.stack.path}/{self.place.logical_id}"

    @property
    def has_gate(self) -> bool:
        """Whether the best candidate is judged."""
        return OutcomeProperty.GATE in self.properties

    def result(self, output: str, job_name: str) -> str | None:
        """Where the full result of a job lies that writes to `output`; None if the outcome writes none."""
        if self.properties.get(OutcomeProperty.RESULT) in (True, "true"):
            return f"{output.rstrip('/')}/{job_name}/{RESULT_FILE}"
        return None


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly of our own, to be edited."""

    folder: Path
    stacks: tuple[Stack, ...]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read all stacks, those of stages too."""
        try:
            stacks = tuple(_stacks(folder))
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise CannotStartError(f"{folder.name} is not a cloud assembly: {type(error).__name__}: {error}") from None
        for stack in stacks:
            _check(stack)
        return cls(folder, stacks)

    def outcomes(self, stacks: Iterable[Stack]) -> list[Outcome]:
        """The outcomes in these stacks, but for those of jobs that are not of the app."""
        return [
            Outcome(place, job, properties)
            for stack in stacks
            for place, properties in stack.of(OUTCOME_TYPE)
            if (job := self.job_behind(place, properties))
        ]

    def open_gates(self, stacks: Iterable[Stack]) -> int:
        """Let quality gates that are missed warn; returns how many there are that would have failed."""
        gates = [
            place
            for stack in stacks
            for place, properties in stack.of(OUTCOME_TYPE)
            if properties.get(OutcomeProperty.GATE, {}).get(Gate.ON_MISS) == OnMiss.FAIL
        ]
        for place in gates:
            place.stack.edit(place.templates, partial(_open_gate, logical_id=place.logical_id))
        return len(gates)

    def train_again(self, job: Job, number: int) -> list[Stack]:
        """What another release of the app does for a new training; whatever waits for the job waits again.

        A stack that only reads outputs of a changed one is not deployed, as its own template is the same: it gets a
        change of its own. Returns those stacks.
        """
        job.train_again(number)
        changed = [job.stack]
        for stack in self.stacks:
            for place, properties in list(stack.of(WATCH_TYPE)):
                if self._origin(place, properties) == job.place:
                    stack.edit(place.templates, partial(_renew_conditions, logical_id=place.logical_id, number=number))
                    changed.append(stack)
        touched: list[Stack] = []
        for stack in changed:  # grows meanwhile
            readers = [each for each in self.stacks if each not in changed and stack.name in each.read_stacks()]
            for reader in readers:
                reader.edit((reader.template,), partial(_touch, number=number))
            changed += readers
            touched += readers
        return touched

    def origin(self, value: Any, place: Place) -> Place | None:
        """The resource that a value in the properties of another one comes from, if it is of the app."""
        return origin(value, place.stack, place.templates, self.stacks)

    def job_behind(self, place: Place, properties: dict[str, Any]) -> Job | None:
        """The job that the properties of a resource name, directly or by way of the job's outcome."""
        found = self._origin(place, properties)
        while found and found.resource.get("Type") in (OUTCOME_TYPE, WATCH_TYPE):
            found = self._origin(found, found.resource["Properties"])
        return next((job for job in Job.all_of(found.stack) if job.place == found), None) if found else None

    def _origin(self, place: Place, properties: dict[str, Any]) -> Place | None:
        return self.origin(properties.get(Property.JOB_NAME), place)

    def choose(self, names: Iterable[str]) -> list[Stack]:
        """The stacks of these names and what they depend on; all without names."""
        wanted = list(names)
        if not self.stacks:
            raise CannotStartError("the app has no stack")
        if not wanted:
            return list(self.stacks)
        unknown = [name for name in wanted if not any(name in (stack.path, stack.name) for stack in self.stacks)]
        if unknown:
            known = ", ".join(stack.path for stack in self.stacks)
            raise CannotStartError(f"no stack is called {', '.join(map(repr, unknown))}; the app has: {known}")
        chosen = [stack for stack in self.stacks if stack.path in wanted or stack.name in wanted]
        for stack in chosen:
            chosen += [
                other
                for other in self.stacks
                if other.folder == stack.folder and other.artifact in stack.needs and other not in chosen
            ]
        return chosen


def environment_of(stacks: Iterable[Stack]) -> tuple[str | None, str | None]:
    """The one account and region that the stacks name; None where none does."""
    several = sorted({f"{stack.account or 'any'}/{stack.region or 'any'}" for stack in stacks})
    accounts = {stack.account for stack in stacks} - {None}
    regions = {stack.region for stack in stacks} - {None}
    if len(accounts) > 1 or len(regions) > 1:
        raise CannotStartError(
            f"the app's stacks are for several environments ({', '.join(several)}) and the rehearsal is one account "
            "in one region: choose with --stack"
        )
    return next(iter(accounts), None), next(iter(regions), None)


def _stacks(folder: Path) -> Iterator[Stack]:
    manifest = load(folder / "manifest.json")
    unprotected = False
    for artifact_id, artifact in manifest.get("artifacts", {}).items():
        properties = artifact.get("properties", {})
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(folder / properties["directoryName"])
        elif artifact["type"] == "aws:cloudformation:stack":
            # Termination protection would, rightly, keep the rehearsal from destroying what it deployed.
            unprotected = bool(properties.pop("terminationProtection", False)) or unprotected
            yield _stack(folder, artifact_id, artifact, manifest["artifacts"])
    if unprotected:
        save(folder / "manifest.json", manifest)


def _check(stack: Stack) -> None:
    """Refuse templates that cannot be read, all that is made of them relies on it."""
    try:
        for templates in stack.templates():
            where = f"the template {templates[-1]} of the stack {stack.path}"
            for name, resource in stack.load(templates).get("Resources", {}).items():
                if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
                    raise CannotStartError(f"{where}: the resource '{name}' must be an object with a Type")
                for member in ("Properties", "Metadata"):
                    if not isinstance(resource.get(member, {}), dict):
                        raise CannotStartError(f"{where}: {member} of the resource '{name}' must be an object")
    except OSError as error:
        raise CannotStartError(
            f"a template of the stack {stack.path} cannot be read: {Path(str(error.filename)).name}: {error.strerror}"
        ) from None
    except (ValueError, AttributeError) as error:
        raise CannotStartError(f"a template of the stack {stack.path} is not one in JSON: {error}") from None


def _stack(folder: Path, artifact_id: str, artifact: dict[str, Any], artifacts: dict[str, Any]) -> Stack:
    properties = artifact["properties"]
    needs = tuple(artifact.get("dependencies", ()))
    assets = (artifacts[name] for name in needs if artifacts.get(name, {}).get("type") == "cdk:asset-manifest")
    account, region = artifact["environment"].removeprefix("aws://").split("/")
    return Stack(
        path=artifact.get("displayName", artifact_id),
        name=properties.get("stackName", artifact_id),
        folder=folder,
        artifact=artifact_id,
        template=properties["templateFile"],
        assets=next((asset["properties"]["file"] for asset in assets), None),
        needs=needs,
        account=None if account == "unknown-account" else account,
        region=None if region == "unknown-region" else region,
    )


def _open_gate(template: Template, *, logical_id: str) -> None:
    template["Resources"][logical_id]["Properties"][OutcomeProperty.GATE][Gate.ON_MISS] = OnMiss.WARN


def _touch(template: Template, *, number: int) -> None:
    """Add something that does nothing, in place of what a former release has added."""
    former = [name for name in resources(template) if name.startswith(TOUCH)]
    for name in former:
        del template["Resources"][name]
    template["Resources"][f"{TOUCH}{number}"] = {"Type": "AWS::CloudFormation::WaitConditionHandle"}


def _conditions(properties: dict[str, Any]) -> list[str]:
    conditions = properties.get(Property.WATCH, {}).get(Watch.CONDITIONS, [])
    return [condition[Condition.LOGICAL_ID] for condition in conditions]


def _renew_conditions(template: Template, logical_id: str, number: int) -> None:
    """Call the wait conditions of a resource as another release of the app would: they act when they are created."""
    for old in _conditions(template["Resources"][logical_id].get("Properties", {})):
        renewed = hashlib.sha256(f"{old} {number}".encode()).hexdigest()[:ID_HASH].upper()
        replace_in_place(template, f'"{old}"', f'"{old[:-ID_HASH]}{renewed}"')
