"""A batch transform at work: reads objects, asks the model, writes one answer for each object.

`SplitType` `Line` cuts wherever a line ends, whatever the lines mean, and each piece is asked for on its own: a header
is in the first piece alone, and the series of a forecast are cut apart. Line breaks inside cells of CSV are "not
supported" (Developer Guide, "Batch transform"); that the job fails because of them is unverified.
"""

import gzip
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from constructs_lib.rehearsal.cloud.as_role import AsRole, Cancelled, Denied, S3Location
from constructs_lib.rehearsal.cloud.batch import records_of_csv
from constructs_lib.rehearsal.cloud.batch.job import TransformJob
from constructs_lib.rehearsal.cloud.errors import ServiceError
from constructs_lib.rehearsal.cloud.hosting.containers import Serving, Unhealthy
from constructs_lib.rehearsal.cloud.listing import BadInput, Item, below, of_manifest
from constructs_lib.rehearsal.cloud.store import Json, Store, now

logger = logging.getLogger(__name__)
_CSV = "text/csv"
_MEGABYTE = 1 << 20
_DEFAULT_MEGABYTES = 6


class Batch:
    """One transform job at work."""

    def __init__(self, job: TransformJob, start: Callable[[], Serving], store: Store, folder: Path) -> None:
        self._job = job
        self._start = start
        self._store = store
        self._folder = folder
        self._processing = _Processing.of(job.request.get("DataProcessing", {}))

    def run(self) -> None:
        """Do everything, and always end the job."""
        workdir = Path(tempfile.mkdtemp(prefix="transform-", dir=self._folder))
        try:
            with self._store.lock:
                self._job.started = self._job.modified = now()
            self._transform(workdir)
        except Cancelled:
            self._end("Stopped")
        except (Denied, BadInput, Unhealthy, ServiceError) as error:
            self._end("Failed", str(error))
        except Exception as error:
            logger.exception("transform job %s", self._job.name)
            self._end("Failed", f"The rehearsal itself failed: {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(workdir, ignore_errors=True)

    def _transform(self, workdir: Path) -> None:
        serving = self._start()
        try:
            items = list(self._items(serving.role, workdir))
            failures = []
            for item in items:
                try:
                    self._transform_one(serving, item, workdir)
                except BadInput as fault:  # the other objects are still transformed
                    failures.append(f"{item.location.uri}: {fault}")
        finally:
            serving.stop()
        if failures:
            self._end("Failed", f"{len(failures)} of {len(items)} objects could not be transformed. {failures[0]}")
        else:
            self._end("Completed")

    def _items(self, role: AsRole, workdir: Path) -> Iterator[Item]:
        source = self._job.request["TransformInput"]["DataSource"]["S3DataSource"]
        location = S3Location.parse(source["S3Uri"])
        if source["S3DataType"] == "ManifestFile":
            found = list(of_manifest(location, role.download(location, workdir / "manifest").read_bytes()))
        else:
            found = list(below(role, location))
        if not found:
            raise BadInput(f"There are no objects under {location.uri}, and a transform job needs at least one")
        yield from found

    def _transform_one(self, serving: Serving, item: Item, workdir: Path) -> None:
        job, output = self._job, self._job.request["TransformOutput"]
        body = serving.role.download(item.location, workdir / "input", job.cancelled).read_bytes()
        if job.request["TransformInput"].get("CompressionType") == "Gzip":
            body = _unzipped(body)
        try:
            answers = [self._answer(serving, batch) for batch in self._batches(body)]
        except ValueError as error:
            raise BadInput(str(error)) from None
        except RuntimeError as error:
            raise BadInput(f"the model failed: {error}") from None
        end = b"\n" if output.get("AssembleWith") == "Line" else b""
        assembled = b"".join(answer if answer.endswith(end) else answer + end for answer in answers)
        target = S3Location.parse(output["S3OutputPath"]).joined(f"{item.name}.out")
        serving.role.upload(assembled, target, output.get("KmsKeyId"), ContentType=output.get("Accept", _CSV))

    def _batches(self, body: bytes) -> Iterator[bytes]:
        request = self._job.request
        megabytes = request.get("MaxPayloadInMB", _DEFAULT_MEGABYTES)
        most = megabytes * _MEGABYTE if megabytes else None
        if request["TransformInput"].get("SplitType", "None") == "None":
            batches = iter([body])
        else:
            records = [line for line in body.splitlines(keepends=True) if line.strip()]
            self._require_whole(records)
            batches = iter(records) if request.get("BatchStrategy") == "SingleRecord" else _packed(records, most)
        for batch in batches:
            if self._job.cancelled.is_set():
                raise Cancelled
            if most is not None and len(batch) > most:
                raise BadInput(f"a payload of {len(batch)} bytes exceeds MaxPayloadInMB, which is {megabytes}")
            yield batch

    def _require_whole(self, records: list[bytes]) -> None:
        kind = self._job.request["TransformInput"].get("ContentType", _CSV)
        cut = next((number for number, record in enumerate(records, 1) if record.count(b'"') % 2), None)
        if kind.partition(";")[0] == _CSV and cut is not None:
            raise BadInput(
                f"line {cut} ends inside a cell: batch transform does not support line breaks in cells of CSV"
            )

    def _answer(self, serving: Serving, batch: bytes) -> bytes:
        source, output = self._job.request["TransformInput"], self._job.request["TransformOutput"]
        content_type, accept = source.get("ContentType", _CSV), output.get("Accept", "")
        if self._processing is not None:
            answer, _ = serving.predict(self._processing.asked(batch), content_type, accept)
            return self._processing.joined(batch, answer)
        return serving.predict(batch, content_type, accept)[0]

    def _end(self, status: str, reason: str | None = None) -> None:
        with self._store.lock:
            stopped = self._job.cancelled.is_set()
            self._job.status = "Stopped" if stopped else status
            self._job.failure_reason = None if stopped else reason
            self._job.ended = self._job.modified = now()


@dataclass(frozen=True)
class _Processing:
    """`DataProcessing` of CSV."""

    before: records_of_csv.Columns
    after: records_of_csv.Columns
    join: bool

    @classmethod
    def of(cls, members: Json) -> "_Processing | None":
        """What the members ask for, `None` when that is nothing."""
        before, after = members.get("InputFilter", "$"), members.get("OutputFilter", "$")
        join = members.get("JoinSource", "None") == "Input"
        if not join and before == after == "$":
            return None
        return cls(records_of_csv.Columns(before), records_of_csv.Columns(after), join)

    def asked(self, batch: bytes) -> bytes:
        """The part of the rows that the model sees."""
        return records_of_csv.write([self.before.of(row) for row in records_of_csv.read(batch)])

    def joined(self, batch: bytes, answer: bytes) -> bytes:
        """The part of the answers, or of the rows with their answers, that is kept."""
        rows, answers = records_of_csv.read(batch), records_of_csv.read(answer)
        if self.join:
            if len(rows) != len(answers):
                raise ValueError(f"{len(rows)} rows have {len(answers)} answers, so they can not be joined")
            answers = [row + answered for row, answered in zip(rows, answers, strict=True)]
        return records_of_csv.write([self.after.of(row) for row in answers])


def _packed(records: list[bytes], most: int | None) -> Iterator[bytes]:
    """As many records together as fit."""
    packed: list[bytes] = []
    size = 0
    for record in records:
        if packed and most is not None and size + len(record) > most:
            yield b"".join(packed)
            packed, size = [], 0
        packed.append(record)
        size += len(record)
    if packed:
        yield b"".join(packed)


def _unzipped(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError) as error:
        raise BadInput(f"it is not compressed with Gzip: {error}") from None
