from collections.abc import Iterator
from pathlib import Path

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from .account import Account

QUOTAS = {
    "ml.m5.large for endpoint usage": 200,
    "ml.c5.large for endpoint usage": 2,
    "ml.c5.xlarge for transform job usage": 0,
}
TINY_TRAINING = str(Path(__file__).with_name("tiny_training.py"))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    with Cloud.start(folder, training=TINY_TRAINING, concurrent_jobs=4, quotas=QUOTAS) as running:
        yield running


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Account:
    return Account(cloud)
