"""Python expressions as text: one line where they fit, else an item a line, as `ruff format` has them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

WIDTH: Final = 88
_STEP: Final = "    "


@dataclass(frozen=True)
class Code:
    """An expression: text, or items in brackets after it."""

    start: str
    """All of it, where there are no brackets; else what stands up to the opening one."""

    items: "Sequence[tuple[str, Code]]" = field(default=())
    """Each with what stands before it: `name=`, `"key": `, or nothing."""

    end: str = ""
    """The closing bracket; empty: there are none."""

    def on_one_line(self) -> str:
        """The expression on one line, however long."""
        return self.start + ", ".join(before + item.on_one_line() for before, item in self.items) + self.end

    def lines(self, indent: str, before: str = "", after: str = "") -> str:
        """The expression with what stands around it, on as many lines as it needs.

        Args:
            indent: The white space that the line begins with.
            before: What stands before it on its line.
            after: What stands after it.
        """
        line = f"{indent}{before}{self.on_one_line()}{after}"
        if len(line) <= WIDTH or not self.items:
            return line
        inner = [item.lines(indent + _STEP, name, ",") for name, item in self.items]
        return "\n".join([f"{indent}{before}{self.start}", *inner, f"{indent}{self.end}{after}"])


def call(name: str, *positional: Code, **keywords: Code) -> Code:
    """A call."""
    items = [*(("", value) for value in positional), *((f"{key}=", value) for key, value in keywords.items())]
    return Code(f"{name}(", items, ")")


def listing(items: Sequence[Code]) -> Code:
    """A list."""
    return Code("[", [("", item) for item in items], "]")


def mapping(items: Sequence[tuple[Code, Code]]) -> Code:
    """A dict."""
    return Code("{", [(f"{key.on_one_line()}: ", value) for key, value in items], "}")


def text(value: str) -> Code:
    """Text in quotes: double ones, unless that takes more escapes."""
    shown = repr(value)
    if shown.startswith("'") and value.count('"') <= value.count("'"):
        shown = '"' + shown[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
    return Code(shown)


def literal(value: object) -> Code:
    """Text, a number, True or False."""
    return text(value) if isinstance(value, str) else Code(repr(value))
