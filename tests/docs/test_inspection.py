"""`docs/data.md` shows what `automl inspect` prints."""

import re
import shlex

import pytest

from constructs_lib.cli import main

from .blocks import ROOT

_SHOWN = re.compile(r"```console\n\$ automl (inspect examples/[^\n]*)\n```\n\n```text\n(.*?)```", re.DOTALL)
SHOWN = _SHOWN.findall((ROOT / "docs" / "data.md").read_text(encoding="utf-8"))


def test_there_are_outputs() -> None:
    assert len(SHOWN) == 2


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=lambda text: text[:40])
def test_the_output_is_the_one_that_is_shown(
    command: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out == shown
