"""A little of a job's own training data, in the form in which its endpoint is asked about it."""

import io
import json
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .account import Account
from .failures import CheckFailedError

SIZE = 3
"""Rows, or series, that are asked about."""


@dataclass(frozen=True)
class Question:
    """A request to an endpoint, and what a whole answer to it has."""

    body: bytes
    content_type: str
    about: str
    lines: int
    """Lines of the answer, as CSV."""


def question(account: Account, job: str) -> Question:
    """What to ask the endpoint of a job.

    Raises:
        CheckFailedError: The training data is gone.
    """
    described = account.describe(job)
    found = list(files(account, training_source(described)))
    if not found:
        raise CheckFailedError(f"no training data of {job} was found to ask its endpoint about")
    [(kind, problem)] = described["AutoMLProblemTypeConfig"].items()
    if kind == "ImageClassificationJobConfig":
        return _image(account, found[0])
    if kind == "TimeSeriesForecastingJobConfig":
        return _histories([_table(account, file) for file in found], problem)
    table = _table(account, found[0]).head(SIZE)
    if kind == "TextClassificationJobConfig":
        return _rows(table[[problem["ContentColumn"]]])
    return _rows(table[_features(account, problem, list(table.columns))])


def training_source(described: Mapping[str, Any]) -> Mapping[str, str]:
    """What a job learns from, as `DescribeAutoMLJobV2` tells it."""
    channels = described["AutoMLJobInputDataConfig"]
    training = next(channel for channel in channels if channel.get("ChannelType", "training") == "training")
    source: Mapping[str, str] = training["DataSource"]["S3DataSource"]
    return source


def files(account: Account, source: Mapping[str, str]) -> Iterator[str]:
    """The objects of a channel."""
    uri = source["S3Uri"]
    if source["S3DataType"] == "S3Prefix":
        yield from account.objects(uri)
        return
    manifest = account.read(uri) or b""
    if source["S3DataType"] == "AugmentedManifestFile":
        yield from (json.loads(line)["source-ref"] for line in manifest.splitlines() if line.strip())
        return
    first, *names = json.loads(manifest or b'[""]')
    yield from (first["prefix"] + name for name in names)


def _features(account: Account, problem: Mapping[str, Any], columns: list[str]) -> list[str]:
    """The columns that a tabular model wants, in the order of the data."""
    specification = problem.get("FeatureSpecificationS3Uri")
    asked = json.loads(account.read(specification) or b"{}") if specification else {}
    names = asked.get("FeatureAttributeNames", columns)
    others = (problem["TargetAttributeName"], problem.get("SampleWeightAttributeName"))
    return [name for name in columns if name in names and name not in others]


def _rows(table: Any) -> Question:
    return Question(
        table.to_csv(index=False, header=False).encode(),
        "text/csv",
        f"{len(table)} rows of the training data",
        len(table),
    )


def _histories(tables: list[Any], problem: Mapping[str, Any]) -> Question:
    """Some series as a whole; the answer is a header and each one's steps to come."""
    import pandas as pd

    table = pd.concat(tables)
    config = problem["TimeSeriesConfig"]
    keys = [config["ItemIdentifierAttributeName"], *config.get("GroupingAttributeNames", ())]
    chosen = table[keys].drop_duplicates().head(SIZE)
    asked = table.merge(chosen, on=keys)
    horizon = problem["ForecastHorizon"]
    return Question(
        asked.to_csv(index=False).encode(),
        "text/csv",
        f"{len(chosen)} series, {horizon} steps ahead",
        1 + horizon * len(chosen),
    )


def _image(account: Account, uri: str) -> Question:
    content_type = mimetypes.guess_type(uri)[0] or "application/octet-stream"
    return Question(_content(account, uri), content_type, f"the image {'/'.join(uri.split('/')[-2:])}", 1)


def _table(account: Account, uri: str) -> Any:
    """A file of the training data, its cells as they are written there."""
    import pandas as pd  # half a second, and only apps with an endpoint need it

    content = _content(account, uri)
    if content.startswith(b"PAR1"):
        return pd.read_parquet(io.BytesIO(content))
    gzipped = content.startswith(b"\x1f\x8b")
    return pd.read_csv(io.BytesIO(content), compression="gzip" if gzipped else None, dtype=str, keep_default_na=False)


def _content(account: Account, uri: str) -> bytes:
    content = account.read(uri)
    if content is None:
        raise CheckFailedError(f"the training data at {uri} is gone")
    return content
