"""Serves a trained model from a process of its own, as the containers of an endpoint would."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
import threading
from typing import TYPE_CHECKING, Self

from .workers import Call, Workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


OUTPUT_VARIABLE = "SAGEMAKER_INFERENCE_OUTPUT"
"""The container's environment variable that lists what an answer holds."""

TRANSFORM_MODE, FEATURES, LABELS = "AUTOML_TRANSFORM_MODE", "feature-transform", "inverse-label-transform"
"""The variable that tells the first and the last container of a tuning candidate apart, and what it is in each."""


class Server:
    """One model, ready to predict. Safe to use from several threads; requests are answered one after the other.

    If its process dies, the request at hand fails and the next one is answered by a new process.
    """

    def __init__(self, model_archive: Path, steps: str = "", **model: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="server-")
        # A copy of our own: a new process loads it again, whatever became of the caller's.
        archive = shutil.copy(model_archive, self._folder.name)
        self._steps, self._model = steps, {"archive": str(archive), **model}
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
        server = cls(model_archive, output=environment.get(OUTPUT_VARIABLE, ""))
        return server._loaded()

    @classmethod
    def start_containers(cls, model_archive: Path, environments: Sequence[Mapping[str, str]]) -> Self:
        """Load a model in a new process, to do the part of one or several containers of its candidate.

        Args:
            model_archive: As in `start`.
            environments: The containers' environments in their order. A model of the tuning mode is features, algorithm
                and, for a classification, labels; any other is a single container.

        Raises:
            ValueError: As in `start`.
        """
        server = cls(model_archive, "part.", environments=json.dumps([dict(one) for one in environments]))
        return server._loaded()

    def _loaded(self) -> Self:
        try:
            self._do("load")
        except BaseException:
            self.stop()
            raise
        return self

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
        call = Call(step=f"{self._steps}{step}", arguments={**self._model, **arguments})
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
