"""What the trainer wrote of a best candidate is read for the report; what it did not write is left out."""

import json
from dataclasses import dataclass, field
from typing import Any

from constructs_lib.rehearsal.account import Account
from constructs_lib.rehearsal.studies import Confusion, Forecast, Importance, Regions, Study, Words, study

PLACE = "s3://results/job/documentation"
SERIES = {"ItemIdentifierAttributeName": "item", "GroupingAttributeNames": ["p1"]}
FORECASTS = """window,item,p1,day,sold,p10,p50,p90,mean
1,a,x,2026-01-01,1.0,0.5,1.0,1.5,1.0
2,a,x,2026-01-02,2.0,1.5,2.0,2.5,2.0
2,a,x,2026-01-03,3.0,2.5,3.0,3.5,3.0
2,b,x,2026-01-02,5.0,4.5,5.0,5.5,5.0
"""


@dataclass
class Shelf(Account):
    """An account that has the files of one job."""

    described: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)

    def describe(self, name: str) -> dict[str, Any]:
        located = {"CandidateArtifactLocations": {"ModelInsights": PLACE}}
        return {"BestCandidate": {"CandidateProperties": located}, **self.described}

    def objects(self, uri: str) -> list[str]:
        return [f"{uri}/{name}" for name in self.files]

    def read(self, uri: str) -> bytes | None:
        return self.files[uri.removeprefix(f"{PLACE}/")].encode()


def shelf(described: dict[str, Any] | None = None, **files: Any) -> Shelf:
    return Shelf(described or {}, {f"{name}.json": json.dumps(content) for name, content in files.items()})


def test_classification_of_a_table() -> None:
    statistics = {
        "problem_type": "BinaryClassification",
        "objective": "AUC",
        "rows": 200,
        "positive_class": "yes",
        "labels": ["no", "yes"],
        "confusion_matrix": [[3, 1], [2, 4]],
    }
    analysis = {"method": "m", "meaning": "w", "columns": {"less": 0.1, "more": 0.5, "harm": -0.2}}
    described = {"AutoMLProblemTypeConfigName": "Tabular"}
    found = study(shelf(described, statistics=statistics, analysis=analysis), "job")
    assert found == Study(
        problem_type="BinaryClassification",
        objective="AUC",
        rows=200,
        positive_class="yes",
        importance=Importance(method="m", meaning="w", columns={"more": 0.5, "less": 0.1, "harm": -0.2}),
        confusion=Confusion(labels=("no", "yes"), matrix=((3, 1), (2, 4))),
    )
    assert found.importance is not None
    assert list(found.importance.columns) == ["more", "less", "harm"]


def test_regression_has_residuals() -> None:
    found = study(shelf(statistics={"problem_type": "Regression", "residuals": {"mean": 0.5}}), "job")
    assert found.residuals == {"mean": 0.5}
    assert found.confusion is None


def test_texts_and_images() -> None:
    words = {"method": "m", "meaning": "w", "labels": {"good": {"fine": 0.3}}}
    regions = {"method": "m", "meaning": "w", "rows_from_the_top": [[0.1, 0.2], [0.0, 0.3]]}
    described = {"AutoMLProblemTypeConfigName": "TextClassification"}
    statistics = {"problem_type": "MulticlassClassification"}
    found = study(shelf(described, statistics=statistics, words=words, regions=regions), "job")
    assert found.problem_type == "TextClassification"
    assert found.words == Words(method="m", meaning="w", labels={"good": {"fine": 0.3}})
    assert found.regions == Regions(method="m", meaning="w", rows=((0.1, 0.2), (0.0, 0.3)))


def test_forecasts_of_the_last_window_whatever_its_columns_are_called() -> None:
    kept = shelf({"AutoMLProblemTypeConfig": {"TimeSeriesForecastingJobConfig": {"TimeSeriesConfig": SERIES}}})
    kept.files["forecasts.csv"] = FORECASTS
    first, second = study(kept, "job").forecasts
    assert first == Forecast(
        item="a, x",
        moments=("2026-01-02", "2026-01-03"),
        truth=(2.0, 3.0),
        quantiles={"p10": (1.5, 2.5), "p50": (2.0, 3.0), "p90": (2.5, 3.5), "mean": (2.0, 3.0)},
    )
    assert (second.item, second.truth) == ("b, x", (5.0,))


def test_job_without_a_best_candidate_has_nothing() -> None:
    assert study(Shelf({"BestCandidate": {}}), "job") == Study()
