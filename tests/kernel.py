"""A guard before the jsii kernel: what JSON cannot carry ends its process, and with it every later test."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from jsii._kernel.providers import process


class Unsendable(BaseException):
    """Something is on its way to the kernel that JSON cannot carry; no handler of the library may swallow it."""


_SENDS: Final = json.dumps
_LONG: Final = re.compile("[0-9]{300}")


def unsendable(value: object) -> str | None:
    """What of a message JSON cannot carry, or JavaScript not hold; None: nothing."""
    if isinstance(value, Mapping):
        return next((found for each in value.items() for part in each if (found := unsendable(part))), None)
    if isinstance(value, (list, tuple)):
        return next((found for part in value if (found := unsendable(part))), None)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return None if math.isfinite(float(value)) else f"the number {value}"
    except OverflowError:
        return f"a whole number of {value.bit_length() if isinstance(value, int) else 0} bits"


class _Json:
    """The module `json`, as the kernel's process uses it."""

    loads = staticmethod(json.loads)

    @staticmethod
    def dumps(message: Any, **options: Any) -> str:
        """The message as text, if it can be carried."""
        try:
            sent = _SENDS(message, **options, allow_nan=False)
        except ValueError:
            sent = ""
        if (not sent or _LONG.search(sent)) and (found := unsendable(message)):
            raise Unsendable(f"{found} must not reach the jsii kernel")
        return sent or _SENDS(message, **options)


def guard() -> None:
    """Stand before the kernel of this process, and of all that is forked from it."""
    process.json = _Json  # type: ignore[assignment, attr-defined]
