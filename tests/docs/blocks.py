"""The fenced blocks and the commands of the pages that people read: found by themselves, so that none is missed.

The conventions, which CONTRIBUTING.md tells whoever writes a page:

- One block of a page may begin with the line `# Stand-ins: yours in your app`. What it *assigns* is there for each
  block below it; what it imports is not: a block imports what it uses.
- A block with `title="name"` is a file of that name. One in Python is a program, which is run as it stands.
- In `console` and `sh` blocks a line is a command if it begins with `$ `, or if no line of the block does.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAND_INS = "# Stand-ins: "

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)``` *$", re.M | re.S
)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: str
    line: int
    language: str
    title: str | None
    text: str

    def __str__(self) -> str:
        """Where it is, for the name of a test."""
        return f"{self.page}:{self.line}"

    @property
    def is_stand_ins(self) -> bool:
        """Whether it holds what the other blocks of its page take for given."""
        return self.language == "python" and self.text.startswith(STAND_INS)


@cache
def pages() -> dict[str, str]:
    """The text of each page by its path."""
    found = [
        *(path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"),  # which tells of what has been
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/**/*.md"),
    ]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(found)}


@cache
def blocks() -> tuple[Block, ...]:
    """The blocks of all pages, in order."""
    return tuple(block for page, text in pages().items() for block in _blocks(page, text))


def _blocks(page: str, text: str) -> Iterator[Block]:
    for match in _FENCE.finditer(text):
        title = re.search(r'title="([^"]+)"', match["info"])
        line = text.count("\n", 0, match.start()) + 1
        yield Block(page, line, match["language"], title and title[1], textwrap.dedent(match["text"]))


def python() -> list[Block]:
    """All that is Python, but for the stand-ins."""
    return [block for block in blocks() if block.language in ("python", "py") and not block.is_stand_ins]


def stand_ins(block: Block) -> Block | None:
    """What a block takes for given: the stand-ins above it on its page."""
    found = [each for each in blocks() if each.page == block.page and each.line < block.line and each.is_stand_ins]
    return found[0] if found else None


def files(page: str) -> dict[str, str]:
    """The files that a page shows, by their names."""
    return {block.title: block.text for block in blocks() if block.page == page and block.title}


@dataclass(frozen=True)
class Command:
    """A command that a page tells people to type; one in a line of text may leave out what it is about."""

    page: str
    line: int
    text: str
    is_whole: bool = True

    def __str__(self) -> str:
        """Where it is, for the name of a test."""
        return f"{self.page}:{self.line}"


def commands() -> list[Command]:
    """The commands of all pages: lines of blocks, and spans of text that name one of our programs with its words."""
    return [*_lines(), *_spans()]


def _lines() -> Iterator[Command]:
    for block in blocks():
        if block.language not in ("console", "sh", "bash", "shell"):
            continue
        lines = block.text.splitlines()
        prompted = any(line.startswith("$ ") for line in lines)
        number = 0
        while number < len(lines):
            start, text = number, lines[number]
            while text.endswith("\\"):
                number += 1
                text = f"{text[:-1]} {lines[number].strip()}"
            number += 1
            if text.startswith("$ ") or (not prompted and text.strip() and not text.startswith("#")):
                yield Command(block.page, block.line + 1 + start, text.removeprefix("$ "))


def _spans() -> Iterator[Command]:
    for page, text in pages().items():
        for match in _SPAN.finditer(_FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)):
            span = match[1]
            if re.match(r"(automl|cdk|pip|python3? dev\.py) [a-z]", span) and "..." not in span:
                yield Command(page, text.count("\n", 0, match.start()) + 1, span, is_whole=False)
