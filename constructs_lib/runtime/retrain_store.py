"""Where the document of a retraining lies, and how it is changed: by compare-and-swap, whoever else does it too."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .clients import Aws, bucket_and_key
from .contract import STATE_FILE
from .failure import Failure, code, may_have_happened
from .retrain_document import Document
from .retry import Clock, jittered, patiently

_TRIES = 40
# [conditional-conflict]
_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}
"""Somebody else was first; or does it at this moment; or has deleted the object that was to be changed."""

Decide = Callable[[Document | None], Document | None]


class Store:
    """The folder of a retraining in S3."""

    def __init__(self, folder: str, aws: Aws, clock: Clock, key: str = "") -> None:
        """Read nothing yet.

        Args:
            folder: Its URI, with the final slash.
            aws: The services.
            clock: The time of this call.
            key: The KMS key for what is written, where it is not the bucket's own.
        """
        self.folder = folder
        self.key = key
        self._bucket, self._prefix = bucket_and_key(folder)
        self._aws = aws
        self._clock = clock
        if not self._bucket or not self._prefix.endswith("/"):
            raise Failure(f"the retraining's folder must be an s3:// address that ends with a slash, got {folder!r}")

    def load(self) -> Document | None:
        """The document; None if there is none.

        Raises:
            ClientError: S3 does not tell.
            Failure: It cannot be read.
        """
        return self._load()[0]

    def _load(self) -> tuple[Document | None, str]:
        try:
            reply = patiently(
                lambda: self._aws.documents.get_object(Bucket=self._bucket, Key=self._prefix + STATE_FILE),
                self._clock,
                repeatable=True,
            )
        except ClientError as error:
            if code(error) == "NoSuchKey":
                return None, ""
            raise
        try:
            return Document.read(json.loads(reply["Body"].read())), str(reply["ETag"])
        except (KeyError, TypeError, ValueError) as error:
            raise Failure(f"the document {self.folder}{STATE_FILE} cannot be read: {error!r}") from error

    def change(self, decide: Decide) -> Document | None:
        """Write what `decide` makes of the document, if that is another; it is asked again until nobody was in between.

        What it says of a document that it has changed already must be that document: an answer may be lost.

        Returns:
            The document as it is then.

        Raises:
            Failure: Others were faster all the time.
        """
        for attempt in range(_TRIES):
            present, etag = self._load()
            wanted = decide(present)
            if wanted is None or wanted == present:
                return present
            condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
            try:
                self._put(STATE_FILE, wanted.written(), **condition)
            except ClientError as error:
                if code(error) not in _LOST and not may_have_happened(error):
                    raise
            except BotoCoreError:
                pass
            else:
                return wanted
            self._clock.sleep(jittered(min(0.1 * 2**attempt, 3)))
        raise Failure(f"the document {self.folder}{STATE_FILE} could not be changed: others were faster all the time")

    def report(self, name: str, content: dict[str, Any]) -> str:
        """Write a file beside the document; returns its URI."""
        patiently(lambda: self._put(name, content), self._clock, repeatable=True)
        return self.folder + name

    def _put(self, name: str, content: dict[str, Any], **condition: str) -> None:
        self._write(name, json.dumps(content, indent=1).encode(), "application/json", **condition)

    def _write(self, name: str, body: bytes, content_type: str, **condition: str) -> None:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.key} if self.key else {}
        self._aws.s3.put_object(
            Bucket=self._bucket,
            Key=self._prefix + name,
            Body=body,
            ContentType=content_type,
            **encryption,
            **condition,
        )

    # Other files beside the document

    def write(self, name: str, body: bytes, content_type: str) -> str:
        """Write a file; returns its URI."""
        patiently(lambda: self._write(name, body, content_type), self._clock, repeatable=True)
        return self.folder + name

    def read(self, name: str) -> bytes:
        """Read a file."""

        def call() -> bytes:
            reply = self._aws.documents.get_object(Bucket=self._bucket, Key=self._prefix + name)
            return bytes(reply["Body"].read())

        return patiently(call, self._clock, repeatable=True)

    def names(self, beginning: str) -> list[str]:
        """The names of the files that begin so; they are few."""
        page = patiently(
            lambda: self._aws.folders.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix + beginning),
            self._clock,
            repeatable=True,
        )
        return [str(each["Key"]).removeprefix(self._prefix) for each in page.get("Contents", [])]

    def delete(self, name: str) -> None:
        """Delete a file."""
        patiently(
            lambda: self._aws.documents.delete_object(Bucket=self._bucket, Key=self._prefix + name),
            self._clock,
            repeatable=True,
        )
