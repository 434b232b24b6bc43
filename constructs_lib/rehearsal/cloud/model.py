"""Requests and responses checked against botocore's own model of an API.

botocore's client-side validation looks at types, required members and minima only; the service also looks at
patterns, maxima, enums and unions, and so does this module, from the same published model.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore
import botocore.session

from constructs_lib.rehearsal.cloud.errors import SerializationError, ValidationError

_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "blob": (bytes,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}
_SEEN = {
    **dict.fromkeys(
        (
            ("DescribeAutoMLJobResponse", "AutoMLJobSecondaryStatus"),
            ("DescribeAutoMLJobV2Response", "AutoMLJobSecondaryStatus"),
            ("AutoMLJobSummary", "AutoMLJobSecondaryStatus"),
        ),
        re.compile("MergingAutoMLTaskReports"),
    ),
    ("FinalAutoMLJobObjectiveMetric", "MetricName"): re.compile("validation:[a-z0-9_]+|AVERAGE_WEIGHTED_QUANTILE_LOSS"),
    ("MetricDatum", "MetricName"): re.compile("LogLoss"),
}
"""Values that AWS was seen to answer, and that its own model does not know. They are in answers alone."""

_SEEN_WITHOUT = {("CandidateArtifactLocations", "Explainability")}
"""Members that the model requires, and that AWS was seen to leave out."""

_JUDGE = f"botocore {botocore.__version__}"
"""Whose model it is: a newer client may know more members."""

_SECRET = object()
"""Stands for a value that no message shows."""

_UNICODE_CLASS = re.compile(r"\\p\{(\w)\}")
_REPEATED_END = re.compile(r"\$\{\d+,\d+\}")
_FOREIGN = (
    (r"\p{ASCII}", r"[\x00-\x7f]"),
    (r"[\p{Print}]", "[ -~]"),
    (r"\p{Print}", "[ -~]"),
    (r"\p{Alnum}", "A-Za-z0-9"),  # inside [...] only, as AWS has it
    (r"\z", r"\Z"),
    (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010ffff"),  # the rest of Unicode, as two units of UTF-16
)


@cache
def service_model(service: str = "sagemaker") -> Any:
    """Botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


def check_request(operation: str, payload: object, service: str = "sagemaker") -> None:
    """Raise what the API would answer when `payload` is no valid input of `operation`."""
    problems = list(_problems(service_model(service).operation_model(operation).input_shape, payload, ""))
    if problems:
        count = len(problems)
        raise ValidationError(f"{count} validation error{'s' * (count > 1)} detected: {'; '.join(problems)}")


def of_http(operation: str, path: Mapping[str, str], headers: Mapping[str, str], body: bytes, service: str) -> Any:
    """The input of an operation that comes in the address, the headers and the body of an HTTP request.

    Args:
        operation: The operation.
        path: The members that the address holds.
        headers: The headers by their names in small letters.
        body: The body, which is the payload as it stands.
        service: What botocore calls the service.

    Raises:
        SerializationError: A header is no number where one is wanted.
    """
    shape = service_model(service).operation_model(operation).input_shape
    request: dict[str, Any] = dict(path)
    for name, member in shape.members.items():
        text = headers.get(member.serialization.get("name", "").lower())
        if member.serialization.get("location") == "header" and text is not None:
            if member.type_name == "integer" and not text.isdecimal():
                raise SerializationError(f"STRING_VALUE at '{_join('', name)}' can not be converted to integer")
            request[name] = int(text) if member.type_name == "integer" else text
    payload = shape.serialization["payload"]
    if body or payload in shape.required_members:
        request[payload] = body
    return request


def response_problems(operation: str, payload: object, service: str = "sagemaker") -> list[str]:
    """Everything that the model of `operation` forbids in a response."""
    shape = service_model(service).operation_model(operation).output_shape
    if shape is None:
        return [] if payload == {} else [f"{operation} has no output"]
    try:
        return list(_problems(shape, payload, ""))
    except SerializationError as error:
        return [error.message]


def _problems(shape: Any, value: object, path: str) -> Iterator[str]:
    kind = shape.type_name
    allowed = _JSON_TYPES[kind]
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise SerializationError(f"{_json_type(value)} at '{path}' can not be converted to {kind}")
    limits = shape.metadata
    if isinstance(value, str):
        yield from _string_problems(limits, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number_problems(limits, value, path)
    elif isinstance(value, (list, dict, bytes)) and kind in ("list", "map", "blob"):
        yield from _length_problems(limits, value, path)
    if kind == "structure" and isinstance(value, dict):
        yield from _structure_problems(shape, value, path)
    elif kind == "list" and isinstance(value, list):
        for position, item in enumerate(value, start=1):
            yield from _problems(shape.member, item, f"{path}.{position}.member")
    elif kind == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, item, f"{path}.{key}.member")


def _structure_problems(shape: Any, value: dict[str, object], path: str) -> Iterator[str]:
    # JSON null is an absent member.
    given = {name: item for name, item in value.items() if item is not None}
    for name in shape.required_members:
        if name not in given and (shape.name, name) not in _SEEN_WITHOUT:
            yield _constraint("null", _join(path, name), "Member must not be null", quoted=False)
    if shape.is_tagged_union and len(given) != 1:
        yield _constraint(sorted(given), path, f"Exactly one of [{', '.join(shape.members)}] must be set")
    for name, item in given.items():
        # The service is lenient here on AWS. A misspelt member that does nothing is the costlier surprise.
        if name not in shape.members:
            yield _constraint(item, _join(path, name), f"Member is not known to this operation ({_JUDGE})")
        elif not ((seen := _SEEN.get((shape.name, name))) and isinstance(item, str) and seen.fullmatch(item)):
            yield from _problems(shape.members[name], item, _join(path, name))


def _string_problems(limits: Mapping[str, Any], value: str, path: str) -> Iterator[str]:
    if "enum" in limits:
        if value not in limits["enum"]:
            yield _constraint(value, path, f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]")
        return
    yield from _length_problems(limits, value, path)
    if "pattern" in limits and not python_pattern(limits["pattern"]).fullmatch(value):
        shown = _SECRET if limits.get("sensitive") else value
        yield _constraint(shown, path, f"Member must satisfy regular expression pattern: {limits['pattern']}")


def _length_problems(
    limits: Mapping[str, Any], value: str | bytes | list[Any] | dict[str, Any], path: str
) -> Iterator[str]:
    shown = _SECRET if limits.get("sensitive") else value
    if len(value) > limits.get("max", sys.maxsize):
        yield _constraint(shown, path, f"Member must have length less than or equal to {limits['max']}")
    if len(value) < limits.get("min", 0):
        yield _constraint(shown, path, f"Member must have length greater than or equal to {limits['min']}")


def _number_problems(limits: Mapping[str, Any], value: float, path: str) -> Iterator[str]:
    if "max" in limits and value > limits["max"]:
        yield _constraint(value, path, f"Member must have value less than or equal to {limits['max']}")
    if "min" in limits and value < limits["min"]:
        yield _constraint(value, path, f"Member must have value greater than or equal to {limits['min']}")


def _constraint(value: object, path: str, constraint: str, *, quoted: bool = True) -> str:
    shown = "" if value is _SECRET else f"'{value}' " if quoted else f"{value} "
    return f"Value {shown}at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _json_type(value: object) -> str:
    names: dict[type, str] = {dict: "OBJECT", list: "ARRAY", str: "STRING_VALUE", type(None): "NULL"}
    return "BOOLEAN_VALUE" if isinstance(value, bool) else names.get(type(value), "NUMBER_VALUE")


@cache
def python_pattern(pattern: str) -> re.Pattern[str]:
    r"""The model's pattern for `re`, which knows no classes ``\p{L}``, ``\p{Z}``, ``\p{N}`` and no surrogates."""
    pattern = _REPEATED_END.sub("$", pattern)  # AWS wrote a length behind the end
    for foreign, ours in _FOREIGN:
        pattern = pattern.replace(foreign, ours)
    return re.compile(_UNICODE_CLASS.sub(lambda found: _category(found.group(1)), pattern), re.DOTALL)


@cache
def _category(letter: str) -> str:
    """The ranges of a general category of Unicode, to stand inside ``[...]``."""
    ranges: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] == letter:
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
