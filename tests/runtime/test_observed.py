"""All that reads a job reads what the real service was seen to answer, and makes of it what is expected."""

import json
import re
from typing import Any

import pytest

from constructs_lib.runtime.contract import (
    MODEL_PACKAGE_TYPE,
    MODEL_TYPE,
    OUTCOME_TYPE,
    WATCH_TYPE,
    EventDetail,
    OutcomeAttribute,
)

from .fake_hosting import HostingWorld, model
from .fake_sagemaker import service_model
from .observations import OBSERVED, Observation
from .test_outcome import AGAIN, wanted
from .test_registration import package
from .world import BUS, LOGICAL_ID, Sink, stringified, watching

CANDIDATES = [each for each in OBSERVED if "containers" in each.expected]
WITHOUT = [each for each in OBSERVED if "refused" in each.expected]
RUNNING = [each for each in OBSERVED if each.expected.get("running")]
ENDED = [each for each in OBSERVED if not each.expected.get("running")]
BAD_ENDS = [each for each in OBSERVED if "reason" in each.expected]
GATES = [(each, *gate) for each in CANDIDATES for gate in each.expected["gates"]]
KEYS = [(each, keys.split(","), told) for each in CANDIDATES for keys, told in each.expected["keys"].items()]
IN_THE_REGISTRY = re.compile(r"[\w .:/=+\-@]{1,256}")
"""What metadata in the registry may be, but for letters of other scripts: botocore's CustomerMetadataValue."""


def named(value: object) -> str | None:
    return value.name if isinstance(value, Observation) else None


over = pytest.mark.parametrize


@pytest.fixture
def world(sink: Sink) -> HostingWorld:
    return HostingWorld(sink)


def outcome(world: HostingWorld, seen: Observation, **changes: Any) -> dict[str, Any]:
    seen.into(world)
    properties = wanted(JobName=seen.job_name, **changes)
    return world.send(world.event("Create", ResourceType=OUTCOME_TYPE, ResourceProperties=properties))


def all_attributes(told: dict[str, str], seen: Observation) -> dict[str, str]:
    known = {"JobName": seen.job_name, "JobArn": seen.describe["AutoMLJobArn"], **told}
    return {name: known.get(name, "") for name in OutcomeAttribute}


def problems(value: Any, shape: Any, path: str = "") -> list[str]:
    """What botocore's model of an answer does not know."""
    if shape.type_name == "structure":
        unknown = [f"{path}.{name}" for name in value if name not in shape.members]
        known = {name: member for name, member in value.items() if name in shape.members}
        return unknown + [
            each for name, member in known.items() for each in problems(member, shape.members[name], f"{path}.{name}")
        ]
    if shape.type_name in {"list", "map"}:
        inner = shape.member if shape.type_name == "list" else shape.value
        members = value if shape.type_name == "list" else value.values()
        return [each for member in members for each in problems(member, inner, f"{path}[]")]
    allowed = shape.metadata.get("enum")
    return [f"{path}: {value}"] if allowed and value not in allowed else []


def test_answers_are_of_the_shape_that_botocore_gives_them_but_for_what_it_does_not_know() -> None:
    """The texts in which the real service strays from its own model."""
    shape = service_model("sagemaker").operation_model("DescribeAutoMLJobV2").output_shape
    objective = ".BestCandidate.FinalAutoMLJobObjectiveMetric.MetricName"

    assert {problem for seen in OBSERVED for problem in problems(seen.describe, shape)} == {
        ".AutoMLJobSecondaryStatus: MergingAutoMLTaskReports",
        ".BestCandidate.CandidateProperties.CandidateMetrics[].MetricName: LogLoss",
        f"{objective}: validation:mse",
        f"{objective}: validation:f1",
        f"{objective}: validation:accuracy",
        f"{objective}: validation:binary_f_beta",
        f"{objective}: AVERAGE_WEIGHTED_QUANTILE_LOSS",
    }


# What a job has come to


@over("seen", CANDIDATES, ids=named)
def test_best_candidate_is_handed_on(world: HostingWorld, seen: Observation) -> None:
    answer = outcome(world, seen)

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"] == all_attributes(seen.expected["outcome"], seen)


@over("seen", CANDIDATES, ids=named)
def test_no_attribute_says_what_an_algorithm_calls_a_metric(world: HostingWorld, seen: Observation) -> None:
    told = " ".join(outcome(world, seen, Gate={"Rule": "AtMost", "Value": "9e9", "OnMiss": "warn"})["Data"].values())
    told += outcome(world, seen, Gate={"Rule": "AtLeast", "Value": "9e9"})["Reason"]

    assert "validation:" not in told
    assert "AVERAGE_WEIGHTED" not in told


@over("seen", BAD_ENDS, ids=named)
def test_bad_end_is_told(world: HostingWorld, seen: Observation) -> None:
    assert outcome(world, seen)["Reason"].partition("Its training")[0] == (
        seen.expected["reason"] + AGAIN.partition("Its training")[0]
    )


@over("seen", RUNNING, ids=named)
def test_job_that_still_runs_hands_nothing_on(world: HostingWorld, seen: Observation) -> None:
    answer = outcome(world, seen, OnTimeout="LetRun")

    assert answer["Data"] == all_attributes(seen.expected["outcome"], seen)
    secondary = seen.expected["outcome"]["SecondaryStatus"]
    assert f"has not ended (InProgress, {secondary}) within" in outcome(world, seen, OnTimeout="Fail")["Reason"]


@over(("seen", "rule", "value", "metric", "text"), GATES, ids=named)
def test_gate_is_judged(world: HostingWorld, seen: Observation, rule: str, value: str, metric: str, text: str) -> None:
    gate = {"Rule": rule, "Value": value, "OnMiss": "fail"} | ({"Metric": metric} if metric else {})

    answer = outcome(world, seen, Gate=gate)

    if text.startswith("met"):
        assert answer["Data"]["GateResult"] == text
    elif text.startswith("missed"):
        assert f"the quality gate of the AutoML job '{seen.job_name}' was {text}. " in answer["Reason"]
    else:
        assert answer["Reason"] == f"the quality gate of the AutoML job '{seen.job_name}' cannot be judged: {text}"


@over("seen", ENDED, ids=named)
def test_result_file_holds_what_the_service_said(world: HostingWorld, seen: Observation) -> None:
    outcome(world, seen, WriteResult="true")

    stored = world.s3.objects["results", f"out/{seen.job_name}/outcome.json"]
    described = json.loads(stored["Body"])["AutoMLJob"]
    assert described["AutoMLJobSecondaryStatus"] == seen.describe["AutoMLJobSecondaryStatus"]
    best = seen.describe.get("BestCandidate", {}).get("FinalAutoMLJobObjectiveMetric")
    assert described.get("BestCandidate", {}).get("FinalAutoMLJobObjectiveMetric") == best


# What serves it


def image_of(container: dict[str, Any]) -> str:
    return str(container["Image"]).partition("/")[2]


@over("seen", CANDIDATES, ids=named)
@over("instance_type", ["ml.m5.large", "ml.g5.xlarge"])
def test_model_has_the_candidates_containers(world: HostingWorld, seen: Observation, instance_type: str) -> None:
    seen.into(world)

    assert world.create(model(seen.job_name, InstanceType=instance_type))["Status"] == "SUCCESS"

    [made] = world.hosting.hosted.values()
    containers = made.request.get("Containers") or [made.request["PrimaryContainer"]]
    assert [image_of(each) for each in containers] == seen.expected["containers"]
    told = seen.describe["BestCandidate"]["InferenceContainers"]
    assert [each["Environment"] for each in containers] == [each["Environment"] for each in told]
    assert all(each["ModelDataUrl"] for each in containers)


@over(("seen", "keys", "told"), KEYS, ids=named)
def test_containers_are_told_what_answers_hold(
    world: HostingWorld, seen: Observation, keys: list[str], told: str | list[dict[str, str]]
) -> None:
    seen.into(world)

    answer = world.create(model(seen.job_name, InferenceResponseKeys=keys))

    if isinstance(told, str):
        assert answer["Reason"] == f"the best candidate of the AutoML job '{seen.job_name}' {told}"
        return
    [made] = world.hosting.hosted.values()
    containers = made.request.get("Containers") or [made.request["PrimaryContainer"]]
    settings = {"SAGEMAKER_INFERENCE_INPUT", "SAGEMAKER_INFERENCE_OUTPUT"}
    assert [
        {name: text for name, text in each["Environment"].items() if name in settings} for each in containers
    ] == told


@over("seen", WITHOUT, ids=named)
@over("resource_type", [MODEL_TYPE, MODEL_PACKAGE_TYPE])
def test_what_is_no_best_candidate_yet_or_ever_is_not_served(
    world: HostingWorld, seen: Observation, resource_type: str
) -> None:
    seen.into(world)
    world.resource_type = resource_type

    answer = world.create(model(seen.job_name) if resource_type == MODEL_TYPE else package(seen.job_name))

    assert answer["Reason"] == f"the AutoML job '{seen.job_name}' {seen.expected['refused']}"
    assert not world.hosting.count("CreateModel", "CreateModelPackage")


@over("seen", CANDIDATES, ids=named)
def test_version_has_the_reports_that_there_are_and_says_which_there_are_not(
    world: HostingWorld, seen: Observation, capfd: pytest.CaptureFixture[str]
) -> None:
    seen.into(world)
    world.resource_type = MODEL_PACKAGE_TYPE

    assert world.create(package(seen.job_name))["Status"] == "SUCCESS"

    [version] = world.hosting.packages.values()
    members = {"ModelQuality": "Statistics", "Explainability": "Report"}
    reports = {
        name: {members[name]: {"ContentType": "application/json", "S3Uri": uri}}
        for name, uri in seen.expected["reports"].items()
    }
    assert version.request.get("ModelMetrics", {}) == reports
    said = version.request["CustomerMetadataProperties"].get("automl-reports", "")
    assert said == seen.expected["no_reports"]
    assert not said or IN_THE_REGISTRY.fullmatch(said)
    assert ("registered with no" in capfd.readouterr().out) == bool(said)
    places = seen.describe["BestCandidate"].get("CandidateProperties", {}).get("CandidateArtifactLocations", {})
    assert world.s3.count("ListObjectsV2") == sum(name in places for name in ("ModelInsights", "Explainability"))


# Who is told


@over("seen", OBSERVED, ids=named)
def test_look_tells_the_bus_and_the_metrics(
    world: HostingWorld, seen: Observation, capfd: pytest.CaptureFixture[str]
) -> None:
    world.hosting.add_job(seen.job_name, {})
    properties: Any = stringified({"JobName": seen.job_name, "Watch": watching("Wait", bus=BUS)})
    world.send(world.event("Create", ResourceType=WATCH_TYPE, ResourceProperties=properties))
    seen.into(world)
    world.status("CREATE_COMPLETE", physical_id=f"{LOGICAL_ID}-{seen.job_name}")
    world.status("CREATE_IN_PROGRESS", "Wait")
    capfd.readouterr()

    world.look()

    [detail] = world.events_bus.details()
    assert set(detail) == set(EventDetail)
    expected = seen.expected["event"]
    assert {name: detail[name] for name in expected} == expected
    assert bool(world.cloudformation.signals) == (seen in ENDED)
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    metrics = [line for line in lines if "_aws" in line]
    assert [line.get("ObjectiveValue") for line in metrics] == ([seen.expected["objective"]] if seen in ENDED else [])
    assert all(line["JobDuration"] > 0 for line in metrics)
    assert all(line["JobResource"] == f"Demo/{LOGICAL_ID}" for line in metrics)
