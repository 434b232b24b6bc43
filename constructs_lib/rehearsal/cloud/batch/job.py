"""A batch transform job as the service remembers it."""

import threading
from dataclasses import dataclass, field

from constructs_lib.rehearsal.cloud.store import Resource


@dataclass(kw_only=True)
class TransformJob(Resource):
    """A batch transform job. The worker changes it under the store's lock."""

    status: str = "InProgress"
    failure_reason: str | None = None
    started: float | None = None
    ended: float | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
