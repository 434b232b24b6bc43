"""Create, Update and Delete of what a job has come to: passes it on, or fails the deployment that waited for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from . import gate, jobs, log, result, verdict
from .answer import Answer
from .clients import Aws
from .contract import OnTimeout, OutcomeAttribute, OutcomeProperty, Property
from .description import Description
from .event import Event
from .failure import Failure, unless_failed
from .gate import Gate
from .jobs import Job
from .retry import Clock, patiently
from .stack import Stack

_PASSED_OVER = {"ExplainabilityError", "ModelInsightsError"}
"""Secondary statuses of jobs whose model is there although a report on it is not."""

_REQUIRED = (Property.JOB_NAME, OutcomeProperty.TIMEOUT, OutcomeProperty.ON_TIMEOUT)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the resource properties ask for."""

    job_name: str
    seconds: str
    on_timeout: OnTimeout
    writes_result: bool
    gate: Gate | None
    revision: str


def physical_id(logical_id: str) -> str:
    """What the resource is called as long as it lives, whatever job it is about."""
    return f"{logical_id}-outcome"


def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """Pass the result on, or fail."""
    return _settle(_read(event.properties), event, aws, clock, judged_before=False)


def update(event: Event, aws: Aws, clock: Clock) -> Answer:
    """The same; but nobody who passed before fails because the baseline has moved since.

    While the stack rolls back it only reports: the old job may be stopped by now, and what fails would leave the stack
    stuck.
    """
    if Stack(aws.cloudformation, event, clock).is_rolling_back():
        return _report(event, aws)
    wish = _read(event.properties)
    old = event.old_properties
    is_same_job = old.get(Property.JOB_NAME) == wish.job_name
    is_same = is_same_job and str(old.get(OutcomeProperty.REVISION, "")) == wish.revision
    # A job that was let run may never have been judged: better judged twice than not at all.
    was_judged = is_same and old.get(OutcomeProperty.ON_TIMEOUT) != OnTimeout.LET_RUN
    judged_before = (
        was_judged and wish.gate is not None and not wish.gate.is_judged_again(unless_failed(gate.read, old))
    )
    return _settle(wish, event, aws, clock, judged_before=judged_before)


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:  # noqa: ARG001 - all requests are served alike
    """Nothing is there to be undone: job and result belong to others."""
    return Answer(event.physical_id)


def _read(properties: Mapping[str, object]) -> Wish:
    missing = [name for name in _REQUIRED if not properties.get(name)]
    if missing:
        raise Failure(f"the resource properties lack {', '.join(missing)}")
    on_timeout = str(properties[OutcomeProperty.ON_TIMEOUT])
    if on_timeout not in set(OnTimeout):
        raise Failure(f"'{OutcomeProperty.ON_TIMEOUT}' must be {' or '.join(OnTimeout)}, got {on_timeout!r}")
    return Wish(
        job_name=str(properties[Property.JOB_NAME]),
        seconds=str(properties[OutcomeProperty.TIMEOUT]),
        on_timeout=OnTimeout(on_timeout),
        writes_result=_is_true(properties),
        gate=gate.read(properties),
        revision=str(properties.get(OutcomeProperty.REVISION, "")),
    )


def _is_true(properties: Mapping[str, object]) -> bool:
    value = str(properties.get(OutcomeProperty.RESULT, "false")).lower()
    if value not in {"true", "false"}:
        raise Failure(f"'{OutcomeProperty.RESULT}' must be true or false, got {value!r}")
    return value == "true"


def _settle(wish: Wish, event: Event, aws: Aws, clock: Clock, *, judged_before: bool) -> Answer:
    reply = patiently(lambda: jobs.describe(aws.sagemaker, wish.job_name), clock)
    if reply is None:
        raise Failure(f"the AutoML job '{wish.job_name}' does not exist in this account and region")
    job = Description(reply)
    if not job.has_ended:
        return _time_is_over(job, wish, event, aws, clock)
    if job.secondary_status in _PASSED_OVER:
        log.write(event, f"a report is missing: {job.secondary_status}", job_name=job.name, status=job.status)
    problem, gate_result = verdict.problem(job), ""
    if not problem and wish.gate:
        problem, gate_result = _judge(wish.gate, job, event, judged_before=judged_before)
    place, trouble = _write(job, gate_result, wish, aws, clock)
    if trouble:
        log.write(event, "result is not written", job_name=job.name, status=job.status, detail=trouble)
    if problem or trouble:
        raise Failure(problem or trouble)
    return _answer(event, attributes(job, gate_result=gate_result, result_uri=place))


def _time_is_over(job: Description, wish: Wish, event: Event, aws: Aws, clock: Clock) -> Answer:
    if wish.on_timeout == OnTimeout.LET_RUN:
        log.write(event, "job is let run", job_name=job.name, status=job.status)
        return _answer(event, attributes(job))
    if wish.on_timeout == OnTimeout.FAIL:
        raise Failure(verdict.still_running(job, wish.seconds, "it runs on"))
    Stack(aws.cloudformation, event, clock).check_wanted()  # an old event would stop what runs by now
    try:
        jobs.stop(aws.sagemaker, Job(name=job.name, arn=job.arn, status=job.status, tags={}))
    except (ClientError, BotoCoreError) as error:
        reason = verdict.still_running(job, wish.seconds, "it could not be stopped and runs on", str(error))
        raise Failure(reason) from error
    raise Failure(verdict.still_running(job, wish.seconds, "it was stopped"))


def _judge(wanted: Gate, job: Description, event: Event, *, judged_before: bool) -> tuple[str, str]:
    """Why the gate fails the deployment, or nothing; and what it says.

    A gate that cannot be judged is a reason too: the result is still to be written.
    """
    if judged_before:
        return "", wanted.recall(job, unless_failed(gate.read, event.old_properties))
    try:
        ruling = wanted.judge(job)
    except Failure as failure:
        return f"the quality gate of the AutoML job '{job.name}' cannot be judged: {failure}", ""
    log.write(event, "gate judged", job_name=job.name, status=job.status, detail=ruling.text)
    fails = not ruling.passes and not wanted.is_warning
    return verdict.missed(job, ruling.text) if fails else "", ruling.text


def _write(job: Description, gate_result: str, wish: Wish, aws: Aws, clock: Clock) -> tuple[str, str]:
    """Where the result lies, and what kept it from being written; that of a failed job too."""
    if not wish.writes_result:
        return "", ""
    try:
        return result.write(job, gate_result, aws, clock), ""
    except Failure as failure:
        return "", str(failure)


def _report(event: Event, aws: Aws) -> Answer:
    """What there is to say, and no judgement."""
    name = str(event.properties.get(Property.JOB_NAME, ""))
    job = jobs.describe_if_told(aws.sagemaker, name)
    log.write(event, "the stack rolls back: nothing is judged", job_name=name, status=job.status)
    wanted = unless_failed(gate.read, event.properties)
    recalled = wanted.recall(job, wanted) if wanted and job.has_candidate else ""
    place = result.uri(job) if job.has_ended and str(event.properties.get(OutcomeProperty.RESULT)) == "true" else ""
    return _answer(event, attributes(job, gate_result=recalled, result_uri=place) | {OutcomeAttribute.JOB_NAME: name})


def attributes(job: Description, *, gate_result: str = "", result_uri: str = "") -> dict[str, str]:
    """What `Fn::GetAtt` returns for a job. While it runs there is no result: its best candidate is the best so far."""
    states: dict[str, str] = {
        OutcomeAttribute.JOB_NAME: job.name,
        OutcomeAttribute.JOB_ARN: job.arn,
        OutcomeAttribute.STATUS: job.status,
        OutcomeAttribute.SECONDARY_STATUS: job.secondary_status,
    }
    if not job.has_ended:
        return states
    objective = job.objective
    return states | {
        OutcomeAttribute.PROBLEM_TYPE: job.problem_type,
        OutcomeAttribute.BEST_CANDIDATE_NAME: job.candidate_name,
        OutcomeAttribute.BEST_CANDIDATE_METRIC: objective.name,
        OutcomeAttribute.OBJECTIVE_VALUE: "" if objective.value is None else gate.shown(objective.value),
        OutcomeAttribute.GATE_RESULT: gate_result,
        OutcomeAttribute.ENDPOINT_NAME: job.endpoint_name,
        OutcomeAttribute.RESULT_URI: result_uri,
        OutcomeAttribute.INFERENCE_IMAGE: job.inference_image,
        OutcomeAttribute.MODEL_DATA_URL: job.model_data_url,
        OutcomeAttribute.MODEL_INSIGHTS_URI: job.model_insights_uri,
        OutcomeAttribute.EXPLAINABILITY_URI: job.explainability_uri,
        OutcomeAttribute.BACKTEST_RESULTS_URI: job.backtest_results_uri,
    }


def _answer(event: Event, told: Mapping[str, str]) -> Answer:
    return Answer(event.physical_id or physical_id(event.logical_id), attributes=told)
