"""Candidates as the service shows them, the best first whatever mode they are of."""

from typing import Any

import pytest

from constructs_lib.rehearsal.account import _candidate, _rank


def shown(name: str, objective: dict[str, Any]) -> dict[str, Any]:
    return {"CandidateName": name, "CandidateStatus": "Completed", "FinalAutoMLJobObjectiveMetric": objective}


@pytest.mark.parametrize(
    ("objective", "metric", "best"),
    [
        ({"MetricName": "validation:mse", "StandardMetricName": "MSE"}, "MSE", "less"),
        ({"MetricName": "validation:f1_binary", "StandardMetricName": "F1"}, "F1", "more"),
        ({"MetricName": "R2", "StandardMetricName": "R2", "Type": "Maximize"}, "R2", "more"),
        (
            {
                "MetricName": "AVERAGE_WEIGHTED_QUANTILE_LOSS",
                "StandardMetricName": "AverageWeightedQuantileLoss",
                "Type": "Minimize",
            },
            "AverageWeightedQuantileLoss",
            "less",
        ),
    ],
)
def test_a_metric_goes_by_its_standard_name_and_its_direction_follows(
    objective: dict[str, Any], metric: str, best: str
) -> None:
    """A tuned candidate's objective has no type."""
    candidates = [
        _candidate(shown(name, {**objective, "Value": value})) for name, value in (("less", 1.0), ("more", 2.0))
    ]
    assert {candidate.metric for candidate in candidates} == {metric}
    assert min(candidates, key=_rank).name == best
