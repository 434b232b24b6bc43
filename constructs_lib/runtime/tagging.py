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
    """Replace old tags by the wanted ones, but not those that others set; tells whether that took anything.

    An old event would put old tags back: before each call, and after, it is asked whether it is one.
    """
    changed = {key: value for key, value in wanted.items() if present.get(key) != value}
    removed = [key for key in old if key in present and key not in wanted]
    if not changed and not removed:
        return False

    def write(tags: Mapping[str, str], keys: list[str], *, is_asked: bool = True) -> None:
        for given, call in (
            (tags, lambda: client.add_tags(ResourceArn=arn, Tags=tag_list(tags))),
            (keys, lambda: client.delete_tags(ResourceArn=arn, TagKeys=keys)),
        ):
            if given and is_asked:
                stack.check_wanted(in_rollback=True)
            if given:
                patiently(call, clock, repeatable=True)

    try:
        write(changed, removed)
    finally:
        if stack.went_back():
            before = {**present, **old}
            back = {key: before[key] for key in [*changed, *removed] if key in before}
            write(back, [key for key in changed if key not in before], is_asked=False)
    log.write(event, "tags changed", job_name=arn.rpartition("/")[2])
    return True
