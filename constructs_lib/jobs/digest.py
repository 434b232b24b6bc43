"""A hash of what a job is made of, for those whose template has to change with it."""

from __future__ import annotations

import hashlib
import json
from typing import Final

import aws_cdk as cdk
import jsii

_LENGTH: Final = 16


def hash_of(stack: cdk.Stack, spec: object) -> str:
    """A hash of something with tokens in it, as the template of that stack has it."""
    resolved = json.dumps(stack.resolve(spec), sort_keys=True)
    return hashlib.sha256(resolved.encode()).hexdigest()


def spec_digest(stack: cdk.Stack, spec: object) -> str:
    """Such a hash as a token: it is known when all references are resolved.

    It is text wherever it stands, so another stack that holds it needs nothing of the job's.
    """
    return cdk.Lazy.uncached_string(_Digest(stack, spec))


# [stack-output]
@jsii.implements(cdk.IStringProducer)
class _Digest:
    """Uncached: the CDK asks a first time while it still looks for references, which then lack the stack's name."""

    def __init__(self, stack: cdk.Stack, spec: object) -> None:
        self._stack = stack
        self._spec = spec

    def produce(self, context: cdk.IResolveContext) -> str:  # noqa: ARG002 - another stack's context resolves otherwise
        """The hash."""
        return hash_of(self._stack, self._spec)[:_LENGTH]
