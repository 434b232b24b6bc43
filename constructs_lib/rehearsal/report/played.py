"""What of a rehearsal was real, and what stood for AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constructs_lib.rehearsal.record import Record

NOT_AUTOPILOT = "The models were trained on this machine, not by Autopilot: scores here say nothing about scores there."


def real(record: Record) -> list[str]:
    """What was real."""
    models = ["the trained models"] if trained(record) else []
    return ["the cdk CLI", "the synthesized templates and assets", "the Lambda code", "the data", *models]


def emulated() -> list[str]:
    """What stood for services of AWS."""
    return [
        "CloudFormation, S3, KMS, Lambda and IAM by MiniStack (policies are enforced)",
        "SageMaker by this library",
    ]


def shortened(record: Record) -> list[str]:
    """What takes longer on AWS."""
    waits = ["the time between two looks at a job, from a minute to a second"] if record.told else []
    alarms = ["how long alarms are watched while a model takes over, to a second or two in all"]
    runs = ["how long data have to be quiet, and how seldom runs train; the month's ceiling is high"]
    return waits + (alarms if record.answered else []) + (runs if record.is_hurried else [])


def made_up(record: Record) -> list[str]:
    """What nobody gave."""
    rows = "new rows: better ones are the app's own once more, its holdout too, worse ones have the labels of others"
    return [rows, "what schedules begin: runs are started by hand"] if record.is_hurried else []


def played(record: Record) -> list[str]:
    """What stood for AWS, what was shortened, and what the models are not."""
    models = [NOT_AUTOPILOT.rstrip(".")] if trained(record) else []
    shorter = (f"shortened: {each}" for each in shortened(record))
    return [*emulated(), *shorter, *(f"made up: {each}" for each in made_up(record)), *models]


def trained(record: Record) -> bool:
    """Whether any model was."""
    return any(job.candidates for job, _ in record.trained)
