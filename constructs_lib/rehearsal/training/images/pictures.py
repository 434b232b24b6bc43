"""Images as arrays, and the features that classical models learn from."""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from constructs_lib.engines.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIDE = 32
"""Pixels that every image is scaled to, both ways."""

_FORMATS = ("PNG", "JPEG")
_CELL = 8
_DIRECTIONS = 9
_COLOUR_BINS = 8


class Unreadable(Exception):  # noqa: N818 - says what happened
    """These bytes are no image that can be read."""


def pixels(source: Path | bytes) -> NDArray[np.uint8]:
    """An image as `SIDE` x `SIDE` pixels of red, green and blue.

    Raises:
        Unreadable: It is damaged, or neither PNG nor JPEG.
        DataFault: Pillow is not installed.
    """
    image_module = _pillow()
    try:
        with image_module.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=_FORMATS) as image:
            scaled = image.convert("RGB").resize((SIDE, SIDE), image_module.Resampling.BILINEAR)
            return np.asarray(scaled, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, image_module.DecompressionBombError) as error:
        known = "cannot identify" not in str(error)  # Pillow names the file there, by our own name of it
        raise Unreadable(str(error) if known else "it is neither PNG nor JPEG") from error


def features(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Brightness of half-size pixels, directions of edges in a grid of cells, and a histogram of each colour."""
    scaled = images.astype(np.float64) / 255
    grey = scaled.mean(axis=3)
    half = grey.reshape(len(grey), SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4))
    colours = [
        np.stack([np.histogram(channel, bins=_COLOUR_BINS, range=(0, 1))[0] for channel in scaled[..., colour]])
        for colour in range(3)
    ]
    shares = np.concatenate(colours, axis=1) / SIDE**2
    return np.concatenate([half.reshape(len(grey), -1), _edges(grey), shares], axis=1)


def _edges(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """How strong the edges of each direction are, per cell; each image's add up to one length."""
    down, across = np.gradient(grey, axis=(1, 2))
    strength = np.hypot(down, across)
    direction = np.floor(np.mod(np.arctan2(down, across), np.pi) / np.pi * _DIRECTIONS).astype(int) % _DIRECTIONS
    cells = SIDE // _CELL
    found = np.zeros((len(grey), cells, cells, _DIRECTIONS))
    for bin_number in range(_DIRECTIONS):
        of_direction = np.where(direction == bin_number, strength, 0.0)
        found[..., bin_number] = of_direction.reshape(len(grey), cells, _CELL, cells, _CELL).sum(axis=(2, 4))
    flat = found.reshape(len(grey), -1)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.where(lengths > 0, lengths, 1.0)


def _pillow() -> Any:
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise DataFault(
            "image classification in a rehearsal needs Pillow: in a checkout, pip install '.[rehearsal]'"
        ) from None
