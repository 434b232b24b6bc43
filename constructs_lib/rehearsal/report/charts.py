"""Small drawings. Each stands beside the numbers that it shows, in words or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .markup import element

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree.ElementTree import Element

    from constructs_lib.rehearsal.studies import Forecast

_WIDE: Final = 100.0
_LINE_WIDTH, _LINE_HEIGHT, _MARGIN = 640.0, 200.0, 6.0


def bar(start: float, length: float, whole: float, kind: str = "") -> Element:
    """A bar of a table's row: it begins at `start` of `whole`. The number stands beside it."""
    whole = whole or 1.0
    left = min(_WIDE, max(0.0, _WIDE * start / whole))
    width = min(_WIDE - left, max(0.6, _WIDE * length / whole)) if length > 0 else 0.0
    return element(
        "svg",
        element("rect", class_="track", x="0", y="0", width="100", height="8"),
        element("rect", class_=f"mark {kind}".strip(), x=f"{left:.2f}", y="0", width=f"{width:.2f}", height="8"),
        class_="bar",
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        aria_hidden="true",
        focusable="false",
    )


def box(residuals: Mapping[str, float]) -> Element:
    """Residuals from the least to the greatest: eight of ten lie in the box, the line is the median."""
    least, greatest = residuals["minimum"], residuals["maximum"]
    whole = (greatest - least) or 1.0
    at = {name: _WIDE * (value - least) / whole for name, value in residuals.items()}
    zero = _WIDE * (0 - least) / whole
    marks = [
        element("rect", class_="track", x="0", y="9", width="100", height="2"),
        element("rect", class_="mark", x=f"{at['p10']:.2f}", y="3", width=f"{at['p90'] - at['p10']:.2f}", height="14"),
        element("rect", class_="median", x=f"{at['median'] - 0.3:.2f}", y="1", width="0.6", height="18"),
    ]
    if 0 <= zero <= _WIDE:
        marks.append(element("rect", class_="zero", x=f"{zero - 0.15:.2f}", y="0", width="0.3", height="20"))
    return element(
        "svg",
        marks,
        class_="box",
        viewBox="0 0 100 20",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"Residuals from {least:.4g} to {greatest:.4g}, their median at {residuals['median']:.4g}",
    )


def lines(forecast: Forecast) -> Element:
    """What came to be as a line, the median of the forecast as a dashed one, and the outer quantiles as a band."""
    ranked = sorted(
        forecast.quantiles, key=lambda name: (name == "mean", int(name[1:]) if name[1:].isdecimal() else 50)
    )
    outer = [forecast.quantiles[ranked[0]], forecast.quantiles[ranked[-1]]] if ranked else []
    middle = forecast.quantiles.get("p50")
    values = [*forecast.truth, *(value for each in outer for value in each), *(middle or ())]
    least, greatest = min(values), max(values)

    def points(series: Sequence[float]) -> list[str]:
        across = (_LINE_WIDTH - 2 * _MARGIN) / max(1, len(series) - 1)
        up = (_LINE_HEIGHT - 2 * _MARGIN) / ((greatest - least) or 1.0)
        return [
            f"{_MARGIN + place * across:.1f},{_LINE_HEIGHT - _MARGIN - (value - least) * up:.1f}"
            for place, value in enumerate(series)
        ]

    drawn = []
    if outer:
        drawn.append(
            element("polygon", class_="band", points=" ".join([*points(outer[1]), *reversed(points(outer[0]))]))
        )
    if middle:
        drawn.append(element("polyline", class_="said", points=" ".join(points(middle))))
    drawn.append(element("polyline", class_="truth", points=" ".join(points(forecast.truth))))
    return element(
        "svg",
        drawn,
        class_="lines",
        viewBox=f"0 0 {_LINE_WIDTH:.0f} {_LINE_HEIGHT:.0f}",
        role="img",
        aria_label=f"Forecast of {forecast.item}: {len(forecast.truth)} steps from {forecast.moments[0]} to "
        f"{forecast.moments[-1]}, between {least:.4g} and {greatest:.4g}; the table below has the numbers",
    )
