"""Image classification: features of small pictures and classical models, where Autopilot fine-tunes deep networks.

The class of an image is what an augmented manifest says, else the folder that it lies in. Autopilot's guide does not
say that it takes folders for classes (unverified): the job says so in a note.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from constructs_lib.engines.faults import DataFault

from .. import classes
from ..tabular.columns import Column
from ..tabular.data import media_type
from ..tabular.inference import Model
from ..tabular.prepared import Prepared
from ..tabular.reports import write_json
from ..task import ImageClassificationTask, ImageFile
from . import pictures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ..tabular.prepared import Sample

MOST_IMAGES = 5_000
"""Images to train on; a random sample of more."""

TYPES: Mapping[str, tuple[str, ...]] = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/*": (".png", ".jpg", ".jpeg"),
}
"""The content types of a channel and the endings that files of it have."""

_FEATURE = "image"
_LABEL = "class"
_SHOWN = 3
_SEED = 0
_EXPLAINED_IMAGES = 200
_GRID = 4


class ImageModel(Model):
    """Answers a request that is one image."""

    default_keys = ("predicted_label", "probability")

    def as_json(self, keys: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
        """One object, not a list: a request is one image."""
        (row,) = rows
        return dict(zip(keys, row, strict=True))

    def cells(self, body: bytes, content_type: str) -> NDArray[Any]:
        """The pixels of one image."""
        kind = media_type(content_type)
        if kind not in TYPES and kind != "application/x-image":
            raise DataFault(f"the content type {content_type!r} is not supported; use image/png or image/jpeg")
        try:
            return pictures.pixels(body)[np.newaxis]
        except pictures.Unreadable as error:
            raise DataFault(f"the body is no image that can be read: {error}") from None


def prepare(task: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Read the images of a job and their classes, as `preparation.prepare` does with tables.

    Raises:
        DataFault: The data cannot be trained with; says why.
    """
    channels = {name: [ImageFile(**image) for image in task[name]] for name in ("training_images", "validation_images")}
    return _Preparation(ImageClassificationTask(**{**task, **channels})).result(Path(directory))


def fit(trial: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Train the candidate. See `classes.fit`."""
    return classes.fit(trial, directory, _pipelines(), ImageModel)


def explain(archive: str, directory: str) -> str:
    """Write which part of an image matters: how many answers turn wrong when it is covered with the mean image's part.

    Returns:
        The folder with ``regions.json``.
    """
    model, prepared = ImageModel.open(Path(archive)), Prepared.load(Path(directory))
    chosen = np.random.default_rng(_SEED).permutation(len(prepared.validation))[:_EXPLAINED_IMAGES]
    sample = prepared.validation.part(chosen)
    base = _accuracy(model, sample, sample.cells)
    mean = sample.cells.mean(axis=0).astype(np.uint8)
    step = pictures.SIDE // _GRID
    losses = np.zeros((_GRID, _GRID))
    for row in range(_GRID):
        for column in range(_GRID):
            part = slice(row * step, (row + 1) * step), slice(column * step, (column + 1) * step)
            covered = sample.cells.copy()
            covered[:, *part] = mean[part]
            losses[row, column] = base - _accuracy(model, sample, covered)
    folder = Path(archive).parent / "explainability"
    write_json(
        folder / "regions.json",
        {
            "method": "occlusion (not the method of Autopilot)",
            "meaning": f"{classes.OBJECTIVE} that is lost with the mean image in this cell of a {_GRID} x {_GRID} grid",
            "objective_value": base,
            "images": len(chosen),
            "rows_from_the_top": losses.tolist(),
        },
    )
    return str(folder)


class _Preparation:
    def __init__(self, task: ImageClassificationTask) -> None:
        self._task = task
        self._notes: list[str] = []

    def result(self, directory: Path) -> dict[str, Any]:
        task = self._task
        training, cells = self._read(task.training_images, "training")
        labels = classes.labels_of(training, "among the training images")
        rows = classes.sample(cells, training, labels)
        if task.validation_images:
            samples = rows, self._validation(labels)
        else:
            samples = classes.split(rows, task.validation_fraction)
        if any(image.label is None for image in task.training_images):
            self._notes.append(
                "the class of an image is the folder that it lies in: unverified for Autopilot, whose guide names no "
                "layout; an augmented manifest says the classes for sure"
            )
        self._notes.append(
            f"images are scaled to {pictures.SIDE} x {pictures.SIDE} pixels and classified by classical models here; "
            "Autopilot fine-tunes deep networks"
        )
        frequent = tuple(Counter(training).most_common(5))
        return classes.prepared(
            target=_LABEL,
            columns=(Column(name=_FEATURE, kind=None, missing=0, distinct=len(training), frequent=frequent),),
            labels=labels,
            samples=samples,
            trial={
                "name": "image-classifier",
                "algorithm": "image-features",
                "description": "the better of two scikit-learn classifiers on brightness, edges and colours",
            },
            problem_type="ImageClassification",
            notes=self._notes,
            directory=directory,
        )

    def _validation(self, labels: Sequence[str]) -> Sample:
        found, cells = self._read(self._task.validation_images, "validation")
        known = np.array([label in labels for label in found])
        if not known.all():
            self._notes.append(
                f"{int((~known).sum())} validation images are left out: a class that the training data does not have"
            )
        if not known.any():
            raise DataFault("no validation image has a class of the training images")
        return classes.sample(cells[known], [label for label in found if label in labels], labels)

    def _read(self, images: Sequence[ImageFile], channel: str) -> tuple[list[str], NDArray[np.uint8]]:
        self._check_names(images, channel)
        if len(images) > MOST_IMAGES:
            self._notes.append(f"a random sample of {MOST_IMAGES} of {len(images)} {channel} images is used here")
            images = random.Random(_SEED).sample(list(images), MOST_IMAGES)  # noqa: S311 - a sample, no secret
        labels = [image.label or _folder(image) for image in images]
        cells = []
        unreadable = []
        for image in images:
            try:
                cells.append(pictures.pixels(Path(image.path)))
            except pictures.Unreadable as error:
                unreadable.append(f"{image.name} ({error})")
        if unreadable:
            raise DataFault(f"{len(unreadable)} {channel} images cannot be read: {_some(unreadable)}")
        return labels, np.stack(cells)

    def _check_names(self, images: Sequence[ImageFile], channel: str) -> None:
        if not images:
            raise DataFault(f"the {channel} channel has no image")
        kind = media_type(self._task.content_type or "image/*")
        if kind not in TYPES:
            raise DataFault(f"content type {self._task.content_type!r} is not supported; use {', '.join(TYPES)}")
        strangers = [image.name for image in images if PurePosixPath(image.name).suffix.lower() not in TYPES[kind]]
        if strangers:
            raise DataFault(
                f"{len(strangers)} {channel} files do not end in {' or '.join(TYPES[kind])} as {kind} needs: "
                f"{_some(strangers)}"
            )
        homeless = [image.name for image in images if image.label is None and not _folder(image)]
        if homeless:
            raise DataFault(f"{len(homeless)} {channel} images lie in no folder that names a class: {_some(homeless)}")


def _pipelines() -> dict[str, Any]:
    choices: dict[str, list[tuple[str, Any]]] = {
        "LogisticRegression(C=0.1) on brightness, edges and colours": [
            ("scaling", StandardScaler()),
            ("model", LogisticRegression(C=0.1, max_iter=500)),
        ],
        "ExtraTreesClassifier(n_estimators=300) on brightness, edges and colours": [
            ("model", ExtraTreesClassifier(n_estimators=300, random_state=_SEED)),
        ],
    }
    return {
        name: Pipeline([("features", FunctionTransformer(pictures.features)), *steps])
        for name, steps in choices.items()
    }


def _accuracy(model: Model, sample: Sample, cells: NDArray[Any]) -> float:
    return float(np.mean(model.predict(cells).argmax(axis=1) == sample.target))


def _folder(image: ImageFile) -> str:
    return PurePosixPath(image.name).parent.name


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
