"""`automl import`: what it prints makes the job that an account has, and nothing of that account is changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli import main
from constructs_lib.cli.requests import model
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.runtime.contract import OwnerTag

from ..rehearsal.cloud.account import Account, channel
from ..rehearsal.cloud.conftest import TINY_TRAINING
from .requests.test_convert import expected_of, job_of, plain

pytestmark = pytest.mark.cloud

SETTINGS: dict[str, Any] = {
    "ProblemType": "BinaryClassification",
    "AutoMLJobObjective": {"MetricName": "AUC"},
    "AutoMLJobConfig": {
        "Mode": "ENSEMBLING",
        "CompletionCriteria": {"MaxCandidates": 3, "MaxRuntimePerTrainingJobInSeconds": 600},
        "DataSplitConfig": {"ValidationFraction": 0.25},
        "SecurityConfig": {"EnableInterContainerTrafficEncryption": True},
    },
}
TEAM = [{"Key": "team", "Value": "growth"}, {"Key": "openapi-spec", "Value": "1"}]
OWNERS = [
    {"Key": OwnerTag(tag).under("acme:autopilot/"), "Value": "x"}
    for tag in (OwnerTag.STACK, OwnerTag.RESOURCE, OwnerTag.SPEC, OwnerTag.REQUEST)
]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with Cloud.start(tmp_path_factory.mktemp("cloud"), training=TINY_TRAINING, concurrent_jobs=8) as running:
        yield Account(running)


@pytest.fixture(autouse=True)
def credentials(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the command finds: this account, and nobody else's."""
    for name, value in account.cloud.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["import", *words]) == 0
    return capsys.readouterr().out


def without_name(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key != "AutoMLJobName"}


def test_job_of_v1_is_made_again_by_its_name(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    request = account.request(**SETTINGS, Tags=TEAM, InputDataConfig=[channel(SampleWeightAttributeName="x")])
    account.sagemaker.create_auto_ml_job(**request)

    text = printed(capsys, request["AutoMLJobName"])

    assert text.startswith(f"# Like the AutoML job '{request['AutoMLJobName']}', which is ")
    assert "from constructs_lib import" in text
    made, wanted = job_of(text), expected_of(model.V1, without_name(request))
    assert plain(made, model.V1) == plain(wanted, model.V1)


def test_job_of_v2_by_its_arn_and_without_what_a_library_has_tagged_it_with(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    request = account.request_2(Tags=[*TEAM, *OWNERS])
    arn = account.sagemaker.create_auto_ml_job_v2(**request)["AutoMLJobArn"]

    text = printed(capsys, arn)

    made, wanted = job_of(text), expected_of(model.V2, without_name(request) | {"Tags": TEAM})
    assert plain(made, model.V2) == plain(wanted, model.V2)
    assert "acme:autopilot" not in text


def test_facts_of_a_job_are_printed_as_json(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    request = account.request(**SETTINGS, Tags=TEAM)
    account.sagemaker.create_auto_ml_job(**request)
    told = json.loads(printed(capsys, request["AutoMLJobName"], "--json"))

    assert (told["job"], told["call"], told["errors"]) == (request["AutoMLJobName"], model.V1, [])
    assert told["request"]["AutoMLJobConfig"] == SETTINGS["AutoMLJobConfig"]
    assert told["status"] in ("InProgress", "Completed")
    compile(told["python"], "imported", "exec")


@pytest.mark.parametrize(
    ("job", "told"),
    [
        (
            "churn_2026",
            "'churn_2026' is neither the name nor the ARN of an AutoML job: a name has 1 to 32 letters, digits and "
            "hyphens",
        ),
        (
            "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/a",
            "'arn:aws:sagemaker:eu-west-1:111122223333:endpoint/a' is neither the name nor the ARN of an AutoML job",
        ),
        ("nobodys", "the job 'nobodys' cannot be described: An error occurred (ResourceNotFound)"),
    ],
)
def test_what_cannot_be_described_is_told(job: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", job]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"automl import: {told}")


def test_without_credentials_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert main(["import", "churn"]) == 2

    assert capsys.readouterr().err == (
        "automl import: the job 'churn' cannot be described: Unable to locate credentials\n"
    )
