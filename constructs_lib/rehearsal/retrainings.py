"""Retrainings of an app: better and worse rows arrive, somebody approves, and what serves is looked at each time."""

import csv
import io
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

from botocore.exceptions import ClientError

from constructs_lib.runtime.contract import (
    HOLDOUT_FOLDER,
    REPORTS_FOLDER,
    RETRAINING_TYPE,
    STATE_FILE,
    TROUBLE,
    CandidateOfRuns,
    Decision,
    PromotedEndpoint,
    Property,
    Retraining,
    RetrainingData,
    RetrainingHoldout,
    RetrainingTrigger,
    RunDetail,
)

from .account import RUNNING, Account
from .assembly import Assembly, Job
from .endpoints import Endpoint, Endpoints
from .failures import CheckFailedError
from .record import Record
from .sample import files, training_source
from .screen import counted
from .stacks import Place, Stack, Template, resources

OBJECTS: Final = 10
"""So many objects of better rows come at once."""

QUIET: Final = 2
"""Seconds that data have to be quiet in a rehearsal, whatever the app says."""

JOBS: Final = 100
"""A rehearsal's ceiling of jobs in a month, where the app's is lower."""

MOST: Final = 1000
"""So many rows are held out at most where the app has brought none."""

POLL_EVERY = 0.5

_PATIENCE: Final = 300.0
"""Seconds that a run may take here."""

_SCHEDULE: Final = "AWS::Scheduler::Schedule"
_GROUP: Final = "AWS::SageMaker::ModelPackageGroup"
_TARGETS: Final = {"TabularJobConfig": "TargetAttributeName", "TextClassificationJobConfig": "TargetLabelColumn"}
"""What names the column that is learned, by the kind of a job whose rows can be told apart here."""

_WON: Final = (Decision.PROMOTED, Decision.REGISTERED, Decision.WAITS)


@dataclass(frozen=True)
class Repeated:
    """A retraining of an app."""

    place: Place
    job: Job
    endpoint: Endpoint | None
    """What it promotes, if that serves the job."""

    def __str__(self) -> str:
        return str(self.place)

    @property
    def properties(self) -> dict[str, Any]:
        """What the template says of it."""
        found: dict[str, Any] = self.place.resource.get("Properties", {})
        return found

    @property
    def waits_for_approval(self) -> bool:
        """Whether somebody has to approve a winner."""
        request = self.properties.get(Retraining.REGISTRY, {}).get(Property.REQUEST, {})
        return bool(request) and request.get("ModelApprovalStatus") != "Approved"

    @property
    def group(self) -> str:
        """The group of the registry that its winners join; empty if there is none, or if it is not known yet."""
        request = self.properties.get(Retraining.REGISTRY, {}).get(Property.REQUEST, {})
        name = request.get("ModelPackageGroupName", "")
        return name.rpartition("/")[2] if isinstance(name, str) else ""


def find(assembly: Assembly, stacks: Iterable[Stack], endpoints: Iterable[Endpoint]) -> list[Repeated]:
    """The retrainings in these stacks, each with the endpoint among these that it promotes."""
    served = list(endpoints)
    return [
        Repeated(place, job, _promoted(assembly, place, properties, served))
        for stack in stacks
        for place, properties in stack.of(RETRAINING_TYPE)
        if (job := assembly.job_behind(place, properties))
    ]


def _promoted(
    assembly: Assembly, place: Place, properties: Mapping[str, Any], served: Iterable[Endpoint]
) -> Endpoint | None:
    config = assembly.origin(properties.get(Retraining.ENDPOINT, {}).get(PromotedEndpoint.CONFIG), place)
    return next((each for each in served if config and _config_of(assembly, each) == config), None)


def _config_of(assembly: Assembly, endpoint: Endpoint) -> Place | None:
    return assembly.origin(endpoint.place.resource["Properties"].get("EndpointConfigName"), endpoint.place)


class Retrainings:
    """Has runs begin, and looks at what becomes of them."""

    def __init__(
        self, found: Sequence[Repeated], assembly: Assembly, account: Account, record: Record, endpoints: Endpoints
    ) -> None:
        self._found = found
        self._assembly = assembly
        self._account = account
        self._record = record
        self._endpoints = endpoints
        self._shapes = 0

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def groups(self) -> set[str]:
        """The groups of the registry that runs register in: a registry is a record, and stays."""
        return {each.group for each in self._found} - {""}

    # Before anything is deployed

    def make_ready(self, stacks: Iterable[Stack]) -> None:
        """Change the assembly so that runs need no days: `Shortened` in the closing lines says what."""
        if not self._found:
            return
        for stack in stacks:
            for templates in list(stack.templates()):
                if any(resource.get("Type") in (RETRAINING_TYPE, _SCHEDULE) for resource in _all(stack, templates)):
                    stack.edit(templates, _shorten)
        self._record.is_hurried = True
        made = {properties.get("ModelPackageGroupName") for stack in stacks for _, properties in stack.of(_GROUP)}
        for group in sorted(self.groups - made):
            if self._account.make_group(group):
                self._record.say(f"the app does not make the group {group} of the registry: here it is made")

    # Runs

    @cached_property
    def _lives(self) -> "list[_Life]":
        return [_Life(each, self._account, self._record, self._endpoints) for each in self._found]

    def rehearse(self) -> None:
        """Better rows, an approval where one is asked for, worse rows; the bucket is then as it was."""
        for life in self._lives:
            life.walk()

    @property
    def passing(self) -> list[str]:
        """Where runs have models answer a holdout: nothing of that stays."""
        return [life.passing for life in self._lives]

    def settle(self) -> None:
        """Wait until nothing runs, and check that nothing went wrong meanwhile, as after a deployment."""
        for life in self._lives:
            life.settle()

    @property
    def planned(self) -> int:
        """How many steps `rehearse` comes to, as far as it is known before."""
        return sum(3 if each.waits_for_approval else 2 for each in self._found)

    @property
    def promotes(self) -> bool:
        """Whether there is an endpoint that winners take over."""
        return any(each.endpoint for each in self._found)

    def reshape(self) -> None:
        """Let each promoted endpoint serve in another shape from the next deployment on."""
        self._shapes += 1
        for each in (each for each in self._found if each.endpoint):
            logical_id = each.properties[Retraining.ENDPOINT][PromotedEndpoint.MODEL_ID]
            config = _config_of(self._assembly, each.endpoint) if each.endpoint else None
            if config is None or config.templates != each.place.templates:
                continue
            change = partial(_reshape, model=logical_id, config=config.logical_id, number=self._shapes)
            config.stack.edit(config.templates, change)

    def begin_last(self) -> None:
        """Start a run as a schedule would, and wait until its job trains: the stack is destroyed in its middle."""
        life = self._lives[0]
        life.start("schedule")
        name = life.training_job()
        self._record.expect(
            bool(name), f"{life} trains {name}: in its middle the stack is destroyed", f"{life} has begun no job"
        )


class _Life:
    """One retraining, as it is deployed."""

    def __init__(self, retraining: Repeated, account: Account, record: Record, endpoints: Endpoints) -> None:
        self._retraining = retraining
        self._account = account
        self._record = record
        self._endpoints = endpoints
        self._folder = account.physical_id(retraining.place)
        self._seen = set(self._reports())

    def __str__(self) -> str:
        return str(self._retraining)

    @property
    def _document(self) -> dict[str, Any]:
        found = self._account.read(self._folder + STATE_FILE)
        document: dict[str, Any] = json.loads(found or b"{}")
        return document

    @property
    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = self._document["settings"]
        return settings

    @property
    def passing(self) -> str:
        """Where models answer a holdout."""
        return self._folder + HOLDOUT_FOLDER

    @property
    def _holdout(self) -> str:
        """Where the rows are by which models are judged; empty if there are none."""
        place = self._settings.get(Retraining.HOLDOUT)
        return f"s3://{place[RetrainingHoldout.BUCKET]}/{place[RetrainingHoldout.KEY]}" if place else ""

    def _reports(self) -> list[str]:
        return sorted(self._account.objects(self._folder + REPORTS_FOLDER))

    def start(self, cause: str) -> None:
        """Start a run, as a schedule or somebody does."""
        given: dict[str, object] = {RetrainingTrigger.RETRAINING: self._folder, RetrainingTrigger.CAUSE: cause}
        self._account.start_execution(self._settings[Retraining.STATE_MACHINE], given)

    def training_job(self) -> str:
        """The job that a run trains, once it does."""
        patience = time.monotonic() + _PATIENCE
        while time.monotonic() < patience:
            running = self._document.get("running") or {}
            if running.get("job") and self._account.jobs().get(running["job"]) in RUNNING:
                return str(running["job"])
            time.sleep(POLL_EVERY / 5)
        return ""

    def settle(self, meanwhile: Callable[[], None] = lambda: None) -> list[dict[str, Any]]:
        """Wait until nothing runs; the new reports of runs, none of which went wrong."""
        patience, quiet = time.monotonic() + _PATIENCE, 0
        while quiet < 2:  # an event may be on its way when an execution ends
            if time.monotonic() > patience:
                raise CheckFailedError(f"{self} does not come to its end: {self._document.get('running')}")
            meanwhile()
            document = self._document
            is_quiet = not document.get("running") and not document.get("pending") and not self._account.executions()
            quiet = quiet + 1 if is_quiet else 0
            time.sleep(POLL_EVERY)
        return self._new_reports()

    def _new_reports(self) -> list[dict[str, Any]]:
        new = [uri for uri in self._reports() if uri not in self._seen]
        self._seen |= set(new)
        told = [json.loads(self._account.read(uri) or b"{}") for uri in new]
        for report in told:
            causes, reason = ", ".join(report[RunDetail.CAUSES]), report[RunDetail.REASON]
            said = f"{report[RunDetail.DECISION]}{f': {reason}' if reason else ''}"
            self._record.say(f"run because of {causes}: {said}")
            if report[RunDetail.DECISION] in TROUBLE:
                raise CheckFailedError(f"a run of {self} ended {said}")
        return told

    # Rows that come

    def walk(self) -> None:
        """Let rows come, and see what is promoted."""
        rows = self._rows()
        if rows is None:
            with self._record.step("a run by hand"):
                self._record.not_shown.append(
                    f"new rows that {self} learns from: what its job reads is no CSV below a prefix"
                )
                self.start("by hand")
                self._follow("the run by hand")
            return
        written: list[str] = []
        try:
            with self._record.step(f"better rows come, {counted(OBJECTS, 'object')} at once"):
                self._hold_out(rows, written)
                self._put(rows, _parts(rows.better(), OBJECTS), "better", written)
                report = self._follow(counted(OBJECTS, "object"))
                if report[RunDetail.DECISION] not in _WON:
                    self._record.not_shown.append(f"a better model of {self}: {report[RunDetail.REASON]}")
            self._approve(report)
            with self._record.step("worse rows come"):
                self._put(rows, [rows.worse()], "worse", written)
                report = self._follow("an object")
                if report[RunDetail.DECISION] in _WON:
                    self._record.not_shown.append(f"a worse model of {self}: labels of other rows made a better one")
            self._approve(report)
        finally:
            self._account.remove(written)

    def _rows(self) -> "_Rows | None":
        """What the job has learned from, if more of it can be put beside it."""
        job = self._account.describe(self._account.name_of(self._retraining.job))
        [(kind, problem)] = job["AutoMLProblemTypeConfig"].items()
        target = problem.get(_TARGETS.get(kind, ""))
        source = training_source(job)
        data = self._settings.get(Retraining.DATA)
        place = f"s3://{data[RetrainingData.BUCKET]}/{data[RetrainingData.PREFIX]}" if data else source["S3Uri"]
        found = list(files(self._account, source))
        if target is None or source["S3DataType"] != "S3Prefix" or place in found:
            return None
        tables = [
            _csv(self._account.read(uri) or b"")
            for channel in job["AutoMLJobInputDataConfig"]
            for uri in files(self._account, channel["DataSource"]["S3DataSource"])
        ]
        header = tables[0][0] if tables and tables[0] else []
        if target not in header or any(not table or table[0] != header for table in tables):
            return None
        learned = [row for table in tables for row in table[1:]]
        return _Rows(place, header, target, learned + self._held_out(header, target))

    def _held_out(self, header: list[str], target: str) -> list[list[str]]:
        """The rows of the holdout, their columns as the job reads them."""
        names, *rows = _csv((self._holdout and self._account.read(self._holdout)) or b"") or [[]]
        names = [name.strip("\ufeff \t") for name in names]
        if target not in names or len(names) != len(header):
            return []
        place, column = names.index(target), header.index(target)
        found = []
        for row in rows:
            others = [*row[:place], *row[place + 1 :]]
            found.append([*others[:column], *row[place : place + 1], *others[column:]])
        return [row for row in found if len(row) == len(header)]

    def _hold_out(self, rows: "_Rows", written: list[str]) -> None:
        """Have rows held out where the app has brought none: the job's own, which no model finds new."""
        if not self._holdout or self._account.read(self._holdout) is not None:
            return
        least = int(self._settings[Retraining.HOLDOUT][RetrainingHoldout.MINIMUM_ROWS])
        times = -(-least // max(1, len(rows.rows)))
        try:
            self._account.write(self._holdout, _text([rows.header, *(rows.rows * times)[: max(least, MOST)]]))
        except ClientError as error:
            raise CheckFailedError(
                f"the holdout {self._holdout} of {self} cannot be made: {error}; bring it with "
                f"--seed {self._holdout}=LOCAL"
            ) from error
        written.append(self._holdout)
        self._record.not_shown.append(
            f"a fair judgement of {self}: nothing lay at {self._holdout}, so rows that both models have learned from "
            "stood there"
        )

    def _put(self, rows: "_Rows", tables: Sequence[Sequence[Sequence[str]]], name: str, written: list[str]) -> None:
        for number, table in enumerate(tables, 1):
            uri = f"{rows.place}rehearsal-{name}-{number}.csv"
            written.append(uri)
            self._account.write(uri, _text(table))
        if Retraining.DATA not in self._settings:
            self.start("by hand")

    def _follow(self, what: str) -> dict[str, Any]:
        """Wait for the run that something starts; returns its report."""
        before = self._account.jobs()
        asking = self._endpoints.ask_meanwhile()
        told = self.settle(asking)
        made = self._account.jobs().keys() - before.keys()
        trained = [report for report in told if report[RunDetail.JOB_NAME]]
        jobs = ", ".join(report[RunDetail.JOB_NAME] for report in trained)
        self._record.expect(
            len(trained) == 1 and len(made) == 1,
            f"{what} made one run, with one job: {jobs}",
            f"{what} should have made one run with one job; runs tell of {jobs or 'none'}, and made were "
            f"{', '.join(sorted(made)) or 'none'}",
        )
        self._endpoints.expect_answered(asking, "the run")
        [report] = trained
        decision, ruling = report[RunDetail.DECISION], report.get("Ruling", report[RunDetail.REASON])
        self._record.expect(
            decision in (*_WON, Decision.KEPT), f"the run ended {decision}: {ruling}", f"the run ended {decision}"
        )
        self._judged(report)
        self._look(told)
        return report

    def _judged(self, report: Mapping[str, Any]) -> None:
        """Check that models have answered the holdout, and that nothing of that is left."""
        if not self._holdout:
            return
        judged = report.get("Holdout", {})
        who = "both models" if "Champion" in judged else "the new model"
        self._record.expect(
            "Challenger" in judged,
            f"{who} answered the {counted(judged.get('Rows', 0), 'row')} of the holdout",
            f"no model answered the holdout {self._holdout}",
        )
        left = [*self._document.get("trials", ()), *self._account.objects(self.passing)]
        self._record.expect(
            not left,
            "nothing that this took is left",
            f"what models answered the holdout with is left: {', '.join(left)}",
        )

    def _approve(self, report: Mapping[str, Any]) -> None:
        """A person approves the version that waits; the promotion follows."""
        if report[RunDetail.DECISION] != Decision.WAITS:
            return
        with self._record.step("somebody approves the version"):
            self._record.say("until then what was in service serves")
            package = report["Package"]
            self._account.approve(package)
            asking = self._endpoints.ask_meanwhile()
            told = self.settle(asking)
            decided = [each[RunDetail.DECISION] for each in told]
            self._record.expect(
                Decision.PROMOTED in decided or Decision.REGISTERED in decided,
                f"{'/'.join(package.split('/')[1:])} was approved, and took over",
                f"{package} was approved, and the runs after it ended {', '.join(decided) or 'not at all'}",
            )
            self._endpoints.expect_answered(asking, "the change of models")
            self._look(told, won=report[RunDetail.JOB_NAME])

    def _look(self, told: Iterable[Mapping[str, Any]], won: str = "") -> None:
        """Look at what serves now: the job of the last promotion."""
        if self._retraining.endpoint is None:
            return
        for report in told:
            if report[RunDetail.DECISION] == Decision.PROMOTED:
                promoted = report.get("Target", {}).get("Job") or won
                self._endpoints.champions[self._retraining.endpoint.place] = promoted
        self._endpoints.check()


@dataclass(frozen=True)
class _Rows:
    """What a job has learned from, and what it is judged by."""

    place: str
    """Where rows can be put beside it."""

    header: list[str]
    target: str
    rows: list[list[str]]

    def better(self) -> list[list[str]]:
        """All of them: whoever has seen a row knows it better."""
        return [self.header, *self.rows]

    def worse(self) -> list[list[str]]:
        """All of them with the labels of others."""
        column, half = self.header.index(self.target), len(self.rows) // 2
        labels = sorted(row[column] for row in self.rows)
        labels = [label for pair in zip(labels[:half], reversed(labels[half:]), strict=False) for label in pair]
        labels += [row[column] for row in self.rows[len(labels) :]]
        return [
            self.header,
            *([*row[:column], label, *row[column + 1 :]] for row, label in zip(self.rows, labels, strict=True)),
        ]


def _parts(table: list[list[str]], number: int) -> list[list[list[str]]]:
    header, *rows = table
    return [[header, *rows[part::number]] for part in range(number)]


def _csv(content: bytes) -> list[list[str]]:
    """The rows of a CSV; none of anything else."""
    try:
        return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        return []


def _text(table: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(table)
    return text.getvalue().encode()


def _all(stack: Stack, templates: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    return resources(stack.load(templates)).values()


def _shorten(template: Template) -> None:
    """Let data be quiet at once and train as often as they come; let no ceiling be reached, and no schedule begin."""
    for resource in resources(template).values():
        properties = resource.get("Properties", {})
        if resource.get("Type") == RETRAINING_TYPE:
            if data := properties.get(Retraining.DATA):
                data |= {RetrainingData.QUIET: QUIET, RetrainingData.EVERY: 0}
            properties[Retraining.MAX_JOBS] = max(JOBS, int(properties.get(Retraining.MAX_JOBS, 0)))
        elif resource.get("Type") == _SCHEDULE and RetrainingTrigger.RETRAINING in json.dumps(properties.get("Target")):
            properties["State"] = "DISABLED"


def _reshape(template: Template, *, model: str, config: str, number: int) -> None:
    """One instance more, or one request at a time more; and what says so to the model."""
    resource = template["Resources"][model]
    resource["Properties"][CandidateOfRuns.SHAPE] = f"{resource['Properties'][CandidateOfRuns.SHAPE]}-{number}"
    for variant in template["Resources"][config]["Properties"]["ProductionVariants"]:
        if "ServerlessConfig" in variant:
            serverless = variant["ServerlessConfig"]
            most = int(serverless["MaxConcurrency"])
            serverless["MaxConcurrency"] = most - 1 if most > 1 else most + 1
        else:
            variant["InitialInstanceCount"] = int(variant.get("InitialInstanceCount", 1)) + 1
