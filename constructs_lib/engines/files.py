"""Opens CSV files, and says in a user's words what is wrong with one."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from .faults import DataFault

PARQUET: Final = b"PAR1"
GZIP: Final = b"\x1f\x8b"


def is_named_parquet(name: str) -> bool:
    """Whether ENSEMBLING takes a file for Parquet, whatever is in it: it goes by the name."""
    return ".parquet" in name or ".pq" in name


@contextmanager
def open_csv(path: Path, *, gzipped: bool) -> Iterator[IO[str]]:
    """The text of a file, its line ends as they are.

    Args:
        path: The file.
        gzipped: Whether it should be compressed; several members are one text.

    Raises:
        DataFault: It cannot be read, is of another format, or no UTF-8; also while it is read within the context.
    """
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
            raw.seek(0)
            _check_format(path.name, start, gzipped=gzipped)
            data = gzip.GzipFile(fileobj=raw) if gzipped and start else raw
            yield io.TextIOWrapper(data, encoding="utf-8-sig", newline="")
    except UnicodeDecodeError as error:
        raise DataFault(f"{path.name} is not UTF-8 text: {_undecodable(path, gzipped=gzipped)}") from error
    except EOFError as error:
        raise DataFault(f"{path.name} is cut off: what is compressed in it goes on where the file ends") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise DataFault(f"{path.name} cannot be decompressed: {error}") from error
    except OSError as error:
        raise DataFault(f"{path.name} cannot be read: {error.strerror or error}") from error


def _check_format(name: str, start: bytes, *, gzipped: bool) -> None:
    if start == PARQUET:
        raise DataFault(f"{name} is a Parquet file, but the channel's content type is CSV")
    if start.startswith(GZIP) and not gzipped:
        raise DataFault(f"{name} is compressed, but the channel's compression type is not Gzip")
    if start and gzipped and not start.startswith(GZIP):
        raise DataFault(f"{name} is not a gzip file, but the channel's compression type is Gzip")


def _undecodable(path: Path, *, gzipped: bool) -> str:
    with gzip.open(path) if gzipped else path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"byte 0x{line[error.start]:02x} in line {number}; save it as UTF-8"
    return "save it as UTF-8"
