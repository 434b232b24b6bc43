"""What can be seen in a local folder of images before it is uploaded. Standard library only."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .enums import ContentType
from .fields import counted, listed, some, unfit

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


@dataclass(frozen=True)
class Extent:
    """How much a folder holds."""

    files: int
    size: int
    """Bytes."""


def extent_of(folder: Path) -> Extent:
    """How much of a folder is uploaded; no file is opened."""
    sizes = [path.stat().st_size for path in files_of(folder)]
    return Extent(len(sizes), sum(sizes))


def read_images(folder: Path) -> ImageFolder:
    """Look at every file of a folder that is not hidden; of each image at its first bytes."""
    try:
        files = list(files_of(folder))
        named = [path for path in files if path.suffix.lower() in IMAGE_STARTS]
        images = [path for path in named if _begins_as_named(path)]
    except OSError as error:
        return ImageFolder(ContentType.IMAGE, {}, (f"cannot be read: {error.strerror} ('{error.filename}')",), ())
    if strange := [path for path in files if not _is_utf8(path.relative_to(folder))]:
        names = ", ".join(ascii(str(path.relative_to(folder))) for path in strange[:_MOST_NAMED])
        return ImageFolder(ContentType.IMAGE, {}, (f"holds files whose names are no UTF-8: {names}",), ())
    problems = [
        f"holds what is no image by its {aspect} ({counted(len(paths), 'file')}): {_some(paths, folder)}"
        for aspect, paths in (("name", _without(files, named)), ("content", _without(named, images)))
        if paths
    ]
    if not files:
        problems.append(f"holds no image ({', '.join(IMAGE_STARTS)})")
    classes = Counter(path.relative_to(folder).parts[0] for path in images if path.parent != folder)
    loose = [path for path in images if path.parent == folder]
    return ImageFolder(
        _content_type(images), dict(sorted(classes.items())), tuple(problems), tuple(_doubts(classes, loose))
    )


def _is_utf8(path: Path) -> bool:
    """Whether a name is text; Python keeps bytes that are none as halves of surrogates."""
    return unfit(str(path)) is None


def _doubts(classes: Mapping[str, int], loose: Sequence[Path]) -> Iterator[str]:
    if loose and classes:
        yield f"holds {counted(len(loose), 'image')} outside of the class folders {listed(sorted(classes))}"
    elif loose:
        yield "holds its images in no class folders, so they have no labels"
    elif len(classes) == 1:
        yield f"holds one class only, {listed(classes)}"


def files_of(folder: Path, *above: Path) -> Iterator[Path]:
    """All that is uploaded: links are followed, but not to a folder around them, which would never end."""
    around = (*above, folder.resolve())
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if not path.is_dir():
            yield path
        elif path.resolve() in around:
            raise OSError(0, "a link leads back to a folder around it", str(path))
        else:
            yield from files_of(path, *around)


def _begins_as_named(path: Path) -> bool:
    start = IMAGE_STARTS[path.suffix.lower()]
    with path.open("rb") as file:
        return file.read(len(start)) == start


def _without(paths: Sequence[Path], others: Sequence[Path]) -> list[Path]:
    return sorted(set(paths) - set(others))


def _content_type(images: Sequence[Path]) -> ContentType:
    suffixes = {path.suffix.lower() for path in images}
    if suffixes == {".png"}:
        return ContentType.PNG
    return ContentType.JPEG if suffixes and ".png" not in suffixes else ContentType.IMAGE


def _some(paths: Sequence[Path], folder: Path) -> str:
    return some([path.relative_to(folder).as_posix() for path in paths], _MOST_NAMED)
