"""Work that goes on after the request that asked for it was answered."""

import contextvars
import functools
import threading
from collections.abc import Callable


def start(name: str, work: Callable[[], None]) -> threading.Thread:
    """Do work on a thread of its own, which ends with the process."""
    # The copied context carries account and region of the request.
    run = functools.partial(contextvars.copy_context().run, work)
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
