"""Trains and serves tabular models on this machine, for the rehearsal's SageMaker.

What it computes is true of the models that it trains; it says nothing about the models that Autopilot would find.
"""

from .job import train
from .serving import Server
from .task import (
    Candidate,
    CandidateFinished,
    CandidateStarted,
    Event,
    Note,
    StageEvent,
    TrainingResult,
    TrainingTask,
)

__all__ = [
    "Candidate",
    "CandidateFinished",
    "CandidateStarted",
    "Event",
    "Note",
    "Server",
    "StageEvent",
    "TrainingResult",
    "TrainingTask",
    "train",
]
