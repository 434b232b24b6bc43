"""`AutoMLJobOutcome`: a deployment waits for a job, fails with it, and hands its best candidate on."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Final, Unpack

import aws_cdk as cdk
import jsii
from constructs import Construct, IValidation

from ..access.grants import warn
from ..access.places import FUNCTIONS_BUCKET, FUNCTIONS_KEY, apart
from ..api.fields import described, listed, number, raise_if_any, seconds_of, value_problems
from ..api.problem_types.time_series_forecasting import HOUR, LASTS, TimeSeriesForecasting
from ..candidate.batch import TRANSFORM_DEFAULTS, AutoMLTransform, TransformProps
from ..candidate.model import Candidate
from ..candidate.registry import MODEL_PACKAGE_DEFAULTS, AutoMLModelPackage, ModelPackageProps
from ..data.buckets import facts as bucket_facts
from ..jobs.base import JobBase, watch
from ..jobs.digest import hash_of
from ..jobs.owned import jobs_of
from ..keywords import ConstructorSignature, spelled_out
from ..naming import is_one_deployment, stack_of
from ..provider.following import let_change
from ..provider.provider import AutoMLProvider
from ..runtime import contract
from ..runtime.contract import OnTimeout, OutcomeAttribute, OutcomeProperty, Property
from ..tokens import is_token, place
from .gate import QualityGate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import aws_sagemaker as sagemaker

    from ..access.opening import Owned
    from ..access.places import Used
    from ..jobs.base import IAutoMLJob, JobFacts

# [twelve-hours]
_LINK: Final = 12 * 3600
"""Seconds that one wait condition lasts at most."""

_RESERVE: Final = 10 * 60
"""Seconds at the end of each in which the state machine surely looks at the job once more and signals."""

_LONGEST: Final = 30 * 24 * 3600

"""https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-quotas.html (maximum runtime)."""

_SHORTEST: Final = 5 * 60
_AFTER_THE_RUN: Final = 3600
"""Seconds that reports and a deployment may take after the time that a job may train."""


@jsii.implements(cdk.IStableStringProducer)
class _ConditionId:
    """The logical id of a wait condition: another one for each job that is to be waited for.

    A wait condition acts when it is created, and never again; CloudFormation refuses to change one, so how long it
    lasts counts too. What the job is to be is only known when all references are resolved.
    """

    def __init__(self, beginning: str, stack: cdk.Stack, spec: object) -> None:
        self._beginning = beginning
        self._stack = stack
        self._spec = spec

    def produce(self) -> str:
        """The id."""
        return f"{self._beginning}{hash_of(self._stack, self._spec)[:_ID_HASH].upper()}"


_ID_HASH: Final = 12
_ID_LENGTH: Final = 100


class AutoMLJobOutcome(Construct):
    """What a job has come to: the deployment waits for its end, and goes on only if it was a good one.

    It fails with the job's own `FailureReason` when the job fails, and also when it was stopped from outside, has no
    best candidate or could not deploy it, when the time is over, and when the gate is missed. A deployment that fails
    is rolled back, which stops a job of the same stack. What else needs the result gets it from the attributes, which
    may cross stacks; use `node.add_dependency(outcome)` where something just has to come after, and for another job
    its `start_after(outcome)`. Two outcomes of one job write the same `result_uri`; the last one stays.

    Waiting costs nothing but looks at the job: about 0.06 USD for twelve hours. A deployment needs credentials that
    outlive it: those of the CDK's own bootstrap do.

    Example:
        ```python
        outcome = AutoMLJobOutcome(stack, "Outcome", job=job, quality_gate=QualityGate(at_least=0.85))
        CfnOutput(stack, "Model", value=outcome.model_data_url)
        ```

    See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-creationpolicy.html
    """

    __signature__ = ConstructorSignature()

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job: IAutoMLJob,
        timeout: cdk.Duration | None = None,
        on_timeout: OnTimeout | None = None,
        quality_gate: QualityGate | None = None,
        revision: str = "1",
    ) -> None:
        """Define an outcome.

        Args:
            scope: Where the outcome lives. It waits in the stack of the scope, which may be another one than the job's.
            construct_id: Its id there.
            job: The job: an `AutoMLJob` or `AutoMLJobV2`, or one made elsewhere (`from_job_name`, `from_job_arn`), in
                the same account and region.
            timeout: How long the deployment waits: 5 minutes to 30 days, and no shorter than the job's `max_runtime`;
                a job on time series takes 30 to 70 minutes, however small its data are.
                The last ten minutes of every twelve hours are kept for the answer. Default: the job's `max_runtime` and
                an hour more; 12 hours where none is given.
            on_timeout: What happens to a job that still runs then. Default: `STOP_JOB` for a job of the same app; a job
                made elsewhere runs on while the deployment fails (`FAIL`).
            quality_gate: What the best candidate must reach. Default: any candidate will do.
            revision: Another value waits and judges again although nothing else has changed: for a job whose name or
                properties changed through a value that only the deployment knows. Default: `1`.

        Raises:
            ValueError: with everything that is wrong, each in the props' own names.
        """
        where = place("AutoMLJobOutcome", scope, construct_id)
        stack = stack_of(scope)
        raise_if_any(_problems(stack, job, timeout, on_timeout, quality_gate, revision), where)
        if not isinstance(job, JobBase):
            raise TypeError(described(job))
        places = apart(stack, _used(job._facts))
        raise_if_any(places.errors, where)
        super().__init__(scope, construct_id)
        warnings = (quality_gate._warnings() if quality_gate else {}) | _timeout_warnings(timeout, job._facts)
        warn(self, warnings | _name_warnings(stack, job) | places.warnings)
        self._job = job
        provider = AutoMLProvider.of(self)
        _OrderCheck.of(provider)
        facts = job._facts
        seconds = int(seconds_of(timeout)) if timeout is not None else _default_timeout(facts)
        is_own = stack_of(job) is stack
        following = job._following if is_own else watch(self, "Watch", job)
        default = OnTimeout.FAIL if facts.is_made_elsewhere else OnTimeout.STOP_JOB
        choice = on_timeout or default
        needed = provider._judge(
            result=_result(facts),
            key=None if facts.output is None else facts.output._key,
            stops=job.job_arn if choice is OnTimeout.STOP_JOB and (facts.is_made_elsewhere or not is_own) else None,
        )
        self._resource = provider._custom_resource(
            self,
            "Resource",
            contract.OUTCOME_TYPE,
            {
                Property.JOB_NAME: job.job_name,
                OutcomeProperty.TIMEOUT: seconds,
                OutcomeProperty.ON_TIMEOUT: choice,
                OutcomeProperty.RESULT: facts.output is not None,
                **({} if quality_gate is None else {OutcomeProperty.GATE: quality_gate._rendered()}),
                OutcomeProperty.REVISION: revision,
            },
        )
        let_change(self._resource, stack)
        self._resource.node.add_dependency(*needed)
        before: cdk.CfnResource = following.resource
        for link, (until, lasts) in enumerate(links(seconds)):
            condition = cdk.CfnWaitCondition(self, f"Wait{link or ''}")
            beginning = cdk.Names.unique_resource_name(condition, max_length=_ID_LENGTH)
            spec = [facts.spec, revision, lasts]
            logical_id = cdk.Lazy.string(_ConditionId(beginning, stack_of(job), spec))
            condition.override_logical_id(logical_id)
            condition.cfn_options.creation_policy = cdk.CfnCreationPolicy(
                resource_signal=cdk.CfnResourceSignal(count=1, timeout=cdk.Duration.seconds(lasts).to_iso_string())
            )
            condition.node.add_dependency(before)
            following.signal(logical_id, until)
            before = condition
        self._resource.node.add_dependency(before)
        self._candidate: Final = Candidate(job=job, job_name=self.job_name, outcome=self._resource)
        """The best candidate, as those see it who serve it."""

    @property
    def job(self) -> IAutoMLJob:
        """The job; whoever uses its attributes does not wait for its end."""
        return self._job

    @property
    def stack(self) -> cdk.Stack:
        """The stack that the outcome is defined in."""
        return stack_of(self)

    @property
    def job_name(self) -> str:
        """The job's name; whoever uses it comes after the wait."""
        return self._attribute(OutcomeAttribute.JOB_NAME)

    @property
    def job_arn(self) -> str:
        """The job's ARN."""
        return self._attribute(OutcomeAttribute.JOB_ARN)

    @property
    def status(self) -> str:
        """The job's status: `Completed`, or `InProgress` when the time was over and the job was let run."""
        return self._attribute(OutcomeAttribute.STATUS)

    @property
    def secondary_status(self) -> str:
        """The job's secondary status: `Completed`, or what ended it, e.g. `MaxAutoMLJobRuntimeReached`."""
        return self._attribute(OutcomeAttribute.SECONDARY_STATUS)

    @property
    def problem_type(self) -> str:
        """What the job has learned, given or inferred: `BinaryClassification`, `TimeSeriesForecasting`, ..."""
        return self._attribute(OutcomeAttribute.PROBLEM_TYPE)

    @property
    def best_candidate_name(self) -> str:
        """The name of the best candidate; empty where the job trained nothing."""
        return self._attribute(OutcomeAttribute.BEST_CANDIDATE_NAME)

    @property
    def best_candidate_metric(self) -> str:
        """The name of the objective's metric; empty where there is none."""
        return self._attribute(OutcomeAttribute.BEST_CANDIDATE_METRIC)

    @property
    def objective_value(self) -> str:
        """The objective's value of the best candidate, a number as text; empty where there is none."""
        return self._attribute(OutcomeAttribute.OBJECTIVE_VALUE)

    @property
    def gate_result(self) -> str:
        """What the gate said, in a sentence that begins with `met` or `missed`; empty without a gate."""
        return self._attribute(OutcomeAttribute.GATE_RESULT)

    @property
    def model_data_url(self) -> str:
        """Where the best candidate's model lies in S3: its first container's; see `result_uri` for all."""
        return self._attribute(OutcomeAttribute.MODEL_DATA_URL)

    @property
    def inference_image(self) -> str:
        """The image of that container."""
        return self._attribute(OutcomeAttribute.INFERENCE_IMAGE)

    @property
    def model_insights_uri(self) -> str:
        """Where the report on the model's quality lies in S3; empty where there is none."""
        return self._attribute(OutcomeAttribute.MODEL_INSIGHTS_URI)

    @property
    def explainability_uri(self) -> str:
        """Where the report on the features' weight lies in S3; empty where there is none."""
        return self._attribute(OutcomeAttribute.EXPLAINABILITY_URI)

    @property
    def backtest_results_uri(self) -> str:
        """Where the forecasts of a time-series job for its own past lie in S3; empty for every other job."""
        return self._attribute(OutcomeAttribute.BACKTEST_RESULTS_URI)

    @property
    def endpoint_name(self) -> str:
        """The name of the endpoint of a one-click deployment; empty for a job made elsewhere that has none.

        Raises:
            ValueError: the job has no `model_deploy_config`, so there is none.
        """
        if self._job._facts.deploys is False:
            raise ValueError(
                f"the outcome '{self.node.path}' has no 'endpoint_name': its job deploys nothing itself. Give the job "
                "a 'model_deploy_config', or make an AutoMLEndpoint of this outcome and use its 'endpoint_name'"
            )
        return self._attribute(OutcomeAttribute.ENDPOINT_NAME)

    @property
    def result_uri(self) -> str:
        """Where the full result lies in S3, as JSON: the job as the service describes it, and all its candidates.

        The attributes here may hold 4096 bytes together; a URI that does not fit is empty, and is found there. Empty
        for a job made elsewhere whose `output` was not given.
        """
        return self._attribute(OutcomeAttribute.RESULT_URI)

    @spelled_out(TransformProps, **TRANSFORM_DEFAULTS)
    def transform(self, construct_id: str = "Transform", **props: Unpack[TransformProps]) -> AutoMLTransform:
        """Predict for a whole set of data with the best candidate, in a batch transform job.

        Args:
            construct_id: The id below the outcome. Default: `Transform`.

        Raises:
            ValueError: with everything that is wrong, each in the props' own names.
        """
        return AutoMLTransform(self, construct_id, outcome=self, **props)

    @spelled_out(ModelPackageProps, **MODEL_PACKAGE_DEFAULTS)
    def register(
        self,
        model_package_group: str | sagemaker.CfnModelPackageGroup,
        construct_id: str = "ModelPackage",
        **props: Unpack[ModelPackageProps],
    ) -> AutoMLModelPackage:
        """Register the best candidate as a version in the Model Registry.

        Args:
            model_package_group: The group: its name, its ARN, or the CDK's own construct.
            construct_id: The id below the outcome. Default: `ModelPackage`.

        Raises:
            ValueError: with everything that is wrong, each in the props' own names.
        """
        return AutoMLModelPackage(self, construct_id, outcome=self, model_package_group=model_package_group, **props)

    def _attribute(self, name: OutcomeAttribute) -> str:
        return self._resource.get_att(name).to_string()


@jsii.implements(IValidation)
class _OrderCheck:
    """Looks whether jobs wait for outcomes in a way that cannot be deployed, once all of a stack's are there."""

    def __init__(self, provider: AutoMLProvider) -> None:
        self._provider = provider
        provider.node.add_validation(self)

    @classmethod
    @cache
    def of(cls, provider: AutoMLProvider) -> _OrderCheck:
        """The check of a stack."""
        return cls(provider)

    def validate(self) -> list[str]:
        """What goes round in a circle."""
        return [
            f"the job '{job.node.path}' cannot depend on the outcome '{dependency.node.path}' of its own stack: its "
            "role would wait too, which the function that serves both has to know first; use start_after(outcome)"
            for job in jobs_of(self._provider)
            for dependency in job.node.dependencies
            if isinstance(dependency, AutoMLJobOutcome) and stack_of(dependency) is self._provider.stack
        ]


def links(seconds: int) -> Iterator[tuple[int, int]]:
    """The wait conditions of a wait: each is signalled so many seconds after the begin, and lasts so many."""
    usable = _LINK - _RESERVE
    count = math.ceil(seconds / _LINK)
    for link in range(count):
        until = min(seconds, (link + 1) * usable)
        yield until, min(until - link * usable + _RESERVE, _LINK)


def _default_timeout(facts: JobFacts) -> int:
    return _LINK if facts.max_runtime is None else min(int(facts.max_runtime) + _AFTER_THE_RUN, _LONGEST)


def _result(facts: JobFacts) -> tuple[Owned, str] | None:
    if facts.output is None:
        return None
    return bucket_facts(facts.output.bucket), facts.output._folder(facts.folder)


def _used(facts: JobFacts) -> Iterator[Used]:
    """What the function writes the result with."""
    if facts.output is not None:
        yield "the bucket of the job's 'output'", facts.output.bucket, FUNCTIONS_BUCKET
        yield "the key of the job's 'output'", facts.output._key, FUNCTIONS_KEY


def _problems(
    stack: cdk.Stack, job: object, timeout: object, on_timeout: object, quality_gate: object, revision: object
) -> list[str]:
    found = []
    if not isinstance(job, JobBase):
        found.append(
            f"'job' must be an AutoMLJob or an AutoMLJobV2, got {described(job)}; "
            "for a job that exists use AutoMLJob.from_job_name"
        )
    else:
        found += [
            f"'job' is in the {what} {of_job}, and the outcome's stack in {of_stack}: "
            "a job can only be waited for where it runs"
            for what, of_job, of_stack in job._places_apart(stack)
        ]
    facts = job._facts if isinstance(job, JobBase) else None
    found += _timeout_problems(timeout, None if facts is None else facts.max_runtime)
    if is_token(on_timeout):
        found.append(f"'on_timeout' decides what the function may do, so it cannot be a token: {listed(OnTimeout)}")
    else:
        found += value_problems(on_timeout, OnTimeout | None, is_token=is_token, path="on_timeout")
    found += value_problems(revision, str, is_token=is_token, path="revision")
    if quality_gate is None:
        return found
    if not isinstance(quality_gate, QualityGate):
        return [*found, f"'quality_gate' must be a QualityGate, got {described(quality_gate)}"]
    if facts is not None and facts.definitions_only:
        found.append(
            "'quality_gate' does not fit a job with 'generate_candidate_definitions_only': it has no candidate"
        )
    if isinstance(quality_gate.better_than, AutoMLJobOutcome) and quality_gate.better_than.job is job:
        found.append(
            "'quality_gate.better_than' is an outcome of the same job, which cannot be better than itself: give one of "
            "another job, or an SSM parameter with the value to beat"
        )
    return found + list(quality_gate._problems(None if facts is None else facts.objective))


def _timeout_warnings(timeout: cdk.Duration | None, facts: JobFacts) -> dict[str, str]:
    if timeout is None or facts.problem is not TimeSeriesForecasting or seconds_of(timeout) > HOUR:
        return {}
    seconds = number(seconds_of(timeout))
    return {"timeout": f"'timeout' ({seconds} s) may be over before the job is: {LASTS}; wait two hours"}


def _name_warnings(stack: cdk.Stack, job: JobBase) -> dict[str, str]:
    """Two jobs want one name where the next is waited for: what an update replaces goes when the update is over."""
    name = job._facts.deployed_name
    if name is None or not is_one_deployment(stack, stack_of(job)):
        return {}
    told = "whose name is only known at deploy time" if is_token(name) else f"'{name}'"
    return {
        "one_click_name": (
            f"the job deploys to the endpoint {told}, and this outcome waits until it has: an update that trains again "
            "fails after the training, as the endpoint of the job before has that name until the update is over; give "
            "ModelDeployConfig.auto_named() and read the outcome's 'endpoint_name', or make an AutoMLEndpoint"
        )
    }


def _timeout_problems(timeout: object, max_runtime: float | None) -> Iterator[str]:
    if timeout is None:
        return
    if not isinstance(timeout, cdk.Duration):
        yield f"'timeout' must be a Duration, got {described(timeout)}"
        return
    if timeout.is_unresolved():
        yield "'timeout' decides how many wait conditions there are, so it cannot be a token"
        return
    seconds = seconds_of(timeout)
    if not _SHORTEST <= seconds <= _LONGEST or seconds != int(seconds):
        yield f"'timeout' must be whole seconds from 5 minutes to 30 days, got {number(seconds)}"
    elif max_runtime is not None and seconds < max_runtime:
        yield (
            f"'timeout' is {number(seconds)} seconds, but the job's 'completion_criteria.max_runtime' lets it run "
            f"{number(max_runtime)}: wait longer, or let the job end sooner"
        )
