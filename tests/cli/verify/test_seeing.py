"""What is made of answers that the embedded AWS does not give."""

from typing import Any

import pytest

from constructs_lib.cli.verify.probes.instances import _compare
from constructs_lib.cli.verify.probes.jobs import _features, _left, _reported
from constructs_lib.cli.verify.probes.stacks import _reverse_update, _rollback_status
from constructs_lib.cli.verify.seen import Verdict

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


def test_endpoint_that_a_stopped_job_does_not_tell_of_differs() -> None:
    told: dict[str, Any] = {"ModelDeployResult": {"EndpointName": "one"}}
    assert _left([], {}, "").verdict == AGREES
    assert _left(["one"], told, "").verdict == AGREES
    assert _left(["one"], {}, "").verdict == DIFFERS
    assert _left(["one", "two"], told, "").verdict == DIFFERS
