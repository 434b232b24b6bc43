"""What the endpoints of an app's stacks serve, and whether their answers are true."""

import json
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.runtime.contract import MODEL_TYPE, CandidateProperty

from .account import Account, EndpointState
from .assembly import Assembly, Job
from .failures import CheckFailedError
from .record import Answered, Record
from .sample import Question, question
from .stacks import Place, Stack
from .training.serving import OUTPUT_VARIABLE, Server

ENDPOINT: Final = "AWS::SageMaker::Endpoint"
CSV, JSON = "text/csv", "application/json"

ASK_EVERY = 0.25
"""Seconds between two requests while a deployment is under way."""

POLL_EVERY = 0.2
PATIENCE = 30.0
"""Seconds that an answer by way of S3 may take."""

SHOWN = 80
"""Characters of an answer that are shown."""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that serves the best candidate of one of the app's jobs."""

    place: Place
    job: Job
    response_keys: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.place.stack.path}/{self.place.logical_id}"


def find(assembly: Assembly, stacks: Iterable[Stack]) -> tuple[list[Endpoint], list[str]]:
    """The endpoints in these stacks, and what those are called that serve something else than a job's candidate."""
    places = [place for stack in stacks for place, _ in stack.of(ENDPOINT)]
    found = {place: _served(assembly, place) for place in places}
    others = [f"{place.stack.path}/{place.logical_id}" for place, endpoint in found.items() if endpoint is None]
    return [endpoint for endpoint in found.values() if endpoint], others


def _served(assembly: Assembly, place: Place) -> Endpoint | None:
    config = assembly.origin(place.resource["Properties"].get("EndpointConfigName"), place)
    if config is None:
        return None
    variants = config.resource.get("Properties", {}).get("ProductionVariants", ())
    for variant in variants:
        model = assembly.origin(variant.get("ModelName"), config)
        if model is None or model.resource["Type"] != MODEL_TYPE:
            continue
        properties = model.resource["Properties"]
        if job := assembly.job_behind(model, properties):
            return Endpoint(place, job, tuple(properties.get(CandidateProperty.RESPONSE_KEYS, ())))
    return None


class Endpoints:
    """Looks at endpoints and asks them, as clients of the account would."""

    def __init__(self, endpoints: Sequence[Endpoint], account: Account, record: Record) -> None:
        self._endpoints = endpoints
        self._account = account
        self._record = record
        self._truths: dict[tuple[str, Place], tuple[Question, dict[str, str]]] = {}
        self._names: dict[Place, str] = {}
        self.champions: dict[Place, str] = {}
        """The jobs of those endpoints that a retraining has promoted another one's model to."""

    def __bool__(self) -> bool:
        return bool(self._endpoints)

    def check(self) -> None:
        """Check that each serves the best candidate of its champion, or of what its job is now, with true answers."""
        for endpoint in self._endpoints:
            self._check(endpoint)

    def ask_meanwhile(self) -> "Meanwhile":
        """Asks those that answer at once again and again, while something else goes on."""
        asked = [(self._state(endpoint), self._truth(endpoint)[0]) for endpoint in self._endpoints]
        return Meanwhile(self._account, [(state, what) for state, what in asked if not state.output])

    def expect_answered(self, meanwhile: "Meanwhile", during: str) -> None:
        """Check that none of these requests was turned away."""
        if not meanwhile.endpoints:
            return
        asked = f"{', '.join(meanwhile.endpoints)}: asked {meanwhile.asked} times during {during}"
        self._record.expect(
            meanwhile.asked > 0 and not meanwhile.failures,
            f"{asked}, always answered",
            f"{asked}, and not answered {len(meanwhile.failures)} times: {next(iter(meanwhile.failures), 'no reason')}",
        )
        for answered in self._record.answered:
            answered.asked_meanwhile += meanwhile.asked_of(answered.endpoint)

    def _check(self, endpoint: Endpoint) -> None:
        state = self._state(endpoint)
        name = self._names.setdefault(endpoint.place, state.name)
        self._record.expect(
            state.name == name and state.status == "InService",
            f"endpoint {name} is InService",
            f"endpoint {state.name}{'' if state.name == name else f' (was {name})'} is {state.status}: {state.reason}",
        )
        job = self._job_of(endpoint)
        candidate, artifacts = self._account.best_model(job)
        self._record.expect(
            bool(artifacts) and state.model_data == set(artifacts),
            f"it serves {candidate}, the best candidate of {job}",
            f"endpoint {name} should serve {candidate}, the best candidate of {job}, and serves "
            f"{', '.join(sorted(state.model_data)) or 'nothing'}",
        )
        asked, truth = self._truth(endpoint)
        for accept, kind in ((CSV, "CSV"), (JSON, "JSON")):
            answer = self._ask(state, asked, accept)
            self._record.expect(
                answer == truth[accept],
                f"asked for {asked.about}, it answers as the model itself, in {kind}: {shown(answer)}",
                f"endpoint {name}, asked for {asked.about}, answers in {kind}: {shown(answer) or 'nothing'}; "
                f"the model itself says: {shown(truth[accept])}",
            )
        if endpoint.response_keys:
            self._expect_keys(endpoint, name, truth[JSON])
        self._note(Answered(name, [job], candidate, endpoint.response_keys, asked.about, shown(truth[CSV])))

    def _job_of(self, endpoint: Endpoint) -> str:
        return self.champions.get(endpoint.place) or self._account.name_of(endpoint.job)

    def _expect_keys(self, endpoint: Endpoint, name: str, answer: str) -> None:
        said = json.loads(answer)
        held = {tuple(each) for each in said.get("predictions", [said])}  # of an image it is one object
        wanted = ", ".join(endpoint.response_keys)
        self._record.expect(
            held == {endpoint.response_keys},
            f"answers hold what was asked for: {wanted}",
            f"answers of endpoint {name} should hold {wanted}, and hold {' or '.join(map(', '.join, sorted(held)))}",
        )

    def _note(self, answered: Answered) -> None:
        before = next((each for each in self._record.answered if each.endpoint == answered.endpoint), None)
        if before is None:
            self._record.answered.append(answered)
        elif before.jobs[-1] != answered.jobs[-1]:
            before.jobs += answered.jobs

    def _state(self, endpoint: Endpoint) -> EndpointState:
        arn = self._account.physical_id(endpoint.place)
        return self._account.endpoint(arn.rpartition("/")[2])

    def _truth(self, endpoint: Endpoint) -> tuple[Question, dict[str, str]]:
        """What to ask, and what the trained model answers where nothing but the model is: by content type."""
        job = self._job_of(endpoint)
        if (job, endpoint.place) not in self._truths:
            asked = question(self._account, job)
            _, artifacts = self._account.best_model(job)
            content = self._account.read(artifacts[0]) if artifacts else None
            if content is None:
                raise CheckFailedError(f"the best candidate of {job} has no model that could be asked itself")
            self._truths[job, endpoint.place] = asked, _predicted(content, endpoint.response_keys, asked)
        return self._truths[job, endpoint.place]

    def _ask(self, state: EndpointState, asked: Question, accept: str) -> str:
        if not state.output:
            return self._account.invoke(state.name, asked.body, asked.content_type, accept)
        deadline = time.monotonic() + PATIENCE
        with closing(self._account.invoke_by_s3(state, asked.body, asked.content_type, accept)) as answers:
            for answer in answers:
                if answer is not None:
                    return answer
                if time.monotonic() > deadline:
                    break
                time.sleep(POLL_EVERY)
        raise CheckFailedError(f"endpoint {state.name} has written no answer to S3 within {PATIENCE:g} seconds")


@dataclass
class Meanwhile:
    """Asks endpoints again and again; to be called often."""

    account: Account
    _asked_about: Sequence[tuple[EndpointState, Question]]
    failures: list[str] = field(default_factory=list)
    _asked: dict[str, int] = field(default_factory=dict)
    _next: float = 0.0

    @property
    def endpoints(self) -> list[str]:
        """Those that are asked."""
        return [state.name for state, _ in self._asked_about]

    @property
    def asked(self) -> int:
        """How many requests there were."""
        return sum(self._asked.values())

    def asked_of(self, endpoint: str) -> int:
        """How many requests there were to an endpoint."""
        return self._asked.get(endpoint, 0)

    def __call__(self) -> None:
        """Ask, if it is time to."""
        if time.monotonic() < self._next:
            return
        for state, asked in self._asked_about:
            self._asked[state.name] = self.asked_of(state.name) + 1
            try:
                self.account.invoke(state.name, asked.body, asked.content_type)
            except (BotoCoreError, ClientError) as error:
                self.failures.append(str(error))
        self._next = time.monotonic() + ASK_EVERY


def _predicted(content: bytes, response_keys: Iterable[str], asked: Question) -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="truth-") as folder:
        archive = Path(folder) / "model.tar.gz"
        archive.write_bytes(content)
        server = Server.start(archive, {OUTPUT_VARIABLE: ",".join(response_keys)})
        try:
            return {
                accept: server.predict(asked.body, asked.content_type, accept)[0].decode() for accept in (CSV, JSON)
            }
        finally:
            server.stop()


def shown(answer: str) -> str:
    """An answer on one line that is not too long."""
    text = " | ".join(answer.splitlines())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
