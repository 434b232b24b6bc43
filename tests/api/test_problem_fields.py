"""The fields of V2's problems: maps, unions, flat shapes; what is told of them, and tokens in them."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest

from constructs_lib.api.enums import FillingType
from constructs_lib.api.fields import (
    Api,
    Malformed,
    PendingUri,
    Shape,
    Words,
    described,
    parse,
    problems,
    render,
    tree_of,
)
from constructs_lib.api.problem import Problem
from constructs_lib.api.problem_types import AnyProblem, Tabular
from constructs_lib.api.request import CreateAutoMLJob, CreateAutoMLJobV2, findings

from .requests import (
    FORECAST,
    GENERATION,
    IMAGES,
    LIST_TOKEN,
    NUMBER_TOKEN,
    REQUEST,
    TABULAR,
    TEXT_TOKEN,
    TEXTS,
    LateValue,
    is_token,
    with_value,
)

SERIES = "TimeSeriesForecastingJobConfig"
FILLING = f"{SERIES}.Transformations.Filling"
QUANTILE = r"(^p[1-9]\d?$)"
GAPS = ", ".join(f"'{gap}'" for gap in FillingType)
MEMBERS = ", ".join(f"'{member._MEMBER}'" for member in AnyProblem.__args__)
ALGORITHMS = "AutoMLJobConfig.CandidateGenerationConfig.AlgorithmsConfig"


def said(request: dict[str, Any], path: str, value: object, words: Words = Words.PROPS) -> list[str]:
    """What is wrong with a request with another value at a path below its problem."""
    document = with_value(f"AutoMLProblemTypeConfig.{path}", value, request)
    return problems(parse(CreateAutoMLJobV2, document), is_token=is_token, words=words)


@pytest.mark.parametrize(
    ("request_", "path", "value", "sentence"),
    [
        (
            FORECAST,
            f"{SERIES}.ForecastFrequency",
            "60min",
            "'problem.forecast_frequency' must match 1Y|Y|([1-9]|1[0-1])M|M|[1-4]W|W|[1-6]D|D|([1-9]|1[0-9]|2[0-3])H|H|"
            "([1-9]|[1-5][0-9])min, got '60min'",
        ),
        (FORECAST, f"{SERIES}.ForecastHorizon", 0, "'problem.forecast_horizon' must be at least 1, got 0"),
        (
            FORECAST,
            f"{SERIES}.ForecastQuantiles",
            ["p10", "mean"],
            f"'problem.forecast_quantiles[1]' must match {QUANTILE}, got 'mean'",
        ),
        (
            FORECAST,
            f"{SERIES}.ForecastQuantiles",
            ["p100"],
            f"'problem.forecast_quantiles[0]' must match {QUANTILE}, got 'p100'",
        ),
        (
            FORECAST,
            f"{SERIES}.ForecastQuantiles",
            ["p1", "p2", "p3", "p4", "p5", "p6"],
            "'problem.forecast_quantiles' must have at most 5 items, got 6",
        ),
        (
            FORECAST,
            f"{SERIES}.TimeSeriesConfig.GroupingAttributeNames",
            [],
            "'problem.grouping_attributes' must have at least 1 item, got 0",
        ),
        (
            FORECAST,
            f"{SERIES}.HolidayConfig.0.CountryCode",
            "de",
            "'problem.holiday_country' must match [A-Z]{2}, got 'de'",
        ),
        (FORECAST, FILLING, ["demand"], "'problem.filling' must be a map, got ['demand'] (list)"),
        (FORECAST, FILLING, {}, "'problem.filling' must have at least 1 item, got 0"),
        (FORECAST, FILLING, {"": {"backfill": "zero"}}, "a key of 'problem.filling' must not be empty"),
        (FORECAST, FILLING, {7: {"backfill": "zero"}}, "a key of 'problem.filling' must be text, got 7 (int)"),
        (FORECAST, FILLING, {"x": {}}, "'problem.filling['x']' must have at least 1 item, got 0"),
        (FORECAST, FILLING, {"x": "zero"}, "'problem.filling['x']' must be a map, got 'zero' (str)"),
        (
            FORECAST,
            FILLING,
            {"x": {"backfil": "zero"}},
            f"a key of 'problem.filling['x']' must be one of {GAPS}, got 'backfil' (did you mean 'backfill'?)",
        ),
        (
            FORECAST,
            FILLING,
            {"x": {"backfill_value": "0.5"}},
            r"'problem.filling['x']['backfill_value']' must match [a-zA-Z0-9\_\-]+, got '0.5'",
        ),
        (
            FORECAST,
            f"{SERIES}.Transformations.Aggregation",
            {"demand": "mean"},
            "'problem.aggregation['demand']' must be one of 'sum', 'avg', 'first', 'min', 'max', got 'mean'",
        ),
        (TEXTS, "TextClassificationJobConfig.ContentColumn", "", "'problem.content_column' must not be empty"),
        (
            IMAGES,
            "ImageClassificationJobConfig.CompletionCriteria.MaxCandidates",
            751,
            "'problem.completion_criteria.max_candidates' must be at most 750, got 751",
        ),
        (
            GENERATION,
            "TextGenerationJobConfig.ModelAccessConfig.AcceptEula",
            "yes",
            "'problem.accept_eula' must be True or False, got 'yes' (str)",
        ),
        (
            GENERATION,
            "TextGenerationJobConfig.TextGenerationHyperParameters",
            {"epochCount": 3},
            "'problem.hyper_parameters['epochCount']' must be text, got 3 (int)",
        ),
        (
            GENERATION,
            "TextGenerationJobConfig.TextGenerationHyperParameters",
            {str(number): "1" for number in range(31)},
            "'problem.hyper_parameters' must have at most 30 items, got 31",
        ),
        (
            GENERATION,
            "TextGenerationJobConfig.BaseModelName",
            "falcon_7b",
            "'problem.base_model_name' must match [a-zA-Z0-9](-*[a-zA-Z0-9])*, got 'falcon_7b'",
        ),
        (
            TABULAR,
            "TabularJobConfig.SampleWeightAttributeName",
            "my weight",
            "'problem.sample_weight_attribute' must match [a-zA-Z0-9_-]+, got 'my weight'",
        ),
    ],
)
def test_a_wrong_value_of_a_problem_is_told_in_the_props_words(
    request_: dict[str, Any], path: str, value: object, sentence: str
) -> None:
    assert said(request_, path, value) == [sentence]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            f"{SERIES}.TimeSeriesConfig.GroupingAttributeNames",
            ["shop", ""],
            f"'AutoMLProblemTypeConfig.{SERIES}.TimeSeriesConfig.GroupingAttributeNames[1]' must not be empty",
        ),
        (
            f"{SERIES}.HolidayConfig.0.CountryCode",
            "de",
            f"'AutoMLProblemTypeConfig.{SERIES}.HolidayConfig[0].CountryCode' must match [A-Z]{{2}}, got 'de'",
        ),
        (
            FILLING,
            {"x": {"backfill": 0}},
            f"'AutoMLProblemTypeConfig.{FILLING}['x']['backfill']' must be text, got 0 (int)",
        ),
    ],
)
def test_a_wrong_value_of_a_problem_is_told_in_the_apis_words(path: str, value: object, sentence: str) -> None:
    assert said(FORECAST, path, value, Words.WIRE) == [sentence]


@pytest.mark.parametrize("problem", [{"TabularJobConfig": {}}, "Tabular", Tabular, None, Problem()], ids=repr)
def test_a_problem_that_is_none_of_the_five_is_refused_and_no_rule_is_asked(problem: Any) -> None:
    request = replace(parse(CreateAutoMLJobV2, FORECAST), problem=problem)
    found = findings(request, is_token=is_token)
    told = (
        "'problem' is required"
        if problem is None
        else "'problem' must be one of Tabular, ImageClassification, TextClassification, TimeSeriesForecasting, "
        f"TextGeneration, got {described(problem)}"
    )
    assert (found.errors, found.warnings) == ([told], {})


# -------------------------------------------------------------------------------------------------------------- tokens


@pytest.mark.parametrize("token", [TEXT_TOKEN, NUMBER_TOKEN, LIST_TOKEN, LateValue()], ids=repr)
@pytest.mark.parametrize(
    ("request_", "path"),
    [
        *(
            (FORECAST, f"{SERIES}.{path}")
            for path in (
                "ForecastFrequency",
                "ForecastHorizon",
                "ForecastQuantiles",
                "ForecastQuantiles.0",
                "Transformations.Filling",
                "Transformations.Filling.demand",
                "Transformations.Filling.demand.frontfill",
                "Transformations.Filling.demand.middlefill",
                "Transformations.Filling.demand.middlefill_value",
                "Transformations.Aggregation",
                "Transformations.Aggregation.demand",
                "TimeSeriesConfig.TargetAttributeName",
                "TimeSeriesConfig.TimestampAttributeName",
                "TimeSeriesConfig.GroupingAttributeNames",
                "TimeSeriesConfig.GroupingAttributeNames.1",
                "HolidayConfig.0.CountryCode",
                "CandidateGenerationConfig.AlgorithmsConfig.0.AutoMLAlgorithms",
                "FeatureSpecificationS3Uri",
            )
        ),
        (TEXTS, "TextClassificationJobConfig.ContentColumn"),
        (GENERATION, "TextGenerationJobConfig.BaseModelName"),
        (GENERATION, "TextGenerationJobConfig.TextGenerationHyperParameters"),
        (GENERATION, "TextGenerationJobConfig.TextGenerationHyperParameters.epochCount"),
        (GENERATION, "TextGenerationJobConfig.ModelAccessConfig.AcceptEula"),
        (TABULAR, "TabularJobConfig.Mode"),
        (TABULAR, "TabularJobConfig.ProblemType"),
    ],
)
def test_a_token_of_the_right_kind_in_a_problem_is_never_judged(
    request_: dict[str, Any], path: str, token: object
) -> None:
    # Of the wrong kind it is, since issue 10: no deployment makes a list of text, or a map of a number.
    document = with_value(f"AutoMLProblemTypeConfig.{path}", token, request_)
    found = findings(parse(CreateAutoMLJobV2, document), is_token=is_token)

    last = path.rpartition(".")[2]
    maps = ("Filling", "demand", "Aggregation", "TextGenerationHyperParameters")
    is_map = last in maps and "Aggregation." not in path
    is_list = last in ("ForecastQuantiles", "GroupingAttributeNames", "AutoMLAlgorithms")
    if isinstance(token, str):
        fits = not is_map and not is_list
    elif token is NUMBER_TOKEN:
        fits = last == "ForecastHorizon"
    else:
        fits = is_list if token is LIST_TOKEN else True
    if fits:
        assert (found.errors, found.warnings) == ([], {})
    else:
        (error,) = found.errors
        assert error.endswith(" that is only known at deploy time")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Transformations.Aggregation", {TEXT_TOKEN: "sum"}),
        ("Transformations.Filling", {TEXT_TOKEN: {"frontfill": "none"}}),
        ("Transformations.Filling", {"demand": {"middlefill": "value", TEXT_TOKEN: "1"}}),
    ],
)
def test_a_token_as_the_key_of_a_map_is_never_judged(path: str, value: object) -> None:
    document = with_value(f"AutoMLProblemTypeConfig.{SERIES}.{path}", value, FORECAST)
    found = findings(parse(CreateAutoMLJobV2, document), is_token=is_token)
    assert (found.errors, found.warnings) == ([], {})


# ------------------------------------------------------------------------------------------------- parsing, rendering


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        ({}, f"'AutoMLProblemTypeConfig' must have exactly one of {MEMBERS}, got {{}} (dict)"),
        ("x", f"'AutoMLProblemTypeConfig' must have exactly one of {MEMBERS}, got 'x' (str)"),
        (
            {"TabularJobConfig": None},
            f"'AutoMLProblemTypeConfig' must have exactly one of {MEMBERS}, got {{'TabularJobConfig': None}} (dict)",
        ),
        (
            {"ImageClassificationJobConfig": {}, "TabularJobConfig": {}},
            f"'AutoMLProblemTypeConfig' must have exactly one of {MEMBERS}, "
            "got 'ImageClassificationJobConfig', 'TabularJobConfig'",
        ),
        (
            {"TabularConfig": {}},
            "'AutoMLProblemTypeConfig.TabularConfig' is not a member of AutoMLProblemTypeConfig "
            "(did you mean 'TabularJobConfig'?)",
        ),
        ({"TabularJobConfig": {}}, "'AutoMLProblemTypeConfig.TabularJobConfig.TargetAttributeName' is required"),
        ({"TabularJobConfig": "x"}, "'AutoMLProblemTypeConfig.TabularJobConfig' must be an object, got 'x' (str)"),
        (
            {SERIES: {"ForecastFrequency": "D", "ForecastHorizon": 1, "TimeSeriesConfig": []}},
            f"'AutoMLProblemTypeConfig.{SERIES}.TimeSeriesConfig' must be an object, got [] (list)",
        ),
        (
            {"TextClassificationJobConfig": {"ContentColumn": "a", "TargetLabelColumn": "b", "LabelColumn": "c"}},
            "'AutoMLProblemTypeConfig.TextClassificationJobConfig.LabelColumn' is not a member of "
            "AutoMLProblemTypeConfig.TextClassificationJobConfig (did you mean 'TargetLabelColumn'?)",
        ),
    ],
)
def test_a_union_has_exactly_one_of_its_members_and_that_one_its_form(problem: object, sentence: str) -> None:
    with pytest.raises(Malformed) as raised:
        parse(CreateAutoMLJobV2, with_value("AutoMLProblemTypeConfig", problem, FORECAST))
    assert raised.value.problems == [sentence]


@pytest.mark.parametrize(
    ("request_type", "request_", "path"),
    [
        (CreateAutoMLJob, REQUEST, ALGORITHMS),
        (CreateAutoMLJobV2, FORECAST, f"AutoMLProblemTypeConfig.{SERIES}.HolidayConfig"),
    ],
)
def test_of_a_list_for_one_item_a_second_is_refused(
    request_type: type[Shape], request_: dict[str, Any], path: str
) -> None:
    with pytest.raises(Malformed) as raised:
        parse(request_type, with_value(path, [{}, {}], request_))
    assert raised.value.problems == [f"'{path}' must have at most 1 item, got 2"]


@pytest.mark.parametrize(
    ("path", "value", "kept"),
    [
        ("AutoMLJobConfig", {}, False),
        ("AutoMLJobObjective", {}, False),
        (ALGORITHMS, [], False),
        (ALGORITHMS, [{}], False),
        (f"{ALGORITHMS}.0.AutoMLAlgorithms", [], True),
        ("AutoMLJobConfig.CompletionCriteria", {}, True),
        ("ModelDeployConfig", {}, True),
        ("Tags", [], True),
    ],
)
def test_what_is_empty_is_kept_where_that_may_mean_something(path: str, value: object, kept: bool) -> None:
    rendered: Any = render(parse(CreateAutoMLJob, with_value(path, value)))
    for key in path.split("."):
        rendered = rendered[int(key)] if isinstance(rendered, list) else rendered.get(key, "left out")
        if rendered == "left out":
            break
    assert rendered == (value if kept else "left out")


# ------------------------------------------------------------------------------------------------------------ flatness


def test_fields_of_one_structure_are_rendered_into_it_and_read_from_it() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Flat(Shape):
        one: Annotated[int | None, Api("Outer.Inner.One")] = None
        two: Annotated[int | None, Api("Outer.Two")] = None
        only: Annotated[int | None, Api("Outer.Items[0].Only")] = None

    document = {"Outer": {"Inner": {"One": 1}, "Two": 2, "Items": [{"Only": 3}]}}
    assert render(Flat(one=1, two=2, only=3)) == document
    assert parse(Flat, document) == Flat(one=1, two=2, only=3)
    assert render(Flat(two=2)) == {"Outer": {"Two": 2}}
    assert render(Flat()) == {}


def test_a_field_inside_another_field_is_a_mistake_of_ours() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Crossed(Shape):
        outer: Annotated[str, Api("Outer")]
        inner: Annotated[str, Api("Outer.Inner")]

    with pytest.raises(TypeError, match=r"^Crossed\.inner lies inside another field: Outer\.Inner$"):
        tree_of(Crossed)


def test_what_becomes_a_uri_later_is_taken_on_trust_where_that_is_said() -> None:
    request = replace(parse(CreateAutoMLJob, REQUEST), features=PendingUri())
    assert problems(request, is_token=is_token) == []
    elsewhere = replace(parse(CreateAutoMLJob, REQUEST), s3_output_path=PendingUri())  # type: ignore[arg-type]
    (told,) = problems(elsewhere, is_token=is_token)
    assert told.startswith("'output' must be text, got <")
