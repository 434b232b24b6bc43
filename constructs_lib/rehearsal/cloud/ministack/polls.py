"""Long polls for the `cdk` CLI: what it asks CloudFormation about a stack is answered when the stack has settled.

The CLI looks every five seconds, first when nothing has happened yet. Its first question waits here for the end, so it
learns of it at once, and asks no more. Everybody else is answered at once, as on AWS.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from ministack import app
from ministack.services.cloudformation import handlers

# ruff: noqa: SLF001 - there is no other way in

AGENT = "aws-cdk"
"""What the CLI says of itself in the header `User-Agent`."""

LONGEST = 60.0
"""Seconds after which an answer comes in any case."""

_LOOK_EVERY = 0.02
_ASKED = b"Action=DescribeStacks"

Handler = Callable[..., Awaitable[Any]]


def install() -> None:
    """Let the CLI's questions wait."""
    original: Handler = app.SERVICE_HANDLERS["cloudformation"]

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> Any:
        if AGENT in headers.get("user-agent", "") and _ASKED in body:
            await _settled(parse_qs(body.decode()).get("StackName", [""])[0])
        return await original(method, path, headers, body, query)

    app.SERVICE_HANDLERS["cloudformation"] = handle


async def _settled(name: str) -> None:
    """Wait as long as a stack of this name or id is being changed."""
    latest = time.monotonic() + LONGEST
    while _is_in_progress(name) and time.monotonic() < latest:
        await asyncio.sleep(_LOOK_EVERY)


def _is_in_progress(name: str) -> bool:
    stack = handlers._resolve_stack(name) if name else None
    # A review goes on until somebody executes the change set: nothing is changed meanwhile.
    return (
        stack is not None
        and stack["StackStatus"].endswith("_IN_PROGRESS")
        and not stack["StackStatus"].startswith("REVIEW_")
    )
