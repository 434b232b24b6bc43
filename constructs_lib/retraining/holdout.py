"""`Holdout`: labelled rows that no job learns from, by which a retraining judges two models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..access import permissions
from ..access.permissions import Permission
from ..access.places import FUNCTIONS_BUCKET, FUNCTIONS_KEY
from ..api.enums import ContentType
from ..api.fields import described, listed, number, value_problems
from ..api.hosting import InstanceTypeName
from ..api.problem_types import Tabular
from ..data.buckets import check_bucket, check_object_key, facts
from ..data.channels import Channel
from ..data.uploads import file_asset, reading_asset
from ..runtime.contract import (
    CLASS_METRICS,
    ERROR_METRICS,
    MOST_HOLDOUT_ROWS,
    RetrainingHoldout,
)
from ..tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    from ..access.places import Used
    from ..data.buckets import BucketFacts
    from ..jobs.base import JobFacts

_CONFIDENCE: Final = 0.95
_MINIMUM_ROWS: Final = 100
_INSTANCE_TYPE: Final = "ml.m5.xlarge"
_LEAST: Final = 0.5


class Holdout:
    """Labelled rows that no job learns from: champion and challenger answer them, and the metric is of the answers.

    Use `from_bucket` or `from_asset`. The rows are a CSV file in UTF-8 whose first line names the columns: those of the
    training data, in the same order, with the target anywhere. Without a line break in a value, at most 10 MiB and
    50,000 rows. Each run reads it as it is then. For jobs on tables alone, and for Accuracy, BalancedAccuracy, F1,
    F1macro, Precision, PrecisionMacro, Recall, RecallMacro, AUC, MSE, RMSE, MAE and R2.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
    """

    def __init__(
        self,
        bucket: s3.IBucket | None,
        key: str,
        channel: Channel | None,
        *,
        confidence: float,
        minimum_rows: int,
        instance_type: str,
    ) -> None:
        self._bucket = bucket
        self._key = key
        self._channel = channel
        self._confidence = confidence
        self._minimum_rows = minimum_rows
        self._instance_type = instance_type
        self._path: Path | None = None

    @classmethod
    def from_bucket(
        cls,
        bucket: s3.IBucket,
        key: str,
        *,
        confidence: float = _CONFIDENCE,
        minimum_rows: int = _MINIMUM_ROWS,
        instance_type: str = _INSTANCE_TYPE,
    ) -> Holdout:
        """An object in a bucket.

        Args:
            bucket: The bucket, in the job's region. If it has a key, the stack's function may decrypt with it.
            key: The object's key, without a leading slash; not below a prefix that the job reads or that is watched.
            confidence: How sure it has to be that the challenger is better at all, above 0.5 and below 1: with less,
                the gain is taken for noise. Default: 0.95.
            minimum_rows: How many rows there must be at least, 1 to 50,000: of a few, no difference is sure. Default:
                100.
            instance_type: The instance type on which each model answers, such as `ml.m5.xlarge`. Default: that.

        Raises:
            ValueError: `bucket` is no bucket, or `key` is not one.
        """
        check_bucket("Holdout.from_bucket", bucket)
        check_object_key("key", key)
        if not key or (not is_token(key) and key.endswith("/")):
            raise ValueError(f"Holdout.from_bucket: 'key' must name one object, got '{key}'")
        if not is_token(key) and key.endswith(".gz"):
            raise ValueError(f"Holdout.from_bucket: 'key' must name a CSV file that is not compressed, got '{key}'")
        return cls(bucket, key, None, confidence=confidence, minimum_rows=minimum_rows, instance_type=instance_type)

    @classmethod
    def from_asset(
        cls,
        path: str | Path,
        *,
        confidence: float = _CONFIDENCE,
        minimum_rows: int = _MINIMUM_ROWS,
        instance_type: str = _INSTANCE_TYPE,
    ) -> Holdout:
        """A local CSV file, uploaded when the app is deployed. Its columns and rows are checked at synthesis.

        Args:
            path: The file; a relative path starts at the current directory.
            confidence: As in `from_bucket`. Default: 0.95.
            minimum_rows: As in `from_bucket`. Default: 100.
            instance_type: As in `from_bucket`. Default: `ml.m5.xlarge`.

        Raises:
            ValueError: there is no such file, or it is no plain CSV file.
        """
        channel = Channel.from_asset(path)
        described_as = channel._describe()
        if described_as.content_type != ContentType.CSV or described_as.compression is not None:
            raise ValueError(f"Holdout.from_asset: 'path' must name a CSV file that is not compressed, got '{path}'")
        made = cls(None, "", channel, confidence=confidence, minimum_rows=minimum_rows, instance_type=instance_type)
        made._path = Path(path)
        return made

    def _problems(self, job: JobFacts | None, metric: object, watched: Any) -> Iterator[str]:
        """What is wrong, in the caller's words.

        Args:
            job: What is learned; None: nobody knows.
            metric: What the gate judges, where that is known.
            watched: The `NewData` of the retraining, if it has one.
        """
        wrong = list(self._number_problems())
        yield from wrong
        yield from value_problems(
            self._instance_type, InstanceTypeName, is_token=is_token, path="evaluate_on.instance_type"
        )
        if job is None:
            return
        if job.problem is not None and job.problem is not Tabular:
            yield (
                f"'evaluate_on' is for jobs on tables, and 'job' is for {job.problem.__name__}: "
                f"{_NOT_TABULAR.get(job.problem.__name__, _UNSHOWN)}; leave it out: runs compare what jobs report"
            )
            return
        if job.target is None:
            yield "'evaluate_on' needs a job whose target is known when the app is synthesized"
        if isinstance(metric, str) and not is_token(metric) and metric not in {*CLASS_METRICS, *ERROR_METRICS}:
            known = listed(sorted({*CLASS_METRICS, *ERROR_METRICS}))
            yield f"'evaluate_on' cannot judge '{metric}', which is not computed of answers: judge one of {known}"
        if self._channel is not None:
            yield from self._file_problems(self._channel, job, least=1 if wrong else self._minimum_rows)
        else:
            yield from self._place_problems(job, watched)

    def _number_problems(self) -> Iterator[str]:
        confidence, rows = self._confidence, self._minimum_rows
        if is_token(confidence) or is_token(rows):
            yield "'evaluate_on.confidence' and 'evaluate_on.minimum_rows' must be known at synthesis, so no tokens"
            return
        if isinstance(confidence, bool) or not isinstance(confidence, (int, float)) or not _LEAST < confidence < 1:
            yield f"'evaluate_on.confidence' must be a number above 0.5 and below 1, got {described(confidence)}"
        if isinstance(rows, bool) or not isinstance(rows, int) or not 1 <= rows <= MOST_HOLDOUT_ROWS:
            yield (
                f"'evaluate_on.minimum_rows' must be a whole number from 1 to {MOST_HOLDOUT_ROWS}, got "
                f"{described(rows)}"
            )

    def _place_problems(self, job: JobFacts, watched: Any) -> Iterator[str]:
        assert self._bucket is not None  # noqa: S101 - there is one, or a file
        if is_token(self._key):
            return
        for name, channel in job.channels:
            read = channel._prefix_in(self._bucket)
            if read is not None and not is_token(read) and self._key.startswith(read):
                yield (
                    f"'evaluate_on' is '{self._key}', which the job reads as {name} (below '{read}'): rows that a "
                    "model has learned from say nothing about it; put it elsewhere"
                )
        prefix = getattr(watched, "prefix", None)
        if isinstance(prefix, str) and not is_token(prefix):
            same = facts(watched.bucket).name == facts(self._bucket).name
            if same and self._key.startswith(prefix):
                yield (
                    f"'evaluate_on' is '{self._key}', below '{prefix}', which 'on_new_data' watches: a new holdout "
                    "would start a training; put it elsewhere"
                )

    def _file_problems(self, channel: Channel, job: JobFacts, *, least: int) -> Iterator[str]:
        seen = channel._inspect()
        if seen is None:
            return
        name = f"'evaluate_on' ({seen.name})"
        yield from (f"{name} {text}" for text in seen.problems)
        if seen.problems or seen.columns is None:
            return
        if job.target is not None and not is_token(job.target) and job.target not in seen.columns:
            yield f"{name} has no column '{job.target}', which the job learns"
        if not least <= seen.rows <= MOST_HOLDOUT_ROWS:
            yield f"{name} must have {number(least)} to {number(MOST_HOLDOUT_ROWS)} rows, got {number(seen.rows)}"
        for prop, learned in job.channels:
            of_job = learned._inspect()
            if of_job is None or not of_job.columns:
                continue
            ours, theirs = (
                [column for column in columns if column != job.target] for columns in (seen.columns, of_job.columns)
            )
            if ours != theirs:
                yield f"{name} must have the columns of {prop} ({of_job.name}) in the same order"
            return

    def _used(self) -> Iterator[Used]:
        if self._bucket is not None:
            yield "'evaluate_on'", self._bucket, FUNCTIONS_BUCKET
            yield "the key of 'evaluate_on'", facts(self._bucket).key, FUNCTIONS_KEY

    def _bind(self, scope: Construct) -> tuple[BucketFacts, str, list[Permission]]:
        """Create what it needs below `scope`; returns the bucket, the key, and what the function has to be allowed."""
        if self._path is not None:
            asset = file_asset(scope, "Holdout", self._path)
            return facts(asset.bucket), asset.s3_object_key, reading_asset(scope, asset)
        assert self._bucket is not None  # noqa: S101 - there is one, or a file
        bucket = facts(self._bucket)
        return (
            bucket,
            self._key,
            [Permission(actions=permissions.READ_OBJECTS, resources=(f"{bucket.arn}/{self._key}",))],
        )

    def _rendered(self, bucket: BucketFacts, key: str, *, target: str, prefix: dict[str, list[str]]) -> dict[str, Any]:
        """The property that the function reads."""
        return {
            RetrainingHoldout.BUCKET: bucket.name,
            RetrainingHoldout.KEY: key,
            RetrainingHoldout.TARGET: target,
            RetrainingHoldout.CONFIDENCE: self._confidence,
            RetrainingHoldout.MINIMUM_ROWS: self._minimum_rows,
            RetrainingHoldout.INSTANCE_TYPE: self._instance_type,
            RetrainingHoldout.NAME_PREFIX: prefix,
        }


_NOT_TABULAR: Final = {
    "TimeSeriesForecasting": (
        "a forecast is of what comes after its history, so rows that are held out are no question to it; its backtest "
        "is what the job reports"
    ),
}
_UNSHOWN: Final = "nobody has shown what its models answer to a file of rows"
