"""Small pictures for the terminal, of block characters."""

from collections.abc import Sequence
from typing import Final

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_HEIGHTS: Final = "▁▂▃▄▅▆▇█"


def bar(share: float, width: int) -> str:
    """A bar as long as a share of the width, to an eighth of a character; of anything above 0 something is seen."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def heights(counts: Sequence[int]) -> str:
    """A character for each count, as high as its share of the largest one; a blank for none."""
    largest = max(counts, default=0)
    top = len(_HEIGHTS) - 1
    return "".join(_HEIGHTS[round(count / largest * top)] if count else " " for count in counts)
