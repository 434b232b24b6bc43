"""`AutoMLEndpoint`: a job's best candidate in service, under a name that stays when the job is trained again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam

from .. import l1
from ..access import permissions
from ..access.grants import Grants, add_permissions, compliance, warn
from ..access.keys import check_key
from ..access.places import LOG_KEY, ROLLBACK_ALARM, apart, name_in_arn, used_alarm
from ..api.fields import described, has, raise_if_any, value_problems
from ..api.hosting import EndpointName
from ..candidate.model import TUNED, BestModel, Candidate, ModelProps
from ..interfaces import Connectable, Endpoint
from ..jobs.digest import spec_digest
from ..jobs.owned import OwnedJob
from ..keywords import ConstructorSignature
from ..l1 import Kind
from ..naming import deployed_path, stack_of
from ..outcome.outcome import AutoMLJobOutcome
from ..provider.logs import keep, retention_problems
from ..provider.provider import AutoMLProvider
from ..releases import acknowledge
from ..runtime import contract
from ..runtime.contract import CandidateOfRuns, EndpointCheck, Retraining
from ..tokens import is_token, place
from .metrics import VARIANT, EndpointBase, IAutoMLEndpoint, ImportedEndpoint
from .rollout import DeploymentPolicy
from .scaling import Target, scale
from .serving import (
    Asynchronous,
    DataCapture,
    RealTime,
    Serverless,
    Serving,
    has_local_storage,
    instance_count_of,
    instance_type_of,
    is_inf1,
    used_by,
    variant_of,
    warnings_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from constructs import Construct, IDependable

    from ..api.hosting import ResponseKey


_MOST_ALARMS: Final = 10

_CHILDREN: Final = {RealTime: "Endpoint", Serverless: "ServerlessEndpoint", Asynchronous: "AsynchronousEndpoint"}
"""The id of the endpoint's resource for each kind of serving: the service turns none of them into another."""


@jsii.implements(Endpoint, iam.IGrantable, Connectable)
class AutoMLEndpoint(EndpointBase):
    """A job's best candidate behind an endpoint.

    When the job is trained again, the new candidate becomes a new model and a new endpoint configuration, which take
    over from the old ones without downtime; the endpoint and its name stay. When SageMaker takes such a deployment
    back, the stack's deployment fails, and goes back too.

    Example:
        ```python
        endpoint = AutoMLEndpoint(
            stack, "Endpoint",
            outcome=outcome,
            serving=RealTime(instance_type="ml.m5.large"),
        )
        endpoint.grant_invoke(function)
        ```

    See https://docs.aws.amazon.com/sagemaker/latest/dg/deploy-model.html
    """

    @classmethod
    def from_endpoint_name(cls, scope: Construct, construct_id: str, endpoint_name: str) -> IAutoMLEndpoint:
        """Refer to an endpoint made elsewhere, in the stack's account and region.

        Args:
            scope: Where the reference lives.
            construct_id: Its id there.
            endpoint_name: The endpoint's name.

        Raises:
            ValueError: `endpoint_name` cannot be the name of an endpoint.
        """
        place("from_endpoint_name", scope, construct_id)
        raise_if_any(_name_problems(endpoint_name, EndpointName), f"from_endpoint_name for '{construct_id}'")
        return ImportedEndpoint(scope, construct_id, endpoint_name)

    @classmethod
    def from_endpoint_arn(cls, scope: Construct, construct_id: str, endpoint_arn: str) -> IAutoMLEndpoint:
        """Refer to an endpoint made elsewhere, also in another account or region.

        Args:
            scope: Where the reference lives.
            construct_id: Its id there.
            endpoint_arn: The endpoint's ARN.

        Raises:
            ValueError: `endpoint_arn` cannot be the ARN of an endpoint.
        """
        place("from_endpoint_arn", scope, construct_id)
        where = f"from_endpoint_arn for '{construct_id}'"
        if isinstance(endpoint_arn, str) and is_token(endpoint_arn):
            name = cdk.Fn.select(1, cdk.Fn.split(":endpoint/", endpoint_arn))
        else:
            name, wrong = name_in_arn(endpoint_arn, "endpoint", "'endpoint_arn'", "an endpoint")
            raise_if_any(wrong or _name_problems(name, EndpointName), where)
        return ImportedEndpoint(scope, construct_id, name, endpoint_arn)

    __signature__ = ConstructorSignature()

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        outcome: AutoMLJobOutcome,
        serving: Serving,
        data_capture: DataCapture | None = None,
        inference_response_keys: Sequence[ResponseKey | str] | None = None,
        endpoint_name: str | None = None,
        deployment_policy: DeploymentPolicy | None = None,
        rollback_alarms: Sequence[cloudwatch.IAlarm] = (),
        role: iam.IRole | None = None,
        encryption_key: kms.IKey | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | Mapping[str, Any] | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        enable_network_isolation: bool | None = None,
        log_retention: cdk.Duration | None = None,
        log_encryption_key: kms.IKey | None = None,
    ) -> None:
        """Define an endpoint.

        Args:
            scope: Where the endpoint lives. A stack of its own is fine, in the account and region of the job.
            construct_id: Its id there; the generated name holds the stack's name and this id.
            outcome: What the job has come to: its best candidate is served, and only if the gate was met.
            serving: `RealTime`, `Serverless` or `Asynchronous`. Another kind makes another endpoint under another name.
                `Serverless` takes one container: give the job `mode=Mode.ENSEMBLING`.
            data_capture: Keep requests and answers; not with `Serverless`, and not below what the job learns from.
                Default: nothing is kept.
            inference_response_keys: What answers of a classifier hold, in that order: some of `predicted_label`,
                `probability`, `probabilities`, `labels`; not for a regression, a forecast or a language model. What the
                candidate does not support fails the deployment. Default: what it answers by itself, the predicted
                label.
            endpoint_name: A name of your own: at most 63 letters, digits and hyphens. One that is taken fails the
                deployment before a job of the same stack is made. Default: a name of the stack's name, the id and a
                hash, which stays as long as these do; where the stack is deployed under another name than the app gives
                it, it holds a part of the stack's id.
            deployment_policy: How a new model takes over; not with `Serverless`. Default: all at once, and, where there
                are alarms, ten minutes during which they count.
            rollback_alarms: Alarms that take a deployment back, up to 10; for alarms of this endpoint itself see
                `add_rollback_alarm`. Default: none.
            role: The role the model runs as; it must trust `sagemaker.amazonaws.com`, and gets what it needs. Default:
                a new role with only that.
            encryption_key: The KMS key for the volumes of the instances; not for instances with disks of their own,
                such as `ml.m5d` and `ml.g5`. Its policy must let the role use it, and whoever deploys the stack
                (CloudFormation's role: the CDK's `cdk-...-cfn-exec-role`) must have `kms:CreateGrant` on it, as
                CreateEndpoint is called as that. Default: the service's own.
            vpc: The VPC to run in; it must reach S3. Not with `Serverless`. Default: the service's own network.
            vpc_subnets: Which of its subnets, 1 to 16. Default: the private ones.
            security_groups: The security groups, 1 to 5. Default: a new one in `vpc` that allows all outbound traffic.
            enable_network_isolation: Let the containers reach nothing; not with `Serverless`. Default: they may.
            log_retention: How long the endpoint's log, `/aws/sagemaker/Endpoints/<name>`, is kept: a number of days
                that CloudWatch Logs knows (1, 3, 5, 7, 14, 30, 60, 90, ..., 3653). The log is then the stack's, made
                before the endpoint and removed after it; one that is there already is refused by CloudFormation, see
                docs/organisations.md. Default: 365 days where there is a `log_encryption_key`; else the service makes
                the log, and keeps it for ever.
            log_encryption_key: The KMS key of that log, which is the stack's then; CloudWatch Logs is allowed to use
                it. A key from elsewhere must allow that already. Default: CloudWatch Logs' own encryption.

        Raises:
            ValueError: with everything that is wrong, each in the props' own names.
        """
        where = place("AutoMLEndpoint", scope, construct_id)
        if not isinstance(outcome, AutoMLJobOutcome):
            raise_if_any(
                [f"'outcome' must be an AutoMLJobOutcome, got {described(outcome)}; make one of the job"], where
            )
        model_props = ModelProps(
            candidate=outcome._candidate,
            role=role,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=security_groups,
            enable_network_isolation=enable_network_isolation,
            inference_response_keys=inference_response_keys,
            volume_encryption_key=encryption_key,
            what="endpoint",
            key_prop="encryption_key",
        )
        raise_if_any(
            [
                *_serving_problems(serving, model_props, data_capture),
                *_capture_problems(data_capture, outcome._candidate),
                *model_props.problems(scope),
                *_name_problems(endpoint_name, EndpointName | None),
                *_rollout_problems(serving, deployment_policy, rollback_alarms),
                *retention_problems(log_retention),
                *check_key("log_encryption_key", log_encryption_key),
            ],
            where,
        )
        log_key = ("'log_encryption_key'", log_encryption_key, LOG_KEY)
        alarms = [
            used_alarm(f"'rollback_alarms[{index}]'", alarm, ROLLBACK_ALARM)
            for index, alarm in enumerate(rollback_alarms)
        ]
        places = model_props.places(scope, [*used_by(serving, data_capture), log_key, *alarms])
        raise_if_any(places.errors, where)
        super().__init__(scope, construct_id)
        warn(
            self,
            {
                **model_props.warnings(),
                **warnings_of(serving),
                **_serving_warnings(serving, outcome._candidate),
                **places.warnings,
            },
        )
        provider = AutoMLProvider.of(self)
        self._serving = serving
        self._served_job: Final = outcome.job
        self._promoted_by: str | None = None
        self._uses_key = encryption_key
        self._plain_name = endpoint_name or provider._hosted_name(construct_id, _digest(self, serving))
        self._invoke_actions = (
            permissions.INVOKE_ENDPOINT_ASYNC if isinstance(serving, Asynchronous) else permissions.INVOKE_ENDPOINT
        )
        asked = Grants(provider.stack)
        capture = {} if data_capture is None else {"DataCaptureConfig": data_capture._bind(self, asked)}
        queue = {"AsyncInferenceConfig": serving._bind(self, asked)} if isinstance(serving, Asynchronous) else {}
        self._model = BestModel(
            self,
            "Model",
            model_props,
            name=construct_id,
            grants=asked,
            instance_type=instance_type_of(serving),
            max_containers=1 if isinstance(serving, Serverless) else None,
        )
        config = self._new_config(encryption_key, {**capture, **queue})
        self._endpoint = self._new_endpoint(config)
        self.node.default_child = self._endpoint
        if log_retention is not None or log_encryption_key is not None:
            self._endpoint.node.add_dependency(self._new_log(log_retention, log_encryption_key))
        self._policy = deployment_policy
        self._alarms: list[cloudwatch.IAlarm] = []
        self._seen_by: Final[list[IDependable]] = (
            [] if endpoint_name is None else provider._look_at_endpoint(endpoint_name)
        )
        """What lets the function look at an endpoint of this name, where models do not allow it already."""
        self._check = self._new_check(provider, config)
        job = outcome.job
        if isinstance(job, OwnedJob) and job.stack == provider.stack and endpoint_name and not is_token(endpoint_name):
            job._will_be(endpoint_name, self._endpoint)
        if serving.auto_scaling is not None:
            fitting = Target.INVOCATIONS if isinstance(serving, RealTime) else Target.BACKLOG
            scale(
                self,
                serving.auto_scaling,
                fitting=Target.UTILIZATION if isinstance(serving, Serverless) else fitting,
                endpoint=self._endpoint,
                endpoint_name=self._plain_name,
                variant=VARIANT,
            )
        if deployment_policy is not None:
            self._render_rollout()
        for alarm in rollback_alarms:
            self.add_rollback_alarm(alarm)

    def _new_config(self, encryption_key: kms.IKey | None, besides: dict[str, Any]) -> cdk.CfnResource:
        """The configuration, which is replaced whenever anything of it changes; so it has no name of its own."""
        variant = {
            "VariantName": VARIANT,
            "ModelName": self._model.model_name,
            "InitialVariantWeight": 1.0,
            **variant_of(self._serving),
        }
        besides |= {} if encryption_key is None else {"KmsKeyId": encryption_key.key_arn}
        self._shape = [{name: value for name, value in variant.items() if name != "ModelName"}, besides]
        config = l1.create(Kind.ENDPOINT_CONFIG, self, "Config", {"ProductionVariants": [variant], **besides})
        if encryption_key is None:
            acknowledge(config, _NO_KEY)
        return config

    def _new_endpoint(self, config: cdk.CfnResource) -> cdk.CfnResource:
        return l1.create(
            Kind.ENDPOINT,
            self,
            _CHILDREN[type(self._serving)],
            {
                "EndpointName": self._plain_name,
                "EndpointConfigName": config.get_att("EndpointConfigName").to_string(),
                **self._retained,
            },
        )

    @property
    def _retained(self) -> dict[str, Any]:
        """What of the endpoint a deployment leaves as it is."""
        if self._serving.auto_scaling is None or isinstance(self._serving, Serverless):
            return {}
        # A deployment would bring a scaled endpoint back to the number of instances that it began with.
        return {
            # [scaled-capture]
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DataCaptureConfig"}],
        }

    # [endpoint-log]
    def _new_log(self, retention: cdk.Duration | None, key: kms.IKey | None) -> cdk.CfnResource:
        """The log that the service would make itself, with no end and no key, when the endpoint first writes to it."""
        # Another kind of serving is another endpoint: the log of the old one goes after it.
        construct_id = f"{_CHILDREN[type(self._serving)]}Log"
        log = l1.create(Kind.LOG_GROUP, self, construct_id, {"LogGroupName": f"{_LOGS}{self._plain_name}"})
        keep(log, retention, key)
        log.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        if key is None:
            acknowledge(log, _NO_LOG_KEY)
        return log

    def _new_check(self, provider: AutoMLProvider, config: cdk.CfnResource) -> cdk.CfnResource:
        self._config = config
        check = provider._custom_resource(
            self,
            "Check",
            contract.ENDPOINT_CHECK_TYPE,
            {
                EndpointCheck.ENDPOINT_NAME: self._reference,
                EndpointCheck.CONFIG_NAME: config.get_att("EndpointConfigName"),
            },
        )
        check.node.add_dependency(*self._seen_by)
        return check

    @property
    def endpoint_name(self) -> str:
        """The endpoint's name; it stays when the job is trained again.

        A name of your own is that text, so what has to come after the endpoint needs `node.add_dependency(endpoint)`.
        A generated one is a reference.
        """
        return self._reference if is_token(self._plain_name) else self._plain_name

    @property
    def _reference(self) -> str:
        return self._endpoint.get_att("EndpointName").to_string()

    @property
    def endpoint_arn(self) -> str:
        """The endpoint's ARN."""
        return self._endpoint.ref

    @property
    def model_name(self) -> str:
        """The name of the model in service, another one for each job."""
        return self._model.model_name

    @property
    def role(self) -> iam.IRole:
        """The role that the model runs as."""
        return self._model.role

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """Whom a grant to the endpoint reaches: its role."""
        return self._model.role.grant_principal

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of an endpoint in a VPC.

        Raises:
            ValueError: the endpoint is not in a VPC of yours.
        """
        if self._model.connections is None:
            raise ValueError(f"the endpoint '{self.node.path}' has no connections: give it a 'vpc'")
        return self._model.connections

    def add_rollback_alarm(self, alarm: cloudwatch.IAlarm) -> None:
        """Let SageMaker take a deployment back when this alarm goes off while the new model takes over.

        Alarms of the endpoint's own metrics are welcome: they are made before it.

        Raises:
            ValueError: it is no alarm, the eleventh one, or the endpoint takes none.
        """
        if not has(alarm, "alarm_name"):
            wrong = [f"'alarm' must be a cloudwatch.IAlarm, got {described(alarm)}"]
        else:
            wrong = list(_rollout_problems(self._serving, self._policy, [*self._alarms, alarm]))
            wrong += apart(stack_of(self), [used_alarm("'alarm'", alarm, ROLLBACK_ALARM)], where="the endpoint").errors
        raise_if_any(wrong, f"add_rollback_alarm of '{self.node.path}'")
        self._alarms.append(alarm)
        allowed = permissions.roll_back([alarm.alarm_arn])
        if self._model.policy is not None:
            add_permissions(self._model.policy, [allowed])
        else:
            Grants(stack_of(self)).apply_to_given_role(self._model.role, [allowed])
        self._render_rollout()

    def _render_rollout(self) -> None:
        l1.change(self._endpoint, DeploymentConfig=self._rollout)

    @property
    def _rollout(self) -> dict[str, Any]:
        """How a new model takes over."""
        policy = self._policy or DeploymentPolicy._watched()
        alarms = [{"AlarmName": alarm.alarm_name} for alarm in self._alarms]
        rollback = {"AutoRollbackConfiguration": {"Alarms": alarms}} if alarms else {}
        return policy._rendered() | rollback

    def _update_request(self) -> dict[str, Any]:
        """What a promotion gives UpdateEndpoint besides the configuration, when all alarms are there."""
        if self._policy is None and not self._alarms:
            return self._retained
        return {**self._retained, "DeploymentConfig": self._rollout}

    def _follow(self, retraining: str, folder: str, key: str | None, *needed: IDependable) -> cdk.CfnResource:
        """Let a retraining promote models; returns what it has to come after.

        Args:
            retraining: Its path.
            folder: The folder of its document.
            key: The KMS key of that.
            needed: What has to be there before the model is asked for.
        """
        self._promoted_by = retraining
        model = self._model.resource
        model.add_property_override(CandidateOfRuns.RETRAINING, folder)
        model.add_property_override(CandidateOfRuns.SHAPE, spec_digest(stack_of(self), self._shape))
        if key is not None:
            model.add_property_override(Retraining.KEY, key)
        model.node.add_dependency(*needed)
        return self._check


_NO_KEY: Final = dict.fromkeys(
    compliance("SageMakerEndpointConfigurationKMSKeyConfigured"),
    "volumes are encrypted by the service's own key; instances with disks of their own take no other: give "
    "`encryption_key` where one of yours is wanted",
)


_NO_LOG_KEY: Final = dict.fromkeys(
    compliance("CloudWatchLogGroupEncrypted"),
    "encrypted by CloudWatch Logs itself; it holds what the candidate's containers print: give `log_encryption_key` "
    "where a key of yours is wanted",
)

_LOGS: Final = "/aws/sagemaker/Endpoints/"
"""https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html"""


def _digest(scope: Construct, serving: Serving) -> str:
    """What makes the generated name one of a kind in the stack.

    Alarms are made before the endpoint, and CloudFormation's own name would be known too late for them.
    """
    path = deployed_path(scope)
    # The stack's name stands there twice: endpoints that were deployed before the path began with it keep their names.
    identity = "\n".join([path.partition("/")[0], path, _CHILDREN[type(serving)]])
    return hashlib.sha256(identity.encode()).hexdigest()


# [serverless-limits]
def _serving_problems(serving: object, model: ModelProps, capture: object) -> Iterator[str]:
    if not isinstance(serving, (RealTime, Serverless, Asynchronous)):
        yield f"'serving' must be a RealTime, Serverless or Asynchronous, got {described(serving)}"
        return
    wrong = list(serving._problems())
    yield from wrong
    if isinstance(serving, Asynchronous) and not wrong:
        for name in ("output", "failure_output"):
            yield from model.candidate.problems_with_output(f"'serving.{name}'", getattr(serving, name))
    if has_local_storage(serving) and model.volume_encryption_key is not None:
        yield (
            f"'encryption_key' does not fit '{instance_type_of(serving)}': its own hardware encrypts its disks, and "
            "the service refuses another key"
        )
    if not isinstance(serving, Serverless):
        return
    refused = {
        "data_capture": capture is not None,
        "vpc": model.vpc is not None,
        "vpc_subnets": model.vpc is None and model.vpc_subnets is not None,
        "enable_network_isolation": model.enable_network_isolation is True,
    }
    yield from (
        f"'{prop}' does not fit Serverless: a serverless endpoint has no such thing"
        for prop, is_given in refused.items()
        if is_given
    )
    if model.candidate.is_pipeline:
        yield (
            f"'serving' cannot be Serverless: the candidates of {TUNED} have several containers, and a serverless "
            "endpoint takes one; give the job mode=Mode.ENSEMBLING"
        )


def _serving_warnings(serving: Serving, candidate: Candidate) -> dict[str, str]:
    """What may fail when the candidate is known."""
    if not isinstance(serving, Serverless) or not candidate.is_undecided:
        return {}
    return {
        "serverless_mode": (
            # [auto-mode]
            "'serving' is Serverless, which takes one container, and a job in AUTO mode may make a candidate of "
            "several; give the job mode=Mode.ENSEMBLING"
        )
    }


# [async-capture]
def _capture_problems(capture: object, candidate: Candidate) -> Iterator[str]:
    if isinstance(capture, DataCapture):
        found = list(capture._problems())
        yield from found or candidate.problems_with_output("'data_capture.destination'", capture.destination)
    elif capture is not None:
        yield f"'data_capture' must be a DataCapture, got {described(capture)}"


def _name_problems(name: object, kind: object) -> list[str]:
    return value_problems(name, kind, is_token=is_token, path="endpoint_name")


def _rollout_problems(serving: object, policy: object, alarms: object) -> Iterator[str]:
    if not isinstance(alarms, (list, tuple)):
        yield f"'rollback_alarms' must be a list of cloudwatch.IAlarm, got {described(alarms)}"
        return
    yield from (
        f"'rollback_alarms[{index}]' must be a cloudwatch.IAlarm, got {described(alarm)}"
        for index, alarm in enumerate(alarms)
        if not has(alarm, "alarm_name")
    )
    if len(alarms) > _MOST_ALARMS:
        yield f"'rollback_alarms' must have at most {_MOST_ALARMS} items, got {len(alarms)}"
    if policy is not None and not isinstance(policy, DeploymentPolicy):
        yield f"'deployment_policy' must be a DeploymentPolicy, got {described(policy)}"
        return
    given = [name for name, value in (("deployment_policy", policy), ("rollback_alarms", alarms)) if value]
    if isinstance(serving, Serverless):
        yield from (f"'{name}' does not fit Serverless: its deployments are the service's own affair" for name in given)
    elif isinstance(serving, (RealTime, Asynchronous)):
        if is_inf1(serving):
            yield from (
                f"'{name}' does not fit '{serving.instance_type}': Inf1 instances know no deployment policy"
                for name in given
            )
        if isinstance(policy, DeploymentPolicy):
            yield from policy._problems("deployment_policy", instance_count_of(serving))
