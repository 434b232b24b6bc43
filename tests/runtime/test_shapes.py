"""CloudFormation makes every number and boolean a string; the function takes that back, whatever the request."""

from typing import Any

import botocore
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constructs_lib.runtime.failure import Failure
from constructs_lib.runtime.shapes import restore
from constructs_lib.runtime.spec import OPERATIONS

from .fake_sagemaker import service_model
from .world import request, stringified


def shape_of(operation: str) -> Any:
    return service_model("sagemaker").operation_model(operation).input_shape


def values(shape: Any) -> st.SearchStrategy[Any]:
    """Anything that botocore's shape allows."""
    match shape.type_name:
        case "structure":
            required = {name: values(shape.members[name]) for name in shape.required_members}
            optional = {name: values(member) for name, member in shape.members.items() if name not in required}
            return st.fixed_dictionaries(required, optional=optional)
        case "list":
            return st.lists(values(shape.member), max_size=2)
        case "map":
            return st.dictionaries(values(shape.key), values(shape.value), max_size=2)
        case "string":
            return (
                st.sampled_from(shape.enum) if shape.enum else st.text(max_size=5) | st.sampled_from(["1", "true", ""])
            )
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(-(2**31), 2**31)
        case "float":
            return st.floats(allow_nan=False, allow_infinity=False)
    raise AssertionError(shape.type_name)


REQUESTS = st.one_of(*(st.tuples(st.just(name), values(shape_of(name))) for name in OPERATIONS))


@settings(deadline=None, max_examples=150)
@given(REQUESTS)
def test_what_cloudformation_made_of_a_request_becomes_the_request_again(case: tuple[str, Any]) -> None:
    operation, original = case

    restored = restore(stringified(original), shape_of(operation), "Request")

    assert repr(restored) == repr(original)  # the types are equal too: 1 is not True


@settings(deadline=None, max_examples=50)
@given(REQUESTS)
def test_request_with_its_true_types_stays_what_it_is(case: tuple[str, Any]) -> None:
    operation, original = case

    assert restore(original, shape_of(operation), "Request") == original


def set_in(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    *parents, last = path.split(".")
    inner = body
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    return body


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "AutoMLJobConfig.CompletionCriteria.MaxCandidates",
            "many",
            "'Request.AutoMLJobConfig.CompletionCriteria.MaxCandidates' must be a whole number, got 'many'",
        ),
        (
            "AutoMLJobConfig.CompletionCriteria.MaxCandidates",
            "2.5",
            "'Request.AutoMLJobConfig.CompletionCriteria.MaxCandidates' must be a whole number, got '2.5'",
        ),
        (
            "AutoMLJobConfig.CompletionCriteria.MaxCandidates",
            "",
            "'Request.AutoMLJobConfig.CompletionCriteria.MaxCandidates' must be a whole number, got ''",
        ),
        (
            "AutoMLJobConfig.CompletionCriteria.MaxCandidates",
            True,
            "'Request.AutoMLJobConfig.CompletionCriteria.MaxCandidates' must be a whole number, got True",
        ),
        (
            "AutoMLJobConfig.DataSplitConfig.ValidationFraction",
            "NaN",
            "'Request.AutoMLJobConfig.DataSplitConfig.ValidationFraction' must be a number, got 'NaN'",
        ),
        (
            "GenerateCandidateDefinitionsOnly",
            "yes",
            "'Request.GenerateCandidateDefinitionsOnly' must be true or false, got 'yes'",
        ),
        ("InputDataConfig", "s3://data", "'Request.InputDataConfig' must be a list, got 's3://data'"),
        ("InputDataConfig", ["s3://data"], "'Request.InputDataConfig[0]' must be an object, got 's3://data'"),
        ("OutputDataConfig", ["s3://data"], "'Request.OutputDataConfig' must be an object, got ['s3://data']"),
        ("RoleArn", {"Ref": "Role"}, "'Request.RoleArn' must be a string, got {'Ref': 'Role'}"),
        (
            "AutoMLJobConfig.Newer",
            "x",
            f"'Request.AutoMLJobConfig.Newer' is unknown to this function's boto3 (botocore {botocore.__version__}): "
            "it is misspelt, or the function's boto3 is older than the field",
        ),
    ],
)
def test_unreadable_value_is_refused_by_its_path(path: str, value: object, message: str) -> None:
    with pytest.raises(Failure) as caught:
        restore(set_in(request(), path, value), shape_of("CreateAutoMLJob"), "Request")

    assert str(caught.value) == message


@pytest.mark.parametrize("value", ["5", 5, "5.0", "5e0"])
def test_whole_numbers_are_read_however_they_are_written(value: object) -> None:
    body = set_in(request(), "AutoMLJobConfig.CompletionCriteria.MaxCandidates", value)

    assert restore(body, shape_of("CreateAutoMLJob"), "Request") == request()


def test_strings_that_look_like_numbers_stay_strings() -> None:
    body = {"AutoMLJobName": "2026", "RoleArn": "true", "OutputDataConfig": {"S3OutputPath": ""}}

    assert restore(body, shape_of("CreateAutoMLJob"), "Request") == body
