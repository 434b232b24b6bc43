"""Tags of what is there."""

from collections.abc import Mapping

from . import log
from .clients import Hosting, SageMaker
from .event import Event
from .jobs import tag_list
from .retry import Clock, patiently
from .stack import Stack


def change(
    client: SageMaker | Hosting,
    arn: str,
    present: Mapping[str, str],
    wanted: Mapping[str, str],
    old: Mapping[str, str],
    event: Event,
    stack: Stack,
    clock: Clock,
) -> bool:
    """Replace old tags by the wanted ones, but not those that others set; tells whether that took anything."""
    changed = {key: value for key, value in wanted.items() if present.get(key) != value}
    removed = [key for key in old if key in present and key not in wanted]
    # An old event would put old tags back: it is asked for before each call whether it has become one.
    if changed:
        stack.check_wanted(in_rollback=True)
        tags = tag_list(changed)
        patiently(lambda: client.add_tags(ResourceArn=arn, Tags=tags), clock, repeatable=True)
    if removed:
        stack.check_wanted(in_rollback=True)
        patiently(lambda: client.delete_tags(ResourceArn=arn, TagKeys=removed), clock, repeatable=True)
    if changed or removed:
        log.write(event, "tags changed", job_name=arn.rpartition("/")[2])
    return bool(changed or removed)
