"""Requests as they are on the wire, signed as botocore does or otherwise."""

import http.client
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from constructs_lib.rehearsal.cloud.connection import Credentials
from constructs_lib.rehearsal.cloud.launcher import Cloud


@dataclass(frozen=True)
class Request:
    """One request."""

    service: str
    method: str = "POST"
    path: str = "/"
    body: bytes = b""
    headers: Mapping[str, str] | None = None

    def signed(self, cloud: Cloud, credentials: Credentials | None = None) -> dict[str, str]:
        """Its headers with a signature. Default: with the run's own credentials."""
        used = credentials or cloud._connection.root
        given = botocore.credentials.Credentials(used.access_key, used.secret_key, used.token)
        request = botocore.awsrequest.AWSRequest(
            self.method, f"{cloud.endpoint_url}{self.path}", dict(self.headers or {}), self.body
        )
        signer: Any = botocore.auth.S3SigV4Auth if self.service == "s3" else botocore.auth.SigV4Auth
        signer(given, self.service, cloud.region).add_auth(request)
        return dict(request.headers.items())


IDENTITY = Request(
    "sts", body=b"Action=GetCallerIdentity&Version=2011-06-15",
    headers={"Content-Type": "application/x-www-form-urlencoded"},
)  # fmt: skip
JOBS = Request(
    "sagemaker", body=b"{}",
    headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.ListAutoMLJobs"},
)  # fmt: skip
BUCKETS = Request("s3", "GET")
FUNCTIONS = Request("lambda", "GET", "/2015-03-31/functions/")


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    text: str
    headers: http.client.HTTPMessage

    @property
    def code(self) -> str:
        """The code of the error; empty without one."""
        found = re.search(r"<Code>(.*?)</Code>", self.text) or re.search(r'"__type": ?"(.*?)"', self.text)
        return found[1] if found else ""


def send(cloud: Cloud, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
    """Send a request as it is."""
    address = urlsplit(cloud.endpoint_url)
    context = ssl.create_default_context(cafile=str(cloud.certificate))
    connection = http.client.HTTPSConnection(address.hostname or "", address.port, context=context, timeout=20)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Reply(answer.status, answer.read().decode(errors="replace"), answer.headers)
    finally:
        connection.close()


def ask(cloud: Cloud, request: Request, headers: Mapping[str, str]) -> Reply:
    """Send a request with these headers instead of its own."""
    return send(cloud, request.method, request.path, request.body, headers)
