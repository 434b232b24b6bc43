"""What is wrong with a user's data or choices, as opposed to a bug of ours."""

from constructs_lib.engines.faults import DataFault

__all__ = ["DataFault"]
