"""Functions of a stack besides the provider's: they run as `AutoMLProvider.configure` says of that one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import aws_cdk as cdk
    from aws_cdk import aws_iam as iam
    from constructs import Construct


@dataclass(frozen=True, kw_only=True)
class Companion:
    """A function with what belongs to it."""

    construct: Construct
    """What its role lies below."""

    function: cdk.CfnResource
    log: cdk.CfnResource
    policy: iam.ManagedPolicy
    role: iam.IRole


class Configuration(Protocol):
    """What was configured."""

    @property
    def vpc(self) -> object:
        """The VPC of the functions; None: none."""

    def apply_to_function(self, companion: Companion) -> None:
        """Change a function, its log and its permissions."""

    def function_reasons(self) -> dict[str, str]:
        """Why findings on a function stand."""

    def log_reasons(self, what: str) -> dict[str, str]:
        """Why findings on a log stand."""


class Companions:
    """The functions of a stack besides the provider's, made before or after it is configured."""

    def __init__(self) -> None:
        self._steps: list[Callable[[Configuration], None]] = []
        self.configuration: Configuration | None = None
        """What was configured; None: nothing."""

    @classmethod
    @cache
    def of(cls, stack: cdk.Stack) -> Companions:  # noqa: ARG003 - once for each stack
        """Those of a stack."""
        return cls()

    def add(self, companion: Companion) -> None:
        """Have one more."""
        self.when_configured(lambda configuration: configuration.apply_to_function(companion))

    def when_configured(self, step: Callable[[Configuration], None]) -> None:
        """Do something with what was configured, or will be."""
        self._steps.append(step)
        if self.configuration is not None:
            step(self.configuration)

    def configure(self, configuration: Configuration) -> None:
        """Have all run so, also those that are still to come."""
        self.configuration = configuration
        for step in self._steps:
            step(configuration)
