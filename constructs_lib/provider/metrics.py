"""What a metric may be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import aws_cdk as cdk

from ..api.fields import Limits, Seconds, number, raise_if_any, value_problems
from ..tokens import is_token, known_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

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
