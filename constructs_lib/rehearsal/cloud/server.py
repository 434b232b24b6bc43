"""The server process: `python -m constructs_lib.rehearsal.cloud.server`, started by `launcher.Cloud`."""

import contextlib
import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from constructs_lib.rehearsal.cloud.connection import Connection, Credentials
from constructs_lib.rehearsal.cloud.settings import VARIABLE, Settings

if TYPE_CHECKING:
    from constructs_lib.rehearsal.cloud.service import SageMaker

_GRACE = 1.5
"""Seconds that jobs get to end their processes before everything is killed."""


def main() -> None:
    """Serve until the process that started this one closes the pipe, or dies."""
    settings = Settings.from_environment(os.environ)
    # What is started here must not be able to import this package, nor to act as the person who started it.
    for variable in (VARIABLE, "PYTHONPATH"):
        os.environ.pop(variable, None)
    logging.getLogger("botocore").setLevel(logging.WARNING)

    from constructs_lib.rehearsal.cloud.hosting import scaling
    from constructs_lib.rehearsal.cloud.ministack import (
        bus,
        conditions,
        decisions,
        door,
        exports,
        functions,
        machines,
        ministack,
        nested,
        polls,
        waits,
    )
    from constructs_lib.rehearsal.cloud.resource_types import cloudformation
    from constructs_lib.rehearsal.cloud.service import TARGET_PREFIX, SageMaker
    from constructs_lib.rehearsal.cloud.store import Store
    from constructs_lib.rehearsal.training import workers

    root = Credentials(access_key=settings.access_key, secret_key=settings.secret_key)
    connection = Connection(
        endpoint_url=settings.endpoint_url, certificate=settings.authority, region=settings.region, root=root
    )
    store = Store()
    service = SageMaker(settings, connection, store)
    auto_scaling = scaling.AutoScaling(store)
    ministack.install(
        ministack.Service(
            name="sagemaker",
            models=("sagemaker", "sagemaker-runtime"),
            target_prefix=TARGET_PREFIX,
            handler=service.handle,
            arn_of=service.resource_arn,
            context_of=service.context,
            tagged_resources=service.tagged_resources,
        ),
        ministack.Service(
            name=scaling.SERVICE,
            models=(scaling.SERVICE,),
            target_prefix=scaling.TARGET_PREFIX,
            handler=auto_scaling.handle,
            arn_of=auto_scaling.resource_arn,
            context_of=auto_scaling.context,
            tagged_resources=auto_scaling.tagged_resources,
        ),
    )
    cloudformation.install(connection, settings.work)
    waits.install()
    nested.install()
    exports.install()
    conditions.install()
    functions.install()
    machines.install()
    polls.install()
    bus.install(settings.deliveries)
    door.install(settings.account, root)
    if settings.records_decisions:
        decisions.install(settings.decisions)
    workers.RESERVE.open(workers.side_by_side())
    if settings.trains_soon:
        threading.Thread(target=workers.RESERVE.fill, daemon=True).start()
    threading.Thread(target=_end_with_parent, args=(service,), daemon=True).start()
    door.serve(settings.port, str(settings.certificate), str(settings.key))


def _end_with_parent(service: "SageMaker") -> None:
    """Wait for the end of standard input, a pipe that the parent holds open; then end the whole process group."""
    with contextlib.suppress(OSError):
        while sys.stdin.buffer.read(1):
            pass
    stopping = threading.Thread(target=service.stop, args=(_GRACE,), daemon=True)
    stopping.start()
    stopping.join(_GRACE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
