from collections.abc import Iterator
from pathlib import Path

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from .account import Account

TINY_TRAINING = str(Path(__file__).with_name("tiny_training.py"))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud.start(tmp_path_factory.mktemp("cloud"), training=TINY_TRAINING, concurrent_jobs=4) as running:
        yield running


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Account:
    return Account(cloud)
