from __future__ import annotations

import re

import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training.tabular.columns import Column, Kind
from constructs_lib.rehearsal.training.tabular.families import AUTO_BYTES, ENSEMBLING, TUNING, Trial, plan, resolve_mode
from constructs_lib.rehearsal.training.tabular.pipeline import build
from constructs_lib.rehearsal.training.tabular.problem import BINARY, REGRESSION


@pytest.mark.parametrize(
    ("mode", "size", "weighted", "resolved"),
    [
        (None, 1, False, TUNING),
        ("AUTO", AUTO_BYTES - 1, False, ENSEMBLING),
        ("AUTO", AUTO_BYTES, False, TUNING),
        ("AUTO", AUTO_BYTES, True, ENSEMBLING),
        (TUNING, 1, False, TUNING),
        (ENSEMBLING, AUTO_BYTES, False, ENSEMBLING),
    ],
)
def test_the_mode_follows_from_size_and_weights(mode: str | None, size: int, weighted: bool, resolved: str) -> None:
    """A job without a mode was seen to be tuned, however small its data, seven times."""
    assert resolve_mode(mode, size, weighted=weighted) == resolved


@pytest.mark.parametrize("mode", [TUNING, None])
def test_weights_are_refused_where_the_service_does_not_take_them(mode: str | None) -> None:
    with pytest.raises(DataFault, match="sample weights are supported in ENSEMBLING mode only"):
        resolve_mode(mode, 1, weighted=True)


def test_ensembling_trains_each_family_once_and_says_what_it_cannot_train() -> None:
    made = plan(ENSEMBLING, BINARY, None, None)
    assert [trial.algorithm for trial in made.trials] == [
        "linear-learner",
        "extra-trees",
        "randomforest",
        "lightgbm",
        "xgboost",
    ]
    assert made.average
    for algorithm in ("catboost", "fastai", "nn-torch"):
        assert any(note.startswith(f"{algorithm} is not trained here") for note in made.notes)


@pytest.mark.parametrize("mode", [ENSEMBLING, TUNING])
def test_a_stand_in_is_called_one_in_name_description_and_note(mode: str) -> None:
    made = plan(mode, BINARY, ["xgboost"], 1)
    (trial,) = made.trials
    assert "stand-in" in trial.name
    assert trial.description.startswith("stand-in for xgboost: scikit-learn GradientBoostingClassifier(")
    assert "xgboost is stood for by scikit-learn's GradientBoostingClassifier" in made.notes


def test_what_is_no_stand_in_is_not_called_one() -> None:
    (trial,) = plan(ENSEMBLING, REGRESSION, ["randomforest"], None).trials
    assert (trial.name, trial.description) == ("randomforest", "scikit-learn RandomForestRegressor()")


@pytest.mark.parametrize("problem_type", [BINARY, REGRESSION])
def test_tuning_tries_each_setting_once_under_its_own_valid_name(problem_type: str) -> None:
    trials = plan(TUNING, problem_type, None, 30).trials
    assert len(trials) == 30
    assert len({trial.name for trial in trials}) == 30
    assert all(re.fullmatch(r"[a-zA-Z0-9-]{1,64}", trial.name) for trial in trials)
    assert len({(trial.algorithm, str(trial.parameters)) for trial in trials}) == 30
    assert {trial.algorithm for trial in trials[:3]} == {"linear-learner", "xgboost", "mlp"}


def test_tuning_without_a_number_runs_few_trials_and_says_so() -> None:
    made = plan(TUNING, BINARY, None, None)
    assert len(made.trials) == 9
    assert "9 trials are run here; Autopilot runs up to 100" in made.notes


@pytest.mark.parametrize(("asked", "trials", "average"), [(1, 1, False), (5, 5, False), (6, 5, True), (50, 5, True)])
def test_max_candidates_counts_every_candidate(asked: int, trials: int, average: bool) -> None:
    made = plan(ENSEMBLING, BINARY, None, asked)
    assert (len(made.trials), made.average) == (trials, average)
    assert ("6 candidates are trained here, of at most 50 asked for" in made.notes) == (asked == 50)


def test_the_search_ends_when_everything_was_tried() -> None:
    made = plan(TUNING, REGRESSION, ["linear-learner"], 700)
    assert len(made.trials) == 6
    assert "6 candidates are trained here, of at most 700 asked for" in made.notes


def test_only_the_algorithms_asked_for_are_trained_or_spoken_of() -> None:
    made = plan(ENSEMBLING, BINARY, ["extra-trees", "catboost"], None)
    assert [trial.algorithm for trial in made.trials] == ["extra-trees"]
    assert not made.average
    assert made.notes == ("catboost is not trained here: scikit-learn has nothing that stands for it",)


def test_algorithms_that_cannot_be_trained_here_are_refused_with_those_that_can() -> None:
    with pytest.raises(DataFault) as caught:
        plan(ENSEMBLING, BINARY, ["catboost", "nn-torch"], None)
    assert str(caught.value) == (
        "none of the algorithms asked for (catboost, nn-torch) can be trained on this machine in ENSEMBLING mode; "
        "it has or stands for linear-learner, extra-trees, randomforest, lightgbm, xgboost"
    )


@pytest.mark.parametrize("mode", [ENSEMBLING, TUNING])
@pytest.mark.parametrize("problem_type", [BINARY, REGRESSION])
def test_every_trial_can_be_built_also_after_it_travelled_as_json(mode: str, problem_type: str) -> None:
    columns = [Column(name=kind, kind=kind, missing=0, distinct=2) for kind in (Kind.NUMERIC, Kind.CATEGORICAL)]
    for trial in plan(mode, problem_type, None, 60).trials:
        assert Trial.from_json(trial.as_json()) == trial
        model = build(trial, columns, tuned=mode == TUNING).named_steps["model"]
        parameters = getattr(model, "regressor", model).get_params()
        assert {name: parameters[name] for name in trial.parameters} == trial.parameters
