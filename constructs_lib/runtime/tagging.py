"""Tags of what is there."""

from collections.abc import Callable, Collection, Mapping

from . import log
from .clients import Hosting, SageMaker
from .contract import OwnerTag
from .event import Event
from .failure import Failure
from .retry import Clock, patiently
from .stack import Stack
from .tags import FORMER, owner_tags, tag_list


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

    With another prefix for the owner's tags these are set again under it; those before stay for a rollback. An old
    event would put old tags back: before each call, and after, it is asked whether it is one.
    """
    changed = {key: value for key, value in wanted.items() if present.get(key) != value}
    if event.changes_owner_prefix and event.owns(present):
        changed |= owner_tags(present, event)
    removed = [key for key in old if key in present and key not in wanted]

    def write(tags: Mapping[str, str], keys: list[str], *, is_asked: bool = True) -> None:
        for given, call in (
            (tags, lambda: client.add_tags(ResourceArn=arn, Tags=tag_list(tags, event))),
            (keys, lambda: client.delete_tags(ResourceArn=arn, TagKeys=keys)),
        ):
            if given and is_asked:
                stack.check_wanted(in_rollback=True)
            if given:
                patiently(call, clock, repeatable=True)

    def go_back(touched: Collection[str], before: Mapping[str, str]) -> None:
        back = {key: before[key] for key in touched if key in before}
        write(back, [key for key in touched if key not in before], is_asked=False)

    if not changed and not removed:
        # A delivery before this one may have written them, and died before it saw that the request was taken back.
        touched = [key for key in {**wanted, **old} if wanted.get(key) != old.get(key) and key not in set(OwnerTag)]
        if touched and stack.went_back():
            go_back(touched, old)
        return False
    try:
        write(changed, removed)
    finally:
        if stack.went_back():
            before = {**present, **old}
            if FORMER in present:
                before[OwnerTag.RESOURCE] = present[FORMER]
            go_back([*changed, *removed], before)
    log.write(event, "tags changed", job_name=arn.rpartition("/")[2])
    return True


def check_prefix(event: Event, stack: Stack, *, is_kept: bool, is_seen: Callable[[], bool]) -> None:
    """Refuse another prefix for the owner's tags, but for a resource that keeps what it has, and that we see.

    The function's policy tells by these tags what is the stack's own if its name does not, and knows the library's own
    prefix and one more: what a failed update leaves under a third could be neither found nor stopped.

    Args:
        event: The request.
        stack: Its stack.
        is_kept: Whether the resource keeps what it has.
        is_seen: Whether that can be looked at by now.
    """
    if not event.changes_owner_prefix or stack.is_rolling_back():
        return
    if not is_kept:
        raise Failure(
            f"'owner_tag_prefix' changes to {event.owner_prefix!r} in the same update as something that needs another "
            "job, model or name: deploy the prefix alone, and then the rest"
        )
    if not is_seen():
        raise Failure(
            f"'owner_tag_prefix' changes to {event.owner_prefix!r}, and '{event.physical_id}' has a name from before "
            "its construct or its stack was called so: it is known by its tags alone. Go back to the prefix before, "
            "have another one made under the new name (change 'revision'), and then change the prefix"
        )
