"""An answer fits 4096 bytes whatever happens, and arrives or is reported as not arrived."""

import json
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constructs_lib.runtime.answer import BODY_LIMIT, Answer, NotDeliveredError, deliver, encode
from constructs_lib.runtime.contract import Attribute, OutcomeAttribute
from constructs_lib.runtime.event import Event
from constructs_lib.runtime.retry import Clock

from .fake_sagemaker import FakeTime
from .world import SIGNATURE, Sink

EVENT = Event("Create", "arn:stack", "request-1", "Churn", "", "http://x", {}, {})
TRIES = 6
"""So often an answer is sent."""

ATTRIBUTES: dict[str, str] = {Attribute.JOB_NAME: "job", Attribute.JOB_ARN: "arn:job"}


def clock(time: FakeTime) -> Clock:
    return Clock(time.remaining_ms, time.now, time.sleep)


def test_success_has_every_field_and_attribute() -> None:
    assert json.loads(encode(Answer("job", attributes=ATTRIBUTES), EVENT)) == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "job",
        "StackId": "arn:stack",
        "RequestId": "request-1",
        "LogicalResourceId": "Churn",
        "Data": {"JobName": "job", "JobArn": "arn:job"},
    }


def test_failure_has_a_reason_and_its_attributes_are_empty() -> None:
    body = json.loads(encode(Answer("job", reason="no"), EVENT))

    assert body["Status"] == "FAILED"
    assert body["Reason"] == "no"
    assert body["Data"] == {}


def test_long_reason_is_cut_before_the_attributes_go() -> None:
    body = json.loads(encode(Answer("job", reason="x" * 5000, attributes=ATTRIBUTES), EVENT))

    assert body["Reason"] == "x" * 997 + "..."
    assert body["Data"] == ATTRIBUTES


def test_attributes_go_before_more_of_the_reason() -> None:
    answer = Answer("p" * 600, reason="ä" * 1000, attributes={"JobArn": "a" * 2000})

    body = json.loads(encode(answer, EVENT))

    assert body["Reason"] == "ä" * 1000
    assert body["Data"] == {"JobArn": ""}


def test_attributes_go_whole_and_the_last_ones_first() -> None:
    long = {name: str(number) * 900 for number, name in enumerate("abcdef")}

    data = json.loads(encode(Answer("job", attributes=long), EVENT))["Data"]

    assert data == long | {"e": "", "f": ""}


def test_model_goes_last_and_reports_first() -> None:
    order = list(OutcomeAttribute)

    assert order[0] == OutcomeAttribute.MODEL_DATA_URL
    assert order[-4:] == [
        OutcomeAttribute.INFERENCE_IMAGE,
        OutcomeAttribute.MODEL_INSIGHTS_URI,
        OutcomeAttribute.EXPLAINABILITY_URI,
        OutcomeAttribute.BACKTEST_RESULTS_URI,
    ]


def test_reason_in_another_script_is_kept_readable() -> None:
    assert json.loads(encode(Answer("job", reason="列が見つかりません"), EVENT))["Reason"] == "列が見つかりません"


anything = st.text(st.characters(exclude_categories=[]), max_size=1500) | st.sampled_from(
    ["\x00" * 1500, "\ud800" * 1500, "😀" * 1500, '"' * 1500, "\\" * 5000]
)


@settings(deadline=None)
@given(
    reason=anything,
    physical_id=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=256),
    logical_id=st.text("aZ9", min_size=1, max_size=255),
    stack_id=st.text("abc:/-", min_size=1, max_size=300),
    value=anything,
)
def test_every_body_fits_and_keeps_its_ids(
    reason: str, physical_id: str, logical_id: str, stack_id: str, value: str
) -> None:
    event = Event("Update", stack_id, "r" * 36, logical_id, physical_id, "http://x", {}, {})

    encoded = encode(Answer(physical_id, reason=reason, attributes={"JobName": value}), event)

    assert len(encoded) <= BODY_LIMIT
    body = json.loads(encoded)
    ids = (body["PhysicalResourceId"], body["LogicalResourceId"], body["StackId"], body["RequestId"])
    assert ids == (physical_id, logical_id, stack_id, "r" * 36)
    assert bool(body.get("Reason")) == bool(reason)


def test_request_is_the_one_that_the_address_was_signed_for(sink: Sink) -> None:
    body = encode(Answer("job", reason="ß"), EVENT)

    deliver(body, f"{sink.url}?X-Amz-Signature={SIGNATURE}", clock(FakeTime()))

    [(path, headers, received)] = sink.received
    assert path == f"/answer?X-Amz-Signature={SIGNATURE}"
    assert {name.lower(): value for name, value in headers.items()}["content-type"] == ""
    assert {name.lower(): value for name, value in headers.items()}["content-length"] == str(len(body))
    assert received == body


def test_answer_is_repeated_until_it_is_taken(sink: Sink) -> None:
    sink.statuses = [500, 403, 503, 302, 400]
    time = FakeTime()

    deliver(b"{}", sink.url, clock(time))

    assert len(sink.received) == 6
    assert len(time.slept) == 5
    assert all(0.5 * 2**n <= slept <= 2**n for n, slept in enumerate(time.slept))


def test_answer_that_is_never_taken_is_an_error_without_the_address(sink: Sink) -> None:
    sink.statuses = [500, 403, 500, 500, 500, 204 + 100]

    with pytest.raises(NotDeliveredError) as caught:
        deliver(b"{}", f"{sink.url}?X-Amz-Signature={SIGNATURE}", clock(FakeTime()))

    assert str(caught.value) == (
        "CloudFormation did not take the answer (HTTP 500, HTTP 403, HTTP 500, HTTP 500, HTTP 500, HTTP 304)"
    )


def test_retries_end_with_the_functions_time(sink: Sink) -> None:
    sink.statuses = [500] * 6
    time = FakeTime()
    time.start_call(allowed=5)

    with pytest.raises(NotDeliveredError):
        deliver(b"{}", sink.url, clock(time))

    assert time.now() < 5


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://127.0.0.1:1/a b\n", "http://[bad/"])
def test_address_that_nobody_serves_is_an_error(url: str) -> None:
    with pytest.raises(NotDeliveredError):
        deliver(b"{}", f"{url}?X-Amz-Signature={SIGNATURE}", clock(FakeTime()))


@pytest.mark.parametrize("status", [200, 204])
def test_any_success_of_http_ends_the_tries(sink: Sink, status: int) -> None:
    sink.statuses = [status]

    deliver(b"{}", sink.url, clock(FakeTime()))

    assert len(sink.received) == 1


def test_answer_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy sees whereto, not what."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def refuse() -> None:
            while len(asked) < TRIES:
                caller, _ = proxy.accept()
                with caller:
                    asked.append(caller.recv(4096).split(b"\r\n")[0])
                    caller.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        with pytest.raises(NotDeliveredError, match="CloudFormation did not take the answer"):
            deliver(
                b"{}", f"https://bucket.s3.eu-west-1.amazonaws.com/x?X-Amz-Signature={SIGNATURE}", clock(FakeTime())
            )
        thread.join(10)

    assert asked == [b"CONNECT bucket.s3.eu-west-1.amazonaws.com:443 HTTP/1.0"] * TRIES
