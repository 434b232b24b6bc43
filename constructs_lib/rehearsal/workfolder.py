"""The folder that a rehearsal works in, and those that killed rehearsals have left."""

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .failures import CannotStartError, CheckFailedError

PREFIX = "automl-rehearsal-"
MEGABYTE = 1 << 20
NEEDED = 100
"""Megabytes that a rehearsal needs for itself; its data and models come on top."""

LEAST = 2
"""Megabytes below which what fails has failed for want of room."""

_OURS_ALONE = 0o700

LOCK = "in-use"
"""A file that the rehearsal holds locked: the lock goes with its process, however that ends."""


@contextmanager
def work_folder(keep: Path | None) -> Iterator[Path]:
    """A folder of our own, removed at the end; or the new or empty one that the user wants to keep.

    Temporary files of this process lie in it too. Other users cannot look into it.

    Raises:
        CannotStartError: It cannot be made, or there is no room left in it, or for it.
    """
    place = keep or _temporary()
    with _or_no_room(place):
        _require_room(place, NEEDED)
        if keep is None:
            remove_left_behind(place)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX)) if keep is None else _kept(keep)
    try:
        # Inside, so that it looks for room before anything is removed.
        with _or_no_room(folder), _locked(folder), _temporary_files_in(folder / "tmp"):
            yield folder
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:  # none of those that it tries can be written
        raise CannotStartError(f"{error.strerror}: set TMPDIR to a folder with room") from None


@contextmanager
def _or_no_room(place: Path) -> Iterator[None]:
    """Whatever goes wrong where there is no room left, that is why."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        raise CannotStartError(
            f"{error.filename or place}: {error.strerror}; set TMPDIR to a folder with room"
        ) from None
    except (CheckFailedError, CannotStartError):
        _require_room(place, LEAST)
        raise


def _require_room(place: Path, megabytes: int) -> None:
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free // MEGABYTE
    if free < megabytes:
        raise CannotStartError(
            f"{place}: no space left ({free} MB are free, a rehearsal needs {NEEDED}); set TMPDIR to a folder with room"
        )


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Put temporary files there: those of this process, and of programs that get its environment."""
    folder.mkdir()
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        if variable is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = variable


def remove_left_behind(temporary: Path) -> None:
    """Remove the folders of this user's rehearsals whose processes are gone; anything else stays."""
    for folder in temporary.glob(f"{PREFIX}*"):
        with suppress(OSError):  # gone meanwhile, or not ours
            if _is_ours(folder) and _is_left_behind(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def _is_left_behind(folder: Path) -> bool:
    """Whether nobody holds the lock; a folder without one may be about to get it."""
    file = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(file)
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # Locked before it has its name: whoever finds it finds it locked. Programs that are started do not inherit it.
    new = folder / f"{LOCK}.new"
    with new.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lock = new.rename(folder / LOCK)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _kept(keep: Path) -> Path:
    """The folder, closed to other users: whoever reads it can act as the one who rehearses."""
    try:
        keep.mkdir(parents=True, exist_ok=True)
        folder = keep.resolve()
        if not _is_ours(folder):
            raise CannotStartError(f"--keep {keep}: the folder belongs to another user")
        occupied = any(folder.iterdir())
        if not occupied:
            folder.chmod(_OURS_ALONE)
    except OSError as error:
        raise CannotStartError(f"--keep {keep}: {error.strerror}") from None
    if occupied:
        raise CannotStartError(f"--keep {keep}: the folder is not empty")
    return folder
