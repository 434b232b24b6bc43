"""What the trainer wrote of a job's best candidate: what matters to it, and where it is right and wrong."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .account import Account

_MOST_SERIES: Final = 3
"""Series of a forecast that are shown."""


@dataclass(frozen=True, kw_only=True)
class Importance:
    """How much each column counts."""

    method: str
    """How it was found; Autopilot finds it another way."""

    meaning: str
    """What the numbers say."""

    columns: Mapping[str, float]
    """By the name of the column, the most important first."""


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """How often each class was taken for each."""

    labels: tuple[str, ...]
    """The classes."""

    matrix: tuple[tuple[int, ...], ...]
    """A row for each true class, a column for each predicted one, both in the order of `labels`."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """Which words of a text speak for each class."""

    method: str
    """How it was found; Autopilot finds it another way."""

    meaning: str
    """What the numbers say."""

    labels: Mapping[str, Mapping[str, float]]
    """By class and word."""


@dataclass(frozen=True, kw_only=True)
class Regions:
    """Which parts of an image count."""

    method: str
    """How it was found; Autopilot finds it another way."""

    meaning: str
    """What the numbers say."""

    rows: tuple[tuple[float, ...], ...]
    """From the top of the image, each from the left."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What was said of one series' past, beside what came to be."""

    item: str
    """Which series: the values that name it."""

    moments: tuple[str, ...]
    """The steps."""

    truth: tuple[float, ...]
    """What came to be, step by step."""

    quantiles: Mapping[str, tuple[float, ...]]
    """By name, `p50` for one; each as long as `moments`."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is known of a job and its best candidate beyond the scores. What the trainer did not write is left out."""

    problem_type: str = ""
    """As in `ProblemType` of the API; what is not tabular as its problem is called there."""

    objective: str = ""
    """The metric that candidates are ranked by."""

    rows: int | None = None
    """Validation rows that the best candidate was measured on."""

    positive_class: str = ""
    """Of two classes, the one that F1, AUC, Precision and Recall are about."""

    importance: Importance | None = None
    """How much each column counts."""

    confusion: Confusion | None = None
    """Of a classification, how often each class was taken for each."""

    residuals: Mapping[str, float] = field(default_factory=dict)
    """True value minus predicted: mean, minimum, p10, median, p90 and maximum."""

    words: Words | None = None
    """Of texts, which words count."""

    regions: Regions | None = None
    """Of images, which parts count."""

    forecasts: tuple[Forecast, ...] = ()
    """Of the first series, in the last window of the backtest."""


def study(account: Account, job: str) -> Study:
    """Read what there is on a job."""
    described = account.describe(job)
    best = described.get("BestCandidate", {})
    places = best.get("CandidateProperties", {}).get("CandidateArtifactLocations", {})
    files = {uri.rsplit("/", 1)[-1]: uri for place in places.values() for uri in account.objects(place)}

    def read(name: str) -> dict[str, Any]:
        content = account.read(files[name]) if name in files else None
        loaded: dict[str, Any] = json.loads(content) if content else {}
        return loaded

    analysis = read("analysis.json") or read("impacts.json")
    statistics, words, regions = read("statistics.json"), read("words.json"), read("regions.json")
    resolved = described.get("ResolvedAttributes", {})
    objective = statistics.get("objective") or resolved.get("AutoMLJobObjective", {}).get("MetricName", "")
    return Study(
        problem_type=_problem(described, statistics),
        objective=str(objective),
        rows=statistics.get("rows"),
        positive_class=str(statistics.get("positive_class", "")),
        importance=_importance(analysis),
        confusion=_confusion(statistics),
        residuals=statistics.get("residuals", {}),
        words=Words(method=words["method"], meaning=words["meaning"], labels=words["labels"]) if words else None,
        regions=_regions(regions),
        forecasts=_forecasts(account.read(files["forecasts.csv"]), described) if "forecasts.csv" in files else (),
    )


def _problem(described: Mapping[str, Any], statistics: Mapping[str, Any]) -> str:
    config = described.get("AutoMLProblemTypeConfigName") or next(
        iter(described.get("AutoMLProblemTypeConfig", {})), ""
    )
    name = str(config).removesuffix("JobConfig")
    return name if name not in ("", "Tabular") else str(statistics.get("problem_type", name))


def _importance(found: Mapping[str, Any]) -> Importance | None:
    if not found.get("columns"):
        return None
    ranked = sorted(found["columns"].items(), key=lambda column: -column[1])
    return Importance(method=found["method"], meaning=found["meaning"], columns=dict(ranked))


def _confusion(found: Mapping[str, Any]) -> Confusion | None:
    if "confusion_matrix" not in found:
        return None
    return Confusion(labels=tuple(map(str, found["labels"])), matrix=tuple(map(tuple, found["confusion_matrix"])))


def _regions(found: Mapping[str, Any]) -> Regions | None:
    if not found:
        return None
    rows = tuple(map(tuple, found["rows_from_the_top"]))
    return Regions(method=found["method"], meaning=found["meaning"], rows=rows)


def _forecasts(content: bytes | None, described: Mapping[str, Any]) -> tuple[Forecast, ...]:
    """The first series of a backtest's CSV: window, columns that name the series, moment, truth, quantiles."""
    header, *lines = csv.reader(io.StringIO((content or b"").decode()))
    if not lines:
        return ()
    config = described["AutoMLProblemTypeConfig"]["TimeSeriesForecastingJobConfig"]["TimeSeriesConfig"]
    moment = 2 + len(config.get("GroupingAttributeNames", ()))
    last = max(int(line[0]) for line in lines)
    series: dict[str, list[list[str]]] = {}
    for line in lines:
        if int(line[0]) == last:
            series.setdefault(", ".join(line[1:moment]), []).append(line)
    return tuple(
        Forecast(
            item=item,
            moments=tuple(row[moment] for row in rows),
            truth=tuple(float(row[moment + 1]) for row in rows),
            quantiles={
                name: tuple(float(row[place]) for row in rows)
                for place, name in enumerate(header)
                if place > moment + 1
            },
        )
        for item, rows in list(series.items())[:_MOST_SERIES]
    )
