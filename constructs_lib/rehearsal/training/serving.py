"""Serves a trained model from a process of its own, as the containers of an endpoint would."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING, Self

from .workers import Call, Workers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Server:
    """One model, ready to predict. Safe to use from several threads; requests are answered one after the other."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
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
        server = cls(Workers(1))
        try:
            server._do("load", archive=str(model_archive), environment=dict(environment))
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
        answer = self._do("predict", body=base64.b64encode(body).decode(), content_type=content_type, accept=accept)
        return base64.b64decode(answer["body"]), answer["content_type"]

    def stop(self) -> None:
        """End the process; a request that is being answered fails."""
        self._stopped.set()
        with self._lock:
            self._workers.close()

    def _do(self, step: str, **arguments: object) -> dict[str, str]:
        with self._lock:
            for outcome in self._workers.run([Call(step=step, arguments=arguments)], interrupted=self._stopped.is_set):
                if outcome.ended == "done":
                    value: dict[str, str] = outcome.value
                    return value
                if outcome.ended == "fault":
                    raise ValueError(outcome.text)
                if outcome.ended == "died":
                    self._stopped.set()  # a new process would not have the model
                if outcome.ended != "stopped":
                    raise RuntimeError(f"the model failed: {outcome.text}")
        raise RuntimeError("the server is stopped")
