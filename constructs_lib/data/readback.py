"""Outputs that lie where data are read: what was written there would be taken for data the next time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from ..api.fields import raise_if_any
from ..tokens import is_token, path_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from constructs import Construct

    from .buckets import Bucket
    from .channels import Channel


class Written(Protocol):
    """An `OutputLocation`, as far as it matters here."""

    prefix: str

    @property
    def bucket(self) -> Bucket:
        """The bucket."""

    @property
    def _is_made(self) -> bool:
        """Whether there is one."""

    def _folder(self, *names: str) -> str:
        """What the keys of all that is written begin with."""


TRAINING: Final = "each training would read it as data"
"""Why nothing may be written where a job learns from."""


def problems_with_output(
    prop: str,
    output: Written | None,
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


_STARTS_RUNS: Final = "whatever is written there starts a run"
_WRITTEN: Final[list[tuple[Construct, Written]]] = []
_WATCHED: Final[list[tuple[Construct, Channel]]] = []
"""What apps of this process write and watch, in the order in which it was defined."""


def note_output(scope: Construct, output: Written) -> None:
    """Note where something of an app writes.

    Raises:
        ValueError: a retraining of the app watches that place.
    """
    for watcher, channel in _WATCHED:
        watched = [("what '{}' watches with 'on_new_data'", channel)]
        problems = list(problems_with_output("the output", output, watched, why=_STARTS_RUNS))
        if problems and watcher.node.root is scope.node.root:
            raise_if_any([text.replace("{}", path_of(watcher), 1) for text in problems], f"'{path_of(scope)}'")
    _WRITTEN.append((scope, output))


def problems_with_watched(scope: Construct, channel: Channel, own: Written | None) -> Iterator[str]:
    """What is wrong with watching a prefix of an app: what writes below it already, but for this output."""
    for writer, output in _WRITTEN:
        if output is own:
            continue
        watched = [("'on_new_data'", channel)]
        problems = list(problems_with_output("the output of '{}'", output, watched, why=_STARTS_RUNS))
        if problems and writer.node.root is scope.node.root:
            yield from (problem.replace("{}", path_of(writer), 1) for problem in problems)


def note_watched(watcher: Construct, channel: Channel) -> None:
    """Note what a retraining of an app watches."""
    _WATCHED.append((watcher, channel))
