"""Policies in templates: which there are, whose they are, and their statements, also such that stand in conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROLE: Final = "AWS::IAM::Role"

ATTACHED: Final = (
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
)
"""Policies that say themselves whose they are."""

OF_RESOURCES: Final = {
    "AWS::S3::BucketPolicy": ("Bucket", "PolicyDocument"),
    "AWS::SNS::TopicPolicy": ("Topics", "PolicyDocument"),
    "AWS::SQS::QueuePolicy": ("Queues", "PolicyDocument"),
    "AWS::KMS::Key": (None, "KeyPolicy"),
}
"""What a policy of a resource opens, and the property that holds it; None: itself."""


def holders(properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Whose an attached policy is: `role`, `user` or `group`, and the names."""
    for kind in ("Role", "User", "Group"):
        yield kind.lower(), properties.get(f"{kind}s", properties.get(f"{kind}Name", []))


def statements(
    document: Any, holds: Callable[[str], bool | None], conditions: Sequence[str] = ()
) -> Iterator[tuple[Any, Sequence[str]]]:
    """The statements of a policy document, each with the conditions of the template without which it is not there.

    Args:
        document: The document; `None` if there is none.
        holds: Whether a condition of the template holds; None: that is not known now.
        conditions: Without which the document is not there.
    """
    for one, some in either(document, holds, conditions):
        yield from either(one["Statement"] if isinstance(one, dict) and "Statement" in one else one, holds, some)


def either(
    value: Any, holds: Callable[[str], bool | None], conditions: Sequence[str] = ()
) -> Iterator[tuple[Any, Sequence[str]]]:
    """What is listed, both sides of each condition that is not known now, with the conditions of each."""
    match value:
        case None | {"Ref": "AWS::NoValue"}:
            return
        case list():
            for each in value:
                yield from either(each, holds, conditions)
        case {"Fn::If": [str(name), yes, no]}:
            known = holds(name)
            if known is not False:
                yield from either(yes, holds, conditions if known else [*conditions, f"{name} holds"])
            if known is not True:
                yield from either(no, holds, conditions if known is False else [*conditions, f"{name} does not hold"])
        case _:
            yield value, conditions


def is_intrinsic(value: Any) -> bool:
    """Whether a value is a function of CloudFormation."""
    return isinstance(value, dict) and any(key == "Ref" or key.startswith("Fn::") for key in value)
