"""The algorithms that forecast one time series: quantiles of its next values.

ETS and ARIMA are those of statsmodels, on the series without its season (STL), whose last cycle is added again. NPTS
is a few lines of our own. Prophet, DeepAR and CNN-QR are not run: they need Stan or a deep-learning framework.
"""

from __future__ import annotations

import importlib
import warnings
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from ..faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NOT_RUN = ("cnn-qr", "deepar", "prophet")
"""Algorithms of Autopilot that nothing stands for here."""

FEWEST_STEPS = 4
"""Steps of history that a forecast needs."""

_MOST_STEPS = 500
_SEASONS_SEEN = 3
_ORDERS = ((0, 1, 1), (1, 1, 1), (2, 1, 1))
_MEMORY = 0.5
"""NPTS: the share of the history after which a value counts 1/e as much."""


def forecast(
    algorithms: Sequence[str], values: Floats, horizon: int, levels: Sequence[float], season: int
) -> dict[str, Floats]:
    """What each algorithm says of the next steps.

    Args:
        algorithms: Some of `DESCRIPTIONS`.
        values: The history, at least `FEWEST_STEPS` steps.
        horizon: How many steps to forecast.
        levels: The quantiles, as shares.
        season: Steps from one season to the next, or 1.

    Returns:
        By algorithm, a row per step and a column per quantile. One that cannot be fitted to this history is missing.
    """
    values = values[-max(_MOST_STEPS, _SEASONS_SEEN * season) :]
    season = season if len(values) >= 2 * season else 1
    made = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of slow convergence: the backtest says how good it is
        for name in algorithms:
            try:
                quantiles = _ALGORITHMS[name](values, horizon, np.asarray(levels), season)
            except (ValueError, IndexError, ArithmeticError, np.linalg.LinAlgError):
                continue
            if np.isfinite(quantiles).all():
                made[name] = quantiles
    return made


def require_library() -> None:
    """Raise unless statsmodels is there.

    Raises:
        DataFault: It is not installed; says how to.
    """
    _statsmodels("tsa.api")


def _ets(values: Floats, horizon: int, levels: Floats, season: int) -> Floats:
    rest, cycle = _without_season(values, horizon, season)
    if not np.ptp(rest):
        return np.repeat((rest[-1] + cycle)[:, np.newaxis], len(levels), axis=1)
    series = importlib.import_module("pandas").Series(rest)
    model = _statsmodels("tsa.exponential_smoothing.ets").ETSModel(series, error="add", trend="add", damped_trend=True)
    said = model.fit(disp=False).get_prediction(start=len(rest), end=len(rest) + horizon - 1)
    return _normal(np.asarray(said.predicted_mean) + cycle, np.asarray(said.forecast_variance), levels)


def _arima(values: Floats, horizon: int, levels: Floats, season: int) -> Floats:
    rest, cycle = _without_season(values, horizon, season)
    if not np.ptp(np.diff(rest)):  # a straight line leaves nothing to estimate
        return np.repeat(
            (rest[-1] + (rest[1] - rest[0]) * np.arange(1, horizon + 1) + cycle)[:, np.newaxis], len(levels), axis=1
        )
    arima = _statsmodels("tsa.arima.model").ARIMA
    fitted = [arima(rest, order=order, trend="t").fit() for order in _ORDERS]
    said = min(fitted, key=lambda model: model.aicc).get_forecast(horizon)
    return _normal(np.asarray(said.predicted_mean) + cycle, np.asarray(said.var_pred_mean), levels)


def _npts(values: Floats, horizon: int, levels: Floats, season: int) -> Floats:
    """Quantiles of the past values of the same season, recent ones weighing more."""
    ages = np.arange(len(values))[::-1]
    weights = np.exp(-ages / (_MEMORY * len(values)))
    rows = []
    for step in range(horizon):
        same = (ages + 1 + step) % season == 0
        order = np.argsort(values[same], kind="stable")
        shares = np.cumsum(weights[same][order])
        places = np.searchsorted(shares / shares[-1], levels - 1e-12)
        rows.append(values[same][order][places])
    return np.array(rows)


_ALGORITHMS: Mapping[str, Callable[[Floats, int, Floats, int], Floats]] = {"ets": _ets, "arima": _arima, "npts": _npts}
DESCRIPTIONS: Mapping[str, str] = {
    "ets": "statsmodels ETSModel with a damped trend",
    "arima": f"statsmodels ARIMA of the best of the orders {', '.join(map(str, _ORDERS))} by AICc",
    "npts": "our own NPTS, weighted quantiles of the past values of the same season",
}
"""What runs for each algorithm."""


def _without_season(values: Floats, horizon: int, season: int) -> tuple[Floats, Floats]:
    """The series without its season, and what the season adds to the next steps."""
    if season == 1:
        return values, np.zeros(horizon)
    jump = max(1, season // 10)
    stl = _statsmodels("tsa.seasonal").STL(
        values, period=season, seasonal_jump=jump, trend_jump=jump, low_pass_jump=jump
    )
    seasonal = np.asarray(stl.fit().seasonal)
    return values - seasonal, seasonal[len(values) - season + np.arange(horizon) % season]


def _normal(mean: Floats, variance: Floats, levels: Floats) -> Floats:
    distances = np.array([NormalDist().inv_cdf(level) for level in levels])
    quantiles: Floats = mean[:, np.newaxis] + np.sqrt(variance)[:, np.newaxis] * distances
    return quantiles


def _statsmodels(module: str) -> Any:
    try:
        return importlib.import_module(f"statsmodels.{module}")
    except ImportError:
        raise DataFault(
            "forecasting in a rehearsal needs statsmodels: pip install 'cdk-sagemaker-autopilot[rehearsal-forecasting]'"
        ) from None
