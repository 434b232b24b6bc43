"""The command that sets this checkout up."""

import sys
from pathlib import Path

import pytest

from dev import BIN, Environment


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    made = Environment(tmp_path / ".venv", tmp_path / "constraints.txt")
    made.make()
    (made.folder / "provided").write_text("all")
    return made


def test_an_environment_of_this_python_stays(environment: Environment) -> None:
    environment.make()

    assert (environment.folder / "provided").read_text() == "all"


@pytest.mark.parametrize("other", ["3.8.18", "3.1", "30.11.7"])
def test_an_environment_of_another_python_is_made_anew(other: str, environment: Environment) -> None:
    settings = environment.folder / "pyvenv.cfg"
    own = settings.read_text()
    this = ".".join(map(str, sys.version_info[:3]))
    settings.write_text(own.replace(f"version = {this}", f"version = {other}"))

    environment.make()

    assert settings.read_text() == own
    assert not (environment.folder / "provided").exists()


def test_an_environment_whose_python_is_gone_is_made_anew(environment: Environment) -> None:
    (environment.folder / BIN / "python").unlink()

    environment.make()

    assert (environment.folder / BIN / "python").exists()
    assert not (environment.folder / "provided").exists()
