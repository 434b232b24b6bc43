"""What can be seen in a local folder of images before it is uploaded. Standard library only."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .enums import ContentType
from .fields import counted, listed

IMAGE_STARTS: Final[Mapping[str, bytes]] = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
}
"""How files of these names begin."""

_MOST_NAMED: Final = 3


@dataclass(frozen=True)
class ImageFolder:
    """A local folder of images."""

    content_type: ContentType
    """PNG or JPEG where all images are that, else both."""

    classes: Mapping[str, int]
    """How many images each class folder holds."""

    problems: tuple[str, ...]
    """What is wrong with the folder by itself, each as a sentence that follows the prop's name."""

    doubts: tuple[str, ...]
    """What surely is a mistake if the service reads folders as classes; no page of AWS says that it does."""


def read_images(folder: Path) -> ImageFolder:
    """Look at every file of a folder; of each image at its first bytes."""
    images: list[Path] = []
    strangers: list[Path] = []
    broken: list[Path] = []
    for path in _files(folder):
        start = IMAGE_STARTS.get(path.suffix.lower())
        if start is None:
            strangers.append(path)
        elif not _begins_with(path, start):
            broken.append(path)
        else:
            images.append(path)
    problems = []
    if strangers:
        problems.append(
            f"holds {counted(len(strangers), 'file')} that is no image by its name: {_some(strangers, folder)}"
        )
    if broken:
        problems.append(
            f"holds {counted(len(broken), 'image')} that cannot be one by its content: {_some(broken, folder)}"
        )
    if not images and not problems:
        problems.append("holds no image (.png, .jpg, .jpeg)")
    classes = Counter(path.relative_to(folder).parts[0] for path in images if path.parent != folder)
    loose = [path for path in images if path.parent == folder]
    return ImageFolder(
        _content_type(images), dict(sorted(classes.items())), tuple(problems), tuple(_doubts(classes, loose))
    )


def _doubts(classes: Mapping[str, int], loose: list[Path]) -> Iterator[str]:
    if loose and classes:
        yield f"holds {counted(len(loose), 'image')} outside of the class folders {listed(sorted(classes))}"
    elif loose:
        yield "holds its images in no class folders, so they have no labels"
    elif len(classes) == 1:
        yield f"holds one class only, {listed(classes)}"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))


def _begins_with(path: Path, start: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(start)) == start


def _content_type(images: list[Path]) -> ContentType:
    suffixes = {path.suffix.lower() for path in images}
    if suffixes == {".png"}:
        return ContentType.PNG
    return ContentType.JPEG if suffixes and ".png" not in suffixes else ContentType.IMAGE


def _some(paths: list[Path], folder: Path) -> str:
    rest = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return listed(path.relative_to(folder).as_posix() for path in paths[:_MOST_NAMED]) + rest
