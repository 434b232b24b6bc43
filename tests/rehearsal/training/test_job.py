from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pytest

from constructs_lib.rehearsal.training import job, train
from constructs_lib.rehearsal.training.tabular import inference
from constructs_lib.rehearsal.training.tabular.prepared import Prepared
from constructs_lib.rehearsal.training.task import (
    Analyzed,
    BestChosen,
    CandidateFinished,
    CandidateStarted,
    Event,
    Note,
    StageEvent,
    TrainingResult,
    TrainingTask,
)

from .world import customers_file, prices, run, write_csv

pytestmark = pytest.mark.training

if TYPE_CHECKING:
    from collections.abc import Callable

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, list[Event], Path]:
    folder = tmp_path_factory.mktemp("ensemble")
    result, events = run(customers_file(folder), folder, mode="ENSEMBLING")
    return result, events, folder


@pytest.fixture(scope="module")
def slow_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data that gradient boosting needs many seconds for."""
    folder = tmp_path_factory.mktemp("slow")
    return write_csv(folder / "slow.csv", *prices(6_000, columns=60))


def test_a_job_reports_its_stages_and_each_candidate_in_order(
    ensemble: tuple[TrainingResult, list[Event], Path],
) -> None:
    result, events, _ = ensemble
    assert [event.secondary_status for event in events if isinstance(event, StageEvent)] == [
        "AnalyzingData",
        "FeatureEngineering",
        "TrainingModels",
        "MergingAutoMLTaskReports",
    ]
    started = [event.name for event in events if isinstance(event, CandidateStarted)]
    finished = [event.candidate.name for event in events if isinstance(event, CandidateFinished)]
    assert started[-1] == "average-ensemble"
    assert sorted(started) == sorted(finished) == sorted(candidate.name for candidate in result.candidates)
    assert [event.text for event in events if isinstance(event, Note)] == list(result.notes)


def test_what_is_to_be_learned_is_told_before_anything_is_trained(
    ensemble: tuple[TrainingResult, list[Event], Path],
) -> None:
    result, events, _ = ensemble
    (analyzed,) = (event for event in events if isinstance(event, Analyzed))
    assert (analyzed.problem_type, analyzed.objective, analyzed.direction, analyzed.mode) == (
        "BinaryClassification",
        "F1",
        "Maximize",
        "ENSEMBLING",
    )
    assert analyzed.notebooks == result.notebooks
    kinds = [type(event) for event in events]
    assert events[kinds.index(Analyzed) + 1] == StageEvent(secondary_status="FeatureEngineering")
    assert kinds.index(Analyzed) < kinds.index(CandidateStarted)


def test_the_best_is_told_before_it_is_explained(ensemble: tuple[TrainingResult, list[Event], Path]) -> None:
    result, events, _ = ensemble
    (chosen,) = (event.candidate for event in events if isinstance(event, BestChosen))
    assert result.best is not None
    assert chosen.name == result.best.name
    assert (chosen.explainability, chosen.insights) == (None, None)
    assert result.best.explainability is not None
    assert events[-2] == StageEvent(secondary_status="MergingAutoMLTaskReports")


def test_the_leaderboard_is_sorted_by_the_objective(ensemble: tuple[TrainingResult, list[Event], Path]) -> None:
    result, _, _ = ensemble
    assert (result.status, result.secondary_status, result.failure_reason) == ("Completed", "Completed", None)
    assert (result.problem_type, result.objective, result.objective_direction) == (
        "BinaryClassification",
        "F1",
        "Maximize",
    )
    values = [candidate.objective_value for candidate in result.candidates]
    assert values == sorted((value for value in values if value is not None), reverse=True)
    assert result.best is result.candidates[0]
    assert all(candidate.metrics["Validation"]["F1"] == candidate.objective_value for candidate in result.candidates)


def test_what_was_learned_is_the_signal_in_the_data(ensemble: tuple[TrainingResult, list[Event], Path]) -> None:
    result, _, _ = ensemble
    assert result.best is not None
    assert result.best.metrics["Validation"]["AUC"] > 0.8
    assert result.best.explainability is not None
    explained = json.loads((result.best.explainability / "analysis.json").read_text())
    assert set(list(explained["columns"])[:2]) == {"age", "plan"}
    assert "SHAP" in explained["method"]


def test_every_metric_is_that_of_the_model_in_the_archive(ensemble: tuple[TrainingResult, list[Event], Path]) -> None:
    """Serve each model the validation rows and count its right answers, without the code that measured it."""
    result, _, folder = ensemble
    prepared = Prepared.load(folder / "work")
    instances = {"instances": prepared.validation.cells.tolist()}
    body = base64.b64encode(json.dumps(instances).encode()).decode()
    truth = [prepared.problem.labels[int(label)] for label in prepared.validation.target]
    for candidate in result.candidates:
        assert candidate.model_archive is not None
        answer = inference.predict(str(candidate.model_archive), "", body, "application/json", "text/csv")["body"]
        said = base64.b64decode(answer).decode().split()
        hits = sum(a == b == "yes" for a, b in zip(truth, said, strict=True))
        assert candidate.metrics["Validation"]["F1"] == pytest.approx(
            2 * hits / (truth.count("yes") + said.count("yes"))
        )
        right = sum(a == b for a, b in zip(truth, said, strict=True))
        assert candidate.metrics["Validation"]["Accuracy"] == pytest.approx(right / len(truth))


def test_the_ensemble_predicts_the_mean_of_the_others(ensemble: tuple[TrainingResult, list[Event], Path]) -> None:
    result, _, folder = ensemble
    cells = Prepared.load(folder / "work").validation.cells
    models = {c.name: inference.Model.open(c.model_archive) for c in result.candidates if c.model_archive}
    average = models.pop("average-ensemble").predict(cells)
    assert len(models) == 5
    assert average == pytest.approx(sum(model.predict(cells) for model in models.values()) / 5)


def test_the_insights_count_the_validation_rows(ensemble: tuple[TrainingResult, list[Event], Path]) -> None:
    result, _, folder = ensemble
    assert result.best is not None
    assert result.best.insights is not None
    found = json.loads((result.best.insights / "statistics.json").read_text())
    matrix = np.array(found["confusion_matrix"])
    target = Prepared.load(folder / "work").validation.target
    assert matrix.sum(axis=1).tolist() == [int((target == label).sum()) for label in (0, 1)]
    assert np.trace(matrix) / matrix.sum() == pytest.approx(found["metrics"]["Accuracy"])
    report = (result.best.insights / "insights.md").read_text()
    assert "Trained on this machine, not by Autopilot" in report
    assert f"| F1 of 'yes' | {found['metrics']['F1']:.4f} |" in report, "the class that it is about is named"
    assert f"| Accuracy | {found['metrics']['Accuracy']:.4f} |" in report


def test_the_notebooks_hold_the_statistics_of_the_data(ensemble: tuple[TrainingResult, list[Event], Path]) -> None:
    result, _, _ = ensemble
    assert set(result.notebooks) == {"CandidateDefinitionNotebook", "DataExplorationNotebook"}
    texts = {}
    for name, path in result.notebooks.items():
        notebook = json.loads(path.read_text())
        assert (notebook["nbformat"], path.suffix) == (4, ".ipynb")
        texts[name] = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    assert "600 usable rows" in texts["DataExplorationNotebook"]
    assert "| plan | categorical | 0 | 3 |" in texts["DataExplorationNotebook"]
    assert "stand-in for xgboost" in texts["CandidateDefinitionNotebook"]


def test_candidate_definitions_only_trains_nothing(tmp_path: Path) -> None:
    result, _ = run(customers_file(tmp_path), tmp_path, candidate_definitions_only=True)
    assert (result.status, result.secondary_status) == ("Completed", "CandidateDefinitionsGenerated")
    assert result.candidates == ()
    assert all(path.exists() for path in result.notebooks.values())


def test_a_regression_is_tuned_and_sorted_by_the_smallest_error(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "prices.csv", *prices(600))
    result, events = run(file, tmp_path, target="price", mode="HYPERPARAMETER_TUNING", max_candidates=4)
    assert (result.problem_type, result.objective, result.objective_direction) == ("Regression", "MSE", "Minimize")
    assert (result.status, result.secondary_status) == ("Completed", "Completed"), "as since 2022, at MaxCandidates too"
    assert [candidate.status for candidate in result.candidates] == ["Completed"] * 4
    values = [candidate.objective_value or 0.0 for candidate in result.candidates]
    assert values == sorted(values)
    assert 0.5 < values[0] < 2, "the noise in the prices has a variance of 1"
    assert StageEvent(secondary_status="ModelTuning") in events
    assert result.best is not None
    assert result.best.insights is not None
    assert result.best.explainability is not None
    explained = json.loads((result.best.explainability / "analysis.json").read_text())["columns"]
    assert list(explained) == ["x3", "x2", "x1", "x0"], "by the weights in the price"
    assert min(explained.values()) > 0
    residuals = json.loads((result.best.insights / "statistics.json").read_text())["residuals"]
    assert abs(residuals["mean"]) < 0.5


def test_three_classes_are_told_apart_and_weights_matter(tmp_path: Path) -> None:
    """Rows of weight zero have the wrong label: who trains on them, or measures with them, cannot be right."""
    header = ["x", "kind", "w"]
    rows = [[f"{n % 3 + n / 1e6:.6f}", "abc"[n % 3], "1"] for n in range(600)]
    rows += [[f"{n % 3 + n / 1e6:.6f}", "abc"[(n + 1) % 3], "0"] for n in range(1200)]
    result, _ = run(
        write_csv(tmp_path / "rows.csv", header, rows),
        tmp_path,
        target="kind",
        sample_weight="w",
        mode="ENSEMBLING",
        algorithms=["extra-trees", "linear-learner"],
        problem_type="MulticlassClassification",
        objective="F1macro",
    )
    assert result.objective == "F1macro"
    assert [candidate.objective_value for candidate in result.candidates] == [1.0, 1.0, 1.0]


def test_a_fault_in_the_data_fails_the_job_with_a_reason_no_longer_than_the_service_allows(tmp_path: Path) -> None:
    result, events = run(customers_file(tmp_path), tmp_path, target="x" * 2000)
    assert (result.status, result.secondary_status) == ("Failed", "Failed")
    assert result.failure_reason is not None
    assert result.failure_reason.startswith("there is no target column 'xxx")
    assert len(result.failure_reason) == 1024
    assert events == [StageEvent(secondary_status="AnalyzingData")]


def test_a_job_without_a_single_model_says_why(tmp_path: Path) -> None:
    header, rows = prices(600)
    huge = [[*row[:-1], f"{row[-1]}e300"] for row in rows]
    result, _ = run(
        write_csv(tmp_path / "huge.csv", header, huge),
        tmp_path,
        target="price",
        mode="ENSEMBLING",
        algorithms=["linear-learner"],
    )
    assert result.status == "Failed"
    assert result.failure_reason is not None
    assert result.failure_reason.startswith("no candidate could be trained: linear-learner: ")
    assert [candidate.status for candidate in result.candidates] == ["Failed"]


def test_a_candidate_over_its_time_is_stopped_and_the_others_are_kept(slow_file: Path, tmp_path: Path) -> None:
    result, _ = run(
        slow_file,
        tmp_path,
        target="price",
        mode="ENSEMBLING",
        algorithms=["linear-learner", "xgboost"],
        max_runtime_per_training_job=5,
    )
    assert result.status == "Completed"
    assert {candidate.algorithm: candidate.status for candidate in result.candidates} == {
        "linear-learner": "Completed",
        "xgboost": "Stopped",
    }
    assert result.candidates[1].failure_reason == ("it did not finish within the maximum runtime per training job, 5 s")


def test_a_job_over_its_time_keeps_what_is_finished_and_explains_nothing(
    slow_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = 0.0
    monkeypatch.setattr(job, "monotonic", lambda: passed)

    def let_an_hour_pass(event: Event) -> None:
        nonlocal passed
        if isinstance(event, CandidateFinished):
            passed += 3601

    task = TrainingTask(
        training_files=[slow_file],
        target="price",
        mode="ENSEMBLING",
        algorithms=["linear-learner", "xgboost"],
        max_runtime=3600,
    )
    result = train(task, tmp_path, on_event=let_an_hour_pass, cancelled=threading.Event())
    assert (result.status, result.secondary_status) == ("Completed", "MaxAutoMLJobRuntimeReached")
    assert [candidate.status for candidate in result.candidates] == ["Completed", "Stopped"]
    assert result.best is not None
    assert result.best.explainability is None


def test_a_job_that_has_no_time_at_all_ends_completed_without_a_best_candidate(tmp_path: Path) -> None:
    """As such jobs were seen to (data-science-on-aws, issues 34 and 107)."""
    result, _ = run(customers_file(tmp_path), tmp_path, max_runtime=0)
    assert (result.status, result.secondary_status) == ("Completed", "MaxAutoMLJobRuntimeReached")
    assert (result.best, result.candidates, result.failure_reason) == (None, (), None)
    assert result.notes[-1] == "the maximum runtime of the job, 0 s, passed before any candidate was finished"


def test_a_cancelled_job_stops_within_moments(slow_file: Path, tmp_path: Path) -> None:
    cancelled = threading.Event()
    since = 0.0

    def cancel(event: Event) -> None:
        nonlocal since
        if isinstance(event, CandidateStarted):
            cancelled.set()
            since = time.monotonic()

    task = TrainingTask(training_files=[slow_file], target="price", mode="ENSEMBLING", algorithms=["xgboost"])
    result = train(task, tmp_path, on_event=cancel, cancelled=cancelled)
    assert (result.status, result.secondary_status, result.best) == ("Stopped", "Stopped", None)
    assert [candidate.status for candidate in result.candidates] == ["Stopped"]
    assert time.monotonic() - since < 5, "it would train for longer"


def test_a_job_that_is_cancelled_before_it_begins_trains_nothing(tmp_path: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()
    task = TrainingTask(training_files=[customers_file(tmp_path)], target="churned")
    result = train(task, tmp_path, on_event=lambda _: None, cancelled=cancelled)
    assert (result.status, result.candidates, result.notes) == ("Stopped", (), ())


@linux
def test_a_candidate_whose_process_is_killed_fails_alone_and_no_process_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the machine runs out of memory."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # one worker, and so no other that is about to start

    def kill_once(event: Event) -> None:
        if isinstance(event, CandidateStarted) and event.algorithm == "linear-learner":
            for pid in _children(os.getpid()):
                os.kill(pid, signal.SIGKILL)

    task = TrainingTask(
        training_files=[customers_file(tmp_path)],
        target="churned",
        mode="ENSEMBLING",
        algorithms=["linear-learner", "extra-trees"],
    )
    before = _children(os.getpid())
    result = train(task, tmp_path / "work", on_event=kill_once, cancelled=threading.Event())
    assert result.status == "Completed"
    assert result.best is not None
    assert result.best.algorithm == "extra-trees"
    assert result.candidates[1].failure_reason == "the process ended with signal SIGKILL"
    assert _children(os.getpid()) == before


@linux
def test_no_process_outlives_an_owner_that_was_killed(slow_file: Path, tmp_path: Path) -> None:
    program = f"""
        import threading
        from pathlib import Path
        from constructs_lib.rehearsal.training import train
        from constructs_lib.rehearsal.training.task import CandidateStarted, TrainingTask

        def report(event):
            if isinstance(event, CandidateStarted):
                print("started", flush=True)

        task = TrainingTask(training_files=[Path({str(slow_file)!r})], target="price", algorithms=["xgboost"])
        train(task, Path({str(tmp_path)!r}), on_event=report, cancelled=threading.Event())
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"started\n"
        workers = _children(owner.pid)
        assert workers
        owner.kill()
    assert _becomes_true(lambda: not any(_alive(pid) for pid in workers))


def test_the_caller_loads_nothing_heavy() -> None:
    program = "import sys; import constructs_lib.rehearsal.training; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "sklearn", "pandas", "pyarrow"} & set(loaded)


def test_a_worker_loads_neither_the_cdk_nor_aws_code() -> None:
    """It is started for every job; what it does not need would cost seconds."""
    program = "import sys; import constructs_lib.rehearsal.training.steps; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"aws_cdk", "jsii", "boto3", "botocore"} & set(loaded)


def test_a_model_is_a_pipeline_that_takes_rows_as_they_are(ensemble: tuple[TrainingResult, list[Event], Path]) -> None:
    _, _, folder = ensemble
    prepared = joblib.load(folder / "work" / "prepared.joblib")
    assert prepared.training.cells.dtype == object
    assert [str(column.kind) for column in prepared.columns] == ["numeric", "categorical", "datetime", "text"]


def _children(pid: int) -> set[int]:
    children = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has ended meanwhile
            children |= {int(child) for child in (task / "children").read_text().split()}
    return children


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _becomes_true(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
