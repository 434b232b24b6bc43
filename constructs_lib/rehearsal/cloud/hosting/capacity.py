"""How many instances of a type an account may have, for endpoints and for transform jobs, and how many it has."""

from collections import Counter
from collections.abc import Mapping

from constructs_lib.rehearsal.cloud.errors import ResourceLimitExceededError
from constructs_lib.rehearsal.cloud.store import Json

DEFAULT = 20
"""The quota of each type that the settings do not name. AWS's own differ by type, and new accounts have less."""

Instances = Counter[str]
"""Instances by their type."""


class Quotas:
    """The quotas of an account, by their names in Service Quotas."""

    def __init__(self, quotas: Mapping[str, int]) -> None:
        self._quotas = quotas

    def require(self, usage: str, used: Instances, more: Instances) -> None:
        """Raise unless there may be more instances.

        Args:
            usage: `endpoint` or `transform job`.
            used: What there is.
            more: What comes.

        Raises:
            ResourceLimitExceededError: There would be more of a type than its quota allows.
        """
        for instance_type, count in more.items():
            quota = f"{instance_type} for {usage} usage"
            limit = self._quotas.get(quota, DEFAULT)
            if count > 0 and used[instance_type] + count > limit:
                raise ResourceLimitExceededError.of(
                    quota, "Instances", limit=limit, used=used[instance_type], more=count
                )


def instance_type(variant: Json) -> str | None:
    """The type of a variant's instances, of several the first; a serverless one has none."""
    pools = variant.get("InstancePools") or [variant]
    found: str | None = pools[0].get("InstanceType")
    return found


def instances(config: Json, counts: Mapping[str, int | None]) -> Instances:
    """The instances of an endpoint configuration's variants.

    Args:
        config: The configuration.
        counts: How many a variant has, by its name. Default: as many as the configuration says.
    """
    found = Instances()
    for variant in config["ProductionVariants"]:
        if kind := instance_type(variant):
            count = counts.get(variant["VariantName"])
            found[kind] += variant.get("InitialInstanceCount", 1) if count is None else count
    return found
