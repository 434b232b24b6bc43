#!/usr/bin/env python3
"""Write the lists of `docs/troubleshooting.md`: every text that the library refuses, warns or fails with.

    python docs/reference/messages.py

`tests/docs/test_troubleshooting.py` fails when the page is not current.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LIBRARY: Final = ROOT / "constructs_lib"
PAGE: Final = ROOT / "docs" / "troubleshooting.md"
_MARKED = re.compile(r"(<!-- (?P<name>[\w -]+): made by docs/reference/messages\.py -->\n).*?(<!-- end -->)", re.DOTALL)

VALUE: Final = "…"
"""What stands in a text for a value that is only known when it is said."""

_WORDS: Final = 4


@dataclass(frozen=True)
class Told:
    """Where texts of a list come from."""

    folders: tuple[str, ...]
    """Files and folders of the library that have them."""

    besides: tuple[str, ...] = ()
    """Those among them that have none."""

    raised: bool = False
    """Whether only what is raised counts: a command prints more than complaints."""


_FACTS: Final = tuple(f"cli/explain/{name}" for name in ("bill", "facts", "jobs", "policies", "screen"))
"""What says what an app does: its texts are the answer, and no complaints."""

SECTIONS: Final[Mapping[str, Told]] = {
    "jobs": Told(("jobs", "api"), besides=("api/hosting.py", "api/data", "api/manifest", "api/parquet")),
    "data": Told(
        ("data", "api/data", "api/manifest", "api/parquet", "engines", "inspection"),
        besides=("inspection/facts.py", "inspection/page.py", "inspection/screen.py"),
    ),
    "outcomes": Told(("outcome",)),
    "endpoints": Told(("endpoint", "api/hosting.py")),
    "candidates": Told(("candidate",)),
    "retraining": Told(("retraining",)),
    "function": Told(("provider",)),
    "access": Told(("access", "naming.py", "tokens.py", "l1.py", "releases.py"), besides=("access/permissions.py",)),
    "deployment": Told(("runtime",)),
    "rehearsal": Told(("rehearsal",), besides=("rehearsal/cloud", "rehearsal/training"), raised=True),
    "testing": Told(("testing",)),
    "command": Told(("cli",), besides=("cli/verify", *_FACTS), raised=True),
}
"""The lists by the name that the page gives them. What the embedded AWS refuses stands in `docs/rehearsal.md`."""


def page(text: str) -> str:
    """The page with its lists renewed."""
    return _MARKED.sub(lambda found: f"{found[1]}\n{listed(SECTIONS[found['name']])}\n\n{found[3]}", text)


def listed(told: Told) -> str:
    """The texts of a list, a line each."""
    found = sorted(
        {text for file in _files(told) for text in texts(file.read_text(encoding="utf-8"), raised=told.raised)},
        key=_order,
    )
    return "\n".join(f"- {_code(text)}" for text in found)


def _files(told: Told) -> list[Path]:
    files = sorted(LIBRARY.rglob("*.py"))
    names = {file: file.relative_to(LIBRARY).as_posix() for file in files}
    return [
        file
        for file, name in names.items()
        if name.startswith(told.folders) and not (told.besides and name.startswith(told.besides))
    ]


def texts(source: str, *, raised: bool = False) -> Iterator[str]:
    """The texts of a module that somebody is told who did something wrong."""
    tree = ast.parse(source)
    around = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        text = _text(node)
        if text is None or _text(around.get(node)) is not None or not _is_sentence(text):
            continue
        if _is_told(node, around, raised=raised):
            yield " ".join(text.split())


def _text(node: ast.AST | None) -> str | None:
    """What a literal says, with `VALUE` for what is filled in; None: it is no literal text."""
    match node:
        case ast.Constant(value=str(text)):
            return re.sub(r"\{\w+\}", VALUE, text)  # `str.format` fills it in
        case ast.JoinedStr(values=parts):
            said = "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in parts)
            return re.sub(f"{VALUE}(?:{VALUE})+", VALUE, said)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts_of = (_text(left), _text(right))
            return None if parts_of == (None, None) else "".join(VALUE if part is None else part for part in parts_of)
    return None


def _is_sentence(text: str) -> bool:
    if re.search(r"\||\\[bs]|\n *\w+ +\w", text):  # a type, a pattern, or a text of several lines for a help page
        return False
    words = re.findall(r"(?<![\w.])[A-Za-z][a-z]+", text)
    return len(words) >= _WORDS and sum(word.islower() for word in words) >= _WORDS - 1


def _is_told(node: ast.AST, around: Mapping[ast.AST, ast.AST], *, raised: bool) -> bool:
    """Whether a literal is for somebody who did something wrong."""
    inner: ast.AST = node
    while (outer := around.get(inner)) is not None:
        match outer:
            case ast.Raise() | ast.Yield():
                return True
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if inner is not outer.func:
                if name in _COMPLAIN or name.endswith(("Error", "Failure", "Fault")):
                    return True
                if name in _ASIDE:
                    return False
            case ast.keyword(arg=name) if name in _ABOUT:
                return False
            case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=annotation) if annotation is inner:
                return False
            case ast.Expr(value=value) if value is node:
                return False
            case ast.stmt():
                return not raised
        inner = outer
    return False


_COMPLAIN: Final = {"_complain", "warn"}
_ASIDE: Final = {
    *("log", "debug", "info", "warning", "error", "exception", "compile", "cast", "TypeVar"),
    *("compliance", "acknowledge", "acknowledge_late", "Metadata", "Finding"),
}
"""Calls whose texts are for logs, for scanners, or for the program itself."""

_ABOUT: Final = {"why", "reason", "reasons", "description", "comment", "source", "help", "title"}
"""Arguments that say what something is for."""


def _order(text: str) -> tuple[str, str]:
    """Sorted by the first word that is no value."""
    return (re.sub(r"[^a-z ]", "", text.lower()).strip(), text)


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
