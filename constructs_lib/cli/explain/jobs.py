"""What the jobs of a stack ask for, what waits for them, and what trains them again."""

from collections.abc import Iterator
from typing import Any, Final

from constructs_lib.api.rules import MAX_RUNTIME
from constructs_lib.rehearsal.assembly import Assembly, Job
from constructs_lib.rehearsal.stacks import Place, Stack
from constructs_lib.runtime.contract import (
    OUTCOME_TYPE,
    RETRAINING_TYPE,
    Gate,
    OutcomeProperty,
    Property,
    Retraining,
    RetrainingHoldout,
)

from .words import Words, number_of

MOST_CANDIDATES: Final = 750
"""See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLJobCompletionCriteria.html"""

_TRIALS: Final = {"ENSEMBLING": 10}
_TRIALS_OF_TUNING: Final = 100
"""Candidates without `MaxCandidates`: https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-model-support-validation.html"""

_LANGUAGE_MODEL_SECONDS: Final = 259200
"""The default runtime of `TextGenerationJobConfig`, from its page of the API."""

_TABULAR: Final = "TabularJobConfig"


def jobs(assembly: Assembly, stack: Stack) -> list[dict[str, Any]]:
    """The jobs of a stack as facts."""
    return [_job(Words(assembly, stack, job.templates), job) for job in Job.all_of(stack)]


def _job(words: Words, job: Job) -> dict[str, Any]:
    call = words.of(job.properties.get(Property.OPERATION, ""))
    return {
        "name": words.name_of(job.logical_id),
        "call": call,
        **requested(words, job.request),
        "job_name": words.of(job.request["AutoMLJobName"]) if "AutoMLJobName" in job.request else None,
        "is_followed": job.is_followed,
    }


def requested(words: Words, request: dict[str, Any]) -> dict[str, Any]:
    """What a request asks for."""
    config, kind = _config(request)
    criteria = _dict(config.get("CompletionCriteria"))
    channels = request.get("InputDataConfig", request.get("AutoMLJobInputDataConfig", []))
    mode = config.get("Mode")
    return {
        "problem": kind.removesuffix("JobConfig"),
        "problem_type": _text(words, request.get("ProblemType", config.get("ProblemType"))),
        "target": _text(words, _target(config, channels)),
        "objective": _text(words, _dict(request.get("AutoMLJobObjective")).get("MetricName")),
        "mode": _text(words, mode),
        "algorithms": [
            algorithm
            for each in _list(_dict(config.get("CandidateGenerationConfig")).get("AlgorithmsConfig"))
            for algorithm in words.all_of(_dict(each).get("AutoMLAlgorithms", []))
        ],
        "data": [_channel(words, _dict(each)) for each in _list(channels)],
        "output": words.of(_dict(request.get("OutputDataConfig")).get("S3OutputPath", "")),
        "role": words.of(request.get("RoleArn", "")),
        "trains": config.get("GenerateCandidateDefinitionsOnly") not in (True, "true"),  # not known now: it may
        "candidates": _bound(criteria, "MaxCandidates", *_candidates(kind, mode)),
        "seconds": _bound(criteria, "MaxAutoMLJobRuntimeInSeconds", *_runtime(kind)),
        "seconds_per_candidate": _bound(criteria, "MaxRuntimePerTrainingJobInSeconds", None, "the whole job's"),
        "deploys": _deployed(words, request.get("ModelDeployConfig")),
    }


def _config(request: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The settings of the problem, and what V2 calls it."""
    problem = _dict(request.get("AutoMLProblemTypeConfig"))
    if problem:
        kind = next(iter(problem))
        return _dict(problem[kind]), kind
    config = _dict(request.get("AutoMLJobConfig"))
    candidates = _dict(config.get("CandidateGenerationConfig"))
    return config | {
        "CandidateGenerationConfig": candidates,
        "GenerateCandidateDefinitionsOnly": request.get("GenerateCandidateDefinitionsOnly", False),
    }, _TABULAR


def _target(config: dict[str, Any], channels: Any) -> Any:
    named = (
        config.get("TargetAttributeName"),
        config.get("TargetLabelColumn"),
        _dict(config.get("TimeSeriesConfig")).get("TargetAttributeName"),
        *(_dict(each).get("TargetAttributeName") for each in _list(channels)),
    )
    return next((each for each in named if each is not None), None)


def _channel(words: Words, channel: dict[str, Any]) -> dict[str, str]:
    source = _dict(_dict(channel.get("DataSource")).get("S3DataSource"))
    return {
        "channel": words.of(channel.get("ChannelType", "training")),
        "uri": words.of(source.get("S3Uri", "")),
        "content_type": words.of(channel.get("ContentType", "")),
    }


def _candidates(kind: str, mode: Any) -> tuple[int, str]:
    """How many candidates a job without a maximum trains at most, and who says so."""
    if kind != _TABULAR:
        return 1, "all that this problem has"
    if mode is not None and not isinstance(mode, str):
        return MOST_CANDIDATES, "the most that the service takes"
    return _TRIALS.get(mode or "", _TRIALS_OF_TUNING), "the service's default"


def _runtime(kind: str) -> tuple[int, str]:
    if kind == "TextGenerationJobConfig":
        return _LANGUAGE_MODEL_SECONDS, "the service's default"
    return MAX_RUNTIME, "the most that the service lets a job run"


def _bound(criteria: dict[str, Any], member: str, default: float | None, why: str) -> dict[str, Any]:
    """A limit of the job: its number, and where it comes from; `None` as the number: only known at deploy time."""
    if member not in criteria:
        return {"at_most": default, "from": why, "given": False}
    number = number_of(criteria[member])
    return {"at_most": number, "from": "the request" if number else "a value of the deployment", "given": True}


def _deployed(words: Words, config: Any) -> str | None:
    if not isinstance(config, dict):
        return None
    return words.of(config["EndpointName"]) if "EndpointName" in config else "{a name of the service's}"


def waits(assembly: Assembly, stack: Stack) -> list[dict[str, Any]]:
    """What deployments of a stack wait for."""
    return list(_waits(assembly, stack))


def _waits(assembly: Assembly, stack: Stack) -> Iterator[dict[str, Any]]:
    for place, properties in stack.of(OUTCOME_TYPE):
        words = Words(assembly, stack, place.templates)
        gate = _dict(properties.get(OutcomeProperty.GATE))
        yield {
            "name": words.name_of(place.logical_id),
            "job": words.of(properties.get(Property.JOB_NAME, "")),
            "seconds": number_of(properties.get(OutcomeProperty.TIMEOUT)),
            "on_timeout": _text(words, properties.get(OutcomeProperty.ON_TIMEOUT)),
            "gate": _gate(words, gate) if gate else None,
            "on_miss": _text(words, gate.get(Gate.ON_MISS)),
        }


def _gate(words: Words, gate: dict[str, Any]) -> str:
    rule = {"AtLeast": "at least", "AtMost": "at most", "BetterThan": "better than"}
    metric = words.of(gate[Gate.METRIC]) if Gate.METRIC in gate else "the objective"
    asked = words.of(gate.get(Gate.RULE, ""))
    return f"{metric} must be {rule.get(asked, asked)} {words.of(gate.get(Gate.VALUE, ''))}"


def retrainings(assembly: Assembly, stack: Stack) -> list[dict[str, Any]]:
    """What trains a job's request again, by itself."""
    return [_retraining(assembly, place, properties) for place, properties in stack.of(RETRAINING_TYPE)]


def _retraining(assembly: Assembly, place: Place, properties: dict[str, Any]) -> dict[str, Any]:
    words = Words(assembly, place.stack, place.templates)
    return {
        "name": words.name_of(place.logical_id),
        "runs_per_month": number_of(properties.get(Retraining.MAX_JOBS)),
        "promotes": Retraining.ENDPOINT in properties,
        "judges_on": _text(words, _dict(properties.get(Retraining.HOLDOUT)).get(RetrainingHoldout.INSTANCE_TYPE)),
        **requested(words, _dict(properties.get(Property.REQUEST))),
    }


def _text(words: Words, value: Any) -> str | None:
    return None if value is None else words.of(value)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
