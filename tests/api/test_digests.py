"""Another byte is another content, whatever a file's number, size and times say."""

import os
from pathlib import Path

import pytest

from constructs_lib.api.digests import file_digest, folder_digest

TEXT = b"age,churned\n41,yes\n"


@pytest.mark.parametrize(
    "other",
    [b"age,churned\n42,yes\n", TEXT.replace(b"\n", b"\r\n"), TEXT + b"\r", TEXT.replace(b"yes", b"y\xe9s"), b""],
    ids=["a digit", "ends of lines", "one end more", "a letter of another encoding", "nothing"],
)
def test_file_of_other_bytes_has_another_digest(tmp_path: Path, other: bytes) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(TEXT)
    before = file_digest(file)
    file.write_bytes(other)
    changed = file_digest(file)
    file.write_bytes(TEXT)

    assert changed != before
    assert file_digest(file) == before


def test_letters_that_are_no_utf8_are_told_apart(tmp_path: Path) -> None:
    """The CDK's own hash takes both for the same sign."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"caf\xe9")
    two.write_bytes(b"caf\xe8")

    assert file_digest(one) != file_digest(two)


def test_times_of_a_file_are_no_content(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(TEXT)
    before = file_digest(file)
    os.utime(file, (1, 1))

    assert file_digest(file) == before


def test_names_below_a_folder_are_content_and_their_order_is_not(tmp_path: Path) -> None:
    for name, text in (("yes/1.png", "one"), ("no/1.png", "two")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    files = [tmp_path / "yes" / "1.png", tmp_path / "no" / "1.png"]
    before = folder_digest(tmp_path, files)

    assert folder_digest(tmp_path, reversed(files)) == before
    files[0].rename(tmp_path / "yes" / "2.png")
    assert folder_digest(tmp_path, [tmp_path / "yes" / "2.png", files[1]]) != before


def test_files_that_have_changed_places_are_another_folder(tmp_path: Path) -> None:
    one, two = tmp_path / "1.png", tmp_path / "2.png"
    one.write_text("one")
    two.write_text("two")
    before = folder_digest(tmp_path, [one, two])
    one.write_text("two")
    two.write_text("one")

    assert folder_digest(tmp_path, [one, two]) != before
