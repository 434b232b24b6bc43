"""What the jobs of a template ask the service for, for assertions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
from aws_cdk import assertions

from ..runtime.contract import RESOURCE_TYPE, Property

if TYPE_CHECKING:
    from constructs import IConstruct


def job_requests(template: cdk.Stack | assertions.Template | Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The requests of all AutoML jobs of a template, by the logical ids of their resources.

    Args:
        template: The stack; or its template, as `assertions.Template` has it or as a dict.

    Returns:
        For each job the input of `CreateAutoMLJob` or `CreateAutoMLJobV2` in the API's own names, as it stands in the
        template: what is known only at deploy time is a reference such as `{"Ref": ...}`.

    Raises:
        TypeError: `template` is none of these.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html
    """
    resources = _json_of(template).get("Resources", {})
    return {
        name: cast("dict[str, Any]", each["Properties"][Property.REQUEST])
        for name, each in resources.items()
        if isinstance(each, Mapping)
        and each.get("Type") == RESOURCE_TYPE
        and Property.REQUEST in each.get("Properties", {})
    }


def job_request(
    template: cdk.Stack | assertions.Template | Mapping[str, Any], job: IConstruct | str | None = None
) -> dict[str, Any]:
    """The request of one AutoML job of a template.

    For instance `assert job_request(stack)["AutoMLJobConfig"]["Mode"] == "ENSEMBLING"`.

    Args:
        template: The stack; or its template, as `assertions.Template` has it or as a dict.
        job: Which job: the construct, or the logical id of its resource. Default: the only one.

    Returns:
        The input of `CreateAutoMLJob` or `CreateAutoMLJobV2` in the API's own names, as it stands in the template.

    Raises:
        AssertionError: there is no such job, it is made elsewhere, or there are several and `job` does not say which.
        TypeError: `template` or `job` is none of these.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html
    """
    found = job_requests(template)
    listed = ", ".join(sorted(found)) or "none"
    if job is None:
        if len(found) != 1:
            raise AssertionError(f"the template has {len(found)} AutoML jobs ({listed}), so 'job' has to say which")
        return next(iter(found.values()))
    if not isinstance(job, str) and not hasattr(job, "node"):
        raise TypeError(f"'job' must be a construct or a logical id, got {type(job).__name__}")
    logical_id = job if isinstance(job, str) else _logical_id(job)
    if logical_id not in found:
        raise AssertionError(f"the template has no AutoML job '{logical_id}'; it has {listed}")
    return found[logical_id]


def _logical_id(job: IConstruct) -> str:
    resource = job.node.default_child
    if not isinstance(resource, cdk.CfnElement):
        raise AssertionError(f"'{job.node.path}' makes no job: it names one that is made elsewhere")
    logical_id: str = cdk.Stack.of(job).get_logical_id(resource)
    return logical_id


def _json_of(template: cdk.Stack | assertions.Template | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(template, cdk.Stack):
        template = assertions.Template.from_stack(template)
    if isinstance(template, assertions.Template):
        template = template.to_json()
    if not isinstance(template, Mapping):
        raise TypeError(f"'template' must be a Stack, an assertions.Template or a dict, got {type(template).__name__}")
    return template
