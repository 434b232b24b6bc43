"""Which algorithms are run here, by which scikit-learn estimator, and in which trials."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from constructs_lib.engines.faults import DataFault

from .problem import REGRESSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENSEMBLING = "ENSEMBLING"
TUNING = "HYPERPARAMETER_TUNING"
AUTO = "AUTO"

AUTO_BYTES = 100_000_000
"""AUTO means ENSEMBLING for less data than this ("100 MB" in AWS's words, which nobody has shown a run of), else
HYPERPARAMETER_TUNING."""

AVERAGE: Mapping[str, str] = {
    "name": "average-ensemble",
    "algorithm": "average-ensemble",
    "description": "the mean of all other candidates' predictions (Autopilot stacks them)",
}
"""The last ENSEMBLING candidate."""

TRIALS_PER_ALGORITHM = 3
"""Trials of HYPERPARAMETER_TUNING without `max_candidates`. Autopilot runs up to 100."""

_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Family:
    """An algorithm of Autopilot and what runs for it here."""

    algorithm: str
    classifier: str
    regressor: str
    stands_in: bool = False
    """Whether the algorithm is a library that does not run here. Linear models, forests and perceptrons are none."""

    scaled: bool = False
    classifier_parameters: Mapping[str, Any] = field(default_factory=dict)
    regressor_parameters: Mapping[str, Any] = field(default_factory=dict)
    classifier_space: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    regressor_space: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One candidate to train."""

    name: str
    algorithm: str
    estimator: str
    parameters: Mapping[str, Any]
    scaled: bool
    stands_in: bool

    @property
    def description(self) -> str:
        """What really runs."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        what = f"scikit-learn {self.estimator}({given})"
        return f"stand-in for {self.algorithm}: {what}" if self.stands_in else what

    def as_json(self) -> dict[str, Any]:
        """The trial as plain values."""
        return {**asdict(self), "description": self.description}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Trial:
        """The trial that `as_json` made the values of."""
        return cls(**{name: value for name, value in values.items() if name != "description"})


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The candidates of a job, cheap ones first."""

    mode: str
    trials: tuple[Trial, ...]
    average: bool
    """Whether the mean of all candidates is a candidate too."""

    notes: tuple[str, ...]


_LINEAR = Family(
    algorithm="linear-learner",
    classifier="LogisticRegression",
    regressor="Ridge",
    scaled=True,
    classifier_parameters={"max_iter": 1000},
    classifier_space={"C": (1.0, 0.001, 0.01, 0.1, 10.0, 100.0)},
    regressor_space={"alpha": (1.0, 0.01, 0.1, 10.0, 100.0, 1000.0)},
)
_MLP_SPACE = {
    "hidden_layer_sizes": ((64,), (32,), (128,), (64, 32)),
    "alpha": (0.0001, 0.001, 0.01, 0.1),
    "learning_rate_init": (0.001, 0.003, 0.01),
}
_MLP = Family(
    algorithm="mlp",
    classifier="MLPClassifier",
    regressor="MLPRegressor",
    scaled=True,
    classifier_parameters={"max_iter": 100},
    regressor_parameters={"max_iter": 100},
    classifier_space=_MLP_SPACE,
    regressor_space=_MLP_SPACE,
)
_BOOSTING_SPACE = {
    "n_estimators": (100, 50, 200),
    "learning_rate": (0.1, 0.03, 0.2),
    "max_depth": (3, 2, 4, 6),
    "subsample": (1.0, 0.8, 0.5),
}
_XGBOOST = Family(
    algorithm="xgboost",
    classifier="GradientBoostingClassifier",
    regressor="GradientBoostingRegressor",
    stands_in=True,
    classifier_space=_BOOSTING_SPACE,
    regressor_space=_BOOSTING_SPACE,
)
_FORESTS = (
    Family(algorithm="extra-trees", classifier="ExtraTreesClassifier", regressor="ExtraTreesRegressor"),
    Family(algorithm="randomforest", classifier="RandomForestClassifier", regressor="RandomForestRegressor"),
)
_LIGHTGBM = Family(
    algorithm="lightgbm",
    classifier="HistGradientBoostingClassifier",
    regressor="HistGradientBoostingRegressor",
    stands_in=True,
)

_RUN: Mapping[str, Sequence[Family]] = {
    ENSEMBLING: (_LINEAR, *_FORESTS, _LIGHTGBM, _XGBOOST),
    TUNING: (_LINEAR, _XGBOOST, _MLP),
}
_NOT_RUN: Mapping[str, Sequence[str]] = {ENSEMBLING: ("catboost", "fastai", "nn-torch"), TUNING: ()}


def resolve_mode(mode: str | None, size: int, *, weighted: bool) -> str:
    """The mode that runs: AUTO is decided by the size of the training files as AWS documents it.

    A job without a mode was seen to run in HYPERPARAMETER_TUNING, however small its data. Sample weights are for
    ENSEMBLING alone, so that AUTO with weights is always that.

    Raises:
        DataFault: Weights in a mode that does not take them.
    """
    resolved = TUNING if mode is None else mode
    if resolved == AUTO:
        return ENSEMBLING if weighted or size < AUTO_BYTES else TUNING
    if resolved == TUNING and weighted:
        raise DataFault(f"sample weights are supported in {ENSEMBLING} mode only")
    return resolved


def plan(mode: str, problem_type: str, algorithms: Sequence[str] | None, max_candidates: int | None) -> Plan:
    """The candidates to train.

    Raises:
        DataFault: None of the algorithms asked for is run here in this mode.
    """
    wanted = set(algorithms or ()) or None
    families = [family for family in _RUN[mode] if wanted is None or family.algorithm in wanted]
    if not families:
        runs = ", ".join(family.algorithm for family in _RUN[mode])
        raise DataFault(
            f"none of the algorithms asked for ({', '.join(algorithms or ())}) can be trained on this machine "
            f"in {mode} mode; it has or stands for {runs}"
        )
    notes = [
        f"{name} is not trained here: scikit-learn has nothing that stands for it"
        for name in _NOT_RUN[mode]
        if wanted is None or name in wanted
    ]
    if mode == ENSEMBLING:
        trials = [_trial(family, problem_type) for family in families]
    else:
        wished = max_candidates or TRIALS_PER_ALGORITHM * len(families)
        trials = _trials(families, problem_type, wished)
        if max_candidates is None:
            notes.append(f"{len(trials)} trials are run here; Autopilot runs up to 100")
    total = len(trials) + (mode == ENSEMBLING and len(trials) > 1)
    allowed = max_candidates or total
    if max_candidates and total < max_candidates:
        notes.append(f"{total} candidates are trained here, of at most {max_candidates} asked for")
    trials = trials[:allowed]
    notes += [
        f"{family.algorithm} is stood for by scikit-learn's {_estimator(family, problem_type)}"
        for family in families
        if family.stands_in and any(trial.algorithm == family.algorithm for trial in trials)
    ]
    return Plan(
        mode=mode,
        trials=tuple(trials),
        average=mode == ENSEMBLING and 1 < len(trials) < allowed,
        notes=tuple(notes),
    )


def _estimator(family: Family, problem_type: str) -> str:
    return family.regressor if problem_type == REGRESSION else family.classifier


def _trial(family: Family, problem_type: str, number: int = 0, drawn: Mapping[str, Any] | None = None) -> Trial:
    fixed = family.regressor_parameters if problem_type == REGRESSION else family.classifier_parameters
    return Trial(
        name=family.algorithm + ("-stand-in" if family.stands_in else "") + (f"-{number}" if number else ""),
        algorithm=family.algorithm,
        estimator=_estimator(family, problem_type),
        parameters={**fixed, **(drawn or {})},
        scaled=family.scaled,
        stands_in=family.stands_in,
    )


def _trials(families: Sequence[Family], problem_type: str, count: int) -> list[Trial]:
    """Trials in turn over the families: each family's first values, then random draws that were not tried before."""
    draw = random.Random(_SEED)  # noqa: S311 - a search, no secret
    spaces = {f.algorithm: f.regressor_space if problem_type == REGRESSION else f.classifier_space for f in families}
    tried: dict[str, list[dict[str, Any]]] = {family.algorithm: [] for family in families}
    trials: list[Trial] = []
    while len(trials) < count:
        before = len(trials)
        for family in families:
            done, space = tried[family.algorithm], spaces[family.algorithm]
            drawn = {name: values[0] for name, values in space.items()}
            for _ in range(100):
                if drawn not in done:
                    break
                drawn = {name: draw.choice(values) for name, values in space.items()}
            if drawn not in done and len(trials) < count:
                done.append(drawn)
                trials.append(_trial(family, problem_type, len(done), drawn))
        if len(trials) == before:
            break  # everything in the spaces was tried
    return trials
