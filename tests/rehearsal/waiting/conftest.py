from collections.abc import Iterator
from pathlib import Path

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..cloud.account import Account
from .stage import WAIT_SCALE, Stage

PACED_TRAINING = str(Path(__file__).with_name("paced_training.py"))


@pytest.fixture(scope="module")
def concurrent_jobs() -> int:
    """The quota of jobs; a module may have another one."""
    return 4


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, concurrent_jobs: int) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("cloud")
    with Cloud.start(folder, training=PACED_TRAINING, concurrent_jobs=concurrent_jobs, wait_scale=WAIT_SCALE) as cloud:
        yield Stage(cloud, Account(cloud))
