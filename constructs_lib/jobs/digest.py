"""A hash of what a job is made of, for those whose template has to change with it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
import jsii

from ..naming import is_one_deployment, stack_of
from ..provider.following import let_change
from ..runtime.contract import Attribute, Property

if TYPE_CHECKING:
    from collections.abc import Mapping

_LENGTH: Final = 16


class Stated:
    """What a job is made of, as its own resource or that of its outcome tells those who refer to it."""

    def __init__(self, resource: cdk.CfnResource, spec: str) -> None:
        """Tell of a job.

        Args:
            resource: The job's resource, or its outcome's.
            spec: The hash of what the job is made of.
        """
        self._resource = resource
        self._spec = spec
        self._is_told = False

    def properties_for(self, reader: cdk.Stack) -> Mapping[str, str]:
        """What a resource needs to see that the job is deployed as its template means it, before it goes on.

        A stack that is deployed alone, before the stack of the job, would take the old job; and when that stack
        follows, nothing of its own has changed. None where both are deployed at once.
        """
        stack = stack_of(self._resource)
        if is_one_deployment(reader, stack):
            return {}
        if not self._is_told:
            self._is_told = True
            self._resource.add_property_override(Property.JOB_SPEC, self._spec)
            let_change(self._resource, stack)
        told = self._resource.get_att(Attribute.JOB_SPEC).to_string()
        return {Property.JOB_SPEC: self._spec, Property.DEPLOYED_JOB_SPEC: told}


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
