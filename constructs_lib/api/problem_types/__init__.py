"""The problems that `CreateAutoMLJobV2` takes: a file each, and the list of them."""

from .image_classification import ImageClassification
from .tabular import Tabular
from .text_classification import TextClassification
from .text_generation import TextGeneration
from .time_series_forecasting import TimeSeriesForecasting

AnyProblem = Tabular | ImageClassification | TextClassification | TimeSeriesForecasting | TextGeneration
"""The API's union `AutoMLProblemTypeConfig`."""

__all__ = [
    "AnyProblem",
    "ImageClassification",
    "Tabular",
    "TextClassification",
    "TextGeneration",
    "TimeSeriesForecasting",
]
