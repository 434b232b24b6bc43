"""How requests are signed: botocore signs them once more with the secret that they should have been signed with.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest, HTTPHeaders
from botocore.credentials import Credentials

UNSIGNED = ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
"""What stands for the hash of a body that no signature covers."""

CHUNKS, CHUNKS_AND_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
"""What stands for it when each chunk has a signature of its own."""

OBJECTS = frozenset({"s3", "s3-object-lambda", "s3-outposts", "s3express"})
"""The services whose paths are signed as they are, and whose bodies need not be signed."""

_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a signature of version 4 is about."""

    method: str
    path: str
    """As it came, encoded."""

    query: str
    """As it came, without the signature."""

    headers: Sequence[tuple[str, str]]
    """Those that are signed, names in lower case."""

    payload: str
    """The hash of the body, or what stands for it."""

    time: str
    """`20261129T220000Z`"""

    region: str
    service: str

    def is_signed_by(self, secret: str, signature: str) -> bool:
        """Whether the signature was made with the secret."""
        # Clients may leave characters unencoded on the wire that they have signed encoded.
        paths = dict.fromkeys((self.path, _encoded(self.path, safe="/")))
        return any(hmac.compare_digest(self._made(secret, path).encode(), signature.encode()) for path in paths)

    def are_chunks_signed_by(self, secret: str, signature: str, body: bytes) -> bool:
        """Whether each chunk of a body was signed with the secret, in one chain with the request and any trailer.

        https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
        """
        previous, position = signature, 0
        while (end := body.find(b"\r\n", position)) >= 0:
            size, _, given = body[position:end].partition(b";chunk-signature=")
            try:
                start, stop = end + 2, end + 2 + int(size, 16)
            except ValueError:
                return False
            chunk = body[start:stop]
            made = self._next(secret, "PAYLOAD", previous, f"{_NOTHING}\n{hashlib.sha256(chunk).hexdigest()}")
            if stop < start or not hmac.compare_digest(made.encode(), given.strip()):
                return False
            if not chunk:
                rest = body[start:]
                return self._is_trailer_signed(secret, made, rest) if self.payload != CHUNKS else not rest.strip()
            previous, position = made, stop + 2
        return False

    def _is_trailer_signed(self, secret: str, previous: str, trailer: bytes) -> bool:
        lines, mark, given = trailer.strip().rpartition(b"x-amz-trailer-signature:")
        signed = b"".join(line.strip() + b"\n" for line in lines.splitlines())
        made = self._next(secret, "TRAILER", previous, hashlib.sha256(signed).hexdigest())
        return bool(mark) and hmac.compare_digest(made.encode(), given.strip())

    def _next(self, secret: str, kind: str, previous: str, hashes: str) -> str:
        scope = f"{self.time[:8]}/{self.region}/{self.service}/aws4_request"
        text = f"AWS4-HMAC-SHA256-{kind}\n{self.time}\n{scope}\n{previous}\n{hashes}"
        made: str = _signer(self, secret).signature(text, self._request(self.path))
        return made

    def _made(self, secret: str, path: str) -> str:
        signer, request = _signer(self, secret), self._request(path)
        made: str = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        return made

    def _request(self, path: str) -> Any:
        # Not by `params`, which botocore takes from text: what is no UTF-8 would be lost.
        pairs = (pair.partition("=") for pair in self.query.replace("+", " ").split("&") if pair)
        query = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, _, value in pairs)
        request = AWSRequest(method=self.method, url=f"https://localhost{path}?{query}")
        request.headers = HTTPHeaders()
        for name, value in self.headers:
            request.headers[name] = value
        request.context["timestamp"] = self.time
        return request


class _Again(botocore.auth.SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """Signs the headers that were signed, and no others."""

    def __init__(self, secret: str, signed: Signed) -> None:
        super().__init__(Credentials("", secret), signed.service, signed.region)
        self._payload = signed.payload

    def headers_to_sign(self, request: Any) -> Any:
        """All: there are no others."""
        return request.headers

    def payload(self, request: Any) -> str:
        """The hash of the body, or what stands for it."""
        del request
        return self._payload


class _ObjectsAgain(_Again):
    """The same for S3."""

    def _normalize_url_path(self, path: str) -> str:
        return path


def _signer(signed: Signed, secret: str) -> Any:
    return (_ObjectsAgain if signed.service in OBJECTS else _Again)(secret, signed)


class _OldAgain(botocore.auth.HmacV1Auth):  # type: ignore[misc]  # botocore has no types
    """Signs until the same moment."""

    def __init__(self, secret: str, token: str | None, expires: str) -> None:
        super().__init__(Credentials("", secret, token))
        self._expires = expires

    def _get_date(self) -> str:
        return self._expires


SIGNED_IN_VERSION_2 = frozenset(botocore.auth.HmacV1Auth.QSAOfInterest)
"""The parameters that a signature of version 2 covers."""


def is_address_signed_by(
    secret: str, token: str | None, signature: str, *, method: str, resource: str, headers: Sequence[tuple[str, str]],
    expires: str,
) -> bool:  # fmt: skip
    """Whether an address of S3 was signed with the secret in version 2, as boto3 does unless told otherwise.

    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html

    Args:
        secret: The secret.
        token: The token of temporary credentials.
        signature: The signature.
        method: The method of the request.
        resource: The bucket, the key and the query.
        headers: All headers.
        expires: Until when the address is good.
    """
    sent = HTTPHeaders()
    for name, value in headers:
        sent[name] = value
    made = _OldAgain(secret, token, expires).get_signature(method, urlsplit(f"https://localhost{resource}"), sent)
    return hmac.compare_digest(made.encode(), signature.encode())


def _encoded(text: str, *, safe: str = "") -> str:
    """Encoded as AWS does it, whatever the client has left as it was."""
    return quote_from_bytes(unquote_to_bytes(text), safe=safe)
