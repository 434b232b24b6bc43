"""Tags as the API takes and gives them, with the owner's called as the stack wants them."""

from collections.abc import Mapping

from .clients import Reply, SageMaker
from .contract import OwnerTag, read_owner
from .event import Event

FORMER = "aws:former-logical-id"
"""Beside tags that were read: the logical id that stands in them, where the resource has another one by now.

No tag is called so: `aws:` is kept from users, and AWS has no such tag.
"""


def tag_list(tags: Mapping[str, str], event: Event) -> list[dict[str, str]]:
    """Tags as the API takes them."""
    return [{"Key": _key(key, event), "Value": value} for key, value in tags.items()]


def owner_tags(tags: Mapping[str, str], event: Event) -> dict[str, str]:
    """What of these tells of the owner, under the prefix that an event asks for: the same as under any other one."""
    told = {key: value for key, value in tags.items() if key in set(OwnerTag)}
    if FORMER in tags:
        told[OwnerTag.RESOURCE] = tags[FORMER]
    return {_key(key, event): value for key, value in told.items()}


def _key(key: str, event: Event) -> str:
    return OwnerTag(key).under(event.owner_prefix) if key in set(OwnerTag) else str(key)


def tags_of(sagemaker: SageMaker, arn: str) -> dict[str, str]:
    """The tags of anything that has some."""
    return read_owner(_as_they_stand(sagemaker, arn))


def owner_prefixes(sagemaker: SageMaker, arn: str) -> set[str]:
    """What the keys of the owner's tags begin with, as they stand there: more than one where that has changed."""
    end = OwnerTag.STACK.under("")
    tags = _as_they_stand(sagemaker, arn)
    return {key.removesuffix(end) for key in tags if key.endswith(end) and not key.startswith("aws:")}


def _as_they_stand(sagemaker: SageMaker, arn: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    page: Reply = sagemaker.list_tags(ResourceArn=arn)
    while True:
        tags |= {tag["Key"]: tag["Value"] for tag in page.get("Tags", [])}
        token = page.get("NextToken")
        if not token:
            return tags
        page = sagemaker.list_tags(ResourceArn=arn, NextToken=token)
