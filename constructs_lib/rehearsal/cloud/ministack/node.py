"""What Node.js code finds of the AWS SDK here: MiniStack's stand-ins for some of its clients."""

import re
from functools import cache

from ministack.core import lambda_runtime

# ruff: noqa: SLF001 - there is no other way in

_NAMED = re.compile(r"[\"'`](?P<package>@(?:aws-sdk|smithy)/[a-z0-9-]*)")
_WHOLE = {"@aws-sdk/client-lambda", "@aws-sdk/client-opensearch"}
"""Stand-ins that are like modules. All others answer for the names that they are asked for, and have none to copy."""


@cache
def _stand_ins() -> frozenset[str]:
    return frozenset(re.findall(r"\"(@aws-sdk/client-[a-z0-9-]+)\":", lambda_runtime._NODEJS_WORKER_SCRIPT))


def missing_packages(code: str) -> set[str]:
    """The packages of the AWS SDK that the code of a function needs and does not find here.

    A package whose name the code puts together itself ends in a hyphen.
    """
    return {found["package"] for found in _NAMED.finditer(code) if not _is_there(code, found)}


def _is_there(code: str, found: re.Match[str]) -> bool:
    package, before = found["package"], code[: found.start()].rstrip()
    if package not in _stand_ins() or not before.endswith("require("):
        return False
    # Bundlers and compilers copy what `require` returns: `__toESM(require("..."))`.
    is_copied = before.removesuffix("require(").rstrip().endswith("(")
    return package in _WHOLE or not is_copied
