"""From `CreateAutoMLJob` to `CreateAutoMLJobV2` and back, for what both can say.

Fields of the two go by one name in the library, so each value moves to where the other call has the field of that name:
target, sample weight and everything else about the search into `TabularJobConfig`, split and security to the top, the
rest stays. `docs/reference/v1-to-v2.md` lists all of it.

AWS: "CreateAutoMLJobV2 can manage tabular problem types identical to those of its previous version CreateAutoMLJob",
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html
"""

from collections.abc import Mapping
from typing import Any, Final

from .fields import Malformed, Shape, fields_of, parse, render, wire_paths
from .problem_types import Tabular
from .request import CreateAutoMLJob, CreateAutoMLJobV2
from .shapes import AutoMLChannel, AutoMLJobChannel

COLUMNS: Final = tuple(
    field.name for field in fields_of(AutoMLChannel) if field.name not in {f.name for f in fields_of(AutoMLJobChannel)}
)
"""What V1 says in each channel, and V2 once."""


def v2_request(v1: Mapping[str, Any]) -> dict[str, Any]:
    """The V2 request for the same job, both in the API's own names.

    Raises:
        Malformed: this is no V1 request, or its channels name different columns, which V2 cannot say.
    """
    request = parse(CreateAutoMLJob, v1)
    if not request.channels:
        raise Malformed(["'InputDataConfig' must have at least 1 item, got 0"])
    columns = _shared(request.channels[0], Tabular)
    if any(_shared(channel, Tabular) != columns for channel in request.channels):
        raise Malformed(["the channels must name the same target and sample weight: V2 names them once"])
    return _rendered(
        CreateAutoMLJobV2(
            channels=[AutoMLJobChannel(**_shared(channel, AutoMLJobChannel)) for channel in request.channels],
            problem=Tabular(**columns, **_shared(request, Tabular)),
            **_shared(request, CreateAutoMLJobV2),
        )
    )


def v1_request(v2: Mapping[str, Any]) -> dict[str, Any]:
    """The V1 request for the same job, both in the API's own names.

    Raises:
        Malformed: this is no V2 request, or it says what V1 cannot: another problem than `TabularJobConfig`, or compute
            settings.
    """
    request = parse(CreateAutoMLJobV2, v2)
    problem = request.problem
    found = []
    if not isinstance(problem, Tabular):
        found.append(f"V1 knows {Tabular._MEMBER} only, got {problem._MEMBER}")
    if request.emr_serverless_role_arn is not None:
        found.append("V1 has no AutoMLComputeConfig")
    if found:
        raise Malformed(found)
    columns = _shared(problem, AutoMLChannel)
    return _rendered(
        CreateAutoMLJob(
            channels=[AutoMLChannel(**_shared(channel, AutoMLChannel), **columns) for channel in request.channels],
            **_shared(request, CreateAutoMLJob),
            **_shared(problem, CreateAutoMLJob),
        )
    )


def mapping() -> dict[str, str]:
    """For each member of a V1 request, by its path, where V2 has it."""
    v1, v2 = wire_paths(CreateAutoMLJob), wire_paths(CreateAutoMLJobV2, Tabular)
    return {path: v2[prop if prop in v2 else f"problem.{prop}"] for prop, path in v1.items()}


def _rendered(request: Shape) -> dict[str, Any]:
    return dict(render(request))


def _shared(source: Shape, target: type[Shape]) -> dict[str, Any]:
    """The values of the fields that a shape has in common with another; the channels differ."""
    names = {field.name for field in fields_of(target)} & {field.name for field in fields_of(type(source))}
    return {name: getattr(source, name) for name in names - {"channels"}}
