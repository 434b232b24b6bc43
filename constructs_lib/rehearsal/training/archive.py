"""What a model archive holds, and what every model in one can do."""

from __future__ import annotations

import io
import json
import tarfile
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import joblib

from constructs_lib.engines.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_MODEL = "model.joblib"
_METADATA = "metadata.json"


class Kept(ABC):
    """A model that can be kept and served."""

    names_its_columns: bool = False
    """Whether CSV answers begin with a line of the keys."""

    @abstractmethod
    def described(self) -> dict[str, Any]:
        """What a reader wants to know of the model, as plain values."""

    @abstractmethod
    def keys(self, output: str) -> list[str]:
        """What each row of an answer holds, in order.

        Args:
            output: The value of `OUTPUT_VARIABLE`; may be empty.

        Raises:
            DataFault: It asks for what the model does not answer.
        """

    @abstractmethod
    def answers(self, body: bytes, content_type: str, keys: Sequence[str]) -> list[list[Any]]:
        """The rows of the answer to a request.

        Raises:
            DataFault: The request cannot be understood.
        """

    def as_json(self, keys: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
        """The answer to a request as JSON holds it: what `answers` gave, by key."""
        return {"predictions": [dict(zip(keys, row, strict=True)) for row in rows]}

    def save(self, archive: Path, metadata: Mapping[str, Any]) -> None:
        """Write a ``model.tar.gz``: the model, and beside it what a reader wants to know."""
        made_by = "the rehearsal of cdk-sagemaker-autopilot, not by Autopilot"
        described = {**self.described(), "made_by": made_by, **metadata}
        model = io.BytesIO()
        joblib.dump(self, model)
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
            members = ((_MODEL, model.getvalue()), (_METADATA, json.dumps(described, indent=2).encode()))
            for name, content in members:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))

    @classmethod
    def open(cls, archive: Path) -> Self:
        """Read what `save` wrote. It holds a pickle: open only archives made by this package."""
        try:
            with tarfile.open(archive) as tar:
                member = tar.extractfile(_MODEL)
                content = b"" if member is None else member.read()
        except (OSError, EOFError, tarfile.TarError, KeyError) as error:
            raise DataFault(f"{archive.name} is not a model that was trained on this machine: {error}") from error
        model: Self = joblib.load(io.BytesIO(content))
        return model
