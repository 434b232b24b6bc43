"""The app of the tutorial: what it prints is what the page shows."""

import re
import shutil
from pathlib import Path

import pytest

from constructs_lib.cli import main

from ...docs.blocks import ROOT, blocks, files, pages
from .rehearsed import rehearse

PAGE = "docs/tutorial.md"
SHOWN = [block.text for block in blocks() if block.page == PAGE and block.language == "text" and not block.title]


@pytest.fixture
def loans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a reader has after step 3."""
    shutil.copy(ROOT / "examples/quickstart/data/credit.csv", tmp_path)
    for name, text in files(PAGE).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(text: str) -> list[str]:
    """The lines of a text, without what differs from run to run: times, letters of names, how many steps there are."""
    text = re.sub(r"^\[ *[\d.]+ s\] ", "", text, flags=re.MULTILINE)
    text = re.sub(r"^Step \d+ of \d+: ", "", text, flags=re.MULTILINE)
    text = re.sub(r"loans[0-9a-f]{4}-(\w+)-\w+", r"<\1>", text)
    return [line.strip() for line in re.sub(r"\b[\d.]+ s\b", "<time>", text).splitlines() if line.strip()]


@pytest.mark.usefixtures("loans")
def test_the_data_are_told_of_as_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "credit.csv", "--target", "bad_credit", "--mode", "ensembling"]) == 0

    printed = lines(capsys.readouterr().out)
    assert [line for line in lines(SHOWN[0]) if line not in printed] == []


@pytest.mark.cloud
@pytest.mark.timeout(540)
def test_the_rehearsal_says_what_the_page_shows(loans: Path) -> None:
    said = rehearse("--quick", str(loans))

    assert [line for line in lines(SHOWN[1]) if line not in lines(said)] == []
    ((label, probability),) = re.findall(r"the model answered this row with `(\w+),([\d.]+)`", pages()[PAGE])
    answers = re.findall(rf" \| {label},([\d.]+) \| ", said)  # the row is the second one of the training data
    assert answers
    assert float(answers[0]) == pytest.approx(float(probability), abs=1e-9)  # processors differ in the last digits
    assert (loans / "row.csv").read_text().strip() in (loans / "credit.csv").read_text().splitlines()[2]
