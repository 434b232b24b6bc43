from __future__ import annotations

import csv
import io
import json
import math
import random
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training.forecasting import backtest, forecasters, forecasting
from constructs_lib.rehearsal.training.forecasting.model import ForecastModel
from constructs_lib.rehearsal.training.tabular.metrics import evaluate_forecasts
from constructs_lib.rehearsal.training.task import ForecastingTask, TrainingResult

from ..world import run_task, served, write_csv

pytestmark = pytest.mark.training

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


def test_a_job_has_a_candidate_of_each_algorithm_and_their_ensemble_is_the_best(trained: TrainingResult) -> None:
    """As Autopilot's list of seven."""
    assert (trained.status, trained.problem_type) == ("Completed", "TimeSeriesForecasting")
    assert (trained.objective, trained.objective_direction) == ("AverageWeightedQuantileLoss", "Minimize")
    assert trained.best is not None
    assert trained.best is trained.candidates[0]
    assert trained.best.algorithm == "ensemble"
    assert sorted(each.algorithm for each in trained.candidates[1:]) == sorted(forecasters.DESCRIPTIONS)
    for each in trained.candidates:
        metrics = each.metrics["Validation"]
        assert list(metrics) == ["AverageWeightedQuantileLoss", "MASE", "WAPE", "MAPE", "RMSE"]
        assert each.objective_value == metrics["AverageWeightedQuantileLoss"]
    assert trained.best.metrics["Validation"]["WAPE"] < 0.05, "the noise is 2 %"
    assert trained.best.metrics["Validation"]["MASE"] < 1, "better than to repeat the last season"
    assert "statsmodels ETSModel" in next(each.description for each in trained.candidates if each.name == "ets")


@pytest.mark.parametrize("name", forecasters.STAND_INS)
def test_what_is_no_deep_network_says_so(trained: TrainingResult, name: str) -> None:
    (candidate,) = (each for each in trained.candidates if each.algorithm == name)
    assert candidate.description.startswith(f"stand-in for {name}: our own linear ")
    assert f"{name} is not run here, it needs libraries too heavy for a rehearsal: {candidate.description}" in (
        trained.notes
    )


def test_no_two_algorithms_have_the_same_numbers(trained: TrainingResult) -> None:
    """Each is measured by what it says itself."""
    values = [each.objective_value for each in trained.candidates if each.algorithm != "ensemble"]
    assert len(set(values)) == len(values) == 6


def backtest_of(result: TrainingResult, algorithm: str = "ensemble") -> list[dict[str, str]]:
    (candidate,) = (each for each in result.candidates if each.algorithm == algorithm)
    assert candidate.backtest is not None
    return rows_of(candidate.backtest)


def rows_of(backtest: Path) -> list[dict[str, str]]:
    with (backtest / "forecasts.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_backtest_holds_what_was_and_what_was_said(trained: TrainingResult) -> None:
    rows = backtest_of(trained)
    assert len(rows) == backtest.WINDOWS * 2 * HORIZON
    data = {(item, when): float(sold) for item, when, sold in sales()}
    assert all(float(row["sold"]) == data[row["item"], row["month"]] for row in rows)
    assert {row["month"] for row in rows if row["window"] == "3"} == {month(n) for n in range(66, 72)}
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


@pytest.fixture(scope="module")
def blinded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The same job, but for the truth of the last window."""
    changed = [[item, when, sold if when < month(66) else "1"] for item, when, sold in sales()]
    return backtested(tmp_path_factory.mktemp("blinded"), changed, quantiles=["p5", "p50", "p95"])


@pytest.mark.parametrize("algorithm", forecasters.DESCRIPTIONS)
def test_a_forecast_sees_nothing_of_its_window(
    trained: TrainingResult, blinded: dict[str, dict[str, Any]], algorithm: str
) -> None:
    """Other values in the last window change no forecast of it."""
    after = rows_of(Path(blinded[algorithm]["backtest"]))
    for one, other in zip(backtest_of(trained, algorithm), after, strict=True):
        assert [one[name] for name in ("p5", "p50", "p95")] == [other[name] for name in ("p5", "p50", "p95")]


def weights_of(result: TrainingResult) -> dict[str, float]:
    assert result.best is not None
    assert result.best.insights is not None
    found: dict[str, float] = json.loads((result.best.insights / "accuracy.json").read_text())["weights"]
    return found


def test_the_ensemble_says_the_weighted_mean_of_its_members(trained: TrainingResult) -> None:
    """Autopilot's container multiplies with the weights and loads only algorithms that have one."""
    weights = weights_of(trained)
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) > 0
    members = {name: backtest_of(trained, name) for name in weights}
    for place, row in enumerate(backtest_of(trained)):
        for quantile in ("p5", "p50", "p95"):
            said = sum(weight * float(members[name][place][quantile]) for name, weight in weights.items())
            assert float(row[quantile]) == pytest.approx(said)


def backtested(folder: Path, rows: list[list[str]], **changes: Any) -> dict[str, dict[str, Any]]:
    """What each step of a job says of its candidate, in this process."""
    file = write_csv(folder / "sales.csv", HEADER, rows)
    prepared = forecasting.prepare(fields(file, **changes), str(folder))
    kept = {trial["name"]: forecasting.fit(trial, str(folder)) for trial in prepared["trials"]}
    archives = [each["archive"] for each in kept.values()]
    return {**kept, "ensemble": forecasting.combine(prepared["ensemble"]["trial"], archives, str(folder))}


def test_an_ensemble_can_be_one_algorithm_alone(tmp_path: Path) -> None:
    """And then it has the numbers of that one."""
    kept = backtested(tmp_path, sales(), algorithms=["npts"])
    assert kept["ensemble"]["metrics"] == kept["npts"]["metrics"]
    assert ForecastModel.open(Path(kept["ensemble"]["archive"])).weights == {"npts": 1.0}


@pytest.mark.parametrize("objective", forecasting.OBJECTIVES)
def test_an_ensemble_is_never_behind_its_best_member(tmp_path: Path, objective: str) -> None:
    algorithms = ["deepar", "cnn-qr", "prophet", "npts"]
    kept = backtested(tmp_path, sales(seed=9), algorithms=algorithms, objective=objective)
    values = {name: each["metrics"]["Validation"][objective] for name, each in kept.items()}
    assert values["ensemble"] <= min(values[name] for name in algorithms)


def test_nothing_is_explained_where_there_is_the_target_alone(trained: TrainingResult) -> None:
    """As Autopilot was seen to do without covariates."""
    assert trained.best is not None
    assert trained.best.explainability is None


def test_other_columns_are_explained_to_count_for_nothing(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "sales.csv", [*HEADER, "promo"], [[*row, "1"] for row in sales()])
    prepared = forecasting.prepare(fields(file, algorithms=["npts"]), str(tmp_path))
    assert prepared["reports"] == ["explain", "insights"]
    kept = forecasting.fit(prepared["trials"][0], str(tmp_path))
    found = json.loads((Path(forecasting.explain(kept["archive"], str(tmp_path))) / "impacts.json").read_text())
    assert found["columns"] == {"promo": 0.0}


def as_csv(*rows: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def test_a_history_is_answered_with_the_quantiles_and_the_mean_of_the_future(trained: TrainingResult) -> None:
    with served(trained) as server:
        answer = server.predict(as_csv(HEADER, *sales(60)), "text/csv;header=present", "text/csv")[0].decode()
    header, *lines = csv.reader(io.StringIO(answer))
    assert header == ["item", "month", "p5", "p50", "p95", "mean"]
    assert [line[:2] for line in lines] == [
        [item, month(60 + step)] for item in ("rum", "tea") for step in range(HORIZON)
    ]
    for item, step, (*_, low, middle, high, mean) in zip(
        ["rum"] * 6 + ["tea"] * 6, [*range(6)] * 2, lines, strict=True
    ):
        truth = true_value(item, 60 + step)
        assert float(middle) == pytest.approx(truth, rel=0.15)
        assert float(mean) == pytest.approx(float(middle), rel=0.15)
        assert float(low) < float(middle) < float(high)


@pytest.fixture(scope="module")
def model(trained: TrainingResult) -> ForecastModel:
    """The ensemble, in this process."""
    assert trained.best is not None
    assert trained.best.model_archive is not None
    return ForecastModel.open(trained.best.model_archive)


def test_a_request_without_a_header_has_the_columns_of_the_training_data(model: ForecastModel) -> None:
    keys = model.keys("")
    plain = model.answers(as_csv(HEADER, *sales(60)), "text/csv", keys)
    assert model.answers(as_csv(*sales(60)), "text/csv", keys) == plain
    other = [[sold, "x", item, when] for item, when, sold in sales(60)]
    assert model.answers(as_csv(["sold", "promo", "item", "month"], *other), "text/csv", keys) == plain


def test_a_series_that_cannot_be_forecast_is_answered_with_error_and_the_others_as_they_are(
    model: ForecastModel,
) -> None:
    """Autopilot's container was seen to; a transform job of such a request ends Completed."""
    keys = model.keys("")
    plain = model.answers(as_csv(HEADER, *sales(60)), "text/csv", keys)
    short = [["gin", month(58), "1"], ["gin", month(59), "1"], ["new", month(60), ""]]
    rows = model.answers(as_csv(HEADER, *sales(60), *short), "text/csv", keys)
    assert [row for row in rows if row[0] in {"rum", "tea"}] == plain
    assert [row for row in rows if row[0] not in {"rum", "tea"}] == [
        [item, month(60 + step), "ERROR", "ERROR", "ERROR", "ERROR"]
        for item in ("gin", "new")
        for step in range(HORIZON)
    ]


def test_a_request_without_any_history_is_answered_from_its_first_row_on(model: ForecastModel) -> None:
    rows = model.answers(as_csv(HEADER, ["new", month(9), ""], ["new", month(8), ""]), "text/csv", model.keys(""))
    assert [row[:3] for row in rows] == [["new", month(8 + step), "ERROR"] for step in range(HORIZON)]


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"", "text/csv", "the body has no rows"),
        (
            b"item,month\n",
            "text/csv",
            "the body has 2 columns and no header with 'item', 'month', 'sold'; without one it has all columns of the "
            "training data: 'item', 'month', 'sold'",
        ),
        (b"item,month,sold\n", "text/csv", "the body has no rows"),
        (
            b"item,month,sold\ntea,soon,1\n",
            "text/csv",
            "'month' needs ISO 8601 dates or times; 1 of 1 rows of the body have none: 'soon'",
        ),
        (
            b"tea,2024Q2,1\n",
            "text/csv",
            "'month' needs ISO 8601 dates or times; 1 of 1 rows of the body have none: '2024Q2' "
            "('2024Q2' is a quarter: write the day that it begins with, 2024-04-01)",
        ),
        (
            b'{"instances": [{"item": "tea", "month": "2020-01-01", "sold": 1}]}',
            "application/json",
            "a forecast is asked for in text/csv, not in 'application/json': no form of JSON is known to work on AWS, "
            "where two have failed",
        ),
        (b"x", "image/png", "a forecast is asked for in text/csv, not in 'image/png'"),
        (b"caf\xe9", "text/csv", "the body is not UTF-8 text: byte 0xe9"),
    ],
)
def test_a_request_that_cannot_be_understood_is_refused_with_the_reason(
    model: ForecastModel, body: bytes, content_type: str, message: str
) -> None:
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
        ([[i, m, "0"] for i, m, _ in sales()], {}, "every value of 'sold' is zero, in each of 2 series: AverageWe"),
        ([["a", "3/31/2020", "1"]], {}, "'month' needs ISO 8601 dates or times; 1 of 1 rows of the training data have "
         "none: '3/31/2020' ('3/31/2020' is a date as in the US, month/day/year: write 2020-03-31)"),
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
    with pytest.raises(DataFault, match=r"needs statsmodels: in a checkout, pip install '\.\[rehearsal-forecast"):
        forecasting.prepare(fields(file), str(tmp_path))


def test_zeros_and_steps_of_several_rows_are_noted(tmp_path: Path) -> None:
    rows = [*sales(), *sales()[:3], *(["gin", month(number), "0"] for number in range(MONTHS))]
    notes = forecasting.prepare(fields(write_csv(tmp_path / "sales.csv", HEADER, rows)), str(tmp_path))["notes"]
    assert "1 of 3 series hold nothing but zeros, of which MAPE and MASE say nothing: gin" in notes
    assert (
        "3 steps have more than one row, in 1 of 3 series (tea); the rows of a step became one value: sum, as without "
        "an Aggregation"
    ) in notes


def test_an_algorithm_that_cannot_be_fitted_is_spoken_for_and_that_is_noted(tmp_path: Path) -> None:
    """So that all are measured by the same cases."""
    new = [["new", month(number), str(number)] for number in range(60, MONTHS)]
    kept = backtested(tmp_path, [*sales(), *new], algorithms=["deepar", "npts"])
    assert kept["npts"]["notes"] == []
    assert kept["deepar"]["notes"] == [
        "deepar could not be fitted to 1 of 7 histories of the backtest: npts spoke for it there"
    ]
    of_npts, of_deepar = (Path(kept[name]["backtest"], "forecasts.csv").read_text() for name in ("npts", "deepar"))
    spoken_for = [line for line in of_npts.splitlines() if ",new," in line]
    assert len(spoken_for) == HORIZON
    assert spoken_for == [line for line in of_deepar.splitlines() if ",new," in line]
    assert of_npts != of_deepar


@pytest.mark.parametrize("name", list(forecasters.DESCRIPTIONS))
def test_every_algorithm_follows_a_season(name: str) -> None:
    values = np.array([10.0, 20.0, 30.0, 40.0] * 12) + np.random.default_rng(0).normal(0, 0.1, 48)
    said = forecasters.forecast([name], values, 6, [0.1, 0.5, 0.9], season=4)[name]
    *quantiles, mean = said.T
    assert quantiles[1] == pytest.approx([10, 20, 30, 40, 10, 20], abs=1)
    assert (np.diff(quantiles, axis=0) >= 0).all()
    assert mean == pytest.approx([10, 20, 30, 40, 10, 20], abs=1)


@pytest.mark.parametrize(
    ("name", "fewest"), [("ets", 4), ("arima", 4), ("npts", 4), ("prophet", 8), ("deepar", 13), ("cnn-qr", 13)]
)
def test_a_history_without_surprise_is_continued_by_those_who_can(name: str, fewest: int) -> None:
    for length in (4, 8, 13):
        said = forecasters.forecast([name], np.full(length, 5.0), 2, [0.5], season=1)
        assert (name in said) == (length >= fewest)
        if said:
            assert said[name] == pytest.approx(np.full((2, 2), 5.0))


def test_arima_goes_on_with_a_straight_line() -> None:
    said = forecasters.forecast(["arima"], np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 2, [0.5], season=1)
    assert said["arima"][:, 0] == pytest.approx([6, 7])


def test_npts_draws_from_the_past_and_trusts_the_recent_more() -> None:
    values = np.array([1.0] * 50 + [3.0] * 50)
    said = forecasters.forecast(["npts"], values, 1, [0.01, 0.2, 0.5, 0.99], season=1)["npts"]
    older = math.exp(-1) / (1 + math.exp(-1))
    assert older == pytest.approx(0.27, abs=0.01), "the weight of the older half"
    assert said.tolist() == [[1, 1, 3, 3, pytest.approx(3 - 2 * older)]]


def test_metrics_that_zeros_do_not_define_are_left_out() -> None:
    truth = np.zeros((1, 2))
    found = evaluate_forecasts(truth, np.ones((1, 2, 1)), np.array([0.5]), np.ones((1, 2)), np.zeros(1))
    assert found == {"RMSE": 1.0}
