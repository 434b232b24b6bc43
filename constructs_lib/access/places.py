"""Where things are: what lies in another account or region than those who use it, as far as both are known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

import aws_cdk as cdk

from ..api.fields import described, has
from ..api.rulebook import Findings
from ..tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Place(Protocol):
    """An account and a region: a stack, or the `env` of a resource."""

    @property
    def account(self) -> str:
        """The account; a token or empty where it is not known."""

    @property
    def region(self) -> str:
        """The region; a token or empty where it is not known."""


@dataclass(frozen=True)
class NamedPlace:
    """An account and a region by their names; empty where they are not known."""

    account: str = ""
    region: str = ""

    @classmethod
    def of_arn(cls, name: str) -> NamedPlace:
        """What an ARN says; nothing where the name is none, or has a token in it."""
        parts = name.split(":")
        is_known = parts[0] == "arn" and len(parts) > _ACCOUNT and not is_token(name)
        return cls(parts[_ACCOUNT], parts[_REGION]) if is_known else cls()


def name_in_arn(arn: object, resource: str, prop: str, what: str) -> tuple[str, list[str]]:
    """The name in an ARN of something that SageMaker has, and what is wrong with the ARN.

    Args:
        arn: The ARN, no token.
        resource: What stands before the name, e.g. `automl-job`.
        prop: What the caller calls the ARN, in quotes.
        what: What it is the ARN of.
    """
    pattern = rf"arn:[^:]+:sagemaker:[^:]+:\d{{12}}:{resource}/(.+)"
    if isinstance(arn, str) and (matched := re.fullmatch(pattern, arn)):
        return matched[1], []
    form = f"arn:<partition>:sagemaker:<region>:<account>:{resource}/<name>"
    return "", [f"{prop} must be the ARN of {what}, {form}, got {described(arn)}"]


_REGION: Final = 3
_ACCOUNT: Final = 4
"""Where they are in ``arn:partition:service:region:account:...``."""


@dataclass(frozen=True)
class Bond:
    """What a thing has to share with those who use it."""

    reasons: dict[str, str]
    """Why it has to be of the same account or region."""

    doubts: dict[str, str] = field(default_factory=dict)
    """What else is needed where it is of another one, which nobody can see here: of what is made in this app it is."""


_ALLOWED_THERE: Final = {"account": "its policy has to allow the role, too"}
# [other-region]
BUCKET: Final = Bond({"region": "the service reads and writes in its own region only"}, _ALLOWED_THERE)
"""A bucket may be another account's."""

KEY: Final = Bond({"region": "KMS keys are used in their own region only"}, _ALLOWED_THERE)

_ALLOWS_FUNCTION: Final = {"account": "its policy has to allow this stack's function, too"}
FUNCTIONS_BUCKET: Final = Bond(BUCKET.reasons, _ALLOWS_FUNCTION)
"""A bucket that the function writes to."""

FUNCTIONS_KEY: Final = Bond(KEY.reasons, _ALLOWS_FUNCTION)
"""A key that is granted to the function."""

EVENT_BUS: Final = Bond({"region": "events are put on buses of their own region only"}, _ALLOWS_FUNCTION)
"""A bus that the function puts events on."""

LOG_KEY: Final = Bond(KEY.reasons, {"account": "its policy has to allow CloudWatch Logs, too"})
"""The key of a log."""

ROLE: Final = Bond({"account": "a role can only be handed on within its account"})
"""A role has no region."""

_ALARMS: Final = "SageMaker looks at alarms of the endpoint's own account and region alone"
ROLLBACK_ALARM: Final = Bond({"account": _ALARMS, "region": _ALARMS})
"""An alarm that takes a deployment back."""

_NETWORK: Final = "a network is of one account and region; import one that is shared with yours into your stack"
NETWORK: Final = Bond({"account": _NETWORK, "region": _NETWORK})

Used = tuple[str, object, Bond]
"""What the caller calls a thing, in quotes; the thing; and what it has to share."""


@dataclass(frozen=True)
class ByArn:
    """Something of which the ARN says where it is."""

    env: NamedPlace


def used_alarm(prop: str, alarm: Any, bond: Bond) -> Used:
    """An alarm: of an imported one its ARN says where it is, and the CDK does not."""
    arn = alarm.alarm_arn
    return prop, alarm if is_token(arn) else ByArn(NamedPlace.of_arn(arn)), bond


def used_network(vpc: Any, selection: Any, groups: Any) -> Iterator[Used]:
    """What a network is made of, by the names that its props have everywhere."""
    yield "'vpc'", vpc, NETWORK
    for index, subnet in enumerate((selection is not None and selection.subnets) or ()):
        yield f"'vpc_subnets.subnets[{index}]'", subnet, NETWORK
    for index, group in enumerate(groups or ()):
        yield f"'security_groups[{index}]'", group, NETWORK


def apart(here: Place, used: Iterable[Used], *, where: str = "the stack") -> Findings:
    """What of the things that somebody uses lies elsewhere, in the caller's words.

    Args:
        here: Where they are used.
        used: The things; it is not asked for any where nothing is known of the place.
        where: What lies here.
    """
    errors: list[str] = []
    doubts: list[str] = []
    known = _known(here)
    if not known:
        return Findings(errors, {})
    for prop, thing, bond in used:
        if thing is None or not has(thing, "env"):
            continue
        there = _known(thing)
        for aspect in bond.reasons | bond.doubts:
            if aspect not in known or there.get(aspect, known[aspect]) == known[aspect]:
                continue
            told = f"{prop} is in the {aspect} {there[aspect]}, and {where} in {known[aspect]}"
            if aspect in bond.reasons:
                errors.append(f"{told}: {bond.reasons[aspect]}")
                break
            if aspect in bond.doubts and not is_made_here(thing):
                doubts.append(f"{told}: {bond.doubts[aspect]}")
    return Findings(errors, {"places": "; ".join(doubts)} if doubts else {})


@cache
def place_of(thing: Any) -> NamedPlace:
    """Where a stack or a resource is; that stays, and to ask is some calls to jsii."""
    place: Place = thing if has(thing, "account") else thing.env if has(thing, "env") else NamedPlace()
    return NamedPlace(place.account, place.region)


def _known(thing: Any) -> dict[str, str]:
    place = place_of(thing)
    said = {"account": place.account, "region": place.region}
    return {aspect: name for aspect, name in said.items() if name and not is_token(name)}


def is_made_here(thing: Any) -> bool:
    """Whether a thing is made in this app, so that its policy can change: as an L2, or below an L1 as what it wraps."""
    return has(thing, "node") and (
        cdk.Resource.is_owned_resource(thing) or cdk.CfnResource.is_cfn_resource(thing.node.scope)
    )


def account_of(thing: Any) -> str:
    """The account of a stack or a resource; empty where it is not known."""
    return _known(thing).get("account", "")
