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

from .forecasting import forecasting
from .images import images
from .tabular import fitting, inference, parts, preparation, reports
from .texts import classification, generation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

STEPS: Mapping[str, Callable[..., Any]] = {
    "tabular.prepare": preparation.prepare,
    "tabular.fit": fitting.fit,
    "tabular.combine": fitting.combine,
    "tabular.explain": reports.explain,
    "tabular.insights": reports.insights,
    "text.prepare": classification.prepare,
    "text.fit": classification.fit,
    "text.explain": classification.explain,
    "text.insights": reports.insights,
    "image.prepare": images.prepare,
    "image.fit": images.fit,
    "image.explain": images.explain,
    "image.insights": reports.insights,
    "forecast.prepare": forecasting.prepare,
    "forecast.fit": forecasting.fit,
    "forecast.combine": forecasting.combine,
    "forecast.explain": forecasting.explain,
    "forecast.insights": forecasting.insights,
    "generation.prepare": generation.prepare,
    "load": inference.load,
    "predict": inference.predict,
    "part.load": parts.load,
    "part.predict": parts.predict,
}
"""All that a worker does, named by the kind of task and the step of the job."""


def main() -> None:
    """Answer one line for each line, until the input closes."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library that prints must not garble the answers
    _answer(answers, {"ready": True})
    steps: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, steps), daemon=True).start()
    while True:
        _answer(answers, _do(json.loads(steps.get())))


def _listen(lines: BinaryIO, steps: queue.Queue[bytes]) -> None:
    for line in lines:
        steps.put(line)
    os._exit(0)  # the owner is gone, or done with us: end in the middle of whatever is being trained


def _do(message: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"ended": "done", "value": STEPS[message["step"]](**message["arguments"])}
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
