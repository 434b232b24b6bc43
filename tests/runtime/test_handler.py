"""Every event gets one answer: also a broken one, and also when the function itself is broken."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from constructs_lib.runtime import handler
from constructs_lib.runtime.answer import NO_JOB
from constructs_lib.runtime.clients import Aws, connect
from constructs_lib.runtime.contract import STACK_VARIABLE
from constructs_lib.runtime.event import parse
from constructs_lib.runtime.handler import KINDS
from constructs_lib.runtime.retry import Clock

from .world import STATE_MACHINE, World, properties, watching

if TYPE_CHECKING:
    from constructs_lib.runtime.event import RawEvent


@pytest.mark.parametrize("request_type", ["Read", "", "create"])
def test_unknown_request_type_is_refused(world: World, request_type: str) -> None:
    answer = world.send(world.event(request_type, PhysicalResourceId="job", ResourceProperties=properties()))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == f"the request type must be Create, Update or Delete, got {request_type!r}"


@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_unknown_resource_type_is_refused(world: World, request_type: str) -> None:
    event = world.event(
        request_type,
        ResourceType="Custom::Teapot",
        PhysicalResourceId="job",
        ResourceProperties=properties(),
        OldResourceProperties=properties(),
    )

    answer = world.send(event)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == f"the resource type must be {' or '.join(KINDS)}, got 'Custom::Teapot'"
    assert not world.sagemaker.calls


@pytest.mark.parametrize(
    ("request_type", "missing"),
    [
        ("Create", "ResourceType"),
        ("Create", "StackId"),
        ("Create", "RequestId"),
        ("Create", "LogicalResourceId"),
        ("Create", "ResourceProperties"),
        ("Update", "PhysicalResourceId"),
        ("Update", "OldResourceProperties"),
        ("Delete", "PhysicalResourceId"),
    ],
)
def test_event_that_lacks_something_is_refused_by_its_name(world: World, request_type: str, missing: str) -> None:
    event = cast("dict[str, Any]", world.event(request_type, ResourceProperties=properties()))
    event |= {"PhysicalResourceId": "job", "OldResourceProperties": properties()}
    del event[missing]

    answer = world.send(cast("RawEvent", event))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == f"the {request_type} request lacks {missing}"
    assert answer["PhysicalResourceId"] == ("job" if "PhysicalResourceId" in event else NO_JOB)
    assert not world.sagemaker.calls


def test_missing_resource_property_is_refused_by_its_name(world: World) -> None:
    answer = world.create({"ServiceToken": "arn"})

    assert answer["Reason"] == "the resource properties lack Operation, Request"


@pytest.mark.parametrize("url", [None, "", 5, "file:///etc/passwd"])
def test_event_without_an_address_cannot_be_answered(world: World, url: object) -> None:
    event = world.event("Create") | {"ResponseURL": url}

    with pytest.raises(ValueError, match="the event has no ResponseURL to answer to"):
        handler.serve(cast("RawEvent", event), lambda: world.aws, Clock(world.time.remaining_ms))


SIGNED = "?X-Amz-Signature=x"


@pytest.mark.parametrize(
    "url",
    [
        "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/arn",
        "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/arn",
        "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/arn",
    ],
)
def test_address_in_cloudformations_buckets_is_answered(url: str) -> None:
    assert parse({"ResponseURL": url + SIGNED}).response_url == url + SIGNED


@pytest.mark.parametrize(
    "url",
    [
        "http://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/arn",
        "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com.example.org/arn",
        "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com:8443/arn",
        "https://example.org/cloudformation-custom-resource-response-useast1.s3.amazonaws.com",
        "https://someone@example.org/arn",
        "https://bucket.s3.amazonaws.com/arn",
        "https://[::1/arn",
        "http://169.254.169.254/latest/",
        "http://localhost:4566/arn",
    ],
)
def test_any_other_address_is_not(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    with pytest.raises(ValueError, match="the event has no ResponseURL to answer to"):
        parse({"ResponseURL": url + SIGNED})


@pytest.mark.parametrize(
    ("url", "is_answered"),
    [
        ("https://localhost:4566/answer", True),
        ("https://127.0.0.1:4566/answer", True),
        ("http://127.0.0.1:4566/answer", False),
        ("https://127.0.0.1:4567/answer", False),
        ("https://10.0.0.1:4566/answer", False),
    ],
)
def test_address_of_the_emulator_that_the_clients_talk_to_is_answered(
    url: str, is_answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:4566")
    if is_answered:
        assert parse({"ResponseURL": url})
    else:
        with pytest.raises(ValueError, match="no ResponseURL"):
            parse({"ResponseURL": url})


def test_another_stack_is_not_served(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STACK_VARIABLE, world.stack_id)
    assert world.create(properties())["Status"] == "SUCCESS"
    theirs = world.stack_id.replace("/Demo/", "/Theirs/")

    answer = world.send(world.event("Create", StackId=theirs, ResourceProperties=properties()))

    assert answer["Reason"] == f"the request is of the stack {theirs}: this function serves its own stack only"
    assert len(world.sagemaker.jobs) == 1


def watched(world: World) -> dict[str, Any]:
    """The state of an execution that follows a job, as the function has begun it."""
    machine = f"{STATE_MACHINE}-{world.stack_id.rpartition('/')[2]}"
    world.create(properties() | {"Watch": watching("Wait") | {"StateMachine": machine}})
    world.status("CREATE_IN_PROGRESS", "Wait")
    [execution] = world.stepfunctions.executions.values()
    return execution.state


def look(world: World, state: dict[str, Any]) -> dict[str, object] | None:
    return handler.serve(cast("RawEvent", state), lambda: world.aws, world.clock())


@pytest.mark.parametrize(
    "forged",
    [
        {"StackId": "arn:theirs/x/1"},
        {"Watch": watching("Wait")},
        {"Watch": "of its own machine, and due at once"},
        {"Watch": "of its own machine, and another condition"},
        {"Started": 0},
        {"JobName": "another"},
        {"LogicalId": "Another"},
        {"Execution": "another"},
        {"Generation": 1},
        {"Generation": "many"},
        {"Watch": {"StateMachine": ""}},
        {"JobName": None},
    ],
    ids=str,
)
def test_state_that_the_function_did_not_begin_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, forged: dict[str, Any]
) -> None:
    """Whoever may call the function could let a deployment go on too soon, and its outcome stop the job."""
    state = watched(world)
    monkeypatch.setenv(STACK_VARIABLE, world.stack_id)
    assert look(world, state)
    calls = len(world.sagemaker.calls)
    own = {"StateMachine": state["Watch"]["StateMachine"]}
    changes = {
        "of its own machine, and due at once": watching("Wait", seconds=0) | own,
        "of its own machine, and another condition": watching("Wait", "Other") | own,
    }
    made_up = state | {name: changes.get(str(value), value) for name, value in forged.items()}

    with pytest.raises(ValueError, match="the state is none that this function has begun: it follows jobs for its own"):
        look(world, {name: value for name, value in made_up.items() if value is not None})
    assert len(world.sagemaker.calls) == calls
    assert not world.cloudformation.signals
    assert look(world, state)


def test_state_of_an_execution_that_has_ended_is_refused(world: World) -> None:
    state = watched(world)
    [execution] = world.stepfunctions.executions.values()
    execution.done = True

    with pytest.raises(ValueError, match="that it has started itself and that run"):
        look(world, state)


def test_state_is_not_believed_where_step_functions_does_not_tell(world: World) -> None:
    state = watched(world)
    world.sagemaker.complete(world.physical_id)
    world.stepfunctions.fail("DescribeExecution", ("ThrottlingException", "Rate exceeded"))

    with pytest.raises(ClientError, match="Rate exceeded"):
        look(world, state)
    assert not world.cloudformation.signals
    assert look(world, state)
    assert world.cloudformation.signals


def test_event_that_looks_like_a_call_of_the_state_machine_is_answered(world: World) -> None:
    event = world.event("Create", ResourceProperties=properties()) | {"Action": "PollAutoMLJob"}

    assert world.send(cast("RawEvent", event))["Status"] == "SUCCESS"


def test_call_of_the_state_machine_is_answered_with_its_next_state(world: World) -> None:
    world.create(properties() | {"Watch": watching("Wait")})
    [execution] = world.stepfunctions.executions.values()
    answers = len(world.sink.received)

    state = handler.serve(cast("RawEvent", execution.state), lambda: world.aws, world.clock())

    assert state == execution.state | {"Looks": 1, "Seen": "InProgress/TrainingModels"}
    assert len(world.sink.received) == answers


def test_fault_of_the_function_itself_is_answered(world: World) -> None:
    world.sagemaker.fail("DescribeAutoMLJobV2", KeyError("surprise"))

    answer = world.create(properties())

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == "unexpected KeyError: 'surprise'"


def test_clients_that_cannot_be_made_are_answered(world: World) -> None:
    def no_region() -> Aws:
        raise RuntimeError("no region")

    handler.serve(
        world.event("Create", ResourceProperties=properties()),
        no_region,
        Clock(world.time.remaining_ms, world.time.now, world.time.sleep),
    )

    assert world.sink.answers()[-1]["Reason"] == "unexpected RuntimeError: no region"


def test_unicode_reason_of_the_service_arrives(world: World) -> None:
    world.sagemaker.fail("CreateAutoMLJob", ("ValidationException", "列 😀 " * 900))

    assert "列 😀" in world.create(properties())["Reason"]


def test_lambda_calls_the_handler_with_its_own_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 900_000

    monkeypatch.setattr(handler, "connect", lambda: world.aws)
    handler.handle(world.event("Create", ResourceProperties=properties()), Context())

    assert world.sink.answers()[-1]["Status"] == "SUCCESS"


def test_clients_are_made_once_and_wait_no_longer_than_the_function_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    connect.cache_clear()

    aws = connect()

    assert connect() is aws
    for client in (aws.sagemaker, aws.cloudformation):
        config = cast("Any", client).meta.config
        assert config.retries["mode"] == "adaptive"
        tries = config.retries["total_max_attempts"]
        assert tries * (config.connect_timeout + config.read_timeout) < 180


@pytest.mark.parametrize("resource_type", KINDS)
def test_every_type_is_served(resource_type: str) -> None:
    """The modules are loaded when they are needed: none may be misspelt until then."""
    service = KINDS[resource_type].service

    assert all(callable(getattr(service, name)) for name in ("create", "update", "delete"))
