#!/usr/bin/env python3
"""Show what changed between the pinned botocore's model and a newer one's, in the operations that the rehearsal serves.

    python docs/reference/botocore_pin.py            the newest botocore on PyPI
    python docs/reference/botocore_pin.py 1.44.0     that one

MiniStack pins botocore, and the rehearsal judges requests by the pinned model: a member that a newer client sends is
refused by its name. A change shown here is one that users of a newer client may meet.
"""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import botocore
from botocore.loaders import Loader
from botocore.model import ServiceModel

from constructs_lib.rehearsal.cloud.service import served

Facts = dict[str, dict[str, Any]]
"""What a model says of each member, by the way to it."""

_LIMITS = ("min", "max", "pattern", "enum")


def main(arguments: list[str]) -> int:
    """Print the changes; 1 if there are any."""
    with TemporaryDirectory() as name:
        wheel = _download(Path(name), *arguments)
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(name)
        newer = Loader(extra_search_paths=[str(Path(name) / "botocore" / "data")], include_default_search_paths=False)
        lines = [line for service in served() for line in changes(service, Loader(), newer)]
    print(f"{len(lines)} changes from botocore {botocore.__version__} to {wheel.name.split('-')[1]}")  # noqa: T201
    print(*lines, sep="\n")  # noqa: T201
    return 1 if lines else 0


def changes(service: str, ours: Loader, newer: Loader) -> Iterator[str]:
    """What is new, gone or different in the operations of a service that are served."""
    before, after = (
        ServiceModel(loader.load_service_model(service, "service-2"), service_name=service) for loader in (ours, newer)
    )
    for operation in served()[service]:
        if operation not in after.operation_names:
            yield f"{operation} is gone"
            continue
        yield from differences(facts(before, operation), facts(after, operation))


def facts(model: ServiceModel, operation: str) -> Facts:
    """What a model says of an operation."""
    of, found = model.operation_model(operation), Facts()
    for side, shape in (("input", of.input_shape), ("output", of.output_shape)):
        if shape is not None:
            _collect(shape, f"{operation} {side}", found, ())
    return found


def differences(before: Facts, after: Facts) -> Iterator[str]:
    """Each difference as a line; what lies within something new or gone is not told."""
    top = "nothing yet"
    for way in sorted({*before, *after}):
        if way.startswith(tuple(f"{top}{mark}" for mark in ".[{")):
            continue
        if way in before and way in after:
            for fact, old in before[way].items():
                if old != after[way][fact]:
                    yield f"{way}: {fact} was {_shown(old)}, is {_shown(after[way][fact])}"
            continue
        top = way
        if way in before:
            yield f"{way} is gone"
        else:
            yield f"{way} is new: {after[way]['type']}{' (required)' if after[way]['required'] else ''}"


def _collect(shape: Any, way: str, found: Facts, within: tuple[str, ...], *, required: bool = False) -> None:
    limits: Mapping[str, Any] = shape.metadata
    found[way] = {"type": shape.type_name, "required": required, **{limit: limits.get(limit) for limit in _LIMITS}}
    if shape.name in within:  # a shape that contains itself
        return
    within = (*within, shape.name)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            _collect(member, f"{way}.{name}", found, within, required=name in shape.required_members)
    elif shape.type_name == "list":
        _collect(shape.member, f"{way}[]", found, within)
    elif shape.type_name == "map":
        _collect(shape.key, f"{way}{{key}}", found, within)
        _collect(shape.value, f"{way}{{}}", found, within)


def _shown(fact: object) -> str:
    return ", ".join(map(str, fact)) if isinstance(fact, list) else str(fact)


def _download(folder: Path, version: str = "") -> Path:
    package = f"botocore=={version}" if version else "botocore"
    # The environment that `dev.py` makes has no pip of its own.
    python = Path(sys.base_prefix, *(["python.exe"] if os.name == "nt" else ["bin", "python3"]))
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--only-binary", ":all:", "--dest", str(folder), package], check=True)
    return next(folder.glob("botocore-*.whl"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
