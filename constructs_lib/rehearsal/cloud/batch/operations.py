"""The batch transform operations of the SageMaker API.

Sources: botocore's documentation of CreateTransformJob, and the Developer Guide, "Batch transform". The wording of most
of AWS's messages is not published: unverified.
"""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

from constructs_lib.rehearsal.cloud import background
from constructs_lib.rehearsal.cloud.batch.job import TransformJob
from constructs_lib.rehearsal.cloud.batch.records_of_csv import Columns
from constructs_lib.rehearsal.cloud.batch.work import Batch
from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import ResourceInUseError, ValidationError
from constructs_lib.rehearsal.cloud.hosting.capacity import Instances, Quotas
from constructs_lib.rehearsal.cloud.hosting.containers import Containers
from constructs_lib.rehearsal.cloud.hosting.models import Models
from constructs_lib.rehearsal.cloud.store import TERMINAL, Json, Place, Store, now, select, tags_of

_PER_PAGE = 10
_MOST_MEGABYTES = 100
_CSV = "text/csv"


class Transforms:
    """Creates, describes, lists and stops transform jobs."""

    def __init__(self, store: Store, models: Models, containers: Containers, quotas: Quotas, folder: Path) -> None:
        self._store = store
        self._models = models
        self._containers = containers
        self._quotas = quotas
        self._folder = folder

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {
            "CreateTransformJob": self._create,
            "DescribeTransformJob": self._describe,
            "StopTransformJob": self._stop,
            "ListTransformJobs": self._list,
        }

    def stop(self) -> None:
        """Ask every job to end."""
        for resource in self._store.everything():
            if isinstance(resource, TransformJob):
                resource.cancelled.set()

    def _create(self, call: Call, request: Json) -> Json:
        """Start the model and predict for each object, as the model's role; one answer for each in S3."""
        name = request["TransformJobName"]
        arn = call.place.arn("transform-job", name)
        call.require_tagging(arn, request)
        model = self._models.find(call.place, request["ModelName"])
        for problem in _problems(request):
            raise ValidationError(problem)
        job = TransformJob(name=name, arn=arn, tags=tags_of(request), request=request)
        with self._store.lock:
            jobs = self._store.at(call.place).of(TransformJob)
            if name.lower() in jobs:  # a job can not be deleted, so its name is taken for good
                raise ResourceInUseError(
                    "Job name must be unique within an AWS account and region, and a job with this name already "
                    f"exists ({arn})"
                )
            used = sum((other.instances for other in jobs.values()), Instances())
            self._quotas.require("transform job", used, job.instances)
            jobs[name.lower()] = job
        start = functools.partial(
            self._containers.start,
            call.place,
            model,
            environment=request.get("Environment"),
            volume_key=request["TransformResources"].get("VolumeKmsKeyId"),
            caller_may_grant=call.may_grant(request["TransformResources"].get("VolumeKmsKeyId")),
            source=arn,
        )
        background.start(f"transform-{name}", Batch(job, start, self._store, self._folder).run)
        return {"TransformJobArn": arn}

    def _describe(self, call: Call, request: Json) -> Json:
        """Request, status, times and the reason of a failure."""
        with self._store.lock:
            job = self._job(call.place, request)
            described = {
                **job.request,
                "TransformJobArn": job.arn,
                "TransformJobStatus": job.status,
                "CreationTime": job.created,
                "FailureReason": job.failure_reason[:1024] if job.failure_reason else None,
                "TransformStartTime": job.started,
                "TransformEndTime": job.ended,
            }
        return {name: value for name, value in described.items() if value is not None}

    def _stop(self, call: Call, request: Json) -> Json:
        """End a running job: Stopping, then Stopped."""
        with self._store.lock:
            job = self._job(call.place, request)
            if job.status in TERMINAL:
                raise ValidationError(f"The transform job {job.name} can not be stopped: its status is {job.status}")
            job.status, job.modified = "Stopping", now()
            job.cancelled.set()
        return {}

    def _list(self, call: Call, request: Json) -> Json:
        """Transform jobs, filtered, sorted and paged."""
        with self._store.lock:
            shown, more = select(self._store.at(call.place).of(TransformJob).values(), request, default_size=_PER_PAGE)
            summaries = [
                {
                    "TransformJobName": job.name,
                    "TransformJobArn": job.arn,
                    "CreationTime": job.created,
                    "LastModifiedTime": job.modified,
                    "TransformJobStatus": job.status,
                    **({"TransformEndTime": job.ended} if job.ended else {}),
                    **({"FailureReason": job.failure_reason[:1024]} if job.failure_reason else {}),
                }
                for job in shown
            ]
        return {"TransformJobSummaries": summaries, **more}

    def _job(self, place: Place, request: Json) -> TransformJob:
        name = request["TransformJobName"]
        job = self._store.at(place).of(TransformJob).get(name.lower())
        if job is None:
            raise ValidationError(f"Could not find requested job with name: {name}")
        return job


def _problems(request: Json) -> Iterator[str]:
    source, output = request["TransformInput"], request["TransformOutput"]
    for name, value, offered in (
        ("S3DataType", source["DataSource"]["S3DataSource"]["S3DataType"], ("S3Prefix", "ManifestFile")),
        ("SplitType", source.get("SplitType", "None"), ("None", "Line")),
    ):
        if value not in offered:
            yield f"The rehearsal offers no {name} {value}"
    if "DataCaptureConfig" in request:
        yield "The rehearsal offers no DataCaptureConfig of a transform job"
    megabytes, concurrent = request.get("MaxPayloadInMB"), request.get("MaxConcurrentTransforms")
    if megabytes is not None and megabytes * (concurrent or 1) > _MOST_MEGABYTES:
        yield f"MaxPayloadInMB times MaxConcurrentTransforms can be at most {_MOST_MEGABYTES}"
    processing = request.get("DataProcessing", {})
    if not processing:
        return
    joined = processing.get("JoinSource", "None") == "Input"
    if joined and (source.get("SplitType") != "Line" or output.get("AssembleWith") != "Line"):
        yield "JoinSource Input needs SplitType Line and AssembleWith Line"
    kinds = {value.partition(";")[0] for value in (source.get("ContentType", _CSV), output.get("Accept", _CSV))}
    if kinds != {_CSV}:
        yield f"The rehearsal offers DataProcessing of {_CSV} only"
    for member in ("InputFilter", "OutputFilter"):
        try:
            Columns(processing.get(member, "$"))
        except ValueError as error:
            yield f"{member}: {error}"
