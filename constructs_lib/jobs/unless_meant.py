"""What is refused at synthesis for as long as nobody says that it is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from constructs import IValidation

from ..access.grants import warn, warning_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct


@jsii.implements(IValidation)
class UnlessMeant:
    """Warns of what surely is a mistake, and refuses it until the warnings are acknowledged.

    Nobody has seen AWS's own reader of a user's data (docs/unverified.md), so there is a way past what is known of the
    engines: `Annotations.of(job).acknowledge_warning(id, reason)`, as for all warnings of the CDK.
    """

    def __init__(self, construct: Construct, refusals: Mapping[str, str]) -> None:
        self._construct, self._refusals = construct, refusals
        warn(construct, refusals)
        construct.node.add_validation(self)

    def validate(self) -> list[str]:
        """What nobody has acknowledged, here or above: the CDK takes such a warning away."""
        warnings = [str(entry.data) for entry in self._construct.node.metadata if entry.type == "aws:cdk:warning"]
        return [
            f"{text}. If it is meant, say so: cdk.Annotations.of(job).acknowledge_warning("
            f'"{warning_id(name)}", "<why>")'
            for name, text in self._refusals.items()
            if any(warning.endswith(f" [ack: {warning_id(name)}]") for warning in warnings)
        ]
