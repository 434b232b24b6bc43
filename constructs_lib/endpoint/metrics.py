"""What every endpoint can be asked, also one that was made elsewhere: its name, grants, metrics and alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, Unpack

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam

from ..access import permissions
from ..access.grants import check_grantee
from ..api.fields import described, whole
from ..interfaces import Endpoint, Resource
from ..provider.metrics import checked_metric, new_alarm, period_option
from ..releases import endpoint_reference
from ..tokens import known_seconds

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk.interfaces import aws_sagemaker as sagemaker
    from constructs import Construct

    from ..jobs.base import MetricOptions


VARIANT: Final = "AllTraffic"
"""The name of the only variant. A deployment needs the one that there was before, so it never changes."""

_NAMESPACE: Final = "AWS/SageMaker"
_INSTANCES_NAMESPACE: Final = "/aws/sagemaker/Endpoints"
_MICROSECONDS: Final = 1_000_000


class IAutoMLEndpoint(Resource, Protocol):
    """An endpoint of this stack, or one made elsewhere.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
    """

    @property
    def endpoint_name(self) -> str:
        """The endpoint's name."""

    @property
    def endpoint_arn(self) -> str:
        """The endpoint's ARN."""

    @property
    def endpoint_ref(self) -> sagemaker.EndpointReference:
        """How L1 constructs refer to the endpoint."""

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to ask the endpoint."""

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """A metric of the endpoint's variant."""

    def metric_invocations(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many requests there were."""

    def metric_invocations_per_instance(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many requests there were for each instance."""

    def metric_invocation_4xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many requests were wrong."""

    def metric_invocation_5xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many requests the model failed at."""

    def metric_model_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How long the model took to answer."""

    def metric_overhead_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How long SageMaker took besides."""

    def metric_cpu_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How busy the instances' processors are."""

    def metric_memory_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How much of the instances' memory is in use."""

    def metric_backlog_size(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many requests to an asynchronous endpoint wait."""


class EndpointBase(cdk.Resource):
    """What endpoints of this stack and imported ones share. Both kinds say the name themselves."""

    _invoke_actions: tuple[str, ...] = (*permissions.INVOKE_ENDPOINT, *permissions.INVOKE_ENDPOINT_ASYNC)

    if TYPE_CHECKING:

        @property
        def endpoint_name(self) -> str:
            """The endpoint's name."""

        @property
        def endpoint_arn(self) -> str:
            """The endpoint's ARN."""

    _plain_name: str
    """The name, known before the endpoint is there: what watches an endpoint has to be there first."""

    @property
    def endpoint_ref(self) -> sagemaker.EndpointReference:
        """How L1 constructs refer to the endpoint.

        Raises:
            AttributeError: those of this aws-cdk-lib take no references.
        """
        return endpoint_reference(self.endpoint_arn)

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to ask the endpoint; an asynchronous one by way of S3."""
        return self.grant(grantee, *self._invoke_actions)

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Allow actions on this endpoint.

        Args:
            grantee: Who may.
            actions: IAM actions whose resource is an endpoint, e.g. `sagemaker:DescribeEndpoint`.
        """
        check_grantee(grantee)
        return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[self.endpoint_arn])

    # Metrics

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """A metric of the endpoint's variant in the namespace `AWS/SageMaker`. Statistic by default: average.

        See https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
        """
        return self._metric(_NAMESPACE, metric_name, "Average", options)

    def metric_invocations(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many requests there were. Statistic by default: sum."""
        return self._metric(_NAMESPACE, "Invocations", "Sum", options)

    def metric_invocations_per_instance(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many requests there were for each instance. Statistic by default: sum, the only one that makes sense."""
        return self._metric(_NAMESPACE, "InvocationsPerInstance", "Sum", options)

    def metric_invocation_4xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many requests were wrong. Statistic by default: sum."""
        return self._metric(_NAMESPACE, "Invocation4XXErrors", "Sum", options)

    def metric_invocation_5xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many requests the model failed at. Statistic by default: sum."""
        return self._metric(_NAMESPACE, "Invocation5XXErrors", "Sum", options)

    def metric_model_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How long the model took to answer, in microseconds. Statistic by default: average."""
        return self._metric(_NAMESPACE, "ModelLatency", "Average", options)

    def metric_overhead_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How long SageMaker took besides, in microseconds. Statistic by default: average."""
        return self._metric(_NAMESPACE, "OverheadLatency", "Average", options)

    def metric_cpu_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How busy the instances' processors are: up to 100 for each of them. Statistic by default: average."""
        return self._metric(_INSTANCES_NAMESPACE, "CPUUtilization", "Average", options)

    def metric_memory_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How much of the instances' memory is in use, in percent. Statistic by default: average."""
        return self._metric(_INSTANCES_NAMESPACE, "MemoryUtilization", "Average", options)

    def metric_backlog_size(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """How many requests to an asynchronous endpoint wait. Statistic by default: average."""
        return self._metric(_NAMESPACE, "ApproximateBacklogSize", "Average", options, by_variant=False)

    def _metric(
        self, namespace: str, name: str, statistic: str, options: MetricOptions, *, by_variant: bool = True
    ) -> cloudwatch.Metric:
        from aws_cdk import aws_cloudwatch as cloudwatch

        checked = checked_metric(self, name, options)
        dimensions = {"EndpointName": self._plain_name} | ({"VariantName": VARIANT} if by_variant else {})
        chosen = {"statistic": statistic, **checked}
        metric = cloudwatch.Metric(namespace=namespace, metric_name=name, dimensions_map=dimensions, **chosen)
        return metric.attach_to(self)

    # Alarms

    def alarm_5xx(
        self,
        construct_id: str = "ServerErrors",
        *,
        threshold: int = 1,
        period: cdk.Duration | None = None,
        evaluation_periods: int = 1,
    ) -> cloudwatch.Alarm:
        """An alarm that goes off when the model fails at requests.

        Args:
            construct_id: Its id below the endpoint. Default: `ServerErrors`.
            threshold: At how many failed requests in a period. Default: at the first.
            period: The time that is looked at. Default: 5 minutes.
            evaluation_periods: How many such periods in a row. Default: one is enough.
        """
        return new_alarm(
            self,
            construct_id,
            self.metric_invocation_5xx_errors(**period_option(period)),
            "The model of the endpoint fails at requests",
            threshold=threshold,
            evaluation_periods=evaluation_periods,
        )

    def alarm_latency(
        self,
        construct_id: str = "Latency",
        *,
        threshold: cdk.Duration,
        statistic: str = "p90",
        period: cdk.Duration | None = None,
        evaluation_periods: int = 3,
    ) -> cloudwatch.Alarm:
        """An alarm that goes off when the model takes too long.

        Args:
            construct_id: Its id below the endpoint. Default: `Latency`.
            threshold: From which time on.
            statistic: Of which requests, such as `p90`: the slowest tenth; or `Average`. Default: `p90`.
            period: The time that is looked at. Default: 5 minutes.
            evaluation_periods: How many such periods in a row. Default: three.

        Raises:
            ValueError: `threshold` is no Duration.
        """
        if known_seconds(threshold) is None:
            raise ValueError(
                f"'threshold' of '{construct_id}' must be a Duration that is known when the app is synthesized, got "
                f"{described(threshold)}"
            )
        microseconds = whole(threshold.to_milliseconds(integral=False) * (_MICROSECONDS // 1000))
        options: dict[str, Any] = {"statistic": statistic, **period_option(period)}
        return new_alarm(
            self,
            construct_id,
            self.metric_model_latency(**options),
            "The model of the endpoint takes too long",
            threshold=microseconds,
            evaluation_periods=evaluation_periods,
        )

    def alarm_no_invocations(
        self,
        construct_id: str = "NoInvocations",
        *,
        period: cdk.Duration | None = None,
        evaluation_periods: int = 1,
    ) -> cloudwatch.Alarm:
        """An alarm that goes off when nobody asks: a caller may be broken, or the endpoint costs for nothing.

        Args:
            construct_id: Its id below the endpoint. Default: `NoInvocations`.
            period: The time that is looked at. Default: an hour.
            evaluation_periods: How many such periods in a row. Default: one is enough.
        """
        from aws_cdk import aws_cloudwatch as cloudwatch

        return new_alarm(
            self,
            construct_id,
            self.metric_invocations(**period_option(cdk.Duration.hours(1) if period is None else period)),
            "Nobody asks the endpoint",
            threshold=1,
            evaluation_periods=evaluation_periods,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )


@jsii.implements(Endpoint)
class ImportedEndpoint(EndpointBase):
    """An endpoint that was made elsewhere, of which the name is known."""

    def __init__(self, scope: Construct, construct_id: str, name: str, arn: str | None = None) -> None:
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._plain_name = name
        self._arn = arn or permissions.endpoint_arn(self.stack, name)

    @property
    def endpoint_name(self) -> str:
        """The endpoint's name."""
        return self._plain_name

    @property
    def endpoint_arn(self) -> str:
        """The endpoint's ARN."""
        return self._arn
