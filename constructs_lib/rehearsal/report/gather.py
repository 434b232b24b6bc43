"""From what a rehearsal has noted to the facts of its report."""

from __future__ import annotations

import math
from datetime import UTC
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from constructs_lib.rehearsal.failures import CannotStartError, CheckFailedError, TimeIsUpError
from constructs_lib.rehearsal.screen import printable
from constructs_lib.rehearsal.studies import Study

from .facts import (
    About,
    CandidateFact,
    DeploymentFact,
    EndpointFact,
    EvidenceFact,
    Facts,
    JobFact,
    OutcomeFact,
    ResourceSpan,
    StackDeployment,
    StepFact,
    Verdict,
)
from .played import played, real
from .templates import changes, permissions_of, resources_of
from .touched import touched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from constructs_lib.rehearsal.account import Candidate, JobState, ResourceEvent, TrainingReport
    from constructs_lib.rehearsal.record import Deployment, Record
    from constructs_lib.rehearsal.stacks import Template

    from .touched import Unverified

_DISTRIBUTION = "cdk-sagemaker-autopilot"
_FAILED = "_FAILED"


def facts(record: Record, register: Iterable[Unverified], error: BaseException | None) -> Facts:
    """The facts so far.

    Args:
        record: What was noted.
        register: The assumptions that nobody has checked against AWS.
        error: Why the rehearsal ended before its end; `None` if it did not.
    """
    return Facts(
        verdict=_verdict(record, error),
        about=About(
            app=record.app,
            stacks=list(record.stacks),
            account=record.account,
            region=record.region,
            began=record.began.astimezone(UTC).isoformat(timespec="seconds"),
            library=_version(),
        ),
        steps=[
            StepFact(
                number=step.number,
                title=step.title,
                status="failed" if step.failed else "passed",
                began=round(step.since, 2),
                seconds=round(step.seconds, 2),
                checks=list(step.checks),
                notes=list(step.notes),
            )
            for step in record.steps
        ],
        jobs=[_job(state, report, record.studies.get(state.name, Study())) for state, report in record.trained],
        outcomes=[OutcomeFact(**told._asdict()) for told in record.told],
        endpoints=list(_endpoints(record)),
        outputs=record.outputs,
        deployments=list(_deployments(record)),
        resources=list(resources_of(record.templates)),
        permissions=list(permissions_of(record.templates)),
        real=real(record) if record.deployments else [],
        played=played(record) if record.deployments else [],
        not_shown=list(record.not_shown),
        retained=list(record.retained),
        assumptions=list(touched(register, record.templates)),
    )


def _verdict(record: Record, error: BaseException | None) -> Verdict:
    status: Any = "passed"
    reason = "" if error is None else str(error)
    match error:
        case None:
            pass
        case KeyboardInterrupt() | BrokenPipeError():
            status, reason = "interrupted", "it was interrupted; all that was started has been ended"
        case TimeIsUpError():
            status = "timed out"
        case CannotStartError():
            status = "could not start"
        case CheckFailedError():
            status = "failed"
        case _:
            status, reason = "failed", f"{type(error).__name__}: {error}"
    evidence = error.evidence if isinstance(error, CheckFailedError) else ()
    return Verdict(
        status=status,
        reason=reason,
        evidence=[EvidenceFact(title=each.title, text=_plain(each.text)) for each in evidence],
        checks=sum(len(step.checks) for step in record.steps),
        seconds=round(max((step.since + step.seconds for step in record.steps), default=0.0), 2),
    )


def _plain(text: str) -> str:
    return "\n".join(map(printable, text.splitlines()))


def _version() -> str:
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:  # a checkout that is not installed
        return ""


def _job(state: JobState, report: TrainingReport, study: Study) -> JobFact:
    return JobFact(
        name=state.name,
        status=state.status,
        stage=state.stage,
        failure_reason=state.failure_reason,
        seconds=state.seconds,
        smaller_is_better=any(candidate.smaller_is_better for candidate in state.candidates),
        notes=list(report.notes),
        candidates=[
            _candidate(rank, candidate, report.trained) for rank, candidate in enumerate(state.candidates, start=1)
        ],
        study=study,
    )


def _candidate(rank: int, candidate: Candidate, trained: Mapping[str, str]) -> CandidateFact:
    return CandidateFact(
        rank=rank,
        name=candidate.name,
        status=candidate.status,
        metric=candidate.metric,
        value=candidate.value,
        seconds=candidate.seconds,
        trained_here=trained.get(candidate.name, ""),
        metrics={name: value for name, value in candidate.metrics.items() if math.isfinite(value)},
    )


def _endpoints(record: Record) -> Iterator[EndpointFact]:
    for name, asked in record.one_click.items():
        yield EndpointFact(
            endpoint=name,
            jobs=[asked.job],
            candidate="",
            asked=asked.about,
            answer=asked.answer,
            as_the_model=False,
            response_keys=(),
            asked_meanwhile=0,
        )
    for each in record.answered:
        yield EndpointFact(
            endpoint=each.endpoint,
            jobs=list(each.jobs),
            candidate=each.candidate,
            asked=each.about,
            answer=each.answer,
            as_the_model=True,
            response_keys=each.response_keys,
            asked_meanwhile=each.asked_meanwhile,
        )


def _deployments(record: Record) -> Iterator[DeploymentFact]:
    before: Mapping[str, Template] = {}
    for deployment in record.deployments:
        yield DeploymentFact(
            step=deployment.step,
            stacks=[
                StackDeployment(
                    stack=stack,
                    changes=changes(before[stack], template) if stack in before else (),
                    resources=list(_spans(deployment, deployment.events.get(stack, ()))),
                )
                for stack, template in deployment.templates.items()
            ],
        )
        before = deployment.templates


def _spans(deployment: Deployment, events: Iterable[ResourceEvent]) -> Iterator[ResourceSpan]:
    by_resource: dict[tuple[str, str], list[ResourceEvent]] = {}
    for event in events:
        by_resource.setdefault((event.logical_id, event.kind), []).append(event)
    for (logical_id, kind), seen in by_resource.items():
        first, last = seen[0], seen[-1]
        reasons = [event.reason for event in seen if event.status.endswith(_FAILED)]
        yield ResourceSpan(
            logical_id=logical_id,
            type=kind,
            status=last.status,
            reason=next(filter(None, reasons), ""),
            began=round((first.at - deployment.began).total_seconds(), 2),
            seconds=round((last.at - first.at).total_seconds(), 2),
        )
