from __future__ import annotations

import csv
import io
import json
import math
import random
import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from constructs_lib.rehearsal.training.faults import DataFault
from constructs_lib.rehearsal.training.forecasting import forecasters, forecasting
from constructs_lib.rehearsal.training.tabular.metrics import evaluate_forecasts
from constructs_lib.rehearsal.training.task import ForecastingTask, TrainingResult

from ..world import run_task, served, write_csv

pytestmark = pytest.mark.training

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["item", "month", "sold"]
MONTHS = 72
HORIZON = 6


def month(number: int) -> str:
    return f"{2015 + number // 12}-{number % 12 + 1:02}-01"


def true_value(item: str, number: int) -> float:
    """A trend and a season of twelve months."""
    size = {"tea": 100.0, "rum": 40.0}[item]
    return size * (1 + number / 100 + 0.4 * math.sin(2 * math.pi * number / 12))


def sales(months: int = MONTHS, seed: int = 5) -> list[list[str]]:
    draw = random.Random(seed)
    return [
        [item, month(number), f"{true_value(item, number) * draw.gauss(1, 0.02):.3f}"]
        for item in ("tea", "rum")
        for number in range(months)
    ]


def fields(*files: Path, **changes: Any) -> dict[str, Any]:
    plain = {
        "training_files": [str(file) for file in files],
        "frequency": "M",
        "horizon": HORIZON,
        "target": "sold",
        "timestamp": "month",
        "item": "item",
    }
    return {**plain, **changes}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    folder = tmp_path_factory.mktemp("sales")
    file = write_csv(folder / "sales.csv", HEADER, sales())
    result, _ = run_task(ForecastingTask(**fields(file, quantiles=["p5", "p50", "p95"])), folder)
    return result


def test_a_job_ends_with_one_ensemble_that_knows_trend_and_season(trained: TrainingResult) -> None:
    assert (trained.status, trained.problem_type) == ("Completed", "TimeSeriesForecasting")
    assert (trained.objective, trained.objective_direction) == ("AverageWeightedQuantileLoss", "Minimize")
    assert trained.best is not None
    assert [trained.best] == list(trained.candidates)
    metrics = trained.best.metrics["Validation"]
    assert set(metrics) == {"AverageWeightedQuantileLoss", "RMSE", "MAPE", "MASE", "WAPE"}
    assert metrics["WAPE"] < 0.05, "the noise is 2 %"
    assert metrics["MASE"] < 1, "better than to repeat the last season"
    assert "statsmodels ETSModel" in trained.best.description
    for name in forecasters.NOT_RUN:
        assert f"{name} is not run here: it needs libraries too heavy for a rehearsal" in trained.notes


def backtest_of(result: TrainingResult) -> list[dict[str, str]]:
    assert result.best is not None
    assert result.best.backtest is not None
    with (result.best.backtest / "forecasts.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_backtest_holds_what_was_and_what_was_said(trained: TrainingResult) -> None:
    rows = backtest_of(trained)
    assert len(rows) == forecasting.WINDOWS * 2 * HORIZON
    data = {(item, f"{when} 00:00:00"): float(sold) for item, when, sold in sales()}
    assert all(float(row["sold"]) == data[row["item"], row["month"]] for row in rows)
    assert {row["month"] for row in rows if row["window"] == "3"} == {f"{month(n)} 00:00:00" for n in range(66, 72)}
    assert all(float(row["p5"]) < float(row["p50"]) < float(row["p95"]) for row in rows)


def test_the_metrics_are_those_of_the_rows_in_the_backtest(trained: TrainingResult) -> None:
    rows = backtest_of(trained)
    truth = np.array([float(row["sold"]) for row in rows])
    off = {level: truth - np.array([float(row[f"p{level}"]) for row in rows]) for level in (5, 50, 95)}
    assert trained.best is not None
    metrics = trained.best.metrics["Validation"]
    assert metrics["RMSE"] == pytest.approx(np.sqrt(np.mean(off[50] ** 2)))
    assert metrics["WAPE"] == pytest.approx(np.abs(off[50]).sum() / truth.sum())
    assert metrics["MAPE"] == pytest.approx(np.mean(np.abs(off[50]) / truth))
    losses = [2 * sum(max(level / 100 * e, (level / 100 - 1) * e) for e in off[level]) / truth.sum() for level in off]
    assert metrics["AverageWeightedQuantileLoss"] == pytest.approx(np.mean(losses))


def test_a_forecast_sees_nothing_of_its_window(trained: TrainingResult, tmp_path: Path) -> None:
    """Other values in the last window change no forecast of it."""
    changed = [[item, when, sold if when < month(66) else "1"] for item, when, sold in sales()]
    file = write_csv(tmp_path / "sales.csv", HEADER, changed)
    result, _ = run_task(ForecastingTask(**fields(file, quantiles=["p5", "p50", "p95"])), tmp_path)
    for before, after in zip(backtest_of(trained), backtest_of(result), strict=True):
        assert [before[name] for name in ("p5", "p50", "p95")] == [after[name] for name in ("p5", "p50", "p95")]


def test_the_first_window_knows_whom_to_trust_already(trained: TrainingResult) -> None:
    """The algorithms were weighed in the window before it, so that the ensemble is no worse there than later."""
    assert trained.best is not None
    assert trained.best.backtest is not None
    found = json.loads((trained.best.backtest / "metrics.json").read_text())
    assert len(found["metrics_by_window"]) == forecasting.WINDOWS
    first, last = (found["metrics_by_window"][window]["WAPE"] for window in (0, -1))
    assert first < 1.5 * last


def test_the_weights_are_explained(trained: TrainingResult) -> None:
    assert trained.best is not None
    assert trained.best.explainability is not None
    weights = json.loads((trained.best.explainability / "weights.json").read_text())["weights"]
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["npts"] < min(weights["ets"], weights["arima"]), "it cannot follow a trend"


def test_a_history_is_answered_with_the_quantiles_of_the_future(trained: TrainingResult) -> None:
    rows = sales(60)
    text = io.StringIO()
    csv.writer(text).writerows([["item", "promo", "sold", "month"], *([i, "x", s, m] for i, m, s in rows)])
    instances = json.dumps({"instances": [dict(zip(HEADER, row, strict=True)) for row in rows]}).encode()
    with served(trained) as server:
        answer = server.predict(text.getvalue().encode(), "text/csv", "text/csv")[0].decode()
        same = json.loads(server.predict(instances, "application/json", "application/json")[0])["predictions"]
    header, *lines = csv.reader(io.StringIO(answer))
    assert header == ["item", "month", "p5", "p50", "p95"]
    assert [[str(value) for value in one.values()] for one in same] == lines
    assert [line[:2] for line in lines] == [
        [item, f"{month(60 + step)} 00:00:00"] for item in ("rum", "tea") for step in range(HORIZON)
    ]
    for item, step, (*_, low, middle, high) in zip(["rum"] * 6 + ["tea"] * 6, [*range(6)] * 2, lines, strict=True):
        truth = true_value(item, 60 + step)
        assert float(middle) == pytest.approx(truth, rel=0.15)
        assert float(low) < float(middle) < float(high)


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"", "text/csv", "the body must begin with a header; it has no 'item', 'month', 'sold'"),
        (b"item,month\n", "text/csv", "the body must begin with a header; it has no 'sold'"),
        (b"item,month,sold\n", "text/csv", "the body has no history"),
        (
            b"item,month,sold\ntea,soon,1\n",
            "text/csv",
            "'month' needs ISO 8601 dates or times; 1 of 1 rows of the body",
        ),
        (b"item,month,sold\ntea,2020-01-01,1\n", "text/csv", "tea has 1 steps of 1M; a forecast needs at least 4"),
        (b'{"instances": [{"promo": 1}]}', "application/json", "instance 1 has 'promo', which is not a feature of the"),
        (b"x", "image/png", "the content type 'image/png' is not supported"),
    ],
)
def test_a_request_that_cannot_be_understood_is_refused_with_the_reason(
    trained: TrainingResult, body: bytes, content_type: str, message: str
) -> None:
    assert trained.best is not None
    assert trained.best.model_archive is not None
    model = forecasting.ForecastModel.open(trained.best.model_archive)
    with pytest.raises(DataFault, match=f"^{re.escape(message)}"):
        model.answers(body, content_type, model.keys(""))


LONG = [["a", f"{1000 + number // 12}-{number % 12 + 1:02}-01", "1"] for number in range(2004)]
SPARSE = [["a", "2020-01-01", "1"], ["b", "2021-01-01", "1"]]


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (sales(), {"horizon": 19}, "the forecast horizon of 19 steps is too long: it can be at most 500, and at most "),
        (LONG, {"horizon": 501}, "the forecast horizon of 501 steps is too long"),
        (SPARSE, {"horizon": 3}, "no item has a history of 7 steps, with values in 4 of them, as a horizon of 3 needs"),
        (sales(), {"frequency": "2Y"}, "the forecast frequency '2Y' is not one of"),
        (sales(), {"objective": "AUC"}, "the objective AUC is not one of forecasts: AverageWeightedQuantileLoss, RMS"),
        (sales(), {"algorithms": ["deepar"]}, "none of the algorithms asked for (deepar) is run on this machine; it h"),
        (sales(), {"features": {"FeatureAttributeNames": ["promo"]}}, "the feature specification names 'promo', wh"),
        ([["a", "", "1"]], {}, "the training data has no usable row: 1 have no 'item' or no 'month'"),
        ([["a", "2020-01-01", ""]], {}, "no row of the training data has a value in 'sold'"),
        ([["a", "2020-01-01", "few"]], {}, "'sold' needs numbers; 1 of 1 rows of the training data have none: 'few'"),
    ],
)  # fmt: skip
def test_a_fault_in_the_data_is_the_failure_reason(
    tmp_path: Path, rows: list[list[str]], changes: dict[str, Any], message: str
) -> None:
    file = write_csv(tmp_path / "sales.csv", HEADER, rows)
    with pytest.raises(DataFault, match=f"^{re.escape(message)}"):
        forecasting.prepare(fields(file, **changes), str(tmp_path))


def test_what_is_not_used_or_was_made_up_is_noted(tmp_path: Path) -> None:
    rows = [[*row, "9.99"] for number, row in enumerate(sales()) if number != 30]
    rows += [["gin", month(71), "3", "1"]]
    file = write_csv(tmp_path / "sales.csv", [*HEADER, "price"], rows)
    asked = fields(file, holiday_country="NO", validation_files=[str(file)], filling={"sold": {"middlefill": "mean"}})
    notes = forecasting.prepare(asked, str(tmp_path))["notes"]
    assert "other columns are not used here: price; the algorithms look at the target alone" in notes
    assert "the holidays of NO are not used here, nor is it known whether Autopilot has them" in notes
    assert "the validation channel is not used: forecasts are measured by a backtest" in notes
    assert "1 of 144 steps had no value and were filled: middlefill mean, backfill zero" in notes
    assert "1 items are left out of the backtest, without a history of 10 steps, with values in 4 of them: gin" in notes


def test_without_statsmodels_the_reason_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.api", None)
    file = write_csv(tmp_path / "sales.csv", HEADER, sales())
    with pytest.raises(DataFault, match=r"needs statsmodels: pip install 'cdk-sagemaker-autopilot\[rehearsal-forecast"):
        forecasting.prepare(fields(file), str(tmp_path))


@pytest.mark.parametrize("name", list(forecasters.DESCRIPTIONS))
def test_every_algorithm_follows_a_season(name: str) -> None:
    values = np.array([10.0, 20.0, 30.0, 40.0] * 12) + np.random.default_rng(0).normal(0, 0.1, 48)
    said = forecasters.forecast([name], values, 6, [0.1, 0.5, 0.9], season=4)[name]
    assert said[:, 1] == pytest.approx([10, 20, 30, 40, 10, 20], abs=1)
    assert (np.diff(said, axis=1) >= 0).all()


@pytest.mark.parametrize("name", list(forecasters.DESCRIPTIONS))
@pytest.mark.parametrize("values", [[5.0] * 9, [5.0] * 4, [1.0, 2.0, 3.0, 4.0, 5.0]])
def test_a_history_without_surprise_is_continued_by_those_who_can(name: str, values: list[float]) -> None:
    said = forecasters.forecast([name], np.array(values), 2, [0.5], season=1)
    goes_on = values[-1] + (values[-1] - values[-2]) if name == "arima" else values[-1]
    if len(set(values)) == 1 or name == "arima":
        assert said[name][0] == pytest.approx(goes_on)


def test_npts_draws_from_the_past_and_trusts_the_recent_more() -> None:
    values = np.array([1.0] * 50 + [3.0] * 50)
    said = forecasters.forecast(["npts"], values, 1, [0.01, 0.2, 0.5, 0.99], season=1)["npts"]
    assert said.tolist() == [[1, 1, 3, 3]]
    assert math.exp(-1) / (1 + math.exp(-1)) == pytest.approx(0.27, abs=0.01), "the weight of the older half"


def test_metrics_that_zeros_do_not_define_are_left_out() -> None:
    truth = np.zeros((1, 2))
    found = evaluate_forecasts(truth, np.ones((1, 2, 1)), np.array([0.5]), np.ones((1, 2)), np.zeros(1))
    assert found == {"RMSE": 1.0}
