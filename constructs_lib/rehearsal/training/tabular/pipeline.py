"""Scikit-learn pipelines from rows of text to a prediction, so that a model is served the rows as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import ensemble, linear_model, neural_network
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from .columns import Column, Kind, moments, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .families import Trial

_ESTIMATORS = {
    estimator.__name__: estimator
    for estimator in (
        linear_model.LogisticRegression,
        linear_model.Ridge,
        ensemble.ExtraTreesClassifier,
        ensemble.ExtraTreesRegressor,
        ensemble.RandomForestClassifier,
        ensemble.RandomForestRegressor,
        ensemble.HistGradientBoostingClassifier,
        ensemble.HistGradientBoostingRegressor,
        ensemble.GradientBoostingClassifier,
        ensemble.GradientBoostingRegressor,
        neural_network.MLPClassifier,
        neural_network.MLPRegressor,
    )
}
_SEED = 0
_MOST_CATEGORIES = 25
_WORD_BUCKETS = 128
_SEEN_TWICE = 2
"""To ENSEMBLING a category that comes once is none."""


def build(trial: Trial, columns: Sequence[Column], *, tuned: bool) -> Any:
    """The untrained pipeline of a trial; its last step is called ``model``.

    Args:
        trial: What is trained.
        columns: The features.
        tuned: Whether dates and categories are those of HYPERPARAMETER_TUNING, and not of ENSEMBLING.
    """
    model: Any = _ESTIMATORS[trial.estimator](random_state=_SEED, **trial.parameters)
    if isinstance(model, neural_network.MLPRegressor):  # it does not learn targets far from 1
        model = TransformedTargetRegressor(regressor=model, transformer=StandardScaler())
    return Pipeline([("features", _features(columns, scaled=trial.scaled, tuned=tuned)), ("model", model)])


class Average:
    """Predicts the mean of what several fitted pipelines predict."""

    def __init__(self, members: Sequence[Any]) -> None:
        self._members = list(members)

    def predict(self, cells: NDArray[Any]) -> NDArray[np.float64]:
        """The mean of the predicted values."""
        return np.mean([member.predict(cells) for member in self._members], axis=0)  # type: ignore[no-any-return]

    def predict_proba(self, cells: NDArray[Any]) -> NDArray[np.float64]:
        """The mean of the predicted probabilities."""
        return np.mean([member.predict_proba(cells) for member in self._members], axis=0)  # type: ignore[no-any-return]


def _features(columns: Sequence[Column], *, scaled: bool, tuned: bool) -> Any:
    places = {kind: [i for i, column in enumerate(columns) if column.kind is kind] for kind in Kind}
    scaling = [StandardScaler()] if scaled else []
    steps: list[tuple[str, Any, Any]] = []
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    steps.append((Kind.NUMERIC, make_pipeline(FunctionTransformer(numbers), imputer, *scaling), places[Kind.NUMERIC]))
    # In ENSEMBLING a cell that is no date is the mean date.
    imputer = SimpleImputer(strategy="median" if tuned else "mean", keep_empty_features=True)
    reader = FunctionTransformer(moments, kw_args={"tuned": tuned})
    steps.append((Kind.DATETIME, make_pipeline(reader, imputer, *scaling), places[Kind.DATETIME]))
    encoder = OneHotEncoder(
        max_categories=_MOST_CATEGORIES,
        min_frequency=None if tuned else _SEEN_TWICE,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
    )
    steps.append((Kind.CATEGORICAL, encoder, places[Kind.CATEGORICAL]))
    for place in places[Kind.TEXT]:
        # A lone index hands the column over as texts, not as a table. Hashing needs no vocabulary, so never lacks one.
        words = HashingVectorizer(n_features=_WORD_BUCKETS, alternate_sign=False)
        steps.append((f"{Kind.TEXT}-{place}", words, place))
    return ColumnTransformer([step for step in steps if step[2] != []], sparse_threshold=0)
