"""The metrics that Autopilot reports, computed from predictions. Errors are positive numbers, as it reports them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics as sk

from .problem import BINARY, REGRESSION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def evaluate(
    problem_type: str,
    truth: Floats,
    predicted: Floats,
    weights: Floats | None,
    chosen: NDArray[np.int_] | None = None,
) -> dict[str, float]:
    """All metrics of a problem type.

    Args:
        problem_type: In the API's spelling.
        truth: Target values; of a classification, the number of each row's class.
        predicted: Predicted values; of a classification, one column of probabilities per class.
        weights: Sample weights, or nothing.
        chosen: The number of the class that each row is given; nothing means the likeliest.

    Returns:
        Values by name. A metric that these rows do not define (AUC of a single class) is left out.
    """
    values = (
        _regression(truth, predicted, weights)
        if problem_type == REGRESSION
        else _classification(truth, predicted, weights, chosen, binary=problem_type == BINARY)
    )
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _regression(truth: Floats, predicted: Floats, weights: Floats | None) -> dict[str, float]:
    squared = float(sk.mean_squared_error(truth, predicted, sample_weight=weights))
    return {
        "MSE": squared,
        "RMSE": math.sqrt(squared),
        "MAE": float(sk.mean_absolute_error(truth, predicted, sample_weight=weights)),
        "R2": float(sk.r2_score(truth, predicted, sample_weight=weights)),
    }


def _classification(
    truth: Floats, chances: Floats, weights: Floats | None, chosen: NDArray[np.int_] | None, *, binary: bool
) -> dict[str, float]:
    chosen = chances.argmax(axis=1) if chosen is None else chosen
    truth = truth.astype(int)
    average, suffix = ("binary", "") if binary else ("macro", "Macro")
    precision, recall, f1, _ = sk.precision_recall_fscore_support(
        truth, chosen, average=average, sample_weight=weights, zero_division=0
    )
    values = {
        "Accuracy": float(sk.accuracy_score(truth, chosen, sample_weight=weights)),
        "BalancedAccuracy": _balanced_accuracy(truth, chosen, weights),
        f"Precision{suffix}": float(precision),
        f"Recall{suffix}": float(recall),
        "F1" if binary else "F1macro": float(f1),
        "LogLoss": float(sk.log_loss(truth, chances, sample_weight=weights, labels=list(range(chances.shape[1])))),
    }
    if binary and len(set(truth)) > 1:
        values["AUC"] = float(sk.roc_auc_score(truth, chances[:, 1], sample_weight=weights))
    return values


def _balanced_accuracy(truth: NDArray[Any], chosen: NDArray[Any], weights: Floats | None) -> float:
    """The mean recall over the classes there are (scikit-learn's own warns when a class is predicted but absent)."""
    weights = np.ones(len(truth)) if weights is None else weights
    recalls = []
    for label in np.unique(truth):
        of_label = truth == label
        total = weights[of_label].sum()
        if total > 0:
            recalls.append(float(weights[of_label & (chosen == label)].sum() / total))
    return math.fsum(recalls) / len(recalls) if recalls else math.nan


def evaluate_forecasts(
    truth: Floats, predicted: Floats, levels: Floats, median: Floats, scales: Floats
) -> dict[str, float]:
    """All metrics of a forecast. RMSE, MAPE, WAPE and MASE judge the median.

    Args:
        truth: What came to be; any number of rows (an item in a window) of one value per step.
        predicted: The forecast's quantiles: as `truth`, with one more axis for the quantiles.
        levels: The quantiles, as shares.
        median: The forecast's median, as `truth`.
        scales: Of each row, the mean error of repeating the last season in its history.

    Returns:
        Values by name, in the order of the API's answers. A metric that these values do not define (MAPE of nothing
        but zeros) is left out.
    """
    off = truth[..., np.newaxis] - predicted
    losses = 2 * np.maximum(levels * off, (levels - 1) * off)
    errors = np.abs(truth - median)
    total = float(np.abs(truth).sum())
    nonzero = truth != 0
    scaled = scales > 0
    values = {
        "AverageWeightedQuantileLoss": float(losses.sum(axis=(0, 1)).mean()) / total if total else math.nan,
        "MASE": float(np.mean(errors.mean(axis=1)[scaled] / scales[scaled])) if scaled.any() else math.nan,
        "WAPE": float(errors.sum()) / total if total else math.nan,
        "MAPE": float(np.mean(errors[nonzero] / np.abs(truth[nonzero]))) if nonzero.any() else math.nan,
        "RMSE": float(np.sqrt(np.mean(errors**2))),
    }
    return {name: value for name, value in values.items() if math.isfinite(value)}
