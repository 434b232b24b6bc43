"""What is seen in a local manifest before it is uploaded, and in which words."""

import json
from pathlib import Path

import pytest

from constructs_lib.api.enums import S3DataType
from constructs_lib.api.manifestfile import problems_with_manifest

WITHIN = "s3://bucket/images/"
LINE = json.dumps({"source-ref": f"{WITHIN}1.png", "class": 1, "class-metadata": {"confidence": 1}})
LIST = json.dumps([{"prefix": WITHIN}, "1.csv", "deep/2.csv"])


def problems(tmp_path: Path, content: str | bytes, data_type: S3DataType, within: str | None = WITHIN) -> list[str]:
    path = tmp_path / "manifest"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return problems_with_manifest(path, data_type, within)


def listing(tmp_path: Path, content: str | bytes, within: str | None = WITHIN) -> list[str]:
    return problems(tmp_path, content, S3DataType.MANIFEST_FILE, within)


def lines(tmp_path: Path, content: str | bytes, within: str | None = WITHIN) -> list[str]:
    return problems(tmp_path, content, S3DataType.AUGMENTED_MANIFEST_FILE, within)


# ------------------------------------------------------------------------------------------------------------- a list


@pytest.mark.parametrize(
    "content", [LIST, f"\ufeff{LIST}\r\n", LIST.replace(",", ",\r\n\r\n"), LIST.replace("1", "目")]
)
def test_a_sound_list_passes(tmp_path: Path, content: str) -> None:
    assert listing(tmp_path, content) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is no JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[\n{]", "is no JSON: Expecting property name enclosed in double quotes: line 2 column 2 (char 3)"),
        (LINE + "\n" + LINE, f"is no JSON: Extra data: line 2 column 1 (char {len(LINE) + 1})"),
        ("{}", "must be a JSON list whose first item is {'prefix': 's3://...'}, got {} (dict)"),
        ("[]", "must be a JSON list whose first item is {'prefix': 's3://...'}, got [] (list)"),
        ('["1.csv", "2.csv"]', "must begin with {'prefix': 's3://...'}, got '1.csv' (str)"),
        ('[{"prefix": 3}, "a"]', "must begin with {'prefix': 's3://...'}, got {'prefix': 3} (dict)"),
        ('[{"prefix": "bucket/"}, "a"]', "must begin with {'prefix': 's3://...'}, got {'prefix': 'bucket/'} (dict)"),
        (json.dumps([{"prefix": WITHIN}]), "lists no object after its prefix"),
        (json.dumps([{"prefix": WITHIN}, "a", 5]), "must list keys as text, got 5 (int)"),
        (json.dumps([{"prefix": WITHIN}, "a", {"key": "b"}]), "must list keys as text, got {'key': 'b'} (dict)"),
        (json.dumps([{"prefix": WITHIN}, ""]), "must list keys as text, got '' (str)"),
        (
            json.dumps([{"prefix": "s3://bucket/"}, "images/1.png", "other/2.png"]),
            "names 's3://bucket/other/2.png', which does not lie below 's3://bucket/images/'",
        ),
        (
            json.dumps([{"prefix": "s3://another/images/"}, "1.png"]),
            "names 's3://another/images/1.png', which does not lie below 's3://bucket/images/'",
        ),
        ("größe".encode("latin-1"), "is not UTF-8: byte 0xf6 cannot be decoded"),
    ],
)
def test_a_list_that_is_wrong_says_why(tmp_path: Path, content: str | bytes, problem: str) -> None:
    assert listing(tmp_path, content) == [problem]


# ---------------------------------------------------------------------------------------------------- an augmented one


@pytest.mark.parametrize(
    "content",
    [
        LINE,
        f"\ufeff{LINE}\r\n\r\n{LINE}\r\n",
        f"\n\n{LINE}\n   \n",
        json.dumps({"source-ref": f"{WITHIN}größe.png", "klasse 目": "a\u2028b\u0085c"}, ensure_ascii=False),
    ],
    ids=["one line", "byte order mark, CRLF", "blank lines", "line ends of Unicode's own within a label"],
)
def test_sound_lines_pass(tmp_path: Path, content: str) -> None:
    assert lines(tmp_path, content) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "has no lines"),
        (" \r\n\n", "has no lines"),
        (f"{LINE}\n\nno\n{LINE}", "has no JSON in line 3: Expecting value at character 1"),
        (f"{LINE}{LINE}", f"has no JSON in line 1: Extra data at character {len(LINE) + 1}"),
        (f"{LINE}\n[1]", "must have a JSON object in line 2, got [1] (list)"),
        ('{"class": 1}', "must have 'source-ref' with an s3:// URI in line 1, got None (NoneType)"),
        (
            '{"source-ref": "1.png", "class": 1}',
            "must have 'source-ref' with an s3:// URI in line 1, got '1.png' (str)",
        ),
        ('{"source-ref": 5, "class": 1}', "must have 'source-ref' with an s3:// URI in line 1, got 5 (int)"),
        (json.dumps({"source-ref": f"{WITHIN}1"}), "has no label beside 'source-ref' in line 1"),
        (
            json.dumps({"source-ref": f"{WITHIN}1", "class-metadata": {}}),
            "has no label beside 'source-ref' in line 1",
        ),
        (
            json.dumps({"source-ref": "s3://bucket/other/1.png", "class": 1}),
            "names 's3://bucket/other/1.png', which does not lie below 's3://bucket/images/'",
        ),
        (f"{LINE}\n".encode("utf-16"), "is not UTF-8: byte 0xff cannot be decoded"),
    ],
)
def test_a_line_that_is_wrong_says_why(tmp_path: Path, content: str | bytes, problem: str) -> None:
    assert lines(tmp_path, content) == [problem]


# --------------------------------------------------------------------------------------------------------------- both


def test_places_that_are_not_known_yet_are_not_judged(tmp_path: Path) -> None:
    assert lines(tmp_path, LINE, within=None) == listing(tmp_path, LIST, within=None) == []


@pytest.mark.parametrize(
    ("count", "told", "rest"),
    [(5, 5, []), (6, 5, ["has 1 more problem like these"]), (9999, 5, ["has 9994 more problems like these"])],
)
def test_of_many_problems_the_first_five_are_told(tmp_path: Path, count: int, told: int, rest: list[str]) -> None:
    expected = [f"has no JSON in line {n}: Expecting value at character 1" for n in range(1, told + 1)]
    assert lines(tmp_path, "no\n" * count) == expected + rest


def test_a_long_manifest_is_read_to_its_end(tmp_path: Path) -> None:
    assert lines(tmp_path, f"{LINE}\n" * 50_000 + "[]") == ["must have a JSON object in line 50001, got [] (list)"]


def test_a_manifest_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert problems_with_manifest(tmp_path / "no", S3DataType.MANIFEST_FILE, None) == [
        "cannot be read: No such file or directory"
    ]


@pytest.mark.parametrize("content", ["[" * 100_000, "[" + "1" * 5000 + "]"], ids=["deep", "long number"])
@pytest.mark.parametrize("kind", [S3DataType.MANIFEST_FILE, S3DataType.AUGMENTED_MANIFEST_FILE])
def test_manifest_that_python_cannot_read_is_told(tmp_path: Path, content: str, kind: S3DataType) -> None:
    path = tmp_path / "manifest"
    path.write_text(content, encoding="utf-8")
    (told,) = problems_with_manifest(path, kind, None)
    assert told.startswith(("is no JSON: ", "has no JSON that can be read in line 1: "))


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (['{"source-ref": "s3://b/1", "class": null}'], "has no value for the label 'class' in line 1"),
        (
            ['{"source-ref": "s3://b/1", "class": 0}', '{"source-ref": "s3://b/2", "klass": 1}'],
            "has the label 'klass' in line 2, and 'class' in line 1",
        ),
    ],
)
def test_label_has_a_value_and_one_name(tmp_path: Path, lines: list[str], problem: str) -> None:
    path = tmp_path / "manifest"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert problems_with_manifest(path, S3DataType.AUGMENTED_MANIFEST_FILE, None) == [problem]
