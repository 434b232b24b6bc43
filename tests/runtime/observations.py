"""What the real service was seen to answer about jobs: `observed/*.json`.

Each file has where it was seen, what in it is `invented` as no source shows it, the answer of `DescribeAutoMLJobV2`,
and what lies in S3. Jobs of `CreateAutoMLJob` were seen in the answers of `DescribeAutoMLJob`; what that call has in
other places stands where botocore's model of `DescribeAutoMLJobV2` has it.
"""

import copy
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .fake_hosting import HostingWorld
from .fake_sagemaker import FakeJob

FOLDER = Path(__file__).parent / "observed"


@dataclass(frozen=True)
class Observation:
    """A job as it was seen, and what the function is to make of it."""

    name: str
    describe: dict[str, Any]
    s3: list[str]
    expected: dict[str, Any]

    @property
    def job_name(self) -> str:
        return str(self.describe["AutoMLJobName"])

    def into(self, world: HostingWorld) -> FakeJob:
        """Let the service of a world answer so."""
        job = world.hosting.add_job(self.job_name, {})
        job.status = self.describe["AutoMLJobStatus"]
        job.told = copy.deepcopy(self.describe)
        job.candidates = [job.told["BestCandidate"]] if "BestCandidate" in job.told else []
        world.s3.store(*self.s3)
        return job


def observed(name: str) -> Observation:
    """One of them."""
    read = json.loads((FOLDER / f"{name}.json").read_text())
    return Observation(name, _timed(read["describe"]), read["s3"], read["expected"])


def _timed(value: Any) -> Any:
    """With times as botocore makes them."""
    if isinstance(value, dict):
        return {
            name: datetime.fromisoformat(member) if name.endswith("Time") else _timed(member)
            for name, member in value.items()
        }
    return [_timed(member) for member in value] if isinstance(value, list) else value


OBSERVED = [observed(path.stem) for path in sorted(FOLDER.glob("*.json"))]
