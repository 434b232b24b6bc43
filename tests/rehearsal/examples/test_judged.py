"""Two models answer a holdout in the embedded AWS: what is surely better wins, what may be noise does not."""

from collections.abc import Iterator
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from .story import ACCOUNT, CREDIT, REGION, Told

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(900)]

KNOWN, NEW = CREDIT[1:601], CREDIT[601:]
SURPRISING = [row for row in NEW if row.startswith("no checking account") and row.endswith(",yes")][:3]
"""Loans that go bad although they look good: a model has to have seen them."""

JOBS = (
    "ENSEMBLING/bad_credit/BinaryClassification/AUC",
    "HYPERPARAMETER_TUNING/bad_credit/BinaryClassification/AUC",
    "HYPERPARAMETER_TUNING/housing/MulticlassClassification/F1macro",
    "ENSEMBLING/duration_months/Regression/MAE",
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("judged")
    with Cloud.start(folder / "cloud", account=ACCOUNT, region=REGION, wait_scale=1 / 60) as cloud:
        told = Told(cloud, folder, app="judged.py", stack="Judged", arguments=JOBS)
        told.run("bootstrap", f"aws://{ACCOUNT}/{REGION}")
        told.deploy()
        yield told
        told.run("destroy", "--all", "--force", "--app", str(told.out))


def judged(told: Told, *numbers: int) -> list[dict[str, Any]]:
    """The reports of runs, of which nothing is left but the record of their jobs."""
    before = {number: told.reports(f"Folder{number}") for number in numbers}
    for number in numbers:
        told.start(f"Start{number}")
    told.wait()
    reports = []
    for number in numbers:
        (report,) = [each for each in told.reports(f"Folder{number}") if each not in before[number]]
        assert told.left(f"Folder{number}") == []
        for name in ("Challenger", "Champion"):
            assert report[name]["Value"] == report["Holdout"][name]
        reports.append(report)
    return reports


def test_gain_that_may_be_noise_does_not_win(told: Told) -> None:
    told.upload("three", SURPRISING)  # the challenger knows them, the champion does not: draws without them say nothing
    told.hold_out([*KNOWN[:100], *SURPRISING])

    (report,) = judged(told, 0)

    found = report["Holdout"]
    assert found["LowerBound"] <= 0 < 0.001 < found["Gain"] == found["Challenger"] - found["Champion"]
    assert (found["Rows"], found["Confidence"]) == (103, 0.99)
    assert report["Decision"] == "ChampionKept"
    assert "that may be noise: with 99% confidence the gain is above " in report["Reason"]


def test_gain_that_is_sure_wins_and_whatever_models_answer_is_read_as_the_metric_wants_it(told: Told) -> None:
    told.upload("all", NEW)  # challengers know them, champions do not
    told.hold_out(NEW)

    reports = judged(told, *range(len(JOBS)))

    for report, job in zip(reports, JOBS, strict=True):
        found, champion = report["Holdout"], report["Champion"]
        assert (found["Metric"], found["Rows"]) == (job.rpartition("/")[2], len(NEW))
        assert champion["Value"] == pytest.approx(champion["JobValue"], rel=0.3), (
            report
        )  # of rows that are as new to it
        won = found["Gain"] >= 0.001 and found["LowerBound"] > 0
        assert report["Decision"] == ("Registered" if won else "ChampionKept"), report
    found = reports[0]["Holdout"]
    assert reports[0]["Decision"] == "Registered"
    assert found["Challenger"] > 0.9 > found["Champion"]
    assert 0.05 < found["LowerBound"] < found["Gain"]
    assert "; with 99% confidence the gain is above 0." in reports[0]["Ruling"]
    made = told.cloud.client("sagemaker").list_transform_jobs(MaxResults=100)["TransformJobSummaries"]
    assert {each["TransformJobStatus"] for each in made} == {"Completed"}
