"""A batch transform job as the service remembers it."""

import threading
from dataclasses import dataclass, field

from constructs_lib.rehearsal.cloud.hosting.capacity import Instances
from constructs_lib.rehearsal.cloud.store import TERMINAL, Resource


@dataclass(kw_only=True)
class TransformJob(Resource):
    """A batch transform job. The worker changes it under the store's lock."""

    status: str = "InProgress"
    failure_reason: str | None = None
    started: float | None = None
    ended: float | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def instances(self) -> Instances:
        """What it uses up of quotas while it runs."""
        resources = self.request["TransformResources"]
        running = self.status not in TERMINAL
        return Instances({resources["InstanceType"]: resources["InstanceCount"]} if running else {})
