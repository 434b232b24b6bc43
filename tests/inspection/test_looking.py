"""What `automl inspect` finds in tables, folders, manifests, time series, texts and pictures, and how it shows it."""

import json
import re
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli import main
from constructs_lib.cli.inspection import FAILS, FINE, WRONG_CALL
from constructs_lib.inspection.bars import bar, heights
from constructs_lib.inspection.pictures import header
from constructs_lib.inspection.screen import as_text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> dict[str, Any]:
    assert main(["inspect", *arguments, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def texts(found: dict[str, Any], level: str, name: str) -> list[str]:
    return [each["text"] for each in found["findings"] if (each["level"], each["id"]) == (level, name)]


def write(path: Path, header_: str, rows: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header_, *rows, ""]))
    return path


LABELS = ["no", "yes", "no"]


@pytest.mark.parametrize(
    ("cell", "level", "name", "said"),
    [
        (lambda row: f"u{row:05}", "misleads", "identifier", "column 'x' has another word in each of the 600 rows"),
        (
            lambda row: str(row + 7),
            "misleads",
            "identifier",
            "column 'x' has another whole number in each of the 600 rows",
        ),
        (
            lambda row: str(row % 3 == 1),
            "misleads",
            "copies-target",
            "column 'x' says what 'y' says ('False' is 'no', ",
        ),
        (lambda row: "" if row % 3 else str(row % 9), "misleads", "heavy-missing", "no value in 400 of 600 rows (67%)"),
        (
            lambda row: f"202401{row % 28 + 1:02}",
            "misleads",
            "dates-not-read",
            "holds days of eight digits, '20240101'",
        ),
        (lambda row: f"2024-W{row % 40 + 10}", "misleads", "dates-not-read", "holds weeks, '2024-W10' and the like"),
        (lambda row: "a" if row else "b", "note", "nearly-constant", "column 'x' is 'a' in 599 of the 600 rows"),
        (
            lambda row: "NA" if row == 5 else "a" * (row % 2 + 1),
            "note",
            "words-for-missing",
            "column 'x' has 'NA' (1): no",
        ),
        (lambda row: str(row % 11), "note", "same-column", "column 'x' has the same cells as 'z'"),
    ],
)
def test_findings_of_columns(
    cell: Any, level: str, name: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{row % 11},{cell(row)},{LABELS[row % 3]}" for row in range(600)]
    write(folder / "data.csv", "z,x,y", rows)

    found = told(capsys, "data.csv", "--target", "y", code=FINE)

    [text] = texts(found, level, name)
    assert said in text


def test_what_is_well_is_not_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{row % 11},{row / 7:.3f},{LABELS[row % 3]}" for row in range(600)]
    write(folder / "data.csv", "z,x,y", rows)

    assert told(capsys, "data.csv", "--target", "y", code=FINE)["findings"] == []


def test_how_near_another_problem_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "data.csv", "x,y", [f"{row % 11}.5,{row % 49}" for row in range(500)])

    near = told(capsys, "data.csv", "--target", "y", "--mode", "ensembling", code=FINE)["near"]
    main(["inspect", "data.csv", "--target", "y", "--mode", "ensembling"])

    assert near == [
        {"labels": 2, "problem_type": "Regression"},
        {"labels": -47, "problem_type": "BinaryClassification"},
    ]
    assert "with 2 more different values in as many rows: Regression" in capsys.readouterr().out


def test_a_folder_is_one_table_in_natural_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for part in (10, 9, 2):
        write(folder / f"data/part-{part}.csv", "x,y", [f"{row % 11}.5,{LABELS[row % 3]}" for row in range(300)])
    write(folder / "data/_SUCCESS", "", [])
    write(folder / "data/.hidden", "a", [])

    found = told(capsys, "data", "--target", "y", code=FINE)

    assert (found["rows"], found["files"]) == (900, ["part-2.csv", "part-9.csv", "part-10.csv"])


def test_a_folder_with_two_headers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "data/a.csv", "x,y", ["1,a"])
    write(folder / "data/b.csv", "x,z", ["1,a"])

    assert told(capsys, "data", "--target", "y", code=FAILS)["errors"] == [
        "data b.csv has another header than a.csv: 'x', 'z'"
    ]


def test_a_manifest_of_files_beside_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.csv", "more/b.csv"):
        write(folder / "data" / name, "x,y", [f"{row % 11}.5,{LABELS[row % 3]}" for row in range(300)])
    (folder / "data/all.manifest").write_text(json.dumps([{"prefix": "s3://bucket/churn/"}, "a.csv", "more/b.csv"]))

    found = told(capsys, "data/all.manifest", "--target", "y", code=FINE)

    assert (found["rows"], found["files"]) == (600, ["a.csv", "b.csv"])


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('[{"prefix": "s3://b/"}, "a.csv"]', WRONG_CALL, "of which no file lies beside it, 's3://b/a.csv'"),
        ('[{"prefix": "s3://b/"}, "../a.csv"]', WRONG_CALL, "of which no file lies beside it"),
        ('[{"prefix": "s3://b/"}, "p.png"]', WRONG_CALL, "all.manifest lists pictures without classes"),
        ('["a.csv"]', FAILS, "all.manifest must begin with {'prefix': 's3://...'}"),
    ],
)
def test_a_manifest_that_does_not_do(
    text: str, code: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "all.manifest").write_text(text)
    (folder / "p.png").write_bytes(b"")

    assert main(["inspect", "all.manifest", "--target", "y"]) == code
    printed = capsys.readouterr()
    assert said in printed.out + printed.err


def days(item: str, numbers: list[int], value: str = "1") -> list[str]:
    return [f"{item},2024-{1 + number // 28:02}-{1 + number % 28:02},{value}" for number in numbers]


SERIES = ("--target", "units", "--timestamp", "day", "--item", "shop")


def test_time_series(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*days("a", list(range(28))), *days("b", [*range(10), *range(13, 28), 5])]
    write(folder / "demand.csv", "shop,day,units", rows)

    found = told(capsys, "demand.csv", *SERIES, "--horizon", "8", code=FAILS)

    assert {key: found[key] for key in ("items", "frequency", "frequency_guessed", "steps", "gaps", "duplicates")} == {
        "items": 2,
        "frequency": "1D",
        "frequency_guessed": True,
        "steps": 28,
        "gaps": 3,
        "duplicates": 1,
    }
    assert found["longest_horizon"] == 7
    assert found["errors"] == ["demand.csv allows a horizon of 7, at most a quarter of the 28 steps; 8 is asked for"]
    assert texts(found, "note", "gaps") == [
        "demand.csv has 3 of 56 steps without a row, in 1 of 2 series: 'b' (3); 'filling' says what stands for them"
    ]
    assert "1 row with an item and a time that came before" in texts(found, "misleads", "duplicates")[0]


@pytest.mark.parametrize(
    ("rows", "arguments", "said"),
    [
        (days("a", list(range(9)), "many"), (), "demand.csv has no number in 9 rows: 'many'"),
        (["a,Q1 2024,1", "a,Q2 2024,2"], (), "write the day that it begins with, 2024-01-01"),
        (days("a", [1]), (), "demand.csv does not tell how far apart its steps are: give --frequency"),
        (days("a", list(range(9))), ("--frequency", "5X"), "the forecast frequency '5X' is not one of"),
        ([f"{row},2024-01-{row:02},1" for row in range(1, 9)], ("--frequency", "1D"), "no series has two steps"),
        ([], (), "demand.csv"),
    ],
)
def test_time_series_that_fail(
    rows: list[str], arguments: tuple[str, ...], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "demand.csv", "shop,day,units", rows)

    assert said in "\n".join(told(capsys, "demand.csv", *SERIES, *arguments, code=FAILS)["errors"])


@pytest.mark.parametrize(
    ("moments", "frequency"),
    [
        ([f"2024-{month:02}-01" for month in range(1, 13)], "1M"),
        ([f"2024-01-{day:02}" for day in (1, 8, 15, 22, 29)], "1W"),
        ([f"2024-01-01 {hour:02}:00" for hour in range(24)], "1H"),
        ([f"2024-01-01 10:{minute:02}" for minute in range(0, 60, 15)], "15min"),
        ([f"{year}-01-01" for year in range(2000, 2012)], "1Y"),
        (["2024-01-01", "2024-01-29", "2024-02-26", "2024-03-25", "2024-04-22"], "4W"),
        ([f"2024-{month:02}-01" for month in (1, 4, 7, 10)], "3M"),
    ],
)
def test_the_step_is_guessed(
    moments: list[str], frequency: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "demand.csv", "shop,day,units", [f"a,{moment},1" for moment in moments])

    assert told(capsys, "demand.csv", *SERIES, code=FINE)["frequency"] == frequency


def test_texts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"text number {row % 90},{'abc'[row % 3]}" for row in range(100)]
    write(folder / "reviews.csv", "review,stars", [*rows, ",a", "text number 1,c"])

    found = told(capsys, "reviews.csv", "--target", "stars", "--text", "review", code=FINE)

    assert (found["rows"], found["rows_used"], found["class_count"], found["duplicates"]) == (102, 101, 3, 11)
    assert texts(found, "misleads", "two-classes") == [
        "reviews.csv has 1 text with more than one class: one of them is wrong"
    ]
    assert texts(found, "note", "no-text") == ["reviews.csv has 1 row without a text in 'review'"]


def test_texts_of_one_class(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "reviews.csv", "review,stars", ["good,5", "bad,5"])

    assert told(capsys, "reviews.csv", "--target", "stars", "--text", "review", code=FAILS)["errors"] == [
        "reviews.csv needs two different classes in 'stars'; it has '5'"
    ]


def png(width: int, height: int, colour: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress(b"".join(b"\0" + bytes([colour]) * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc2\x00\x0b\x08\x00\x10\x00\x20\x01\x11\x00"


def test_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label, count in (("cat", 12), ("dog", 3)):
        (folder / "pets" / label).mkdir(parents=True)
        for number in range(count):
            (folder / "pets" / label / f"{number}.png").write_bytes(png(20 + number, 30, number))
    (folder / "pets/dog/a.jpg").write_bytes(JPEG)

    found = told(capsys, "pets", code=FINE)

    assert (found["images"], found["formats"]) == (16, {"jpeg": 1, "png": 15})
    assert (found["width"], found["height"]) == ({"minimum": 20, "maximum": 32}, {"minimum": 16, "maximum": 30})
    assert found["class_rows"][0] == {"class": "cat", "rows": 12, "share": 0.75}
    assert texts(found, "misleads", "two-classes") == [
        "pets has 3 pictures in more than one class, 'cat/0.png', 'dog/0.png': one of them is wrong"
    ]
    assert texts(found, "misleads", "small-classes") == ["pets has classes of fewer than 10 pictures: 'dog'"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("cat/x.png", png(2, 2, 0)[:15], "pets has 1 picture whose beginning is damaged: 'cat/x.png'"),
        ("cat/x.jpg", JPEG[:9], "pets has 1 picture whose beginning is damaged: 'cat/x.jpg'"),
        ("cat/x.jpg", png(2, 2, 0), "pets holds what is no image by its content (1 file): 'cat/x.jpg'"),
        ("cat/notes.txt", b"x", "pets holds what is no image by its name (1 file): 'cat/notes.txt'"),
    ],
)
def test_pictures_that_fail(
    name: str, data: bytes, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "pets/cat").mkdir(parents=True)
    (folder / "pets/cat/good.png").write_bytes(png(3, 3, 1))
    (folder / "pets" / name).write_bytes(data)

    assert said in told(capsys, "pets", code=FAILS)["errors"]


def test_pictures_of_an_augmented_manifest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = []
    for number in range(2):
        (folder / f"{number}.png").write_bytes(png(3, 3, number))
        named = {"source-ref": f"s3://bucket/pets/{number}.png", "pet": number}
        lines.append(json.dumps({**named, "pet-metadata": {"class-name": ["cat", "dog"][number]}}))
    (folder / "pets.manifest").write_text("\n".join(lines))

    assert told(capsys, "pets.manifest", code=FINE)["classes"] == ["cat", "dog"]


def test_the_header_of_a_jpeg(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG)

    assert header(tmp_path / "a.jpg") == ("jpeg", 32, 16)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "y", "--item", "x"], "--timestamp and --item go together"),
        (["--target", "y", "--item", "x", "--timestamp", "t", "--text", "c"], "give one of them"),
        (["--target", "y", "--horizon", "3"], "--frequency and --horizon need --timestamp and --item"),
        (["--target", "y", "--horizon", "0"], "a number of steps from 1 on, got '0'"),
    ],
)
def test_options_that_do_not_go_together(
    arguments: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "data.csv", "x,y", ["1,a"])

    with pytest.raises(SystemExit) as ended:
        main(["inspect", "data.csv", *arguments])

    assert ended.value.code == WRONG_CALL
    assert said in capsys.readouterr().err


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "iframe", "img", "link"}
        self.addresses += [str(value) for name, value in attrs if name in {"src", "href"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_says_what_the_text_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{row},<b>{'abc'[row % 3]},{LABELS[row % 3]}" for row in range(600)]
    write(folder / "data.csv", "x,<script>,y", rows)

    found = told(capsys, "data.csv", "--target", "y", "--html", "out.html", code=FINE)
    text = (folder / "out.html").read_text()

    page = Page()
    page.feed(text)
    assert (page.open, page.addresses) == ([], [])
    shown = re.sub(r"<[^>]+>", " ", text).replace("&#x27;", "'").replace("&lt;", "<").replace("&gt;", ">")
    for each in found["findings"]:
        assert each["text"] in shown
    assert "600, of which 600 are trained on" in shown
    assert "prefers-color-scheme: dark" in text


def test_a_page_that_cannot_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "data.csv", "x,y", ["1,a"])

    assert main(["inspect", "data.csv", "--target", "y", "--html", "no/such/out.html"]) == WRONG_CALL
    assert capsys.readouterr().err == (
        "automl inspect: 'no/such/out.html' cannot be written: No such file or directory\n"
    )


@pytest.mark.parametrize(("share", "drawn"), [(0, ""), (0.001, "▏"), (0.5, "█▌"), (1, "███"), (2, "███")])
def test_bar(share: float, drawn: str) -> None:
    assert bar(share, 3) == drawn


def test_heights() -> None:
    assert heights([0, 1, 7, 14]) == " ▁▅█"


@pytest.mark.parametrize("width", [60, 200])
def test_text_fits_the_terminal(width: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{row},{'abc'[row % 3]},{LABELS[row % 3]}" for row in range(600)]
    write(folder / "data.csv", "x,c,y", rows)
    found = told(capsys, "data.csv", "--target", "y", code=FINE)

    shown = as_text(found, "data.csv", "y", width=width, pictures=True)

    body = shown[shown.index("  columns") :].splitlines()
    assert max(map(len, body)) <= width
    assert max(map(len, body)) > width - 30 or width == 200
    assert "█" in shown
    assert "█" not in as_text(found, "data.csv", "y", width=width, pictures=False)


@pytest.mark.parametrize("looked_at", ["data.csv", "parts", "list.manifest"])
def test_a_page_is_never_written_over_the_data(
    looked_at: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "parts").mkdir()
    write(folder / "parts" / "data.csv", "x,y", ["1,a"])
    write(folder / "data.csv", "x,y", ["1,a"])
    (folder / "list.manifest").write_text('[{"prefix": "s3://b/"}, "data.csv"]')
    page = f"{looked_at}/data.csv" if looked_at == "parts" else "data.csv"

    assert main(["inspect", looked_at, "--target", "y", "--html", page]) == WRONG_CALL
    assert capsys.readouterr().err == (
        f"automl inspect: --html: '{page}' is data that you ask about, and would be lost: give another name\n"
    )
    assert (folder / page).read_text() == "x,y\n1,a\n"


def test_the_middle_of_an_even_number_lies_between_two(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "data.csv", "x,y", [f"{row // 300 * 3}.5,{'ab'[row % 2]}" for row in range(600)])

    (column,) = told(capsys, "data.csv", "--target", "y", code=FINE)["columns"]

    assert (column["minimum"], column["median"], column["maximum"]) == (0.5, 2.0, 3.5)
