"""In which steps a deployment moves the requests to the new fleet."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.rehearsal.cloud.hosting.deployment_policy import Steps, alarms, check, steps

TEN = {"ProductionVariants": [{"VariantName": "one", "InitialInstanceCount": 10}]}


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def instances(value: int) -> dict[str, Any]:
    return {"Type": "INSTANCE_COUNT", "Value": value}


def blue_green(kind: str, **sizes: Any) -> dict[str, Any]:
    routing = {"Type": kind, "WaitIntervalInSeconds": 60, **sizes}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


def rolling(size: dict[str, Any]) -> dict[str, Any]:
    return {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": 60}}


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        ({}, Steps((1.0,), 0)),
        (blue_green("ALL_AT_ONCE"), Steps((1.0,), 60)),
        (blue_green("CANARY", CanarySize=percent(20)), Steps((0.2, 1.0), 60)),
        (blue_green("CANARY", CanarySize=instances(5)), Steps((0.5, 1.0), 60)),
        (blue_green("LINEAR", LinearStepSize=percent(25)), Steps((0.25, 0.5, 0.75, 1.0), 60)),
        (blue_green("LINEAR", LinearStepSize=instances(4)), Steps((0.4, 0.8, 1.0), 60)),
        (rolling(percent(50)), Steps((0.5, 1.0), 60)),
    ],
)
def test_the_steps_are_those_of_the_policy(deployment: dict[str, Any], expected: Steps) -> None:
    check(deployment, TEN, TEN)
    assert steps(deployment, TEN) == expected


@given(st.integers(10, 50), st.sampled_from(["LINEAR", "rolling"]))
def test_steps_rise_to_all_requests(value: int, kind: str) -> None:
    size = percent(value)
    deployment = rolling(size) if kind == "rolling" else blue_green(kind, LinearStepSize=size)
    check(deployment, TEN, TEN)
    shares = steps(deployment, TEN).shares
    assert list(shares) == sorted(set(shares))
    assert shares[-1] == 1.0
    assert max(after - before for before, after in zip((0.0, *shares), shares, strict=False)) <= value / 100 + 1e-9


def test_the_alarms_are_named() -> None:
    assert alarms({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}, {"AlarmName": "b"}]}}) == ["a", "b"]
    assert alarms({}) == []
