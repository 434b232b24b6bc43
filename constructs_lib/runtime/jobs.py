"""The service's jobs, and whose they are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from .clients import Reply, SageMaker
from .contract import ENDED, JobStatus, OwnerTag
from .description import Description
from .event import Event
from .failure import unless_missing
from .spec import Spec
from .tags import tag_list, tags_of

_TAG_VALUE = re.compile(r"[\w.:/=+@ -]{1,256}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the service describes it, with its tags."""

    name: str
    arn: str
    status: str
    tags: Mapping[str, str]
    created: datetime | None = None
    ended: datetime | None = None
    given_endpoint: str = ""
    """The name that `ModelDeployConfig` gives the endpoint; it says nothing about who made it."""
    deployed_endpoint: str = ""
    """The endpoint that the job reports to have made."""
    output_path: str = ""
    """Where its artifacts lie, in a folder of its name."""
    is_new: bool = False
    """Whether this very call made it."""

    @property
    def has_ended(self) -> bool:
        """Whether it can neither run nor bill any more."""
        return self.status in ENDED

    @property
    def was_stopped(self) -> bool:
        """Whether somebody stopped it: it has learned nothing, and will not."""
        return self.status in {JobStatus.STOPPING, JobStatus.STOPPED}

    @property
    def is_done_with(self) -> bool:
        """Whether nothing of it is left to stop, or to remove."""
        return self.is_released and self.has_ended and not (self.given_endpoint or self.deployed_endpoint)

    @property
    def is_released(self) -> bool:
        """Whether its resource gave it up."""
        return OwnerTag.RELEASED in self.tags

    @property
    def is_tagged(self) -> bool:
        """Whether it is the job of any resource at all."""
        return OwnerTag.STACK in self.tags

    def belongs_to(self, event: Event) -> bool:
        """Whether the resource of this event made it."""
        return event.owns(self.tags)

    def was_made_by(self, event: Event) -> bool:
        """Whether this very request made it."""
        return self.belongs_to(event) and self.tags.get(OwnerTag.REQUEST) == event.request_id

    def still_serves(self, event: Event, spec: Spec) -> bool:
        """Whether the resource of this event made it for this spec and has not given it up."""
        return self.belongs_to(event) and self.tags.get(OwnerTag.SPEC) == spec.digest and not self.is_released


def describe(sagemaker: SageMaker, name: str) -> Reply | None:
    """What the service says of the job of that name, whoever made it; None if there is none."""
    # [china]
    return unless_missing(lambda: sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name))


def describe_if_told(sagemaker: SageMaker, name: str) -> Description:
    """What the service says of the job of that name, or nothing: for answers that must not fail."""
    try:
        return Description(describe(sagemaker, name) or {})
    except (ClientError, BotoCoreError):
        return Description({})


def find(sagemaker: SageMaker, name: str) -> Job | None:
    """The job of that name with its tags, whoever made it."""
    reply = describe(sagemaker, name)
    if reply is None:
        return None
    return Job(
        name=name,
        arn=reply["AutoMLJobArn"],
        status=reply["AutoMLJobStatus"],
        tags=tags_of(sagemaker, reply["AutoMLJobArn"]),
        created=reply.get("CreationTime"),
        ended=reply.get("EndTime"),
        output_path=reply.get("OutputDataConfig", {}).get("S3OutputPath", ""),
        given_endpoint=reply.get("ModelDeployConfig", {}).get("EndpointName", ""),
        deployed_endpoint=reply.get("ModelDeployResult", {}).get("EndpointName", ""),
    )


def start(sagemaker: SageMaker, name: str, spec: Spec, event: Event) -> Job:
    """Make a job that carries from its first moment whose it is."""
    operations = {
        "CreateAutoMLJob": sagemaker.create_auto_ml_job,
        "CreateAutoMLJobV2": sagemaker.create_auto_ml_job_v2,
    }
    tags = dict(spec.tags) | event.owner(spec.digest)
    if _TAG_VALUE.fullmatch(event.physical_id):
        tags[OwnerTag.REPLACES] = event.physical_id
    reply = operations[spec.operation](**{**spec.request, "AutoMLJobName": name, "Tags": tag_list(tags, event)})
    return Job(name=name, arn=reply["AutoMLJobArn"], status=JobStatus.IN_PROGRESS, tags=tags, is_new=True)


def release(sagemaker: SageMaker, job: Job, event: Event) -> None:
    """Mark a job as given up, so that it is never adopted again."""
    if not job.is_released:
        sagemaker.add_tags(ResourceArn=job.arn, Tags=tag_list({OwnerTag.RELEASED: "true"}, event))


def stop(sagemaker: SageMaker, job: Job) -> None:
    """Stop a job. One that ends at the same moment may refuse; that is as good."""
    if job.status != JobStatus.IN_PROGRESS:
        return
    try:
        sagemaker.stop_auto_ml_job(AutoMLJobName=job.name)
    except ClientError:
        now = find(sagemaker, job.name)
        if now and now.status == JobStatus.IN_PROGRESS:
            raise
