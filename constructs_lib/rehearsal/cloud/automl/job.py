"""An AutoML job as the service remembers it."""

import threading
from dataclasses import dataclass, field

from constructs_lib.rehearsal.cloud.store import TERMINAL, Json, Place, Resource

TUNING = "HYPERPARAMETER_TUNING"
"""The mode whose candidates are pipelines, and in which a job runs that names no mode."""


@dataclass(kw_only=True)
class Job(Resource):
    """An AutoML job. The worker changes it under the store's lock."""

    place: Place
    version: int
    """1 when it was made by `CreateAutoMLJob`, 2 by `CreateAutoMLJobV2`."""
    settings: Json
    """The request in the shape of version 2, whichever call made the job."""
    caller_may_grant_keys: bool = False
    status: str = "InProgress"
    secondary_status: str = "Starting"
    ended: float | None = None
    failure_reason: str | None = None
    candidates: list[Json] = field(default_factory=list)
    best: Json | None = None
    problem_type: str | None = None
    """Known when the data is analysed, as is what follows."""
    objective: str | None = None
    direction: str | None = None
    mode: str | None = None
    """Of a tabular job, the mode that it runs in."""
    artifacts: Json = field(default_factory=dict)
    endpoint_name: str | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def is_pipeline(self) -> bool:
        """Whether its candidates are several containers in a row."""
        return self.mode == TUNING

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.status not in TERMINAL
