"""How an endpoint serves a model: on instances, without any, or from a queue; and what it keeps of the traffic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..access import permissions
from ..access.places import KEY
from ..api.fields import described, has, problems, render, shorten
from ..api.hosting import (
    ARM,
    BURSTING,
    INF1,
    LOCAL_STORAGE,
    AsyncFields,
    CaptureFields,
    InstanceVariant,
    ServerlessVariant,
    part,
)
from ..data.buckets import allow_reading, used_bucket
from ..data.output import OutputLocation, check_output, used_output
from ..tokens import is_token, is_whole
from .scaling import AutoScaling, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from ..access.grants import Grants
    from ..access.places import Used

_STEP: Final = 1024
_PROP: Final = "serving"


@dataclass(frozen=True, kw_only=True)
class RealTime(InstanceVariant):
    """Instances that answer at once.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints.html
    """

    auto_scaling: AutoScaling | None = None
    """Let the number of instances follow the load. Default: it stays as it is.

    A deployment then keeps the number that there is. A scaled endpoint refuses another instance type: deploy once
    without the scaling first.
    """

    def _problems(self) -> Iterator[str]:
        """What is wrong, in the caller's words."""
        yield from _instance_problems(self)
        yield from _scaling_problems(self.auto_scaling, Target.INVOCATIONS, 1, self.instance_count)


@dataclass(frozen=True, kw_only=True)
class Serverless(ServerlessVariant):
    """No instances: a container starts when requests arrive, and nothing is paid for in between.

    For candidates of one container, which those of ENSEMBLING mode are, and those of a job without a mode are not;
    outside a VPC, and without data capture.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """

    auto_scaling: AutoScaling | None = None
    """Let the provisioned concurrency follow the load. Needs `provisioned_concurrency` to begin with. Default: it stays
    as it is."""

    def _problems(self) -> Iterator[str]:
        """What is wrong, in the caller's words."""
        yield from problems(part(self, ServerlessVariant), is_token=is_token, path=_PROP)
        memory, most, warm = self.memory_size_mib, self.max_concurrency, self.provisioned_concurrency
        if is_whole(memory) and memory > _STEP and memory % _STEP:
            yield f"'{_PROP}.memory_size_mib' must be 1024, 2048, 3072, 4096, 5120 or 6144, got {shorten(memory)}"
        if warm is not None and is_whole(warm) and is_whole(most) and warm > most:
            yield (
                f"'{_PROP}.provisioned_concurrency' must be at most 'max_concurrency', got {shorten(warm)}, and "
                f"that is {shorten(most)}"
            )
        if self.auto_scaling is not None and warm is None:
            yield f"'{_PROP}.auto_scaling' needs 'provisioned_concurrency': that is what it changes"
        yield from _scaling_problems(self.auto_scaling, Target.UTILIZATION, 1, warm)


@dataclass(frozen=True, kw_only=True)
class Asynchronous(InstanceVariant, AsyncFields):
    """Instances that work at a queue: requests and answers lie in S3, up to 1 GB each and an hour long.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html
    """

    output: OutputLocation
    """Where answers go, not below what the job learns from; the endpoint's role may read and write there."""

    input_bucket: s3.IBucket | None = None
    """The bucket that callers put requests into; the endpoint's role may read it. Default: below `output` too."""

    failure_output: OutputLocation | None = None
    """Where answers to requests that failed go. Default: such requests have none."""

    success_topic: sns.ITopic | None = None
    """What is told of each answer. Default: nobody."""

    error_topic: sns.ITopic | None = None
    """What is told of each request that failed. Default: nobody."""

    auto_scaling: AutoScaling | None = None
    """Let the number of instances follow the queue, down to none. Default: it stays as it is."""

    def _problems(self) -> Iterator[str]:
        """What is wrong, in the caller's words."""
        yield from _instance_problems(self)
        yield from problems(part(self, AsyncFields), is_token=is_token, path=_PROP)
        for name in ("output", "failure_output"):
            yield from check_output(f"{_PROP}.{name}", getattr(self, name), is_required=name == "output")
        for name in ("success_topic", "error_topic"):
            topic = getattr(self, name)
            if topic is not None and not has(topic, "topic_arn"):
                yield f"'{_PROP}.{name}' must be an sns.ITopic, got {described(topic)}"
        if self.input_bucket is not None and not has(self.input_bucket, "bucket_arn"):
            yield f"'{_PROP}.input_bucket' must be an s3.IBucket, got {described(self.input_bucket)}"
        yield from _scaling_problems(self.auto_scaling, Target.BACKLOG, 0, self.instance_count)

    def _bind(self, scope: Construct, grants: Grants) -> dict[str, Any]:
        """Make what is not there yet below `scope`, ask for the permissions, and say the configuration."""
        uri = self.output._made(scope)._bind(grants)
        failed = self.failure_output
        failures = {} if failed is None else {"S3FailurePath": failed._made(scope, "FailureOutput")._bind(grants)}
        for location in (self.output, self.failure_output):
            if location is not None:
                location._allow_writing_in_parts(grants)
        if self.input_bucket is not None:
            allow_reading(grants, self.input_bucket, "")
        topics = {"SuccessTopic": self.success_topic, "ErrorTopic": self.error_topic}
        told = {}
        for name, topic in topics.items():
            if topic is not None:
                told[name] = topic.topic_arn
                grants.allow(permissions.publish(topic.topic_arn), topic)
                if (key := getattr(topic, "master_key", None)) is not None:
                    grants.allow_key(key, permissions.PUBLISH_ENCRYPTED)
        key = self.output._key
        output = {
            "S3OutputPath": uri,
            **failures,
            **({} if key is None else {"KmsKeyId": key.key_arn}),
            **({"NotificationConfig": told} if told else {}),
        }
        client = render(part(self, AsyncFields))
        return {"OutputConfig": output, **({"ClientConfig": client} if client else {})}


Serving = RealTime | Serverless | Asynchronous


@dataclass(frozen=True, kw_only=True)
class DataCapture(CaptureFields):
    """What is kept of requests and answers, for monitoring and for training again.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html
    """

    destination: OutputLocation
    """Where it goes; the endpoint's role may read and write there."""

    capture_input: bool = True
    """Keep requests. Default: they are kept."""

    capture_output: bool = True
    """Keep answers. Default: they are kept."""

    def _problems(self) -> Iterator[str]:
        """What is wrong, in the caller's words."""
        prop = "data_capture"
        yield from problems(part(self, CaptureFields), is_token=is_token, path=prop)
        yield from check_output(f"{prop}.destination", self.destination, is_required=True)
        flags = {name: getattr(self, name) for name in ("capture_input", "capture_output")}
        bad = {name: value for name, value in flags.items() if not isinstance(value, bool)}
        yield from (f"'{prop}.{name}' must be True or False, got {described(value)}" for name, value in bad.items())
        if not bad and not any(flags.values()):
            yield f"'{prop}' keeps nothing: set 'capture_input' or 'capture_output', or leave it out"

    def _bind(self, scope: Construct, grants: Grants) -> dict[str, Any]:
        """Make what is not there yet below `scope`, ask for the permissions, and say the configuration."""
        uri = self.destination._made(scope, "CaptureOutput")._bind(grants)
        key = self.destination._key
        modes = [mode for mode, is_on in (("Input", self.capture_input), ("Output", self.capture_output)) if is_on]
        return {
            "EnableCapture": True,
            "DestinationS3Uri": uri,
            "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
            **render(part(self, CaptureFields)),
            **({} if key is None else {"KmsKeyId": key.key_arn}),
        }


def used_by(serving: Serving, capture: DataCapture | None) -> Iterator[Used]:
    """The buckets and keys that an endpoint uses."""
    if capture is not None:
        yield from used_output("data_capture.destination", capture.destination)
    if not isinstance(serving, Asynchronous):
        return
    yield from used_output(f"{_PROP}.output", serving.output)
    yield from used_output(f"{_PROP}.failure_output", serving.failure_output)
    yield from used_bucket(f"'{_PROP}.input_bucket'", serving.input_bucket)
    for name in ("success_topic", "error_topic"):
        topic = getattr(serving, name)
        yield f"the key of '{_PROP}.{name}'", getattr(topic, "master_key", None), KEY


def instance_type_of(serving: Serving) -> str | None:
    """The type of the instances; None where there are none."""
    return None if isinstance(serving, Serverless) else serving.instance_type


def instance_count_of(serving: Serving) -> int | None:
    """How many instances there are; None where there are none, or that is not known, or changes with the load."""
    if isinstance(serving, Serverless) or serving.auto_scaling is not None or not is_whole(serving.instance_count):
        return None
    return serving.instance_count


def variant_of(serving: Serving) -> dict[str, Any]:
    """The production variant, without its name and model."""
    if isinstance(serving, Serverless):
        return {"ServerlessConfig": render(part(serving, ServerlessVariant))}
    return dict(render(part(serving, InstanceVariant)))


def warnings_of(serving: Serving) -> dict[str, str]:
    """What surely is a mistake although it may pass."""
    instance_type = instance_type_of(serving)
    # [x86-images]
    if instance_type is None or is_token(instance_type) or not ARM.match(instance_type):
        return {}
    return {
        "arm_instance": (
            f"'{_PROP}.instance_type' is '{instance_type}', which has an ARM processor; as far as is known, "
            "Autopilot's images are made for x86"
        )
    }


def has_local_storage(serving: Serving) -> bool:
    """Whether the instances' disks are their own, so that no key can be given for them."""
    return _matches(LOCAL_STORAGE, serving)


def is_inf1(serving: Serving) -> bool:
    """Whether the instances are of the one family that knows no deployment policy."""
    return _matches(INF1, serving)


def _matches(pattern: Any, serving: Serving) -> bool:
    instance_type = instance_type_of(serving)
    return isinstance(instance_type, str) and not is_token(instance_type) and bool(pattern.match(instance_type))


def _instance_problems(serving: RealTime | Asynchronous) -> Iterator[str]:
    yield from problems(part(serving, InstanceVariant), is_token=is_token, path=_PROP)
    if serving.auto_scaling is not None and _matches(BURSTING, serving):
        yield (
            f"'{_PROP}.auto_scaling' does not fit '{serving.instance_type}': burstable instances cannot be scaled by "
            "their load"
        )


def _scaling_problems(scaling: object, fitting: Target, least: int, begins_with: object) -> Iterator[str]:
    if scaling is None:
        return
    if not isinstance(scaling, AutoScaling):
        yield f"'{_PROP}.auto_scaling' must be an AutoScaling, got {described(scaling)}"
        return
    found = list(scaling._problems(f"{_PROP}.auto_scaling", fitting, least))
    yield from found
    low, high = scaling.min_capacity, scaling.max_capacity
    if found or not (is_whole(low) and is_whole(high) and is_whole(begins_with)):
        return
    if not low <= begins_with <= high:
        name = "provisioned_concurrency" if fitting is Target.UTILIZATION else "instance_count"
        yield f"'{_PROP}.{name}' must lie between the bounds of 'auto_scaling', {low} and {high}, got {begins_with}"
