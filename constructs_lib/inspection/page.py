"""What was found, as one page for a browser: nothing from elsewhere, no script, light and dark, for the keyboard."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from .screen import TITLES, facts_of

Told = Mapping[str, Any]

_STYLE: Final = """\
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fff; --line: #d0d7de; --bar: #0b62c4;
  --fails: #b3261e; --misleads: #8a5300; --note: #0b62c4 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa4af; --paper: #0d1117; --line: #3d444d;
  --bar: #6cb6ff; --fails: #ff9a92; --misleads: #f0b35a; --note: #6cb6ff } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 75rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem }
dt { color: var(--soft) } dd { margin: 0 }
.wide { overflow-x: auto } .wide:focus-visible { outline: 2px solid var(--bar) }
table { border-collapse: collapse; width: 100% } caption { text-align: left; color: var(--soft) }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
.number { text-align: right; font-variant-numeric: tabular-nums }
.bar { display: block; height: .8rem; min-width: 1px; background: var(--bar) }
.spread { display: flex; align-items: flex-end; gap: 1px; height: 1.6rem; width: 8rem }
.spread i { flex: 1; background: var(--bar) }
li { margin: .4rem 0 } .fails { color: var(--fails) } .misleads { color: var(--misleads) } .note { color: var(--note) }
"""


def as_page(told: Told, name: str, target: str) -> str:
    """The page; the same facts as `screen.as_text`, and all classes and columns.

    Args:
        told: What was found.
        name: What the data is called.
        target: The column to learn; empty for pictures.
    """
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(name)}: before a training</title>",
            f"<style>\n{_STYLE}</style>",
            "</head>",
            "<body>",
            "<main>",
            *_body(told, name, target),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _body(told: Told, name: str, target: str) -> Iterator[str]:
    of = f", as {told['mode']} has it" if told.get("mode") else ""
    yield f"<h1>{escape(name + of)}</h1>"
    yield "<dl>"
    for what, said in facts_of(told, target):
        yield f"<dt>{escape(what)}</dt><dd>{escape(said)}</dd>"
    yield "</dl>"
    for level, title in TITLES.items():
        texts = [each["text"] for each in told["findings"] if each["level"] == level]
        if texts:
            yield f'<section aria-labelledby="{level}"><h2 id="{level}" class="{level}">{escape(title)}</h2>'
            yield "<ul>"
            yield from (f"<li>{escape(text)}</li>" for text in texts)
            yield "</ul></section>"
    if told.get("class_rows"):
        yield from _table("Classes", ("class", "rows", "share", ""), map(_class_row, _scaled(told["class_rows"])))
    if told.get("columns"):
        heads = ("column", "type", "missing", "different", "least", "middle", "most", "spread")
        yield from _table("Columns", heads, map(_column_row, told["columns"]))
    for what, key in (
        ("Lengths of the series", "lengths"),
        ("Values of the target", "target"),
        ("Words in a text", "words"),
        ("Words in an input", "input"),
        ("Words in an output", "output"),
    ):
        if told.get(key):
            yield f"<h2>{what}</h2>{_spread(told[key]['histogram']['counts'])}"
    for remark in told.get("remarks", ()):
        yield f"<p>{escape(remark)}</p>"


def _table(title: str, heads: Sequence[str], rows: Iterator[str]) -> Iterator[str]:
    yield f'<h2>{title}</h2><div class="wide" tabindex="0" role="region" aria-label="{title}"><table>'
    cells = "".join(f'<th scope="col">{head}</th>' if head else "<td></td>" for head in heads)
    yield f"<thead><tr>{cells}</tr></thead><tbody>"
    yield from rows
    yield "</tbody></table></div>"


def _scaled(rows: Sequence[Told]) -> list[dict[str, Any]]:
    largest = max(each["share"] for each in rows) or 1
    return [{**each, "length": each["share"] / largest} for each in rows]


def _class_row(each: Told) -> str:
    drawn = f'<span class="bar" style="width: {each["length"]:.1%}"></span>'
    return (
        f'<tr><th scope="row">{escape(str(each["class"]))}</th><td class="number">{each["rows"]}</td>'
        f'<td class="number">{each["share"]:.1%}</td><td style="width: 50%">{drawn}</td></tr>'
    )


def _column_row(column: Told) -> str:
    missing = (
        f"{column['missing']} ({column['missing_share']:.1%})"
        if column.get("missing_share")
        else str(column["missing"])
    )
    distinct = column.get("distinct")
    numbers = [f"{column[key]:g}" if key in column else "" for key in ("minimum", "median", "maximum")]
    counts = (
        column["histogram"]["counts"]
        if "histogram" in column
        else [round(each["share"] * 10_000) for each in column.get("frequent", ())]
    )
    cells = [missing, "over 1000" if distinct is None else str(distinct), *numbers]
    return (
        f'<tr><th scope="row">{escape(column["name"])}</th><td>{escape(column["type"])}</td>'
        + "".join(f'<td class="number">{cell}</td>' for cell in cells)
        + f"<td>{_spread(counts)}</td></tr>"
    )


def _spread(counts: Sequence[int]) -> str:
    if not counts:
        return ""
    largest = max(counts) or 1
    parts = "".join(f'<i style="height: {count / largest:.0%}"></i>' for count in counts)
    return f'<span class="spread" role="img" aria-label="counts: {", ".join(map(str, counts))}">{parts}</span>'
