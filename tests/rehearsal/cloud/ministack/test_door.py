"""What the door does that cannot be seen from outside, or not without waiting."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from ministack import app
from ministack.services import sts

from constructs_lib.rehearsal.cloud.connection import Credentials
from constructs_lib.rehearsal.cloud.ministack import door
from constructs_lib.rehearsal.cloud.ministack.ministack import open_session

from ..wire import BUCKETS, FUNCTIONS, IDENTITY, JOBS, Reply, Request

PORT = 4443
ROLE = "arn:aws:iam::123456789012:role/Visitor"


def answered(request: Request, credentials: Credentials) -> Reply | None:
    """What the door says; None: it lets the request in."""
    where: Any = SimpleNamespace(endpoint_url=f"https://localhost:{PORT}", region="us-east-1")
    headers = {"Host": f"localhost:{PORT}", **request.signed(where, credentials)}
    scope = {
        "type": "http", "method": request.method, "path": request.path, "raw_path": request.path.encode(),
        "query_string": b"", "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    sent: list[Any] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        sent.append((await receive())["body"])

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(door.Door(inside, PORT)(scope, receive, send))
    if sent == [request.body]:
        return None
    start, end = sent
    return Reply(start["status"], end["body"].decode(), start["headers"])


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (IDENTITY, 403, "ExpiredToken"),
        (JOBS, 400, "ExpiredTokenException"),
        (BUCKETS, 400, "ExpiredToken"),
        (FUNCTIONS, 403, "ExpiredTokenException"),
    ],
)
def test_a_session_ends_when_it_was_told_to(request_: Request, status: int, code: str) -> None:
    given = open_session(ROLE, "visitor")
    assert answered(request_, given) is None
    sts._sessions[given.access_key]["Expiration"] = time.time() - 1
    refused = answered(request_, given)
    assert refused is not None
    assert (refused.status, refused.code) == (status, code)


def test_the_credentials_of_the_run_do_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")  # what is installed here goes at the end of the test
    monkeypatch.setattr(app, "pin_signed_request", None)
    root = Credentials(access_key="AKIAOFTHISTEST000000", secret_key="of this test")
    assert answered(IDENTITY, root) is not None
    door.install("123456789012", root)
    assert "Expiration" not in sts._sessions[root.access_key]
    assert answered(IDENTITY, root) is None


def test_no_socket_is_opened() -> None:
    sent = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        pytest.fail("it came in")

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(door.Door(inside, PORT)({"type": "websocket", "path": "/", "headers": []}, receive, send))
    assert sent == ["websocket.close"]


def test_the_answer_of_a_custom_resource_says_nothing_else() -> None:
    came = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        came.append((scope["query_string"], dict(scope["headers"]), (await receive())["body"]))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        pytest.fail("it was refused")

    plain = {b"host": f"localhost:{PORT}".encode(), b"content-type": b"", b"content-length": b"2"}
    more = {b"authorization": b"AWS4-HMAC-SHA256 Credential=123456789012/1/2/3/4", b"x-amz-target": b"SageMaker.Any"}
    scope = {
        "type": "http", "method": "PUT", "path": f"{door.RESPONSES[0]}any", "raw_path": b"",
        "query_string": b"Action=Any", "headers": list({**plain, **more}.items()),
    }  # fmt: skip
    asyncio.run(door.Door(inside, PORT)(scope, receive, send))
    assert came == [(b"", plain, b"{}")]
