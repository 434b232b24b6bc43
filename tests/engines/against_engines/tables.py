"""Random small tables in the manner of odd files: each is made from its seed alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

_ODD: Final = (  # noqa: SIM905
    "NA|N/A|n/a|null|NULL|None|none|nan|NaN|NAN|#N/A|<NA>|-nan|1.#IND|?|-|--|.| |  | NA|NA |missing|unknown|NaT|\\N|nil"
    "|inf|-inf|Infinity|+inf|INF|1e400|-1e400|1e-400|1e5|1E5|1.|.5|+1|+.5|-0|-0.0|007|00|1_0|0x10|0X1F|1,000|$5|5%"
    "|5 kg|1/2|1d2|1e|e5|--1|+-1|1.2.3|\u0661\u0662|\uff11\uff12|\u22121|\u00bd|1\u00a0000| 7|7 |\t7"
    "|9223372036854775807|9223372036854775808|18446744073709551615|18446744073709551616"
    "|-9223372036854775809|1234567890123456789012345|9007199254740993|True|False|TRUE|FALSE|true|false|tRUE|T|F|t|f|yes|no|Yes|NO|y|n|on|off"
    "|2024-01-05|01/05/2024|13/02/2024|5.1.2024|12:30|10 AM|Jan 5 2024|2024Q1|now|a\"b|'a'|caf\u00e9|\u65e5\u672c"
).split("|")

_GREEK: Final = ("alpha", "beta", "gamma", "delta")
_MISSING: Final = ("", "", "", "NA", "null", "nan", "n/a", "None", "-", " ")
_NAMES: Final = (
    "a",
    "b",
    "c",
    "d",
    "a.1",
    "y.1",
    "Y",
    " y",
    "",
    "",
    "Unnamed: 0",
    "\u00e9t\u00e9",
    "d.year",
    "0",
    "a b",
    '"q"',
)
_FORMATS: Final[Sequence[Callable[[int, int, int], str]]] = (
    lambda year, month, day: f"{year}-{month:02d}-{day:02d}",
    lambda year, month, day: f"{year}-{month:02d}-{day:02d} 10:{day:02d}:00",
    lambda year, month, day: f"{year}-{month:02d}-{day:02d}T10:{day:02d}:00Z",
    lambda year, month, day: f"{month:02d}/{day:02d}/{year}",
    lambda year, month, day: f"{day:02d}/{month:02d}/{year}",
    lambda year, month, day: f"{day}.{month}.{year}",
    lambda year, month, day: f"{year}{month:02d}{day:02d}",
    lambda year, month, day: f"{year}-{month:02d}",
    lambda year, month, day: f"{year}Q{(month + 2) // 3}",
    lambda year, month, day: f"{day} Mar {year}",
)


@dataclass(frozen=True)
class Table:
    """A file, and which column is the target."""

    seed: int
    target: str
    text: str


def table(seed: int) -> Table:
    """The table of a seed."""
    draw = Random(seed)
    rows = draw.choice((3, 9, 20, 60, 60, 100, 200, 300, 500, 999, 1000, 1001))
    names = [draw.choice(_NAMES) for _ in range(draw.randrange(1, 4))]
    names.insert(draw.randrange(len(names) + 1), "y")
    columns = [_target(draw, rows) if name == "y" else _feature(draw, rows) for name in names]
    lines = [",".join(map(_quoted, names)), *(",".join(map(_quoted, row)) for row in zip(*columns, strict=True))]
    return Table(seed, "y", _bent(draw, lines))


def cells(seed: int, count: int) -> list[str]:
    """Odd cells."""
    draw = Random(seed)
    return [_odd_number(draw) if draw.random() < 0.7 else draw.choice(_ODD) for _ in range(count)]


def dates(seed: int, count: int) -> list[str]:
    """Cells that are dates, or nearly so."""
    draw = Random(seed)
    return [_date(draw) if draw.random() < 0.8 else draw.choice(_ODD) for _ in range(count)]


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(each in cell for each in ',"\n') else cell


def _bent(draw: Random, lines: list[str]) -> str:
    """The text of these lines, in one of four with a fault."""
    end = draw.choice(("\n", "\n", "\n", "\r\n"))
    place = draw.randrange(1, len(lines) + 1)
    match draw.randrange(32):
        case 0:
            lines.insert(place, "")
        case 1:
            lines.insert(place, "  ")
        case 2:
            lines.insert(place, lines[0])
        case 3 if place < len(lines):
            lines[place] += ",extra"
        case 4 if place < len(lines):
            lines[place] = lines[place].rpartition(",")[0] or lines[place]
        case 5:
            lines[1:] = [f"{line}," for line in lines[1:]]
        case 6:
            lines[0] += ","
        case 7:
            lines[1:] = [f"r{number},{line}" for number, line in enumerate(lines[1:])]
        case 8 if place < len(lines):
            lines[place] = f'"{lines[place]}'
        case 9:
            lines.insert(0, "")
    return end.join(lines) + draw.choice(("", end, end + end))


def _odd_number(draw: Random) -> str:
    text = "".join(draw.choice("0123456789..eE+-_, ") for _ in range(draw.randrange(1, 7)))
    return draw.choice((text, str(draw.randrange(-50, 50)), f"{draw.uniform(-9, 9):.2f}", str(draw.getrandbits(70))))


def _date(draw: Random) -> str:
    form = draw.choice(_FORMATS)
    return form(draw.randrange(1950, 2040), draw.randrange(1, 13), draw.randrange(1, 29))


def _spoilt(draw: Random, found: list[str]) -> list[str]:
    """These cells, at times with gaps or odd ones among them."""
    if draw.random() < 0.3:
        word = draw.choice(_MISSING)
        share = draw.choice((0.01, 0.1, 0.5))
        found = [word if draw.random() < share else cell for cell in found]
    if draw.random() < 0.35:
        for _ in range(draw.choice((1, 1, 2, 5, 12))):
            found[draw.randrange(len(found))] = draw.choice(_ODD)
    return found


def _classes(draw: Random, rows: int, words: Sequence[str]) -> list[str]:
    """Classes of which some are as rare as a cut needs."""
    rare = [draw.choice((1, 2, 5, 8, 9, 10, 11, max(1, rows // 40), max(1, rows * 26 // 1000))) for _ in words[2:]]
    found = [word for word, size in zip(words[2:], rare, strict=True) for _ in range(size)]
    found = found[: rows * 2 // 3]
    found += [words[place % min(2, len(words))] for place in range(rows - len(found))]
    draw.shuffle(found)
    return found


def _target(draw: Random, rows: int) -> list[str]:
    words = list(dict.fromkeys(draw.choice(_ODD) for _ in range(draw.randrange(1, 7))))
    limit = max(1, rows // draw.choice((10, 20))) + draw.choice((-1, 0, 1))
    match draw.randrange(9):
        case 0:
            found = _classes(draw, rows, words)
        case 1:
            found = _classes(draw, rows, ["no", "yes", "maybe", "Yes", "x"][: draw.randrange(1, 6)])
        case 2:
            found = _classes(draw, rows, [str(each) for each in range(draw.randrange(1, 8))])
        case 3:
            found = [str(row % max(1, limit)) for row in range(rows)]
        case 4:
            found = [f"{row % max(1, limit)}.0" for row in range(rows)]
        case 5:
            found = [f"{row * 37 % 1009 / 10}" for row in range(rows)]
        case 6:
            found = [draw.choice(("True", "False", "true", "FALSE")) for _ in range(rows)]
        case 7:
            found = [str(row) for row in range(rows)]
        case _:
            found = [str(draw.getrandbits(63)) for _ in range(2)] * rows
    return _spoilt(draw, found[:rows])


def _feature(draw: Random, rows: int) -> list[str]:
    few = [draw.choice(_ODD) for _ in range(draw.randrange(1, 6))]
    words = draw.randrange(1, 6)
    different = draw.choice((1, 2, 3, max(1, rows // 100), rows // 100 + 1, max(1, rows // 2), rows, max(1, rows - 1)))
    match draw.randrange(8):
        case 0:
            found = [str(draw.randrange(1000)) for _ in range(rows)]
        case 1:
            found = [f"{draw.uniform(-9, 9):.3f}" for _ in range(rows)]
        case 2:
            found = [draw.choice(few) for _ in range(rows)]
        case 3:
            found = [_odd_number(draw) for _ in range(rows)]
        case 4 | 5:
            found = [" ".join([f"w{row % different}", *_GREEK[: words - 1]]) for row in range(rows)]
        case 6:
            form = draw.choice(_FORMATS)
            bad = draw.choice((0, 0, 0.2, 0.7, 0.9))
            found = [
                "soon" if draw.random() < bad else form(2000 + row % 30, row % 12 + 1, row % 28 + 1)
                for row in range(rows)
            ]
        case _:
            found = [f"id{row}" for row in range(rows)]
    return _spoilt(draw, found)
