"""Data that an app expects to be in S3 already."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from .account import split
from .failures import CannotStartError


@dataclass(frozen=True)
class Seed:
    """A local file or folder, and where in S3 it has to be before the app is deployed."""

    uri: str
    local: Path

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `s3://bucket/prefix=LOCAL`."""
        uri, equals, local = text.partition("=")
        bucket, _ = split(uri)
        if not equals or not uri.startswith("s3://") or not bucket:
            raise CannotStartError(f"--seed {text!r} is not of the form s3://BUCKET/PREFIX=LOCAL")
        path = Path(local)
        if not path.exists():
            raise CannotStartError(f"--seed: there is no file or folder {local!r}")
        return cls(uri, path)

    def upload(self, s3: Any) -> int:
        """Upload into a bucket made if it is missing; returns how many objects."""
        bucket, prefix = split(self.uri)
        if bucket not in [found["Name"] for found in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=bucket)
        objects = list(self.objects(prefix))
        for file, key in objects:
            with file.open("rb") as body:
                s3.put_object(Bucket=bucket, Key=key, Body=body)
        return len(objects)

    def objects(self, prefix: str) -> list[tuple[Path, str]]:
        """The files and their keys; a single file's key is the prefix itself, unless that ends in a slash."""
        if self.local.is_file():
            return [(self.local, prefix + self.local.name if not prefix or prefix.endswith("/") else prefix)]
        below = f"{prefix.rstrip('/')}/".lstrip("/")
        files = sorted(file for file in self.local.rglob("*") if file.is_file())
        return [(file, below + file.relative_to(self.local).as_posix()) for file in files]
