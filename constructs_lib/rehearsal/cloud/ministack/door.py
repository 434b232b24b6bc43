"""The door of the embedded AWS: nothing comes in that was not signed with credentials of this run.

MiniStack does not ask the account's root for a signature, believes what a request says of the hash of its body, and
serves calls of its own to anybody. So each request is looked at before it gets there.
"""

import asyncio
import hashlib
import json
import os
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, unquote

import hypercorn.asyncio
import hypercorn.config
from ministack import app
from ministack.core import iam_evaluator, responses, router, sigv4
from ministack.services import sts

from constructs_lib.rehearsal.cloud import signatures
from constructs_lib.rehearsal.cloud.connection import Credentials

# ruff: noqa: SLF001 - there is no other way in

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]

OWN = ("/_ministack", "/_localstack", "/_aws")
"""Where MiniStack's own calls are: to reset it, to configure it, to read what functions and queues hold."""

RESPONSES = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")
"""Where custom resources and wait conditions answer: each at an address that only they were told."""

MOST_UNSIGNED = 1 << 20
"""Bytes that are read of a body before it is known who sends it."""

_LONGEST_ADDRESS = 7 * 24 * 3600
_LATEST = 900
"""Seconds that the clock of whoever makes an address may be fast."""

_MISMATCH = ("SignatureDoesNotMatch", sigv4.SIGNATURE_MISMATCH)
_UNKNOWN = ("UnrecognizedClientException", "The security token included in the request is invalid.")
_UNSUPPORTED = ("UnsupportedSignature", "The request signature does not conform to AWS standards.")
_MISSING = ("MissingAuthenticationToken", "Request is missing Authentication Token")
_EXPIRED = ("RequestExpired", "Request has expired")


class Refused(Exception):  # noqa: N818 - says what happened
    """A request does not come in: by code and message."""


def install(account: str, root: Credentials) -> None:
    """Make the run's own credentials those of the account's root, and let MiniStack believe what came in."""
    app.pin_signed_request = _believe
    # A key of twelve digits, or "test", is MiniStack's own root: nobody has its secret.
    os.environ["AWS_SECRET_ACCESS_KEY"] = secrets.token_hex(20)
    sts.register_session(
        root.access_key,
        {
            "Arn": f"arn:aws:iam::{account}:root",
            "UserId": account,
            "AccountId": account,
            "PrincipalType": "Root",
            "SecretAccessKey": root.secret_key,
            "SessionToken": None,
        },
    )


def _believe(
    method: str, raw_path: str, query_params: dict[str, list[str]], raw_headers: list[tuple[bytes, bytes]]
) -> None:
    """Who signed a request is known by now. MiniStack's own check refuses some that AWS takes."""
    del method, raw_path
    headers = {name.decode("latin-1").lower(): sigv4.decode_header_value(value) for name, value in raw_headers}
    iam_evaluator._signed_request.set(None)
    iam_evaluator._anonymous.set(False)
    iam_evaluator._verified_key.set(router.extract_access_key_id(headers, query_params))


def serve(port: int, certificate: str, key: str) -> None:
    """Listen on the loopback interface until the process is ended."""
    config = hypercorn.config.Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.certfile, config.keyfile = certificate, key
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    door: Any = Door(app.app, port)
    asyncio.run(hypercorn.asyncio.serve(door, config))


@dataclass(frozen=True)
class _Request:
    """A request without its body, as the signature sees it and as MiniStack does."""

    method: str
    path: str
    raw_path: str
    query: str
    parameters: dict[str, list[str]]
    lines: list[tuple[str, str]]
    headers: dict[str, str]

    @classmethod
    def of(cls, scope: Scope) -> "_Request":
        query = scope.get("query_string", b"").decode("latin-1")
        lines = [(name.decode("latin-1").lower(), sigv4.decode_header_value(value)) for name, value in scope["headers"]]
        headers: dict[str, str] = {}
        for name, value in lines:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return cls(
            method=scope["method"],
            path=scope["path"],
            raw_path=scope["raw_path"].decode("latin-1"),
            query=query,
            parameters=parse_qs(query, keep_blank_values=True),
            lines=lines,
            headers=headers,
        )

    def parameter(self, name: str) -> str:
        """A parameter of the query; empty when it is not there."""
        return (self.parameters.get(name) or [""])[0]

    def require_once(self) -> None:
        """What says who calls must be there once, and in one spelling."""
        names = [name for name, _ in self.lines if name in ("authorization", "host", *_TOLD)]
        told = [unquote(pair.partition("=")[0]).lower() for pair in self.query.split("&")]
        names += [name for name in told if name in _TOLD or name in ("awsaccesskeyid", "signature", "expires")]
        if len(names) > len(set(names)):
            raise Refused("IncompleteSignature", "The request says more than once who calls")

    def service(self, body: bytes = b"") -> str:
        """The service that MiniStack takes it to."""
        parameters = app._routing_params(self.method, self.path, self.headers, body, self.parameters)
        return str(router.detect_service(self.method, self.path, self.headers, parameters))


_TOLD = (
    "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-security-token", "x-amz-signature",
    "x-amz-signedheaders", "x-amz-content-sha256",
)  # fmt: skip


class Door:
    """An ASGI application before another one."""

    def __init__(self, inside: Callable[[Scope, Receive, Send], Awaitable[None]], port: int) -> None:
        self._inside = inside
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it in the words of the service that it is for."""
        if scope["type"] == "lifespan":
            await self._inside(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request, body = _Request.of(scope), _Body(receive)
        send = _without_cors(send)
        is_response = request.method == "PUT" and request.path.startswith(RESPONSES)
        try:
            self._require_own_name(request)
            if is_response:
                await body.read(MOST_UNSIGNED)
            else:
                _require_others(request)
                await _require_signature(request, body)
        except Refused as refused:
            await _refuse(request, body, send, *refused.args)
            return
        if is_response:
            scope = {**scope, "query_string": b"", "headers": _plain(scope["headers"])}
        if not body.is_broken:
            await self._inside(scope, body.again, send)

    def _require_own_name(self, request: _Request) -> None:
        """A page that a browser has from elsewhere may come under that name, whatever address the name has by now."""
        name, _, port = request.headers.get("host", "").lower().rpartition(":")
        ours = name in ("localhost", "127.0.0.1") or name.endswith(".localhost")
        if not ours or port != str(self._port):
            raise Refused("AccessDenied", "The rehearsal answers as localhost only")


class _Body:
    """The body of a request, which is read once and then given on."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: list[Scope] = []
        self._complete = False
        self.is_broken = False
        """Whether the client went before it was there."""

    async def read(self, most: int | None = None) -> bytes:
        """All of it.

        Raises:
            Refused: There is more than what may be read.
        """
        size = 0
        while not self._complete:
            message = await self._receive()
            self._messages.append(message)
            size += len(message.get("body", b""))
            self.is_broken = message["type"] != "http.request"
            self._complete = self.is_broken or not message.get("more_body", False)
            if most is not None and size > most:
                raise Refused("AccessDenied", f"The body has more than {most} bytes")
        return b"".join(message.get("body", b"") for message in self._messages)

    async def again(self) -> Scope:
        """The same messages once more, then what comes after them."""
        return self._messages.pop(0) if self._messages else await self._receive()


def _require_others(request: _Request) -> None:
    """Nobody needs MiniStack's own calls, so they are served to nobody."""
    if request.path.startswith(OWN):
        raise Refused("AccessDenied", "What is the emulator's own is closed")


async def _require_signature(request: _Request, body: _Body) -> None:
    request.require_once()
    authorization = request.headers.get("authorization", "")
    if not authorization and request.parameter("AWSAccessKeyId"):
        await _require_old_address(request, body)
        return
    if not authorization and not request.parameter("X-Amz-Algorithm"):
        raise Refused(*_MISSING)
    if authorization and request.parameter("X-Amz-Algorithm"):
        raise Refused("IncompleteSignature", "Only one auth mechanism allowed")
    algorithm = authorization.partition(" ")[0] if authorization else request.parameter("X-Amz-Algorithm")
    if algorithm != "AWS4-HMAC-SHA256":
        raise Refused(*_UNSUPPORTED)
    if authorization:
        parsed = sigv4.parse_header_signature(request.headers)
    else:
        parsed = sigv4.parse_query_signature(request.parameters)
    if not isinstance(parsed, sigv4.HeaderSignature):
        raise Refused(*parsed)
    _require_moment(request, parsed, is_address=not authorization)
    token = request.headers.get("x-amz-security-token", "") if authorization else request.parameter(_TOKEN)
    secret = _secret(request, parsed.access_key_id, token)
    signed, covered = _signed(request, parsed, is_address=not authorization)
    if not covered:
        signed = replace(signed, payload=hashlib.sha256(await body.read()).hexdigest())
    if not signed.is_signed_by(secret, parsed.signature):
        raise Refused(*_MISMATCH)
    if covered and signed.payload not in signatures.UNSIGNED:
        _require_body(signed, secret, parsed.signature, await body.read())
    if not authorization and signed.service in signatures.OBJECTS:
        await _require_objects(request, body)


_TOKEN = "X-Amz-Security-Token"  # noqa: S105 - the name of a parameter


def _require_moment(request: _Request, parsed: sigv4.HeaderSignature, *, is_address: bool) -> None:
    """Signed now, or good until later."""
    signed_at = sigv4._amz_datetime(parsed.amz_date)
    if signed_at is None:
        raise Refused("IncompleteSignature", f"Date must be in ISO-8601 'basic format'. Got '{parsed.amz_date}'.")
    if parsed.date_stamp != parsed.amz_date[:8]:
        raise Refused("CredentialDateMismatch", "The date of the credential is not that of the request")
    if not is_address or not request.parameter("X-Amz-Expires"):
        if failure := sigv4.request_time_failure(parsed):
            raise Refused(*failure)
        return
    expires = request.parameter("X-Amz-Expires")
    if not (expires.isascii() and expires.isdigit() and 0 < int(expires) <= _LONGEST_ADDRESS):
        raise Refused("IncompleteSignature", f"X-Amz-Expires must be from 1 to {_LONGEST_ADDRESS}")
    age = time.time() - signed_at.timestamp()
    if not -_LATEST <= age <= int(expires):
        raise Refused(*_EXPIRED)


def _secret(request: _Request, access_key: str, token: str) -> str:
    """The secret that belongs to a key and its token."""
    # The key that MiniStack acts for has to be this one.
    if router.extract_access_key_id(request.headers, request.parameters) != access_key:
        raise Refused(*_UNKNOWN)
    # MiniStack's own root, whom it believes without a secret.
    if iam_evaluator.is_root_access_key(access_key):
        raise Refused(*_UNKNOWN)
    try:
        account = iam_evaluator.find_iam_access_key_account(access_key)
    except iam_evaluator.AmbiguousAccessKeyError:
        raise Refused(*_UNKNOWN) from None
    account = account or responses._account_from_sts_session(access_key)
    credential = iam_evaluator.resolve_credential(access_key, account, token)
    if isinstance(credential, iam_evaluator.CredentialResolutionError):
        if credential.code == "InvalidToken" and not token:  # AWS knows no key of a session without its token
            raise Refused(*_UNKNOWN)
        raise Refused(credential.code, credential.message)
    return str(credential.secret_access_key)


def _signed(request: _Request, parsed: sigv4.HeaderSignature, *, is_address: bool) -> tuple[signatures.Signed, bool]:
    """What was signed, and whether it tells the hash of the body."""
    names = parsed.signed_headers.split(";")
    headers = [(name, value) for name, value in request.lines if name in names]
    sent = {name for name, _ in request.lines}
    unsigned = {name for name in sent if name.startswith("x-amz-")} - set(names)
    is_objects = parsed.service in signatures.OBJECTS
    claimed = request.headers.get(_HASH, "") or (request.parameter("X-Amz-Content-Sha256") if is_address else "")
    if is_address and is_objects:
        claimed = claimed or signatures.UNSIGNED[0]
        if claimed == signatures.UNSIGNED[0]:  # which says what would hold without it
            unsigned.discard(_HASH)
    if unsigned or "host" not in names or not set(names) <= sent:
        raise Refused(*_MISMATCH)
    if claimed.startswith("STREAMING-") and claimed not in (*signatures.UNSIGNED, *_CHUNKED):
        raise Refused(*_UNSUPPORTED)
    if not is_objects and (claimed in signatures.UNSIGNED or claimed in _CHUNKED):
        raise Refused(*_MISMATCH)
    pairs = [pair for pair in request.query.split("&") if pair.partition("=")[0].lower() != "x-amz-signature"]
    signed = signatures.Signed(
        method=request.method,
        path=request.raw_path,
        query="&".join(pairs) if is_address else request.query,
        headers=headers,
        payload=claimed,
        time=parsed.amz_date,
        region=parsed.region,
        service=parsed.service,
    )
    return signed, bool(claimed)


_HASH = "x-amz-content-sha256"
_CHUNKED = (signatures.CHUNKS, signatures.CHUNKS_AND_TRAILER)


def _require_body(signed: signatures.Signed, secret: str, signature: str, body: bytes) -> None:
    """The body is the one that was signed."""
    if signed.payload in _CHUNKED:
        is_signed = signed.are_chunks_signed_by(secret, signature, body)
    else:
        is_signed = hashlib.sha256(body).hexdigest() == signed.payload
    if not is_signed:
        raise Refused(*_MISMATCH)


async def _require_objects(request: _Request, body: _Body) -> None:
    """The address of an object is no good for another service, whatever its body says."""
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if request.service(await body.read() if form else b"") != "s3":
        raise Refused("SignatureDoesNotMatch", "Credential should be scoped to correct service. ")


async def _require_old_address(request: _Request, body: _Body) -> None:
    """An address of S3 that was signed in version 2."""
    expires, token = request.parameter("Expires"), request.parameter("x-amz-security-token")
    secret = _secret(request, request.parameter("AWSAccessKeyId"), token)
    # Version 2 signs neither the host nor all parameters.
    name = request.headers["host"].rpartition(":")[0]
    if not set(request.parameters) <= _OLD_ADDRESS or (name.count(".") > 1 and name != "127.0.0.1"):
        raise Refused(*_UNSUPPORTED)
    if not (expires.isascii() and expires.isdigit() and time.time() <= int(expires)):
        raise Refused(*_EXPIRED)
    bucket = app._extract_s3_vhost_bucket(request.headers["host"])
    if not signatures.is_address_signed_by(
        secret,
        token or None,
        request.parameter("Signature"),
        method=request.method,
        resource=f"{f'/{bucket}' if bucket else ''}{request.raw_path}?{request.query}",
        headers=request.lines,
        expires=expires,
    ):
        raise Refused(*_MISMATCH)
    await _require_objects(request, body)


_OLD_ADDRESS = {
    "AWSAccessKeyId", "Expires", "Signature", "x-amz-security-token", *signatures.SIGNED_IN_VERSION_2,
    "list-type", "prefix", "delimiter", "marker", "max-keys", "start-after", "continuation-token", "encoding-type",
    "fetch-owner", "key-marker", "upload-id-marker", "version-id-marker", "part-number-marker",
}  # fmt: skip
"""Parameters of an address of version 2: those of the signature, those that it signs, those that filter a list."""


def _plain(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What the answer of a custom resource needs: nothing that says who sends it, or for whom."""
    return [(name, value) for name, value in headers if name.lower() in (b"host", b"content-type", b"content-length")]


def _without_cors(send: Send) -> Send:
    """MiniStack lets every page of a browser read what is answered."""

    async def without(message: Scope) -> None:
        if message["type"] == "http.response.start":
            headers = [item for item in message["headers"] if not item[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": headers}
        await send(message)

    return without


async def _refuse(request: _Request, body: _Body, send: Send, code: str, message: str) -> None:
    """The error in the words of the service that the request is for."""
    try:
        read = await body.read(MOST_UNSIGNED)  # some clients read no answer before they have sent it
    except Refused:
        read = b""
    if body.is_broken:
        return
    identity, service = str(uuid.uuid4()), request.service(read)
    if code == "AccessDenied":
        status, headers = 403, {"Content-Type": "application/json"}
        answer = json.dumps({"message": message}).encode()
    else:
        error = iam_evaluator.AuthError(code, message)
        status, headers, answer = app._credential_failure(service, "", identity, error, request.headers)
    headers |= {"x-amzn-requestid": identity, "x-amz-request-id": identity}
    await app._send_response(send, status, headers, answer, head=request.method == "HEAD")
