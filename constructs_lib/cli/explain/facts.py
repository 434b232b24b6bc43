"""All that is told of an app, as plain values."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from constructs_lib.rehearsal.assembly import Assembly
from constructs_lib.rehearsal.stacks import NESTED_STACK, Stack
from constructs_lib.runtime.contract import TRANSFORM_TYPE

from .bill import costs, serving, total
from .jobs import jobs, retrainings, waits
from .policies import opened, roles
from .prices import PriceList
from .words import Words

_RETAINED: Final = ("Retain", "RetainExceptOnCreate", "Snapshot")
_EMPTIED: Final = "Custom::S3AutoDeleteObjects"


def told(assembly: Assembly, stacks: Sequence[Stack], prices: PriceList) -> dict[str, Any]:
    """The facts of an app.

    Args:
        assembly: What the app was synthesized to.
        stacks: Those that are told of.
        prices: What is known of prices.
    """
    each = [_stack(assembly, stack, prices) for stack in stacks]
    every = [(cost, one["name"] if len(each) > 1 else None) for one in each for cost in one["costs"]]
    return {
        "currency": prices.currency or None,
        "prices": [one.as_json() for one in prices.regions],
        "stacks": each,
        "total": total(every),
    }


def _stack(assembly: Assembly, stack: Stack, prices: PriceList) -> dict[str, Any]:
    found = jobs(assembly, stack)
    facts: dict[str, Any] = {
        "name": stack.path,
        "stack_name": stack.name,
        "account": stack.account,
        "region": stack.region,
        "creates": dict(Counter(str(resource.get("Type")) for _, resource in stack.resources()).most_common()),
        "not_read": [
            Words(assembly, stack, place.templates).name_of(place.logical_id)
            for place, resource in stack.resources()
            if resource.get("Type") == NESTED_STACK and stack.nested(resource) is None
        ],
        "jobs": found,
        "retrainings": retrainings(assembly, stack),
        "waits": waits(assembly, stack),
        "serves": serving(assembly, stack, found),
        "roles": roles(assembly, stack),
        "opened": opened(assembly, stack),
    }
    of_region = prices.of(stack.region)
    facts["prices_of"] = None if of_region is None else of_region.region
    facts["costs"] = costs(assembly, stack, facts, of_region)
    facts["total"] = total((cost, None) for cost in facts["costs"])
    facts["stays"] = list(_stays(assembly, stack, facts))
    return facts


def _stays(assembly: Assembly, stack: Stack, facts: dict[str, Any]) -> Iterator[dict[str, str]]:
    """What `cdk destroy` leaves."""
    emptied = {
        Words(assembly, stack, place.templates).of(properties.get("BucketName", ""))
        for place, properties in stack.of(_EMPTIED)
    }
    for place, resource in stack.resources():
        words, kind = Words(assembly, stack, place.templates), str(resource.get("Type"))
        name, policy = words.name_of(place.logical_id), resource.get("DeletionPolicy")
        if policy in _RETAINED:
            yield _left(name, kind, "its removal policy keeps it" if policy != "Snapshot" else "as a snapshot")
        elif kind == "AWS::S3::Bucket" and f"{{{name}}}" not in emptied:
            yield _left(name, kind, "it is removed only if it is empty; the removal fails otherwise")
        elif kind == TRANSFORM_TYPE:
            yield _left(name, kind, "the ended job stays in the account's list: AWS deletes none")
    for job in facts["jobs"]:
        yield _left(job["name"], "AutoML job", "the ended job stays in the account's list: AWS deletes none")
        if not any(job["output"].startswith(f"s3://{bucket}/") for bucket in emptied):
            yield _left(job["output"], "objects in S3", f"models and reports of {job['name']}")
    logs = {str(properties.get("LogGroupName")) for _, properties in stack.of("AWS::Logs::LogGroup")}
    if facts["jobs"]:
        yield _left("/aws/sagemaker/TrainingJobs and their like", "log groups", "all jobs of the account share them")
    for served in facts["serves"]:
        if not any("/aws/sagemaker/Endpoints/" in name for name in logs):
            yield _left(
                f"the log of {served['name']}", "log group", "made by the service, since no log retention is set"
            )


def _left(name: str, kind: str, why: str) -> dict[str, str]:
    return {"name": name, "type": kind, "why": why}
