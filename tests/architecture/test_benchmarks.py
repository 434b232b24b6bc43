"""What `python3 dev.py bench` runs still runs, and it tells what is missed."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.measuring import Figure, in_turns
from benchmarks.processes import watch

ROOT = Path(__file__).parents[2]
APPS = ROOT / "benchmarks" / "apps"


@pytest.mark.parametrize("app", ["bare", "by_hand", "empty", "ours", "providers", "served"])
def test_app_is_synthesized(app: str, tmp_path: Path) -> None:
    in_turns({app: [sys.executable, str(APPS / f"{app}.py"), str(tmp_path / "out"), "2", "own-role"]}, 0)

    template = json.loads((tmp_path / "out" / "Bench.template.json").read_text())
    kinds = [each["Type"] for each in template.get("Resources", {}).values()]
    jobs = {"ours": 2, "served": 2}.get(app, 0)
    assert kinds.count("Custom::SageMakerAutoMLJob") == jobs
    assert kinds.count("AWS::SageMaker::Endpoint") == (2 if app == "served" else 0)


def test_call_is_timed() -> None:
    command = [sys.executable, str(APPS / "warm_call.py")]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=dict(os.environ))

    assert 0 < float(told.stdout) < 10_000


def test_missed_budget_is_told_and_none_is_no_budget() -> None:
    assert str(Figure("a job", 0.5, 0.45)).endswith("0.50       at most 0.45   MISSED")
    assert not Figure("a job", 0.45, 0.45).is_missed
    assert Figure("a job on a busy machine", math.nan, 0.45).is_missed
    assert not Figure("a further job", 900, unit=" ms").is_missed


def test_exit_code_and_the_row_of_the_page_say_what_was_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "performance.md"
    page.write_text("| day | machine | figures |\n| --- | --- | --- |\n")
    monkeypatch.setattr("benchmarks.__main__.PAGE", page)
    monkeypatch.setattr("benchmarks.synthesis.figures", lambda _: iter([Figure("a job", 0.5, 0.45), Figure("ms", 4)]))
    monkeypatch.setattr("benchmarks.function.figures", lambda _: iter([Figure("asset", 80, 90, " kB")]))
    monkeypatch.setattr(sys, "argv", ["bench", "--append"])

    assert bench.main() == 1

    assert "1 of 2 budgets missed" in capsys.readouterr().out
    assert page.read_text().endswith("a job: 0.50<br>asset: 80.00 kB |\n")
    monkeypatch.setattr("benchmarks.synthesis.figures", lambda _: iter([Figure("a job", 0.4, 0.45)]))
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert bench.main() == 0


def test_processes_are_told_with_those_that_they_start() -> None:
    busy = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    outer = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {busy!r}]) + 3)"

    code, seen = watch([sys.executable, "-c", outer])

    assert code == 3
    assert len(seen) == 2
    assert seen[1].command.endswith(busy)
    assert seen[1].processor > seen[0].processor
    assert 0 <= seen[0].began <= seen[1].began < seen[1].ended
