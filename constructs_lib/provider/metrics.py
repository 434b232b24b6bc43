"""What a metric may be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import aws_cdk as cdk

from ..api.fields import Limits, Seconds, number, raise_if_any, value_problems
from ..tokens import is_token, known_seconds, place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_cloudwatch as cloudwatch
    from constructs import Construct


def checked_metric(scope: Construct, name: object, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a metric, without what CloudWatch's own code would refuse in its words.

    Raises:
        ValueError: with everything that is wrong.
    """
    wrong = value_problems(name, Text, is_token=is_token, path="metric_name")
    for prop, kind in _METRIC_OPTIONS.items():
        if prop in options:
            wrong += value_problems(options[prop], kind, is_token=is_token, path=prop)
    # [metric-periods]
    seconds = known_seconds(options.get("period"))
    if not wrong and seconds is not None and seconds not in (1, 5, 10, 20, 30) and seconds % 60:
        wrong = [f"'period' must be 1, 5, 10, 20, 30 or a multiple of 60 seconds, got {number(seconds)}"]
    if "period" in options and not wrong and seconds is None:
        wrong = ["'period' must be known when the app is synthesized, so it cannot be a token"]
    raise_if_any(wrong, f"a metric of '{scope.node.path}'")
    # Told in seconds, as the CDK takes 1.1 hours for no whole number of them.
    return {**options, **({} if seconds is None else {"period": cdk.Duration.seconds(seconds)})}


Text = Annotated[str, Limits(min_length=1, max_length=255)]

_METRIC_OPTIONS: Final = {
    "statistic": Text,
    "period": Annotated[Seconds, Limits(at_least=1, at_most=86400)],
    "label": str | None,
    "color": Annotated[str | None, Limits(pattern="#[0-9a-fA-F]{6}([0-9a-fA-F]{2})?")],
}
"""What each option of a metric may be.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html
"""


def new_alarm(
    scope: Construct,
    construct_id: str,
    metric: cloudwatch.Metric,
    description: str,
    *,
    threshold: float,
    evaluation_periods: int,
    comparison: cloudwatch.ComparisonOperator | None = None,
    missing: cloudwatch.TreatMissingData | None = None,
) -> cloudwatch.Alarm:
    """An alarm of a metric, below what it is about; by default it goes off at the threshold, and not without data.

    Raises:
        ValueError: with everything that is wrong.
    """
    from aws_cdk import aws_cloudwatch as cloudwatch

    wrong = [
        *value_problems(threshold, float, is_token=is_token, path="threshold"),
        *value_problems(
            evaluation_periods, Annotated[int, Limits(at_least=1)], is_token=is_token, path="evaluation_periods"
        ),
    ]
    raise_if_any(wrong, place("the alarm", scope, construct_id))
    return metric.create_alarm(
        scope,
        construct_id,
        alarm_description=description,
        threshold=threshold,
        evaluation_periods=evaluation_periods,
        comparison_operator=comparison or cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=missing or cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def period_option(period: cdk.Duration | None) -> dict[str, Any]:
    """The option of a metric; none where its own period is meant."""
    return {} if period is None else {"period": period}
