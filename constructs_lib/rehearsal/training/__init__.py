"""Trains and serves models on this machine, for the rehearsal's SageMaker: `train` and `Server` are all that it calls.

What it computes is true of the models that it trains; it says nothing about the models that Autopilot would find. A
problem has its room; what all share lies beside them.
"""

from .job import train
from .serving import Server

__all__ = ["Server", "train"]
