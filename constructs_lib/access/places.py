"""Where things are: what lies in another account or region than those who use it, as far as both are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aws_cdk as cdk

from ..api.fields import has
from ..tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Bond:
    """What a thing has to share with those who use it."""

    reasons: Mapping[str, str]
    """Why it has to be of the same account or region."""

    made_here: frozenset[str] = frozenset()
    """Of these, what counts only for a thing that is made in this app, so that the CDK writes its policy."""


BUCKET: Final = Bond({"region": "the service reads and writes in its own region only"})
"""A bucket may be another account's."""

KEY: Final = Bond({"region": "KMS keys are used in their own region only"})
NEW_ROLES_KEY: Final = Bond(
    {
        **KEY.reasons,
        "account": (
            "its policy would have to name a role that has no name yet; give a 'role' with a 'role_name', or a key "
            "from here"
        ),
    },
    made_here=frozenset({"account"}),
)
"""A key that is granted to a role that the library makes."""

ROLE: Final = Bond({"account": "a role can only be handed on within its account"})
"""A role has no region."""

_NETWORK: Final = "a network is of one account and region"
VPC: Final = Bond({"account": _NETWORK, "region": _NETWORK})

Used = tuple[str, object, Bond]
"""What the caller calls a thing, in quotes; the thing; and what it has to share."""


def bond_of_key(role: object) -> Bond:
    """What a key has to share with those who use it as a role; None: a new one."""
    return NEW_ROLES_KEY if role is None else KEY


def apart(stack: cdk.Stack, used: Iterable[Used]) -> Iterator[str]:
    """What of the things that a stack uses lies elsewhere, each a sentence in the caller's words."""
    here = {aspect: getattr(stack, aspect) for aspect in ("account", "region")}
    known = {aspect: place for aspect, place in here.items() if not is_token(place)}
    if not known:
        return
    for prop, thing, bond in used:
        if thing is None or not has(thing, "env"):
            continue
        env = thing.env  # type: ignore[attr-defined]
        is_made_here = bool(bond.made_here) and cdk.Resource.is_owned_resource(thing)  # type: ignore[arg-type]
        for aspect, why in bond.reasons.items():
            there = getattr(env, aspect)
            counts = is_made_here or aspect not in bond.made_here
            if counts and aspect in known and not is_token(there) and there != known[aspect]:
                yield f"{prop} is in the {aspect} {there}, and the stack in {known[aspect]}: {why}"
                break
