"""Writes down what each call that a role may do rested on; this module, too, knows MiniStack's inside.

A statement that is taken away turns the call into a denial where nothing else allows it. That need not be tried with a
deployment for each: the decision is made again without the statement, at the moment when all else is as it was.
"""

import contextvars
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from ministack.core import iam_evaluator

# ruff: noqa: SLF001 - there is no other way in


@dataclass
class _Look:
    """One decision while it is made."""

    hidden: frozenset[int] = frozenset()
    """Which statements of the identity's policies are left out, by their numbers."""

    principal: str = ""
    matching: dict[int, Any] = field(default_factory=dict)
    """The statements that allow it, by their numbers."""


_look: contextvars.ContextVar[_Look | None] = contextvars.ContextVar("look", default=None)


def install(file: Path) -> None:
    """Write a line of JSON for each kind of decision: role, action, resource, and the statements that allow it."""
    _look_at_statements()
    record = _Record(file)
    original = iam_evaluator.enforce

    def enforce(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Any = None,
    ) -> Any:
        def decide(*hidden: int) -> tuple[Any, _Look]:
            with _looking(frozenset(hidden)) as look:
                denied = original(access_key_id, iam_action, service, region, resource_arn, service_context)
            return denied, look

        denied, look = decide()
        if denied is None and look.matching and ":assumed-role/" in look.principal:
            without, _ = decide(*look.matching)
            record.add(look, iam_action, resource_arn, is_needed=without is not None)
        return denied

    iam_evaluator.enforce = enforce


def _look_at_statements() -> None:
    """The first policies that are evaluated of a request are those of who sent it."""
    original = iam_evaluator.evaluate

    def evaluate(context: Any, policies: Any, *limits: Any) -> Any:
        look = _look.get()
        if look is None:
            return original(context, policies, *limits)
        _look.set(None)
        look.principal = context.principal_arn
        statements = [statement for document in policies for statement in document]
        left = {number: each for number, each in enumerate(statements) if number not in look.hidden}
        look.matching = {
            number: each for number, each in left.items() if iam_evaluator._first_match(context, [each], "Allow")
        }
        return original(context, [list(left.values())], *limits)

    iam_evaluator.evaluate = evaluate


@contextmanager
def _looking(hidden: frozenset[int]) -> Iterator[_Look]:
    look = _Look(hidden)
    token = _look.set(look)
    try:
        yield look
    finally:
        _look.reset(token)


class _Record:
    """The lines, each once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._written: set[str] = set()
        self._lock = Lock()

    def add(self, look: _Look, action: str, resource: str, *, is_needed: bool) -> None:
        """Write a decision down, unless the same one is there."""
        statements = [
            {"Action": each.actions, "Resource": each.resources, "Condition": each.conditions}
            for each in look.matching.values()
        ]
        line = json.dumps(
            {
                "Role": look.principal.split("/")[1],
                "Action": action,
                "Resource": resource,
                "Statements": statements,
                "IsNeeded": is_needed,
            }
        )
        with self._lock:
            if line not in self._written:
                self._written.add(line)
                with self._file.open("a") as file:
                    file.write(f"{line}\n")
