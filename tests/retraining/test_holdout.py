"""`evaluate_on`: what the function is told and allowed, and what is refused."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs_lib import (
    CHAMPION,
    AutoMLJobV2,
    Channel,
    Holdout,
    Metric,
    NewData,
    OutputLocation,
    QualityGate,
    TextClassification,
    TimeSeriesForecasting,
)
from constructs_lib.runtime.contract import RETRAINING_TYPE

from ..constructs.synthesis import (
    CREDIT,
    allowing,
    data_bucket,
    flat,
    new_job,
    new_stack,
    only,
    resources_of,
    statements_of,
    template_of,
)
from .test_retraining import retrained

Make = Callable[[cdk.Stack], dict[str, Any]]


def held_out(stack: cdk.Stack, **props: Any) -> dict[str, Any]:
    """The template of a retraining with a holdout."""
    holdout = props.pop("holdout", None) or Holdout.from_bucket(data_bucket(stack), "holdout.csv", confidence=0.9)
    retrained(stack, evaluate_on=holdout, **props)
    return template_of(stack)


def settings_of(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = only(resources_of(template, RETRAINING_TYPE))["Properties"]["Holdout"]
    return found


def test_function_is_told_of_the_rows_and_how_they_decide() -> None:
    settings = settings_of(held_out(new_stack()))

    prefix = flat(settings.pop("NamePrefix"))
    assert prefix.endswith("weekly-")
    assert settings == {
        "Bucket": "data-bucket",
        "Key": "holdout.csv",
        "Target": "y",
        "Confidence": 0.9,
        "MinimumRows": 100,
        "InstanceType": "ml.m5.xlarge",
    }


def test_function_reads_one_object_and_removes_what_it_wrote_for_it() -> None:
    template = held_out(new_stack())
    own = statements_of(template, beginning="WeeklyPermissions")

    (reading,) = [each for each in allowing(own, "s3:GetObject") if "s3:PutObject" not in each["Action"]]
    assert flat(reading["Resource"]) == "arn:<Partition>:s3:::data-bucket/holdout.csv"
    (removing,) = allowing(own, "s3:DeleteObject")
    assert flat(removing["Resource"]).endswith("/holdout/*")
    everything = statements_of(template)
    assert allowing(everything, "sagemaker:CreateTransformJob")
    assert allowing(everything, "sagemaker:StopTransformJob")
    assert allowing(everything, "sagemaker:DeleteModel")


def test_models_run_as_the_jobs_role_which_may_be_handed_on() -> None:
    template = held_out(new_stack())
    request = only(resources_of(template, RETRAINING_TYPE))["Properties"]["Request"]

    passed = [flat(each["Resource"]) for each in allowing(statements_of(template), "iam:PassRole")]
    assert any(flat(request["RoleArn"]) in each for each in passed)


def test_permissions_are_there_before_the_retraining() -> None:
    template = held_out(new_stack())
    needed = only(resources_of(template, RETRAINING_TYPE))["DependsOn"]

    assert any("Transforms" in each for each in needed)
    assert any("Models" in each for each in needed)


def test_key_of_the_bucket_decrypts_the_rows() -> None:
    stack = new_stack()
    bucket = s3.Bucket(stack, "Rows", encryption_key=kms.Key(stack, "Key"))
    template = held_out(stack, holdout=Holdout.from_bucket(bucket, "holdout.csv"))

    found = allowing(statements_of(template, beginning="SageMakerAutopilotProvider"), "kms:Decrypt")
    assert any("Key" in flat(each["Resource"]) for each in found)


def test_file_of_the_app_is_uploaded_and_read() -> None:
    stack = new_stack()
    job = new_job(stack, training_data=Channel.from_asset(CREDIT), target_attribute="bad_credit")
    template = held_out(stack, job=job, holdout=Holdout.from_asset(CREDIT))

    settings = settings_of(template)
    assert "cdk-" in flat(settings["Bucket"])
    reading = allowing(statements_of(template, beginning="WeeklyPermissions"), "s3:GetObject")
    assert any(flat(each["Resource"]).endswith(f"/{settings['Key']}") for each in reading)


# What is refused


def holding(key: str = "holdout.csv", **props: Any) -> Make:
    return lambda stack: {"evaluate_on": Holdout.from_bucket(data_bucket(stack), key, **props)}


def with_file(text: str, tmp_path: Path, name: str = "holdout.csv") -> Holdout:
    path = tmp_path / name
    path.write_text(text)
    return Holdout.from_asset(path)


def v2(stack: cdk.Stack, problem: Any) -> dict[str, Any]:
    bucket = data_bucket(stack)
    job = AutoMLJobV2(
        stack,
        "Job",
        problem=problem,
        training_data=Channel.from_bucket(bucket, "train/"),
        output=OutputLocation.from_bucket(bucket, "models/"),
    )
    return {"job": job, "evaluate_on": Holdout.from_bucket(bucket, "holdout.csv")}


FORECAST = TimeSeriesForecasting(
    forecast_frequency="D",
    forecast_horizon=7,
    target_attribute="y",
    timestamp_attribute="t",
    item_identifier_attribute="i",
)
TEXTS = TextClassification(content_column="text", target_label_column="label")

REFUSED: list[tuple[Make, str]] = [
    (
        lambda _: {"evaluate_on": "s3://data/holdout.csv"},
        "'evaluate_on' must be a Holdout, got 's3://data/holdout.csv' (str); use Holdout.from_bucket",
    ),
    (holding(confidence=0.5), "'evaluate_on.confidence' must be a number above 0.5 and below 1, got 0.5 (float)"),
    (holding(confidence=1), "'evaluate_on.confidence' must be a number above 0.5 and below 1, got 1 (int)"),
    (holding(confidence=95), "'evaluate_on.confidence' must be a number above 0.5 and below 1, got 95 (int)"),
    (holding(confidence="95%"), "'evaluate_on.confidence' must be a number above 0.5 and below 1, got '95%' (str)"),
    (holding(confidence=float("nan")), "'evaluate_on.confidence' must be a number above 0.5 and below 1, got nan"),
    (holding(minimum_rows=0), "'evaluate_on.minimum_rows' must be a whole number from 1 to 50000, got 0 (int)"),
    (holding(minimum_rows=50_001), "'evaluate_on.minimum_rows' must be a whole number from 1 to 50000, got 50001"),
    (holding(minimum_rows=True), "'evaluate_on.minimum_rows' must be a whole number from 1 to 50000, got True (bool)"),
    (
        lambda stack: {
            "evaluate_on": Holdout.from_bucket(
                data_bucket(stack),
                "h.csv",
                minimum_rows=cdk.Token.as_number({"Ref": "Rows"}),  # type: ignore[arg-type]
            )
        },
        "'evaluate_on.confidence' and 'evaluate_on.minimum_rows' must be known at synthesis, so no tokens",
    ),
    (holding(instance_type="m5.xlarge"), "'evaluate_on.instance_type' must"),
    (
        holding("train/holdout.csv"),
        "'evaluate_on' is 'train/holdout.csv', which the job reads as 'training_data' (below 'train/'): rows that a "
        "model has learned from say nothing about it; put it elsewhere",
    ),
    (
        lambda stack: {
            "job": new_job(stack, training_data=Channel.from_bucket(data_bucket(stack), "in/train/")),
            "on_new_data": NewData(data_bucket(stack), "in/"),
            **holding("in/holdout.csv")(stack),
        },
        "'evaluate_on' is 'in/holdout.csv', below 'in/', which 'on_new_data' watches: a new holdout would start a "
        "training",
    ),
    (
        lambda stack: {
            "quality_gate": QualityGate(better_than=CHAMPION, metric="LogLoss"),
            **holding()(stack),
        },
        "'evaluate_on' cannot judge 'LogLoss', which is not computed of answers: judge one of 'AUC', 'Accuracy', ",
    ),
    (
        lambda stack: {
            "job": new_job(stack, target_attribute=cdk.Token.as_string({"Ref": "Target"})),
            **holding()(stack),
        },
        "'evaluate_on' needs a job whose target is known when the app is synthesized",
    ),
    (
        lambda stack: v2(stack, FORECAST),
        "'evaluate_on' is for jobs on tables, and 'job' is for TimeSeriesForecasting: a forecast is of what comes "
        "after its history, so rows that are held out are no question to it; its backtest is what the job reports",
    ),
    (
        lambda stack: v2(stack, TEXTS),
        "'evaluate_on' is for jobs on tables, and 'job' is for TextClassification: nobody has shown what its models "
        "answer to a file of rows; leave it out",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message[:60] for _, message in REFUSED])
def test_mistakes_are_told_in_the_callers_words(make: Make, message: str) -> None:
    stack = new_stack()
    props = make(stack)

    with pytest.raises(ValueError, match=re.escape(message)):
        retrained(stack, **props)


@pytest.mark.parametrize("metric", [Metric.AUC, Metric.F1_MACRO, Metric.RMSE])
def test_metric_of_answers_passes(metric: Metric) -> None:
    gate = QualityGate(better_than=CHAMPION, by=0.01, metric=metric)

    assert settings_of(held_out(new_stack(), quality_gate=gate))["Key"] == "holdout.csv"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "'key' must name one object, got ''"),
        ("holdout/", "'key' must name one object, got 'holdout/'"),
        ("/holdout.csv", "'key' is a key within the bucket, without the bucket and a leading slash"),
        ("holdout.csv.gz", "'key' must name a CSV file that is not compressed, got 'holdout.csv.gz'"),
    ],
)
def test_key_that_names_no_plain_object_is_refused(key: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Holdout.from_bucket(data_bucket(new_stack()), key)


def test_what_is_no_bucket_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Holdout.from_bucket: 'bucket' must be an s3.IBucket"):
        Holdout.from_bucket("data", "holdout.csv")  # type: ignore[arg-type]


def credit(rows: int) -> list[str]:
    return CREDIT.read_text().splitlines()[: rows + 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:50], "'evaluate_on' (holdout.csv) must have 100 to 50000 rows, got 49"),
        (
            lambda lines: [",".join(line.split(",")[1:]) for line in lines],
            "'evaluate_on' (holdout.csv) must have the columns of 'training_data' (credit.csv) in the same order",
        ),
        (
            lambda lines: [lines[0].replace("bad_credit", "credit"), *lines[1:]],
            "'evaluate_on' (holdout.csv) has no column 'bad_credit', which the job learns",
        ),
    ],
)
def test_local_file_that_does_not_fit_is_refused(
    change: Callable[[list[str]], list[str]], message: str, tmp_path: Path
) -> None:
    stack = new_stack()
    job = new_job(stack, training_data=Channel.from_asset(CREDIT), target_attribute="bad_credit")
    holdout = with_file("\n".join(change(credit(200))), tmp_path)

    with pytest.raises(ValueError, match=re.escape(message)):
        retrained(stack, job=job, evaluate_on=holdout)


def test_local_file_that_is_no_plain_csv_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holdout.parquet").write_bytes(b"PAR1")

    with pytest.raises(ValueError, match=r"Holdout.from_asset: 'path' must name a CSV file that is not compressed"):
        Holdout.from_asset(tmp_path / "holdout.parquet")
    with pytest.raises(ValueError, match=r"there is no file"):
        Holdout.from_asset(tmp_path / "nothing.csv")
