"""What is said of a challenger, and of an endpoint: numbers and names alone decide."""

from typing import Any

import pytest

from constructs_lib.runtime.description import Description
from constructs_lib.runtime.failure import Failure
from constructs_lib.runtime.retrain_document import Document, Kind, Says, Serving, Trigger, admit, begun
from constructs_lib.runtime.retrain_judge import Standing, judge, standing


def job(value: float | None, metric: str = "AUC", kind: str = "Maximize", **others: float) -> Description:
    datum = {"MetricName": metric, "StandardMetricName": metric, "Type": kind, "Value": value}
    metrics = [{"StandardMetricName": name, "Value": each, "Set": "Validation"} for name, each in others.items()]
    best = {"FinalAutoMLJobObjectiveMetric": datum, "CandidateProperties": {"CandidateMetrics": metrics}}
    return Description({"AutoMLJobName": "j", "BestCandidate": best})


@pytest.mark.parametrize(
    ("by", "challenger", "champion", "passes"),
    [
        (0, 0.9, 0.9, False),
        (0, 0.9000001, 0.9, True),
        ("0.01", 0.91, 0.9, True),  # a hair less in binary
        ("0.01", 0.9099, 0.9, False),
        ("0.01", 0.8, 0.9, False),
    ],
)
def test_champion_has_to_be_beaten_by_so_much(by: Any, challenger: float, champion: float, passes: bool) -> None:
    said = judge({"BetterThanChampion": by}, job(challenger), job(champion))

    assert said.passes is passes
    assert said.text.startswith("met: AUC" if passes else "missed: AUC")


def test_less_is_better_where_the_metric_says_so() -> None:
    asked = {"BetterThanChampion": "0.1"}

    assert judge(asked, job(0.5, "MSE", "Minimize"), job(0.7, "MSE", "Minimize")).passes
    assert not judge(asked, job(0.7, "MSE", "Minimize"), job(0.5, "MSE", "Minimize")).passes


def test_another_metric_is_judged_where_it_is_named() -> None:
    asked = {"BetterThanChampion": "0", "Metric": "LogLoss", "AtMost": "0.4"}

    assert judge(asked, job(0.5, LogLoss=0.3), job(0.9, LogLoss=0.35)).passes
    assert not judge(asked, job(0.9, LogLoss=0.45), job(0.5, LogLoss=0.5)).passes


def test_challenger_without_a_number_misses_and_a_champion_without_one_is_none() -> None:
    asked = {"BetterThanChampion": "0"}

    assert judge(asked, job(None), job(0.5)).text == "missed: the challenger has no objective"
    assert judge(asked, job(0.5), job(None)).passes


def test_two_metrics_do_not_compare() -> None:
    with pytest.raises(Failure, match="the challenger has AUC, and the champion F1: they do not compare"):
        judge({"BetterThanChampion": "0"}, job(0.9), job(0.5, "F1"))


def test_metric_of_unknown_direction_is_refused() -> None:
    with pytest.raises(Failure, match="nobody knows whether less or more of Charm is better"):
        judge({"BetterThanChampion": "0"}, job(0.9, "Charm", ""), job(0.5, "Charm", ""))


# The endpoint

OWN = Serving(job="run-1", base="own-1", model="m1", config="c1")


@pytest.mark.parametrize(
    ("champion", "serves", "model", "stands"),
    [
        (None, "Template-1", "m0", Standing.IN_ORDER),
        (OWN, "C1", "m0", Standing.IN_ORDER),
        (OWN, "template-1", "m0", Standing.DEMOTED),
        (OWN, "Template-1", "M1", Standing.IN_ORDER),
        (OWN, "c0", "m0", Standing.DEMOTED),
        (OWN, "theirs", "m0", Standing.FOREIGN),
        (None, "c0", "m0", Standing.DEMOTED),
        (Serving(job="run-1", base="own-0", model="m1", config="c1"), "c1", "m0", Standing.FOREIGN),
    ],
)
def test_endpoint_serves_what_it_should_or_not(
    champion: Serving | None, serves: str, model: str, stands: Standing
) -> None:
    settings = {"JobName": "own-1", "Endpoint": {"TemplateConfig": "Template-1"}}
    document = Document("stack", "Weekly", settings, champion=champion, made=("config/c0", "model/m1"))

    assert standing(document, serves, model) is stands


# Triggers


def test_thousand_triggers_are_one_run_and_one_that_is_remembered() -> None:
    document = Document("stack", "Weekly", {"MaxRunsPerMonth": "10"})
    said = []
    for number in range(1000):
        trigger = Trigger(str(number), Kind.TRAIN, "new data", is_patient=True)
        document, says = admit(document, trigger, f"e{number}", 1000.0)
        said.append(says)

    assert said.count(Says.HOLDS) == 1
    assert document.runs == 1
    assert len(document.seen) <= 50


def test_document_is_the_same_when_it_is_read_again() -> None:
    document = begun(Document("stack", "Weekly", {"a": 1}, champion=OWN, waiting=(OWN,)), Kind.TRAIN, ["x"], "e", 5.0)

    assert Document.read(document.written()) == document
