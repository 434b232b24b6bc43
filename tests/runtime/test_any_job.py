"""Whatever the service says of a job, every answer fits, no value is cut, and every event and result is JSON."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from constructs_lib.runtime.answer import BODY_LIMIT, REASON_LENGTH
from constructs_lib.runtime.contract import ENDED, EventDetail, OutcomeAttribute
from constructs_lib.runtime.description import Description
from constructs_lib.runtime.outcome import attributes
from constructs_lib.runtime.result import uri

from .fake_sagemaker import EPOCH, service_model
from .test_outcome import CONSOLE, create, wanted
from .world import Sink, World, properties, watching

DESCRIBED = service_model("sagemaker").operation_model("DescribeAutoMLJobV2").output_shape
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=12)
LONG = 1024
"""The longest that the service documents for most texts."""


def texts(shape: Any) -> st.SearchStrategy[str]:
    longest = min(shape.metadata.get("max", LONG), LONG)
    long = st.sampled_from('x/ä列😀\x00"\\\ud800').map(lambda letter: letter * longest)
    known = st.sampled_from(shape.metadata["enum"]) if "enum" in shape.metadata else st.just("s3://bucket/x")
    return known | known | long | ANY_TEXT


def replies(shape: Any) -> st.SearchStrategy[Any]:
    """Anything that botocore may make of an answer of this shape: any member may be missing."""
    match shape.type_name:
        case "structure":
            members = {name: replies(member) for name, member in shape.members.items()}
            return st.fixed_dictionaries(members) | st.fixed_dictionaries({}, optional=members)
        case "list":
            return st.lists(replies(shape.member), max_size=2)
        case "map":
            return st.dictionaries(texts(shape.key), replies(shape.value), max_size=2)
        case "timestamp":
            return st.just(EPOCH)
        case "boolean":
            return st.booleans()
        case "integer" | "long":
            return st.integers(0, 2**31)
        case "float" | "double":
            return st.floats()
        case _:
            return texts(shape)


STATUSES = service_model("sagemaker").shape_for("AutoMLJobStatus").enum
JOBS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    replies(DESCRIBED),
    AutoMLJobName=st.just("churn"),
    AutoMLJobStatus=st.sampled_from(STATUSES) | st.just("Completed"),
    AutoMLJobArn=st.just("arn:aws:sagemaker:eu-west-1:111122223333:automl-job/churn"),
    OutputDataConfig=st.just({"S3OutputPath": "s3://results/" + "x" * 499}),
)
OFTEN = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


def readable(text: str) -> str:
    """As UTF-8 can say it."""
    return text.encode(errors="replace").decode()


SPEC = "0123456789abcdef"


@pytest.mark.timeout(120)
@OFTEN
@given(
    told=JOBS,
    gate=st.none() | st.sampled_from(["AtLeast", "AtMost", "BetterThan"]),
    on_miss=st.sampled_from(["fail", "warn"]),
)
def test_every_answer_fits_and_no_value_is_cut(
    sink: Sink, told: dict[str, Any], gate: str | None, on_miss: str
) -> None:
    world = World(sink)
    world.sagemaker.add_job("churn", {}).told = told
    judged = {"Gate": {"Rule": gate, "Value": "0.5", "OnMiss": on_miss}} if gate else {}

    answer = create(world, wanted(OnTimeout="LetRun", WriteResult="true", JobSpec=SPEC, **judged))

    body = sink.received[-1][2]
    assert len(body) <= BODY_LIMIT
    if answer["Status"] == "FAILED":
        assert len(answer["Reason"]) <= REASON_LENGTH
        assert CONSOLE in answer["Reason"] or "cannot be judged" in answer["Reason"]
    elif told["AutoMLJobStatus"] in ENDED:
        job = Description(world.sagemaker.describe_auto_ml_job_v2(AutoMLJobName="churn"))
        whole = attributes(job, gate_result=answer["Data"]["GateResult"], result_uri=uri(job)) | {"JobSpec": SPEC}
        for name in OutcomeAttribute:
            assert answer["Data"][name] in {"", readable(whole[name])}
        lost = [name for name in OutcomeAttribute if answer["Data"][name] != readable(whole[name])]
        kept = [name for name in OutcomeAttribute if answer["Data"][name]]
        assert not lost or all(
            list(OutcomeAttribute).index(lost[0]) > list(OutcomeAttribute).index(one) for one in kept
        )
    for stored in world.s3.objects.values():
        json.loads(stored["Body"], parse_constant=pytest.fail)


@pytest.mark.timeout(120)
@OFTEN
@given(told=JOBS)
def test_every_look_tells_and_signals(sink: Sink, told: dict[str, Any]) -> None:
    world = World(sink)
    world.create(properties() | {"Watch": watching("Wait")})
    world.status("CREATE_IN_PROGRESS", "Wait")
    told.pop("AutoMLJobName")
    world.job().told = told

    world.look()

    [detail] = world.events_bus.details()
    assert set(detail) == set(EventDetail)
    json.dumps(detail, allow_nan=False)
    assert bool(world.cloudformation.signals) == (told["AutoMLJobStatus"] in ENDED)


def test_fullest_candidate_keeps_its_model_and_loses_its_reports_first(world: World) -> None:
    best = {
        "CandidateName": "c" * 64,
        "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Value": 0.123456789, "Type": "Maximize"},
        "InferenceContainers": [{"Image": "i" * 255, "ModelDataUrl": "m" * 1024}],
        "CandidateProperties": {
            "CandidateArtifactLocations": {
                "Explainability": "e" * 1024,
                "ModelInsights": "r" * 1024,
                "BacktestResults": "b" * 1024,
            }
        },
    }
    job = world.sagemaker.add_job("churn", {}, {"OutputDataConfig": {"S3OutputPath": "s3://results/" + "x" * 499}})
    world.sagemaker.complete("churn").told |= {"BestCandidate": best, "ModelDeployResult": {"EndpointName": "e" * 63}}

    answer = create(world, wanted(WriteResult="true", JobSpec=SPEC))

    assert answer["Status"] == "SUCCESS"
    assert {name for name, value in answer["Data"].items() if not value} == {
        "GateResult",
        "ProblemType",
        "ExplainabilityUri",
        "BacktestResultsUri",
    }
    assert answer["Data"]["ModelDataUrl"] == "m" * 1024
    assert len(answer["Data"]["ResultUri"]) > 500
    assert job.status == "Completed"
