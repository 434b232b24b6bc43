"""Nothing comes in that was not signed with credentials of the run, by whatever user of the machine it is sent."""

import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import socket
import ssl
import urllib.error
import urllib.request
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.session
import pytest

from constructs_lib.rehearsal.cloud.connection import Connection, Credentials, fresh_credentials
from constructs_lib.rehearsal.cloud.launcher import Cloud

from .account import Account
from .wire import BUCKETS, FUNCTIONS, IDENTITY, JOBS, Reply, Request, ask, send

pytestmark = pytest.mark.cloud

KINDS = {"query": IDENTITY, "json": JOBS, "s3": BUCKETS, "rest": FUNCTIONS}
Errors = Mapping[str, tuple[int, str]]

MISSING: Errors = {
    "query": (403, "MissingAuthenticationToken"),
    "json": (400, "MissingAuthenticationTokenException"),
    "s3": (403, "AccessDenied"),
    "rest": (403, "MissingAuthenticationTokenException"),
}
UNKNOWN: Errors = {
    "query": (403, "InvalidClientTokenId"),
    "json": (400, "UnrecognizedClientException"),
    "s3": (403, "InvalidAccessKeyId"),
    "rest": (403, "UnrecognizedClientException"),
}
MISMATCH: Errors = {
    "query": (403, "SignatureDoesNotMatch"),
    "json": (400, "InvalidSignatureException"),
    "s3": (403, "SignatureDoesNotMatch"),
    "rest": (403, "InvalidSignatureException"),
}
SKEWED: Errors = {**MISMATCH, "s3": (403, "RequestTimeTooSkewed")}
UNSUPPORTED: Errors = {
    "query": (400, "IncompleteSignature"),
    "json": (400, "IncompleteSignatureException"),
    "s3": (400, "InvalidRequest"),
    "rest": (403, "IncompleteSignatureException"),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud.start(tmp_path_factory.mktemp("other")) as running:
        yield running


def refused(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.code


# Who calls


def test_the_run_itself_is_let_in(cloud: Cloud, kind: str) -> None:
    reply = ask(cloud, KINDS[kind], KINDS[kind].signed(cloud))
    assert (reply.status, reply.code) == (200, "")


def test_nobody_is_not_let_in(cloud: Cloud, kind: str) -> None:
    assert refused(ask(cloud, KINDS[kind], KINDS[kind].headers or {})) == MISSING[kind]


def test_credentials_are_another_ones_in_each_run(cloud: Cloud, other: Cloud) -> None:
    ours, theirs = (
        {name: each.environment()[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        for each in (cloud, other)
    )
    assert set(ours.values()).isdisjoint(theirs.values())
    assert len(ours["AWS_SECRET_ACCESS_KEY"]) == 40


@pytest.mark.parametrize(
    "guess",
    [
        pytest.param(("123456789012", "test"), id="the account, as MiniStack's own root is known"),
        pytest.param(("test", "test"), id="the emulator's word"),
        pytest.param(("", ""), id="nothing"),
        pytest.param(None, id="those of another run"),
    ],
)
def test_other_credentials_are_unknown(cloud: Cloud, other: Cloud, kind: str, guess: tuple[str, str] | None) -> None:
    credentials = Credentials(access_key=guess[0], secret_key=guess[1]) if guess else other._connection.root
    headers = KINDS[kind].signed(cloud, credentials)
    assert refused(ask(cloud, KINDS[kind], headers)) == UNKNOWN[kind]


def test_the_key_alone_is_not_enough(cloud: Cloud, kind: str) -> None:
    guessed = dataclasses.replace(cloud._connection.root, secret_key="test")
    assert refused(ask(cloud, KINDS[kind], KINDS[kind].signed(cloud, guessed))) == MISMATCH[kind]


def test_a_token_that_the_run_does_not_have_is_refused(cloud: Cloud) -> None:
    with_token = dataclasses.replace(cloud._connection.root, token="one")
    assert refused(ask(cloud, IDENTITY, IDENTITY.signed(cloud, with_token))) == (403, "InvalidClientTokenId")


# What was signed


def signed_then(request: Request, cloud: Cloud, **changes: Any) -> Reply:
    headers = {**request.signed(cloud), **changes.pop("headers", {})}
    return ask(cloud, dataclasses.replace(request, **changes), headers)


@pytest.mark.parametrize(
    ("request_", "changes"),
    [
        pytest.param(IDENTITY, {"body": b"Action=ListRoles&Version=2010-05-08"}, id="body, form"),
        pytest.param(JOBS, {"body": b'{"MaxResults": 1}'}, id="body, json"),
        pytest.param(IDENTITY, {"method": "GET"}, id="method"),
        pytest.param(JOBS, {"path": "/other"}, id="path"),
        pytest.param(JOBS, {"path": "/?a=b"}, id="query"),
        pytest.param(JOBS, {"headers": {"X-Amz-Target": "SageMaker.ListModels"}}, id="header"),
        pytest.param(JOBS, {"headers": {"X-Amz-Anything": "more"}}, id="one more header of AWS"),
        pytest.param(JOBS, {"headers": {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}}, id="a body of no matter"),
        pytest.param(JOBS, {"headers": {"X-Amz-Date": "20260101T000000Z"}}, id="time"),
    ],
)
def test_what_was_changed_since_is_refused(cloud: Cloud, request_: Request, changes: dict[str, Any]) -> None:
    reply = signed_then(request_, cloud, **changes)
    assert reply.code in ("SignatureDoesNotMatch", "InvalidSignatureException")
    assert reply.status in (400, 403)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"path": "/data/train/b.csv"}, id="key"),
        pytest.param({"path": "/data/train/a.csv?versionId=1"}, id="query"),
        pytest.param({"headers": {"x-amz-acl": "public-read"}}, id="one more header of AWS"),
        pytest.param({"headers": {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}}, id="a body of no matter"),
        pytest.param({"body": b"other"}, id="body"),
    ],
)
def test_what_was_changed_of_an_object_is_refused(cloud: Cloud, account: Account, changes: dict[str, Any]) -> None:
    put = Request("s3", "PUT", "/data/train/a.csv", b"mine!")
    assert refused(signed_then(put, cloud, **changes)) == (403, "SignatureDoesNotMatch")
    assert account.s3.get_object(Bucket="data", Key="train/a.csv")["Body"].read() != b"other"


def test_a_hash_of_another_body_is_refused_although_it_is_signed(cloud: Cloud) -> None:
    hashed = {"X-Amz-Content-SHA256": hashlib.sha256(b"another").hexdigest()}
    request = dataclasses.replace(JOBS, headers={**(JOBS.headers or {}), **hashed})
    assert refused(ask(cloud, request, request.signed(cloud))) == MISMATCH["json"]


def test_a_service_other_than_s3_wants_its_body_signed(cloud: Cloud) -> None:
    unsigned = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    request = dataclasses.replace(JOBS, headers={**(JOBS.headers or {}), **unsigned})
    assert refused(ask(cloud, request, request.signed(cloud))) == MISMATCH["json"]


@pytest.mark.parametrize("hours", [-1, 1])
def test_another_time_is_refused(cloud: Cloud, kind: str, hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    then = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: then)
    assert refused(ask(cloud, KINDS[kind], KINDS[kind].signed(cloud))) == SKEWED[kind]


def test_a_clock_that_is_a_little_wrong_is_not(cloud: Cloud, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    then = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=4)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: then)
    assert ask(cloud, KINDS[kind], KINDS[kind].signed(cloud)).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-ECDSA-P256-SHA256 {rest}",
        "AWS {key}:c2lnbmF0dXJl",
        "Bearer abc",
        "Basic dGVzdDp0ZXN0",
        "aws4-hmac-sha256 {rest}",
    ],
)
def test_other_kinds_of_signatures_are_refused(cloud: Cloud, kind: str, authorization: str) -> None:
    headers = KINDS[kind].signed(cloud)
    rest = headers["Authorization"].partition(" ")[2]
    headers["Authorization"] = authorization.format(rest=rest, key=cloud._connection.root.access_key)
    assert refused(ask(cloud, KINDS[kind], headers)) == UNSUPPORTED[kind]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ("Credential={key}/{day}/us-east-1/sagemaker/aws4_request", "IncompleteSignatureException"),
        (
            "Credential={key}/{day}/us-east-1/sagemaker/aws4_request, SignedHeaders=, Signature=0",
            "IncompleteSignatureException",
        ),
        (
            "Credential={key}/{day}/us-east-1/sagemaker/aws4_request, SignedHeaders=x-amz-date, Signature=0",
            "InvalidSignatureException",
        ),
        (
            "Credential={key}/20200101/us-east-1/sagemaker/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
            "InvalidSignatureException",
        ),
        ("", "IncompleteSignatureException"),
    ],
)
def test_half_a_signature_is_refused(cloud: Cloud, parts: str, code: str) -> None:
    headers = JOBS.signed(cloud)
    named = parts.format(key=cloud._connection.root.access_key, day=headers["X-Amz-Date"][:8])
    headers["Authorization"] = f"AWS4-HMAC-SHA256 {named}"
    assert ask(cloud, JOBS, headers).code == code


def test_the_day_is_said_twice_and_is_one(cloud: Cloud, kind: str) -> None:
    headers = KINDS[kind].signed(cloud)
    headers["Authorization"] = headers["Authorization"].replace(f"/{headers['X-Amz-Date'][:8]}/", "/20200101/")
    malformed = {**MISMATCH, "s3": (400, "AuthorizationHeaderMalformed")}
    assert refused(ask(cloud, KINDS[kind], headers)) == malformed[kind]


def test_a_request_says_once_who_calls(cloud: Cloud) -> None:
    headers = JOBS.signed(cloud)
    twice = {**headers, "authorization": headers["Authorization"]}
    assert ask(cloud, JOBS, twice).code == "IncompleteSignatureException"
    both = f"/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={cloud.account}/1/2/3/4&X-Amz-Signature=0"
    request = dataclasses.replace(JOBS, path=both)
    assert ask(cloud, request, request.signed(cloud)).code == "IncompleteSignatureException"
    spelled = f"/?x-amz-credential={cloud.account}%2F1%2F2%2F3%2F4"
    request = dataclasses.replace(JOBS, path=spelled)
    assert ask(cloud, request, request.signed(cloud)).status == 200  # the header is what counts


# Sessions


@pytest.fixture(scope="module")
def session(account: Account) -> dict[str, str]:
    """Temporary credentials of a role that may do nothing."""
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account.cloud.account}:root"}}
    role = account.role("Visitor", trust={**trust, "Action": "sts:AssumeRole"})
    given = account.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="visitor")["Credentials"]
    return {name: str(value) for name, value in given.items()}


def of_session(session: Mapping[str, str], **changes: Any) -> Credentials:
    given = Credentials(
        access_key=session["AccessKeyId"], secret_key=session["SecretAccessKey"], token=session["SessionToken"]
    )
    return dataclasses.replace(given, **changes)


def test_a_session_is_let_in_with_its_token_alone(cloud: Cloud, kind: str, session: dict[str, str]) -> None:
    def answer(**changes: Any) -> tuple[int, str]:
        return refused(ask(cloud, KINDS[kind], KINDS[kind].signed(cloud, of_session(session, **changes))))

    denied = {"query": (200, ""), "json": (400, "AccessDeniedException"), "s3": (403, "AccessDenied")}
    assert answer() == denied.get(kind, (403, "AccessDeniedException"))
    assert answer(token=None) == UNKNOWN[kind]
    assert answer(token="x") == {**UNKNOWN, "s3": (400, "InvalidToken")}[kind]
    assert answer(secret_key="x") == MISMATCH[kind]


def test_a_token_that_is_not_signed_is_refused(cloud: Cloud, session: dict[str, str]) -> None:
    headers = JOBS.signed(cloud, of_session(session, token=None))
    reply = ask(cloud, JOBS, {**headers, "X-Amz-Security-Token": session["SessionToken"]})
    assert refused(reply) == MISMATCH["json"]


def test_a_session_cannot_name_another_key_first(cloud: Cloud, kind: str, session: dict[str, str]) -> None:
    headers = KINDS[kind].signed(cloud, of_session(session))
    first = f"Credential={cloud._connection.root.access_key}/20260101/us-east-1/{KINDS[kind].service}/aws4_request"
    headers["Authorization"] = headers["Authorization"].replace("Credential=", f"{first}, Credential=")
    assert refused(ask(cloud, KINDS[kind], headers)) == UNKNOWN[kind]


@pytest.mark.parametrize("key", ["test", "123456789012"])
def test_a_form_is_not_signed_with_the_words_of_the_emulator(cloud: Cloud, account: Account, key: str) -> None:
    """Sent by somebody who may write elsewhere, it would be taken as the account's root's."""
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{cloud.account}:root"}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::data"}
    role = account.role(account.fresh("Writer"), trust=trust, statements=[allowed])
    session = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="visitor")["Credentials"]
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    policy = b64encode(
        json.dumps({"expiration": until, "conditions": [{"bucket": "data"}, ["starts-with", "$key", ""]]}).encode()
    )
    fields = {
        "key": f"of-{key}", "AWSAccessKeyId": key, "policy": policy.decode(),
        "signature": b64encode(hmac.digest(b"test", policy, "sha1")).decode(),
    }  # fmt: skip
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    file = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nmine\r\n--b--\r\n'
    form = Request(
        "s3", "POST", "/data", "".join((*parts, file)).encode(), {"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert ask(cloud, form, form.headers or {}).status == 403
    assert ask(cloud, form, form.signed(cloud, of_session(session))).status == 403
    assert "Contents" not in account.s3.list_objects_v2(Bucket="data", Prefix="of-")


def test_sessions_of_one_role_have_nothing_in_common(account: Account, session: dict[str, str]) -> None:
    role = f"arn:aws:iam::{account.cloud.account}:role/Visitor"
    second = account.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="visitor")["Credentials"]
    assert session.keys() == second.keys()
    assert all(session[name] != second[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))


# Addresses


def s3_of(cloud: Cloud, version: str | None, style: str = "path", credentials: Credentials | None = None) -> Any:
    used = credentials or cloud._connection.root
    return botocore.session.Session().create_client(
        "s3", region_name=cloud.region, endpoint_url=cloud.endpoint_url, verify=str(cloud.certificate),
        aws_access_key_id=used.access_key, aws_secret_access_key=used.secret_key, aws_session_token=used.token,
        config=botocore.config.Config(proxies={}, signature_version=version, s3={"addressing_style": style}),
    )  # fmt: skip


def fetch(
    cloud: Cloud, url: str, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Reply:
    parts = urlsplit(url)
    return send(cloud, method, f"{parts.path}?{parts.query}", body, {"Host": parts.netloc, **(headers or {})})


@pytest.fixture(params=["s3v4", None], ids=["version 4", "as boto3 does unless told otherwise"])
def s3(cloud: Cloud, account: Account, request: pytest.FixtureRequest) -> Any:
    return s3_of(cloud, request.param)


KEY = "a folder/ü+b&c=d (1)//x.csv"


def test_an_address_is_good_for_what_it_is_for(cloud: Cloud, s3: Any) -> None:
    target = {"Bucket": "data", "Key": KEY}
    put = s3.generate_presigned_url("put_object", target)
    assert fetch(cloud, put, "PUT", b"from outside").status == 200
    get = s3.generate_presigned_url("get_object", target)
    assert fetch(cloud, get).text == "from outside"
    typed = s3.generate_presigned_url("get_object", {**target, "ResponseContentType": "text/x; a=b"})
    assert fetch(cloud, typed).code in ("", "InvalidRequest")  # MiniStack takes no such parameters in version 2
    for changed in (get.replace("x.csv", "y.csv"), typed.replace("text%2Fx", "text%2Fy"), f"{get}&versionId=1"):
        assert refused(fetch(cloud, changed)) == (403, "SignatureDoesNotMatch")
    assert refused(fetch(cloud, get, "PUT", b"no")) == (403, "SignatureDoesNotMatch")
    assert refused(fetch(cloud, put, "PUT", b"no", {"x-amz-copy-source": "/data/train/a.csv"}))[0] == 403
    assert refused(fetch(cloud, f"{put}&x-amz-copy-source=/data/train/a.csv", "PUT"))[0] in (400, 403)


@pytest.mark.parametrize("version", ["s3v4", None])
def test_an_address_of_a_session_has_its_token(cloud: Cloud, account: Account, version: str | None) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{cloud.account}:root"}, "Action": "sts:AssumeRole"}
    role = account.role(account.fresh("Reader"), ["s3:GetObject"], trust=trust)
    given = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="visitor")["Credentials"]
    s3 = s3_of(cloud, version, credentials=of_session(given))
    url = s3.generate_presigned_url("get_object", {"Bucket": "data", "Key": "train/a.csv"})
    assert fetch(cloud, url).status == 200
    assert fetch(cloud, url.replace(given["SessionToken"], "x")).status in (400, 403)
    write = s3.generate_presigned_url("put_object", {"Bucket": "data", "Key": "train/a.csv"})
    assert refused(fetch(cloud, write, "PUT", b"no")) == (403, "AccessDenied")


@pytest.mark.parametrize("version", ["s3v4", None])
def test_an_address_names_its_bucket_in_the_host_too(cloud: Cloud, account: Account, version: str | None) -> None:
    url = s3_of(cloud, version, "virtual").generate_presigned_url(
        "get_object", {"Bucket": "data", "Key": "train/a.csv"}
    )
    assert urlsplit(url).netloc.startswith("data.localhost:")
    assert fetch(cloud, url).text.startswith("x,y,slow")
    assert fetch(cloud, url.replace("data.localhost", "other.localhost")).status == 403


def test_an_address_ends(cloud: Cloud, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=2)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: before)
    monkeypatch.setattr(botocore.auth.time, "time", before.timestamp)
    target = {"Bucket": "data", "Key": "train/a.csv"}
    over = s3.generate_presigned_url("get_object", target, ExpiresIn=60)
    good = s3.generate_presigned_url("get_object", target, ExpiresIn=600)
    monkeypatch.undo()
    assert refused(fetch(cloud, over)) == (403, "AccessDenied")
    assert fetch(cloud, good).status == 200


def test_an_address_of_a_bucket_is_no_good_for_another_service(cloud: Cloud, s3: Any) -> None:
    url = s3.generate_presigned_url("list_buckets", HttpMethod="POST")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = fetch(cloud, url, "POST", b"Action=ListRoles&Version=2010-05-08", form)
    assert refused(reply) == (403, "SignatureDoesNotMatch")
    listed = s3.generate_presigned_url("list_buckets")
    assert fetch(cloud, listed).status == 200
    assert refused(fetch(cloud, listed, headers={"X-Amz-Target": "SageMaker.ListAutoMLJobs"}))[0] in (400, 403)


def test_an_address_of_another_service_is_good_as_well(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=2)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: before)
    over, url = (
        cloud.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET", ExpiresIn=seconds)
        for seconds in (60, 600)
    )
    monkeypatch.undo()
    assert cloud.account in fetch(cloud, url).text
    assert refused(fetch(cloud, url.replace("GetCallerIdentity", "GetSessionToken"))) == MISMATCH["query"]
    assert refused(fetch(cloud, over)) == MISMATCH["query"]
    assert "Request has expired" in fetch(cloud, over).text


def test_who_signed_an_address_may_do_no_more_with_it(cloud: Cloud, account: Account) -> None:
    """A call that needs `iam:PassRole`, signed in its address by somebody who has not got it."""
    user = account.fresh("user")
    account.iam.create_user(UserName=user)
    allowed = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    account.iam.put_user_policy(UserName=user, PolicyName="inline", PolicyDocument=document)
    key = account.iam.create_access_key(UserName=user)["AccessKey"]
    body = json.dumps(account.request()).encode()

    class Signer(botocore.auth.SigV4QueryAuth):  # type: ignore[misc]  # botocore has no types
        def payload(self, request: Any) -> str:
            return hashlib.sha256(body).hexdigest()

    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.CreateAutoMLJob"}
    request = botocore.awsrequest.AWSRequest("POST", f"{cloud.endpoint_url}/", headers)
    given = botocore.credentials.Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    Signer(given, "sagemaker", cloud.region).add_auth(request)
    reply = fetch(cloud, request.url, "POST", body, headers)
    assert refused(reply) == (400, "AccessDeniedException")
    assert "is not authorized to perform: iam:PassRole" in reply.text


# Bodies


def in_chunks(cloud: Cloud, *chunks: bytes, trailer: bool) -> tuple[Request, dict[str, str]]:
    """An upload whose chunks are signed one by one, as SDKs of other languages send it."""
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    told = {"x-amz-content-sha256": kind, "x-amz-decoded-content-length": str(sum(map(len, chunks)))}
    told |= {"x-amz-trailer": "x-amz-checksum-crc32"} if trailer else {}
    request = Request("s3", "PUT", "/data/chunks", headers={"Content-Encoding": "aws-chunked", **told})
    root = cloud._connection.root
    made = botocore.awsrequest.AWSRequest("PUT", f"{cloud.endpoint_url}/data/chunks", dict(request.headers or {}))
    signer = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(root.access_key, root.secret_key), "s3", cloud.region
    )
    signer._normalize_url_path = lambda path: path
    signer.add_auth(made)
    headers = dict(made.headers.items())
    time, previous = headers["X-Amz-Date"], headers["Authorization"].rpartition("=")[2]
    key = f"AWS4{root.secret_key}".encode()
    for part in (time[:8], cloud.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    scope = f"{time[:8]}/{cloud.region}/s3/aws4_request"

    def following(name: str, previous: str, *hashed: bytes) -> str:
        hashes = [hashlib.sha256(part).hexdigest() for part in hashed]
        text = "\n".join((f"AWS4-HMAC-SHA256-{name}", time, scope, previous, *hashes))
        return hmac.new(key, text.encode(), "sha256").hexdigest()

    body = b""
    for chunk in (*chunks, b""):
        previous = following("PAYLOAD", previous, b"", chunk)
        body += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
    if trailer:
        checksum = b"x-amz-checksum-crc32:" + b64encode(zlib.crc32(b"".join(chunks)).to_bytes(4, "big"))
        body += checksum + b"\r\nx-amz-trailer-signature:"
        body += following("TRAILER", previous, checksum + b"\n").encode() + b"\r\n"
    return dataclasses.replace(request, body=body + b"\r\n"), headers


@pytest.mark.parametrize("trailer", [False, True])
def test_chunks_are_checked_one_by_one(cloud: Cloud, account: Account, *, trailer: bool) -> None:
    request, headers = in_chunks(cloud, b"first ", b"second", trailer=trailer)
    answered = ask(cloud, request, headers)
    assert (answered.status, answered.text) == (200, "")
    read = account.s3.get_object(Bucket="data", Key="chunks")["Body"].read
    assert read() == b"first second"
    changes: list[Callable[[bytes], bytes]] = [
        lambda body: body.replace(b"second", b"others"),
        lambda body: body.replace(b"6;chunk-signature=", b"6;chunk-signature=0", 1),
        lambda body: body[body.index(b"\r\n6;") + 2 :],
    ]
    if trailer:
        changes.append(lambda body: body.replace(b"trailer-signature:", b"trailer-signature:0"))
        changes.append(lambda body: body[: body.index(b"x-amz-trailer-signature")])
    for change in changes:
        changed = dataclasses.replace(request, body=change(request.body))
        assert refused(ask(cloud, changed, headers)) == (403, "SignatureDoesNotMatch")
    assert account.s3.get_object(Bucket="data", Key="chunks")["Body"].read() == b"first second"


def test_large_and_odd_requests_of_boto3_come_through(cloud: Cloud, account: Account) -> None:
    body = bytes(range(256)) * (12 << 12)
    with (Path(cloud.certificate).parent / "large").open("w+b") as file:
        file.write(body)
        file.seek(0)
        account.s3.put_object(Bucket="data", Key=KEY, Body=file, Metadata={"said": "two  words,  and more"})
    found = account.s3.get_object(Bucket="data", Key=KEY)
    assert (found["Body"].read(), found["Metadata"]) == (body, {"said": "two  words,  and more"})
    upload = account.s3.create_multipart_upload(Bucket="data", Key="a~b *'()!@:,;$?#%.csv")
    target = {name: upload[name] for name in ("Bucket", "Key", "UploadId")}
    part = account.s3.upload_part(**target, PartNumber=1, Body=body[: 5 << 20])
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    account.s3.complete_multipart_upload(**target, MultipartUpload=parts)
    listed = account.s3.list_objects_v2(Bucket="data", Prefix="a~b *'()", Delimiter="/", StartAfter="a&=+ ü")
    assert [item["Key"] for item in listed["Contents"]] == [target["Key"]]
    account.s3.put_object(Bucket="data", Key="tagged", Body=b"", Tagging="a=b%20c&d=e%2Bf")
    tags = account.s3.get_object_tagging(Bucket="data", Key="tagged")["TagSet"]
    assert tags == [{"Key": "a", "Value": "b c"}, {"Key": "d", "Value": "e+f"}]
    functions = cloud.client("lambda")
    arn = f"arn:aws:lambda:{cloud.region}:{cloud.account}:function:none"
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.untag_resource(Resource=arn, TagKeys=["b", "a b", "a+b", "ä"])  # a path with colons, a repeated name


# What is the emulator's own


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/health"),
        ("GET", "/_ministack/ready"),
        ("GET", "/_ministack/sqs/messages"),
        ("GET", "/_ministack/ses/messages"),
        ("GET", "/_ministack/sns/sms-messages"),
        ("GET", "/_ministack/lambda-code/123456789012/us-east-1/any"),
        ("GET", "/_ministack/lambda-layers/any/1/content"),
        ("GET", "/_ministack/cfn-response/any"),
        ("POST", "/_ministack/eks-auth/any"),
        ("POST", "/_ministack/rds/iam-auth"),
        ("GET", "/_localstack/health"),
        ("GET", "/%5Fministack/health"),
        ("POST", "/_%6dinistack/reset"),
        ("GET", "/_aws/lambda-url/any/"),
        ("GET", "/_aws/execute-api/any/prod/"),
    ],
)
def test_own_calls_are_closed_to_everybody(cloud: Cloud, method: str, path: str) -> None:
    closed = (403, '{"message": "What is the emulator\'s own is closed"}')
    request = Request("s3", method, path)
    for headers in ({}, request.signed(cloud)):
        reply = ask(cloud, request, headers)
        assert (reply.status, reply.text) == closed


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health"),
        ("OPTIONS", "/"),
        ("GET", "/v2/_catalog"),
        ("GET", "/iceberg/v1/config"),
        ("GET", "/v20180820/jobs"),
        ("POST", "/oauth2/token"),
        ("GET", "/oauth2/authorize"),
        ("GET", "/pool/.well-known/jwks.json"),
        ("GET", "/?Action=ConfirmSubscription&Version=2010-03-31&TopicArn=a&Token=b"),
        ("POST", "/endpoints/any/invocations"),
        ("GET", "/data/train/a.csv"),
        ("PUT", "/data/mine"),
        ("GET", "//data/train/a.csv"),
    ],
)
def test_there_is_no_way_around_the_signature(cloud: Cloud, account: Account, method: str, path: str) -> None:
    reply = send(cloud, method, path, headers={"Origin": "https://example.com"})
    assert reply.status in (400, 403)
    assert reply.code in ("AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException")


def test_an_answer_that_nobody_waits_for_is_not_heard_and_not_long(cloud: Cloud) -> None:
    assert send(cloud, "PUT", "/_ministack/cfn-response/guessed", b"{}").status == 200
    assert send(cloud, "PUT", "/_ministack/cfn-signal/guessed", b"{}").status == 404
    long = send(cloud, "PUT", "/_ministack/cfn-response/guessed", bytes(3 << 20))
    assert (long.status, long.text) == (403, '{"message": "The body has more than 1048576 bytes"}')


# Browsers


@pytest.mark.parametrize(
    "name", ["example.com", "localhost.example.com", "127.0.0.1.nip.io", "10.0.0.1", "", "localhost"]
)
def test_the_rehearsal_has_no_other_name(cloud: Cloud, name: str) -> None:
    port = urlsplit(cloud.endpoint_url).port
    host = name if name == "localhost" else f"{name}:{port}"  # without the port it is another server
    for headers in ({}, IDENTITY.signed(cloud)):
        reply = ask(cloud, IDENTITY, {**headers, "Host": host})
        assert (reply.status, reply.text) == (403, '{"message": "The rehearsal answers as localhost only"}')


@pytest.mark.parametrize("name", ["127.0.0.1", "LOCALHOST"])
def test_the_loopback_interface_has_several_names(cloud: Cloud, name: str) -> None:
    host = {"Host": f"{name}:{urlsplit(cloud.endpoint_url).port}"}
    request = dataclasses.replace(IDENTITY, headers={**(IDENTITY.headers or {}), **host})
    assert ask(cloud, request, request.signed(cloud)).status == 200


def test_no_page_may_read_what_is_answered(cloud: Cloud, kind: str) -> None:
    origin = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    for headers in (origin, {**KINDS[kind].signed(cloud), **origin}):
        reply = ask(cloud, KINDS[kind], headers)
        assert not [name for name in reply.headers if name.lower().startswith("access-control-")]
    preflight = send(cloud, "OPTIONS", KINDS[kind].path, headers=origin)
    assert preflight.status == 403
    assert not [name for name in preflight.headers if name.lower().startswith("access-control-")]


def test_no_socket_is_opened(cloud: Cloud) -> None:
    address = urlsplit(cloud.endpoint_url)
    context = ssl.create_default_context(cafile=str(cloud.certificate))
    with (
        socket.create_connection(("127.0.0.1", address.port or 0), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(
            f"GET /_aws/execute-api/a/b HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            .encode()
        )  # fmt: skip
        assert b" 403 " in connection.recv(1000)


def test_it_cannot_be_read_without_tls(cloud: Cloud) -> None:
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            cloud.endpoint_url.replace("https", "http"), timeout=5
        )


def test_another_run_is_not_taken_for_this_one(cloud: Cloud, other: Cloud) -> None:
    elsewhere = Connection(
        endpoint_url=other.endpoint_url, certificate=cloud.certificate, region=cloud.region, root=fresh_credentials()
    )
    with pytest.raises(botocore.exceptions.SSLError):
        elsewhere.as_root("sts").get_caller_identity()
    assert json.dumps(cloud.environment()).count(other._connection.root.secret_key) == 0
