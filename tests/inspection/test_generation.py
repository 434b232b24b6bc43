"""`automl inspect --generation`: pairs of input and output."""

import json
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli import main
from constructs_lib.cli.inspection import FAILS, FINE


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def pairs(rows: list[str], header: str = "input,output") -> None:
    Path("chats.csv").write_text("\n".join([header, *rows, ""]))


ROWS = [f"what is {row},it is {row} and more" for row in range(1_200)]


def told(capsys: pytest.CaptureFixture[str], code: int) -> dict[str, Any]:
    assert main(["inspect", "chats.csv", "--generation", "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    pairs(ROWS)

    assert main(["inspect", "chats.csv", "--generation"]) == FINE
    assert (
        capsys.readouterr().out
        == """\
chats.csv

  rows          1200, of which 1200 have an input and an output
  input         3 to 3 words, 3 in the middle
  output        5 to 5 words, 5 in the middle
  copies        0 rows that came before
"""
    )


@pytest.mark.parametrize(
    ("more", "level", "said"),
    [
        (["why,"] * 2, "fails", "has 2 rows with an empty 'output': take them out"),
        ([",because"], "fails", "has 1 row with an empty 'input': take them out"),
        (ROWS[:3], "misleads", "has 3 rows that came before: a model is judged by what it has seen"),
        (["what is 7,nothing"], "note", "has 1 input with more than one output: the model learns to answer either"),
        (["so,so"], "misleads", "has 1 row whose output is the input: the model learns to repeat"),
    ],
)
def test_what_is_found(more: list[str], level: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    pairs(ROWS + more)

    found = told(capsys, FAILS if level == "fails" else FINE)

    assert [(each["level"], each["text"]) for each in found["findings"]] == [(level, f"chats.csv {said}")]


def test_few_rows(capsys: pytest.CaptureFixture[str]) -> None:
    pairs(ROWS[:999])

    assert told(capsys, FINE)["warnings"] == [
        "chats.csv has 999 rows to train on, and AWS recommends at least 1000",
    ]


def test_no_rows(capsys: pytest.CaptureFixture[str]) -> None:
    pairs([])

    [said] = told(capsys, FAILS)["errors"]

    assert "no row" in said or "empty" in said


@pytest.mark.parametrize(
    ("header", "said"), [("input,output,id", "'id'"), ("prompt,output", "'prompt'"), ("output", "'input'")]
)
def test_other_columns(header: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    pairs([",".join("abc"[: header.count(",") + 1])], header)

    [error] = told(capsys, FAILS)["errors"]

    assert error.startswith("chats.csv: must have exactly the columns 'input' and 'output': it has ")
    assert said in error


@pytest.mark.parametrize("more", [["--target", "y"], ["--text", "t"], ["--mode", "ensembling"]])
def test_it_stands_alone(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    pairs(ROWS)

    with pytest.raises(SystemExit):
        main(["inspect", "chats.csv", "--generation", *more])
    assert "--generation has two columns of its own: leave out --target, --text" in capsys.readouterr().err


def test_page(capsys: pytest.CaptureFixture[str]) -> None:
    pairs(ROWS)

    assert main(["inspect", "chats.csv", "--generation", "--html", "out.html"]) == FINE
    capsys.readouterr()
    page = Path("out.html").read_text()
    assert "<h2>Words in an input</h2>" in page
    assert "<h2>Words in an output</h2>" in page
