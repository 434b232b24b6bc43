"""What is done with trained models: endpoints and their predictions, and the registry."""

from collections.abc import Mapping
from pathlib import Path

from constructs_lib.rehearsal.cloud.calls import Operation
from constructs_lib.rehearsal.cloud.connection import Connection
from constructs_lib.rehearsal.cloud.hosting.capacity import Quotas
from constructs_lib.rehearsal.cloud.hosting.containers import Containers, Images
from constructs_lib.rehearsal.cloud.hosting.endpoint import Endpoint
from constructs_lib.rehearsal.cloud.hosting.endpoint_configs import EndpointConfigs
from constructs_lib.rehearsal.cloud.hosting.endpoints import Endpoints
from constructs_lib.rehearsal.cloud.hosting.invocations import Invocations
from constructs_lib.rehearsal.cloud.hosting.models import Models
from constructs_lib.rehearsal.cloud.hosting.registry import Registry
from constructs_lib.rehearsal.cloud.hosting.rollout import Rollouts
from constructs_lib.rehearsal.cloud.store import Store


class Hosting:
    """The hosting half of the SageMaker API, and its runtime."""

    def __init__(
        self, store: Store, connection: Connection, images: Images, quotas: Quotas, *, folder: Path, training: str
    ) -> None:
        self._store = store
        registry = Registry(store)
        containers = Containers(registry, connection, images, folder=folder, training=training)
        models = Models(store, containers)
        configs = EndpointConfigs(store, models, containers)
        endpoints = Endpoints(store, configs, Rollouts(store, models, containers, connection), quotas)
        self.invocations = Invocations(store, folder)
        self.models = models
        self.containers = containers
        self._parts = (models, configs, endpoints, registry)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {name: operation for part in self._parts for name, operation in part.operations.items()}

    def stop(self) -> None:
        """End every process that serves."""
        for resource in self._store.everything():
            if isinstance(resource, Endpoint):
                for fleet in (resource.fleet, resource.arriving):
                    if fleet is not None:
                        fleet.kill()
