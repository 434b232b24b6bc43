"""MiniStack's inner names that the modules of `cloud/ministack` use. A failure says what a new MiniStack has moved."""

import ast
import importlib
import inspect
from importlib.metadata import version

import pytest

PARAMETERS = {
    "app.SERVICE_HANDLERS": None,
    "app._credential_failure": ["service", "iam_action", "request_id", "denied", "headers"],
    "app._extract_s3_vhost_bucket": ["host"],
    "app._routing_params": ["method", "path", "headers", "body", "query_params"],
    "app._send_response": ["send", "status", "headers", "body", "head"],
    "app.app": ["scope", "receive", "send"],
    "app.pin_signed_request": ["method", "raw_path", "query_params", "raw_headers", "handshake"],
    "core.iam_actions.SERVICE_TO_IAM_NAMESPACE": None,
    "core.iam_actions._BOTOCORE_SERVICE_MAP": None,
    "core.iam_actions.extract_resource_arn": [
        "service", "method", "path", "headers", "body", "query_params", "region", "account_id",
    ],
    "core.iam_actions.access_denied_response": [
        "service", "action", "principal_arn", "request_id", "error_code", "message", "headers", "resource_arn",
        "explicit_deny", "resource_policy_arn",
    ],
    "core.iam_actions.request_tag_context": ["service", "iam_action", "body", "params"],
    "core.iam_actions.s3_additional_checks": ["method", "path", "headers", "body", "query_params"],
    "core.iam_evaluator.AmbiguousAccessKeyError": None,
    "core.iam_evaluator.AuthError": ["code", "message", "details"],
    "core.iam_evaluator.CredentialResolutionError": ["code", "message"],
    "core.iam_evaluator.EvalContext": None,
    "core.iam_evaluator._anonymous": None,
    "core.iam_evaluator._first_match": ["ctx", "stmts", "effect"],
    "core.iam_evaluator._resolve_condition_key": ["key", "ctx"],
    "core.iam_evaluator._signed_request": None,
    "core.iam_evaluator._verified_key": None,
    "core.iam_evaluator.enforce": [
        "access_key_id", "iam_action", "service", "region", "resource_arn", "service_context",
    ],
    "core.iam_evaluator.evaluate": ["ctx", "policies", "limits"],
    "core.iam_evaluator.evaluate_trust_policy": ["trust_doc", "caller_arn", "ctx"],
    "core.iam_evaluator.find_iam_access_key_account": ["access_key_id"],
    "core.iam_evaluator.is_root_access_key": ["access_key_id"],
    "core.iam_evaluator.resolve_credential": ["access_key_id", "account_id", "session_token"],
    "core.concurrency.run_reentrant": ["fn", "args", "thread_name"],
    "core.lambda_runtime._NODEJS_WORKER_SCRIPT": None,
    "core.lambda_runtime.ProvidedWorker": None,
    "core.lambda_runtime.execution_credentials": ["config"],
    "core.lambda_runtime.os": None,
    "core.responses._account_from_sts_session": ["access_key_id"],
    "core.responses.get_account_id": [],
    "core.responses.get_region": [],
    "core.responses.new_uuid": [],
    "core.responses.now_iso": [],
    "core.router.SERVICE_PATTERNS": None,
    "core.router.detect_service": ["method", "path", "headers", "query_params"],
    "core.router.extract_access_key_id": ["headers", "query_params"],
    "core.sigv4.HeaderSignature": [
        "access_key_id", "date_stamp", "region", "service", "signed_headers", "signature", "amz_date", "region_set",
    ],
    "core.sigv4.SIGNATURE_MISMATCH": None,
    "core.sigv4._amz_datetime": ["value"],
    "core.sigv4.decode_header_value": ["value"],
    "core.sigv4.parse_header_signature": ["headers"],
    "core.sigv4.parse_query_signature": ["query_params"],
    "core.sigv4.request_time_failure": ["signature", "now"],
    "services.cloudwatch._alarms": None,
    "services.cloudwatch._composite_alarms": None,
    "services.cloudwatch._record_history": [
        "alarm_name", "old_state", "new_state", "reason", "alarm_type", "reason_data",
    ],
    "services.eventbridge._dispatch_event": ["event", "view"],
    "services.eventbridge._put_events": ["data", "allow_aws_source"],
    "services.iam._roles": None,
    "services.lambda_svc.execution_credentials": ["config"],
    "services.lambda_svc.os": None,
    "services.s3._fire_s3_event_async": [
        "bucket_name", "key", "event_name", "size", "etag", "deletion_type", "version_id", "object_extra",
        "record_extra",
    ],
    "services.s3._s3_event_to_eventbridge": ["event_name"],
    "services.stepfunctions._ExecutionError": ["error", "cause"],
    "services.stepfunctions._call_lambda": ["func_ref", "event"],
    "services.stepfunctions._execute_task": ["state_def", "raw_input", "execution", "ctx"],
    "services.stepfunctions._executions": None,
    "services.stepfunctions._fail_execution": ["execution", "error", "cause"],
    "services.stepfunctions._state_machines": None,
    "services.sts.register_session": ["access_key", "session"],
    "services.tagging._RESOURCE_TAG_COLLECTORS": None,
    "services.cloudformation.custom_resource._pending": None,
    "services.cloudformation.custom_resource.register_token": ["token"],
    "services.cloudformation.custom_resource.invoke_custom_resource": [
        "request_type", "logical_id", "props", "stack_name", "stack_id", "resource_type", "physical_id", "old_props",
    ],
    "services.cloudformation._exports": None,
    "services.cloudformation._stack_events": None,
    "services.cloudformation._stacks": None,
    "services.cloudformation.changesets._deploy_stack_async": [
        "stack_name", "stack_id", "template", "param_values", "disable_rollback", "tags", "is_update", "previous_stack",
        "retain_except_on_create", "imports",
    ],
    **{
        f"services.cloudformation.{module}._evaluate_conditions": ["template", "params"]
        for module in ("changesets", "engine", "handlers", "stacks")
    },
    "services.cloudformation.handlers._ACTION_HANDLERS": None,
    "services.cloudformation.handlers._delete_stack_async": [
        "stack_name", "stack_id", "retain_resources", "force",
    ],
    "services.cloudformation.handlers._deploy_stack_async": [
        "stack_name", "stack_id", "template", "param_values", "disable_rollback", "tags", "is_update", "previous_stack",
        "retain_except_on_create", "imports",
    ],
    "services.cloudformation.handlers._imported_export_names": ["stack", "stack_name"],
    "services.cloudformation.handlers._p": ["params", "key", "default"],
    "services.cloudformation.handlers._resolve_stack": ["stack_name"],
    "services.cloudformation.helpers._resolve_template": ["params"],
    "services.cloudformation.provisioners._RESOURCE_HANDLERS": None,
    "services.cloudformation.provisioners._STACK_TAG_PROPERTY": None,
    "services.cloudformation.provisioners._check_nested_stack_capabilities": ["parent_stack_name", "template"],
    "services.cloudformation.stacks._add_event": [
        "stack_id", "stack_name", "logical_id", "resource_type", "status", "reason", "physical_id", "detailed_status",
    ],
    "services.cloudformation.stacks._delete_resource": [
        "resource_type", "physical_id", "props", "stack_name", "logical_id",
    ],
    "services.cloudformation.stacks._delete_stack_async": ["stack_name", "stack_id", "retain_resources", "force"],
    "services.cloudformation.stacks._deploy_stack_async": [
        "stack_name", "stack_id", "template", "param_values", "disable_rollback", "tags", "is_update", "previous_stack",
        "retain_except_on_create", "imports",
    ],
    "services.cloudformation.stacks._failed_operation": [
        "is_update", "previous_stack", "created", "failed_update", "failed_logical_id", "replaced_ids", "cancelled",
        "template", "param_values", "retain_except_on_create", "stack_tags", "previous_tags", "imports",
    ],
    "services.cloudformation.stacks._property_recreation": ["resource_type", "name"],
    "services.cloudformation.stacks._provision_keeping_seed": ["args"],
    "services.cloudformation.stacks._resolve_stack_outputs": [
        "outputs_defs", "conditions", "resources", "param_values", "mappings", "stack_name", "stack_id",
    ],
    "services.cloudformation.stacks._revert_update": [
        "stack_id", "stack_name", "logical_id", "rtype", "physical_id", "applied_props", "previous_props", "attrs",
        "record",
    ],
    **{
        f"services.cloudformation.{module}._roll_back_operation": [
            "stack_name", "stack_id", "stack", "operation", "reason_override",
        ]
        for module in ("handlers", "stacks")
    },
    "services.cloudformation.engine._parse_template": ["template_body"],
    "services.cloudformation.engine._resolve_parameters": ["template", "provided_params", "previous_params"],
    "services.cloudformation.engine._extract_deps": ["resource_def", "all_resource_names"],
    "services.cloudformation.engine._topological_sort": ["resources", "conditions"],
    "services.cloudformation.stacks._topological_sort": ["resources", "conditions"],
    "services.cloudformation.stacks._runs_on_worker_thread": ["resource_type"],
    "services.cloudformation.wait_conditions._changed": None,
    "services.cloudformation.wait_conditions._handles": None,
    "services.cloudformation.wait_conditions._waiting": None,
    "services.cloudformation.wait_conditions.wait_for": [
        "token", "stack_id", "stack_name", "logical_id", "resource_type", "count", "timeout_s",
    ],
}  # fmt: skip
"""Each name with the parameters we rely on, `None` for what is no function of ours to call or replace."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_name_is_where_we_use_it(name: str) -> None:
    path, _, attribute = name.rpartition(".")
    module = importlib.import_module(f"ministack.{path}")
    assert hasattr(module, attribute), f"MiniStack {version('ministack')} has no {name}: adapt ministack.py"
    expected = PARAMETERS[name]
    if expected is not None:
        found = list(inspect.signature(getattr(module, attribute)).parameters)
        assert found == expected, f"{name} of MiniStack {version('ministack')} takes {found}: adapt ministack.py"


def used_by(module: str) -> set[str]:
    tree = ast.parse(inspect.getsource(importlib.import_module(f"constructs_lib.rehearsal.cloud.{module}")))
    modules = {
        alias.name: f"{node.module}.{alias.name}".removeprefix("ministack.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack")
        for alias in node.names
    }
    return {
        f"{modules[node.value.id]}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }


def test_every_inner_name_is_watched() -> None:
    ours = (
        "bus", "conditions", "decisions", "door", "exports", "functions", "machines", "ministack", "nested", "node",
        "waits",
    )  # fmt: skip
    assert set().union(*(used_by(f"ministack.{module}") for module in ours)) == set(PARAMETERS)
