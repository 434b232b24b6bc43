"""The inference containers of a model: what their environments ask for together, and the process that answers."""

import contextlib
import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from constructs_lib.rehearsal.cloud.as_role import AsRole, Denied, S3Location, of_all
from constructs_lib.rehearsal.cloud.connection import Connection
from constructs_lib.rehearsal.cloud.environments import FEATURES, INPUT, LABELS, OUTPUT, TRANSFORM_MODE
from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.guards import NetworkInterfaces, VolumeGrant
from constructs_lib.rehearsal.cloud.hosting.records import Model
from constructs_lib.rehearsal.cloud.hosting.registry import Registry
from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.store import Json, Place
from constructs_lib.rehearsal.cloud.training_module import load_training

logger = logging.getLogger(__name__)

_ECR = re.compile(r"\d{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.[a-z.]+/\S+")
Images = Callable[[Place], Collection[str]]
"""The images that the service has handed out in an account and region."""

_WHOLE = [FEATURES, None, LABELS]
"""What the containers of a tuning candidate for a classification do, in their order. A regression has no third."""

_ALGORITHM_KEYS = ("predicted_label", "probability", "probabilities")
"""What the algorithm's container of a pipeline can answer; the one behind it adds the labels."""


class Unhealthy(Exception):  # noqa: N818 - says what happened
    """The containers do not answer the ping."""


class Serving:
    """One model that answers, and what it holds while it does."""

    def __init__(self, server: Any, role: AsRole, held: contextlib.ExitStack) -> None:
        self._server = server
        self._held = held
        self.role = role

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """The answer to one request, and its content type.

        Raises:
            ValueError: The model refuses the request.
            RuntimeError: The model failed.
        """
        answer: tuple[bytes, str] = self._server.predict(body, content_type, accept)
        return answer

    def kill(self) -> None:
        """End the process."""
        self._server.stop()

    def stop(self) -> None:
        """End the process and give back what it held. Without its role's permissions, some of that stays."""
        self.kill()
        try:
            self._held.close()
        except Denied as error:
            logger.warning("A model could not give back what it held: %s", error)


class Containers:
    """Starts the models of an account."""

    def __init__(
        self, registry: Registry, connection: Connection, images: Images, *, folder: Path, training: str
    ) -> None:
        self._registry = registry
        self._connection = connection
        self._images = images
        self._folder = folder
        self._training = training

    def definitions(self, place: Place, model: Model) -> list[Json]:
        """The containers of a model, those of a model package in its place.

        Raises:
            ValidationError: There is no such package, or it is not approved.
        """
        given = model.request.get("Containers") or [model.request["PrimaryContainer"]]
        resolved: list[Json] = []
        for container in given:
            if name := container.get("ModelPackageName"):
                resolved += self._packaged(place, name, container.get("Environment", {}))
            else:
                resolved.append(container)
        return resolved

    def check(self, place: Place, model: Model) -> None:
        """Raise for images and data that are not there; the data is looked for as the model's role.

        What can be served here are models of AutoML jobs, so the images that exist are those of their candidates.
        """
        containers, role_arn = self.definitions(place, model), model.request.get("ExecutionRoleArn")
        for container in containers:
            _check_image(container, self._images(place))
        role = role_arn and self._as_role(place, role_arn)
        for uri in dict.fromkeys(container.get("ModelDataUrl") for container in containers):
            if uri and role:
                _check_data(role, uri)

    def start(
        self,
        place: Place,
        model: Model,
        *,
        environment: Mapping[str, str] | None = None,
        volume_key: str | None = None,
        caller_may_grant: bool = False,
        source: str | None = None,
    ) -> Serving:
        """Read a model's data as its role and load it.

        Args:
            place: Where the model is.
            model: The model.
            environment: What a transform job adds to the containers' own.
            volume_key: The key of the volume under the containers.
            caller_may_grant: Whether who asks for it may let the service use that key.
            source: The ARN of the job that it is for. Default: it serves.

        Raises:
            Denied: The role may not, or what it should read is not there.
            Unhealthy: The containers do not come up.
        """
        role_arn = model.request.get("ExecutionRoleArn")
        containers = self.definitions(place, model)
        if not role_arn or any(not container.get("ModelDataUrl") for container in containers):
            raise ValidationError(f"The model {model.name} needs an ExecutionRoleArn and a ModelDataUrl to be served")
        role = self._as_role(place, role_arn, source)
        with contextlib.ExitStack() as held:
            held.enter_context(VolumeGrant(role, volume_key, caller_may_grant=caller_may_grant))
            held.enter_context(NetworkInterfaces(role, model.request.get("VpcConfig")))
            server = self._load(role, [with_environment(container, environment or {}) for container in containers])
            return Serving(server, role, held.pop_all())

    def _as_role(self, place: Place, role_arn: str, source: str | None = None) -> AsRole:
        return AsRole.assumed(role_arn, self._connection, place, source or of_all(place))

    def _load(self, role: AsRole, containers: Sequence[Json]) -> Any:
        folder = Path(tempfile.mkdtemp(prefix="model-", dir=self._folder))
        try:
            archives = [
                role.download(S3Location.parse(container["ModelDataUrl"]), folder / str(number) / "model.tar.gz")
                for number, container in enumerate(containers)
            ]
            environments = [container.get("Environment", {}) for container in containers]
            modes = [environment.get(TRANSFORM_MODE) for environment in environments]
            # Each part of a pipeline comes with the whole model here, so that of the algorithm stands for all.
            archive = archives[modes.index(None) if None in modes else 0]
            server = load_training(self._training).Server
            if modes == _WHOLE:
                return server.start(archive, {**environments[-1], OUTPUT: answer_keys(containers)})
            _check_order(modes)
            return server.start_containers(archive, environments)
        except (ValueError, RuntimeError) as error:
            raise Unhealthy(str(error)) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _packaged(self, place: Place, name: str, environment: Mapping[str, str]) -> list[Json]:
        package = self._registry.find(place, name)
        if package.version is not None and package.approval != "Approved":
            raise ValidationError(
                f"The model package {package.arn} is {package.approval}: only an approved one can be deployed"
            )
        containers = package.request.get("InferenceSpecification", {}).get("Containers", [])
        if not containers:
            raise ValidationError(f"The model package {package.arn} has no InferenceSpecification")
        return [with_environment(container, environment) for container in containers]


def _check_image(container: Json, known: Collection[str]) -> None:
    image = container.get("Image", "")
    if image in known:
        return
    if container.get("ImageConfig", {}).get("RepositoryAccessMode") == "Vpc":
        raise ValidationError(f"The rehearsal offers no image from a registry in a VPC, and {image} is one")
    if not _ECR.fullmatch(image):
        raise ValidationError(f'Using non-ECR image "{image}" without Vpc repository access mode is not supported.')
    raise ValidationError(f"Requested image {image} not found.")


def _check_data(role: AsRole, uri: str) -> None:
    try:
        there = role.has(S3Location.parse(uri))
    except Denied:
        raise ValidationError(
            f'Could not access model data at {uri}. Please ensure that the role "{role.role_arn}" exists and that its '
            f'trust relationship policy allows the action "sts:AssumeRole" for the service principal '
            f'"{ministack.PRINCIPAL}". Also ensure that the role has "s3:GetObject" permissions and that the object is '
            f"located in {role.place.region}. If your Model uses multiple models or uncompressed models, please ensure "
            'that the role has "s3:ListBucket" permission.'
        ) from None
    if not there:
        raise ValidationError(f"Could not find model data at {uri}.")


def with_environment(container: Json, more: Mapping[str, str]) -> Json:
    """A container with more variables, which win."""
    return {**container, "Environment": {**container.get("Environment", {}), **more}}


def _check_order(modes: Sequence[str | None]) -> None:
    """Raise unless these containers follow each other in a candidate as well."""
    if not any(list(modes) == _WHOLE[start : start + len(modes)] for start in range(len(_WHOLE))):
        raise ValueError(
            f"the containers are not in the order of the candidate: their {TRANSFORM_MODE} must be {FEATURES}, none "
            f"and, for a classification, {LABELS}"
        )


def answer_keys(containers: Sequence[Json]) -> str:
    """The keys that features, algorithm and labels together are told to answer with.

    The rules are those of AWS's page "Configure inference output in generated containers".

    Raises:
        ValueError: One container gives another what it does not take.
    """
    environments = [container.get("Environment", {}) for container in containers]
    given = _keys(environments[1].get(OUTPUT, ""))
    if strangers := [key for key in given if key not in _ALGORITHM_KEYS]:
        raise ValueError(
            f"{OUTPUT} of the second container asks for {', '.join(strangers)}; it answers with "
            f"{', '.join(_ALGORITHM_KEYS)}"
        )
    taken, answered = _keys(environments[2].get(INPUT, "")), _keys(environments[2].get(OUTPUT, ""))
    if taken != given:
        raise ValueError(
            f"{INPUT} of the third container ({', '.join(taken)}) is not {OUTPUT} of the second ({', '.join(given)})"
        )
    if missing := [key for key in answered if key not in (*taken, "labels")]:
        raise ValueError(f"{OUTPUT} of the third container asks for {', '.join(missing)}, which is not in its {INPUT}")
    return ",".join(answered)


def _keys(value: str) -> list[str]:
    return [key.strip() for key in value.split(",") if key.strip()]
