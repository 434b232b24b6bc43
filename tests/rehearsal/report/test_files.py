"""The report is written as a whole, however a rehearsal ends, or it is said why not."""

import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli import main
from constructs_lib.cli.verify.assumptions import ASSUMPTIONS
from constructs_lib.rehearsal import rehearse as module
from constructs_lib.rehearsal.failures import CannotStartError, CheckFailedError, Evidence
from constructs_lib.rehearsal.processes import Deadline
from constructs_lib.rehearsal.record import Record
from constructs_lib.rehearsal.rehearse import Options, rehearse
from constructs_lib.rehearsal.report import files, gather
from constructs_lib.rehearsal.screen import Plain

from ..journey import world as scripted
from ..journey.test_assembly import JOB
from ..journey.world import World
from .sample import FULL


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def time_is_up() -> None:
    Deadline(-1).check("waiting for a job or an endpoint")


def interrupt() -> None:
    raise KeyboardInterrupt


def fail() -> None:
    raise CheckFailedError("Plain/Job ended Failed", Evidence("cdk deploy", "\x1b[31mthe end\nof the log"))


def break_down() -> None:
    raise ZeroDivisionError("ours")


@pytest.mark.parametrize(
    ("how", "error", "status", "reason"),
    [
        (fail, CheckFailedError, "failed", "Plain/Job ended Failed"),
        (time_is_up, CheckFailedError, "timed out", "the rehearsal was not over after"),
        (interrupt, KeyboardInterrupt, "interrupted", "it was interrupted"),
        (break_down, ZeroDivisionError, "failed", "ZeroDivisionError: ours"),
    ],
)
def test_report_is_written_however_it_ends(
    how: Any, error: type[BaseException], status: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def walk(app: object, seeds: object, options: object, folder: object, record: Record) -> None:
        with record.step("cdk deploy"):
            record.expect(True, "one thing holds")
            how()

    monkeypatch.setattr(module, "_walk", walk)
    reports = [tmp_path / "out.json", tmp_path / "out.html"]
    app = tmp_path / "app.py"
    app.touch()
    with pytest.raises(error):
        rehearse(Options(app=str(app), reports=reports), io.StringIO())

    facts = read(reports[0])
    assert facts["schema_version"] == 1
    assert facts["verdict"]["status"] == status
    assert facts["verdict"]["reason"].startswith(reason)
    [step] = facts["steps"]
    assert (step["title"], step["status"], step["checks"]) == ("cdk deploy", "failed", ["one thing holds"])
    assert reason in reports[1].read_text(encoding="utf-8")
    assert sorted(tmp_path.iterdir()) == sorted([app, *reports])
    if how is fail:
        assert facts["verdict"]["evidence"] == [{"title": "cdk deploy", "text": "the end\nof the log"}]


def test_report_tells_that_it_could_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["rehearse", "nowhere", "--report", "out.json"]) == 2
    assert read(tmp_path / "out.json")["verdict"]["status"] == "could not start"
    printed = capsys.readouterr()
    assert printed.err.startswith("'nowhere' is no app: give a folder with a cdk.json")
    assert printed.out == "Report: out.json\n"


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("out.pdf", "--report out.pdf: a report is written as .json or .html, told by the end of the file's name"),
        ("nowhere/out.json", "--report nowhere/out.json: there is no folder nowhere"),
        ("folder.json", "--report folder.json: this is a folder"),
    ],
)
def test_report_that_cannot_be_written_is_refused_before_anything_begins(
    path: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.json").mkdir()
    assert main(["rehearse", "nowhere", "--report", path]) == 2
    assert capsys.readouterr().err.splitlines()[0] == complaint


def test_folder_that_nobody_may_write_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(CannotStartError, match=r"out\.json: it cannot be written: permission denied"):
        files.require_writable([tmp_path / "out.json"])


def test_file_that_cannot_be_written_at_the_end_is_told_and_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert files.write(FULL, [path]) == [f"the report {path} could not be written: No space left on device"]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_numbers_that_json_does_not_know_become_null(tmp_path: Path) -> None:
    study = replace(FULL.jobs[0].study, residuals={"mean": float("nan"), "maximum": float("inf")})
    facts = replace(FULL, jobs=[replace(FULL.jobs[0], study=study)])
    assert files.write(facts, [tmp_path / "out.json"]) == []
    assert read(tmp_path / "out.json")["jobs"][0]["study"]["residuals"] == {"mean": None, "maximum": None}


@pytest.mark.usefixtures("impatient")
def test_facts_of_a_whole_life(tmp_path: Path) -> None:
    record = scripted.walk(World(), tmp_path, {"Job": JOB})
    record.app, record.stacks = "app.py", ["Plain"]
    record.templates = record.deployments[0].templates
    facts = gather.facts(record, ASSUMPTIONS, None)

    assert facts.verdict.status == "passed"
    assert facts.verdict.checks == sum(len(step.checks) for step in record.steps) > 10
    assert [step.number for step in facts.steps] == list(range(1, len(record.steps) + 1))
    assert {step.of for step in record.steps} == {len(record.steps)}, "what was planned was done"
    [job] = facts.jobs
    assert [(each.rank, each.name, each.trained_here) for each in job.candidates] == [(1, "randomforest", "a forest")]
    assert [each.step for each in facts.deployments] == [
        "cdk deploy",
        "the same app again",
        "an update that trains again",
        "an update of tags alone",
        "an update that fails and rolls back",
    ]
    changed = [[change.logical_id for change in each.stacks[0].changes] for each in facts.deployments]
    assert changed == [[], [], ["Job"], ["Job"], ["Job", "RehearsalNobodySignals", "RehearsalNobodySignalsHandle"]]
    assert facts.outputs == {"Plain": {"JobName": "job-1"}}
    assert facts.deployments[0].stacks[0].resources[0].status == "CREATE_COMPLETE"
    assert "reverse-update" in {each.id for each in facts.assumptions}


def test_record_notes_what_is_told() -> None:
    out = io.StringIO()
    record = Record(Plain(out, verbose=False))
    with record.step("outputs"):
        record.say("Stack.Name = value")
    assert record.steps[0].notes == ["Stack.Name = value"]
    assert "Stack.Name = value" in out.getvalue()
