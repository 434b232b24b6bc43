"""What is seen in a local folder of images before it is uploaded, and in which words."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from constructs_lib.api.datafolder import ImageFolder, read_images
from constructs_lib.api.enums import ContentType

PNG = b"\x89PNG\r\n\x1a\n and so on"
JPEG = b"\xff\xd8\xff and so on"


def folder_of(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def seen(root: Path, files: Mapping[str, bytes]) -> ImageFolder:
    return read_images(folder_of(root, files))


# ------------------------------------------------------------------------------------------------------- what is sound


@pytest.mark.parametrize(
    ("names", "content_type"),
    [
        ({"a/1.png": PNG, "b/1.PNG": PNG}, ContentType.PNG),
        ({"a/1.jpg": JPEG, "b/1.jpeg": JPEG, "b/2.JPG": JPEG}, ContentType.JPEG),
        ({"a/1.png": PNG, "b/1.jpg": JPEG}, ContentType.IMAGE),
    ],
)
def test_content_type_is_that_of_all_images(
    tmp_path: Path, names: Mapping[str, bytes], content_type: ContentType
) -> None:
    found = seen(tmp_path, names)
    assert (found.content_type, found.problems, found.doubts) == (content_type, (), ())


def test_images_are_counted_by_class_at_any_depth(tmp_path: Path) -> None:
    files = {f"cats/{n}.png": PNG for n in range(300)} | {"größe 目/deep/er/1.png": PNG, "größe 目/2.png": PNG}
    found = seen(tmp_path, files)
    assert (found.classes, found.problems, found.doubts) == ({"cats": 300, "größe 目": 2}, (), ())


def test_what_is_hidden_is_not_looked_at(tmp_path: Path) -> None:
    hidden = {".DS_Store": b"", "a/.DS_Store": b"", ".ipynb_checkpoints/1.png": PNG, "a/.cache/x/notes.txt": b""}
    found = seen(tmp_path, {"a/1.png": PNG, "b/1.png": PNG} | hidden)
    assert found == ImageFolder(ContentType.PNG, {"a": 1, "b": 1}, (), ())


def test_a_hidden_folder_above_does_not_hide_its_images(tmp_path: Path) -> None:
    found = seen(tmp_path / ".data", {"a/1.png": PNG, "b/1.png": PNG})
    assert found.classes == {"a": 1, "b": 1}


def test_links_are_followed(tmp_path: Path) -> None:
    elsewhere = folder_of(tmp_path / "elsewhere", {"1.png": PNG, "more/2.png": PNG})
    folder = folder_of(tmp_path / "images", {"a/1.png": PNG})
    (folder / "a" / "2.png").symlink_to(elsewhere / "1.png")
    (folder / "b").symlink_to(elsewhere)
    (tmp_path / "link").symlink_to(folder)
    assert read_images(tmp_path / "link") == ImageFolder(ContentType.PNG, {"a": 2, "b": 2}, (), ())


# ------------------------------------------------------------------------------------------------------- what is wrong


def problems_of(root: Path, files: Mapping[str, bytes]) -> tuple[str, ...]:
    return seen(root, {"a/1.png": PNG, "b/1.png": PNG, **files}).problems


def test_a_folder_without_images_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert read_images(tmp_path) == ImageFolder(
        ContentType.IMAGE, {}, ("holds no image (.png, .jpg, .jpeg)",), doubts=()
    )


def test_what_is_no_image_by_its_name_is_told_even_when_nothing_else_is_there(tmp_path: Path) -> None:
    assert seen(tmp_path, {"labels.csv": b"a,b\n"}).problems == (
        "holds what is no image by its name (1 file): 'labels.csv'",
    )


def test_of_many_strangers_the_first_three_are_named(tmp_path: Path) -> None:
    assert problems_of(tmp_path, {f"a/größe {n}.txt": b"" for n in range(5)}) == (
        "holds what is no image by its name (5 files): 'a/größe 0.txt', 'a/größe 1.txt', 'a/größe 2.txt' and 2 more",
    )


@pytest.mark.parametrize("content", [b"", b"\x89PNG", JPEG, b"<html>"])
def test_what_is_no_image_by_its_content_is_told(tmp_path: Path, content: bytes) -> None:
    assert problems_of(tmp_path, {"a/2.png": content}) == ("holds what is no image by its content (1 file): 'a/2.png'",)


def test_names_and_contents_are_told_together(tmp_path: Path) -> None:
    assert problems_of(tmp_path, {"a/2.jpg": PNG, "a/3.gif": b"GIF89a"}) == (
        "holds what is no image by its name (1 file): 'a/3.gif'",
        "holds what is no image by its content (1 file): 'a/2.jpg'",
    )


def test_a_link_to_nowhere_is_told(tmp_path: Path) -> None:
    (folder_of(tmp_path, {"a/1.png": PNG}) / "a" / "2.png").symlink_to(tmp_path / "gone.png")
    assert read_images(tmp_path).problems == (f"cannot be read: No such file or directory ('{tmp_path}/a/2.png')",)


@pytest.mark.parametrize("target", ["..", "../a", "../../images"])
def test_a_link_that_leads_back_is_told(tmp_path: Path, target: str) -> None:
    folder = folder_of(tmp_path / "images", {"a/1.png": PNG})
    (folder / "a" / "loop").symlink_to(target)
    assert read_images(folder).problems == (
        f"cannot be read: a link leads back to a folder around it ('{folder}/a/loop')",
    )


# ---------------------------------------------------------------------------------------------------- what is doubtful


@pytest.mark.parametrize(
    ("files", "doubt"),
    [
        (["1.png", "2.png"], "holds its images in no class folders, so they have no labels"),
        (["1.png", "a/1.png", "b/1.png"], "holds 1 image outside of the class folders 'a', 'b'"),
        (["1.png", "2.png", "a/1.png"], "holds 2 images outside of the class folders 'a'"),
        (["a/1.png", "a/2.png"], "holds one class only, 'a'"),
    ],
)
def test_labels_that_folders_cannot_give_are_doubted(tmp_path: Path, files: list[str], doubt: str) -> None:
    found = seen(tmp_path, dict.fromkeys(files, PNG))
    assert (found.problems, found.doubts) == ((), (doubt,))


def test_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")).write_bytes(b"\x89PNG\r\n\x1a\n")
    assert read_images(tmp_path).problems == (r"holds files whose names are no UTF-8: '\udcff.png'",)
