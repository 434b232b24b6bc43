from __future__ import annotations

import csv
import io
import json
import random
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training import classes
from constructs_lib.rehearsal.training.tabular.inference import Model
from constructs_lib.rehearsal.training.tabular.prepared import Prepared
from constructs_lib.rehearsal.training.task import (
    CandidateFinished,
    Note,
    StageEvent,
    TextClassificationTask,
    TrainingResult,
)
from constructs_lib.rehearsal.training.texts import classification

from ..world import run_task, served, write_csv

pytestmark = pytest.mark.training

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["id", "letter", "desk"]
WORDS = {
    "billing": ("invoice", "refund", "payment", "charged"),
    "shipping": ("parcel", "courier", "delivery", "tracking"),
    "account": ("password", "login", "username", "profile"),
}
FILLER = ("please", "help", "today", "the", "my", "with", "again", "since", "monday")


def letters(count: int, seed: int = 3, lost: float = 0.0) -> list[list[str]]:
    """Letters with one telling word among others; some of them lie on the wrong desk."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        desk = draw.choice(list(WORDS))
        words = [*draw.choices(FILLER, k=6), draw.choice(WORDS[desk])]
        draw.shuffle(words)
        made.append([str(number), ", ".join(words), draw.choice(list(WORDS)) if draw.random() < lost else desk])
    return made


def task(*files: Path, **fields: Any) -> TextClassificationTask:
    return TextClassificationTask(**{"training_files": files, "content": "letter", "target": "desk", **fields})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, list[Any], Path]:
    folder = tmp_path_factory.mktemp("texts")
    result, events = run_task(task(write_csv(folder / "letters.csv", HEADER, letters(300, lost=0.15))), folder)
    return result, events, folder


def test_a_job_ends_with_one_candidate_that_found_the_telling_words(
    trained: tuple[TrainingResult, list[Any], Path],
) -> None:
    result, events, _ = trained
    assert (result.status, result.secondary_status, result.failure_reason) == ("Completed", "Completed", None)
    assert (result.problem_type, result.objective, result.objective_direction) == (
        "TextClassification",
        "Accuracy",
        "Maximize",
    )
    assert [type(event).__name__ for event in events].count(CandidateFinished.__name__) == 1
    assert [event.secondary_status for event in events if isinstance(event, StageEvent)] == [
        "AnalyzingData",
        "TrainingModels",
        "GeneratingExplainabilityReport",
        "GeneratingModelInsightsReport",
    ]
    assert result.best is not None
    assert 0.8 < result.best.metrics["Validation"]["Accuracy"] < 1, "some lie on the wrong desk"
    assert result.best.metrics["Train"]["Accuracy"] > result.best.metrics["Validation"]["Accuracy"]
    assert [event.text for event in events if isinstance(event, Note)] == list(result.notes)
    assert any(
        note.startswith("the model was chosen by Accuracy on a quarter of the training") for note in result.notes
    )
    assert any("Autopilot fine-tunes language models" in note for note in result.notes)


def test_the_candidate_says_what_really_ran(trained: tuple[TrainingResult, list[Any], Path]) -> None:
    result, _, folder = trained
    assert result.best is not None
    assert result.best.model_archive is not None
    pipeline = Model.open(result.best.model_archive).estimator
    assert type(pipeline["model"]).__name__ in result.best.description
    assert len(Prepared.load(folder / "work").validation) == 60


def test_the_accuracy_is_that_of_the_served_model(trained: tuple[TrainingResult, list[Any], Path]) -> None:
    result, _, folder = trained
    prepared = Prepared.load(folder / "work")
    body = io.StringIO()
    csv.writer(body).writerows(prepared.validation.cells.tolist())
    with served(result) as server:
        said = server.predict(body.getvalue().encode(), "text/csv", "text/csv")[0].decode().split()
    truth = [prepared.problem.labels[int(number)] for number in prepared.validation.target]
    assert result.best is not None
    assert result.best.objective_value == pytest.approx(np.mean([a == b for a, b in zip(truth, said, strict=True)]))


def test_the_words_that_tell_are_explained(trained: tuple[TrainingResult, list[Any], Path]) -> None:
    result, _, _ = trained
    assert result.best is not None
    assert result.best.explainability is not None
    assert result.best.insights is not None
    explained = json.loads((result.best.explainability / "words.json").read_text())["labels"]
    for desk, words in WORDS.items():
        assert set(words) <= set(explained[desk])
        telling = min(explained[desk][word] for word in words)
        assert telling > max(explained[desk].get(word, 0.0) for word in FILLER)
    assert "| billing |" in (result.best.insights / "insights.md").read_text()


def test_texts_are_served_as_lines_or_as_json(trained: tuple[TrainingResult, list[Any], Path]) -> None:
    result, _, _ = trained
    output = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probabilities,labels"}
    with served(result, output) as server:
        body = b'letter\n"my refund, please"\nwhere is the parcel\n'
        lines = list(csv.reader(io.StringIO(server.predict(body, "text/csv", "text/csv")[0].decode())))
        asked = json.dumps({"instances": [["my refund, please"], {"letter": "where is the parcel"}]}).encode()
        answers = json.loads(server.predict(asked, "application/json", "application/json")[0])["predictions"]
        with pytest.raises(ValueError, match="the body, line 1: 2 values, but there should be 1"):
            server.predict(b"my refund, please\n", "text/csv", "")
    assert [line[0] for line in lines] == [answer["predicted_label"] for answer in answers] == ["billing", "shipping"]
    assert answers[0]["labels"] == sorted(WORDS)
    assert sum(answers[0]["probabilities"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("header", "rows", "fields", "message"),
    [
        (
            HEADER,
            letters(20),
            {"content": "Letter"},
            "there is no content column 'Letter' in the training data: there is 'l",
        ),
        (
            HEADER,
            letters(20),
            {"target": "topic"},
            "there is no target column 'topic' in the training data: the columns",
        ),
        (HEADER, letters(20), {"target": "letter"}, "the content column and the target column are both 'letter'"),
        (HEADER, [["1", "a b", "x"]] * 9, {}, "there is only one class in 'desk' ('x'): there is nothing to learn"),
        (HEADER, [["1", "", "x"]] * 9, {}, "the training data has no usable row: 9 have no text in 'letter'"),
        (HEADER, [["1", "a, b", "x"], ["2", "c"]], {}, "letters.csv, line 3: 2 values, but there should be 3"),
        (
            HEADER,
            letters(20),
            {"content_type": "text/plain"},
            "content type 'text/plain' is not supported; use 'text/c",
        ),
        (HEADER, [["1", "a", "x"], ["2", "b", "y"]], {}, "a validation fraction of 0.2 leaves none of 2 rows"),
    ],
)
def test_a_fault_in_the_data_is_the_failure_reason(
    tmp_path: Path, header: list[str], rows: list[list[str]], fields: dict[str, Any], message: str
) -> None:
    file = write_csv(tmp_path / "letters.csv", header, rows)
    asked = {"training_files": [str(file)], "content": "letter", "target": "desk", **fields}
    with pytest.raises(DataFault, match=f"^{re.escape(message)}"):
        classification.prepare(asked, str(tmp_path))


def test_a_validation_channel_may_have_its_columns_in_another_order(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "letters.csv", HEADER, letters(50))
    rows = [[desk, letter] for _, letter, desk in letters(30, seed=4)]
    other = write_csv(tmp_path / "more.csv", ["desk", "letter"], [*rows, ["sales", "buy now"], ["", "buy now"]])
    asked = {"training_files": [str(file)], "validation_files": [str(other)], "content": "letter", "target": "desk"}
    notes = classification.prepare(asked, str(tmp_path))["notes"]
    assert len(Prepared.load(tmp_path).validation) == 30
    assert "1 validation rows are left out: a class in 'desk' that the training data does not have" in notes
    assert "1 validation rows are left out: no class in 'desk'" in notes


def test_a_class_of_one_row_is_trained_on_and_noted(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "letters.csv", HEADER, [*letters(60), ["60", "something else", "other"]])
    result, _ = run_task(task(file), tmp_path)
    assert result.status == "Completed"
    assert "classes with a single row to train on: other" in result.notes


def test_texts_without_words_are_no_reason_to_fail_where_letters_help(tmp_path: Path) -> None:
    rows = [[str(number), "?!" if number % 2 else "...", "ab"[number % 2]] for number in range(60)]
    result, _ = run_task(task(write_csv(tmp_path / "marks.csv", HEADER, rows)), tmp_path)
    assert result.best is not None, result.failure_reason
    assert result.best.objective_value == 1.0
    assert "2 to 5 letters" in result.best.description


def test_a_model_is_chosen_by_rows_that_it_has_not_seen(tmp_path: Path) -> None:
    """One that learns by heart is right on all rows that it knows, and on no more than chance of the others."""
    generator = np.random.default_rng(0)
    rows = classes.sample(generator.normal(size=(300, 1)), generator.choice(["a", "a", "b"], 300).tolist(), ("a", "b"))
    classes.prepared(
        target="t",
        columns=(),
        labels=("a", "b"),
        samples=classes.split(rows, None),
        trial={},
        problem_type="TextClassification",
        notes=(),
        directory=tmp_path,
    )
    choices = {"by heart": KNeighborsClassifier(1), "the most frequent": DummyClassifier()}
    fitted = classes.fit({"name": "one"}, str(tmp_path), choices, Model)
    assert fitted["description"] == "scikit-learn the most frequent"
    assert fitted["notes"][0].startswith("the model was chosen by Accuracy")
