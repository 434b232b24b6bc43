"""The algorithms that forecast one time series: quantiles and mean of its next values.

ETS and ARIMA are those of statsmodels, on the series without its season (STL), whose last cycle is added again. NPTS
is a few lines of our own. Prophet, DeepAR and CNN-QR need Stan or a deep-learning framework: a linear model of the same
form stands for each, and says so.
"""

from __future__ import annotations

import importlib
import warnings
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from constructs_lib.engines.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ALWAYS = "npts"
"""The one that can be fitted to any history: it speaks for those that cannot."""

FEWEST_STEPS = 4
"""Steps of history that a forecast needs."""

_MOST_STEPS = 500
_SEASONS_SEEN = 3
_ORDERS = ((0, 1, 1), (1, 1, 1), (2, 1, 1))
_MEMORY = 0.5
"""NPTS: the share of the history after which a value counts 1/e as much."""

_KNOTS, _KNOTS_END = 10, 0.8
"""Prophet's stand-in: where the trend may bend, and the share of the history after which it does not."""

_WAVES = 10
_LAGS = 5
_PATHS = 100
_MOST_SEEN = 60
"""CNN-QR's stand-in: the steps that it looks back, at most."""

_FEWEST_CASES = 8
_RIDGE = 0.1
_SEED = 0


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
        By algorithm, a row per step and a column per quantile, and last the mean. One that cannot be fitted to this
        history is missing.
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
        return _certain(rest[-1] + cycle, levels)
    series = importlib.import_module("pandas").Series(rest)
    model = _statsmodels("tsa.exponential_smoothing.ets").ETSModel(series, error="add", trend="add", damped_trend=True)
    said = model.fit(disp=False).get_prediction(start=len(rest), end=len(rest) + horizon - 1)
    return _normal(np.asarray(said.predicted_mean) + cycle, np.asarray(said.forecast_variance), levels)


def _arima(values: Floats, horizon: int, levels: Floats, season: int) -> Floats:
    rest, cycle = _without_season(values, horizon, season)
    if not np.ptp(np.diff(rest)):  # a straight line leaves nothing to estimate
        return _certain(rest[-1] + (rest[1] - rest[0]) * np.arange(1, horizon + 1) + cycle, levels)
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
        rows.append([*values[same][order][places], np.average(values[same], weights=weights[same])])
    return np.array(rows)


def _prophet(values: Floats, horizon: int, levels: Floats, season: int) -> Floats:
    """A trend of straight pieces and the waves of a season, and errors as large as so far."""
    known = len(values)
    when = np.arange(known + horizon)[:, np.newaxis]
    knots = np.linspace(0, _KNOTS_END * known, min(_KNOTS, known // 4) + 1)[1:]
    turns = 2 * np.pi * when * np.arange(1, min(_WAVES, season // 2) + 1) / season
    seen = np.column_stack([when, np.maximum(0, when - knots), np.sin(turns), np.cos(turns)])
    say, errors = _ridge(seen[:known], values)
    return _normal(say(seen[known:]), np.var(errors) * (1 + np.arange(1, horizon + 1) / known), levels)


def _deepar(values: Floats, horizon: int, levels: Floats, season: int) -> Floats:
    """Each value from those before it; then many futures, drawn one step after the other."""
    lags = np.array([*range(1, _LAGS + 1), *([season] if season > _LAGS else [])])
    seen = np.lib.stride_tricks.sliding_window_view(values, lags.max())[:-1, -lags]
    say, errors = _ridge(seen, values[lags.max() :])
    draw = np.random.default_rng(_SEED)
    paths = np.tile(values[-lags.max() :], (_PATHS, 1))
    for _ in range(horizon):
        paths = np.column_stack([paths, say(paths[:, -lags]) + draw.choice(errors, _PATHS)])
    return _sampled(paths[:, lags.max() :], levels)


def _cnn_qr(values: Floats, horizon: int, levels: Floats, season: int) -> Floats:
    """All steps at once from the latest values, with the errors that each step had so far."""
    width = min(season + _LAGS, _MOST_SEEN, len(values) // 3)
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    level = windows.mean(axis=1, keepdims=True)
    futures = np.lib.stride_tricks.sliding_window_view(values[width:], horizon)
    cases = len(futures)
    say, errors = _ridge((windows - level)[:cases], futures - level[:cases])
    return _sampled(say(windows[-1:] - level[-1]) + level[-1] + errors, levels)


def _ridge(seen: Floats, truth: Floats) -> tuple[Callable[[Floats], Floats], Floats]:
    """A ridge regression: what it says of other rows, and its errors in these."""
    if len(seen) < _FEWEST_CASES:
        raise ValueError("the history is too short")
    middle, scale = seen.mean(axis=0), seen.std(axis=0)
    scale[scale == 0] = 1.0
    base = truth.mean(axis=0)
    scaled = (seen - middle) / scale
    weights = np.linalg.solve(scaled.T @ scaled + _RIDGE * np.eye(seen.shape[1]), scaled.T @ (truth - base))

    def say(rows: Floats) -> Floats:
        said: Floats = (rows - middle) / scale @ weights + base
        return said

    return say, truth - say(seen)


def _sampled(futures: Floats, levels: Floats) -> Floats:
    """Quantiles and mean of many futures, a row each."""
    return np.column_stack([np.quantile(futures, levels, axis=0).T, futures.mean(axis=0)])


_ALGORITHMS: Mapping[str, Callable[[Floats, int, Floats, int], Floats]] = {
    "arima": _arima,
    "ets": _ets,
    "deepar": _deepar,
    "cnn-qr": _cnn_qr,
    "prophet": _prophet,
    "npts": _npts,
}
DESCRIPTIONS: Mapping[str, str] = {
    "arima": f"statsmodels ARIMA of the best of the orders {', '.join(map(str, _ORDERS))} by AICc",
    "ets": "statsmodels ETSModel with a damped trend",
    "deepar": f"stand-in for deepar: our own linear autoregression, {_PATHS} futures drawn from its errors",
    "cnn-qr": "stand-in for cnn-qr: our own linear regression of all steps on the latest values",
    "prophet": "stand-in for prophet: our own linear regression on a trend that bends and the waves of a season",
    "npts": "our own NPTS, weighted quantiles of the past values of the same season",
}
"""What runs for each algorithm, the slow ones first."""

STAND_INS = ("deepar", "cnn-qr", "prophet")
"""Algorithms that are not run themselves."""


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
    return np.column_stack([quantiles, mean])


def _certain(path: Floats, levels: Floats) -> Floats:
    """A forecast without any doubt."""
    return np.repeat(path[:, np.newaxis], len(levels) + 1, axis=1)


def _statsmodels(module: str) -> Any:
    try:
        return importlib.import_module(f"statsmodels.{module}")
    except ImportError:
        raise DataFault(
            "forecasting in a rehearsal needs statsmodels: in a checkout, pip install '.[rehearsal-forecasting]'"
        ) from None
