#!/usr/bin/env python3
"""Draw `docs/pictures/*.svg`: the rooms of the house, from the imports and the floors in `pyproject.toml`; and a flow.

    python docs/pictures/draw.py

An arrow between rooms means that something in the room imports something in the other one; one that follows from two
others is left out. The flow is what `FLOW` says. `tests/architecture/test_rooms.py` holds that pictures are current.
"""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

import grimp

FOLDER: Final = Path(__file__).parent
ROOT: Final = FOLDER.parents[1]

PICTURES: Final = {
    "rooms.svg": ("constructs_lib", ()),
    "embedded-aws.svg": (
        "constructs_lib.rehearsal.cloud",
        ("background", "certificate", "settings", "training_module"),
    ),
}
"""Each picture with the package whose children it shows, and those that would only take room."""

FLOW: Final = (
    {
        "schedule": "a cron expression with its time zone",
        "new rows": "objects below a prefix, once they are quiet",
        "alarm": "any CloudWatch alarm, of a drift for one",
        "by hand": "an execution with start_input",
    },
    {"document": "one JSON object in S3: one run at a time, what comes meanwhile is remembered once"},
    {"job": "the same request under a fresh name, with whatever the prefix holds then"},
    {"gate": "is it better than the champion, and within the bounds?"},
    {
        "version": "in the Model Registry, where somebody may have to approve it",
        "champion kept": "nothing changes in service; the report says why",
    },
    {"endpoint": "rolls over to the better model as a deployment would, and answers all the while"},
)
"""What happens in a retraining, from the top down: floors of steps, each with what it is."""

FLOW_ARROWS: Final = (
    *((trigger, "document") for trigger in FLOW[0]),
    ("document", "job"),
    ("job", "gate"),
    ("gate", "version"),
    ("gate", "champion kept"),
    ("version", "endpoint"),
)

_WIDTH: Final = 1180
_MARGIN: Final = 20
_BOX: Final = 68
_GAP: Final = 54
_SIDE: Final = 18
_WIDEST: Final = 540
_LETTER: Final = 6.0
"""About the width of a letter of the small text, in pixels."""

STYLE: Final = """
  text { font-family: system-ui, sans-serif; fill: #1f2328 }
  .name { font-size: 15px; font-weight: 600 }
  .what { font-size: 11px; fill: #57606a }
  rect { fill: #f6f8fa; stroke: #8c959f; rx: 6px }
  path { fill: none; stroke: #8c959f; stroke-width: 1.2px }
  marker path { fill: #8c959f; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .what { fill: #9198a1 }
    rect { fill: #161b22; stroke: #656c76 } path { stroke: #656c76 } marker path { fill: #656c76 }
  }
"""


@dataclass(frozen=True)
class Box:
    """A room in the picture."""

    name: str
    lines: list[str]
    left: float
    top: float
    width: float

    @property
    def middle(self) -> float:
        """Where it is, from the left."""
        return self.left + self.width / 2


def pictures() -> dict[str, str]:
    """Every picture by its file's name."""
    graph = grimp.build_graph("constructs_lib", cache_dir=None)
    rooms = {file: _picture(graph, package, set(hidden)) for file, (package, hidden) in PICTURES.items()}
    return rooms | {"retraining.svg": _flow()}


def _flow() -> str:
    boxes: dict[str, Box] = {}
    for number, floor in enumerate(FLOW):
        boxes |= {box.name: box for box in _row(floor, number, _WIDTH / 2)}
    return _svg("What happens in a retraining", boxes, set(FLOW_ARROWS), len(FLOW))


def _picture(graph: grimp.ImportGraph, package: str, hidden: set[str]) -> str:
    floors = [[room for room in floor if room not in hidden] for floor in _floors(package)]
    arrows = _essential(_arrows(graph, package, {room for floor in floors for room in floor}))
    boxes: dict[str, Box] = {}
    for number, floor in enumerate(floors):
        above = [boxes[upper].middle for upper, lower in arrows if lower == floor[0]]
        middle = sum(above) / len(above) if len(floor) == 1 and above else _WIDTH / 2
        said = {room: _says(package, room) for room in floor}
        boxes |= {box.name: box for box in _row(said, number, middle)}
    return _svg(f"The rooms of {package}", boxes, arrows, len(floors))


def _svg(title: str, boxes: dict[str, Box], arrows: set[tuple[str, str]], floors: int) -> str:
    height = 2 * _MARGIN + floors * (_BOX + _GAP) - _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>',
        *(_curve(boxes[upper], boxes[lower]) for upper, lower in sorted(arrows)),
        *(_drawn(box) for box in boxes.values()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _floors(package: str) -> list[list[str]]:
    """The floors of a package from the roof down, as import-linter holds them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each.get("containers") == [package])
    return [[room.strip() for room in layer.split("|")] for layer in layers]


def _row(floor: dict[str, str], number: int, middle: float) -> list[Box]:
    width = min((_WIDTH - 2 * _MARGIN - (len(floor) - 1) * _SIDE) / len(floor), _WIDEST)
    whole = len(floor) * width + (len(floor) - 1) * _SIDE
    left = min(max(middle - whole / 2, _MARGIN), _WIDTH - _MARGIN - whole)
    top = _MARGIN + number * (_BOX + _GAP)
    return [
        Box(name, _wrapped(text, width), left + place * (width + _SIDE), top, width)
        for place, (name, text) in enumerate(floor.items())
    ]


def _says(package: str, room: str) -> str:
    """The first sentence of a room's docstring."""
    path = ROOT / package.replace(".", "/") / room
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("`", "")


def _wrapped(text: str, width: float) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > (width - 20) / _LETTER:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines if len(lines) < 3 else [lines[0], lines[1][:-1].rstrip() + "…"]


def _arrows(graph: grimp.ImportGraph, package: str, rooms: set[str]) -> set[tuple[str, str]]:
    def room_of(module: str) -> str | None:
        inside = module.removeprefix(f"{package}.") if module.startswith(f"{package}.") else ""
        room = inside.partition(".")[0]
        return room if room in rooms else None

    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            upper, lower = room_of(module), room_of(imported)
            if upper and lower and upper != lower:
                found.add((upper, lower))
    return found


def _essential(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Without the arrows that others imply: the rooms have no circles."""

    def reaches(start: str, end: str, without: tuple[str, str]) -> bool:
        return any(
            lower == end or reaches(lower, end, without)
            for upper, lower in arrows
            if upper == start and (upper, lower) != without
        )

    return {arrow for arrow in arrows if not reaches(*arrow, arrow)}


def _curve(upper: Box, lower: Box) -> str:
    start, end = upper.top + _BOX, lower.top
    bend = (end - start) / 2
    shift = max(-0.3, min(0.3, (lower.middle - upper.middle) / _WIDTH))
    x1, x2 = upper.middle + shift * upper.width, lower.middle - shift * lower.width
    return (
        f'<path marker-end="url(#tip)" d="M{x1:.0f} {start:.0f} C{x1:.0f} {start + bend:.0f} '
        f'{x2:.0f} {end - bend:.0f} {x2:.0f} {end:.0f}"/>'
    )


def _drawn(box: Box) -> str:
    said = "".join(
        f'<text class="what" text-anchor="middle" x="{box.middle:.0f}" y="{box.top + 42 + 14 * number:.0f}">'
        f"{escape(line)}</text>"
        for number, line in enumerate(box.lines)
    )
    return (
        f'<rect x="{box.left:.0f}" y="{box.top:.0f}" width="{box.width:.0f}" height="{_BOX}"/>'
        f'<text class="name" text-anchor="middle" x="{box.middle:.0f}" y="{box.top + 22:.0f}">{box.name}</text>{said}'
    )


if __name__ == "__main__":
    for file, drawn in pictures().items():
        (FOLDER / file).write_text(drawn, encoding="utf-8")
