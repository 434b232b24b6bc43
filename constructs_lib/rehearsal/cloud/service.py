"""The SageMaker service on the wire: JSON 1.1 for the API, plain HTTP for invocations."""

import asyncio
import re
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

from constructs_lib.rehearsal.cloud import condition_keys
from constructs_lib.rehearsal.cloud.automl.execution import Runner
from constructs_lib.rehearsal.cloud.automl.job import Job
from constructs_lib.rehearsal.cloud.automl.operations import AutoML
from constructs_lib.rehearsal.cloud.automl.steps import Steps
from constructs_lib.rehearsal.cloud.batch.operations import Transforms
from constructs_lib.rehearsal.cloud.calls import Operation
from constructs_lib.rehearsal.cloud.connection import Connection, fresh_credentials
from constructs_lib.rehearsal.cloud.errors import InvocationError, ValidationError
from constructs_lib.rehearsal.cloud.hosting import registry, scaling
from constructs_lib.rehearsal.cloud.hosting.capacity import Quotas
from constructs_lib.rehearsal.cloud.hosting.operations import Hosting
from constructs_lib.rehearsal.cloud.ministack.ministack import Answer
from constructs_lib.rehearsal.cloud.settings import Settings
from constructs_lib.rehearsal.cloud.store import Place, Store
from constructs_lib.rehearsal.cloud.tagging import Tags
from constructs_lib.rehearsal.cloud.wire import JsonApi, guarded, here, members

TARGET_PREFIX = "SageMaker."
_INVOCATION = re.compile(r"/endpoints/([^/]+)/(async-)?invocations")
_NAMED = {
    "AutoMLJobName": "automl-job",
    "TrainingJobName": "training-job",
    "ProcessingJobName": "processing-job",
    "TransformJobName": "transform-job",
    "ModelName": "model",
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
}
"""The member that names the resource of a call, first one wins, with the resource's type in ARNs."""

_SPELLED = ("automl-job", "training-job", "processing-job")
"""Types whose ARNs keep the case of names, as packages and groups do."""

_REGISTERED = {
    "ModelPackageArn": registry.PACKAGE,
    "ModelPackageName": registry.PACKAGE,
    "ModelPackageGroupName": registry.GROUP,
}
"""The same for the Model Registry, whose members may hold an ARN, and whose ARNs keep the case of names."""

_ABOUT_ENDS = ("DescribeAutoMLJob", "DescribeAutoMLJobV2", "DescribeTransformJob")
ENDS_WITHIN = 3.0
"""Seconds that the answer to those waits for a job to stop, which mostly takes tenths of them; on AWS, minutes."""

_LOOK_EVERY = 0.02


class SageMaker:
    """The service as MiniStack calls it."""

    def __init__(self, settings: Settings, connection: Connection, store: Store) -> None:
        work = settings.work
        work.mkdir(exist_ok=True)
        self._store = store
        self._runner = Runner(store, connection, folder=work, training=settings.training)
        quotas = Quotas(settings.quotas)
        self._hosting = Hosting(store, connection, self._images, quotas, folder=work, training=settings.training)
        self._transforms = Transforms(store, self._hosting.models, self._hosting.containers, quotas, work)
        automl = AutoML(
            store,
            self._runner.start,
            acting_as=self._runner.acting_as,
            concurrent_jobs=settings.concurrent_jobs,
        )
        steps = Steps(store)
        operations = {
            **automl.operations,
            **steps.operations,
            **Tags(store).operations,
            **self._hosting.operations,
            **self._transforms.operations,
        }
        operations["DescribeTransformJob"] = steps.or_step(operations["DescribeTransformJob"])
        self._api = JsonApi("sagemaker", TARGET_PREFIX, operations)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations of the API by name."""
        return self._api.operations

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        """Answer one request. The thread keeps the event loop free for the requests this one makes."""
        del query
        if self._api.operation(headers) in _ABOUT_ENDS:
            await self._ended(self.resource_arn(method, path, headers, body))
        return await asyncio.to_thread(self._answer, path, headers, body)

    async def _ended(self, arn: str) -> None:
        """Wait for a job that is stopping: a function that sees it at work looks again after seconds."""
        latest = time.monotonic() + ENDS_WITHIN
        while time.monotonic() < latest and self._is_stopping(arn):
            await asyncio.sleep(_LOOK_EVERY)

    def _is_stopping(self, arn: str) -> bool:
        found = (resource for resource in self._store.everything() if resource.arn.lower() == arn.lower())
        return getattr(next(found, None), "status", "") == "Stopping"

    def tagged_resources(self) -> list[tuple[str, list[dict[str, str]]]]:
        """Each ARN with its tags, for `aws:ResourceTag` in policies."""
        return [(resource.arn, resource.tag_list) for resource in self._store.everything()]

    def resource_arn(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        """The resource that IAM asks about for a request, `*` when it names none."""
        del method
        place = here()
        if invocation := _INVOCATION.fullmatch(path):
            return place.arn("endpoint", unquote(invocation.group(1)))
        request = members(body)
        operation = self._api.operation(headers)
        # "not available on List calls", whatever they name.
        if operation.startswith("List") and operation != "ListTags":
            return "*"
        if isinstance(request.get("ResourceArn"), str):
            arn = str(request["ResourceArn"])
            return arn if any(f":{kind}" in arn for kind in (registry.PACKAGE, *_SPELLED)) else arn.lower()
        for member, kind in _REGISTERED.items():
            if isinstance(request.get(member), str):
                return _registered_arn(place, operation, kind, request[member])
        for member, kind in _NAMED.items():
            if isinstance(request.get(member), str):
                return (place.exact_arn if kind in _SPELLED else place.arn)(kind, request[member])
        return "*"

    def context(self, operation: str, body: bytes) -> condition_keys.Context:
        """What policies can test of a request."""
        return self._api.context(operation, body)

    def stop(self, timeout: float) -> None:
        """End everything that trains or serves."""
        self._transforms.stop()
        self._hosting.stop()
        self._runner.stop(timeout)

    def _images(self, place: Place) -> set[str]:
        """The images that candidates of the account's jobs have."""
        with self._store.lock:
            candidates = [candidate for job in self._store.at(place).of(Job).values() for candidate in job.candidates]
        return {
            container["Image"]
            for candidate in candidates
            for containers in (
                candidate.get("InferenceContainers", ()),
                *candidate.get("InferenceContainerDefinitions", {}).values(),
            )
            for container in containers
        }

    def _answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if invocation := _INVOCATION.fullmatch(path):
            endpoint, later = unquote(invocation.group(1)), bool(invocation.group(2))
            return guarded(path, lambda: self._invoke(endpoint, headers, body, later=later))
        return self._api.answer(path, headers, body)

    def _invoke(self, endpoint: str, headers: Mapping[str, str], body: bytes, *, later: bool) -> Answer:
        invocations = self._hosting.invocations
        try:
            reply = (invocations.later if later else invocations.at_once)(here(), endpoint, headers, body)
        except ValidationError as error:
            raise InvocationError(error.message) from None
        return reply.status, reply.headers, reply.body


def served() -> dict[str, list[str]]:
    """The operations that are served, by what botocore calls their service."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(
            port=0, account="", region="", access_key="", secret_key="",
            authority=folder, certificate=folder, key=folder, folder=folder,
        )  # fmt: skip
        connection = Connection(
            endpoint_url=settings.endpoint_url, certificate=folder, region="", root=fresh_credentials()
        )
        of_sagemaker = SageMaker(settings, connection, Store()).operations
    return {
        "sagemaker": list(of_sagemaker),
        "sagemaker-runtime": ["InvokeEndpoint", "InvokeEndpointAsync"],
        scaling.SERVICE: list(scaling.AutoScaling(Store()).operations),
    }


def _registered_arn(place: Place, operation: str, kind: str, name: str) -> str:
    if kind == registry.GROUP and operation == "CreateModelPackage":  # the version's number is not known yet
        return place.exact_arn(registry.PACKAGE, f"{name.rpartition('/')[2]}/*")
    return name if name.startswith("arn:") else place.exact_arn(kind, name)
