"""Which files somebody means: one, those of a folder, or those that a manifest lists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from constructs_lib.api.datafolder import IMAGE_STARTS, files_of
from constructs_lib.api.enums import S3DataType
from constructs_lib.api.fields import json_of
from constructs_lib.api.manifestfile import SOURCE, problems_with_manifest
from constructs_lib.engines.target import counted, few

MANIFESTS: Final = (".manifest", ".json", ".jsonl")
"""How the names of manifests end."""

_NO_DATA: Final = "_"
_SCHEME: Final = re.compile(r"s3://[^/]+/")


class WrongCall(ValueError):  # noqa: N818 - what the user did, as its exit code says
    """What is asked for is not there."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Files to look at."""

    name: str
    """What they are called together."""

    files: tuple[Path, ...] = ()
    """Tables, in order."""

    folder: Path | None = None
    """Of pictures, in folders that are called as their classes."""

    pictures: tuple[tuple[Path, str], ...] = ()
    """Pictures and their classes, by an augmented manifest."""

    errors: tuple[str, ...] = ()
    """What is wrong with the manifest."""


def source_of(path: Path) -> Source:
    """What lies at a path.

    Raises:
        WrongCall: There is nothing, or nothing that can be read.
    """
    shown = repr(str(path))
    try:
        if path.is_dir():
            return _of_folder(path)
        if not path.is_file():
            if path.parts[:1] == ("s3:",):
                raise WrongCall("nothing is read from S3 here: copy it to this machine first (aws s3 cp)")
            raise WrongCall(f"there is no file {shown}")
        with path.open("rb") as file:
            file.read(1)
        if path.name.lower().endswith(MANIFESTS):
            return _of_manifest(path)
    except OSError as error:
        raise WrongCall(f"{shown} cannot be read: {error.strerror}") from error
    return Source(name=path.name, files=(path,))


def _of_folder(path: Path) -> Source:
    files = [file for file in files_of(path) if not file.name.startswith(_NO_DATA)]
    if not files:
        raise WrongCall(f"'{path}' is an empty folder")
    name = path.resolve().name
    if any(file.suffix.lower() in IMAGE_STARTS for file in files):
        return Source(name=name, folder=path)
    return Source(name=name, files=tuple(sorted(files, key=lambda file: _natural(file.relative_to(path)))))


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """`part-9` before `part-10`, as HYPERPARAMETER_TUNING reads files."""
    parts = re.split(r"(\d+)", path.as_posix())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]


def _of_manifest(path: Path) -> Source:
    """The files of a manifest lie beside it: each is looked for by the longest end of its key that is there."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    is_list = text.lstrip().startswith("[")
    kind = S3DataType.MANIFEST_FILE if is_list else S3DataType.AUGMENTED_MANIFEST_FILE
    if problems := problems_with_manifest(path, kind, None):
        return Source(name=path.name, errors=tuple(f"{path.name} {problem}" for problem in problems))
    if is_list:
        first, *keys = json_of(text)
        files = _beside(path, [first["prefix"] + key for key in keys])
        if any(file.suffix.lower() in IMAGE_STARTS for file in files):
            raise WrongCall(f"{path.name} lists pictures without classes: give their folder, or an augmented manifest")
        return Source(name=path.name, files=tuple(files))
    lines = [json_of(line) for line in text.split("\n") if line.strip()]
    [label, *_] = [key for key in lines[0] if key != SOURCE and not key.endswith("-metadata")]
    files = _beside(path, [line[SOURCE] for line in lines])
    classes = [_class(line, label) for line in lines]
    return Source(name=path.name, pictures=tuple(zip(files, classes, strict=True)))


def _class(line: dict[str, Any], label: str) -> str:
    """The name of a class is in the metadata, where there is one; the label itself is its number then."""
    metadata = line.get(f"{label}-metadata")
    named = metadata.get("class-name") if isinstance(metadata, dict) else None
    return str(named if named is not None else line[label])


def _beside(manifest: Path, uris: Sequence[str]) -> list[Path]:
    found = [_local(manifest.parent, uri) for uri in uris]
    lost = [uri for uri, path in zip(uris, found, strict=True) if path is None]
    if lost:
        raise WrongCall(
            f"{manifest.name} lists {counted(len(lost), 'object')} of which no file lies beside it, {few(lost)}: put "
            "copies into its folder, called as the ends of their keys"
        )
    return [path for path in found if path is not None]


def _local(folder: Path, uri: str) -> Path | None:
    parts = PurePosixPath(_SCHEME.sub("", uri)).parts
    if ".." in parts:
        return None
    ends = (folder.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((path for path in ends if path.is_file()), None)
