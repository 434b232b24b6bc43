"""The Lambda function behind the jobs of a stack: one per stack, made by the first job."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from . import permissions
from .grants import COMPLIANCE_PACKS, acknowledge, acknowledge_wildcards, new_role
from .runtime import contract
from .tokens import slug

if TYPE_CHECKING:
    from .permissions import Permission

CONSTRUCT_ID: Final = "SageMakerAutopilotProvider"
"""Part of every logical id below, the function's among them: changing it breaks every stack that is deployed
("Modifying service token is not allowed")."""

RUNTIME: Final = "python3.14"
MEMORY_MIB: Final = 256
LOG_RETENTION_DAYS: Final = 365

_STACK_SLUG: Final = 7
_STACK_HASH: Final = 4
_JOB_SLUG: Final = contract.NAME_LENGTH - contract.HASH_LENGTH - _STACK_SLUG - _STACK_HASH - len("--")
_ROLES_PER_POLICY: Final = 30
"""A managed policy holds 6144 characters, a role's ARN up to 150 of them."""


class AutoMLProvider(Construct):
    """Creates, tags, replaces and stops the jobs of its stack.

    Made by the first job of a stack and shared by all of them; use `of` to get at it.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._stack = cdk.Stack.of(self)
        self._stack_prefix = _stack_prefix(self._stack)
        self._roles: list[str] = []
        self._role_policies: list[iam.ManagedPolicy] = []
        self._explicit_names: list[str] = []
        self._cleans_up = False

        log = cdk.CfnResource(
            self, "Log", type="AWS::Logs::LogGroup", properties={"RetentionInDays": LOG_RETENTION_DAYS}
        )
        log.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        acknowledge(log, _LOG_KEY)
        self._role = new_role(
            self,
            "Role",
            service=permissions.LAMBDA_PRINCIPAL,
            description=f"Creates and stops the Autopilot jobs of {self._stack.node.path}",
        )
        self._policy = self._new_policy(
            "Permissions",
            permissions.provider_function(
                self._stack,
                job_names=[self._name_pattern],
                log_group_arn=log.get_att("Arn").to_string(),
            ),
        )
        self._function = self._new_function(log)

    @classmethod
    def of(cls, scope: Construct) -> AutoMLProvider:
        """The provider of the stack that `scope` lies in; made if there is none."""
        stack = cdk.Stack.of(scope)
        return cast("AutoMLProvider", stack.node.try_find_child(CONSTRUCT_ID)) or cls(stack, CONSTRUCT_ID)

    @property
    def service_token(self) -> str:
        """The function's ARN, which every job names."""
        return self._function.get_att("Arn").to_string()

    def name_prefix(self, construct_id: str) -> str:
        """The beginning of a generated job name: readable, and the stack's own."""
        return f"{self._stack_prefix}{slug(construct_id, _JOB_SLUG, 'job')}-"

    def serve(self, resource: cdk.CfnResource, *, role_arn: str, job_name: str | None, deploys: bool) -> None:
        """Allow the function what it does for one more job, and let the job's resource wait for that.

        Args:
            resource: The job's resource.
            role_arn: The role that the job runs as.
            job_name: The job's name if the caller chose it.
            deploys: Whether the job has a one-click endpoint to clean up.
        """
        if job_name is not None and job_name not in self._explicit_names:
            self._explicit_names.append(job_name)
            # IAM compares ARNs letter by letter, while job names are case-insensitive, and whether the service
            # lower-cases them in ARNs is unverified.
            names = list(dict.fromkeys([job_name, job_name.lower()]))
            self._allow(permissions.provider_jobs(self._stack, names))
        if deploys and not self._cleans_up:
            self._cleans_up = True
            self._allow(*permissions.one_click_clean_up(self._stack))
        resource.node.add_dependency(self._policy, self._policy_for_role(role_arn))

    def _allow(self, *granted: Permission) -> None:
        for permission in granted:
            self._policy.add_statements(iam.PolicyStatement.from_json(permission.statement()))
        acknowledge_wildcards(self._policy, granted)

    def _policy_for_role(self, role_arn: str) -> iam.ManagedPolicy:
        """The policy that lets the function pass this role; a new one where the last is full."""
        if role_arn not in self._roles:
            self._roles.append(role_arn)
            if len(self._roles) > _ROLES_PER_POLICY * len(self._role_policies):
                number = len(self._role_policies)
                policy = self._new_policy(f"PassRoles{number}", []) if number else self._policy
                self._role_policies.append(policy)
            passed = permissions.pass_role([role_arn])
            self._role_policies[-1].add_statements(iam.PolicyStatement.from_json(passed.statement()))
        return self._role_policies[self._roles.index(role_arn) // _ROLES_PER_POLICY]

    @property
    def _name_pattern(self) -> str:
        """All names that jobs of this stack can get; ``?`` stands for one character."""
        return self._stack_prefix + "?" * (contract.NAME_LENGTH - len(self._stack_prefix))

    def _new_policy(self, construct_id: str, granted: list[Permission]) -> iam.ManagedPolicy:
        document = {"Version": "2012-10-17", "Statement": [permission.statement() for permission in granted]}
        return iam.ManagedPolicy(
            self, construct_id, document=iam.PolicyDocument.from_json(document), roles=[self._role]
        )

    def _new_function(self, log: cdk.CfnResource) -> cdk.CfnResource:
        """A plain resource: the L2 would import `aws_lambda`, which takes seconds."""
        library = Path(__file__).parent
        code = assets.Asset(
            self,
            "Code",
            path=str(library),
            exclude=["**", "!runtime", "!runtime/**", "**/__pycache__"],
            ignore_mode=cdk.IgnoreMode.GLOB,
        )
        function = cdk.CfnResource(
            self,
            "Function",
            type="AWS::Lambda::Function",
            properties={
                "Description": "Creates, tags and stops Amazon SageMaker Autopilot jobs (cdk-sagemaker-autopilot)",
                "Runtime": RUNTIME,
                "Architectures": ["arm64"],
                "Handler": contract.HANDLER,
                "Code": {"S3Bucket": code.s3_bucket_name, "S3Key": code.s3_object_key},
                "Role": self._role.role_arn,
                "MemorySize": MEMORY_MIB,
                "Timeout": contract.FUNCTION_TIMEOUT,
                "LoggingConfig": {"LogGroup": log.ref, "LogFormat": "JSON"},
            },
        )
        acknowledge(function, _FUNCTION)
        # On removal too: a function whose permissions went first could not stop anything.
        function.node.add_dependency(self._policy)
        return function


def _stack_prefix(stack: cdk.Stack) -> str:
    """A few letters of the stack's name and a hash of its place in the app, with a hyphen."""
    digest = hashlib.sha256(stack.node.path.encode()).hexdigest()[:_STACK_HASH]
    return f"{slug(stack.stack_name, _STACK_SLUG, 'stack')}{digest}-"


_LOG_KEY = dict.fromkeys(
    [f"{pack}-CloudWatchLogGroupEncrypted" for pack in COMPLIANCE_PACKS],
    "encrypted by CloudWatch Logs itself; the function logs names, statuses and decisions, never requests or URLs",
)

_FUNCTION = {
    **dict.fromkeys(
        [f"{pack}-LambdaConcurrency" for pack in COMPLIANCE_PACKS],
        "called by CloudFormation alone, once per resource and change; a reservation would take from the account",
    ),
    **dict.fromkeys(
        [f"{pack}-LambdaDLQ" for pack in COMPLIANCE_PACKS] + ["Serverless-LambdaDLQ"],
        "CloudFormation reports a call that went unanswered; a queue would keep its pre-signed URL",
    ),
    **dict.fromkeys(
        [f"{pack}-LambdaInsideVPC" for pack in COMPLIANCE_PACKS],
        "talks to the SageMaker, CloudFormation and S3 APIs only, over TLS and with IAM",
    ),
    "Serverless-LambdaTracing": "runs only during deployments; each call is logged with its decision",
}
