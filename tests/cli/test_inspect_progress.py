"""The bar that shows how far `automl inspect` is: on a terminal only, and gone in the end."""

import importlib.util
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli import inspection, main


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(inspection, "_LONG", 1_000)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    Path("data.csv").write_text("a,y\n" + "".join(f"{row},{row % 2}\n" for row in range(1_000)))


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, *more: str) -> str:
    """What standard error shows where it is a terminal."""
    master, slave = os.openpty()
    shown: list[bytes] = []

    def read() -> None:
        try:
            while part := os.read(master, 4096):
                shown.append(part)
        except OSError:  # the other end is closed
            return

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(slave, "w", encoding="utf-8") as terminal, monkeypatch.context() as patch:
        patch.setattr("sys.stderr", terminal)
        assert main(["inspect", "data.csv", "--target", "y", *more]) == 0
    reader.join(10)
    os.close(master)
    return b"".join(shown).decode()


def test_a_terminal_shows_how_far_it_is_and_nothing_in_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = on_a_terminal(monkeypatch)

    size = Path("data.csv").stat().st_size / 1000
    assert "reading" in shown
    assert f"{size:.1f}/{size:.1f} kB" in shown
    *_, after = shown.rsplit("reading", 1)
    assert after.endswith(("\x1b[1A\x1b[2K", "\x1b[2K"))
    assert capsys.readouterr().out.startswith("data.csv, as ")


def test_a_small_file_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "_LONG", 1_000_000)

    assert on_a_terminal(monkeypatch) == ""


def test_programs_see_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_a_terminal(monkeypatch, "--json") == ""


def test_a_pipe_shows_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "data.csv", "--target", "y"]) == 0
    assert capsys.readouterr().err == ""


def test_without_rich_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found: Any = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "rich" else found(name))

    assert on_a_terminal(monkeypatch) == ""
