from collections.abc import Iterator

import pytest

from constructs_lib.rehearsal.cdk import expect_success
from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..cloud.account import Account
from ..waiting.conftest import PACED_TRAINING
from ..waiting.stage import WAIT_SCALE
from .stage import Operator


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """An account that is bootstrapped, with somebody who operates stacks in it."""
    folder = tmp_path_factory.mktemp("cloud")
    with Cloud.start(folder / "cloud", training=PACED_TRAINING, concurrent_jobs=50, wait_scale=WAIT_SCALE) as cloud:
        found = Operator(cloud, Account(cloud), folder)
        expect_success("bootstrap", found.run("bootstrap", f"aws://{cloud.account}/{cloud.region}"))
        yield found
