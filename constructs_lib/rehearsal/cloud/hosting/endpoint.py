"""An endpoint as the service remembers it, and tells of it."""

import re
from dataclasses import dataclass, field

from constructs_lib.rehearsal.cloud.hosting.capacity import Instances, instances
from constructs_lib.rehearsal.cloud.hosting.fleet import Fleet
from constructs_lib.rehearsal.cloud.ministack import bus
from constructs_lib.rehearsal.cloud.store import Json, Resource, now

_CHANGED = "SageMaker Endpoint State Change"
_DEPLOYMENT_CHANGED = "SageMaker Endpoint Deployment State Change"
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


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

    def become(self, status: str) -> None:
        """Have another status, and tell the bus."""
        self.status, self.modified = status, now()
        self.tell()

    def tell(self) -> None:
        """Tell the bus of the status."""
        bus.put("aws.sagemaker", _CHANGED, self._told, self.arn)

    def tell_deployment(self, status: str, variants: int) -> None:
        """Tell the bus what is being done to that many variants: `Creating`, `Updating`, `Baking`."""
        pending = {"ProductionVariants": [{"VariantStatus": [{"Status": status}]}] * variants}
        bus.put("aws.sagemaker", _DEPLOYMENT_CHANGED, {**self._told, "PendingDeploymentSummary": pending}, self.arn)

    @property
    def _told(self) -> Json:
        """What events have of it: a status as `IN_SERVICE`, times as milliseconds."""
        return {
            "EndpointName": self.name,
            "EndpointConfigName": self.config_name,
            "EndpointStatus": _CAPITAL.sub("_", self.status).upper(),
            "CreationTime": round(self.created * 1000),
            "LastModifiedTime": round(self.modified * 1000),
        }

    @property
    def instances(self) -> Instances:
        """All that it uses up of quotas."""
        if self.fleet is None:
            return self.coming
        counts = {variant.name: variant.instances for variant in self.fleet.variants.values()}
        return self.coming + instances(self.fleet.config.request, counts)
