"""The containers that serve a job's best candidate."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import jobs
from .clients import Aws
from .contract import CandidateProperty, Property
from .description import Description
from .failure import Failure
from .retry import Clock, patiently
from .shapes import read_number

Container = dict[str, Any]

SUPPORTED = "SAGEMAKER_INFERENCE_SUPPORTED"
OUTPUT = "SAGEMAKER_INFERENCE_OUTPUT"
INPUT = "SAGEMAKER_INFERENCE_INPUT"
"""What a container says, and is told, about the content of answers."""

_GPU = re.compile(r"ml\.[gp]\d")
"""Instance types with an NVIDIA GPU. On Inferentia and Trainium the containers for CPU run, those for GPU do not."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a resource wants of the candidate's containers."""

    job_name: str
    is_gpu: bool
    response_keys: tuple[str, ...]
    max_containers: int | None

    @property
    def content(self) -> dict[str, object]:
        """All that, changed, makes other containers, as JSON takes it."""
        return {
            Property.JOB_NAME: self.job_name,
            "Processor": self.processor,
            CandidateProperty.RESPONSE_KEYS: list(self.response_keys),
            CandidateProperty.MAX_CONTAINERS: self.max_containers,
        }

    @property
    def processor(self) -> str:
        """The API's name for what the containers compute with."""
        return "GPU" if self.is_gpu else "CPU"


def is_gpu(instance_type: str) -> bool:
    """Whether an instance type has a GPU for which there are containers."""
    return _GPU.match(instance_type) is not None


def read(properties: Mapping[str, object]) -> Wanted:
    """Read the resource properties."""
    if not properties.get(Property.JOB_NAME):
        raise Failure(f"the resource properties lack {Property.JOB_NAME}")
    keys = properties.get(CandidateProperty.RESPONSE_KEYS, [])
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise Failure(f"'{CandidateProperty.RESPONSE_KEYS}' must be a list of text, got {keys!r}")
    most = properties.get(CandidateProperty.MAX_CONTAINERS)
    number = None if most is None else read_number(most)
    if most is not None and (number is None or number != int(number) or number < 1):
        raise Failure(f"'{CandidateProperty.MAX_CONTAINERS}' must be a whole number of at least 1, got {most!r}")
    return Wanted(
        job_name=str(properties[Property.JOB_NAME]),
        is_gpu=is_gpu(str(properties.get(CandidateProperty.INSTANCE_TYPE, ""))),
        response_keys=tuple(keys),
        max_containers=None if number is None else int(number),
    )


def describe(wanted: Wanted, aws: Aws, clock: Clock) -> Description:
    """The job, which has ended with a best candidate."""
    reply = patiently(lambda: jobs.describe(aws.sagemaker, wanted.job_name), clock)
    if reply is None:
        raise Failure(f"the AutoML job '{wanted.job_name}' does not exist in this account and region")
    job = Description(reply)
    if not job.has_ended:
        raise Failure(
            f"the AutoML job '{wanted.job_name}' is {job.state}: until its end another candidate may become the best"
        )
    if not job.has_candidate:
        raise Failure(f"the AutoML job '{wanted.job_name}' is {job.state} and has no best candidate that could serve")
    return job


# [cpu-containers]
def containers(job: Description, wanted: Wanted) -> list[Container]:
    """The candidate's containers in the order in which a request passes them, told what answers are to hold."""
    found = [_container(each) for each in _choose(job, wanted)]
    if wanted.max_containers is not None and len(found) > wanted.max_containers:
        raise Failure(
            f"the best candidate of the AutoML job '{wanted.job_name}' needs {len(found)} containers in a row, and a "
            f"serverless endpoint takes {wanted.max_containers}: serve it on instances, or train in ENSEMBLING mode"
        )
    if wanted.response_keys:
        _tell(found, wanted)
    return found


def _choose(job: Description, wanted: Wanted) -> Sequence[Mapping[str, Any]]:
    best = job.reply["BestCandidate"]
    by_processor = best.get("InferenceContainerDefinitions") or {}
    # A container for CPU runs on an instance with a GPU too, only not the other way round.
    fitting = by_processor.get(wanted.processor) or by_processor.get("CPU")
    if found := fitting if by_processor else best.get("InferenceContainers"):
        return list(found)
    if by_processor:
        raise Failure(
            f"the best candidate of the AutoML job '{wanted.job_name}' has containers for {', '.join(by_processor)} "
            f"only, not for {wanted.processor}: choose an instance type with a GPU, such as ml.g4dn.xlarge"
        )
    raise Failure(f"the best candidate of the AutoML job '{wanted.job_name}' has no containers to serve it with")


def _container(described: Mapping[str, Any]) -> Container:
    copied: Container = {name: described[name] for name in ("Image", "ModelDataUrl") if described.get(name)}
    return copied | {"Environment": dict(described.get("Environment") or {})}


def _tell(found: Sequence[Container], wanted: Wanted) -> None:
    """Have each container put out the keys that it knows, and the next one take them in."""
    known = supported(found[-1])
    if bad := [key for key in wanted.response_keys if key not in known]:
        said = f"it supports {', '.join(known)}" if known else "its answers cannot be chosen"
        raise Failure(
            f"the best candidate of the AutoML job '{wanted.job_name}' cannot answer with {', '.join(bad)} "
            f"('inference_response_keys'): {said}"
        )
    before = ""
    for container in found:
        known = supported(container)
        content = ",".join(key for key in wanted.response_keys if key in known)
        if before and known:
            container["Environment"][INPUT] = before
        if content:
            container["Environment"][OUTPUT] = content
        before = content


def supported(container: Container) -> list[str]:
    """What its answers can hold; empty where it does not say."""
    stated = str(container["Environment"].get(SUPPORTED, ""))
    return [key.strip() for key in stated.split(",") if key.strip()]
