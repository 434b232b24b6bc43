"""What releases of the CDK differ in, for all who meet it: what is newer is used where it exists.

Nobody else asks which release there is, and here what exists is asked for, not a version. `constraints-lowest.txt` has
the lowest releases; when they rise, what only served older ones goes from here, and from nowhere else.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import jsii
from constructs import IConstruct, IValidation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aws_cdk.interfaces import aws_sagemaker as sagemaker


def _has_cdk_nag_2() -> bool:
    """Whether it is installed. To import it, or to read its metadata, takes longer than to look for its file."""
    found = find_spec("cdk_nag")
    return bool(found and found.origin and any(Path(found.origin).parent.glob("_jsii/cdk-nag@[0-2].*")))


_WEAK: Final = hasattr(cdk, "CrossStackReferences")
"""Whether another stack can refer to a resource without pinning it."""

_VALIDATIONS: Final = hasattr(cdk, "Validations")
"""Whether findings are acknowledged with the CDK itself, where cdk-nag 3 looks."""

_IN_METADATA: Final = _has_cdk_nag_2()
"""Whether findings may have to be acknowledged in the resources' metadata, where cdk-nag 2 looks."""


NEWEST_RUNTIME: Final = (
    {} if _VALIDATIONS else {"AwsSolutions-L1": "runs on the newest Python, of which cdk-nag 2 does not know yet"}
)
"""Why a finding of cdk-nag 2 on a function stands that cdk-nag 3 does not have."""

# ---------------------------------------------------------------------------------------------------- acknowledgements


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Note for scanners why findings on a construct, and on what it contains, stand.

    Args:
        construct: The construct.
        reasons: The evidence for each finding of cdk-nag, e.g. `{"AwsSolutions-S1": "..."}`. Findings on its main
            resource whose name begins with `checkov-` or `guard-` are noted in the template, where those look.
    """
    _note_in_template(construct, reasons)
    reasons = {finding: reason for finding, reason in reasons.items() if not finding.startswith(tuple(_IN_TEMPLATE))}
    if not reasons:
        return
    if _IN_METADATA:
        _Suppressions.of(cdk.Stack.of(construct)).add(construct, reasons)
    if _VALIDATIONS:
        cdk.Validations.of(construct).acknowledge(
            *(
                cdk.Acknowledgment(id=f"{finding.partition('-')[0]}::{finding}", reason=reason)
                for finding, reason in reasons.items()
            )
        )


_IN_TEMPLATE: Final = {"checkov-": ("checkov", "skip"), "guard-": ("guard", "SuppressedRules")}
"""Where those who read templates look for what is acknowledged: a key of a resource's metadata, and a list in it.

https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html,
https://github.com/aws-cloudformation/aws-guard-rules-registry
"""


def _note_in_template(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    resource: Any = None
    for prefix, (key, within) in _IN_TEMPLATE.items():
        names = {finding.removeprefix(prefix): why for finding, why in reasons.items() if finding.startswith(prefix)}
        if names:
            resource = resource or construct.node.default_child or construct
            if not hasattr(resource, "get_metadata"):  # `iam.Role.customize_roles`: it is in no template
                return
            known = resource.get_metadata(key) or {}
            noted = [{"id": name, "comment": why} for name, why in names.items()] if key == "checkov" else list(names)
            resource.add_metadata(key, {**known, within: [*known.get(within, []), *noted]})


def before_findings(stack: cdk.Stack, step: Callable[[], Iterable[IConstruct]]) -> None:
    """Do something when the app is complete, before cdk-nag looks at this stack.

    Args:
        stack: The stack.
        step: What acknowledges findings; returns the constructs that it has done so for.
    """
    if _VALIDATIONS and not _IN_METADATA:
        stack.node.add_validation(_Step(step))
    else:
        _Suppressions.of(stack).begin_with(step)


@jsii.implements(IValidation)
class _Step:
    """A step that is done when all references are resolved; cdk-nag 3 looks at what has been synthesized."""

    def __init__(self, step: Callable[[], Iterable[IConstruct]]) -> None:
        self._step = step

    def validate(self) -> list[str]:
        """Nothing to report."""
        _add_to_trail(self._step())
        return []


def _add_to_trail(constructs: Iterable[IConstruct]) -> None:
    """Have cdk-nag 3 write once more where it keeps an audit trail in the template; it did so too early for these."""
    kind = getattr(sys.modules.get("cdk_nag"), "WriteNagSuppressionsToCloudFormationAspect", None)
    if kind is None:
        return

    @cache
    def keeper(scope: IConstruct) -> cdk.IAspect | None:
        """Who keeps the trail of what is in a scope."""
        here = next((each for each in cdk.Aspects.of(scope).all if isinstance(each, kind)), None)
        around: Any = None if isinstance(scope, cdk.Stage) else scope.node.scope  # aspects end at the next stage
        return here or (keeper(around) if around else None)

    for construct in constructs:
        for resource in construct.node.find_all():
            if isinstance(resource, cdk.CfnResource) and (found := keeper(resource)):
                found.visit(resource)


@jsii.implements(cdk.IAspect)
class _Suppressions:
    """Writes a stack's suppressions into the metadata of its resources; cdk-nag 2, an aspect too, reads them there."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], Iterable[IConstruct]]] = []
        self._noted: dict[IConstruct, list[tuple[str, str]]] = {}

    @classmethod
    @cache
    def of(cls, stack: cdk.Stack) -> _Suppressions:
        """The suppressions of a stack."""
        suppressions = cls()
        cdk.Aspects.of(stack).add(suppressions)
        return suppressions

    def add(self, construct: IConstruct, reasons: Mapping[str, str]) -> None:
        """Note why findings stand."""
        self._noted.setdefault(construct, []).extend(reasons.items())

    def begin_with(self, step: Callable[[], Iterable[IConstruct]]) -> None:
        """Note what may add to the notes."""
        self._steps.append(step)

    def visit(self, node: IConstruct) -> None:  # noqa: ARG002 - the first is the stack, whose resources come after it
        """Write what has been noted and is not written yet, where there is somebody to read it."""
        while self._steps:
            self._steps.pop(0)()
        if "cdk_nag" not in sys.modules:
            return
        written: dict[cdk.CfnResource, list[tuple[str, str]]] = {}
        for construct, noted in self._noted.items():
            main = construct.node.default_child
            for each in construct.node.find_all() if main is None else [main]:
                if isinstance(each, cdk.CfnResource):
                    written.setdefault(each, []).extend(noted)
        for resource, noted in written.items():
            rules = (resource.get_metadata("cdk_nag") or {}).get("rules_to_suppress", [])
            resource.add_metadata("cdk_nag", {"rules_to_suppress": [*rules, *_suppressions(noted)]})
        self._noted.clear()


def _suppressions(noted: Iterable[tuple[str, str]]) -> Iterable[dict[str, Any]]:
    """Findings, `Rule` or `Rule[Resource::...]`, and their reasons as cdk-nag 2 writes them."""
    resources: dict[tuple[str, str], list[str]] = {}
    for finding, reason in noted:
        rule, _, detail = finding.partition("[")
        resources.setdefault((rule, reason), []).extend([detail.removesuffix("]")] if detail else [])
    for (rule, reason), found in resources.items():
        yield {"reason": reason, "id": rule} | ({"applies_to": found} if found else {})


# --------------------------------------------------------------------------------------------------- references, weakly


def refer_weakly(resource: cdk.CfnResource) -> bool:
    """Have other stacks refer to a resource without pinning it; False: this CDK has strong references only."""
    if _WEAK:
        cdk.CrossStackReferences.of(resource).produce(cdk.ReferenceStrength.WEAK)
    return _WEAK


def pinned(stack: cdk.Stack, resources: Iterable[cdk.CfnResource]) -> list[cdk.CfnResource]:
    """Those of a stack's resources that others import, once all references are resolved."""
    return [each for each in resources if _is_exported(stack, [f'"{stack.get_logical_id(each)}"'])]


def _is_exported(stack: cdk.Stack, names: list[str]) -> bool:
    """Whether what leaves a stack has one of these names in it, by way of the stacks that it is nested in too."""
    exported = [
        value
        for child in stack.node.children
        if child.node.id == "Exports" or child.node.id.startswith("ExportsWriter")  # of the same region, of others
        for each in child.node.find_all()
        if (value := _exported(each)) is not None
    ]
    if _has_any(stack.resolve(exported), names):
        return True
    nested, parent = stack.nested_stack_resource, stack.nested_stack_parent
    if nested is None or parent is None:
        return False
    handed_on = [
        f'"Outputs.{stack.get_logical_id(child)}"'
        for child in stack.node.children
        if isinstance(child, cdk.CfnOutput) and _has_any(stack.resolve(child.value), names)
    ]
    return bool(handed_on) and _is_exported(parent, handed_on)


def _exported(each: IConstruct) -> object:
    if isinstance(each, cdk.CfnOutput):
        return each.value
    return each._cfn_properties if isinstance(each, cdk.CfnResource) else None  # noqa: SLF001 - protected, not private


def _has_any(value: object, names: list[str]) -> bool:
    text = json.dumps(value)
    return any(name in text for name in names)


# --------------------------------------------------------------------------------------- references of L1 constructs


def endpoint_reference(arn: str) -> sagemaker.EndpointReference:
    """How L1 constructs refer to an endpoint.

    Raises:
        AttributeError: those of this release take no references.
    """
    try:
        from aws_cdk.interfaces import aws_sagemaker as sagemaker
    except ImportError:
        raise AttributeError(
            "the L1 constructs of this aws-cdk-lib take no 'endpoint_ref': give them 'endpoint_arn' or "
            "'endpoint_name', or use a newer aws-cdk-lib"
        ) from None
    return sagemaker.EndpointReference(endpoint_arn=arn)
