"""Champion and challenger answer the same rows, each in a batch transform job; of what that takes nothing stays."""

import ast
import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from . import candidate, log, model, transform
from .candidate import Wanted
from .clients import Aws, Reply
from .contract import (
    CLASS_METRICS,
    HOLDOUT_FOLDER,
    HOSTED_NAME_LENGTH,
    MOST_HOLDOUT_MIB,
    MOST_HOLDOUT_ROWS,
    TWO_CLASS_METRICS,
    JobStatus,
    Property,
    Retraining,
    RetrainingHoldout,
)
from .description import Description
from .event import Event
from .failure import Failure, code, is_denied, is_taken
from .owned import Kind, Thing
from .retrain_document import MODEL, Document
from .retrain_scores import Value, compare, is_known, label, of_chances, of_classes, of_numbers, positive_class
from .retrain_store import Store
from .retry import Clock, patiently
from .shapes import read_number
from .spec import generated_name, name_prefix, sha256, users_tags
from .tags import tag_list

_KINDS = {"transform": transform.JOBS, "model": model.MODELS}
_FILES = "files"
_ROWS = "rows.csv"
_TRUTH = "truth.json"
_CSV = "text/csv"
_COPY = 12
_MIB = 1024 * 1024
_CHANCES = ("probabilities", "labels")
_CLASS = "predicted_label"


class StoppedError(Exception):
    """Somebody has stopped a transform job."""


@dataclass(frozen=True, slots=True)
class Holdout:
    """What is asked for."""

    bucket: str
    key: str
    target: str
    confidence: float
    minimum_rows: int
    instance_type: str
    prefix: str

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Holdout":
        """Read `Retraining.HOLDOUT`."""
        given: Mapping[str, Any] = settings[Retraining.HOLDOUT]
        return cls(
            bucket=str(given[RetrainingHoldout.BUCKET]),
            key=str(given[RetrainingHoldout.KEY]),
            target=str(given[RetrainingHoldout.TARGET]),
            confidence=float(read_number(given[RetrainingHoldout.CONFIDENCE]) or 0),
            minimum_rows=int(read_number(given[RetrainingHoldout.MINIMUM_ROWS]) or 0),
            instance_type=str(given[RetrainingHoldout.INSTANCE_TYPE]),
            prefix=name_prefix({Property.NAME_PREFIX: given[RetrainingHoldout.NAME_PREFIX]}, HOSTED_NAME_LENGTH),
        )

    @property
    def uri(self) -> str:
        """Where it lies."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Rows:
    """A holdout, cut in two."""

    features: bytes
    """CSV without a header and without the target."""
    truth: list[str]


def cut(text: bytes, holdout: Holdout) -> Rows:
    """Cut a CSV file with a header into what models see, and the target.

    Raises:
        Failure: It is no such file, or has too few rows or too many.
    """
    try:
        lines = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""), strict=True)
        return _cut(lines, holdout)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Failure(f"the holdout {holdout.uri} is no CSV file in UTF-8: {error}") from error


def _cut(lines: Iterable[list[str]], holdout: Holdout) -> Rows:
    rows = iter(lines)
    header = [name.strip() for name in next(rows, [])]
    if header.count(holdout.target) != 1:
        raise Failure(
            f"the first line of the holdout {holdout.uri} must name the columns, with the target '{holdout.target}' "
            f"once, got {', '.join(header)[:200]}"
        )
    place = header.index(holdout.target)
    features, truth = io.StringIO(newline=""), list[str]()
    writer = csv.writer(features, lineterminator="\n")
    for number, row in enumerate(rows, 2):
        if not row:
            continue
        if len(row) != len(header):
            raise Failure(f"row {number} of the holdout {holdout.uri} has {len(row)} values, not {len(header)}")
        if not row[place].strip():
            raise Failure(f"row {number} of the holdout {holdout.uri} has no '{holdout.target}': leave it out")
        if any("\n" in value or "\r" in value for value in row):
            raise Failure(
                f"row {number} of the holdout {holdout.uri} has a line break in a value, where it would be cut"
            )
        truth.append(row.pop(place))
        writer.writerow(row)
        if len(truth) > MOST_HOLDOUT_ROWS:
            raise Failure(f"the holdout {holdout.uri} has more than {MOST_HOLDOUT_ROWS} rows: take a sample of them")
    if len(truth) < holdout.minimum_rows:
        raise Failure(
            f"the holdout {holdout.uri} has {len(truth)} rows, and less than {holdout.minimum_rows} "
            "('minimum_rows') say little about a difference"
        )
    return Rows(features.getvalue().encode(), truth)


class Evaluation:
    """The evaluation of one run."""

    def __init__(self, document: Document, event: Event, store: Store, aws: Aws, clock: Clock, *, metric: str) -> None:
        """Make nothing yet.

        Args:
            document: The retraining.
            event: As whom models and transform jobs are made.
            store: Where the copy of the rows lies.
            aws: The services.
            clock: The time of this call.
            metric: What is computed.

        Raises:
            Failure: It cannot be computed.
        """
        if not is_known(metric):
            raise Failure(f"'{metric}' cannot be computed of answers ('evaluate_on'): judge another metric")
        self.holdout = Holdout.of(document.settings)
        self._request: Mapping[str, Any] = document.settings[Property.REQUEST]
        self._metric = metric
        self._event = event
        self._folder = f"{HOLDOUT_FOLDER}{event.request_id}/"
        self._copy = ""
        self._store = store
        self._aws = aws
        self._clock = clock

    # The rows

    @property
    def files(self) -> str:
        """What the document calls the copy."""
        return f"{self._event.request_id}/{_FILES}/"

    def prepare(self) -> dict[str, Any]:
        """Copy the rows, once for both models; returns what the report says of them."""
        body, version = self._read()
        rows = cut(body, self.holdout)
        if self._metric in TWO_CLASS_METRICS:  # nobody has to pay to hear that there are not two
            positive_class([label(each) for each in rows.truth], self._metric, is_tuned=False)
        copy = sha256([self.holdout.uri, version, rows.truth, rows.features.decode()]).hex()[:_COPY]
        self._store.write(f"{self._folder}{copy}/{_ROWS}", rows.features, _CSV)
        self._store.write(f"{self._folder}{copy}/{_TRUTH}", json.dumps(rows.truth).encode(), "application/json")
        return {"Uri": self.holdout.uri, "ETag": version, "Rows": len(rows.truth), "Copy": copy}

    def use(self, copy: str) -> None:
        """Have models answer that copy, as `prepare` has called it."""
        self._copy = f"{self._folder}{copy}/"

    def _read(self) -> tuple[bytes, str]:
        holdout = self.holdout

        def call() -> Reply:
            return self._aws.documents.get_object(Bucket=holdout.bucket, Key=holdout.key)

        try:
            reply = patiently(call, self._clock, repeatable=True)
        except ClientError as error:
            if code(error) in {"NoSuchKey", "NoSuchBucket"} or is_denied(error):
                raise Failure(f"the holdout {holdout.uri} cannot be read: {error}") from error
            raise
        body = bytes(reply["Body"].read(MOST_HOLDOUT_MIB * _MIB + 1))
        if len(body) > MOST_HOLDOUT_MIB * _MIB:
            raise Failure(f"the holdout {holdout.uri} has more than {MOST_HOLDOUT_MIB} MiB: take a sample of its rows")
        return body, str(reply.get("ETag", ""))

    # A model that answers them

    def start(self, job: Description, note: Callable[[str], None], confirm: Callable[[str], None]) -> Thing:
        """The transform job with a job's best candidate; made, with its model, where it is not there.

        Args:
            job: The job.
            note: Told of each thing before it is made.
            confirm: Told of each thing that was made: nobody may want it any more.
        """
        of_model, of_transform = self._name("model", job), self._name("transform", job)
        answering = self._find("transform", of_transform)
        if answering is None:
            self._make("model", of_model, lambda: self._model(job), note, confirm)
            request = self._transform(of_model, of_transform)
            answering = self._make("transform", of_transform, lambda: request, note, confirm)
        return answering

    def _name(self, kind: str, job: Description) -> str:
        event = self._event
        identity = [event.stack_id, event.logical_id, event.request_id, kind, job.name, self._copy, self._metric]
        return generated_name(self.holdout.prefix, identity, HOSTED_NAME_LENGTH)

    def _make(
        self,
        kind: str,
        name: str,
        request: Callable[[], Mapping[str, Any]],
        note: Callable[[str], None],
        confirm: Callable[[str], None],
    ) -> Thing:
        found = self._find(kind, name)
        if found is None:
            thing = f"{self._event.request_id}/{kind}/{name}"
            note(thing)
            found = self._checked(kind, self._new(_KINDS[kind], name, request()))
            confirm(thing)
        return found

    def _find(self, kind: str, name: str) -> Thing | None:
        found = _KINDS[kind].find_with_tags(name, self._aws, self._clock)
        return found and self._checked(kind, found)

    def _checked(self, kind: str, thing: Thing) -> Thing:
        if not thing.was_made_by(self._event):
            raise Failure(f"a {_KINDS[kind].noun} named '{thing.name}' exists, and this run did not make it")
        return thing

    def _new(self, how: Kind, name: str, request: Mapping[str, Any]) -> Thing:
        tags = {**users_tags(self._request.get("Tags", [])), **self._event.owner(name)}
        given = {**request, f"{how.noun}Name": name, "Tags": tag_list(tags, self._event)}
        try:
            reply = patiently(lambda: how.create(self._aws.hosting)(**given), self._clock)
        except ClientError as error:
            found = how.find_with_tags(name, self._aws, self._clock, is_sure=True) if is_taken(error) else None
            if found is None:
                raise
            return found
        log.write(self._event, f"{how.noun} made", job_name=name)
        return Thing(name, str(reply[f"{how.noun}Arn"]), JobStatus.IN_PROGRESS, tags, is_new=True)

    def _model(self, job: Description) -> dict[str, Any]:
        """The input of CreateModel: it runs as the job did, and where it did."""
        containers = self._containers(job)
        network = self._security.get("VpcConfig")
        return {
            "ExecutionRoleArn": str(self._request["RoleArn"]),
            **({"PrimaryContainer": containers[0]} if len(containers) == 1 else {"Containers": containers}),
            **({"VpcConfig": network} if network else {}),
        }

    def _containers(self, job: Description) -> list[candidate.Container]:
        wanted = Wanted(job.name, candidate.is_gpu(self.holdout.instance_type), (), None)
        plain = candidate.containers(job, wanted)
        keys = _CHANCES if self._metric == "AUC" else (_CLASS,) if self._metric in CLASS_METRICS else ()
        if keys == (_CLASS,) and not candidate.supported(plain[-1]):
            return plain  # it answers with that by itself
        try:
            return candidate.containers(job, replace(wanted, response_keys=keys))
        except Failure as failure:
            raise Failure(f"{self._metric} cannot be computed of answers ('evaluate_on'): {failure}") from failure

    @property
    def _security(self) -> Mapping[str, Any]:
        """The job's key and network, which calls of V1 and V2 name in different places."""
        config: Mapping[str, Any] = self._request.get("AutoMLJobConfig") or self._request
        return config.get("SecurityConfig") or {}

    # [holdout-transform]
    def _transform(self, model_name: str, name: str) -> dict[str, Any]:
        key = self._security.get("VolumeKmsKeyId")
        rows, output = (self._store.folder + self._copy + each for each in (_ROWS, name))
        return {
            "ModelName": model_name,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": rows}},
                "ContentType": _CSV,
                "SplitType": "Line",
            },
            "TransformOutput": {
                "S3OutputPath": output,
                "Accept": _CSV,
                "AssembleWith": "Line",
                **({"KmsKeyId": self._store.key} if self._store.key else {}),
            },
            "TransformResources": {
                "InstanceType": self.holdout.instance_type,
                "InstanceCount": 1,
                **({"VolumeKmsKeyId": str(key)} if key else {}),
            },
        }

    def has_ended(self, thing: Thing) -> bool:
        """Whether a transform job has come to its end.

        Raises:
            Failure: It has failed.
            StoppedError: Somebody has stopped it.
        """
        if thing.status in {JobStatus.STOPPED, JobStatus.STOPPING}:
            raise StoppedError(f"the transform job '{thing.name}' was stopped")
        if thing.status == JobStatus.FAILED:
            said = self._aws.hosting.describe_transform_job(TransformJobName=thing.name)
            reason = said.get("FailureReason") or "SageMaker gives no reason"
            raise Failure(f"the transform job '{thing.name}', which answers the holdout, has failed: {reason}")
        return thing.status == JobStatus.COMPLETED

    # What they answered

    def judge(self, challenger: Description, champion: Description | None) -> dict[str, Any]:
        """The metric of both, and how sure the difference is.

        Raises:
            Failure: The answers are not what was asked for.
        """
        truth: list[str] = json.loads(self._store.read(self._copy + _TRUTH))
        positive = ""
        if self._metric in CLASS_METRICS:
            truth = [label(each) for each in truth]
        if self._metric in TWO_CLASS_METRICS:
            positive = positive_class(truth, self._metric, is_tuned=challenger.rounds_values)
        new = self._value(challenger, truth, positive)
        everything = range(len(truth))
        found: dict[str, Any] = {"Metric": self._metric, "Challenger": self._whole(new(everything))}
        if positive:
            found["PositiveClass"] = positive
        if champion is None:
            return found
        old = self._value(champion, truth, positive)
        confidence = self.holdout.confidence
        difference = compare(
            self._metric, new, old, rows=len(truth), confidence=confidence, seed=self._event.request_id
        )
        return {
            **found,
            "Champion": self._whole(old(everything)),
            "Against": champion.name,
            "Gain": difference.gain,
            "LowerBound": difference.lower,
            "Confidence": confidence,
            "Resamples": difference.resamples,
        }

    def _whole(self, value: float | None) -> float:
        if value is None:
            raise Failure(f"the rows of the holdout do not define {self._metric}")
        return value

    def _value(self, job: Description, truth: Sequence[str], positive: str) -> Value:
        answers = self._answers(job, len(truth))
        try:
            if self._metric == "AUC":
                return of_chances(truth, [_chance(row, positive) for row in answers], positive)
            if self._metric in CLASS_METRICS:
                predicted = [label(row[0]) for row in answers]
                if not set(predicted) & set(truth):
                    raise Failure(
                        f"no answer of the best candidate of '{job.name}' is a class of the holdout: it answers "
                        f"{answers[0][0][:100]!r}"
                    )
                return of_classes(self._metric, truth, predicted, positive)
            return of_numbers(self._metric, _numbers(truth), _numbers([row[0] for row in answers]))
        except (IndexError, SyntaxError, TypeError, ValueError) as error:
            raise Failure(
                f"the holdout, or an answer of the best candidate of '{job.name}', does not fit {self._metric}: {error}"
            ) from error

    def _answers(self, job: Description, rows: int) -> list[list[str]]:
        beginning = f"{self._copy}{self._name('transform', job)}/"
        names = [name for name in self._store.names(beginning) if name.endswith(".out")]
        if len(names) != 1:
            raise Failure(f"the transform job of '{job.name}' has left {len(names)} files, not the one of the holdout")
        text = self._store.read(names[0]).decode()
        answers = [row for row in csv.reader(io.StringIO(text, newline=""), skipinitialspace=True) if row]
        if len(answers) != rows:
            raise Failure(
                f"the best candidate of '{job.name}' has answered {len(answers)} of the holdout's {rows} rows"
            )
        return answers


def _chance(row: Sequence[str], positive: str) -> float:
    """How likely a row is of the positive class: a list of chances, and one of their labels, as Python prints them."""
    chances, labels = (ast.literal_eval(text) for text in row[:2])
    return float(chances[[label(str(each)) for each in labels].index(positive)])


def _numbers(texts: Iterable[str]) -> list[float]:
    numbers = [float("x" if "_" in text else text) for text in texts]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("a value is no finite number")
    return numbers


# Removing


def remove(
    things: Iterable[str], event: Event, store: Store, aws: Aws, clock: Clock, *, waits: bool = False
) -> list[str]:
    """Stop and delete what made models answer a holdout, by what the document calls it; returns what is gone.

    Args:
        things: What the document calls them.
        event: As whom they were made, by its stack and its resource.
        store: Where the copy of the rows lies.
        aws: The services.
        clock: The time of this call.
        waits: Whether to wait until transform jobs have ended: what they use goes too.
    """
    removed = []
    for thing in sorted(things, key=lambda each: "/transform/" not in each):  # what bills first
        run, kind, name = thing.split("/", 2)
        if kind == _FILES:
            _remove_files(f"{HOLDOUT_FOLDER}{run}/", event, store)
        elif kind == "model":
            model.remove(f"{MODEL}{name}", event, aws, clock)
        else:
            job = transform.JOBS.find_if_visible(name, event, aws, clock)
            if job and event.owns(job.tags):
                if waits:
                    transform.give_up([job], event, aws, clock)
                else:
                    transform.stop(job, aws)
        removed.append(thing)
    return removed


def _remove_files(beginning: str, event: Event, store: Store) -> None:
    try:
        while names := store.names(beginning):
            for name in names:
                store.delete(name)
    except ClientError as error:
        if not is_denied(error):
            raise
        log.write(event, "left behind: no permission to delete it", detail=store.folder + beginning)
