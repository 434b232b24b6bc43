"""Small data with a known signal, and a job run to its end."""

from __future__ import annotations

import csv
import random
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from constructs_lib.rehearsal.training import Server, train
from constructs_lib.rehearsal.training.tabular.data import Table, read
from constructs_lib.rehearsal.training.task import Event, Task, TrainingResult, TrainingTask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

CUSTOMERS = ("age", "plan", "joined", "remark", "churned")
PLANS = ("basic", "family", "business")
REMARKS = ("never answers the phone", "wants a better price now", "happy with all we do", "asked to cancel the line")


def customers(rows: int, seed: int = 7) -> list[list[str]]:
    """Customers whose churn follows from age and plan, with noise and a few gaps. One column of each kind."""
    draw = random.Random(seed)
    made = []
    for number in range(rows):
        age, plan = draw.randint(18, 90), draw.choice(PLANS)
        churned = (age < 40) != (plan == "family") if draw.random() < 0.9 else draw.random() < 0.5
        remark = f"{draw.choice(REMARKS)} {number}"
        joined = f"20{draw.randint(10, 23)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        made.append([str(age) if draw.random() < 0.97 else "", plan, joined, remark, "yes" if churned else "no"])
    return made


def prices(rows: int, columns: int = 4, seed: int = 7) -> tuple[list[str], list[list[str]]]:
    """Numbers, and a price that is a weighted sum of them with noise."""
    draw = random.Random(seed)
    made = []
    for _ in range(rows):
        values = [draw.gauss(0, 1) for _ in range(columns)]
        price = 1000 + sum((place + 1) * 10 * value for place, value in enumerate(values)) + draw.gauss(0, 1)
        made.append([*(f"{value:.5f}" for value in values), f"{price:.4f}"])
    return [*(f"x{place}" for place in range(columns)), "price"], made


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    """A CSV file as spreadsheets write it."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def customers_file(folder: Path, rows: int = 600, name: str = "customers.csv") -> Path:
    """A file of customers."""
    return write_csv(folder / name, CUSTOMERS, customers(rows))


def run(file: Path, folder: Path, *, target: str = "churned", **fields: Any) -> tuple[TrainingResult, list[Event]]:
    """Train to the end; return the result and everything that was reported on the way."""
    events: list[Event] = []
    task = TrainingTask(training_files=[file], target=target, **fields)
    return train(task, folder / "work", on_event=events.append, cancelled=threading.Event()), events


def table(*files: Path, cap: int = 1000, content_type: str | None = None, compression: str | None = None) -> Table:
    """What the reader makes of files when every row is usable."""
    return read(
        files,
        content_type=content_type,
        compression=compression,
        channel="training",
        check_header=lambda _: lambda _: None,
        cap=cap,
    )


def run_task(task: Task, folder: Path) -> tuple[TrainingResult, list[Event]]:
    """As `run`, for any kind of task."""
    events: list[Event] = []
    return train(task, folder / "work", on_event=events.append, cancelled=threading.Event()), events


@contextmanager
def served(result: TrainingResult, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """The best model of a job, ready for requests."""
    assert result.best is not None, result.failure_reason
    assert result.best.model_archive is not None
    server = Server.start(result.best.model_archive, environment or {})
    try:
        yield server
    finally:
        server.stop()
