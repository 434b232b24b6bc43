"""What the launcher tells the server; it crosses as one JSON variable."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "REHEARSAL_CLOUD"

DEFAULT_TRAINING = "constructs_lib.rehearsal.training"
"""The module that trains and serves: a dotted name, or the path of a Python file."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One server's settings."""

    port: int
    account: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    """The run's own credentials, those of the account's root."""

    authority: Path
    certificate: Path
    key: Path
    folder: Path
    training: str = DEFAULT_TRAINING
    concurrent_jobs: int = 4
    quotas: Mapping[str, int] = field(default_factory=dict)
    """How many instances there may be, by the names of Service Quotas: `ml.m5.large for endpoint usage`, and the same
    for `transform job usage`. Default of each: 20."""

    records_decisions: bool = False
    """Whether `decisions` is written."""

    trains_soon: bool = False
    """Whether the processes that train are started at once, instead of with the first job."""

    @property
    def decisions(self) -> Path:
        """What each call of a role rested on, a line of JSON for each kind."""
        return self.folder / "decisions.jsonl"

    @property
    def deliveries(self) -> Path:
        """How often events arrive, by their detail types, as JSON; without the file each arrives once."""
        return self.folder / "deliveries.json"

    @property
    def work(self) -> Path:
        """Where the server unpacks, trains and serves."""
        return self.folder / "work"

    @property
    def endpoint_url(self) -> str:
        """Where clients reach the server."""
        return f"https://localhost:{self.port}"

    def to_json(self) -> str:
        """The settings for `VARIABLE`."""
        return json.dumps(dataclasses.asdict(self), default=str)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings that the launcher gave."""
        values = json.loads(environment[VARIABLE])
        paths = {name: Path(values[name]) for name in ("authority", "certificate", "key", "folder")}
        return cls(**{**values, **paths})
