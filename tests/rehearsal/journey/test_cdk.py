"""The CLI is the real one; what it has compiled once is not compiled again."""

from pathlib import Path

import pytest

from constructs_lib.rehearsal.cdk import Cdk, command
from constructs_lib.rehearsal.processes import Deadline, Running

COMMANDS = ("--version", "context", "nonsense")
"""One that ends at once, one that does something, one that fails."""


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    return Cdk({"HOME": str(tmp_path_factory.mktemp("home"))}, tmp_path_factory.mktemp("work"), Deadline(120), print)


def run(cli: Cdk, name: str) -> tuple[int, str]:
    with cli.start(name) as running:
        finished = cli.finish(running)
    return finished.code, finished.output


def plain(cli: Cdk, name: str) -> tuple[int, str]:
    environment = {**cli.environment, "CDK_DISABLE_VERSION_CHECK": "1"}
    with Running([*command(), name], folder=cli.logs, environment=environment, log=cli.logs / "plain.log") as running:
        finished = running.wait(Deadline(120), print)
    return finished.code, finished.output


def test_it_does_the_same_as_without_what_was_compiled_before(cli: Cdk) -> None:
    kept = cli.logs / "cdk.compiled"
    assert not kept.exists()
    run(cli, "--version")
    before = kept.stat()
    assert before.st_size > 1_000_000, "nothing was kept"
    assert [run(cli, name) for name in COMMANDS] == [plain(cli, name) for name in COMMANDS]
    assert (kept.stat().st_ino, kept.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns), "it was compiled again"
    assert list(cli.logs.glob("cdk.compiled.*")) == []


def test_what_is_damaged_is_compiled_again(cli: Cdk, tmp_path: Path) -> None:
    kept = cli.logs / "cdk.compiled"
    for damaged in (b"", b"not compiled", b"\0" * 4_000_000):
        kept.write_bytes(damaged)
        assert run(cli, "--version") == plain(cli, "--version")
        assert kept.stat().st_size > 1_000_000
        assert kept.read_bytes()[:12] != damaged[:12]


def test_what_cannot_be_kept_is_compiled_each_time(cli: Cdk) -> None:
    kept = cli.logs / "cdk.compiled"
    kept.unlink(missing_ok=True)
    kept.mkdir()
    assert run(cli, "--version") == plain(cli, "--version")
    assert list(cli.logs.glob("cdk.compiled.*")) == []
