"""The model of a job's best candidate, which endpoints and transform jobs run, and the role it runs as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import jsii
from constructs import Construct

from ..access import permissions
from ..access.grants import Grants, check_role, new_role
from ..access.keys import check_key
from ..access.lasting import last
from ..access.places import KEY, ROLE, apart
from ..access.security import Security, selection_of
from ..api.enums import Mode, ProblemType
from ..api.fields import described, listed, raise_if_any, render, value_problems
from ..api.hosting import ResponseKey
from ..api.problem_types import TextGeneration, TimeSeriesForecasting
from ..data.buckets import facts as bucket_facts
from ..data.readback import problems_with_output
from ..jobs.digest import Stated, spec_digest
from ..naming import stack_of
from ..provider.following import let_change
from ..provider.provider import AutoMLProvider
from ..runtime import contract
from ..runtime.contract import CandidateProperty, ModelAttribute, Property
from ..tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import IDependable

    from ..access.opening import Owned
    from ..access.places import Used
    from ..api.problem import Problem
    from ..api.rulebook import Findings
    from ..data.output import OutputLocation
    from ..jobs.base import JobBase

TUNED: Final = f"a job in {Mode.HYPERPARAMETER_TUNING} mode, as which one without a mode runs,"
_READS: Final = "the job names what it writes below its own folder"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The best candidate of a job that is waited for."""

    job: JobBase
    job_name: str
    """The job's name; whoever uses it comes after the wait."""

    outcome: cdk.CfnResource | None = None
    """The resource that waits; None: somebody waits without one."""

    def properties_for(self, reader: cdk.Stack) -> dict[str, str]:
        """What a resource of a stack says of the job that it takes the candidate of.

        A hash of all that, changed, makes another job changes the template of whoever serves the candidate.
        """
        stated = {} if self._stated is None else self._stated.properties_for(reader)
        return {Property.JOB_NAME: self.job_name, Property.JOB_SPEC: self._spec_digest, **stated}

    @cached_property
    def _spec_digest(self) -> str:
        return spec_digest(stack_of(self.job), self.job._facts.spec)

    @cached_property
    def _stated(self) -> Stated | None:
        is_own = self.job._stated is not None
        return Stated(self.outcome, self._spec_digest) if self.outcome is not None and is_own else None

    @property
    def is_pipeline(self) -> bool:
        """Whether it surely has several containers."""
        return self.job._facts.mode == Mode.HYPERPARAMETER_TUNING

    @property
    def is_undecided(self) -> bool:
        """Whether its job decides only when it runs how many containers it has."""
        return self.job._facts.mode == Mode.AUTO

    @property
    def forecasts(self) -> bool:
        """Whether it surely forecasts time series."""
        return self.job._facts.problem is TimeSeriesForecasting

    def problems_with_output(self, prop: str, output: OutputLocation | None) -> Iterator[str]:
        """What is wrong with writing there, where the job may learn from."""
        channels = [(f"{name} of the job", channel) for name, channel in self.job._facts.channels]
        yield from problems_with_output(prop, output, channels)

    def problems_with_keys(self, keys: Sequence[str]) -> Iterator[str]:
        """Which of these keys its answers surely cannot hold."""
        facts = self.job._facts
        told = [key for key in keys if not is_token(key)]
        why = _NO_KEYS.get(facts.problem) if facts.problem else None
        if facts.problem_type == ProblemType.REGRESSION:
            if facts.mode == Mode.HYPERPARAMETER_TUNING:
                why = f"the candidates of {TUNED} answer with the number alone for a '{ProblemType.REGRESSION}'"
            elif wrong := [key for key in told if key != ResponseKey.PREDICTED_LABEL]:
                yield (
                    f"'inference_response_keys' has {listed(wrong)}, and candidates of a '{ProblemType.REGRESSION}' "
                    f"job answer with '{ResponseKey.PREDICTED_LABEL}' alone: leave it out"
                )
        if why and told:
            yield f"'inference_response_keys' cannot be chosen: {why}; leave it out"

    def warnings_about_types(self, types: Mapping[str, Sequence[str] | None]) -> dict[str, str]:
        """What surely is a mistake about the MIME types of requests and answers, each by the prop that names it."""
        named = {
            prop: [each for each in those if isinstance(each, str)]
            for prop, those in types.items()
            if isinstance(those, (list, tuple))
        }
        doubtful = {
            prop: [each for each in those if not is_token(each) and not each.startswith(_CSV)]
            for prop, those in named.items()
        }
        said = [f"'{prop}' has {listed(those)}" for prop, those in doubtful.items() if those]
        if not said or not self.forecasts:
            return {}
        return {
            "forecast_types": (
                f"{' and '.join(said)}: nobody has shown that candidates for time series take or give anything but "
                f"'{_CSV}', and JSON requests were seen to fail"
            )
        }

    @property
    def folder(self) -> tuple[Owned, str] | None:
        """The bucket and the folder that the job writes to, if they are known."""
        output = self.job._facts.output
        return None if output is None else (bucket_facts(output.bucket), output._folder(self.job._facts.folder))

    def problems(self, role: object, stack: cdk.Stack) -> Iterator[str]:
        """Why it cannot serve in that stack, as far as is known now."""
        facts = self.job._facts
        for what, of_job, of_stack in self.job._places_apart(stack):
            yield (
                f"'outcome' is of a job in the {what} {of_job}, and this stack is in {of_stack}: a model is made "
                "where its job ran"
            )
        if facts.definitions_only:
            yield "'outcome' is of a job with 'generate_candidate_definitions_only': it has no candidate"
        if facts.output is None and role is None:
            yield (
                "'role' is needed: the job was imported without its 'output', so no role can be made that reads the "
                "model"
            )

    def allow_reading(self, grants: Grants) -> None:
        """Ask for reading what the job wrote."""
        output, folder = self.job._facts.output, self.folder
        if output is None or folder is None:
            return
        former = self.job._facts.former_folder
        besides = None if former is None else (former[0], output._folder(former[1]))
        grants.allow_objects(*folder, permissions.READ_OBJECTS, why=_READS, besides=besides)
        for key in output._keys:
            grants.allow_key(key, permissions.DECRYPT)

    def be_seen_by(self, provider: AutoMLProvider) -> list[IDependable]:
        """Allow the function to describe the job; returns what has to wait for that."""
        is_own = stack_of(self.job) is provider.stack and not self.job._facts.is_made_elsewhere
        return [] if is_own else provider._watch_job(self.job.job_arn)


@dataclass(frozen=True, kw_only=True)
class ModelProps:
    """What is asked of a model, whatever runs it."""

    candidate: Candidate
    role: iam.IRole | None
    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | Mapping[str, Any] | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    enable_network_isolation: bool | None
    inference_response_keys: Sequence[ResponseKey | str] | None
    volume_encryption_key: kms.IKey | None
    what: str
    """What runs it, for messages and descriptions."""

    key_prop: str = "volume_encryption_key"
    """What the caller calls the key."""

    @property
    def security(self) -> Security:
        """Key and network."""
        return Security(
            volume_encryption_key=self.volume_encryption_key,
            encrypt_inter_container_traffic=None,
            vpc=self.vpc,
            vpc_subnets=selection_of(self.vpc_subnets),
            security_groups=self.security_groups,
            what=self.what,
        )

    def problems(self, scope: Construct) -> Iterator[str]:
        """What is wrong, in the caller's words, for a model that is to live there."""
        yield from check_role("role", self.role)
        yield from check_key(self.key_prop, self.volume_encryption_key)
        yield from replace(self.security, volume_encryption_key=None).problems()
        yield from value_problems(
            self.enable_network_isolation, bool | None, is_token=is_token, path="enable_network_isolation"
        )
        yield from key_problems(self.inference_response_keys, self.candidate)
        yield from self.candidate.problems(self.role, stack_of(scope))

    def places(self, scope: Construct, besides: Iterable[Used]) -> Findings:
        """What of this, and of what else is used, lies elsewhere; for props that are sound."""
        return apart(stack_of(scope), chain(self._used(), besides))

    def _used(self) -> Iterator[Used]:
        yield "'role'", self.role, ROLE
        yield from self.security.used(f"'{self.key_prop}'")
        output = self.candidate.job._facts.output
        for key in output._keys if output is not None else ():
            yield "the key of the job's 'output'", key, KEY

    def warnings(self) -> dict[str, str]:
        """What surely is a mistake although it may pass."""
        unknown = [
            key for key in self.inference_response_keys or () if not is_token(key) and key not in set(ResponseKey)
        ]
        public = self.security.warnings()
        if not unknown:
            return public
        return public | {
            "response_key": (
                f"'inference_response_keys' has {listed(unknown)}, which this library does not know: candidates answer "
                f"with {listed(ResponseKey)}"
            )
        }


def candidate_of(outcome: object, where: str) -> Candidate:
    """The best candidate of an outcome.

    Raises:
        ValueError: it is no outcome; `where` says whose prop it was.
    """
    candidate = getattr(outcome, "_candidate", None)
    if not isinstance(candidate, Candidate):
        raise_if_any([f"'outcome' must be an AutoMLJobOutcome, got {described(outcome)}"], where)
        raise TypeError(described(outcome))
    return candidate


_CSV: Final = "text/csv"
_NO_KEYS: Final[Mapping[type[Problem], str]] = {
    TimeSeriesForecasting: "a forecast has columns of its own, the quantiles and the mean",
    TextGeneration: "the answer is a text",
}
"""Problems whose answers hold none of the keys, and what they hold."""


def key_problems(keys: object, candidate: Candidate) -> Iterator[str]:
    """What is wrong with keys of the candidate's answers."""
    if keys is None or (isinstance(keys, (list, tuple)) and is_token(keys)):
        return
    if not isinstance(keys, (list, tuple)) or not all(isinstance(key, str) for key in keys):
        yield f"'inference_response_keys' must be a list of ResponseKey, got {described(keys)}"
    elif wrong := value_problems(keys, Sequence[str], is_token=is_token, path="inference_response_keys"):
        yield from wrong
    elif not keys:
        yield "'inference_response_keys' must not be empty: leave it out to get what the candidate answers by itself"
    elif len(set(keys)) != len(keys):
        twice = sorted({str(key) for key in keys if list(keys).count(key) > 1})
        yield f"'inference_response_keys' must be distinct, got {listed(twice)} more than once"
    else:
        yield from candidate.problems_with_keys(keys)


@jsii.implements(cdk.ITaggableV2)
class BestModel(Construct):
    """A SageMaker model of the best candidate: another one for each job, the old one deleted after it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        props: ModelProps,
        *,
        name: str,
        grants: Grants,
        instance_type: str | None,
        max_containers: int | None,
        besides: Sequence[permissions.Permission] = (),
    ) -> None:
        """Define a model.

        Args:
            scope: What runs it.
            construct_id: Its id there.
            props: What the caller asked for.
            name: What generated names begin with, after the stack's own part.
            grants: What its role needs besides reading the model.
            instance_type: Where it runs; None: without instances.
            max_containers: How many containers the place that it runs in takes.
            besides: Permissions that its role needs too.
        """
        super().__init__(scope, construct_id)
        provider = AutoMLProvider.of(self)
        self._tags = cdk.TagManager(cdk.TagType.KEY_VALUE, contract.MODEL_TYPE)
        props.candidate.allow_reading(grants)
        security = props.security.bind(scope, grants)
        network = None if security.config is None else security.config.vpc_config
        own = [*permissions.serving_role(provider.stack, network=security.network_for(props.role)), *besides]
        self.connections: Final = security.connections
        self.role: Final[iam.IRole] = props.role or new_role(
            scope,
            service=permissions.SAGEMAKER_PRINCIPAL,
            description=f"The model of the {props.what} runs as this",
            acts_for=permissions.any_of_sagemaker(provider.stack),
        )
        needed: list[IDependable] = [self.role, *security.dependencies]
        if props.role is None:
            self.policy: iam.ManagedPolicy | None = last(
                grants.apply_to_new_role(scope, self.role, own), provider.stack
            )
            needed.append(self.policy)
        else:
            self.policy = None
            grants.apply_to_given_role(self.role, own)
        output = props.candidate.job._facts.output
        if output is not None and output.bucket.policy is not None:
            needed.append(output.bucket.policy)
        needed += grants.needed
        needed += provider._make_models(role_arn=self.role.role_arn)
        needed += props.candidate.be_seen_by(provider)
        request: dict[str, Any] = {
            "ExecutionRoleArn": self.role.role_arn,
            **({} if network is None else {"VpcConfig": render(network)}),
            **(
                {}
                if props.enable_network_isolation is None
                else {"EnableNetworkIsolation": props.enable_network_isolation}
            ),
            "Tags": self._tags.rendered_tags,
        }
        keys = props.inference_response_keys
        self.properties: Final[dict[str, Any]] = {
            **props.candidate.properties_for(provider.stack),
            Property.REQUEST: request,
            Property.NAME_PREFIX: provider._hosted_prefix(name),
            **({} if instance_type is None else {CandidateProperty.INSTANCE_TYPE: instance_type}),
            **({} if keys is None else {CandidateProperty.RESPONSE_KEYS: [str(key) for key in keys]}),
            **({} if max_containers is None else {CandidateProperty.MAX_CONTAINERS: max_containers}),
        }
        """What the function makes the model of."""
        self.resource: Final = provider._custom_resource(self, "Resource", contract.MODEL_TYPE, self.properties)
        let_change(self.resource, provider.stack)
        self.resource.node.add_dependency(*needed)

    @property
    def model_name(self) -> str:
        """The model's name, another one for each job."""
        return self.resource.get_att(ModelAttribute.MODEL_NAME).to_string()

    @property
    def cdk_tag_manager(self) -> cdk.TagManager:
        """What `Tags.of(...)` talks to. Tags are changed in place."""
        return self._tags
