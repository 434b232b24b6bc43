"""What a job is given, and the endpoint of its one-click deployment perhaps not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTINGS: Final = "one_click"
TAGS: Final = "one_click_tags"
"""Names of the warnings: tags are known when the app is complete, the rest at once."""


def not_carried(name: str, prop: str, given: Sequence[str]) -> dict[str, str]:
    """A warning, if anything was given.

    Args:
        name: What the warning is acknowledged by.
        prop: What the caller calls `model_deploy_config`, in quotes.
        given: What the job has that nobody can say of its endpoint.
    """
    if not given:
        return {}
    told = f"{prop} has the service itself make an endpoint, and the request says nothing but its name: "
    way_out = "make an AutoMLEndpoint of the job's outcome, which takes them, where that has to be sure"
    return {name: f"{told}that it has {' and '.join(given)} too is nowhere documented; {way_out}"}
