"""The quick reader says of a file what the engines' own says, cell for cell."""

import gzip
import random
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.engines.inspection import ENSEMBLING, TUNING, Engine
from constructs_lib.inspection import arrow, tables

BIG, BIGGER, BELOW = "9223372036854775808", "18446744073709551616", "-9223372036854775809"
CELLS = {
    "whole": ["1", "22", "-3", "0", "007"],
    "more whole": [str(number) for number in range(2_000)],
    "decimal": [f"{number}.5" for number in range(2_000)],
    "mixed": ["1", "1.5", "2e3", ".5", "5."],
    "gaps": ["1", "", "2", "NA", " ", "null"],
    "words": ["a", "b", "", "NA", "é", "\uff11\uff12", "None"],
    "names": [f"name {number}" for number in range(3_000)],
    "names with gaps": [*(f"name {number}" for number in range(1_500)), "", "NA", "\t", " "],
    "flags": ["true", "False", "TRUE", ""],
    "large": [BIG, "5", "18446744073709551615", ""],
    "larger": [BIGGER, "1.5", BELOW, "-1", BIG],
    "odd": ["+1", " 7 ", "1_0", "0x10", "inf", "nan", "1e400", "1,5", "Infinity", "-"],
    "many odd": [*map(str, range(1_500)), "+1", " 7 ", "?", "0x10", "1e400"],
    "quoted": ['a"b', 'say "yes"', "a,b", "plain", "two\nlines", "x\r\ny"],
    "dates": [f"2024-01-{day:02} 10:00:00" for day in range(1, 29)],
    "hexadecimal": [*map(str, range(1_500)), "0x10"],
    "sparse": [*(f"{number / 8}" for number in range(1_200)), *[""] * 600],
    "blanks around": [*map(str, range(1_500)), " 7", "8 ", "-0"],
    "decimal words": [*(f"{number}.25" for number in range(1_500)), "x"],
}


def written(folder: Path, columns: dict[str, list[str]], *, end: str = "\n", tail: str = "") -> Path:
    path = folder / "data.csv"
    lines = [",".join(columns), *(",".join(map(quoted, row)) for row in zip(*columns.values(), strict=True))]
    path.write_bytes((end.join(lines) + end + tail).encode())
    return path


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\n\r') else cell


def state(table: tables.Table) -> dict[str, Any]:
    survey = table.survey
    if survey is None:
        return {"found": table.found}
    tallies = {name: {**vars(tally), "_number": None} for name, tally in table.tallies.items()}
    for name, feature in table.found.features.items():
        if feature.type != "numeric":  # nobody asks for the numbers among words
            tallies[name] |= {"least": None, "most": None}
    tallies["y"] |= {"least": None, "most": None}
    return {
        "found": table.found,
        "labels": vars(survey.labels),
        "order": list(survey.labels.counts),
        "gaps": {name: survey.missing(name) for name in survey.columns},
        "dtypes": {name: survey.dtype(name) for name in survey.columns},
        "sample": survey.sample,
        "tallies": tallies,
    }


def both(
    path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, block: int = 16 * 1024
) -> tuple[tables.Table, tables.Table]:
    monkeypatch.setattr(tables, "CAP", 300)
    monkeypatch.setattr(arrow, "_BLOCK", block)
    monkeypatch.setattr(tables, "QUICK", 10**12)
    slow = tables.read_table([path], "y", engine)
    monkeypatch.setattr(tables, "QUICK", 0)
    return slow, tables.read_table([path], "y", engine)


@pytest.mark.parametrize("engine", [ENSEMBLING, TUNING], ids=lambda engine: engine.mode)
@pytest.mark.parametrize("seed", range(12))
def test_random_tables(seed: int, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    names = draw.sample(sorted(CELLS), 8)
    rows = draw.choice([50, 700, 4_000])
    columns = {name: [draw.choice(CELLS[name]) for _ in range(rows)] for name in names}
    columns["y"] = [draw.choice(CELLS[draw.choice(["flags", names[0]])]) for _ in range(rows)]

    path = written(tmp_path, columns, end=draw.choice(["\n", "\r\n"]))
    slow, quick = both(path, engine, monkeypatch, block=2 ** (14 + 2 * (seed % 3)))

    assert state(quick) == state(slow)


def test_columns_of_numbers_are_read_as_numbers_from_the_second_block_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {
        "whole": [str(row) for row in range(9_000)],
        "decimal": [f"{row}.5" if row % 7 else "" for row in range(9_000)],
        "late word": [*(f"{row}.5" for row in range(8_990)), *["unknown"] * 10],
        "name": [f"name {row}" for row in range(9_000)],
        "few": ["1", "2", "3"] * 3_000,
        "y": ["yes", "no"] * 4_500,
    }
    kinds: list[list[str]] = []
    real = arrow._columns

    def noted(data: bytearray, asked: Any) -> Any:
        kinds.append(list(map(str, asked)))
        return real(data, asked)

    monkeypatch.setattr(arrow, "_columns", noted)
    slow, quick = both(written(tmp_path, columns), ENSEMBLING, monkeypatch, block=64 * 1024)

    codes = "dictionary<values=string, indices=int32, ordered=0>"
    assert ["int64", "double", "double", "string", codes, codes] in kinds
    assert ["string", "string", "string", "string", codes, codes] in kinds
    assert state(quick) == state(slow)


ODD = [
    "",
    "NA",
    "0x10",
    "-0",
    " 7",
    " ",
    BIG,
    BIGGER,
    BELOW,
    "1e400",
    "inf",
    "nan",
    "x",
    '1"',
    "1_0",
    "7.5",
    "-1e3",
    "true",
]


@pytest.mark.parametrize("engine", [ENSEMBLING, TUNING], ids=lambda engine: engine.mode)
@pytest.mark.parametrize("number", ["{}", "{}.5"], ids=["whole", "decimal"])
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_cell_after_many_numbers(
    odd: str, number: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    real = arrow.ArrowSurvey._add_numbers

    def noted(self: arrow.ArrowSurvey, place: int, name: str, numbers: Any) -> None:
        seen.add(name)
        real(self, place, name, numbers)

    monkeypatch.setattr(arrow.ArrowSurvey, "_add_numbers", noted)
    is_odd = [row > 6_000 and row % 700 == 0 for row in range(16_000)]
    columns = {
        "x": [odd if there else number.format(row + 1) for row, there in enumerate(is_odd)],
        "name": [f"n{row}" for row in range(16_000)],
        "y": ["yes", "no"] * 8_000,
    }
    slow, quick = both(written(tmp_path, columns), engine, monkeypatch, block=24 * 1024)

    assert seen == {"x"}
    assert state(quick) == state(slow)
    assert not quick.remarks


@pytest.mark.parametrize("least", ["-7777.5", "-7.7775e3", "-77.775E+2"])
@pytest.mark.parametrize("words", [["unknown"], [f"n{number}" for number in range(2_000)], ["07:05", "2024-01-05"]])
def test_few_numbers_in_a_part_of_the_file_count_as_the_others_do(
    words: list[str], least: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(1)
    cells = [draw.choice(words) for _ in range(3_000)] + [str(number / 4) for number in range(-2_000, 6_000)]
    cells[7], cells[9], cells[11] = least, " +8_888 ", "\uff12"
    slow, quick = both(written(tmp_path, {"x": cells, "y": cells[::-1]}), TUNING, monkeypatch, block=4 * 1024)

    for name in ("x", "y"):
        one, other = slow.tallies[name], quick.tallies[name]
        assert (one.least, one.most) == (other.least, other.most) == (-7777.5, 8888.0)


@pytest.mark.parametrize("block", range(97, 104))
def test_a_line_end_in_a_cell_stays_where_a_block_ends(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = ["a\r\nb"] * 200
    path = written(tmp_path, {"x": cells, "z": cells, "y": ["1", "2"] * 100}, end="\r\n")
    slow, quick = both(path, ENSEMBLING, monkeypatch, block=block)

    assert state(quick) == state(slow)
    assert quick.tallies["x"].known == {"a\r\nb"}
    assert not quick.remarks


def test_numbers_beside_cells_with_a_cr_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {
        "x": [f"{row}.5" for row in range(9_000)],
        "z": [f"a{row}\rb" if row > 5_000 else "c" for row in range(9_000)],
        "y": ["1", "2"] * 4_500,
    }
    slow, quick = both(written(tmp_path, columns), ENSEMBLING, monkeypatch)

    assert state(quick) == state(slow)
    assert not quick.remarks


@pytest.mark.parametrize("engine", [ENSEMBLING, TUNING], ids=lambda engine: engine.mode)
@pytest.mark.parametrize("gap", ["", " ", "\t", "NA", "null"])
def test_a_gap_that_comes_again_is_counted_again(
    gap: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {
        "few": ["a", "b", gap, "b"] * 3_000,
        "numbers": ["1", "2", gap, "3"] * 3_000,
        "late": ["a", "b", "a", "b"] * 2_000 + ["a", "b", gap, "b"] * 1_000,
        "y": ["yes", "no", gap] * 4_000,
    }
    slow, quick = both(written(tmp_path, columns), engine, monkeypatch)

    assert state(quick) == state(slow)


ROW = {"a": ["1"] * 3_000, "b": ["x"] * 3_000, "y": ["yes", "no", "no"] * 1_000}


@pytest.mark.parametrize("engine", [ENSEMBLING, TUNING], ids=lambda engine: engine.mode)
@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        ("2,z,yes,4\n", "a row of another width"),
        ("2\n3,c,no\n", "a row of another width"),
        ("2,z\0q,yes\n3,c,no\n", "a character NUL"),
        ("2,\xff,yes\n", ""),
        ('2,"z,yes\n3,c,no\n', ""),
        ('2,"z\nz",yes\n3,"c"",",no\n', ""),
    ],
)
def test_what_arrow_does_not_read_the_engine_does(
    tail: str, reason: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, ROW)
    path.write_bytes(path.read_bytes() + tail.encode("latin-1"))

    slow, quick = both(path, engine, monkeypatch)

    assert state(quick) == state(slow)
    assert not reason or [remark for remark in quick.remarks if reason in remark]
    assert slow.remarks == []


def test_a_remark_says_where_the_quick_reading_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, ROW, tail="2\n")

    _, quick = both(path, ENSEMBLING, monkeypatch)

    [remark] = quick.remarks
    assert remark.startswith("data.csv is read cell by cell from row ")
    assert remark.endswith(
        "since it has a row of another width there or a little later: that takes longer, and says the same"
    )


def test_many_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("constructs_lib.engines.target._MOST_KNOWN", 1_000)
    monkeypatch.setattr("constructs_lib.engines.target._MOST_PLACES", 200)
    draw = random.Random(0)
    labels = [draw.choice([f"{draw.random():.6f}", "1", f"w{draw.randrange(40)}", ""]) for _ in range(6_000)]
    columns = {"x": [str(row) for row in range(6_000)], "y": labels}

    slow, quick = both(written(tmp_path, columns), ENSEMBLING, monkeypatch)

    assert slow.survey
    assert quick.survey
    ours, theirs = quick.survey.labels, slow.survey.labels
    # Which labels are the last ones that are counted depends on the parts in which they come.
    assert (ours.rows, abs(ours.others - theirs.others) <= 100, ours.others > 0) == (6_000, True, True)
    assert ours.counts.total() + ours.others == theirs.counts.total() + theirs.others
    assert quick.found.problem_type == slow.found.problem_type


@pytest.mark.parametrize("engine", [ENSEMBLING, TUNING], ids=lambda engine: engine.mode)
def test_compressed(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = tmp_path / "data.csv.gz"
    packed.write_bytes(gzip.compress(written(tmp_path, ROW).read_bytes()))

    slow, quick = both(packed, engine, monkeypatch)

    assert state(quick) == state(slow)
    assert quick.remarks == []


def test_without_arrow_a_large_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_NEEDED", ("no_such_package",))
    monkeypatch.setattr(tables, "QUICK", 0)

    read = tables.read_table([written(tmp_path, ROW)], "y", TUNING)

    assert read.remarks == [
        "data.csv is read cell by cell: with pip install '.[inspect]' in a checkout it is read quickly, with the same "
        "answers"
    ]
