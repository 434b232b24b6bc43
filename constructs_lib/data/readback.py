"""Outputs that lie where data are read: what was written there would be taken for data the next time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .channels import Channel
    from .output import OutputLocation

TRAINING: Final = "each training would read it as data"
"""Why nothing may be written where a job learns from."""


def problems_with_output(
    prop: str,
    output: OutputLocation | None,
    channels: Iterable[tuple[str, Channel]],
    *,
    why: str = TRAINING,
    job_name: str | None = None,
) -> Iterator[str]:
    """What is wrong with an output that lies below a prefix that is read; what is only known later is not judged.

    Args:
        prop: What the caller calls the output, in quotes.
        output: The output; None: one of its own.
        channels: What is read, each with what the caller calls it.
        why: What would become of it.
        job_name: The name of the job that writes, where it has a folder of its own.
    """
    if output is None or not output._is_made or is_token(output.prefix):
        return
    written = output._folder(*([] if job_name is None or is_token(job_name) else [job_name]))
    for name, channel in channels:
        read = channel._prefix_in(output.bucket)
        if read is not None and not is_token(read) and written.startswith(read):
            place = f"in the same bucket, '{written}' below '{read}'" if read else "in a bucket that is read as a whole"
            yield f"{prop} lies below {name} ({place}): {why}; give another prefix or bucket"
