"""The first step of a job: reads and judges the data, finds the problem, splits the rows and plans the candidates."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..faults import DataFault
from ..task import TrainingTask
from . import columns, families, notebooks, problem
from .data import Table, closest, difference, read
from .prepared import Prepared, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


MINIMUM_ROWS = 500
"""Fewer rows of training data are refused, as AWS documents."""

MOST_ROWS = 20_000
"""Rows to train on; a random sample of more."""

DEFAULT_VALIDATION_FRACTION = 0.2

_SEED = 0


def prepare(task: Mapping[str, Any], directory: str) -> dict[str, Any]:
    """Read the data of a job and write what training needs to a directory.

    Args:
        task: The fields of a `TrainingTask` as plain values.
        directory: Where to write.

    Returns:
        The problem, the plan and the notes, as plain values.

    Raises:
        DataFault: The data or the choices cannot be trained with; says why.
    """
    return _Preparation(TrainingTask(**task), Path(directory)).result()


class _Preparation:
    def __init__(self, task: TrainingTask, directory: Path) -> None:
        self._task = task
        self._directory = directory
        self._notes: list[str] = []

    def result(self) -> dict[str, Any]:
        task = self._task
        files = [Path(file) for file in task.training_files]
        mode = families.resolve_mode(
            task.mode, sum(file.stat().st_size for file in files), weighted=task.sample_weight is not None
        )
        if task.mode != mode:
            self._notes.append(_why(mode, task.mode))
        fraction = task.validation_fraction or DEFAULT_VALIDATION_FRACTION
        cap = MOST_ROWS if task.validation_files else math.ceil(MOST_ROWS / (1 - fraction))
        table = self._read(files, "training", self._check_training_header, cap)
        self._check_rows(table)
        target = column_of(table, task.target)
        found = problem.resolve(task.target, target, task.problem_type, task.objective)
        self._notes += found.notes
        names, kinds = columns.asked_features(
            task.features,
            [name for name in table.columns if name not in {task.target, task.sample_weight}],
            target=task.target,
            ensembling=mode == families.ENSEMBLING,
        )
        described = tuple(columns.describe(name, column_of(table, name), kinds.get(name)) for name in names)
        self._note_columns(described)
        plan = families.plan(mode, found.problem_type, task.algorithms, task.max_candidates)
        training = self._sample(table, names, found)
        if task.validation_files:
            validation = self._read_validation(table, names, found)
        else:
            training, validation = split_rows(training, fraction, stratified=bool(found.labels))
        for name, sample in (("training", training), ("validation", validation)):
            if sample.weights is not None and not sample.weights.sum() > 0:
                raise DataFault(f"all weights in {task.sample_weight!r} of the {name} rows are zero")
        self._notes += [*plan.notes, *rare_classes(found.labels, training)]
        prepared = Prepared(
            target=task.target,
            mode=mode,
            problem=found,
            columns=described,
            training=training,
            validation=validation,
        )
        prepared.save(self._directory)
        return {
            "problem_type": found.problem_type,
            "objective": found.objective,
            "direction": problem.direction(found.objective),
            # Unverified: which stage the service shows while it trains in ENSEMBLING mode.
            "stage": "TrainingModels" if mode == families.ENSEMBLING else "ModelTuning",
            "mode": mode,
            "trials": [trial.as_json() for trial in plan.trials],
            "ensemble": {"trial": dict(families.AVERAGE), "fewest": 2} if plan.average else None,
            "notes": self._notes,
            "notebooks": notebooks.write(prepared, plan, table.usable, self._notes, target, self._directory),
        }

    def _read(
        self,
        files: Sequence[Path],
        channel: str,
        check_header: Callable[[list[str]], Callable[[list[str]], str | None]],
        cap: int,
    ) -> Table:
        table = read(
            files,
            content_type=self._task.content_type,
            compression=self._task.compression,
            channel=channel,
            check_header=check_header,
            cap=cap,
        )
        self._notes += table.notes(channel)
        return table

    def _check_training_header(self, names: list[str]) -> Callable[[list[str]], str | None]:
        for role, name in (("target", self._task.target), ("sample weight", self._task.sample_weight)):
            if name is not None and name not in names:
                raise DataFault(f"there is no {role} column {name!r} in the training data: {where_is(name, names)}")
        return self._judge(names)

    def _judge(self, names: list[str]) -> Callable[[list[str]], str | None]:
        target = names.index(self._task.target)
        weight = None if self._task.sample_weight is None else names.index(self._task.sample_weight)
        no_target = f"no value in the target {self._task.target!r}"
        no_weight = f"no valid weight in {self._task.sample_weight!r}"

        def why_not(row: list[str]) -> str | None:
            if not row[target]:
                return no_target
            if weight is not None and not columns.number(row[weight]) >= 0:
                return no_weight
            return None

        return why_not

    def _check_rows(self, table: Table) -> None:
        left_out = "".join(f"; {count} more have {why}" for why, count in table.dropped.items())
        if not table.usable and table.dropped:
            raise DataFault(f"no row of the training data can be used: {left_out.removeprefix('; ')}")
        if table.usable < MINIMUM_ROWS:
            raise DataFault(
                f"the training data has {table.usable} usable rows; at least {MINIMUM_ROWS} are needed{left_out}"
            )

    def _note_columns(self, described: Sequence[columns.Column]) -> None:
        for column in described:
            if column.unused:
                self._notes.append(f"column {column.name!r} is not used: {column.unused}")
            elif column.unreadable:
                self._notes.append(
                    f"column {column.name!r} is taken for {column.kind}: {column.unreadable} other values in it "
                    "count as missing"
                )
            if column.date:
                self._notes.append(f"column {column.name!r} is not read as dates here: {column.date}")
        if not any(column.kind for column in described):
            raise DataFault("no column can be learned from: " + "; ".join(f"{c.name!r}: {c.unused}" for c in described))

    def _sample(self, table: Table, names: Sequence[str], found: problem.Problem) -> Sample:
        places = [table.columns.index(name) for name in names]
        cells = np.array([[row[place] for place in places] for row in table.rows], dtype=object)
        values = column_of(table, self._task.target)
        if found.labels:
            numbers = {label: float(index) for index, label in enumerate(found.labels)}
            target = [numbers[value] for value in values]
        else:
            target = [columns.number(value) for value in values]
        weights = None
        if self._task.sample_weight is not None:
            weights = np.array([columns.number(value) for value in column_of(table, self._task.sample_weight)])
        return Sample(cells=cells.reshape(len(table.rows), len(names)), target=np.array(target), weights=weights)

    def _read_validation(self, training: Table, names: Sequence[str], found: problem.Problem) -> Sample:
        def check_header(header: list[str]) -> Callable[[list[str]], str | None]:
            if header != training.columns:
                raise DataFault(
                    "the validation data does not have the header of the training data: "
                    f"it has {difference(header, training.columns)}"
                )
            judge = self._judge(header)
            place = header.index(self._task.target)

            def why_not(row: list[str]) -> str | None:
                reason = judge(row)
                if reason is None and found.labels and row[place] not in found.labels:
                    return f"a value in {self._task.target!r} that the training data does not have"
                if reason is None and not found.labels and math.isnan(columns.number(row[place])):
                    raise DataFault(
                        f"{problem.REGRESSION} needs numbers in {self._task.target!r}; "
                        f"the validation data has {row[place][:40]!r}"
                    )
                return reason

            return why_not

        files = [Path(file) for file in self._task.validation_files]
        table = self._read(files, "validation", check_header, MOST_ROWS)
        if not table.rows:
            raise DataFault(f"the validation data has no usable row{table.why_dropped()}")
        return self._sample(table, names, found)


def _why(mode: str, asked: str | None) -> str:
    """Why a job runs in a mode that it did not ask for by its name."""
    if asked is None:
        return f"no mode was given, so the job runs in {mode}, as Autopilot was seen to do, also with little data"
    return f"{asked} is {mode} here, by the size of the data as AWS documents it; no run of it on AWS is known"


def split_rows(sample: Sample, fraction: float, *, stratified: bool) -> tuple[Sample, Sample]:
    """Training and validation rows at random; each class in proportion, and always one row of it to train on."""
    generator = np.random.default_rng(_SEED)
    groups = [np.flatnonzero(sample.target == label) for label in np.unique(sample.target)] if stratified else []
    chosen = np.zeros(len(sample), dtype=bool)
    for group in groups or [np.arange(len(sample))]:
        count = min(round(fraction * len(group)), len(group) - 1)
        chosen[generator.permutation(group)[:count]] = True
    if not chosen.any():
        raise DataFault(f"a validation fraction of {fraction} leaves none of {len(sample)} rows for validation")
    return sample.part(np.flatnonzero(~chosen)), sample.part(np.flatnonzero(chosen))


def rare_classes(labels: Sequence[str], training: Sample) -> list[str]:
    """A note on the classes of which one row is left to train on."""
    counts = Counter(training.target.tolist())
    rare = [label for number, label in enumerate(labels) if counts[number] == 1]
    return [f"classes with a single row to train on: {', '.join(rare)}"] if rare else []


def column_of(table: Table, name: str) -> list[str]:
    """The cells of a column."""
    place = table.columns.index(name)
    return [row[place] for row in table.rows]


def where_is(name: str, names: Sequence[str]) -> str:
    """A hint at why a column is not among the names there are."""
    if all(not math.isnan(columns.number(column)) for column in names):
        return "its first line holds only numbers, so the header seems to be missing"
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        return f"its only column is {names[0]!r}; values must be separated by commas"
    return closest(name, names)
