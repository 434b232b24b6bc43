"""The models of one endpoint configuration in service."""

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from constructs_lib.rehearsal.cloud.hosting.capture import Capture
from constructs_lib.rehearsal.cloud.hosting.containers import Serving
from constructs_lib.rehearsal.cloud.hosting.records import EndpointConfig
from constructs_lib.rehearsal.cloud.store import Json

_DRAINING = 10.0
"""The most seconds that requests under way may take when a fleet goes."""


@dataclass(kw_only=True)
class Variant:
    """A production variant: its model in service, and the capacity that it has now."""

    settings: Json
    """What the endpoint configuration says of it."""

    serving: Serving
    weight: float = 1.0
    instances: int | None = None
    serverless: Json | None = None
    wanted: Json = field(default_factory=dict)
    """The member of `DesiredWeightsAndCapacities` that it is being changed to."""

    @classmethod
    def of(cls, settings: Json, serving: Serving) -> "Variant":
        """A variant as its configuration wants it at first."""
        instances = None if "ServerlessConfig" in settings else settings.get("InitialInstanceCount", 1)
        return cls(
            settings=settings,
            serving=serving,
            weight=settings.get("InitialVariantWeight", 1.0),
            instances=instances,
            serverless=settings.get("ServerlessConfig"),
        )

    @property
    def name(self) -> str:
        """The variant's name."""
        return str(self.settings["VariantName"])

    @property
    def described(self) -> Json:
        """A member of `ProductionVariants` of `DescribeEndpoint`."""
        wanted = self.wanted
        capacity: Json = {"CurrentWeight": self.weight, "DesiredWeight": wanted.get("DesiredWeight", self.weight)}
        if self.instances is not None:
            desired = wanted.get("DesiredInstanceCount", self.instances)
            capacity |= {"CurrentInstanceCount": self.instances, "DesiredInstanceCount": desired}
        if self.serverless is not None:
            desired = {**self.serverless, **wanted.get("ServerlessUpdateConfig", {})}
            capacity |= {"CurrentServerlessConfig": self.serverless, "DesiredServerlessConfig": desired}
        return {"VariantName": self.name, **capacity}

    def become_wanted(self) -> None:
        """Have the weight and the capacity that were wanted."""
        wanted, self.wanted = self.wanted, {}
        self.weight = wanted.get("DesiredWeight", self.weight)
        self.instances = wanted.get("DesiredInstanceCount", self.instances)
        if self.serverless is not None:
            self.serverless = {**self.serverless, **wanted.get("ServerlessUpdateConfig", {})}


@dataclass(kw_only=True)
class Fleet:
    """All variants of an endpoint configuration."""

    config: EndpointConfig
    variants: dict[str, Variant] = field(default_factory=dict)
    capture: Capture | None = None
    _requests: int = 0
    _idle: threading.Condition = field(default_factory=threading.Condition)

    def enter(self) -> None:
        """A request has come: the fleet stays until `leave`."""
        with self._idle:
            self._requests += 1

    def leave(self) -> None:
        """A request is done."""
        with self._idle:
            self._requests -= 1
            self._idle.notify_all()

    def any_variant(self) -> Variant:
        """One of the variants, by their weights."""
        variants = list(self.variants.values())
        weights = [variant.weight for variant in variants]
        return random.choices(variants, weights if any(weights) else None)[0]  # noqa: S311 - load is no secret

    def retain(self, former: "Fleet", excluded: Iterable[str]) -> None:
        """Take over what the former fleet's variants have now: capacity, weight and data capture."""
        kept = {"DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"} - set(excluded)
        for variant in self.variants.values():
            before = former.variants.get(variant.name)
            if before is None:
                continue
            if "DesiredWeight" in kept:
                variant.weight = before.weight
            if "DesiredInstanceCount" in kept and before.instances is not None and variant.instances is not None:
                variant.instances = before.instances
        if "DataCaptureConfig" in kept:
            self.capture = former.capture.again() if former.capture else None

    def kill(self) -> None:
        """End every process."""
        for variant in self.variants.values():
            variant.serving.kill()

    def stop(self) -> None:
        """Answer what is under way, end every process, write what was captured, and give back what the models held."""
        with self._idle:
            self._idle.wait_for(lambda: not self._requests, _DRAINING)
        if self.capture is not None:
            self.capture.flush()
        for variant in self.variants.values():
            variant.serving.stop()
