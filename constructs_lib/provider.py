"""The Lambda function behind the jobs of a stack: one per stack, made by the first job."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from . import permissions
from .grants import COMPLIANCE_PACKS, acknowledge, acknowledge_wildcards, new_role
from .runtime import contract
from .tokens import slug

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IDependable

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
_NAMES_PER_POLICY: Final = 25
"""A managed policy holds 6144 characters; the ARN of a role has up to 110, that of a job 100 and two spellings."""


class AutoMLProvider(Construct):
    """Creates, tags, replaces and stops the jobs of its stack.

    Made by the first job of a stack and shared by all of them; use `of` to get at it.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._stack = cdk.Stack.of(self)
        self._stack_prefix = _stack_prefix(self._stack)
        self._cleans_up = False

        log = cdk.CfnResource(
            self, "Log", type="AWS::Logs::LogGroup", properties={"RetentionInDays": LOG_RETENTION_DAYS}
        )
        log.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        acknowledge(log, _LOG_KEY)
        self._role = new_role(
            self,
            service=permissions.LAMBDA_PRINCIPAL,
            description=f"Creates and stops the Autopilot jobs of {self._stack.node.path}",
        )
        self._policy = self._new_policy(
            "Permissions",
            permissions.provider_function(
                self._stack,
                generated_names=self._stack_prefix + "?" * (contract.NAME_LENGTH - len(self._stack_prefix)),
                log_group_arn=log.get_att("Arn").to_string(),
            ),
        )
        self._roles = _Shelf(_ROLES_PER_POLICY, self._new_role_policy)
        self._names = _Shelf(_NAMES_PER_POLICY, lambda number: self._new_policy(f"Names{number}", []))
        function = self._new_function(log)
        self.service_token: Final = function.get_att("Arn").to_string()
        """The function's ARN, which every job names."""

    @classmethod
    def of(cls, scope: Construct) -> AutoMLProvider:
        """The provider of the stack that `scope` lies in; made if there is none."""
        return _provider_of(cdk.Stack.of(scope))

    @property
    def stack(self) -> cdk.Stack:
        """The stack whose jobs these are."""
        return self._stack

    def name_prefix(self, construct_id: str) -> str:
        """The beginning of a generated job name: readable, and the stack's own."""
        return f"{self._stack_prefix}{slug(construct_id, _JOB_SLUG, 'job')}-"

    def serve(self, *, role_arn: str, job_name: str | None, deploys: bool) -> list[IDependable]:
        """Allow the function what it does for one more job; returns what the job has to wait for.

        Args:
            role_arn: The role that the job runs as.
            job_name: The job's name if the caller chose it.
            deploys: Whether the job has a one-click endpoint to clean up.
        """
        if deploys and not self._cleans_up:
            self._cleans_up = True
            granted = permissions.one_click_clean_up(self._stack)
            for permission in granted:
                self._policy.add_statements(iam.PolicyStatement.from_json(permission.statement()))
            acknowledge_wildcards(self._policy, granted)
        needed: list[IDependable] = [self._policy, self._roles.put(role_arn, permissions.pass_role([role_arn]))]
        if job_name is not None:
            needed.append(self._names.put(job_name, permissions.provider_named_job(self._stack, job_name)))
        return needed

    def _new_role_policy(self, number: int) -> iam.ManagedPolicy:
        return self._new_policy(f"PassRoles{number}", []) if number else self._policy

    def _new_policy(self, construct_id: str, granted: list[Permission]) -> iam.ManagedPolicy:
        document = {"Version": "2012-10-17", "Statement": [permission.statement() for permission in granted]}
        policy = iam.ManagedPolicy(
            self, construct_id, document=iam.PolicyDocument.from_json(document), roles=[self._role]
        )
        acknowledge_wildcards(policy, granted)
        return policy

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


@cache
def _provider_of(stack: cdk.Stack) -> AutoMLProvider:
    return AutoMLProvider(stack, CONSTRUCT_ID)


class _Shelf:
    """Things that one statement each policy lists, in as many policies as they take."""

    def __init__(self, capacity: int, new_policy: Callable[[int], iam.ManagedPolicy]) -> None:
        self._capacity = capacity
        self._new_policy = new_policy
        self._policies: list[iam.ManagedPolicy] = []
        self._statement: iam.PolicyStatement
        self._place_of: dict[str, iam.ManagedPolicy] = {}

    def put(self, thing: str, permission: Permission) -> iam.ManagedPolicy:
        """Allow what this thing needs, once; returns the policy that does."""
        if thing in self._place_of:
            return self._place_of[thing]
        if len(self._place_of) == self._capacity * len(self._policies):
            self._policies.append(self._new_policy(len(self._policies)))
            self._statement = iam.PolicyStatement.from_json(permission.statement())
            self._policies[-1].add_statements(self._statement)
        else:
            self._statement.add_resources(*permission.resources)
        self._place_of[thing] = self._policies[-1]
        return self._policies[-1]


def _stack_prefix(stack: cdk.Stack) -> str:
    """A few letters of the stack's name and a hash of its place in the app, with a hyphen."""
    digest = hashlib.sha256(stack.node.path.encode()).hexdigest()[:_STACK_HASH]
    return f"{slug(stack.stack_name, _STACK_SLUG, 'stack')}{digest}-"


_LOG_KEY = dict.fromkeys(
    [f"{pack}-CloudWatchLogGroupEncrypted" for pack in COMPLIANCE_PACKS],
    "encrypted by CloudWatch Logs itself; the function logs names, statuses and decisions, never requests or URLs",
)

_WITH_LAMBDA_RULES: Final = [pack for pack in COMPLIANCE_PACKS if not pack.startswith("PCI")]

_FUNCTION = {
    **dict.fromkeys(
        [f"{pack}-LambdaConcurrency" for pack in _WITH_LAMBDA_RULES],
        "called by CloudFormation alone, once per resource and change; a reservation would take from the account",
    ),
    **dict.fromkeys(
        [f"{pack}-LambdaDLQ" for pack in (*_WITH_LAMBDA_RULES, "Serverless")],
        "CloudFormation reports a call that went unanswered; a queue would keep its pre-signed URL",
    ),
    **dict.fromkeys(
        [f"{pack}-LambdaInsideVPC" for pack in COMPLIANCE_PACKS],
        "talks to the SageMaker, CloudFormation and S3 APIs only, over TLS and with IAM",
    ),
    "Serverless-LambdaTracing": "runs only during deployments; each call is logged with its decision",
}
