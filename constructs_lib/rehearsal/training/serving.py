"""Serves a trained model from a process of its own, as the containers of an endpoint would."""

from __future__ import annotations

import base64
import shutil
import tempfile
import threading
from typing import TYPE_CHECKING, Self

from .workers import Call, Workers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


OUTPUT_VARIABLE = "SAGEMAKER_INFERENCE_OUTPUT"
"""The container's environment variable that lists what an answer holds."""


class Server:
    """One model, ready to predict. Safe to use from several threads; requests are answered one after the other.

    If its process dies, the request at hand fails and the next one is answered by a new process.
    """

    def __init__(self, model_archive: Path, output: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="server-")
        # A copy of our own: a new process loads it again, whatever became of the caller's.
        archive = shutil.copy(model_archive, self._folder.name)
        self._model = {"archive": str(archive), "output": output}
        self._workers = Workers(1)
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @classmethod
    def start(cls, model_archive: Path, environment: Mapping[str, str]) -> Self:
        """Load a model in a new process.

        Args:
            model_archive: A ``model.tar.gz`` that `train` made. It holds a pickle: never load one of unknown origin.
            environment: The container's environment; ``SAGEMAKER_INFERENCE_OUTPUT`` chooses what answers hold.

        Raises:
            ValueError: There is no such model in the archive, or the environment asks for what it does not answer.
        """
        server = cls(model_archive, environment.get(OUTPUT_VARIABLE, ""))
        try:
            server._do("load")
        except BaseException:
            server.stop()
            raise
        return server

    @property
    def pids(self) -> list[int]:
        """The process that predicts."""
        return self._workers.pids

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Answer one request; what may be asked is said in `inference`.

        Returns:
            The answer and its content type.

        Raises:
            ValueError: The request cannot be understood; says why.
            RuntimeError: The model failed, or the server is stopped.
        """
        encoded = base64.b64encode(body).decode()
        answer = self._do("predict", body=encoded, content_type=content_type, accept=accept)
        return base64.b64decode(answer["body"]), answer["content_type"]

    def stop(self) -> None:
        """End the process; a request that is being answered fails."""
        self._stopped.set()
        with self._lock:
            self._workers.close()
            self._folder.cleanup()

    def _do(self, step: str, **arguments: str) -> dict[str, str]:
        call = Call(step=step, arguments={**self._model, **arguments})
        with self._lock:
            for outcome in self._workers.run([call], interrupted=self._stopped.is_set):
                if outcome.ended == "done":
                    value: dict[str, str] = outcome.value
                    return value
                if outcome.ended == "fault":
                    raise ValueError(outcome.text)
                if outcome.ended != "stopped":
                    raise RuntimeError(f"the model failed: {outcome.text}")
        raise RuntimeError("the server is stopped")
