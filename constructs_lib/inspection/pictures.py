"""Pictures with classes: how many of each, their formats and sizes, by their first bytes. Standard library only."""

import hashlib
import os
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

from constructs_lib.api.datafolder import IMAGE_STARTS, files_of, read_images
from constructs_lib.engines.target import counted, few

from .findings import Finding, Level, with_findings

_FEW: Final = 10
_SLIGHT: Final = 0.1
_PNG: Final = IMAGE_STARTS[".png"]
_JPEG: Final = IMAGE_STARTS[".jpg"]
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG that tell height and width."""

_PART: Final = 1024 * 1024


def of_folder(folder: Path, name: str) -> dict[str, Any]:
    """What is in a folder with a folder for each class.

    Args:
        folder: The folder.
        name: What it is called.
    """
    read = read_images(folder)
    files = [] if read.problems and not read.classes else list(files_of(folder))
    images = [
        (path, path.relative_to(folder).parts[0])
        for path in files
        if path.parent != folder and path.suffix.lower() in IMAGE_STARTS
    ]
    found = [_told(Level.FAILS, "no-image", f"{name} {problem}") for problem in read.problems]
    found += [_told(Level.MISLEADS, "classes", f"{name} {doubt}") for doubt in read.doubts]
    return _of(images, name, found, lambda path: path.relative_to(folder).as_posix())


def of_manifest(images: Sequence[tuple[Path, str]], name: str) -> dict[str, Any]:
    """What an augmented manifest lists.

    Args:
        images: Pictures and their classes.
        name: What the manifest is called.
    """
    return _of(images, name, [], lambda path: path.name)


def _of(images: Sequence[tuple[Path, str]], name: str, found: list[Finding], shown: Any) -> dict[str, Any]:
    formats, sizes, broken, good = Counter[str](), [], [], []
    for path, label in images:
        try:
            kind, width, height = header(path)
        except (OSError, ValueError, struct.error):
            broken.append(shown(path))
            continue
        formats[kind] += 1
        sizes.append((width, height))
        good.append((path, label))
    if broken:
        said = f"{name} has {counted(len(broken), 'picture')} whose beginning is damaged: {few(broken)}"
        found.append(_told(Level.FAILS, "unreadable", said))
    classes = Counter(label for _, label in good)
    found += _about_classes(classes, name)
    found += _about_copies(good, name, shown)
    total = classes.total()
    facts = {
        "images": total,
        "class_count": len(classes),
        "classes": sorted(classes),
        "class_rows": [
            {"class": label, "rows": count, "share": round(count / total, 4)} for label, count in classes.most_common()
        ],
        "formats": dict(sorted(formats.items())),
        "width": {"minimum": min(width for width, _ in sizes), "maximum": max(width for width, _ in sizes)}
        if sizes
        else None,
        "height": {"minimum": min(tall for _, tall in sizes), "maximum": max(tall for _, tall in sizes)}
        if sizes
        else None,
    }
    return with_findings("images", facts, found)


def _about_classes(classes: Counter[str], name: str) -> Iterator[Finding]:
    if small := [label for label, count in classes.items() if count < _FEW]:
        said = f"{name} has classes of fewer than {_FEW} pictures: {few(small)}"
        yield _told(Level.MISLEADS, "small-classes", said)
    largest = max(classes.values(), default=0)
    if slight := [label for label, count in classes.items() if _FEW <= count < _SLIGHT * largest]:
        said = f"{name} has classes of less than a tenth of the largest: {few(slight)}"
        yield _told(Level.MISLEADS, "imbalanced", said)


def _about_copies(images: Sequence[tuple[Path, str]], name: str, shown: Any) -> Iterator[Finding]:
    """The same picture twice; in two classes it teaches nothing."""
    by_size: dict[int, list[tuple[Path, str]]] = defaultdict(list)
    for path, label in images:
        by_size[path.stat().st_size].append((path, label))
    same: dict[bytes, list[tuple[Path, str]]] = defaultdict(list)
    for group in by_size.values():
        if len(group) > 1:
            for path, label in group:
                same[_digest(path)].append((path, label))
    copies = [group for group in same.values() if len(group) > 1]
    torn = [group for group in copies if len({label for _, label in group}) > 1]
    if torn:
        shown_of = few([shown(path) for path, _ in torn[0]])
        said = f"{name} has {counted(len(torn), 'picture')} in more than one class, {shown_of}: one of them is wrong"
        yield _told(Level.MISLEADS, "two-classes", said)
    if len(copies) > len(torn):
        more = sum(len(group) - 1 for group in copies)
        said = f"{name} has {counted(more, 'picture')} that are copies of others: a model is judged by what it has seen"
        yield _told(Level.MISLEADS, "duplicates", said)


def _told(level: Level, name: str, text: str) -> Finding:
    return Finding(level=level, id=name, text=text)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def header(path: Path) -> tuple[str, int, int]:
    """Format, width and height of a picture.

    Raises:
        ValueError: It is neither PNG nor JPEG, or ends before it tells.
    """
    with path.open("rb") as file:
        start = file.read(24)
        if start.startswith(_PNG):
            if start[12:16] != b"IHDR":
                raise ValueError("no header")
            width, height = struct.unpack(">II", start[16:24])
            return "png", width, height
        if start.startswith(_JPEG):
            file.seek(2)
            height, width = _frame(file)
            return "jpeg", width, height
    raise ValueError("neither PNG nor JPEG")


def _frame(file: IO[bytes]) -> tuple[int, int]:
    while True:
        byte = file.read(1)
        if byte != b"\xff":
            raise ValueError("no marker")
        while byte == b"\xff":
            byte = file.read(1)
        (size,) = struct.unpack(">H", file.read(2))
        if byte and byte[0] in _FRAMES:
            height, width = struct.unpack(">xHH", file.read(5))
            return height, width
        file.seek(size - 2, os.SEEK_CUR)
