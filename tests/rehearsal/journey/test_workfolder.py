"""Where a rehearsal works: what killed ones have left is removed, and a place without room is said."""

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from constructs_lib.rehearsal.failures import CannotStartError, CheckFailedError
from constructs_lib.rehearsal.workfolder import LOCK, PREFIX, remove_left_behind, work_folder

HOLDS = """
import sys, time
from pathlib import Path
from constructs_lib.rehearsal.workfolder import work_folder
with work_folder(None) as folder:
    (folder / "log").write_text("busy")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def another() -> Iterator["subprocess.Popen[str]"]:
    """A process that works in a folder of its own."""
    process = subprocess.Popen([sys.executable, "-c", HOLDS], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def folder_of(process: "subprocess.Popen[str]") -> Path:
    assert process.stdout is not None
    return Path(process.stdout.readline().strip())


def test_folder_is_ours_while_we_work_and_goes_with_all_temporary_files(temporary: Path) -> None:
    with work_folder(None) as folder:
        assert folder.parent == temporary
        remove_left_behind(temporary)
        assert folder.is_dir()
        assert Path(tempfile.mkdtemp()).is_relative_to(folder)
        assert Path(os.environ["TMPDIR"]).is_relative_to(folder)
    assert list(temporary.iterdir()) == []
    assert (os.environ["TMPDIR"], tempfile.gettempdir()) == (str(temporary), str(temporary))


def test_next_rehearsal_removes_what_a_killed_one_has_left(another: "subprocess.Popen[str]", temporary: Path) -> None:
    left = folder_of(another)
    with work_folder(None):
        assert (left / "log").is_file(), "its process is there"
    another.send_signal(signal.SIGKILL)
    another.wait()
    assert (left / "log").is_file()

    with work_folder(None) as folder:
        assert list(temporary.iterdir()) == [folder]


def test_nothing_else_is_removed(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = temporary.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    (temporary / f"{PREFIX}file").touch()
    for name in (f"{PREFIX}new", f"{PREFIX}locklink", "other"):
        (temporary / name).mkdir()
    (temporary / "other" / LOCK).touch()
    (temporary / f"{PREFIX}locklink" / LOCK).symlink_to(elsewhere / LOCK)
    before = sorted(temporary.iterdir())

    remove_left_behind(temporary)
    assert sorted(temporary.iterdir()) == before
    assert (elsewhere / LOCK).is_file()

    (temporary / f"{PREFIX}theirs").mkdir()
    (temporary / f"{PREFIX}theirs" / LOCK).touch()
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    remove_left_behind(temporary)
    assert (temporary / f"{PREFIX}theirs").is_dir()
    monkeypatch.undo()
    remove_left_behind(temporary)
    assert not (temporary / f"{PREFIX}theirs").exists()


def free(monkeypatch: pytest.MonkeyPatch, *megabytes: int) -> None:
    """What is free at each look."""
    looks = iter(megabytes)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=next(looks) << 20))


def test_disk_without_room_is_said_before_anything_begins(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 99, 99)
    with pytest.raises(CannotStartError) as refused, work_folder(None):
        pass
    assert str(refused.value) == (
        f"{temporary}: no space left (99 MB are free, a rehearsal needs 100); set TMPDIR to a folder with room"
    )
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("error", [CheckFailedError("cdk deploy failed"), CannotStartError("it did not synthesize")])
def test_whatever_fails_on_a_full_disk_fails_for_that(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(type(error), match=str(error)), work_folder(None):
        raise error
    free(monkeypatch, 200, 1)
    with pytest.raises(CannotStartError, match=r"no space left \(1 MB are free"), work_folder(None):
        raise error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_write_that_fails_for_want_of_room_is_said_in_one_line(number: int) -> None:
    with pytest.raises(CannotStartError) as refused, work_folder(None):
        raise OSError(number, os.strerror(number), "/full/log")
    assert str(refused.value) == f"/full/log: {os.strerror(number)}; set TMPDIR to a folder with room"
    with pytest.raises(BrokenPipeError), work_folder(None):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def test_no_place_for_temporary_files_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(CannotStartError) as refused, work_folder(None):
        pass
    assert str(refused.value) == ("No usable temporary directory found in ['/tmp']: set TMPDIR to a folder with room")


def test_folder_to_keep_is_kept(tmp_path: Path) -> None:
    with work_folder(tmp_path / "kept") as folder:
        (folder / "log").write_text("all of it")
    assert (tmp_path / "kept" / "log").read_text() == "all of it"
    assert not (tmp_path / "kept" / LOCK).exists()


@pytest.mark.parametrize("there_already", [False, True])
def test_nobody_else_can_look_into_the_folder(tmp_path: Path, *, there_already: bool) -> None:
    kept = tmp_path / "kept"
    if there_already:
        kept.mkdir(mode=0o755)
    for keep in (None, kept):
        with work_folder(keep) as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (tmp_path / "link").symlink_to(theirs)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    for keep in (theirs, tmp_path / "link"):
        with pytest.raises(CannotStartError) as refused, work_folder(keep):
            pass
        assert str(refused.value) == f"--keep {keep}: the folder belongs to another user"


def test_folder_that_is_not_empty_stays_as_open_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "file").touch()
    with pytest.raises(CannotStartError, match="the folder is not empty"), work_folder(tmp_path):
        pass
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
