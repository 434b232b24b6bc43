"""What `automl rehearse` says fits the screen: no line is longer, and no word that fits on a line is cut."""

import io
import os
import re
from pathlib import Path

import pytest
from rich.console import Console

from constructs_lib.cli import main
from constructs_lib.rehearsal.account import Candidate, JobState, TrainingReport
from constructs_lib.rehearsal.record import Answered, Record, Told
from constructs_lib.rehearsal.rehearse import closing
from constructs_lib.rehearsal.screen import Lively, Plain, Step, choose
from constructs_lib.rehearsal.text import table, width_of, wrapped

WIDTHS = [60, 80, 120, 200]
NAME = "quickstd3b2-credit-lrstxmlsfoplx"
CHECK = (
    "the old one is released: the stack never takes it back, whatever comes, and its outcome is told to everybody who "
    "has asked for it in time"
)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:automl-job/quickstd3b2-credit-lrstxmlsfoplx/with/many/more/parts/behind"


class Screen(io.StringIO):
    """A screen that has no number of columns of its own."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only is enough here
        return "utf-8"

    def isatty(self) -> bool:
        return self._terminal


def words(text: str) -> set[str]:
    return set(text.split())


def record(screen: Plain | Lively) -> Record:
    candidate = Candidate(
        name="WeightedEnsemble-L3-FULL-t1",
        status="Completed",
        metric="AUC",
        value=0.8249,
        smaller_is_better=False,
        seconds=0.1,
    )
    state = JobState(
        name=NAME,
        arn=ARN,
        status="Completed",
        stage="Completed",
        failure_reason="",
        endpoint="",
        output="s3://results/",
        seconds=3.0,
        candidates=(candidate,),
    )
    made = Record(screen, planned=2)
    with made.step("what the deployment has waited for"):
        made.say(CHECK)
        made.expect(True, CHECK)
    trained = {candidate.name: "the mean of all other candidates' predictions (Autopilot stacks them)"}
    made.trained.append((state, TrainingReport((CHECK,), trained)))
    made.told.append(
        Told("Loans/Outcome", NAME, "met: AUC is 0.8249, wanted at least 0.6", f"s3://results/{NAME}.json")
    )
    made.answered.append(Answered("loans", [NAME], candidate.name, ("probability",), "3 rows", "yes,0.9 | no,0.1"))
    made.not_shown.append(CHECK)
    return made


@pytest.mark.parametrize("width", WIDTHS)
def test_closing_lines_fit_and_use_the_screen(width: int) -> None:
    lines = list(closing(record(Plain(io.StringIO(), verbose=False)), width))
    assert max(map(len, lines)) <= width
    assert max(map(len, lines)) > min(width, 120) * 0.75
    said = words("\n".join(lines))
    assert words(CHECK) <= said
    assert {NAME, "WeightedEnsemble-L3-FULL-t1", "0.8249", "predictions", "candidates'"} <= said


@pytest.mark.parametrize("width", WIDTHS)
def test_plain_lines_fit(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = Screen(terminal=False)
    record(Plain(out, verbose=False))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert words(CHECK) <= words(out.getvalue())
    assert all(line.isprintable() for line in lines)
    assert "Step 1 of 2: what the deployment has waited for" in out.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
def test_lively_lines_fit(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Screen(terminal=True)
    with choose(out, verbose=False) as screen:
        assert isinstance(screen, Lively)
        record(screen)
    lines = [line for line in printed(out.getvalue()).splitlines() if line.strip()]
    assert max(map(len, lines)) <= width
    assert words(CHECK) <= words(printed(out.getvalue()))
    assert "✓ Step 1 of 2: what the deployment has waited for" in printed(out.getvalue())


@pytest.mark.parametrize("width", WIDTHS)
def test_what_moves_on_a_terminal_is_not_cut(width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=30)
    screen = Lively(console, verbose=False)
    screen.begin(Step("what the deployment has waited for", number=5, of=14))
    screen.activity(CHECK)
    screen.training(record(Plain(io.StringIO(), verbose=False)).trained[0][0])
    with console.capture() as shown:
        console.print(screen.view())
    text = printed(shown.get())
    assert words(CHECK) | {NAME, "WeightedEnsemble-L3-FULL-t1", "Step"} <= words(text)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width


def printed(text: str) -> str:
    """What is left to read: without colours, and with a line begun anew where the terminal does so."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "\n")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", ["rehearse", "inspect", "v2", "check"])
def test_help_fits_and_uses_the_screen(
    command: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    with pytest.raises(SystemExit):
        main([command, "--help"])
    lines = capsys.readouterr().out.splitlines()
    whole = [line for line in lines if len(line.split()) > 2]  # argparse leaves a long option of the usage whole
    assert max(map(len, whole)) <= width
    assert max(map(len, whole)) > min(width, 180) * 0.8


def test_lists_of_a_help_keep_their_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit):
        main(["rehearse", "--help"])
    assert (
        "  path/to/folder       the app of the cdk.json there, or a\n                       cloud"
        in capsys.readouterr().out
    )


def test_without_a_terminal_lines_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    out = Screen(terminal=False)
    assert width_of(out) is None
    record(Plain(out, verbose=False))
    assert f"  ok: {CHECK}\n" in out.getvalue()


def test_width_is_that_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((97, 30)))
    out = Screen(terminal=True)
    monkeypatch.setattr(out, "fileno", lambda: 1, raising=False)
    assert width_of(out) == 97


def test_word_that_is_longer_than_a_line_is_parted_where_its_parts_end() -> None:
    assert wrapped(f"see {ARN}", 60, first="- ", others="  ") == [
        "- see arn:aws:sagemaker:us-east-1:123456789012:automl-job/",
        "  quickstd3b2-credit-lrstxmlsfoplx/with/many/more/parts/",
        "  behind",
    ]


def test_lines_of_a_text_stay_with_what_they_are_indented_by() -> None:
    assert wrapped("a failed\n  because of b c", 14) == ["a failed", "  because of b", "  c"]


def test_table_is_told_cell_by_cell_where_the_screen_is_too_narrow() -> None:
    head, row = ("rank", "candidate", "trained here"), ("1", "WeightedEnsemble-L3-FULL-t1", "a forest")
    assert table(head, [row], 30) == [
        "rank 1",
        "  candidate WeightedEnsemble-",
        "    L3-FULL-t1",
        "  trained here a forest",
    ]
    assert table(head, [row], 60) == [
        "rank  candidate                    trained here",
        "1     WeightedEnsemble-L3-FULL-t1  a forest",
    ]


def test_what_the_cdk_cli_counts_is_left_out(tmp_path: Path) -> None:
    out = io.StringIO()
    screen = Plain(out, verbose=True)
    screen.activity("Churn | 9/3 | 10:15:30 | CREATE_COMPLETE      | AWS::IAM::Role | Job/Role (JobRole123) ")
    assert out.getvalue().endswith("| Churn: Job/Role (JobRole123) (AWS::IAM::Role) is CREATE_COMPLETE\n")


def test_step_that_fails_is_told_as_such() -> None:
    out = io.StringIO()
    made = Record(Plain(out, verbose=False))
    with pytest.raises(ValueError, match="why"), made.step("cdk deploy"):
        raise ValueError("why")
    assert "cdk deploy: did not end well, after 0.0 s" in out.getvalue()
    assert made.steps == [
        Step("cdk deploy", number=1, failed=True, seconds=made.steps[0].seconds, since=made.steps[0].since)
    ]
