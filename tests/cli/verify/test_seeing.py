"""What is made of answers that the embedded AWS does not give."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from constructs_lib.cli.verify.probes.instances import _compare
from constructs_lib.cli.verify.probes.jobs import AFTERWARDS, _features, _is_the_jobs, _left, _reported
from constructs_lib.cli.verify.probes.stacks import (
    APART,
    TOLERANCE,
    _answer_date,
    _reverse_update,
    _rollback_status,
    _update_time,
)
from constructs_lib.cli.verify.seen import Verdict
from constructs_lib.runtime import endpoint, stack

AGREES, DIFFERS, UNCHECKED = Verdict


def event(**changes: Any) -> dict[str, Any]:
    """The Update that a rollback sends."""
    usual = {
        "type": "Update",
        "value": "first",
        "old": "second",
        "id": "second",
        "stack": "UPDATE_ROLLBACK_IN_PROGRESS",
    }
    return {**usual, "shown": "UPDATE_IN_PROGRESS", **changes}


def test_rollback_without_an_update_back_differs() -> None:
    sent = [event(type="Create"), event(type="Delete")]
    assert _reverse_update(sent, None).verdict == DIFFERS
    assert _rollback_status(None).verdict == UNCHECKED


@pytest.mark.parametrize("changes", [{"id": "first"}, {"value": "second"}])
def test_update_back_with_something_else_differs(changes: dict[str, str]) -> None:
    back = event(**changes)
    assert _reverse_update([back], back).verdict == DIFFERS


def test_status_while_a_stack_rolls_back() -> None:
    assert _rollback_status(event()).verdict == AGREES
    assert _rollback_status(event(stack="UPDATE_IN_PROGRESS")).verdict == DIFFERS
    silent = {name: value for name, value in event(error="denied").items() if name not in ("stack", "shown")}
    seen = _rollback_status(silent)
    assert (seen.verdict, seen.evidence) == (UNCHECKED, ("denied",))


def asked(start: float, kind: str = "Update", **changes: Any) -> dict[str, Any]:
    """What the function noted of a request; its address is not signed."""
    usual = {"type": kind, "value": "second", "began": start + 0.5, "signed": None, "since": start}
    if kind == "Update":
        usual |= {"looked": start + 30, "later": start}
    return {**usual, **changes}


CREATED, UPDATED, BACK = 1_000_000_000.0, 1_000_000_040.0, 1_000_000_075.0


def test_times_of_every_request_are_its_start() -> None:
    sent = [asked(CREATED, "Create"), asked(UPDATED), asked(BACK, value="first"), asked(BACK + 1, "Delete", since=0)]
    seen = _update_time(sent)
    assert (seen.verdict, seen.evidence) == (
        AGREES,
        (
            "Create to 'second': LastUpdatedTimestamp is -0.5 seconds from its start",
            "Update to 'second': LastUpdatedTimestamp is -0.5, then -0.5 seconds from its start",
            "Update to 'first': LastUpdatedTimestamp is -0.5, then -0.5 seconds from its start",
        ),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"since": CREATED, "later": CREATED},  # stays that of the last request
        {"later": UPDATED + 29.9},  # moves on while the request is under way
        {"since": UPDATED + TOLERANCE + 1},
        # The address tells better than the function's clock when CloudFormation asked.
        {"began": UPDATED, "signed": "20010909T014500Z"},
    ],
)
def test_time_that_is_not_the_start_of_the_request_differs(changes: dict[str, Any]) -> None:
    assert _update_time([asked(CREATED, "Create"), asked(UPDATED, **changes)]).verdict == DIFFERS


def test_time_that_was_not_told_says_nothing() -> None:
    silent = {name: value for name, value in asked(UPDATED, error="denied").items() if name not in ("since", "later")}
    seen = _update_time([asked(CREATED, "Create"), silent])
    assert (seen.verdict, seen.evidence) == (UNCHECKED, ("denied",))
    assert _update_time([]).verdict == UNCHECKED


def test_requests_are_further_apart_than_what_the_library_takes_for_the_same_moment() -> None:
    assert TOLERANCE == stack._TOLERANCE
    assert APART >= 2 * TOLERANCE


@pytest.mark.parametrize(
    ("signed", "verdict"),
    [("20010909T014640Z", AGREES), ("20010909T014639Z", AGREES), ("20010909T014540Z", DIFFERS), (None, DIFFERS)],
)
def test_date_of_an_answer_is_that_of_the_request(signed: str | None, verdict: Verdict) -> None:
    assert _answer_date([asked(CREATED, signed=signed)]).verdict == verdict


def test_date_of_an_answer_without_a_log_says_nothing() -> None:
    assert _answer_date([]).verdict == UNCHECKED


def test_family_with_disks_of_which_the_library_does_not_know_differs() -> None:
    assert _compare({"ml.m5.large": False, "ml.m5d.large": True}).verdict == AGREES
    seen = _compare({"ml.m5.large": False, "ml.m5d.large": True, "ml.m99.large": True, "ml.m99.xlarge": True})
    assert (seen.verdict, seen.evidence) == (DIFFERS, ("1 families: ml.m99",))
    assert _compare({"ml.g5.xlarge": False}).verdict == DIFFERS
    assert _compare({}).verdict == UNCHECKED


FAILED = {"AutoMLJobStatus": "Failed", "AutoMLJobSecondaryStatus": "Failed"}
ALL = frozenset({"volume-grants", "network-interfaces", "key-as-prefix", "scoped-minimum", "event-source"})


@pytest.mark.parametrize(
    ("reason", "guilty"),
    [
        ("The role is not authorized to perform kms:CreateGrant on it", "volume-grants"),
        ("not authorized to perform ec2:CreateNetworkInterface", "network-interfaces"),
        ("not authorized to perform sagemaker:DescribeModel", "scoped-minimum"),
        # With a VPC it may be the way to S3 that is missing.
        ("No S3 objects found under the prefix", None),
        ("Internal error", None),
    ],
)
def test_reason_of_a_failed_job_tells_which_feature_it_was(reason: str, guilty: str | None) -> None:
    seen = dict(_features(ALL, {**FAILED, "FailureReason": reason}))
    assert seen.keys() == ALL - {"event-source"}
    assert [each for each, one in seen.items() if one.verdict == DIFFERS] == ([guilty] if guilty else [])
    for each, one in seen.items():
        assert one.verdict == DIFFERS or f"(--only {each})" in one.text


def test_key_that_is_no_prefix_is_told_by_a_job_outside_of_a_vpc() -> None:
    job = {**FAILED, "FailureReason": "No S3 objects found under S3 URL"}
    assert dict(_features(frozenset({"key-as-prefix"}), job))["key-as-prefix"].verdict == DIFFERS


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [
        (["insights/statistics.json", "shap/analysis.json"], AGREES),
        (["insights/run/statistics.json", "shap/run/analysis.json"], AGREES),
        (["insights/statistics.json", "shap/my-analysis.json"], DIFFERS),
        (["insights/statistics.json"], DIFFERS),
    ],
)
def test_reports_are_looked_for_in_and_below_their_locations(keys: list[str], verdict: Verdict) -> None:
    places = {"ModelInsights": "s3://bucket/out/insights", "Explainability": "s3://bucket/out/shap/"}
    seen = _reported(places, [f"out/{key}" for key in keys])
    assert seen.verdict == verdict


def test_one_report_alone_does_not_settle_it() -> None:
    assert _reported({"ModelInsights": "s3://b/in"}, ["in/statistics.json"]).verdict == UNCHECKED
    assert _reported({"BacktestResults": "s3://b/in"}, []).verdict == UNCHECKED


ENDED = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "data", "verdict"),
    [
        (-200, "s3://b/out/job/x/model.tar.gz", AGREES),
        (299, "s3://b/out/job/x/model.tar.gz", AGREES),
        (301, "s3://b/out/job/x/model.tar.gz", DIFFERS),
        (-7200, "s3://b/out/job/x/model.tar.gz", DIFFERS),  # before the job itself
        (0, "s3://b/out/jobs/x/model.tar.gz", DIFFERS),
        (0, "s3://services-own/model.tar.gz", DIFFERS),
    ],
)
def test_one_click_endpoint_is_known_by_its_time_and_by_what_it_serves(after: int, data: str, verdict: Verdict) -> None:
    job = {
        "AutoMLJobName": "job",
        "AutoMLJobStatus": "Completed",
        "AutoMLJobSecondaryStatus": "Completed",
        "CreationTime": ENDED - timedelta(hours=1),
        "EndTime": ENDED,
        "OutputDataConfig": {"S3OutputPath": "s3://b/out/"},
    }
    made = {"CreationTime": ENDED + timedelta(seconds=after)}
    models: list[dict[str, Any]] = [{"PrimaryContainer": {"ModelDataUrl": data}}]
    assert _is_the_jobs(job, made, models).verdict == verdict
    assert _is_the_jobs(job, made, [{"Containers": [{}, {"ModelDataUrl": data}]}]).verdict == verdict
    del job["EndTime"]
    assert _is_the_jobs(job, made, models).verdict == UNCHECKED
    assert timedelta(seconds=AFTERWARDS) == endpoint._AFTERWARDS


def test_endpoint_that_a_stopped_job_does_not_tell_of_differs() -> None:
    told: dict[str, Any] = {"ModelDeployResult": {"EndpointName": "one"}}
    assert _left([], {}, "").verdict == AGREES
    assert _left(["one"], told, "").verdict == AGREES
    assert _left(["one"], {}, "").verdict == DIFFERS
    assert _left(["one", "two"], told, "").verdict == DIFFERS
