"""What a retraining tells CloudWatch: metrics of its runs, widgets and a dashboard of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Unpack

import aws_cdk as cdk
from constructs import Construct

from ..jobs.base import MetricOptions  # noqa: TC001 - jsii's metaclass reads annotations
from ..naming import deployed_name
from ..provider.metrics import checked_metric, new_alarm, period_option
from ..runtime.contract import METRIC_DIMENSION, METRIC_NAMESPACE, RunMetric
from ..tokens import place

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from ..endpoint.endpoint import AutoMLEndpoint
    from ..provider.provider import AutoMLProvider

_HALF: Final = 12
_A_WEEK: Final = 7
"""Days: the longest that an alarm looks back.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""


class RunMetrics(Construct):
    """A construct with runs."""

    def _measure(self, provider: AutoMLProvider, resource: cdk.CfnResource, endpoint: AutoMLEndpoint | None) -> None:
        self._provider = provider
        self._measured = resource
        self._shown = endpoint

    def _metric(self, name: RunMetric, options: dict[str, Any]) -> cloudwatch.Metric:
        from aws_cdk import aws_cloudwatch as cloudwatch

        checked = checked_metric(self, name, options)
        stack = self._provider.stack
        dimension = f"{deployed_name(stack)}/{stack.get_logical_id(self._measured)}"
        metric = cloudwatch.Metric(
            namespace=METRIC_NAMESPACE, metric_name=name, dimensions_map={METRIC_DIMENSION: dimension}, **checked
        )
        return metric.attach_to(self)

    def metric_runs(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many runs have ended. Statistic by default: sum."""
        return self._metric(RunMetric.RUNS, {"statistic": "Sum", **options})

    def metric_promotions(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many runs put another model in service. Statistic by default: sum."""
        return self._metric(RunMetric.PROMOTIONS, {"statistic": "Sum", **options})

    def metric_failed(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many runs failed, were taken back, or left an endpoint alone. Statistic by default: sum."""
        return self._metric(RunMetric.FAILED, {"statistic": "Sum", **options})

    def metric_challenger(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """The gate's metric of each challenger. Statistic by default: average."""
        return self._metric(RunMetric.CHALLENGER, {"statistic": "Average", **options})

    def metric_champion(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """The gate's metric of the champion at each judgement. Statistic by default: average."""
        return self._metric(RunMetric.CHAMPION, {"statistic": "Average", **options})

    def alarm_failed(
        self,
        construct_id: str = "FailedRuns",
        *,
        threshold: int = 1,
        period: cdk.Duration | None = None,
        evaluation_periods: int = 1,
    ) -> cloudwatch.Alarm:
        """An alarm that goes off when runs fail, are taken back, or leave an endpoint alone; 0.10 USD a month.

        Args:
            construct_id: Its id below the retraining. Default: `FailedRuns`.
            threshold: At how many such runs in a period. Default: at the first.
            period: The time that is looked at. Default: 5 minutes.
            evaluation_periods: How many such periods in a row. Default: one.
        """
        return new_alarm(
            self,
            construct_id,
            self.metric_failed(**period_option(period)),
            "Runs of the retraining fail, or leave an endpoint alone",
            threshold=threshold,
            evaluation_periods=evaluation_periods,
        )

    def alarm_no_runs(
        self,
        construct_id: str = "NoRuns",
        *,
        period: cdk.Duration | None = None,
        evaluation_periods: int = _A_WEEK,
    ) -> cloudwatch.Alarm:
        """An alarm that goes off when no run has ended: nothing triggers any more, and the model grows old.

        It costs 0.10 USD a month. CloudWatch looks back a week at most, so it fits what trains at least as often.

        Args:
            construct_id: Its id below the retraining. Default: `NoRuns`.
            period: The time that is looked at, up to a day. Default: a day.
            evaluation_periods: How many such periods in a row, a week in all at most. Default: seven.
        """
        from aws_cdk import aws_cloudwatch as cloudwatch

        return new_alarm(
            self,
            construct_id,
            self.metric_runs(**period_option(cdk.Duration.days(1) if period is None else period)),
            "No run of the retraining has ended",
            threshold=1,
            evaluation_periods=evaluation_periods,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )

    def widgets(self) -> list[cloudwatch.IWidget]:
        """Graphs for a dashboard of yours: challengers against champions, what became of runs, and what serves.

        The last two, errors and latency of the endpoint, are there with `promotes`.
        """
        from aws_cdk import aws_cloudwatch as cloudwatch

        day = cdk.Duration.days(1)
        quality = [self.metric_challenger(period=day), self.metric_champion(period=day)]
        counts = [self.metric_runs(period=day), self.metric_promotions(period=day), self.metric_failed(period=day)]
        shown: list[cloudwatch.IWidget] = [
            cloudwatch.GraphWidget(title="Challenger and champion", left=quality, width=_HALF),
            cloudwatch.GraphWidget(title="Runs and what they decided", left=counts, width=_HALF),
        ]
        endpoint = self._shown
        if endpoint is None:
            return shown
        errors = [endpoint.metric_invocation_5xx_errors(), endpoint.metric_invocation_4xx_errors()]
        latency = [endpoint.metric_model_latency(statistic="p90"), endpoint.metric_overhead_latency(statistic="p90")]
        asked = [endpoint.metric_invocations()]
        return [
            *shown,
            cloudwatch.GraphWidget(title="Endpoint: errors and requests", left=errors, right=asked, width=_HALF),
            cloudwatch.GraphWidget(title="Endpoint: latency in microseconds", left=latency, width=_HALF),
        ]

    def dashboard(self, construct_id: str = "Dashboard") -> cloudwatch.Dashboard:
        """A dashboard of `widgets`: one resource more, and 3 USD a month.

        Args:
            construct_id: Its id below the retraining. Default: `Dashboard`.

        Raises:
            ValueError: `construct_id` is no id.
        """
        place("the dashboard", self, construct_id)
        from aws_cdk import aws_cloudwatch as cloudwatch

        return cloudwatch.Dashboard(self, construct_id, widgets=[self.widgets()])
