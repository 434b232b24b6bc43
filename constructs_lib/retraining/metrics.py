"""What a retraining tells CloudWatch: metrics of its runs, widgets and a dashboard of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Unpack

import aws_cdk as cdk
from constructs import Construct

from ..jobs.base import MetricOptions  # noqa: TC001 - jsii's metaclass reads annotations
from ..naming import deployed_name
from ..provider.metrics import checked_metric
from ..runtime.contract import METRIC_DIMENSION, METRIC_NAMESPACE, RunMetric

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from ..provider.provider import AutoMLProvider

_HALF: Final = 12


class RunMetrics(Construct):
    """A construct with runs."""

    def _measure(self, provider: AutoMLProvider, resource: cdk.CfnResource) -> None:
        self._provider = provider
        self._measured = resource

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
        """How many runs failed, were taken back, or left an endpoint alone. Statistic by default: sum.

        An alarm of it, `metric_failed().create_alarm(...)`, costs 0.10 USD a month, so none is made by itself.
        """
        return self._metric(RunMetric.FAILED, {"statistic": "Sum", **options})

    def metric_challenger(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """The gate's metric of each challenger. Statistic by default: average."""
        return self._metric(RunMetric.CHALLENGER, {"statistic": "Average", **options})

    def metric_champion(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """The gate's metric of the champion at each judgement. Statistic by default: average."""
        return self._metric(RunMetric.CHAMPION, {"statistic": "Average", **options})

    def widgets(self) -> list[cloudwatch.IWidget]:
        """Graphs for a dashboard of yours: challengers against champions, and what became of runs."""
        from aws_cdk import aws_cloudwatch as cloudwatch

        week = cdk.Duration.days(1)
        quality = [self.metric_challenger(period=week), self.metric_champion(period=week)]
        counts = [self.metric_runs(period=week), self.metric_promotions(period=week), self.metric_failed(period=week)]
        return [
            cloudwatch.GraphWidget(title="Challenger and champion", left=quality, width=_HALF),
            cloudwatch.GraphWidget(title="Runs", left=counts, width=_HALF),
        ]

    def dashboard(self, construct_id: str = "Dashboard") -> cloudwatch.Dashboard:
        """A dashboard of `widgets`: one resource more, and 3 USD a month.

        Args:
            construct_id: Its id below the retraining. Default: `Dashboard`.
        """
        from aws_cdk import aws_cloudwatch as cloudwatch

        return cloudwatch.Dashboard(self, construct_id, widgets=[self.widgets()])
