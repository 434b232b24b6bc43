from collections.abc import Iterator
from pathlib import Path

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..cloud.account import Account
from ..waiting.stage import WAIT_SCALE
from .stage import Serving

TINY_MODELS = str(Path(__file__).with_name("tiny_models.py"))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """An account whose jobs take no time, and whose models say which they are."""
    folder = tmp_path_factory.mktemp("cloud")
    with Cloud.start(folder, training=TINY_MODELS, concurrent_jobs=20, wait_scale=WAIT_SCALE) as cloud:
        yield Serving(cloud, Account(cloud))
