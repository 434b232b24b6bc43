"""An endpoint as the service remembers it."""

from dataclasses import dataclass, field

from constructs_lib.rehearsal.cloud.hosting.capacity import Instances, instances
from constructs_lib.rehearsal.cloud.hosting.fleet import Fleet
from constructs_lib.rehearsal.cloud.store import Json, Resource


@dataclass(kw_only=True)
class Endpoint(Resource):
    """An endpoint, with the models that answer for it."""

    config_name: str
    status: str = "Creating"
    failure_reason: str | None = None
    fleet: Fleet | None = None
    arriving: Fleet | None = None
    """What an update brings in."""

    share: float = 0.0
    """The part of the requests that go to what is arriving."""

    deployment: Json | None = None
    """The deployment configuration of the last update."""

    coming: Instances = field(default_factory=Instances)
    """The instances that something under way has been granted beside those of the fleet."""

    @property
    def instances(self) -> Instances:
        """All that it uses up of quotas."""
        if self.fleet is None:
            return self.coming
        counts = {variant.name: variant.instances for variant in self.fleet.variants.values()}
        return self.coming + instances(self.fleet.config.request, counts)
