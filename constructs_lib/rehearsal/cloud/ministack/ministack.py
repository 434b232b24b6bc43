"""All that the rehearsal knows of MiniStack's inside: no module but those of this folder may.

MiniStack has no interface for plug-ins, so each name used here can move with its next release. It is pinned
exactly, and `tests/rehearsal/cloud/test_ministack_names.py` names what moved.
"""

import datetime as dt
import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, responses, router
from ministack.services import cloudformation, iam, sts, tagging
from ministack.services.cloudformation import custom_resource, handlers, provisioners, stacks

from constructs_lib.rehearsal.cloud.connection import Credentials
from constructs_lib.rehearsal.cloud.errors import AccessDeniedError

# ruff: noqa: SLF001 - there is no other way in

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Answer]]
ArnOf = Callable[[str, str, Mapping[str, str], bytes], str]
Context = Mapping[str, str | list[str]]
ContextOf = Callable[[str, bytes], Context]
TaggedResources = Callable[[], Iterable[tuple[str, list[dict[str, str]]]]]

PRINCIPAL = "sagemaker.amazonaws.com"
_SESSION_SECONDS = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that MiniStack lacks."""

    name: str
    """Its credential scope, which is its namespace in IAM as well."""

    models: tuple[str, ...]
    """What botocore calls it."""

    target_prefix: str
    handler: Handler
    """Answers a request: method, path, headers, body, query."""

    arn_of: ArnOf
    """The resource a request is about: method, path, headers, body."""

    context_of: ContextOf
    """The service's own condition keys in a request: operation, body."""

    tagged_resources: TaggedResources
    """Each ARN with its tags."""


def install(*services: Service) -> None:
    """Add services: routing, IAM actions and resources, tags that policies can test, and the handlers themselves."""
    for service in services:
        app.SERVICE_HANDLERS[service.name] = service.handler
        router.SERVICE_PATTERNS[service.name] = {
            "target_prefixes": [service.target_prefix],
            "host_patterns": [rf"{re.escape(service.name)}\."],
            "credential_scope": service.name,
        }
        iam_actions.SERVICE_TO_IAM_NAMESPACE[service.name] = service.name
        iam_actions._BOTOCORE_SERVICE_MAP[service.name] = list(service.models)
        tagging._RESOURCE_TAG_COLLECTORS[service.name] = service.tagged_resources
    added = {service.name: service for service in services}
    _name_resources(added)
    _name_denied_resources(added)
    _resolve_more_keys(added)
    _tell_more_of_requests(added)
    _ask_for_keys()


def _name_resources(added: Mapping[str, Service]) -> None:
    original = iam_actions.extract_resource_arn

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> Any:
        if service in added:
            return added[service].arn_of(method, path, headers, body)
        return original(service, method, path, headers, body, *rest)

    iam_actions.extract_resource_arn = extract_resource_arn


def _name_denied_resources(added: Mapping[str, Service]) -> None:
    """The denials of these services name the resource and come with HTTP 400; MiniStack's do neither."""
    original = iam_actions.access_denied_response

    def access_denied_response(service: str, action: str, principal_arn: str, request_id: str, **details: Any) -> Any:
        if service not in added or details.get("error_code"):
            return original(service, action, principal_arn, request_id, **details)
        error = AccessDeniedError(
            denial(
                principal_arn, action, details.get("resource_arn", "*"), explicit=details.get("explicit_deny", False)
            )
        )
        return json_error(error.code, error.message, error.status)

    iam_actions.access_denied_response = access_denied_response


def _resolve_more_keys(added: Mapping[str, Service]) -> None:
    """`aws:PrincipalArn` of a role's session is the role on AWS; MiniStack says the session.

    A tag of a resource has the service's own key beside `aws:ResourceTag`: `sagemaker:ResourceTag`.
    """
    original = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: Any) -> Any:
        if key.lower() == "aws:principalarn" and ":assumed-role/" in context.principal_arn:
            role = iam._roles.get(context.principal_arn.split("/")[1])
            return role["Arn"] if role else context.principal_arn
        prefix, _, tag = key.partition("/")
        service = added.get(prefix.lower().removesuffix(":resourcetag"))
        if tag and service is not None:
            return _tag(service, context.resource_arn, tag)
        return original(key, context)

    iam_evaluator._resolve_condition_key = resolve


def _tag(service: Service, arn: str, name: str) -> str | None:
    tags = next((tags for known, tags in service.tagged_resources() if known == arn), [])
    return next((tag["Value"] for tag in tags if tag["Key"].lower() == name.lower()), None)


def _tell_more_of_requests(added: Mapping[str, Service]) -> None:
    """The services' own keys, and `events:source`, which a policy may ask for and MiniStack says nothing of."""
    original = iam_actions.request_tag_context

    def request_tag_context(service: str, action: str, body: bytes, *rest: Any) -> dict[str, Any]:
        context: dict[str, Any] = original(service, action, body, *rest)
        if service in added:
            context |= added[service].context_of(action.partition(":")[2], body)
        if action == "events:PutEvents":
            sources = {entry.get("Source", "") for entry in json.loads(body).get("Entries", ())}
            context["events:source"] = sources.pop() if len(sources) == 1 else sorted(sources)
        return context

    iam_actions.request_tag_context = request_tag_context


def _ask_for_keys() -> None:
    """Who writes an object with a KMS key of the account has to be allowed that too, which MiniStack's S3 leaves out.

    Left out: keys that are named by an alias or an id, and those that a bucket has by default.
    """
    original = iam_actions.s3_additional_checks

    def s3_additional_checks(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> list[tuple[str, str]]:
        checks: list[tuple[str, str]] = original(method, path, headers, body, query_params)
        key = headers.get("x-amz-server-side-encryption-aws-kms-key-id", "")
        through = {"kms:ViaService": f"s3.{region()}.amazonaws.com", "kms:CallerAccount": account()}
        if method == "PUT" and ":key/" in key and not Caller.of(headers).may(_ENCRYPT, key, through):
            checks.append((_ENCRYPT, key))
        return checks

    iam_actions.s3_additional_checks = s3_additional_checks


_ENCRYPT = "kms:GenerateDataKey"


def json_error(code: str, message: str, status: int, **members: str | int) -> Answer:
    """An error in the wire format of JSON 1.1."""
    body = json.dumps({"__type": code, "message": message, **members}).encode()
    return status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}, body


def account() -> str:
    """The account of the request that is being served."""
    return str(responses.get_account_id())


def region() -> str:
    """The region of the request that is being served."""
    return str(responses.get_region())


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who somebody is."""

    arn: str
    principal_id: str


@dataclass(frozen=True)
class Caller:
    """Who sent a request, as IAM sees it."""

    access_key: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Caller":
        """The caller who signed a request, in a header or in the address."""
        return cls(str(router.extract_access_key_id(dict(headers)) or iam_evaluator._verified_key.get()))

    def may(self, action: str, resource: str, context: Context | None = None) -> bool:
        """Whether the caller's policies, boundary and the resource's own policy allow an action."""
        return self._denial(action, resource, context) is None

    def require(self, action: str, resource: str, context: Context | None = None) -> None:
        """Raise `AccessDeniedException` unless the caller may."""
        denied = self._denial(action, resource, context)
        if denied is not None:
            principal = getattr(denied, "principal_arn", "") or self.access_key
            explicit = getattr(denied, "decision", "") == "Deny"
            raise AccessDeniedError(denial(principal, action, resource, explicit=explicit))

    @property
    def identity(self) -> Identity:
        """The user, or the session of a role."""
        found = iam_evaluator.resolve_credential(self.access_key)
        return Identity(arn=found.principal_arn, principal_id=found.principal_id)

    def _denial(self, action: str, resource: str, context: Context | None) -> Any:
        service = action.partition(":")[0]
        return iam_evaluator.enforce(
            self.access_key, action, service, region(), resource_arn=resource, service_context=dict(context or {})
        )


def denial(principal: str, action: str, resource: str, *, explicit: bool) -> str:
    """The sentence of AWS for a call that a policy does not allow."""
    reason = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {principal} is not authorized to perform: {action} on resource: {resource} {reason}"


def role_trusts(service: str, role_arn: str, source_arn: str) -> bool:
    """Whether the role exists in this account and its trust policy lets a service assume it for `source_arn`.

    The service says for whom it asks: `aws:SourceArn`, and `aws:SourceAccount` with the account of that.
    """
    role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
    if role is None or role.get("Arn") != role_arn:
        return False
    document = role.get("AssumeRolePolicyDocument") or {}
    trust = json.loads(document) if isinstance(document, str) else document
    principal = f"arn:aws:sts::{account()}:assumed-role/service-role/{service}"
    context = iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=account(),
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=region(),
        service_context={"aws:sourceaccount": source_arn.split(":")[4], "aws:sourcearn": source_arn},
    )
    return bool(iam_evaluator.evaluate_trust_policy(_statements_for(service, trust), principal, context))


def _statements_for(service: str, trust: Mapping[str, Any]) -> dict[str, Any]:
    """The trust policy with the service's statements open to any caller and the others' left out.

    MiniStack's evaluator lets no service principal through but root; its actions and conditions are right.
    """
    statements = trust.get("Statement", [])
    ours = []
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else principal
        if service in ([services] if isinstance(services, str) else services) or services == "*":
            ours.append({**statement, "Principal": "*"})
    return {"Statement": ours}


def open_session(role_arn: str, name: str) -> Credentials:
    """Temporary credentials of a role, as a service gets them by assuming it."""
    role = role_arn.rsplit("/", 1)[-1]
    access_key = f"ASIA{hashlib.sha256(secrets.token_bytes(16)).hexdigest()[:16].upper()}"
    credentials = Credentials(access_key=access_key, secret_key=secrets.token_hex(20), token=secrets.token_hex(32))
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{role_arn.split(':')[4]}:assumed-role/{role}/{name}",
            "UserId": f"{role}:{name}",
            "SecretAccessKey": credentials.secret_key,
            "SessionToken": credentials.token,
            "Expiration": time.time() + _SESSION_SECONDS,
        },
    )
    return credentials


# CloudFormation

Attributes = dict[str, Any]
Create = Callable[[str, dict[str, Any], str], tuple[str, Attributes]]
Update = Callable[[str, dict[str, Any], dict[str, Any], str, str], tuple[str, Attributes]]
Delete = Callable[[str, dict[str, Any]], None]
Replaces = Callable[[str], bool]

_CUSTOM_RESOURCES = ("Custom::", "AWS::CloudFormation::CustomResource")


def add_resource_type(
    name: str,
    create: Create,
    update: Update | None,
    delete: Delete,
    *,
    taggable: bool,
    replaces: Replaces | None = None,
) -> None:
    """Teach CloudFormation a type. The functions may wait: they run on a thread of their own.

    Args:
        name: The type, `AWS::SageMaker::Model`.
        create: Takes logical id, properties and stack name; returns physical id and attributes.
        update: Takes physical id, old and new properties, stack name and logical id. Another physical id is a
            replacement. Default: every change is one.
        delete: Takes physical id and properties.
        taggable: Whether the stack's tags are added to its `Tags`.
        replaces: Whether a change of a property makes another resource, for change sets. Default: it may.
    """
    handlers: dict[str, Any] = {"create": create, "delete": delete}
    if update is not None:
        handlers |= {"update": update, "update_with_logical_id": True}
    provisioners._RESOURCE_HANDLERS[name] = handlers
    if taggable:
        provisioners._STACK_TAG_PROPERTY[name] = ("Tags", "list")
    if replaces is not None:
        _say_what_replaces(name, replaces)
    _run_on_thread(name)


def _say_what_replaces(name: str, replaces: Replaces) -> None:
    original = stacks._property_recreation

    def recreation(resource_type: str, property_name: str) -> Any:
        if resource_type == name:
            return "Always" if replaces(property_name) else "Never"
        return original(resource_type, property_name)

    stacks._property_recreation = recreation


def is_being_deleted(stack_name: str) -> bool:
    """Whether a stack goes, although something of it is being made."""
    stack = cloudformation._stacks.get(stack_name)
    while stack is not None and stack["StackStatus"] != "DELETE_IN_PROGRESS":
        outer = stack.get("ParentId")
        stack = next((each for each in cloudformation._stacks.values() if each["StackId"] == outer), None)
    return stack is not None


def extend_resource_type(name: str, after_change: Callable[[str, dict[str, Any]], Attributes]) -> None:
    """Do more after MiniStack has created or updated a resource of a type it knows; returns further attributes."""
    handlers = provisioners._RESOURCE_HANDLERS[name]

    def extended(change: Callable[..., tuple[str, Attributes]], properties_at: int) -> Callable[..., Any]:
        def run(*arguments: Any) -> tuple[str, Attributes]:
            physical_id, attributes = change(*arguments)
            return physical_id, {**attributes, **after_change(physical_id, arguments[properties_at])}

        return run

    handlers["create"] = extended(handlers["create"], 1)
    handlers["update"] = extended(handlers["update"], 2)
    _run_on_thread(name)


def adapt_resource_type(name: str, adapted: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Let MiniStack create and update a resource of a type it knows with other properties than the template's."""
    handlers = provisioners._RESOURCE_HANDLERS[name]
    create, update = handlers["create"], handlers["update"]

    def create_adapted(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        return create(logical_id, adapted(properties), *rest)

    def update_adapted(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any, **more: Any) -> Any:
        return update(physical_id, adapted(old), adapted(new), *rest, **more)

    handlers["create"], handlers["update"] = create_adapted, update_adapted


def _run_on_thread(name: str) -> None:
    original = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda resource_type: resource_type == name or original(resource_type)


def send_missing_custom_resource_events() -> None:
    """Let rollbacks send custom resources what CloudFormation documents and MiniStack leaves out.

    After a failed Create comes a Delete. After an Update that replaced a resource and was then rolled back comes an
    Update with the old properties and the new physical id, before the Delete of the new one.
    """
    failed_creates = _remember_failed_creates()
    original = stacks._roll_back_operation

    async def roll_back(
        name: str, stack_id: str, stack: dict[str, Any], operation: dict[str, Any], **more: Any
    ) -> None:
        failed_id = operation["failed_logical_id"]
        failed = failed_creates.pop((stack_id, failed_id), None)
        if failed is not None and operation["failed_update"] is None:
            # Known to the rollback as created, it is deleted first: the failed one was the last.
            stack.setdefault("_resources", {})[failed_id] = failed
            operation["created"].append(failed_id)
        unreverted = await _revert_replaced(name, stack_id, stack, operation)
        await original(name, stack_id, stack, operation, **more)
        if unreverted:
            stack["StackStatus"] = "UPDATE_ROLLBACK_FAILED"
            reason = f"The following resource(s) failed to update: [{', '.join(unreverted)}]."
            stack["StackStatusReason"] = reason
            stack["_rollback_failed"] = {**stack.get("_rollback_failed", {}), **unreverted}
            stacks._add_event(
                stack_id, name, name, "AWS::CloudFormation::Stack", stack["StackStatus"], reason, stack_id
            )

    stacks._roll_back_operation = handlers._roll_back_operation = roll_back


async def _revert_replaced(
    name: str, stack_id: str, stack: dict[str, Any], operation: dict[str, Any]
) -> dict[str, Any]:
    """Send the reverse Update of each custom resource that the failed update replaced; returns what failed.

    That is what `ContinueUpdateRollback` tries again or skips.
    """
    previous_resources = (operation["previous_stack"] or {}).get("_resources", {})
    failed = {}
    for logical_id in reversed(operation["created"]):
        new, previous = stack["_resources"].get(logical_id), previous_resources.get(logical_id)
        if not new or not previous or not new["ResourceType"].startswith(_CUSTOM_RESOURCES):
            continue
        new_id = new["PhysicalResourceId"]
        if new_id == previous["PhysicalResourceId"]:
            continue
        try:
            await stacks._revert_update(
                stack_id, name, logical_id, new["ResourceType"], new_id,
                new["Properties"], previous["Properties"], new["Attributes"], previous,
            )  # fmt: skip
        except Exception:
            failed[logical_id] = {
                "PhysicalResourceId": new_id, "ResourceType": new["ResourceType"], "Attributes": new["Attributes"],
                "RevertFrom": new["Properties"], "RevertTo": previous["Properties"],
            }  # fmt: skip
        else:
            if previous["PhysicalResourceId"] == new_id:  # the provider kept the new one: nothing to delete
                operation["created"].remove(logical_id)
    return failed


def _remember_failed_creates() -> dict[tuple[str, str], dict[str, Any]]:
    """Record each Create that a provider refused or never answered, by stack id and logical id."""
    failed: dict[tuple[str, str], dict[str, Any]] = {}
    answers = threading.local()
    original_invoke, original_register = custom_resource.invoke_custom_resource, custom_resource.register_token

    def register_token(token: str) -> Any:
        event = original_register(token)
        answers.entry = custom_resource._pending[token]
        return event

    def invoke_custom_resource(
        request_type: str, logical_id: str, props: dict[str, Any], stack_name: str, stack_id: str,
        resource_type: str, *rest: Any, **more: Any,
    ) -> Any:  # fmt: skip
        try:
            return original_invoke(request_type, logical_id, props, stack_name, stack_id, resource_type, *rest, **more)
        except (RuntimeError, TimeoutError):
            if request_type == "Create":
                answer = answers.entry["result"] or {}
                failed[stack_id, logical_id] = {
                    # CloudFormation invents an id for a resource that never told it one.
                    "PhysicalResourceId": answer.get("PhysicalResourceId")
                    or f"{stack_name}-{logical_id}-{secrets.token_hex(6).upper()}",
                    "ResourceType": resource_type,
                    "ResourceStatus": "CREATE_FAILED",
                    "Timestamp": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "LogicalResourceId": logical_id,
                    "Properties": props,
                    "Attributes": {},
                }
            raise

    custom_resource.register_token = register_token
    custom_resource.invoke_custom_resource = invoke_custom_resource
    return failed
