"""Each rule: what it refuses, in which words, what it lets pass, and that it never judges what it cannot know."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.api.enums import (
    Aggregation,
    Algorithm,
    ChannelType,
    Compression,
    ContentType,
    FeatureType,
    FillingType,
    Metric,
    Mode,
    ProblemType,
    S3DataType,
)
from constructs_lib.api.fields import Words, wire_paths
from constructs_lib.api.problem import Problem
from constructs_lib.api.problem_types import (
    AnyProblem,
    ImageClassification,
    Tabular,
    TextClassification,
    TextGeneration,
    TimeSeriesForecasting,
)
from constructs_lib.api.problem_types.text_generation import HYPER_PARAMETERS
from constructs_lib.api.request import CreateAutoMLJob, CreateAutoMLJobV2
from constructs_lib.api.rulebook import RULES, UNKNOWN, ChannelFacts, JobFacts, Rule, judge

TRAINING = ChannelFacts(
    data_type=S3DataType.S3_PREFIX,
    channel_type=ChannelType.TRAINING,
    compression=None,
    content_type=None,
    target="churned",
)
VALIDATION = dataclasses.replace(TRAINING, channel_type=ChannelType.VALIDATION)

Naming = Callable[[str], str]


def in_words(words: Words, problem: type[Problem] | None) -> Naming:
    """How a caller of V1 (no problem) or of V2 names a prop."""
    request = CreateAutoMLJob if problem is None else CreateAutoMLJobV2
    return lambda prop: words.name_of(request, prop, problem)


def job(problem: type[Problem] | None = None, words: Words = Words.PROPS, **facts: Any) -> JobFacts:
    """A job on which no rule has anything to say, with other facts. Without a problem: one of V1."""
    facts.setdefault("name", in_words(words, problem))
    sound = JobFacts(
        name=in_words(words, problem),
        problem=problem or Tabular,
        channels=(TRAINING,),
        output_path="s3://bucket/prefix",
        problem_type=None,
        objective=None,
        mode=None,
        algorithms=None,
        features=None,
        validation_fraction=None,
        max_runtime_per_training_job=None,
        max_runtime=None,
        candidate_definitions_only=None,
        deploys=False,
        auto_endpoint_name=None,
        endpoint_name=None,
        tag_keys=(),
    )
    return dataclasses.replace(sound, **facts)


def columns(target: object = "churned", **others: object) -> tuple[tuple[str, object], ...]:
    """The columns of a tabular job."""
    return (("target_attribute", target), *others.items())


def series(**others: object) -> tuple[tuple[str, object], ...]:
    """The columns of a forecast."""
    named = {"target_attribute": "demand", "timestamp_attribute": "time", "item_identifier_attribute": "item"} | others
    groups = named.pop("grouping_attributes", ())
    assert isinstance(groups, tuple)
    return (*named.items(), *(("grouping_attributes", group) for group in groups))


def filling(column: str, target: object = "demand", **fillings: object) -> dict[str, Any]:
    """A forecast with gaps of a column filled."""
    settings = {"target_attribute": target, "filling": {column: {FillingType(k): v for k, v in fillings.items()}}}
    return {"problem": TimeSeriesForecasting, "settings": settings}


def training(**facts: Any) -> tuple[ChannelFacts, ...]:
    return (dataclasses.replace(TRAINING, **facts),)


def both(**facts: Any) -> tuple[ChannelFacts, ...]:
    """Two channels; the facts are the validation channel's."""
    return (TRAINING, dataclasses.replace(VALIDATION, **facts))


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "metric_fits_problem_type",
        {"problem_type": ProblemType.REGRESSION, "objective": Metric.AUC},
        "'objective' must be one of 'MAE', 'MSE', 'R2', 'RMSE' for 'problem_type' 'Regression', got 'AUC'",
    ),
    (
        "metric_fits_problem_type",
        {"problem_type": "BinaryClassification", "objective": "F1macro"},
        "'objective' must be one of 'Accuracy', 'AUC', 'BalancedAccuracy', 'F1', 'Precision', 'Recall' for "
        "'problem_type' 'BinaryClassification', got 'F1macro'",
    ),
    (
        "metric_fits_problem_type",
        {"problem_type": ProblemType.MULTICLASS_CLASSIFICATION, "objective": Metric.F1},
        "'objective' must be one of 'Accuracy', 'BalancedAccuracy', 'F1macro', 'PrecisionMacro', 'RecallMacro' for "
        "'problem_type' 'MulticlassClassification', got 'F1'",
    ),
    (
        "metric_fits_problem_type",
        {"problem_type": UNKNOWN, "objective": Metric.WAPE},
        "'objective' must be one of 'AUC', 'Accuracy', 'BalancedAccuracy', 'F1', 'F1macro', 'MAE', 'MSE', 'Precision', "
        "'PrecisionMacro', 'R2', 'RMSE', 'Recall', 'RecallMacro' for Tabular, got 'WAPE'",
    ),
    (
        "metric_is_known",
        {"problem_type": ProblemType.BINARY_CLASSIFICATION, "objective": "auc"},
        "'objective' 'auc' is no metric that this version knows (did you mean 'AUC'?)",
    ),
    (
        "metric_is_known",
        {"problem_type": ProblemType.BINARY_CLASSIFICATION, "objective": "Calibration"},
        "'objective' 'Calibration' is no metric that this version knows",
    ),
    (
        "objective_and_problem_type_go_together",
        {"objective": Metric.AUC},
        "give 'objective' and 'problem_type' together or neither, got 'objective' alone",
    ),
    (
        "objective_and_problem_type_go_together",
        {"problem_type": ProblemType.REGRESSION},
        "give 'objective' and 'problem_type' together or neither, got 'problem_type' alone",
    ),
    (
        "algorithms_fit_mode",
        {"mode": Mode.HYPERPARAMETER_TUNING, "algorithms": (Algorithm.XGBOOST, Algorithm.CATBOOST, Algorithm.FASTAI)},
        "'algorithms' must be among 'linear-learner', 'mlp', 'xgboost' for 'mode' 'HYPERPARAMETER_TUNING', "
        "got 'catboost', 'fastai'",
    ),
    (
        "algorithms_fit_mode",
        {"mode": Mode.ENSEMBLING, "algorithms": (Algorithm.MLP, UNKNOWN)},
        "'algorithms' must be among 'catboost', 'extra-trees', 'fastai', 'lightgbm', 'linear-learner', 'nn-torch', "
        "'randomforest', 'xgboost' for 'mode' 'ENSEMBLING', got 'mlp'",
    ),
    (
        "algorithms_need_a_mode",
        {"algorithms": (Algorithm.XGBOOST,)},
        "'algorithms' needs 'mode' 'ENSEMBLING' or 'HYPERPARAMETER_TUNING', got no mode, with which a job runs as "
        "'HYPERPARAMETER_TUNING'",
    ),
    (
        "algorithms_need_a_mode",
        {"algorithms": (Algorithm.LIGHTGBM, Algorithm.XGBOOST, UNKNOWN)},
        "'algorithms' needs 'mode' 'ENSEMBLING', got no mode, with which a job runs as 'HYPERPARAMETER_TUNING': "
        "give mode=Mode.ENSEMBLING",
    ),
    (
        "algorithms_need_a_mode",
        {"problem": Tabular, "algorithms": (Algorithm.MLP,)},
        "'problem.algorithms' needs 'problem.mode' 'HYPERPARAMETER_TUNING', got no mode, with which a job runs as "
        "'HYPERPARAMETER_TUNING': give mode=Mode.HYPERPARAMETER_TUNING",
    ),
    (
        "algorithms_need_a_mode",
        {"mode": Mode.AUTO, "algorithms": (Algorithm.MLP, Algorithm.FASTAI)},
        "'algorithms' needs 'mode' 'ENSEMBLING' or 'HYPERPARAMETER_TUNING', got 'AUTO'",
    ),
    (
        "algorithms_need_a_mode",
        {"mode": Mode.AUTO, "algorithms": (UNKNOWN,)},
        "'algorithms' needs 'mode' 'ENSEMBLING' or 'HYPERPARAMETER_TUNING', got 'AUTO'",
    ),
    (
        "algorithms_are_named",
        {"mode": Mode.ENSEMBLING, "algorithms": ()},
        "'algorithms' is empty, which AWS's pages read in two ways: leave it out to train all algorithms of the mode",
    ),
    (
        "algorithms_are_distinct",
        {"mode": Mode.ENSEMBLING, "algorithms": (Algorithm.XGBOOST, UNKNOWN, Algorithm.XGBOOST)},
        "'algorithms' must be distinct, got 'xgboost' more than once",
    ),
    (
        "sample_weights_need_ensembling",
        {"columns": columns(sample_weight_attribute="w")},
        "'sample_weight_attribute' needs 'mode' 'ENSEMBLING', got no mode, with which a job runs as "
        "'HYPERPARAMETER_TUNING': give mode=Mode.ENSEMBLING",
    ),
    (
        "sample_weights_need_ensembling",
        {"columns": columns(UNKNOWN, sample_weight_attribute="w"), "mode": Mode.AUTO},
        "'sample_weight_attribute' needs 'mode' 'ENSEMBLING', got 'AUTO'",
    ),
    (
        "sample_weight_is_not_the_target",
        {"columns": columns(sample_weight_attribute="churned"), "mode": Mode.ENSEMBLING},
        "'sample_weight_attribute' must differ from 'target_attribute', got 'churned' for both",
    ),
    (
        "data_type_fits_problem",
        {"channels": both(data_type=S3DataType.AUGMENTED_MANIFEST_FILE)},
        "the S3 data type of 'validation_data' must be 'S3Prefix' or 'ManifestFile', got 'AugmentedManifestFile': "
        "augmented manifests are for ImageClassification with AutoMLJobV2",
    ),
    (
        "content_fits_problem",
        {"channels": training(content_type="text/csv")},
        "the content type of 'training_data' must be 'text/csv;header=present' or "
        "'x-application/vnd.amazon+parquet', got 'text/csv'",
    ),
    (
        "gzip_needs_a_prefix",
        {"channels": training(compression=Compression.GZIP, data_type=S3DataType.MANIFEST_FILE)},
        "the compression of 'training_data' can be 'Gzip' with 'S3Prefix' only, got 'ManifestFile'",
    ),
    (
        "parquet_compresses_itself",
        {"channels": training(compression=Compression.GZIP, content_type=ContentType.PARQUET)},
        "'training_data' is Parquet and 'Gzip': Parquet compresses its columns itself, and the service may not read it",
    ),
    (
        "channels_share_content_type_and_target",
        {"channels": both(content_type=ContentType.PARQUET)},
        "'training_data' and 'validation_data' must have the same content type, got 'text/csv;header=present' and "
        "'x-application/vnd.amazon+parquet'",
    ),
    (
        "channels_share_content_type_and_target",
        {"channels": (*training(content_type=ContentType.PARQUET), *both(content_type=None)[1:])},
        "'training_data' and 'validation_data' must have the same content type, "
        "got 'x-application/vnd.amazon+parquet' and 'text/csv;header=present'",
    ),
    (
        "channels_share_content_type_and_target",
        {"channels": both(target="left")},
        "'training_data' and 'validation_data' must have the same target ('target_attribute'), "
        "got 'churned' and 'left'",
    ),
    (
        "channels_are_one_of_each",
        {"channels": training(channel_type=ChannelType.VALIDATION)},
        "'training_data' must be of channel type 'training', got 'validation'",
    ),
    (
        "channels_are_one_of_each",
        {"channels": both(channel_type=None)},
        "of 'training_data' and 'validation_data' one must be of channel type 'training' and one of 'validation', "
        "got 'training', 'training'",
    ),
    (
        "split_or_validation_channel",
        {"channels": both(), "validation_fraction": 0.2},
        "give 'validation_fraction' or 'validation_data', not both",
    ),
    (
        "fraction_leaves_both_parts",
        {"validation_fraction": 0},
        "'validation_fraction' must be more than 0 and less than 1, got 0",
    ),
    (
        "fraction_leaves_both_parts",
        {"validation_fraction": 1.0},
        "'validation_fraction' must be more than 0 and less than 1, got 1.0",
    ),
    (
        "fraction_leaves_both_parts",
        {"validation_fraction": float("nan")},
        "'validation_fraction' must be more than 0 and less than 1, got nan",
    ),
    (
        "fraction_is_below_half",
        {"validation_fraction": 0.5},
        "'validation_fraction' should be less than 0.5, got 0.5: that leaves no more to train on than to validate with",
    ),
    (
        "features_leave_out_columns_with_another_part",
        {"features": {"age": "numeric", "churned": ""}, "columns": columns()},
        "'features' must not name 'churned', the column of 'target_attribute'",
    ),
    (
        "features_leave_out_columns_with_another_part",
        {
            "problem": TimeSeriesForecasting,
            "features": {"price": "numeric", "shop": ""},
            "columns": series(grouping_attributes=(UNKNOWN, "shop")),
        },
        "'problem.features' must not name 'shop', the column of 'problem.grouping_attributes'",
    ),
    *(
        (
            "features_leave_out_columns_with_another_part",
            {"problem": TimeSeriesForecasting, "features": {column: ""}, "columns": series()},
            f"'problem.features' must not name '{column}', the column of 'problem.{prop}'",
        )
        for prop, column in series()
    ),
    (
        "weights_are_no_feature",
        {
            "features": {"age": "numeric", "w": "numeric"},
            "columns": columns(sample_weight_attribute="w"),
            "mode": Mode.ENSEMBLING,
        },
        "'features' names 'w', the column of 'sample_weight_attribute': it is not learnt from",
    ),
    (
        "feature_types_fit_mode",
        {"features": {"clicks": FeatureType.SEQUENCE, "age": "numeric", "id": ""}, "mode": Mode.ENSEMBLING},
        "'features['clicks']' must be 'numeric' or 'categorical' or 'text' or 'datetime' for 'mode' 'ENSEMBLING', "
        "got 'sequence'",
    ),
    (
        "feature_types_fit_mode",
        {"problem": TimeSeriesForecasting, "features": {"clicks": FeatureType.SEQUENCE}},
        "'problem.features['clicks']' must be 'numeric' or 'categorical' or 'text' or 'datetime' for "
        "TimeSeriesForecasting, got 'sequence'",
    ),
    (
        "output_path_is_short_enough",
        {"output_path": "s3://b/" + "x" * 506},
        "'output' must be a URI of at most 512 characters, got 513",
    ),
    (
        "output_path_is_short_enough_for_all_pages",
        {"output_path": "s3://b/" + "x" * 122},
        "'output' is a URI of 129 characters: some AWS pages allow 128 only, so the service may refuse it",
    ),
    (
        "job_outlasts_its_training_jobs",
        {"max_runtime_per_training_job": 1234567, "max_runtime": 1234566},
        "'completion_criteria.max_runtime_per_training_job' (1234567 s) exceeds "
        "'completion_criteria.max_runtime' (1234566 s)",
    ),
    (
        "job_ends_within_the_quota",
        {"max_runtime": 30 * 86400 + 1},
        "'completion_criteria.max_runtime' (2592001 s) exceeds the 2592000 s (30 days) that the service lets a job run",
    ),
    (
        "endpoint_is_named_or_auto_named",
        {"deploys": True, "auto_endpoint_name": False},
        "give either 'model_deploy_config.endpoint_name' or 'model_deploy_config.auto_generate_endpoint_name' as True, "
        "got neither",
    ),
    (
        "endpoint_is_named_or_auto_named",
        {"deploys": True, "auto_endpoint_name": True, "endpoint_name": "churn"},
        "give either 'model_deploy_config.endpoint_name' or 'model_deploy_config.auto_generate_endpoint_name' as True, "
        "got both",
    ),
    (
        "definitions_have_nothing_to_deploy",
        {"deploys": True, "endpoint_name": "churn", "candidate_definitions_only": True},
        "'model_deploy_config' has nothing to deploy: 'generate_candidate_definitions_only' trains no model",
    ),
    (
        "tag_keys_are_distinct",
        {"tag_keys": ("team", UNKNOWN, "cost", UNKNOWN, "team")},
        "'tags' must have distinct keys, got 'team' more than once",
    ),
    # ---- problems of V2
    *(
        (
            "metric_fits_problem_type",
            {"problem": problem, "objective": Metric.F1},
            f"'objective' must be one of 'Accuracy' for {problem.__name__}, got 'F1'",
        )
        for problem in (ImageClassification, TextClassification)
    ),
    (
        "metric_fits_problem_type",
        {"problem": TimeSeriesForecasting, "objective": Metric.ACCURACY},
        "'objective' must be one of 'AverageWeightedQuantileLoss', 'MAPE', 'MASE', 'RMSE', 'WAPE' for "
        "TimeSeriesForecasting, got 'Accuracy'",
    ),
    (
        "metric_fits_problem_type",
        {"problem": TextGeneration, "objective": Metric.ACCURACY},
        "'objective' must not be set for TextGeneration, got 'Accuracy'",
    ),
    (
        "metric_fits_problem_type",
        {"problem": TextGeneration, "objective": "Perplexity"},
        "'objective' must not be set for TextGeneration, got 'Perplexity'",
    ),
    (
        "metric_is_known",
        {"problem": TimeSeriesForecasting, "objective": "wQL"},
        "'objective' 'wQL' is no metric that this version knows",
    ),
    (
        "objective_and_problem_type_go_together",
        {"problem": Tabular, "problem_type": ProblemType.REGRESSION},
        "give 'objective' and 'problem.problem_type' together or neither, got 'problem.problem_type' alone",
    ),
    (
        "algorithms_fit_mode",
        {"problem": TimeSeriesForecasting, "algorithms": (Algorithm.ETS, Algorithm.XGBOOST, UNKNOWN)},
        "'problem.algorithms' must be among 'cnn-qr', 'deepar', 'prophet', 'arima', 'npts', 'ets' for "
        "TimeSeriesForecasting, got 'xgboost'",
    ),
    (
        "algorithms_are_distinct",
        {"problem": TimeSeriesForecasting, "algorithms": (Algorithm.ETS, Algorithm.ETS)},
        "'problem.algorithms' must be distinct, got 'ets' more than once",
    ),
    *(
        (
            "one_candidate_but_for_tables",
            {"problem": problem, "max_candidates": 2},
            f"'problem.completion_criteria.max_candidates' must be 1 for {problem.__name__}, got 2",
        )
        for problem in (ImageClassification, TextClassification, TimeSeriesForecasting, TextGeneration)
    ),
    (
        "some_problems_do_not_split",
        {"problem": TimeSeriesForecasting, "validation_fraction": 0.2},
        "'validation_fraction' must not be set for TimeSeriesForecasting, got 0.2",
    ),
    (
        "split_or_validation_channel",
        {"problem": ImageClassification, "channels": both(), "validation_fraction": 0.2},
        "give 'validation_fraction' or 'validation_data', not both",
    ),
    (
        "forecasts_are_validated_on_the_training_data",
        {"problem": TimeSeriesForecasting, "channels": both()},
        "'validation_data' may not be read: for time series the service splits the training data",
    ),
    (
        "forecasts_take_more_than_an_hour",
        {"problem": TimeSeriesForecasting, "max_runtime": 3600},
        "'problem.completion_criteria.max_runtime' (3600 s) may end the job too early: a job on time series takes 30 "
        "to 70 minutes, however small its data are; give two hours",
    ),
    *(
        (
            "data_type_fits_problem",
            {"problem": problem, "channels": training(data_type=S3DataType.MANIFEST_FILE)},
            f"the S3 data type of 'training_data' must be 'S3Prefix', got 'ManifestFile' for {problem.__name__}",
        )
        for problem in (TextClassification, TimeSeriesForecasting, TextGeneration)
    ),
    (
        "data_type_fits_problem",
        {"problem": Tabular, "channels": training(data_type=S3DataType.AUGMENTED_MANIFEST_FILE)},
        "the S3 data type of 'training_data' must be 'S3Prefix' or 'ManifestFile', got 'AugmentedManifestFile': "
        "augmented manifests are for ImageClassification with AutoMLJobV2",
    ),
    *(
        (
            "content_fits_problem",
            {"problem": problem, "channels": training(content_type=ContentType.PNG)},
            "the content type of 'training_data' must be 'text/csv;header=present' or "
            "'x-application/vnd.amazon+parquet', got 'image/png'",
        )
        for problem in (Tabular, TextClassification, TimeSeriesForecasting, TextGeneration)
    ),
    (
        "content_fits_problem",
        {"problem": ImageClassification, "channels": training(content_type=ContentType.CSV)},
        "the content type of 'training_data' must be 'image/*' or 'image/png' or 'image/jpeg', "
        "got 'text/csv;header=present'",
    ),
    (
        "channels_share_content_type_and_target",
        {"problem": ImageClassification, "channels": both(content_type=ContentType.PNG)},
        "'training_data' and 'validation_data' must have the same content type, got 'image/*' and 'image/png'",
    ),
    *(
        (
            "gzip_needs_a_prefix",
            {"problem": problem, "channels": training(compression=Compression.GZIP)},
            f"the compression of 'training_data' must be 'None' for {problem.__name__}, got 'Gzip'",
        )
        for problem in (ImageClassification, TextClassification, TimeSeriesForecasting, TextGeneration)
    ),
    *(
        (
            "emr_serverless_fits_problem",
            {"problem": problem, "emr_serverless": True},
            f"'emr_serverless_role' must not be set for {problem.__name__}",
        )
        for problem in (ImageClassification, TextClassification, TextGeneration)
    ),
    (
        "emr_serverless_is_for_canvas",
        {"problem": Tabular, "emr_serverless": True},
        "'emr_serverless_role' is for SageMaker Canvas only at the moment, AWS says: the service may refuse the job",
    ),
    (
        "sample_weight_is_not_the_target",
        {"problem": Tabular, "columns": columns(sample_weight_attribute="churned"), "mode": Mode.ENSEMBLING},
        "'problem.sample_weight_attribute' must differ from 'problem.target_attribute', got 'churned' for both",
    ),
    (
        "text_and_label_differ",
        {"problem": TextClassification, "columns": (("content_column", "text"), ("target_label_column", "text"))},
        "'problem.target_label_column' must differ from 'problem.content_column', got 'text' for both",
    ),
    (
        "time_series_columns_are_distinct",
        {"problem": TimeSeriesForecasting, "columns": series(timestamp_attribute="demand")},
        "'problem.timestamp_attribute' must differ from 'problem.target_attribute', got 'demand' for both",
    ),
    (
        "time_series_columns_are_distinct",
        {"problem": TimeSeriesForecasting, "columns": series(item_identifier_attribute="time")},
        "'problem.item_identifier_attribute' must differ from 'problem.timestamp_attribute', got 'time' for both",
    ),
    (
        "time_series_columns_are_distinct",
        {"problem": TimeSeriesForecasting, "columns": series(grouping_attributes=(UNKNOWN, "item"))},
        "'problem.grouping_attributes' must differ from 'problem.item_identifier_attribute', got 'item' for both",
    ),
    (
        "quantiles_and_groups_are_distinct",
        {"problem": TimeSeriesForecasting, "settings": {"forecast_quantiles": ("p10", UNKNOWN, "p10", UNKNOWN)}},
        "'problem.forecast_quantiles' must be distinct, got 'p10' more than once",
    ),
    (
        "quantiles_and_groups_are_distinct",
        {"problem": TimeSeriesForecasting, "settings": {"grouping_attributes": ("shop", "shop")}},
        "'problem.grouping_attributes' must be distinct, got 'shop' more than once",
    ),
    (
        "horizon_is_near",
        {"problem": TimeSeriesForecasting, "settings": {"forecast_horizon": 501}},
        "'problem.forecast_horizon' must be at most 500, got 501",
    ),
    (
        "only_the_target_is_aggregated",
        {
            "problem": TimeSeriesForecasting,
            "settings": {"target_attribute": "demand", "aggregation": {"demand": "sum", "promo": UNKNOWN}},
        },
        "'problem.aggregation' must name 'demand' ('problem.target_attribute') only, got 'promo'",
    ),
    (
        "gaps_are_filled_as_they_can_be",
        filling("price", frontfill="none"),
        "'problem.filling['price']' must not have 'frontfill': it is for 'demand' ('problem.target_attribute') only",
    ),
    (
        "gaps_are_filled_as_they_can_be",
        filling("demand", frontfill="zero"),
        "'problem.filling['demand']['frontfill']' must be 'none', got 'zero'",
    ),
    (
        "gaps_are_filled_as_they_can_be",
        filling("demand", frontfill="none", frontfill_value="1"),
        "'problem.filling['demand']['frontfill_value']' must not be set: 'frontfill' takes 'none' only",
    ),
    *(
        (
            "gaps_are_filled_as_they_can_be",
            filling("price", **{gap: "average"}),
            f"'problem.filling['price']['{gap}']' must be 'zero' or 'mean' or 'median' or 'min' or 'max' or 'value', "
            "got 'average'",
        )
        for gap in ("middlefill", "backfill", "futurefill")
    ),
    (
        "gaps_are_filled_as_they_can_be",
        filling("price", UNKNOWN, backfill="value"),
        "'problem.filling['price']['backfill']' is 'value': give the value as 'backfill_value'",
    ),
    (
        "gaps_are_filled_as_they_can_be",
        filling("price", backfill="mean", backfill_value="2"),
        "'problem.filling['price']['backfill_value']' needs 'backfill' to be 'value', got 'mean'",
    ),
    (
        "gaps_are_filled_as_they_can_be",
        filling("price", middlefill_value=UNKNOWN),
        "'problem.filling['price']['middlefill_value']' needs 'middlefill' to be 'value', got none",
    ),
    (
        "the_future_of_the_target_is_forecast",
        filling("demand", futurefill="mean"),
        "'problem.filling['demand']' has 'futurefill', but it is what is forecast",
    ),
    *(
        (
            "hyper_parameters_are_in_range",
            {"problem": TextGeneration, "settings": {"hyper_parameters": {name: value}}},
            f"'problem.hyper_parameters['{name}']' must be {kind}, got '{value}'",
        )
        for name, value, kind in (
            ("epochCount", "0", "a whole number from 1 to 10"),
            ("epochCount", "11", "a whole number from 1 to 10"),
            ("epochCount", "1.5", "a whole number from 1 to 10"),
            ("epochCount", "1_0", "a whole number from 1 to 10"),
            ("batchSize", "65", "a whole number from 1 to 64"),
            ("learningRate", "1.01", "a number from 0 to 1"),
            ("learningRate", "nan", "a number from 0 to 1"),
            ("learningRate", "-0.1", "a number from 0 to 1"),
            ("learningRateWarmupSteps", "251", "a whole number from 0 to 250"),
        )
    ),
    (
        "hyper_parameters_are_known",
        {"problem": TextGeneration, "settings": {"hyper_parameters": {"seed": "1"}}},
        "'problem.hyper_parameters['seed']' is no hyper-parameter that this version knows",
    ),
    (
        "hyper_parameters_are_known",
        {"problem": TextGeneration, "settings": {"hyper_parameters": {"epochcount": UNKNOWN}}},
        "'problem.hyper_parameters['epochcount']' is no hyper-parameter that this version knows "
        "(did you mean 'epochCount'?)",
    ),
]
"""The rule, what is wrong, and its whole sentence in the words of the props. Nothing else may be wrong in a case."""

PASSED: list[tuple[str, dict[str, Any]]] = [
    *(
        ("metric_fits_problem_type", {"problem_type": problem_type, "objective": metric})
        for problem_type, metrics in Tabular._METRICS.items()
        for metric in metrics
    ),
    *(
        ("metric_fits_problem_type", {"problem": problem, "objective": metric})
        for problem in AnyProblem.__args__
        if problem is not Tabular
        for metric in problem._metrics()
    ),
    ("metric_is_known", {"problem_type": ProblemType.REGRESSION, "objective": Metric.R2}),
    ("objective_and_problem_type_go_together", {"problem_type": ProblemType.REGRESSION, "objective": Metric.MAE}),
    ("objective_and_problem_type_go_together", {}),
    *(
        ("algorithms_fit_mode", {"mode": mode, "algorithms": algorithms})
        for mode, algorithms in Tabular._ALGORITHMS.items()
    ),
    (
        "algorithms_fit_mode",
        {"problem": TimeSeriesForecasting, "algorithms": TimeSeriesForecasting._ALGORITHMS[None]},
    ),
    ("algorithms_need_a_mode", {"mode": Mode.AUTO}),
    ("algorithms_need_a_mode", {"mode": Mode.HYPERPARAMETER_TUNING, "algorithms": (Algorithm.MLP,)}),
    ("algorithms_are_named", {"mode": Mode.ENSEMBLING, "algorithms": (Algorithm.FASTAI,)}),
    ("algorithms_are_distinct", {"mode": Mode.ENSEMBLING, "algorithms": (Algorithm.FASTAI, Algorithm.XGBOOST)}),
    (
        "sample_weights_need_ensembling",
        {"mode": Mode.ENSEMBLING, "columns": columns(sample_weight_attribute="w")},
    ),
    ("sample_weights_need_ensembling", {"columns": columns(sample_weight_attribute=UNKNOWN)}),
    (
        "sample_weight_is_not_the_target",
        {"mode": Mode.ENSEMBLING, "columns": columns(sample_weight_attribute="w")},
    ),
    ("data_type_fits_problem", {"channels": training(data_type=S3DataType.MANIFEST_FILE)}),
    *(
        ("data_type_fits_problem", {"problem": ImageClassification, "channels": training(data_type=data_type)})
        for data_type in S3DataType
    ),
    ("content_fits_problem", {"channels": training(content_type="x-application/vnd.amazon+parquet")}),
    ("content_fits_problem", {"channels": training(content_type=None)}),
    *(
        ("content_fits_problem", {"problem": problem, "channels": training(content_type=content_type)})
        for problem in AnyProblem.__args__
        for content_type in problem._CONTENT_TYPES
    ),
    ("gzip_needs_a_prefix", {"channels": training(compression=Compression.GZIP)}),
    (
        "gzip_needs_a_prefix",
        {"channels": training(compression=Compression.NONE, data_type=S3DataType.MANIFEST_FILE)},
    ),
    ("parquet_compresses_itself", {"channels": training(content_type=ContentType.PARQUET)}),
    ("channels_share_content_type_and_target", {"channels": both(content_type=None)}),
    ("channels_are_one_of_each", {"channels": training(channel_type=None)}),
    ("channels_are_one_of_each", {"channels": both()}),
    ("channels_are_one_of_each", {"channels": (VALIDATION, TRAINING)}),
    ("split_or_validation_channel", {"channels": both()}),
    ("split_or_validation_channel", {"validation_fraction": 0.2}),
    ("fraction_leaves_both_parts", {"validation_fraction": 0.001}),
    ("fraction_is_below_half", {"validation_fraction": 0.499}),
    ("features_leave_out_columns_with_another_part", {"features": {"Churned": "numeric"}, "columns": columns()}),
    (
        "weights_are_no_feature",
        {"features": {"age": ""}, "columns": columns(sample_weight_attribute="w"), "mode": Mode.ENSEMBLING},
    ),
    (
        "feature_types_fit_mode",
        {"features": {"clicks": FeatureType.SEQUENCE}, "mode": Mode.HYPERPARAMETER_TUNING},
    ),
    ("feature_types_fit_mode", {"features": {"clicks": FeatureType.SEQUENCE}}),
    ("feature_types_fit_mode", {"features": {"clicks": FeatureType.SEQUENCE}, "mode": UNKNOWN}),
    (
        "feature_types_fit_mode",
        {"problem": TimeSeriesForecasting, "features": {"price": FeatureType.DATETIME}, "columns": series()},
    ),
    ("output_path_is_short_enough_for_all_pages", {"output_path": "s3://b/" + "x" * 121}),
    ("job_outlasts_its_training_jobs", {"max_runtime_per_training_job": 60, "max_runtime": 60}),
    ("job_ends_within_the_quota", {"max_runtime": 30 * 86400}),
    ("endpoint_is_named_or_auto_named", {"deploys": True, "auto_endpoint_name": True}),
    ("endpoint_is_named_or_auto_named", {"deploys": True, "auto_endpoint_name": False, "endpoint_name": "churn"}),
    ("definitions_have_nothing_to_deploy", {"candidate_definitions_only": True}),
    ("definitions_have_nothing_to_deploy", {"deploys": True, "auto_endpoint_name": True}),
    ("tag_keys_are_distinct", {"tag_keys": ("team", "Team", UNKNOWN)}),
    # ---- problems of V2
    ("one_candidate_but_for_tables", {"max_candidates": 750}),
    *(("one_candidate_but_for_tables", {"problem": problem, "max_candidates": 1}) for problem in AnyProblem.__args__),
    *(
        ("some_problems_do_not_split", {"problem": problem, "validation_fraction": 0.2})
        for problem in AnyProblem.__args__
        if problem is not TimeSeriesForecasting
    ),
    *(
        ("forecasts_are_validated_on_the_training_data", {"problem": problem, "channels": both()})
        for problem in AnyProblem.__args__
        if problem is not TimeSeriesForecasting
    ),
    ("forecasts_take_more_than_an_hour", {"problem": TimeSeriesForecasting, "max_runtime": 3601}),
    *(
        ("forecasts_take_more_than_an_hour", {"problem": problem, "max_runtime": 60})
        for problem in AnyProblem.__args__
        if problem is not TimeSeriesForecasting
    ),
    ("emr_serverless_fits_problem", {"problem": TextGeneration}),
    ("text_and_label_differ", {"problem": TextClassification, "columns": (("content_column", "a"),)}),
    (
        "text_and_label_differ",
        {"problem": TextClassification, "columns": (("content_column", "a"), ("target_label_column", "A"))},
    ),
    (
        "time_series_columns_are_distinct",
        {"problem": TimeSeriesForecasting, "columns": series(grouping_attributes=("shop", "country"))},
    ),
    (
        "quantiles_and_groups_are_distinct",
        {
            "problem": TimeSeriesForecasting,
            "settings": {"forecast_quantiles": ("p1", "p10"), "grouping_attributes": ("shop", UNKNOWN, UNKNOWN)},
        },
    ),
    ("horizon_is_near", {"problem": TimeSeriesForecasting, "settings": {"forecast_horizon": 500}}),
    *(
        (
            "only_the_target_is_aggregated",
            {
                "problem": TimeSeriesForecasting,
                "settings": {"target_attribute": "demand", "aggregation": {"demand": method}},
            },
        )
        for method in Aggregation
    ),
    ("gaps_are_filled_as_they_can_be", filling("demand", frontfill="none", backfill="value", backfill_value="2")),
    *(
        ("gaps_are_filled_as_they_can_be", filling("price", middlefill=method, backfill=method, futurefill=method))
        for method in ("zero", "mean", "median", "min", "max")
    ),
    ("gaps_are_filled_as_they_can_be", filling("price", UNKNOWN, frontfill="none")),
    ("gaps_are_filled_as_they_can_be", filling("price", backfill=UNKNOWN, backfill_value="2")),
    ("gaps_are_filled_as_they_can_be", filling("price", backfill="value", backfill_value=UNKNOWN)),
    ("the_future_of_the_target_is_forecast", filling("price", futurefill="mean")),
    *(
        ("hyper_parameters_are_in_range", {"problem": TextGeneration, "settings": {"hyper_parameters": {name: value}}})
        for name, limits in HYPER_PARAMETERS.items()
        for value in map(str, limits)
    ),
    *(
        ("hyper_parameters_are_in_range", {"problem": TextGeneration, "settings": {"hyper_parameters": given}})
        for given in ({"learningRate": "1e-5"}, {"learningRate": ".5"}, {"learningRate": "0.0001"})
    ),
    ("hyper_parameters_are_known", {"problem": TextGeneration, "settings": {"hyper_parameters": UNKNOWN}}),
]
"""The rule, and facts near to what it refuses on which no rule has anything to say."""

WARNED_ONLY: dict[str, Any] = {"output_path": "s3://b/" + "x" * 505}
"""The longest path that is no error; another rule warns of it."""

by_name = {rule.name: rule for rule in RULES}


@pytest.mark.parametrize(("name", "facts", "sentence"), REFUSED)
def test_a_rule_says_what_is_wrong_and_no_other_rule_does(name: str, facts: dict[str, Any], sentence: str) -> None:
    found = judge(job(**facts))
    if by_name[name].severity == "error":
        assert (found.errors, found.warnings) == ([sentence], {})
    else:
        assert (found.errors, found.warnings) == ([], {name: sentence})


@pytest.mark.parametrize(("name", "facts"), PASSED)
def test_what_a_rule_allows_passes_all_rules(name: str, facts: dict[str, Any]) -> None:
    assert name in by_name
    found = judge(job(**facts))
    assert (found.errors, found.warnings) == ([], {})


def test_an_output_path_of_512_characters_is_doubtful_but_no_error() -> None:
    found = judge(job(**WARNED_ONLY))
    assert found.errors == []
    assert list(found.warnings) == ["output_path_is_short_enough_for_all_pages"]


def test_every_rule_has_a_case_that_it_refuses_and_one_that_it_lets_pass() -> None:
    passed = {name for name, _ in PASSED}
    passed |= {"output_path_is_short_enough", "emr_serverless_is_for_canvas"}  # the tests above and below
    assert {name for name, _, _ in REFUSED} == passed == set(by_name)
    assert len(by_name) == len(RULES), "two rules have the same name"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_a_page_of_aws_as_its_source_and_a_docstring(rule: Rule) -> None:
    assert rule.source.startswith("https://docs.aws.amazon.com/")
    assert rule.source.endswith(".html")
    assert rule.check.__doc__


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_speaks_of_the_props_that_it_declares(rule: Rule) -> None:
    named: set[str] = set()

    for rule_name, facts, _ in REFUSED:
        if rule_name == rule.name:
            usual = job(**facts).name

            def name(prop: str, usual: Naming = usual) -> str:
                named.add(prop)
                return usual(prop)

            assert list(rule.check(job(**facts, name=name)))
    assert named <= set(rule.props) | ANY_COLUMN
    assert set(rule.props) <= named
    assert named <= known_props(), "no such prop"


ANY_COLUMN = set(TimeSeriesForecasting._ROLES)
"""What a rule may name that speaks of the columns of any problem."""


def known_props() -> set[str]:
    """What the props of both requests are called, those of a problem also by their own name."""
    paths = set(wire_paths(CreateAutoMLJob))
    for member in AnyProblem.__args__:
        paths |= {path.removeprefix("problem.") for path in wire_paths(CreateAutoMLJobV2, member)}
    return paths


@pytest.mark.parametrize(("name", "facts"), [(name, facts) for name, facts, _ in REFUSED])
def test_every_sentence_can_be_said_in_the_apis_own_names(name: str, facts: dict[str, Any]) -> None:
    (said,) = by_name[name].check(job(**{**facts, "words": Words.WIRE}))
    paths = wire_paths(CreateAutoMLJobV2 if "problem" in facts else CreateAutoMLJob, facts.get("problem"))
    assert any(f"'{path}" in said for path in paths.values()), said
    props = {f"'{prop}'" for prop in paths} - {f"'{column}'" for column in ("text",)}
    assert not any(prop in said for prop in props), said


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            {"problem_type": ProblemType.REGRESSION, "objective": Metric.AUC},
            "'AutoMLJobObjective.MetricName' must be one of 'MAE', 'MSE', 'R2', 'RMSE' for 'ProblemType' 'Regression', "
            "got 'AUC'",
        ),
        (
            {"algorithms": (Algorithm.XGBOOST,)},
            "'AutoMLJobConfig.CandidateGenerationConfig.AlgorithmsConfig[0].AutoMLAlgorithms' needs "
            "'AutoMLJobConfig.Mode' 'ENSEMBLING' or 'HYPERPARAMETER_TUNING', got no mode, with which a job runs as "
            "'HYPERPARAMETER_TUNING'",
        ),
        (
            {"problem": Tabular, "algorithms": (Algorithm.XGBOOST,)},
            "'AutoMLProblemTypeConfig.TabularJobConfig.CandidateGenerationConfig.AlgorithmsConfig[0].AutoMLAlgorithms' "
            "needs 'AutoMLProblemTypeConfig.TabularJobConfig.Mode' 'ENSEMBLING' or 'HYPERPARAMETER_TUNING', "
            "got no mode, with which a job runs as 'HYPERPARAMETER_TUNING'",
        ),
        (
            filling("price", backfill="average"),
            "'AutoMLProblemTypeConfig.TimeSeriesForecastingJobConfig.Transformations.Filling['price']['backfill']' "
            "must be 'zero' or 'mean' or 'median' or 'min' or 'max' or 'value', got 'average'",
        ),
        (
            {"problem": ImageClassification, "channels": both(), "validation_fraction": 0.2},
            "give 'DataSplitConfig.ValidationFraction' or 'AutoMLJobInputDataConfig[1]', not both",
        ),
        (
            {"channels": both(target="left")},
            "'InputDataConfig[0]' and 'InputDataConfig[1]' must have the same target "
            "('InputDataConfig[0].TargetAttributeName'), got 'churned' and 'left'",
        ),
        (
            {"output_path": "s3://b/" + "x" * 506},
            "'OutputDataConfig.S3OutputPath' must be a URI of at most 512 characters, got 513",
        ),
        (
            {"deploys": True},
            "give either 'ModelDeployConfig.EndpointName' or 'ModelDeployConfig.AutoGenerateEndpointName' as True, "
            "got neither",
        ),
    ],
)
def test_a_request_in_the_apis_own_names_is_told_in_those(facts: dict[str, Any], sentence: str) -> None:
    assert judge(job(**facts, words=Words.WIRE)).errors == [sentence]


def test_a_job_on_emr_serverless_is_doubtful_where_it_may_be_and_an_error_elsewhere() -> None:
    assert list(judge(job(TimeSeriesForecasting, emr_serverless=True)).warnings) == ["emr_serverless_is_for_canvas"]
    assert judge(job(TextGeneration, emr_serverless=True)).warnings == {}


# ----------------------------------------------------------------------------------------------------- what is unknown

MAYBE_TEXT = st.none() | st.sampled_from(["churned", "w", "left"])

CHANNELS = st.builds(
    ChannelFacts,
    data_type=st.sampled_from(S3DataType),
    channel_type=st.none() | st.sampled_from(ChannelType),
    compression=st.none() | st.sampled_from(Compression),
    content_type=st.none() | st.sampled_from([*ContentType, "text/csv"]),
    target=st.none() | st.sampled_from(["churned", "left"]),
)

SOME_COLUMNS = st.sampled_from(["churned", "w", "item"])


def facts_of(problem: type[Problem]) -> dict[str, st.SearchStrategy[Any]]:
    """The facts that go with a problem."""
    role = st.sampled_from(problem._ROLES or ["target_attribute"])
    columns = st.lists(st.tuples(role, SOME_COLUMNS), max_size=4, unique=True).map(tuple)
    settings: dict[str, st.SearchStrategy[Any]] = {}
    if problem is TimeSeriesForecasting:
        gaps = st.dictionaries(
            st.sampled_from(FillingType), st.sampled_from(["none", "zero", "value", "1", "average"]), max_size=4
        )
        settings = {
            "target_attribute": SOME_COLUMNS,
            "forecast_horizon": st.sampled_from([1, 501]),
            "forecast_quantiles": st.none() | st.lists(st.sampled_from(["p1", "p2"]), max_size=3).map(tuple),
            "grouping_attributes": st.none() | st.lists(SOME_COLUMNS, max_size=3).map(tuple),
            "filling": st.none() | st.dictionaries(SOME_COLUMNS, gaps, max_size=2),
            "aggregation": st.none() | st.dictionaries(SOME_COLUMNS, st.sampled_from(Aggregation), max_size=2),
        }
    if problem is TextGeneration:
        names, values = [*HYPER_PARAMETERS, "epochs"], ["0", "1", "999", "x"]
        settings = {
            "hyper_parameters": st.none() | st.dictionaries(st.sampled_from(names), st.sampled_from(values), max_size=3)
        }
    return {"columns": columns, "settings": st.fixed_dictionaries(settings)}


MAYBE_NONE: dict[str, st.SearchStrategy[Any]] = {
    "problem_type": st.sampled_from(ProblemType),
    "mode": st.sampled_from(Mode),
    "algorithms": st.lists(st.sampled_from(Algorithm), max_size=3).map(tuple),
    "objective": st.sampled_from([*Metric, "auc"]),
    "features": st.dictionaries(SOME_COLUMNS | st.just("age"), st.sampled_from([*FeatureType, ""])),
    "validation_fraction": st.sampled_from([0, 0.2, 0.5, 1]),
    "max_candidates": st.sampled_from([1, 2]),
    "max_runtime_per_training_job": st.sampled_from([60, 4000000]),
    "max_runtime": st.sampled_from([59, 3000000]),
    "candidate_definitions_only": st.booleans(),
    "auto_endpoint_name": st.booleans(),
    "endpoint_name": st.sampled_from(["churned", "left"]),
}


def jobs_of(problem: type[Problem]) -> st.SearchStrategy[JobFacts]:
    absent = set() if problem is Tabular else {"problem_type", "mode", "candidate_definitions_only"}
    maybe = {name: st.none() if name in absent else st.none() | values for name, values in MAYBE_NONE.items()}
    return st.builds(
        JobFacts,
        name=st.just(in_words(Words.PROPS, problem)),
        problem=st.just(problem),
        channels=st.lists(CHANNELS, max_size=3).map(tuple),
        output_path=st.integers(0, 600).map(lambda length: "s3://b/" + "x" * length),
        emr_serverless=st.booleans(),
        deploys=st.booleans(),
        tag_keys=st.lists(st.sampled_from(["a", "b"]), max_size=3).map(tuple),
        **maybe,
        **facts_of(problem),
    )


JOBS = st.one_of([jobs_of(problem) for problem in AnyProblem.__args__])

KNOWN_AT_SYNTH = {"name", "problem", "features", "deploys", "emr_serverless"}
"""Facts that cannot be a token: what was written at synth time, and whether something is there at all."""

WHOLE = {"channels", "columns", "settings", "tag_keys"}
"""Facts that are structures: parts of them can be tokens."""


def with_unknown(facts: JobFacts, hide: Callable[[], bool]) -> JobFacts:
    """The facts with some values, chosen one by one, as if they were tokens."""

    def hidden(value: Any) -> Any:
        if hide():
            return UNKNOWN
        if isinstance(value, tuple):
            return tuple(hidden(item) for item in value)
        if isinstance(value, dict):
            return {key: hidden(item) for key, item in value.items()}
        return value

    changed: dict[str, Any] = {
        "channels": tuple(
            dataclasses.replace(channel, **{name: hidden(value) for name, value in vars(channel).items()})
            for channel in facts.channels
        ),
        "columns": tuple((prop, hidden(column)) for prop, column in facts.columns),
        "settings": {name: hidden(value) for name, value in facts.settings.items()},
        "tag_keys": tuple(hidden(key) for key in facts.tag_keys),
    }
    names = {field.name for field in dataclasses.fields(facts)} - KNOWN_AT_SYNTH - WHOLE
    return dataclasses.replace(facts, **changed, **{name: hidden(getattr(facts, name)) for name in names})


def speaking(facts: JobFacts) -> set[str]:
    return {rule.name for rule in RULES if list(rule.check(facts))}


PRESENCE = {
    "emr_serverless_is_for_canvas",
    "emr_serverless_fits_problem",
    "forecasts_are_validated_on_the_training_data",
}
"""Rules that speak because something is there, whatever it is."""


@given(JOBS, st.data())
def test_a_value_that_is_not_known_never_makes_a_rule_speak(facts: JobFacts, data: st.DataObject) -> None:
    """Whatever the token turns out to be, what was said must be true: so it is said of the known value, too."""
    hidden = with_unknown(facts, lambda: data.draw(st.booleans()))
    assert speaking(hidden) <= speaking(facts)


@given(JOBS)
def test_a_job_of_which_nothing_is_known_passes_every_rule(facts: JobFacts) -> None:
    nothing = dataclasses.replace(with_unknown(facts, lambda: True), features=None)
    assert speaking(nothing) <= PRESENCE
