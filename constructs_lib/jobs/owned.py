"""A job of this stack, whichever call makes it."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, Unpack

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable, IValidation

from ..access import permissions
from ..access.grants import Grants, new_role, warn
from ..access.lasting import last
from ..access.places import NamedPlace, Place, apart, name_in_arn, place_of
from ..access.trust import require_trust
from ..api import shapes
from ..api.fields import described, has, problems, raise_if_any, render, value_problems
from ..api.request import CreateAutoMLJobV2
from ..data.output import OutputLocation, check_output, used_output
from ..interfaces import Connectable
from ..keywords import ConstructorSignature, spelled_out
from ..naming import stack_of
from ..provider.following import Following, let_change
from ..provider.provider import AutoMLProvider
from ..runtime import contract
from ..runtime.contract import Attribute, Endpoint, Property
from ..tokens import is_token, known_seconds, place
from .base import IAutoMLJob, ImportedJob, JobBase, JobFacts
from .digest import Stated, spec_digest
from .plan import Bound, Plan, Request
from .props import RequestProps
from .requested import plan_of_request
from .unless_meant import UnlessMeant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from aws_cdk import aws_ec2 as ec2


_ARN_SEPARATOR: Final = "automl-job/"


def _arn_of(role: iam.IRole) -> str:
    """Read it once: it is a call to jsii, and jobs share roles."""
    if role not in _ROLE_ARNS:
        _ROLE_ARNS[role] = role.role_arn
    return _ROLE_ARNS[role]


_ROLE_ARNS: Final[dict[Any, str]] = {}


@jsii.implements(iam.IGrantable, cdk.ITaggableV2, Connectable)
class OwnedJob(JobBase):
    """A job of this stack, whichever call makes it."""

    _request_type: ClassVar[type[Request]]
    """The call's input."""

    __signature__ = ConstructorSignature()

    @classmethod
    @spelled_out(RequestProps, revision="1")
    def from_request(
        cls,
        scope: Construct,
        construct_id: str,
        request: Mapping[str, Any] | str | Path,
        **props: Unpack[RequestProps],
    ) -> Self:
        """A job from a request that exists: the input of boto3's `create_auto_ml_job` or `..._v2`, or the CLI's JSON.

        Error messages use the request's own names. The role that the request names is used as it is: nothing is added
        to its policies. `AutoMLJobV2` takes requests of V2; for one of V1 it has `from_v1_request`.

        Args:
            scope: Where the job lives.
            construct_id: Its id there.
            request: The input as a dict, as JSON text, or the path of a JSON file, also as text. `AutoMLJobName` is
                optional: without it each job gets a fresh name.

        Raises:
            ValueError: the request is no JSON, has members that the API does not know, lacks required ones, or breaks a
                rule; with everything that is wrong.

        See https://docs.aws.amazon.com/cli/latest/reference/sagemaker/create-auto-ml-job.html and, for V2,
        https://docs.aws.amazon.com/cli/latest/reference/sagemaker/create-auto-ml-job-v2.html
        """
        place(cls.__name__, scope, construct_id)
        plan = plan_of_request(cls._request_type, request, construct_id, role=props["role"], revision=props["revision"])
        return cls._planned(scope, construct_id, plan)

    @classmethod
    def _planned(cls, scope: Construct, construct_id: str, plan: Plan) -> Self:
        """A job of this class of which no props were given."""
        made: Callable[[Construct, str, Plan], Self] = _taking_plans(cls)
        return made(scope, construct_id, plan)

    @classmethod
    def from_job_name(
        cls, scope: Construct, construct_id: str, job_name: str, *, output: OutputLocation | None = None
    ) -> IAutoMLJob:
        """Refer to a job made elsewhere, in the stack's account and region.

        Args:
            scope: Where the reference lives.
            construct_id: Its id there.
            job_name: The job's name.
            output: Where the job writes. Default: not known, so `output_location` and `grant_read_artifacts` fail.

        Raises:
            ValueError: `job_name` cannot be the name of a job.
        """
        place("from_job_name", scope, construct_id)
        here = stack_of(scope)
        raise_if_any(
            [*_name_problems(job_name), *_output_problems(output, here)], f"from_job_name for '{construct_id}'"
        )
        return ImportedJob(scope, construct_id, name=job_name, arn=None, output=output)

    @classmethod
    def from_job_arn(
        cls, scope: Construct, construct_id: str, job_arn: str, *, output: OutputLocation | None = None
    ) -> IAutoMLJob:
        """Refer to a job made elsewhere, in any account and region.

        Args:
            scope: Where the reference lives.
            construct_id: Its id there.
            job_arn: The job's ARN, `arn:aws:sagemaker:<region>:<account>:automl-job/<name>`.
            output: Where the job writes. Default: not known, so `output_location` and `grant_read_artifacts` fail.

        Raises:
            ValueError: `job_arn` is no ARN of an AutoML job.
        """
        place("from_job_arn", scope, construct_id)
        where = f"from_job_arn for '{construct_id}'"
        if isinstance(job_arn, str) and is_token(job_arn):
            raise_if_any(_output_problems(output, NamedPlace()), where)
            name = cdk.Fn.select(1, cdk.Fn.split(_ARN_SEPARATOR, job_arn))
        else:
            name, wrong = name_in_arn(job_arn, "automl-job", "'job_arn'", "an AutoML job")
            there = NamedPlace() if wrong else NamedPlace.of_arn(job_arn)
            raise_if_any([*(wrong or _name_problems(name)), *_output_problems(output, there)], where)
        return ImportedJob(scope, construct_id, name=name, arn=job_arn, output=output)

    def __init__(self, scope: Construct, construct_id: str, plan: Plan) -> None:
        where = place(type(self).__name__, scope, construct_id)
        judged = plan.judge()
        wrong = [*judged.errors, *_region_problems(scope, plan)]
        if wrong:
            raise_if_any(wrong, where)
        places = apart(stack_of(scope), plan.used())
        raise_if_any(places.errors, where)
        super().__init__(scope, construct_id)
        warn(self, judged.warnings | places.warnings)
        if judged.refusals:
            UnlessMeant(self, judged.refusals)

        self._provider = AutoMLProvider.of(scope)
        self._tags = cdk.TagManager(cdk.TagType.KEY_VALUE, contract.RESOURCE_TYPE)
        for key, value in plan.tags.items():
            self._tags.set_tag(key, value)
        _TagCheck.of(self._provider).add(self, self._tags, plan)
        self._output = output = (plan.output or OutputLocation.new_bucket())._made(self)
        self._role = self._role_of(plan)
        bound, needed = self._bind(plan, output)
        needed += self._provider._serve(role_arn=bound.role_arn, job_name=plan.job_name)
        if plan.deploy is not None:
            needed += self._provider._clean_up(plan.deploy.endpoint_name)
        request = plan.request(bound)
        properties = self._properties(plan, construct_id, request)
        self._resource = self._provider._custom_resource(self, "Resource", contract.RESOURCE_TYPE, properties)
        self._resource.node.add_dependency(*needed)
        self._follows = Following(self._provider, self._resource, self)
        self._endpoints: list[dict[str, str]] = []
        self._may_change = False
        self._facts = self._facts_of(plan, request, properties)

    def _will_be(self, endpoint_name: str, endpoint: cdk.CfnResource) -> None:
        """Have an endpoint of the stack looked for before the job is made: its name may be taken."""
        self._endpoints.append({Endpoint.NAME: endpoint_name, Endpoint.LOGICAL_ID: endpoint.logical_id})
        self._resource.add_property_override(Property.ENDPOINTS, self._endpoints)
        self._resource.node.add_dependency(*self._provider._look_at_endpoint(endpoint_name))

    def _role_of(self, plan: Plan) -> iam.IRole:
        if plan.role is not None:
            return plan.role
        if plan.role_arn is not None:
            return iam.Role.from_role_arn(self, "Role", plan.role_arn, mutable=False)
        return new_role(
            self,
            service=permissions.SAGEMAKER_PRINCIPAL,
            description="An Autopilot job runs as this",
            acts_for=permissions.any_of_sagemaker(self._provider.stack),
        )

    def _bind(self, plan: Plan, output: OutputLocation) -> tuple[Bound, list[IDependable]]:
        """Create the parts, give the role what they need, and say what the job has to wait for."""
        asked = Grants(self._provider.stack)
        security = plan.security.bind(self, asked)
        bound = Bound(
            training=plan.training._bind(self, "TrainingData", asked),
            validation=plan.validation._bind(self, "ValidationData", asked) if plan.validation else None,
            output_uri=output._bind(asked),
            role_arn=plan.role_arn or _arn_of(self._role),
            security=security.config,
            features_uri=plan.features._bind(self, asked) if plan.features else None,
        )
        own = permissions.execution_role(
            self._provider.stack,
            role_arn=bound.role_arn,
            endpoint_name=plan.deploy.endpoint_name if plan.deploy else None,
            deploys=plan.deploy is not None,
            network=security.network_for(plan.role),
        )
        if plan.emr_serverless_role is not None:
            own.append(permissions.pass_emr_serverless_role(plan.emr_serverless_role.role_arn))
            require_trust("emr_serverless_role", plan.emr_serverless_role, permissions.EMR_SERVERLESS_PRINCIPAL)
        needed: list[IDependable] = [self._role, *security.dependencies]
        needed += [dependency for channel, _ in bound.channels() for dependency in channel.dependencies]
        if plan.role is not None:
            asked.apply_to_given_role(plan.role, own)
        elif plan.role_arn is None:
            needed.append(last(asked.apply_to_new_role(self, self._role, own), self._provider.stack))
        needed += asked.needed
        if (policy := output.bucket.policy) is not None:
            needed.append(policy)
        self._connections = security.connections
        return bound, needed

    def _properties(self, plan: Plan, construct_id: str, request: Request) -> dict[str, Any]:
        properties: dict[str, Any] = {
            Property.OPERATION: request.OPERATION,
            Property.REQUEST: {
                **render(request),
                "Tags": self._tags.rendered_tags,
            },
            Property.REVISION: plan.revision,
        }
        if plan.job_name is None or is_token(plan.job_name):  # a token may turn out to be no value
            properties[Property.NAME_PREFIX] = self._provider._name_prefix(construct_id)
        return properties

    def _facts_of(self, plan: Plan, request: Request, properties: Mapping[str, Any]) -> JobFacts:
        judged = {name: member for name, member in properties[Property.REQUEST].items() if name != "Tags"}
        settings = request.settings
        criteria = getattr(settings, "completion_criteria", None)
        max_runtime = None if criteria is None else known_seconds(criteria.max_runtime)
        mode = getattr(settings, "mode", None)
        return JobFacts(
            spec=[properties[Property.OPERATION], judged, properties[Property.REVISION]],
            output=self._output,
            folder=plan.job_name or self._provider._generated_names,
            former_folder=None if plan.job_name else (self._provider.stack, self._provider._former_names),
            max_runtime=None if max_runtime is None or is_token(max_runtime) else max_runtime,
            objective=_known_text(request.objective),
            problem=plan.problem,
            problem_type=_known_text(getattr(settings, "problem_type", None)),
            mode=_known_text(plan.problem._DEFAULT_MODE if mode is None else mode),
            target=_known_text(dict(plan.columns).get("target_attribute")),
            channels=plan.channels,
            deploys=plan.deploy is not None,
            deployed_name=plan.deploy.endpoint_name if plan.deploy else None,
            definitions_only=getattr(settings, "generate_candidate_definitions_only", None) is True,
        )

    @property
    def job_name(self) -> str:
        """The job's name: at most 32 characters, unique in account and region for ever."""
        self._let_change()
        return self._resource.ref

    @property
    def job_arn(self) -> str:
        """The job's ARN."""
        self._let_change()
        return self._resource.get_att(Attribute.JOB_ARN).to_string()

    @cached_property
    def _stated(self) -> Stated:
        return Stated(self._resource, spec_digest(self._provider.stack, self._facts.spec))

    def _let_change(self) -> None:
        if not self._may_change:  # two calls to jsii, for nothing where nobody refers to the job
            self._may_change = True
            let_change(self._resource, self._provider.stack)

    def start_after(self, *scopes: IDependable) -> None:
        """Start the job only when others are done: where one job runs at a time, an outcome of the job before.

        `job.node.add_dependency(outcome)` has the job's role wait too, and with it the function that serves both: that
        goes round in a circle, and is refused.

        Args:
            scopes: Constructs, e.g. an `AutoMLJobOutcome`.

        Raises:
            ValueError: one of `scopes` is no construct.
        """
        wrong = [
            f"'scopes[{index}]' must be a construct, got {described(scope)}; e.g. an AutoMLJobOutcome"
            for index, scope in enumerate(scopes)
            if not has(scope, "node")
        ]
        raise_if_any(wrong, f"start_after of '{self.node.path}'")
        self._resource.node.add_dependency(*scopes)

    @property
    def role(self) -> iam.IRole:
        """The role the job runs as."""
        return self._role

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """Whom a grant to the job reaches: its role."""
        return self._role.grant_principal

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of a job in a VPC.

        Raises:
            ValueError: the job is not in a VPC of yours.
        """
        if self._connections is None:
            raise ValueError(f"the job '{self.node.path}' has no connections: give it a 'vpc'")
        return self._connections

    @property
    def cdk_tag_manager(self) -> cdk.TagManager:
        """What `Tags.of(...)` talks to. Tags are changed in place, without another job."""
        return self._tags


@cache
def _taking_plans(kind: type[OwnedJob]) -> Any:
    """A class of jobs, made of plans in place of props."""
    made: Any = type(kind)
    return made(kind.__name__, (kind,), {"__init__": OwnedJob.__init__, "__module__": kind.__module__})


@jsii.implements(IValidation)
class _TagCheck:
    """Looks at the tags of a stack's jobs once all of them are there."""

    def __init__(self, provider: AutoMLProvider) -> None:
        self._provider = provider
        self._jobs: list[tuple[OwnedJob, cdk.TagManager, Plan]] = []
        provider.node.add_validation(self)

    @classmethod
    @cache
    def of(cls, provider: AutoMLProvider) -> _TagCheck:
        """The check of a stack's jobs."""
        return cls(provider)

    @property
    def jobs(self) -> list[OwnedJob]:
        """The jobs of the stack."""
        return [job for job, _, _ in self._jobs]

    def add(self, job: OwnedJob, tags: cdk.TagManager, plan: Plan) -> None:
        """Look at the tags of this job too."""
        self._jobs.append((job, tags, plan))

    def validate(self) -> list[str]:
        """What is wrong with the tags."""
        found = []
        for job, tags, plan in self._jobs:
            values = tags.tag_values()
            wrong = _tag_problems(values, self._provider._owner_prefix)
            found += [f"the job '{job.node.path}': {problem}" for problem in wrong]
            warn(job, plan.tag_warnings(values))
        return found


def jobs_of(provider: AutoMLProvider) -> list[OwnedJob]:
    """The jobs that a provider serves."""
    return _TagCheck.of(provider).jobs


def _tag_problems(tags: Mapping[str, str], owner_prefix: str) -> list[str]:
    found = []
    reserved = {tag.under(prefix) for tag in contract.OwnerTag for prefix in (contract.OWNER_PREFIX, owner_prefix)}
    if len(tags) > MAX_USER_TAGS:
        found.append(
            f"'tags' must be at most {MAX_USER_TAGS}, got {len(tags)}: the service takes "
            f"{shapes.MAX_TAGS}, and the library marks its jobs with {len(contract.OwnerTag)} of its own"
        )
    for key, value in tags.items():
        if shapes.is_of_aws(key) or key in reserved:
            found.append(f"the tag '{key}' is reserved")
        found += problems(shapes.Tag(key=key, value=value), is_token=is_token, path=f"tags[{key!r}]")
    return found


def _region_problems(scope: Construct, plan: Plan) -> Iterator[str]:
    """What is wrong with a job in a place where there is no such call."""
    if plan.request_type is not CreateAutoMLJobV2:
        return
    region = place_of(stack_of(scope)).region
    if not is_token(region) and region.startswith(_CHINA):
        yield (
            f"there is no AutoMLJobV2 in the region '{region}' ('CreateAutoMLJobV2 API is currently not available for "
            "the requested region', says the service): use AutoMLJob, which takes tabular data"
        )


_CHINA: Final = "cn-"

MAX_USER_TAGS: Final = shapes.MAX_TAGS - len(contract.OwnerTag)
"""Tags that users may set: ours need a place too, `RELEASED` included."""


def _output_problems(output: object, here: Place) -> list[str]:
    """What is wrong with the output of a job that was made elsewhere, in that place."""
    if not isinstance(output, OutputLocation) or not output._is_made:
        return check_output("output", output, is_there=True)
    return apart(here, used_output("output", output), where="the job").errors


def _known_text(value: object) -> str | None:
    return None if value is None or is_token(value) else str(value)


def _name_problems(job_name: object) -> list[str]:
    return value_problems(job_name, shapes.JobName, is_token=is_token, path="job_name")
