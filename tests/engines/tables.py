"""Rebuilds the files on which both engines were run, byte for byte, from a few words for each.

A table is its number of rows and its columns. A column says what row i (from 0) holds:

* ``cycle``: these texts in turn; ``counts``: each text so many times; ``int``, ``decimal``, ``number``, ``words``,
  ``day``: made from i;
* ``X``, ``C`` and ``YN``: decimals, three letters, and yes or no;
* beside it ``set`` (other texts in single rows), ``every`` (a text in each k-th row), ``lead`` (a text in the first k).
"""

import gzip
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

_NAMED: Final[Mapping[str, Any]] = {
    "X": {"decimal": {"mul": 37, "mod": 101}},
    "C": {"cycle": ["a", "b", "c"]},
    "YN": {"cycle": ["yes", "no"]},
}
_GREEK: Final = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
_ROWS: Final = re.compile(r"<rows (\d+)-(\d+)>")


def cell(column: Any, row: int) -> str:
    """What a column holds in a row."""
    if isinstance(column, str):
        column = _NAMED[column]
    if (one := column.get("set", {}).get(str(row))) is not None:
        return str(one)
    if "every" in column and row % column["every"][1] == 0:
        return str(column["every"][0])
    if "lead" in column:
        text, times = column["lead"]
        if row < times:
            return str(text)
        row -= times
    return _made(column, row)


def _made(column: Any, row: int) -> str:
    match column:
        case {"cycle": texts}:
            return str(texts[row % len(texts)])
        case {"counts": counts}:
            every = [text for text, times in counts for _ in range(times)]
            return str(every[row])
        case {"int": {"start": start, "step": step, "mod": mod}}:
            return str(start + step * (row % mod))
        case {"decimal": {"mul": factor, "mod": mod}}:
            return f"{(row * factor) % mod / 10:.1f}"
        case {"words": {"words": words, "unique": unique}}:
            return " ".join([f"word{row % unique}", *_GREEK[: words - 1]])
        case {"day": {"format": form, "step": step}}:
            return (datetime(2021, 1, 1) + timedelta(days=row * step)).strftime(form)
        case {"number": {"format": form, "start": start, "mod": mod}}:
            return str(form % (start + row % mod))
    raise ValueError(column)


def plain(first: int, last: int) -> str:
    """Some rows of the small table that most files of odd form hold: columns x, c, y."""
    return "\n".join(f"{row},{'ab'[row % 2]},{'yes' if row // 2 % 2 else 'no'}" for row in range(first, last + 1))


def csv_text(table: Any) -> str:
    """The text of a table, or of a file that is given with its plain rows left out."""
    if isinstance(table, str):
        return _ROWS.sub(lambda found: plain(int(found[1]), int(found[2])), table)
    columns = table["columns"]
    lines = [",".join(cell(column, row) for column in columns.values()) for row in range(table["rows"])]
    return "\n".join([",".join(columns), *lines]) + "\n"


def _built() -> dict[str, bytes]:
    head, first, second = "x,c,y\n", plain(0, 14) + "\n", plain(15, 29) + "\n"
    whole = head + first + second
    packed = gzip.compress(whole.encode())
    return {
        "s-gzip": packed,
        "s-gzip-members": gzip.compress((head + first).encode()) + gzip.compress(second.encode()),
        "s-gzip-members-header": gzip.compress((head + first).encode()) + gzip.compress((head + second).encode()),
        "s-gzip-named-csv": packed,
        "s-gzip-no-suffix": packed,
        "s-gzip-garbage-tail": packed + b"tail of 22 other bytes",
        "s-latin1": f"{whole}30,été,yes\n".encode("latin-1"),
        "s-utf16": whole.encode("utf-16"),
        "s-nul": f"{whole}30,a\0b,yes\n".encode(),
        "s-long-cell-quoted": f'{whole}30,"{"z," * 70_000}",yes\n'.encode(),
        "s-late-text": "".join(["x,y\n", *(f"{row % 97},{row % 2}\n" for row in range(300_000)), "word,1\n"]).encode(),
    }


def file_bytes(case: Mapping[str, Any]) -> bytes | None:
    """The file of a case; `None` where it has none, or one of another format than CSV."""
    csv = case.get("csv")
    if isinstance(csv, str) or (isinstance(csv, dict) and "columns" in csv):
        return csv_text(csv).encode()
    built: bytes | None = _built().get(case["id"]) if isinstance(csv, dict) and "file" in csv else None
    return built
