"""What was found, as text of the terminal's width."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from .bars import bar, heights
from .findings import Level

TITLES: Final[Mapping[str, str]] = {
    Level.FAILS: "a job fails",
    Level.MISLEADS: "misleads a model",
    Level.NOTE: "worth knowing",
}
_LABEL: Final = 14
_SHOWN: Final = 10
_NAME: Final = 30
_BAR: Final = 30

Told = Mapping[str, Any]


def as_text(told: Told, name: str, target: str, *, width: int, pictures: bool) -> str:
    """All of it.

    Args:
        told: What was found; see `facts.of_table` and its neighbours.
        name: What the data is called.
        target: The column to learn; empty for pictures.
        width: Of a line, in characters.
        pictures: Whether bars are drawn.
    """
    title = f"{name}, as {told['mode']} has it" if told.get("mode") else name
    lines = [title, "", *_facts(told, target)]
    lines += _classes(told, pictures=pictures)
    if told.get("columns"):
        lines += ["", "  columns", *_columns(told, width, pictures=pictures)]
    for level, called in TITLES.items():
        if texts := [each["text"] for each in told["findings"] if each["level"] == level]:
            lines += ["", f"  {called}", *_list(texts, width)]
    if told.get("remarks"):
        lines += ["", "  how it was read", *_list(told["remarks"], width)]
    return "\n".join(line.rstrip() for line in lines)


def facts_of(told: Told, target: str) -> Iterator[tuple[str, str]]:
    """The figures of the whole, each with what it is."""
    yield from {
        "table": _of_table,
        "time_series": _of_series,
        "texts": _of_texts,
        "pairs": _of_pairs,
        "images": _of_images,
    }[told["kind"]](told, target)


def _facts(told: Told, target: str) -> list[str]:
    return [f"  {what:<{_LABEL}}{said}" for what, said in facts_of(told, target)]


def _of_table(told: Told, target: str) -> Iterator[tuple[str, str]]:
    if told["files"]:
        yield "files", str(len(told["files"]))
    if told["columns"]:
        yield "rows", f"{told['rows']}, of which {told['rows_used']} are trained on"
    problem = told["problem_type"] or "none: a job fails"
    yield "problem type", problem + (f" ({told['why']})" if told["why"] else "")
    for each in told["near"] if told["problem_type"] else ():
        other = each["problem_type"] or "unclear, and a job fails"
        number = abs(each["labels"])
        more = f"{number} {'more' if each['labels'] > 0 else 'fewer'} different {'value' if number == 1 else 'values'}"
        yield "", f"with {more} in as many rows: {other}"
    if told["classes"]:
        shown = ", ".join(map(repr, told["classes"][:_SHOWN])) + (", ..." if told["class_count"] > _SHOWN else "")
        positive = told["positive_class"]
        of = f"; F1, precision, recall and AUC are of {positive!r}" if positive else ""
        yield "classes", f"{told['class_count']} in {target!r}: {shown}{of}"
    if told["target"]:
        yield "target", _reach(told["target"])


def _of_series(told: Told, target: str) -> Iterator[tuple[str, str]]:
    yield "rows", str(told["rows"])
    if "items" in told:
        yield "series", str(told["items"])
    if "frequency" not in told:
        return
    guessed = ", as most steps are" if told["frequency_guessed"] else ""
    yield "frequency", f"{told['frequency']}{guessed}"
    yield "time", f"{told['first']} to {told['last']}, {told['steps']} steps"
    yield "horizon", f"at most {told['longest_horizon']} steps: a quarter of them, and no more than 500"
    lengths = told["lengths"]
    yield "lengths", f"{lengths['minimum']} to {lengths['maximum']} steps, {lengths['median']:g} in the middle"
    yield "gaps", f"{told['gaps']} steps ({told['gap_share']:.1%})"
    yield "duplicates", f"{told['duplicates']} rows of the same item and time, {told['merged']} more of the same step"
    if told["target"]:
        yield "target", f"{target!r}: {_reach(told['target'])}"


def _of_texts(told: Told, target: str) -> Iterator[tuple[str, str]]:
    yield "rows", f"{told['rows']}, of which {told['rows_used']} have a text and a class"
    yield "classes", f"{told['class_count']} in {target!r}"
    if words := told["words"]:
        yield "words", f"{words['minimum']} to {words['maximum']} in a text, {words['median']} in the middle"
    yield "copies", f"{told['duplicates']} rows whose text came before"


def _of_pairs(told: Told, _: str) -> Iterator[tuple[str, str]]:
    yield "rows", f"{told['rows']}, of which {told['rows_used']} have an input and an output"
    for name in ("input", "output"):
        if words := told[name]:
            yield name, f"{words['minimum']} to {words['maximum']} words, {words['median']} in the middle"
    yield "copies", f"{told['duplicates']} rows that came before"


def _of_images(told: Told, _: str) -> Iterator[tuple[str, str]]:
    yield "pictures", str(told["images"])
    yield "classes", str(told["class_count"])
    yield "formats", ", ".join(f"{count} {kind}" for kind, count in told["formats"].items()) or "none"
    if told["width"]:
        wide, tall = told["width"], told["height"]
        yield "pixels", f"{wide['minimum']} to {wide['maximum']} wide, {tall['minimum']} to {tall['maximum']} high"


def _reach(numbers: Told) -> str:
    return f"{numbers['minimum']:g} to {numbers['maximum']:g}, {numbers['median']:g} in the middle"


def _classes(told: Told, *, pictures: bool) -> list[str]:
    rows = told.get("class_rows") or []
    if told["kind"] == "table" and not pictures:
        return []
    lines = [""] if rows else []
    wide = min(max((len(str(each["class"])) for each in rows[:_SHOWN]), default=0), _NAME)
    largest = max((each["share"] for each in rows), default=0) or 1
    for each in rows[:_SHOWN]:
        drawn = "  " + bar(each["share"] / largest, _BAR) if pictures else ""
        lines.append(f"    {_cut(str(each['class']), wide):<{wide}}  {each['rows']:>9}  {each['share']:>6.1%}{drawn}")
    if len(rows) > _SHOWN:
        lines.append(f"    and {told['class_count'] - _SHOWN} more")
    return lines


def _columns(told: Told, width: int, *, pictures: bool) -> list[str]:
    names = min(max(len(column["name"]) for column in told["columns"]), _NAME)
    lines = []
    for column in told["columns"]:
        said = [f"{column['type']:<11}"]
        parts = []
        if column["missing"]:
            share = f" ({column['missing_share']:.1%})" if "missing_share" in column else ""
            parts.append(f"{column['missing']} missing{share}")
        if "distinct" in column:
            parts.append(f"{column['distinct']} different" if column["distinct"] is not None else "over 1000 different")
        if "minimum" in column:
            parts.append(f"{column['minimum']:g} to {column['maximum']:g}")
        said.append(", ".join(parts))
        if pictures and (drawn := picture_of(column)):
            said.insert(1, f"{drawn:<16} ")
        lines.append(_fit(f"    {_cut(column['name'], names):<{names}}  {' '.join(said)}", width))
    return lines


def picture_of(column: Told) -> str:
    """The spread of a column: of numbers a histogram, of others how many rows each of the most frequent cells has."""
    if "histogram" in column:
        return heights(column["histogram"]["counts"])
    return heights([round(each["share"] * 10_000) for each in column.get("frequent", ())])


def _cut(text: str, width: int) -> str:
    shown = text if text.isprintable() else repr(text)
    return shown if len(shown) <= width else shown[: width - 1] + "…"


def _fit(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"


def _list(texts: Sequence[str], width: int) -> list[str]:
    return [
        line
        for text in texts
        for line in textwrap.wrap(
            text,
            width,
            initial_indent="    - ",
            subsequent_indent="      ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
