"""All that a worker does, with the libraries that it takes: seconds of imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .forecasting import forecasting
from .images import images
from .tabular import fitting, inference, parts, preparation, reports
from .texts import classification, generation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STEPS: Mapping[str, Callable[..., Any]] = {
    "tabular.prepare": preparation.prepare,
    "tabular.fit": fitting.fit,
    "tabular.combine": fitting.combine,
    "tabular.explain": reports.explain,
    "tabular.insights": reports.insights,
    "text.prepare": classification.prepare,
    "text.fit": classification.fit,
    "text.explain": classification.explain,
    "text.insights": reports.insights,
    "image.prepare": images.prepare,
    "image.fit": images.fit,
    "image.explain": images.explain,
    "image.insights": reports.insights,
    "forecast.prepare": forecasting.prepare,
    "forecast.fit": forecasting.fit,
    "forecast.combine": forecasting.combine,
    "forecast.explain": forecasting.explain,
    "forecast.insights": forecasting.insights,
    "generation.prepare": generation.prepare,
    "load": inference.load,
    "predict": inference.predict,
    "part.load": parts.load,
    "part.predict": parts.predict,
}
"""By the kind of task and the step of the job."""
