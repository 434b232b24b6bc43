"""The program of a worker process: takes steps from standard input, answers on standard output. See `workers`."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from constructs_lib.engines.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    Steps = Mapping[str, Callable[..., Any]]


def main() -> None:
    """Answer one line for each line, until the input closes."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library that prints must not garble the answers
    asked: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, asked), daemon=True).start()
    from .steps import STEPS  # takes seconds, in which the owner may go

    _answer(answers, {"ready": True})
    while True:
        _answer(answers, _do(json.loads(asked.get()), STEPS))


def _listen(lines: BinaryIO, asked: queue.Queue[bytes]) -> None:
    for line in lines:
        asked.put(line)
    os._exit(0)  # the owner is gone, or done with us: end in the middle of whatever is being trained


def _do(message: Mapping[str, Any], steps: Steps) -> dict[str, Any]:
    try:
        return {"ended": "done", "value": steps[message["step"]](**message["arguments"])}
    except DataFault as fault:
        return {"ended": "fault", "text": str(fault)}
    except Exception as error:
        traceback.print_exc()
        return {"ended": "error", "text": f"{type(error).__name__}: {error}"}


def _answer(answers: BinaryIO, message: Mapping[str, Any]) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
