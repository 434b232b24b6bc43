"""What an endpoint is asked, for each problem type and each way to name the training data."""

import gzip
import io
import json
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest

from constructs_lib.rehearsal.account import Account
from constructs_lib.rehearsal.failures import CheckFailedError
from constructs_lib.rehearsal.sample import Question, question

TABLE = b'id,age,w,text,y\n007,1,9,"a, b",NA\n8,,9,c,no\n9,3,9,d,no\n10,4,9,e,no\n'
SERIES = b"shop,item,day,sold\nn,a,1,5\ns,a,1,6\nn,b,1,7\ns,b,1,8\n"
MORE_SERIES = b"shop,item,day,sold\nn,a,2,9\ns,b,2,1\n"


@dataclass
class Bucket(Account):
    """An account with one job and some objects."""

    kind: str
    problem: dict[str, Any]
    stored: dict[str, bytes]
    source: dict[str, str] = field(default_factory=lambda: {"S3DataType": "S3Prefix", "S3Uri": "s3://d/train/"})

    def describe(self, name: str) -> dict[str, Any]:
        channel = {"ChannelType": "training", "DataSource": {"S3DataSource": self.source}}
        other = {"ChannelType": "validation", "DataSource": {"S3DataSource": {"S3Uri": "s3://d/other/"}}}
        return {
            "AutoMLJobInputDataConfig": [other, channel],
            "AutoMLProblemTypeConfig": {f"{self.kind}JobConfig": self.problem},
        }

    def objects(self, uri: str) -> list[str]:
        return [name for name in self.stored if name.startswith(uri)]

    def read(self, uri: str) -> bytes | None:
        return self.stored.get(uri)


def asked(kind: str, problem: dict[str, Any], stored: dict[str, bytes], **source: str) -> Question:
    named = {f"s3://d/{name}": content for name, content in stored.items()}
    return question(Bucket(kind, problem, named, **({"source": source} if source else {})), "job")


@pytest.mark.parametrize("content", [TABLE, gzip.compress(TABLE)])
def test_a_table_without_target_and_weight_its_cells_as_they_were(content: bytes) -> None:
    problem = {"TargetAttributeName": "y", "SampleWeightAttributeName": "w"}
    assert asked("Tabular", problem, {"train/a": content}) == Question(
        b'007,1,"a, b"\n8,,c\n9,3,d\n', "text/csv", "3 rows of the training data", 3
    )


def test_a_table_in_parquet() -> None:
    file = io.BytesIO()
    pd.DataFrame({"age": [1, 2], "y": ["a", "b"]}).to_parquet(file)
    assert asked("Tabular", {"TargetAttributeName": "y"}, {"train/a": file.getvalue()}).body == b"1\n2\n"


def test_the_features_of_a_specification_in_the_order_of_the_data() -> None:
    features = json.dumps({"FeatureAttributeNames": ["text", "age"]}).encode()
    problem = {"TargetAttributeName": "y", "FeatureSpecificationS3Uri": "s3://d/features.json"}
    assert asked("Tabular", problem, {"train/a": TABLE, "features.json": features}).body == b'1,"a, b"\n,c\n3,d\n'


def test_texts_alone() -> None:
    problem = {"ContentColumn": "text", "TargetLabelColumn": "y"}
    assert asked("TextClassification", problem, {"train/a": TABLE}).body == b'"a, b"\nc\nd\n'


def test_whole_series_from_all_files() -> None:
    series = {"ItemIdentifierAttributeName": "item", "GroupingAttributeNames": ["shop"]}
    problem = {"TimeSeriesConfig": series, "ForecastHorizon": 5}
    assert asked("TimeSeriesForecasting", problem, {"train/a": SERIES, "train/b": MORE_SERIES}) == Question(
        b"shop,item,day,sold\nn,a,1,5\ns,a,1,6\nn,b,1,7\nn,a,2,9\n", "text/csv", "3 series, 5 steps ahead", 16
    )


def test_an_image_as_it_is() -> None:
    assert asked("ImageClassification", {}, {"train/cat/1.jpg": b"\xff\xd8", "train/dog/1.png": b"P"}) == Question(
        b"\xff\xd8", "image/jpeg", "the image cat/1.jpg", 1
    )


def test_data_that_a_manifest_names() -> None:
    manifest = json.dumps([{"prefix": "s3://d/"}, "elsewhere/a.csv"]).encode()
    stored = {"m.json": manifest, "elsewhere/a.csv": b"x,y\n1,2\n"}
    source = {"S3DataType": "ManifestFile", "S3Uri": "s3://d/m.json"}
    assert asked("Tabular", {"TargetAttributeName": "y"}, stored, **source).body == b"1\n"


def test_images_that_an_augmented_manifest_names() -> None:
    lines = b'\n{"source-ref": "s3://d/flat/1.png", "cat": 0}\n{"source-ref": "s3://d/flat/2.png", "cat": 0}\n'
    source = {"S3DataType": "AugmentedManifestFile", "S3Uri": "s3://d/m"}
    assert asked("ImageClassification", {}, {"m": lines, "flat/1.png": b"P"}, **source).body == b"P"


@pytest.mark.parametrize("kind", ["S3Prefix", "ManifestFile", "AugmentedManifestFile"])
def test_data_that_is_gone(kind: str) -> None:
    source = {"S3DataType": kind, "S3Uri": "s3://d/gone"}
    with pytest.raises(CheckFailedError, match=r"^no training data of job was found to ask its endpoint about$"):
        asked("Tabular", {"TargetAttributeName": "y"}, {}, **source)


def test_image_that_is_gone() -> None:
    source = {"S3DataType": "AugmentedManifestFile", "S3Uri": "s3://d/m"}
    with pytest.raises(CheckFailedError, match=r"^the training data at s3://d/1\.png is gone$"):
        asked("ImageClassification", {}, {"m": b'{"source-ref": "s3://d/1.png"}'}, **source)
