"""Data as buckets hold it, read with the job's role and really trained on."""

import csv
import gzip
import io
import json
import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, Account, channel

pytestmark = pytest.mark.cloud

FEATURES = ["größe, cm", "名前"]
TARGET = "😀 answer"
PARQUET = "x-application/vnd.amazon+parquet"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with Cloud.start(tmp_path_factory.mktemp("cloud")) as cloud:
        yield Account(cloud)


def rows(number: int, seed: int = 1) -> list[tuple[int, str, str]]:
    """Rows whose answer follows from the features."""
    dice = random.Random(seed)
    features = [(dice.randint(0, 20), dice.choice(["ä", "b"])) for _ in range(number)]
    return [(size, name, "ja" if size + 5 * (name == "ä") > 12 else "nein") for size, name in features]


def as_csv(data: list[tuple[int, str, str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[*FEATURES, TARGET], *data])
    return text.getvalue().encode()


def as_parquet(data: list[tuple[int, str, str]]) -> bytes:
    content = io.BytesIO()
    columns = zip(*data, strict=True)
    parquet.write_table(pa.table(dict(zip([*FEATURES, TARGET], columns, strict=True))), content)
    return content.getvalue()


def trained(account: Account, objects: dict[str, bytes], source: dict[str, Any]) -> dict[str, Any]:
    for key, body in objects.items():
        account.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    config = {"Mode": "ENSEMBLING", "CompletionCriteria": {"MaxCandidates": 1}}
    job = account.ended(
        account.request(InputDataConfig=[{**source, "TargetAttributeName": TARGET}], AutoMLJobConfig=config)
    )
    assert job["AutoMLJobStatus"] == "Completed", job
    return job


@pytest.mark.parametrize(
    ("objects", "source"),
    [
        pytest.param(
            {"pq/teil #1 %41?.parquet": as_parquet(rows(600))},
            channel(f"s3://{BUCKET}/pq/", ContentType=PARQUET),
            id="parquet",
        ),
        pytest.param(
            {"gz/a.csv.gz": gzip.compress(as_csv(rows(600)))},
            channel(f"s3://{BUCKET}/gz/", CompressionType="Gzip"),
            id="gzip",
        ),
        pytest.param(
            {
                "liste ä.json": json.dumps([{"prefix": f"s3://{BUCKET}/in/"}, "a?b#c ü.csv"]).encode(),
                "in/a?b#c ü.csv": as_csv(rows(600)),
            },
            channel(f"s3://{BUCKET}/liste ä.json", "ManifestFile"),
            id="manifest",
        ),
        pytest.param(
            {f"many/{number}.csv": as_csv(rows(2, number)) for number in range(1001)},
            channel(f"s3://{BUCKET}/many/"),
            id="more objects than a page",
        ),
    ],
)
def test_data_is_found_and_learned_from(account: Account, objects: dict[str, bytes], source: dict[str, Any]) -> None:
    job = trained(account, objects, source)
    assert job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["Value"] > 0.8


def test_the_report_keeps_the_names_of_columns(account: Account) -> None:
    job = trained(account, {"uni/a.csv": as_csv(rows(600))}, channel(f"s3://{BUCKET}/uni/"))
    locations = job["BestCandidate"]["CandidateProperties"]["CandidateArtifactLocations"]
    prefix = locations["Explainability"].removeprefix(f"s3://{BUCKET}/")
    bodies = [account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in account.keys(prefix)]
    told = "".join(json.dumps(json.loads(body), ensure_ascii=False) for body in bodies if body.startswith(b"{"))
    assert all(name in told for name in FEATURES)
