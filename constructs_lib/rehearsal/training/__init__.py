"""Trains and serves models on this machine, for the rehearsal's SageMaker.

What it computes is true of the models that it trains; it says nothing about the models that Autopilot would find.
"""

from .job import train
from .serving import Server
from .task import (
    Candidate,
    CandidateFinished,
    CandidateStarted,
    Event,
    ForecastingTask,
    ImageClassificationTask,
    ImageFile,
    Note,
    StageEvent,
    Task,
    TextClassificationTask,
    TextGenerationTask,
    TrainingResult,
    TrainingTask,
)

__all__ = [
    "Candidate",
    "CandidateFinished",
    "CandidateStarted",
    "Event",
    "ForecastingTask",
    "ImageClassificationTask",
    "ImageFile",
    "Note",
    "Server",
    "StageEvent",
    "Task",
    "TextClassificationTask",
    "TextGenerationTask",
    "TrainingResult",
    "TrainingTask",
    "train",
]
