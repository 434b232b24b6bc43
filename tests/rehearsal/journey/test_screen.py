"""What the user sees, with scripted states of a job."""

import io
import re

import pytest
from rich.console import Console

from constructs_lib.rehearsal.account import Candidate, JobState
from constructs_lib.rehearsal.screen import Lively, Plain, Step, choose, leaderboard, printable


def candidate(name: str, value: float | None = None, *, status: str = "InProgress") -> Candidate:
    ended = value is not None
    return Candidate(
        name=name,
        status="Completed" if ended else status,
        metric="F1" if ended else "",
        value=value,
        smaller_is_better=False,
        seconds=1.5 if ended else None,
    )


def job(stage: str, *candidates: Candidate) -> JobState:
    return JobState(
        name="churn",
        arn="arn:aws:sagemaker:us-east-1:123456789012:automl-job/churn",
        status="InProgress",
        stage=stage,
        failure_reason="",
        endpoint="",
        output="s3://results/",
        seconds=None,
        candidates=candidates,
    )


SCRIPT = [
    job("Starting"),
    job("ModelTuning"),
    job("ModelTuning", candidate("rf-1")),
    job("ModelTuning", candidate("rf-1", 0.5)),
    job("ModelTuning", candidate("rf-2", 0.75), candidate("rf-1", 0.5)),
    job("Completed", candidate("rf-2", 0.75), candidate("rf-1", 0.5)),
]


def play(screen: Plain | Lively, out: io.StringIO) -> str:
    step = Step("training", seconds=12.34)
    screen.begin(step)
    for state in SCRIPT:
        screen.training(state)
        screen.training(state)
    screen.activity("a line of the cdk CLI")
    screen.checked("churn is Completed")
    step.checks.append("churn is Completed")
    screen.end(step)
    return out.getvalue()


def plain(*, verbose: bool = False) -> list[str]:
    out = io.StringIO()
    text = play(Plain(out, verbose=verbose), out)
    return [re.sub(r"^\[ *\d+\.\d s\] ", "", line) for line in text.splitlines()]


def test_plain_lines_tell_each_news_once() -> None:
    assert plain() == [
        "training ...",
        "  churn: Starting",
        "  churn: ModelTuning",
        "  churn: rf-1: F1 0.5000 in 1.5 s",
        "  churn: rf-2: F1 0.7500 in 1.5 s",
        "  churn: Completed",
        "  ok: churn is Completed",
        "training: done in 12.3 s",
    ]


def test_plain_lines_hold_the_output_of_programs_only_when_asked() -> None:
    assert "  | a line of the cdk CLI" in plain(verbose=True)


def test_plain_lines_have_no_control_characters() -> None:
    out = io.StringIO()
    screen = Plain(out, verbose=True)
    screen.activity("\x1b[32mgreen\x1b[0m\tand\x07 bell")
    assert out.getvalue().rstrip("\n").isprintable()


def test_failed_candidate_is_told_with_its_status() -> None:
    out = io.StringIO()
    Plain(out, verbose=False).training(job("ModelTuning", candidate("rf-1", status="Failed")))
    assert "rf-1: Failed" in out.getvalue()


def test_lively_view_shows_stage_metric_so_far_and_last_line() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, height=40)
    screen = Lively(console, verbose=False)
    screen.begin(Step("training"))
    screen.training(SCRIPT[4])
    screen.activity("a line of the cdk CLI")

    with console.capture() as shown:
        console.print(screen.view())

    for words in ("training", "churn  ModelTuning", "rf-2", "0.7500", "a line of the cdk CLI"):
        assert words in shown.get()


def test_lively_view_leaves_the_checks_behind() -> None:
    out = io.StringIO()
    with Lively(Console(file=out, force_terminal=True, width=100), verbose=False) as screen:
        text = play(screen, out)
    assert "training" in text
    assert "churn is Completed" in text


def test_lively_view_fits_a_small_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=40, height=12)
    screen = Lively(console, verbose=False)
    screen.begin(Step("training"))
    screen.training(job("ModelTuning", *(candidate(f"rf-{number}", 0.5) for number in range(50))))
    with console.capture() as shown:
        console.print(screen.view())
    assert len(shown.get().splitlines()) <= 12


class Terminal(io.StringIO):
    @property
    def encoding(self) -> str:  # type: ignore[override]  # read-only is enough here
        return "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variable", "value", "kind"), [("NO_COLOR", "1", Plain), ("TERM", "dumb", Plain), ("TERM", "xterm", Lively)]
)
def test_terminal_may_ask_for_plain_lines(
    variable: str, value: str, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(variable, value)
    with choose(Terminal(), verbose=False) as screen:
        assert isinstance(screen, kind)


def test_pipe_gets_plain_lines() -> None:
    with choose(io.StringIO(), verbose=False) as screen:
        assert isinstance(screen, Plain)


def test_leaderboard_is_aligned_and_ranked() -> None:
    assert leaderboard(job("Completed", candidate("rf-22", 0.75), candidate("rf-1", status="Failed")), None) == [
        "rank  candidate  metric  value   seconds",
        "1     rf-22      F1      0.7500  1.5",
        "2     rf-1               Failed",
    ]


def test_leaderboard_says_what_a_candidate_really_is() -> None:
    assert leaderboard(
        job("Completed", candidate("lightgbm-stand-in", 0.75)), None, {"lightgbm-stand-in": "histograms"}
    ) == [
        "rank  candidate          metric  value   seconds  trained here",
        "1     lightgbm-stand-in  F1      0.7500  1.5      histograms",
    ]


def test_printable_drops_colors_and_keeps_words() -> None:
    assert printable("\x1b[1mStack\x1b[22m is\tup") == "Stack is        up"
