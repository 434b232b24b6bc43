"""Data capture: what an endpoint was asked and what it answered, in S3, as Model Monitor reads it.

Source: Developer Guide, "Capture data from real-time endpoint"; the names of the files are ours.
"""

import base64
import contextvars
import datetime as dt
import json
import logging
import random
import threading
import uuid
from dataclasses import dataclass, field

from constructs_lib.rehearsal.cloud.as_role import AsRole, Denied, S3Location
from constructs_lib.rehearsal.cloud.store import Json

logger = logging.getLogger(__name__)
_DELAY = 0.3
"""Seconds in which requests share a file. On AWS it is minutes."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer."""

    body: bytes
    content_type: str
    answer: bytes
    answer_type: str
    inference_id: str | None = None


@dataclass
class Capture:
    """Captures the exchanges of one endpoint."""

    settings: Json
    """The `DataCaptureConfig`."""

    endpoint: str
    _waiting: dict[str, list[tuple[AsRole, str]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _timer: threading.Timer | None = None

    @property
    def enabled(self) -> bool:
        """Whether anything is captured."""
        return bool(self.settings.get("EnableCapture", True))

    @property
    def described(self) -> Json:
        """`DataCaptureConfig` of `DescribeEndpoint`."""
        return {
            "EnableCapture": self.enabled,
            "CaptureStatus": "Started" if self.enabled else "Stopped",
            "CurrentSamplingPercentage": self.settings["InitialSamplingPercentage"],
            "DestinationS3Uri": self.settings["DestinationS3Uri"],
            "KmsKeyId": self.settings.get("KmsKeyId", ""),
        }

    def again(self) -> "Capture":
        """The same for another fleet of the endpoint."""
        return Capture(self.settings, self.endpoint)

    def record(self, variant: str, role: AsRole, exchange: Exchange) -> None:
        """Capture an exchange, unless the sample leaves it out; never in the way of the answer."""
        sampled = random.random() * 100 < self.settings["InitialSamplingPercentage"]  # noqa: S311 - a sample
        if not self.enabled or not sampled:
            return
        line = json.dumps(self._event(exchange))
        with self._lock:
            self._waiting.setdefault(variant, []).append((role, line))
            if self._timer is None:
                # The copied context carries account and region.
                self._timer = threading.Timer(_DELAY, contextvars.copy_context().run, [self.flush])
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what waits as the models' roles. What can not be written is lost, and the endpoint goes on."""
        with self._lock:
            waiting, self._waiting, self._timer = self._waiting, {}, None
        time = dt.datetime.now(dt.UTC)
        for variant, lines in waiting.items():
            name = f"{time:%M-%S}-{time.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
            location = S3Location.parse(self.settings["DestinationS3Uri"]).joined(
                self.endpoint, variant, f"{time:%Y/%m/%d/%H}", name
            )
            body = "".join(f"{line}\n" for _, line in lines).encode()
            try:
                lines[0][0].upload(body, location, self.settings.get("KmsKeyId"))
            except Denied as error:
                logger.warning("endpoint %s lost captured data: %s", self.endpoint, error)

    def _event(self, exchange: Exchange) -> Json:
        modes = {option["CaptureMode"] for option in self.settings["CaptureOptions"]}
        if "InputAndOutput" in modes:
            modes |= {"Input", "Output"}
        data: Json = {}
        if "Input" in modes:
            data["endpointInput"] = self._payload("INPUT", exchange.body, exchange.content_type)
        if "Output" in modes:
            data["endpointOutput"] = self._payload("OUTPUT", exchange.answer, exchange.answer_type)
        metadata = {
            "eventId": str(uuid.uuid4()),
            "inferenceTime": f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        if exchange.inference_id:
            metadata["inferenceId"] = exchange.inference_id
        return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}

    def _payload(self, mode: str, body: bytes, content_type: str) -> Json:
        headers = self.settings.get("CaptureContentTypeHeader", {})
        kind = content_type.partition(";")[0].strip().lower()
        encoding = "BASE64"
        for name, member in (("CSV", "CsvContentTypes"), ("JSON", "JsonContentTypes")):
            if kind in [one.lower() for one in headers.get(member, ())]:
                encoding = name
        data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode(errors="replace")
        return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}
