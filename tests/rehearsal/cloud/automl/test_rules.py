"""Rules between members: each refusal with its message."""

from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.automl.operations import as_version_2
from constructs_lib.rehearsal.cloud.automl.rules import check, check_version_1
from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.model import check_request

from ..account import channel
from ..test_model import request


def tabular(**config: Any) -> dict[str, Any]:
    return {"AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y", **config}}}


def version_2(**changes: Any) -> dict[str, Any]:
    first = as_version_2(request())
    return {**first, **changes}


def with_channels(*channels: dict[str, Any], **more: Any) -> dict[str, Any]:
    return as_version_2(request(InputDataConfig=list(channels))) | more


def algorithms(*names: str) -> dict[str, Any]:
    return {"AlgorithmsConfig": [{"AutoMLAlgorithms": list(names)}]}


def of_kind(kind: str, channel_changes: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A good request of another problem type, with changes of its problem and of its channel."""
    data_type = (channel_changes or {}).pop("S3DataType", "S3Prefix")
    one = {"DataSource": {"S3DataSource": {"S3DataType": data_type, "S3Uri": "s3://b/x"}}, **(channel_changes or {})}
    columns: dict[str, dict[str, Any]] = {
        "TextClassificationJobConfig": {"ContentColumn": "c", "TargetLabelColumn": "t"},
        "TimeSeriesForecastingJobConfig": {
            "ForecastFrequency": "1D",
            "ForecastHorizon": 3,
            "TimeSeriesConfig": {
                "TargetAttributeName": "v",
                "TimestampAttributeName": "t",
                "ItemIdentifierAttributeName": "i",
            },
        },
    }
    return version_2(
        AutoMLJobInputDataConfig=[one], AutoMLProblemTypeConfig={kind: {**columns.get(kind, {}), **changes}}
    )


TEXT, IMAGE = "TextClassificationJobConfig", "ImageClassificationJobConfig"
FORECASTING, GENERATION = "TimeSeriesForecastingJobConfig", "TextGenerationJobConfig"

GOOD = [
    version_2(),
    *(of_kind(kind) for kind in (TEXT, IMAGE, FORECASTING, GENERATION)),
    *(of_kind(IMAGE, {"S3DataType": data_type}) for data_type in ("ManifestFile", "AugmentedManifestFile")),
    of_kind(IMAGE, {"ContentType": "image/png"}) | {"AutoMLJobObjective": {"MetricName": "Accuracy"}},
    of_kind(FORECASTING, CandidateGenerationConfig=algorithms("ets", "deepar"))
    | {"AutoMLJobObjective": {"MetricName": "WAPE"}},
    of_kind(TEXT, CompletionCriteria={"MaxCandidates": 1}) | {"DataSplitConfig": {"ValidationFraction": 0.3}},
    version_2(OutputDataConfig={"S3OutputPath": f"s3://b/{'x' * 505}"}),
    version_2(**tabular(ProblemType="Regression"), AutoMLJobObjective={"MetricName": "R2"}),
    with_channels(channel(ContentType="text/csv;header=present"), channel(ChannelType="validation")),
    version_2(**tabular(Mode="ENSEMBLING", CandidateGenerationConfig=algorithms("lightgbm", "catboost"))),
    version_2(**tabular(Mode="ENSEMBLING", SampleWeightAttributeName="w")),
    version_2(DataSplitConfig={"ValidationFraction": 0.3}),
    version_2(ModelDeployConfig={"AutoGenerateEndpointName": True}),
    version_2(ModelDeployConfig={"AutoGenerateEndpointName": False, "EndpointName": "e"}),
    with_channels(channel(), channel(ChannelType="validation")),
    with_channels(channel(ContentType="x-application/vnd.amazon+parquet")),
]

BAD = {
    "Metric F1 is not supported for Regression: use one of MAE, MSE, R2, RMSE": version_2(
        **tabular(ProblemType="Regression"), AutoMLJobObjective={"MetricName": "F1"}
    ),
    "ProblemType and AutoMLJobObjective must both be set, or none of them": version_2(
        **tabular(ProblemType="Regression")
    ),
    "AlgorithmsConfig can not be set when Mode is AUTO": version_2(
        **tabular(Mode="AUTO", CandidateGenerationConfig=algorithms("xgboost"))
    ),
    "AlgorithmsConfig can not be set when Mode is not set": version_2(
        **tabular(CandidateGenerationConfig=algorithms("xgboost"))
    ),
    "Mode HYPERPARAMETER_TUNING does not support the algorithms catboost": version_2(
        **tabular(Mode="HYPERPARAMETER_TUNING", CandidateGenerationConfig=algorithms("xgboost", "catboost"))
    ),
    "SampleWeightAttributeName is supported in ENSEMBLING mode only": version_2(
        **tabular(SampleWeightAttributeName="w")
    ),
    "SampleWeightAttributeName must differ from TargetAttributeName": version_2(
        **tabular(Mode="ENSEMBLING", SampleWeightAttributeName="y")
    ),
    "ModelDeployConfig: set either EndpointName, or AutoGenerateEndpointName to true": version_2(
        ModelDeployConfig={"AutoGenerateEndpointName": True, "EndpointName": "e"}
    ),
    "AutoMLComputeConfig is reserved for SageMaker Canvas": version_2(AutoMLComputeConfig={}),
    "MaxCandidates must be 1 with TextClassificationJobConfig": of_kind(TEXT, CompletionCriteria={"MaxCandidates": 2}),
    "MaxCandidates must be 1 with TimeSeriesForecastingJobConfig": of_kind(
        FORECASTING, CompletionCriteria={"MaxCandidates": 2}
    ),
    "S3DataType ManifestFile is not supported with TextClassificationJobConfig: use S3Prefix": of_kind(
        TEXT, {"S3DataType": "ManifestFile"}
    ),
    "CompressionType Gzip is supported for tabular data only": of_kind(FORECASTING, {"CompressionType": "Gzip"}),
    "ContentType text/csv;header=present is not supported: use one of image/*, image/jpeg, image/png": of_kind(
        IMAGE, {"ContentType": "text/csv;header=present"}
    ),
    "Metric RMSE is not supported with TextClassificationJobConfig: use one of Accuracy": of_kind(TEXT)
    | {"AutoMLJobObjective": {"MetricName": "RMSE"}},
    "AutoMLJobObjective can not be set with TextGenerationJobConfig": of_kind(GENERATION)
    | {"AutoMLJobObjective": {"MetricName": "Accuracy"}},
    "ContentColumn must differ from TargetLabelColumn": of_kind(TEXT, ContentColumn="t"),
    "TimeSeriesForecastingJobConfig does not support the algorithms catboost, xgboost": of_kind(
        FORECASTING, CandidateGenerationConfig=algorithms("xgboost", "ets", "catboost")
    ),
    "ValidationFraction can not be set with TimeSeriesForecastingJobConfig": of_kind(FORECASTING)
    | {"DataSplitConfig": {"ValidationFraction": 0.3}},
    "S3OutputPath can have at most 512 characters": version_2(OutputDataConfig={"S3OutputPath": f"s3://b/{'x' * 506}"}),
    "One channel must be the training channel": with_channels(channel(ChannelType="validation")),
    "There can be one training channel only": with_channels(channel(), channel()),
    "Each channel must have a DataSource with an S3DataSource": with_channels({"TargetAttributeName": "y"}),
    "The training and validation channels must share the same ContentType": with_channels(
        channel(), channel(ChannelType="validation", ContentType="x-application/vnd.amazon+parquet")
    ),
    "ContentType text/plain is not supported: "
    "use one of text/csv;header=present, x-application/vnd.amazon+parquet": with_channels(
        channel(ContentType="text/plain")
    ),
    "AugmentedManifestFile is supported for image classification only": with_channels(
        channel(kind="AugmentedManifestFile")
    ),
    "CompressionType Gzip is supported with S3Prefix only": with_channels(
        channel(kind="ManifestFile", CompressionType="Gzip")
    ),
    "ValidationFraction can not be set when there is a validation channel": with_channels(
        channel(), channel(ChannelType="validation"), DataSplitConfig={"ValidationFraction": 0.2}
    ),
    "ValidationFraction must be greater than 0 and less than 1": version_2(DataSplitConfig={"ValidationFraction": 1}),
}


@pytest.mark.parametrize("settings", GOOD)
def test_what_is_allowed_passes(settings: dict[str, Any]) -> None:
    check_request("CreateAutoMLJobV2", settings)
    check(settings)


@pytest.mark.parametrize("message", BAD)
def test_what_is_wrong_is_said(message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check(BAD[message])
    assert refused.value.message == message


def test_version_1_takes_no_augmented_manifests() -> None:
    with pytest.raises(ValidationError, match="not supported by CreateAutoMLJob: use CreateAutoMLJobV2"):
        check_version_1(request(InputDataConfig=[channel(kind="AugmentedManifestFile")]))


def test_both_channels_of_version_1_have_one_target() -> None:
    other = channel(ChannelType="validation") | {"TargetAttributeName": "z"}
    with pytest.raises(ValidationError, match="must share the same TargetAttributeName"):
        check_version_1(request(InputDataConfig=[channel(), other]))


def test_version_1_in_the_shape_of_version_2_loses_nothing() -> None:
    full = request(
        InputDataConfig=[
            channel(ChannelType="validation"),
            channel(SampleWeightAttributeName="w", CompressionType="None", ContentType="text/csv;header=present"),
        ],
        ProblemType="Regression",
        AutoMLJobObjective={"MetricName": "MSE"},
        GenerateCandidateDefinitionsOnly=True,
        ModelDeployConfig={"EndpointName": "e"},
        AutoMLJobConfig={
            "Mode": "ENSEMBLING",
            "CompletionCriteria": {"MaxCandidates": 3},
            "DataSplitConfig": {"ValidationFraction": 0.5},
            "SecurityConfig": {"VolumeKmsKeyId": "k"},
            "CandidateGenerationConfig": {"FeatureSpecificationS3Uri": "s3://b/f.json", **algorithms("xgboost")},
        },
    )
    check_request("CreateAutoMLJob", full)
    converted = as_version_2(full)
    check_request("CreateAutoMLJobV2", converted)
    assert converted["AutoMLProblemTypeConfig"]["TabularJobConfig"] == {
        "TargetAttributeName": "y",
        "SampleWeightAttributeName": "w",
        "ProblemType": "Regression",
        "Mode": "ENSEMBLING",
        "CompletionCriteria": {"MaxCandidates": 3},
        "GenerateCandidateDefinitionsOnly": True,
        "FeatureSpecificationS3Uri": "s3://b/f.json",
        "CandidateGenerationConfig": algorithms("xgboost"),
    }
    assert converted["SecurityConfig"] == {"VolumeKmsKeyId": "k"}
    assert converted["DataSplitConfig"] == {"ValidationFraction": 0.5}
    assert converted["ModelDeployConfig"] == {"EndpointName": "e"}
