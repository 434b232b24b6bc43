"""Each rule: what it refuses, in which words, what it lets pass, and that it never judges what it cannot know."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.api.enums import (
    Algorithm,
    ChannelType,
    Compression,
    ContentType,
    FeatureType,
    Metric,
    Mode,
    ProblemType,
    S3DataType,
)
from constructs_lib.api.fields import Words, wire_paths
from constructs_lib.api.request import CreateAutoMLJob
from constructs_lib.api.rules import ALGORITHMS, METRICS, RULES, UNKNOWN, ChannelFacts, JobFacts, Rule, judge

TRAINING = ChannelFacts(
    data_type=S3DataType.S3_PREFIX,
    channel_type=ChannelType.TRAINING,
    compression=None,
    content_type=ContentType.CSV,
    target="churned",
    sample_weight=None,
)
VALIDATION = dataclasses.replace(TRAINING, channel_type=ChannelType.VALIDATION)


def in_props(prop: str) -> str:
    return Words.PROPS.name_of(CreateAutoMLJob, prop)


def in_wire_names(prop: str) -> str:
    return Words.WIRE.name_of(CreateAutoMLJob, prop)


def job(**facts: Any) -> JobFacts:
    """A job on which no rule has anything to say, with other facts."""
    sound = JobFacts(
        name=in_props,
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
        "'PrecisionMacro', 'R2', 'RMSE', 'Recall', 'RecallMacro' for a tabular job, got 'WAPE'",
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
        "'algorithms' needs 'mode' 'ENSEMBLING' or 'HYPERPARAMETER_TUNING', got no mode",
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
        {"channels": training(sample_weight="w")},
        "'sample_weight_attribute' needs 'mode' 'ENSEMBLING', got no mode",
    ),
    (
        "sample_weights_need_ensembling",
        {"channels": both(sample_weight="w"), "mode": Mode.AUTO},
        "'sample_weight_attribute' needs 'mode' 'ENSEMBLING', got 'AUTO'",
    ),
    (
        "sample_weight_is_not_the_target",
        {"channels": training(sample_weight="churned"), "mode": Mode.ENSEMBLING},
        "'sample_weight_attribute' must differ from 'target_attribute', got 'churned' for both",
    ),
    (
        "augmented_manifests_are_not_for_this_call",
        {"channels": both(data_type=S3DataType.AUGMENTED_MANIFEST_FILE)},
        "the S3 data type of 'validation_data' must be 'S3Prefix' or 'ManifestFile', got 'AugmentedManifestFile': "
        "augmented manifests are for image classification with AutoMLJobV2",
    ),
    (
        "content_is_csv_or_parquet",
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
        "features_leave_out_the_target",
        {"features": {"age": "numeric", "churned": ""}},
        "'features' must not name the target 'churned' ('target_attribute')",
    ),
    (
        "feature_types_fit_mode",
        {"features": {"clicks": FeatureType.SEQUENCE, "age": "numeric"}, "mode": Mode.ENSEMBLING},
        "'features' of type 'sequence' need 'mode' 'HYPERPARAMETER_TUNING', got 'ENSEMBLING' and 'clicks'",
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
]
"""The rule, what is wrong, and its whole sentence in the words of the props. Nothing else may be wrong in a case."""

PASSED: list[tuple[str, dict[str, Any]]] = [
    *(
        ("metric_fits_problem_type", {"problem_type": problem_type, "objective": metric})
        for problem_type, metrics in METRICS.items()
        for metric in metrics
    ),
    ("metric_is_known", {"problem_type": ProblemType.REGRESSION, "objective": Metric.R2}),
    ("objective_and_problem_type_go_together", {"problem_type": ProblemType.REGRESSION, "objective": Metric.MAE}),
    ("objective_and_problem_type_go_together", {}),
    *(("algorithms_fit_mode", {"mode": mode, "algorithms": algorithms}) for mode, algorithms in ALGORITHMS.items()),
    ("algorithms_need_a_mode", {"mode": Mode.AUTO}),
    ("algorithms_need_a_mode", {"mode": Mode.HYPERPARAMETER_TUNING, "algorithms": (Algorithm.MLP,)}),
    ("algorithms_are_named", {"mode": Mode.ENSEMBLING, "algorithms": (Algorithm.FASTAI,)}),
    ("algorithms_are_distinct", {"mode": Mode.ENSEMBLING, "algorithms": (Algorithm.FASTAI, Algorithm.XGBOOST)}),
    ("sample_weights_need_ensembling", {"mode": Mode.ENSEMBLING, "channels": training(sample_weight="w")}),
    ("sample_weight_is_not_the_target", {"mode": Mode.ENSEMBLING, "channels": training(sample_weight="w")}),
    ("augmented_manifests_are_not_for_this_call", {"channels": training(data_type=S3DataType.MANIFEST_FILE)}),
    ("content_is_csv_or_parquet", {"channels": training(content_type="x-application/vnd.amazon+parquet")}),
    ("content_is_csv_or_parquet", {"channels": training(content_type=None)}),
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
    ("features_leave_out_the_target", {"features": {"Churned": "numeric"}}),
    (
        "feature_types_fit_mode",
        {"features": {"clicks": FeatureType.SEQUENCE}, "mode": Mode.HYPERPARAMETER_TUNING},
    ),
    ("output_path_is_short_enough_for_all_pages", {"output_path": "s3://b/" + "x" * 121}),
    ("job_outlasts_its_training_jobs", {"max_runtime_per_training_job": 60, "max_runtime": 60}),
    ("job_ends_within_the_quota", {"max_runtime": 30 * 86400}),
    ("endpoint_is_named_or_auto_named", {"deploys": True, "auto_endpoint_name": True}),
    ("endpoint_is_named_or_auto_named", {"deploys": True, "auto_endpoint_name": False, "endpoint_name": "churn"}),
    ("definitions_have_nothing_to_deploy", {"candidate_definitions_only": True}),
    ("definitions_have_nothing_to_deploy", {"deploys": True, "auto_endpoint_name": True}),
    ("tag_keys_are_distinct", {"tag_keys": ("team", "Team", UNKNOWN)}),
]
"""The rule, and facts near to what it refuses on which no rule has anything to say."""

WARNED_ONLY = {"output_path": "s3://b/" + "x" * 505}
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
    passed = {name for name, _ in PASSED} | {"output_path_is_short_enough"}  # the test above
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

    def name(prop: str) -> str:
        named.add(prop)
        return in_props(prop)

    for rule_name, facts, _ in REFUSED:
        if rule_name == rule.name:
            assert list(rule.check(job(**facts, name=name)))
    assert named == set(rule.props)
    assert named <= set(wire_paths(CreateAutoMLJob)), "no such prop"


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
            "'AutoMLJobConfig.Mode' 'ENSEMBLING' or 'HYPERPARAMETER_TUNING', got no mode",
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
    assert judge(job(**facts, name=in_wire_names)).errors == [sentence]


# ----------------------------------------------------------------------------------------------------- what is unknown

MAYBE_TEXT = st.none() | st.sampled_from(["churned", "w", "left"])

CHANNELS = st.builds(
    ChannelFacts,
    data_type=st.sampled_from(S3DataType),
    channel_type=st.none() | st.sampled_from(ChannelType),
    compression=st.none() | st.sampled_from(Compression),
    content_type=st.none() | st.sampled_from([*ContentType, "text/csv"]),
    target=st.sampled_from(["churned", "left"]),
    sample_weight=MAYBE_TEXT,
)

JOBS = st.builds(
    JobFacts,
    name=st.just(in_props),
    channels=st.lists(CHANNELS, max_size=3).map(tuple),
    output_path=st.integers(0, 600).map(lambda length: "s3://b/" + "x" * length),
    problem_type=st.none() | st.sampled_from(ProblemType),
    objective=st.none() | st.sampled_from([*Metric, "auc"]),
    mode=st.none() | st.sampled_from(Mode),
    algorithms=st.none() | st.lists(st.sampled_from(Algorithm), max_size=3).map(tuple),
    features=st.none() | st.dictionaries(st.sampled_from(["age", "churned"]), st.sampled_from([*FeatureType, ""])),
    validation_fraction=st.none() | st.sampled_from([0, 0.2, 0.5, 1]),
    max_runtime_per_training_job=st.none() | st.sampled_from([60, 4000000]),
    max_runtime=st.none() | st.sampled_from([59, 3000000]),
    candidate_definitions_only=st.none() | st.booleans(),
    deploys=st.booleans(),
    auto_endpoint_name=st.none() | st.booleans(),
    endpoint_name=MAYBE_TEXT,
    tag_keys=st.lists(st.sampled_from(["a", "b"]), max_size=3).map(tuple),
)

KNOWN_AT_SYNTH = {"name", "channels", "features", "deploys"}
"""Facts that cannot be a token: structures, what was written at synth time, whether something is there at all."""


def with_unknown(facts: Any, hide: Callable[[], bool]) -> Any:
    """The facts with some values, chosen one by one, as if they were tokens."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(facts):
        value = getattr(facts, field.name)
        if field.name == "channels":
            changed["channels"] = tuple(with_unknown(channel, hide) for channel in value)
        elif field.name in KNOWN_AT_SYNTH:
            continue
        elif hide():
            changed[field.name] = tuple(UNKNOWN for _ in value) if field.name == "tag_keys" else UNKNOWN
        elif isinstance(value, tuple):
            changed[field.name] = tuple(UNKNOWN if hide() else item for item in value)
    return dataclasses.replace(facts, **changed)


def speaking(facts: JobFacts) -> set[str]:
    return {rule.name for rule in RULES if list(rule.check(facts))}


@given(JOBS, st.data())
def test_a_value_that_is_not_known_never_makes_a_rule_speak(facts: JobFacts, data: st.DataObject) -> None:
    """Whatever the token turns out to be, what was said must be true: so it is said of the known value, too."""
    hidden = with_unknown(facts, lambda: data.draw(st.booleans()))
    assert speaking(hidden) <= speaking(facts)


@given(JOBS)
def test_a_job_of_which_nothing_is_known_passes_every_rule(facts: JobFacts) -> None:
    assert speaking(with_unknown(facts, lambda: True)) == set()
