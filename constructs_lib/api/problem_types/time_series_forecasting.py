"""Forecasting of time series."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from ..enums import Aggregation, Algorithm, FeatureType, FillingType, Metric, Mode, ProblemType
from ..fields import Api, Limits, PendingUri, listed, number
from ..problem import Problem
from ..rulebook import API, UNKNOWN, JobFacts, either, repeated, rule, same_columns
from ..shapes import ColumnName, S3Uri

Quantile = Annotated[str, Limits(min_length=2, max_length=4, pattern=r"(^p[1-9]\d?$)")]
FillingValue = Annotated[str, Limits(min_length=1, max_length=256, pattern=r"[a-zA-Z0-9\_\-]+")]
Fillings = Annotated[Mapping[FillingType, FillingValue], Limits(min_items=1, max_items=6)]


@dataclass(frozen=True, kw_only=True)
class TimeSeriesForecasting(Problem):
    """Forecast a number for each item and time step to come. One candidate, made of several models.

    Such a job takes half an hour to 70 minutes, however small its data are: an hour is not enough. The service lists
    the models too, so there are seven candidates although one is asked for.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TimeSeriesForecastingJobConfig.html
    """

    _MEMBER: ClassVar = "TimeSeriesForecastingJobConfig"
    _METRICS: ClassVar[Mapping[ProblemType | None, Sequence[Metric]]] = {
        None: (Metric.RMSE, Metric.AVERAGE_WEIGHTED_QUANTILE_LOSS, Metric.MASE, Metric.MAPE, Metric.WAPE)
    }
    _ALGORITHMS: ClassVar[Mapping[Mode | None, Sequence[Algorithm]]] = {
        None: (
            Algorithm.CNN_QR,
            Algorithm.DEEPAR,
            Algorithm.PROPHET,
            Algorithm.ARIMA,
            Algorithm.NPTS,
            Algorithm.ETS,
        )
    }
    _FEATURE_TYPES: ClassVar[Mapping[Mode | None, Sequence[FeatureType]]] = {
        None: (FeatureType.NUMERIC, FeatureType.CATEGORICAL, FeatureType.TEXT, FeatureType.DATETIME)
    }
    _ROLES: ClassVar = ("target_attribute", "timestamp_attribute", "item_identifier_attribute", "grouping_attributes")
    _SPLITS: ClassVar = False
    _EMR_SERVERLESS: ClassVar = True

    target_attribute: Annotated[str, Api("TimeSeriesConfig.TargetAttributeName", min_length=1)]
    """The column to forecast; numeric."""

    timestamp_attribute: Annotated[ColumnName, Api("TimeSeriesConfig.TimestampAttributeName")]
    """The column with the time."""

    item_identifier_attribute: Annotated[ColumnName, Api("TimeSeriesConfig.ItemIdentifierAttributeName")]
    """The column that tells the series apart."""

    forecast_frequency: Annotated[
        str,
        Api(
            "ForecastFrequency",
            min_length=1,
            max_length=5,
            pattern="1Y|Y|([1-9]|1[0-1])M|M|[1-4]W|W|[1-6]D|D|([1-9]|1[0-9]|2[0-3])H|H|([1-9]|[1-5][0-9])min",
        ),
    ]
    """How far apart the steps are: `Y`, `M`, `W`, `D`, `H` or `min` with a number before it, e.g. `1D` or `30min`."""

    forecast_horizon: Annotated[int, Api("ForecastHorizon", at_least=1)]
    """How many steps to forecast: 1 to 500, and at most a quarter of the steps in the data."""

    forecast_quantiles: Annotated[Sequence[Quantile] | None, Api("ForecastQuantiles", min_items=1, max_items=5)] = None
    """The quantiles to forecast, `p1` to `p99`, distinct; the mean comes with them. Default: `p10`, `p50` and `p90`."""

    grouping_attributes: Annotated[
        Sequence[ColumnName] | None,
        Api("TimeSeriesConfig.GroupingAttributeNames", min_items=1, max_items=5),
    ] = None
    """Columns that, with the item's, tell the series apart. Default: the item's alone does."""

    filling: Annotated[
        Mapping[ColumnName, Fillings] | None, Api("Transformations.Filling", min_items=1, max_items=50)
    ] = None
    """How to fill gaps, by column.

    `frontfill` (`none`; the target only), `middlefill`, `backfill` and `futurefill`: `zero`, `mean`, `median`, `min`,
    `max`, or `value` with the value itself under the same name followed by `_value`.
    Default: the service's own way.
    """

    aggregation: Annotated[
        Mapping[ColumnName, Aggregation] | None, Api("Transformations.Aggregation", min_items=1, max_items=50)
    ] = None
    """What becomes of several values of one step; for the target only. Default: their sum."""

    holiday_country: Annotated[
        str | None, Api("HolidayConfig[0].CountryCode", min_length=2, max_length=2, pattern="[A-Z]{2}")
    ] = None
    """The country whose holidays to learn from, as two capitals (ISO 3166-1). Default: no holidays."""

    algorithms: Annotated[
        Sequence[Algorithm] | None,
        Api("CandidateGenerationConfig.AlgorithmsConfig[0].AutoMLAlgorithms", max_items=11),
    ] = None
    """What to train, distinct: cnn-qr, deepar, prophet, arima, npts, ets. Default: all of them."""

    features: Annotated[PendingUri | S3Uri | None, Api("FeatureSpecificationS3Uri")] = None
    """A `FeatureSpecification`: the columns to learn from, and their types. Default: all; the service infers types."""

    def _columns(self) -> Iterator[tuple[str, object]]:
        """Target, time, item, groups, and the columns that are transformed."""
        for prop in (*self._ROLES, "filling", "aggregation"):
            named = getattr(self, prop)
            columns = named if isinstance(named, (list, tuple, Mapping)) else (named,)
            yield from ((prop, column) for column in columns)


_FRONT, _FUTURE = FillingType.FRONTFILL, FillingType.FUTUREFILL
_VALUE = "value"
FILLINGS: Final[Mapping[FillingType, Sequence[str]]] = {
    _FRONT: ("none",),
    **dict.fromkeys(
        (FillingType.MIDDLEFILL, FillingType.BACKFILL, _FUTURE), ("zero", "mean", "median", "min", "max", _VALUE)
    ),
}
"""How each kind of gap can be filled."""

MAX_HORIZON: Final = 500
"""Steps. The other limit, a quarter of the data's steps, shows only when the data is read."""

HOUR: Final = 3600
LASTS: Final = "a job on time series takes 30 to 70 minutes, however small its data are"

_SETTINGS = API + "API_TimeSeriesForecastingJobConfig.html"
_TRANSFORMATIONS = API + "API_TimeSeriesTransformations.html"


@rule("forecast_horizon", source=_SETTINGS)
def horizon_is_near(job: JobFacts) -> Iterator[str]:
    """At most 500 steps."""
    horizon = job.settings.get("forecast_horizon")
    if isinstance(horizon, int) and horizon > MAX_HORIZON:
        yield f"{job.name('forecast_horizon')} must be at most {MAX_HORIZON}, got {horizon}"


@rule("forecast_quantiles", "grouping_attributes", source=_SETTINGS)
def quantiles_and_groups_are_distinct(job: JobFacts) -> Iterator[str]:
    """The same one twice is a slip."""
    for prop in ("forecast_quantiles", "grouping_attributes"):
        if twice := repeated(job.settings.get(prop)):
            yield f"{job.name(prop)} must be distinct, got {listed(twice)} more than once"


@rule(
    *TimeSeriesForecasting._ROLES,
    source=API + "API_TimeSeriesConfig.html",
)
def time_series_columns_are_distinct(job: JobFacts) -> Iterator[str]:
    """A column has one part to play."""
    if job.problem is TimeSeriesForecasting:
        yield from same_columns(job)


@rule("aggregation", "target_attribute", source=_TRANSFORMATIONS)
def only_the_target_is_aggregated(job: JobFacts) -> Iterator[str]:
    """So says the API's page, for the target column only; an example of the guide aggregates another one."""
    aggregation, target = job.settings.get("aggregation"), job.settings.get("target_attribute")
    if not isinstance(aggregation, Mapping) or not isinstance(target, str):
        return
    if others := [column for column in aggregation if column != target]:
        yield f"{job.name('aggregation')} must name {_the(target, job)} only, got {listed(others)}"


@rule("filling", "target_attribute", source=_TRANSFORMATIONS)
def gaps_are_filled_as_they_can_be(job: JobFacts) -> Iterator[str]:
    """Which method fits which gap; a value goes with the method `value`."""
    filling, target = job.settings.get("filling"), job.settings.get("target_attribute")
    if not isinstance(filling, Mapping):
        return
    for column, fillings in filling.items():
        if isinstance(fillings, Mapping):
            yield from _filling_problems(job, column, fillings)
            if isinstance(target, str) and column != target and _FRONT in fillings:
                yield f"{job.entry('filling', column)} must not have '{_FRONT}': it is for {_the(target, job)} only"


def _the(target: str, job: JobFacts) -> str:
    return f"'{target}' ({job.name('target_attribute')})"


def _filling_problems(job: JobFacts, column: str, fillings: Mapping[str, object]) -> Iterator[str]:
    for gap, methods in FILLINGS.items():
        method, value_name = fillings.get(gap), f"{gap}_{_VALUE}"
        if isinstance(method, str) and method not in methods:
            yield f"{job.entry('filling', column, gap)} must be {either(methods)}, got '{method}'"
        if method == _VALUE and value_name not in fillings:
            yield f"{job.entry('filling', column, gap)} is '{_VALUE}': give the value as '{value_name}'"
        if value_name in fillings and _VALUE in methods and method not in (_VALUE, UNKNOWN):
            got = "none" if method is None else f"'{method}'"
            yield f"{job.entry('filling', column, value_name)} needs '{gap}' to be '{_VALUE}', got {got}"
        if value_name in fillings and _VALUE not in methods:
            yield f"{job.entry('filling', column, value_name)} must not be set: '{gap}' takes {either(methods)} only"


@rule("filling", source=_TRANSFORMATIONS, severity="warning")
def the_future_of_the_target_is_forecast(job: JobFacts) -> Iterator[str]:
    """No page of Autopilot's says it, but Amazon Forecast, whose words these are, fills no future of the target."""
    filling, target = job.settings.get("filling"), job.settings.get("target_attribute")
    fillings = filling.get(target) if isinstance(filling, Mapping) else None
    if isinstance(target, str) and isinstance(fillings, Mapping) and _FUTURE in fillings:
        yield f"{job.entry('filling', target)} has '{_FUTURE}', but it is what is forecast"


@rule("completion_criteria.max_runtime", source=API + "API_AutoMLJobCompletionCriteria.html", severity="warning")
def forecasts_take_more_than_an_hour(job: JobFacts) -> Iterator[str]:
    """No page says how long they take; the jobs that were seen took 30 to 70 minutes, the smallest data the longest."""
    if job.problem is TimeSeriesForecasting and isinstance(job.max_runtime, (int, float)) and job.max_runtime <= HOUR:
        yield (
            f"{job.name('completion_criteria.max_runtime')} ({number(job.max_runtime)} s) may end the job too early: "
            f"{LASTS}; give two hours"
        )


# [series-channel]
@rule("validation_data", source=API + "API_CreateAutoMLJobV2.html", severity="warning")
def forecasts_are_validated_on_the_training_data(job: JobFacts) -> Iterator[str]:
    """The service splits the one data set by time; whether it reads a second channel no page says."""
    if job.problem is TimeSeriesForecasting and len(job.channels) > 1:
        yield f"{job.name('validation_data')} may not be read: for time series the service splits the training data"
