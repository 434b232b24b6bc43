"""Milliseconds of a warm call of the Lambda function, from event to delivered answer; the services answer at once.

The services are the fakes of the tests, whose own checks of each input are part of the figure.
"""

import io
import os
import statistics
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.runtime.world import Sink, World, properties

CALLS = 50

sink = Sink()
os.environ["AWS_ENDPOINT_URL"] = sink.url.removesuffix("/answer")  # the function answers nobody else
with redirect_stdout(io.StringIO()):
    taken = []
    for number in range(CALLS):
        world = World(sink, stack_name=f"Bench{number}")
        event = world.event("Create", ResourceProperties=properties())
        started = time.perf_counter()
        world.send(event)
        taken.append(time.perf_counter() - started)
sink.close()
print(statistics.median(taken) * 1000)
