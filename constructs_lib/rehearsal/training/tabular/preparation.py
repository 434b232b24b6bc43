"""The first step of a job: reads and judges the data, finds the problem, splits the rows and plans the candidates."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.inspection import engine_of

from ..task import TrainingTask
from . import columns, families, notebooks, problem
from .data import Table, closest, difference, survey
from .prepared import Prepared, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from constructs_lib.engines.inspection import Engine, Survey

    from .data import Read


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
        engine = engine_of(mode)
        table, read = self._read(engine, files, "training", self._check_training_header, cap)
        self._check_rows(table, read)
        found = problem.resolve(table, task.problem_type, task.objective)
        self._notes += [*read.notes("training", len(table.sample)), *found.notes]
        names, kinds = columns.asked_features(
            task.features,
            [name for name in table.columns if name not in {task.target, task.sample_weight}],
            target=task.target,
            ensembling=mode == families.ENSEMBLING,
        )
        described = tuple(columns.describe(table, name, kinds.get(name)) for name in names)
        self._note_columns(described)
        report = table.report(found.problem_type, found.class_of, {column.name: column.kind for column in described})
        reported = [f"the training data {each.text}" for each in report]
        plan = families.plan(mode, found.problem_type, task.algorithms, task.max_candidates)
        training = self._sample(table, names, found)
        if not len(training):
            raise DataFault(f"no row of the training data has a number in {task.target!r}")
        if task.validation_files:
            validation = self._read_validation(engine, table, names, found)
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
            "notebooks": notebooks.write(
                prepared, plan, read.usable, self._notes, reported, table.labels, self._directory
            ),
        }

    def _read(
        self, engine: Engine, files: Sequence[Path], channel: str, check_header: Callable[[list[str]], None], cap: int
    ) -> tuple[Survey, Read]:
        return survey(
            files,
            engine=engine,
            target=self._task.target,
            weight=self._task.sample_weight,
            content_type=self._task.content_type,
            compression=self._task.compression,
            channel=channel,
            check_header=check_header,
            cap=cap,
        )

    def _check_training_header(self, names: list[str]) -> None:
        for role, name in (("target", self._task.target), ("sample weight", self._task.sample_weight)):
            if name is not None and name not in names:
                raise DataFault(f"there is no {role} column {name!r} in the training data: {where_is(name, names)}")

    def _check_rows(self, table: Survey, read: Read) -> None:
        # Rows without a label are no note of the reading: the engine tells of them, with their cells.
        dropped = read.dropped | self._unlabelled(table)
        left_out = "".join(f"; {count} more have {why}" for why, count in dropped.items())
        if not read.usable and dropped:
            raise DataFault(f"no row of the training data can be used: {left_out.removeprefix('; ')}")
        if read.usable < MINIMUM_ROWS:
            raise DataFault(
                f"the training data has {read.usable} usable rows; at least {MINIMUM_ROWS} are needed{left_out}"
            )

    def _unlabelled(self, table: Survey) -> dict[str, int]:
        count = table.rows - table.labelled
        return {f"no value in the target {self._task.target!r}": count} if count else {}

    def _note_columns(self, described: Sequence[columns.Column]) -> None:
        for column in described:
            if column.unused:
                self._notes.append(f"column {column.name!r} is not used: {column.unused}")
            self._notes += [f"column {column.name!r} {note}" for note in column.notes]
        if not any(column.kind for column in described):
            raise DataFault("no column can be learned from: " + "; ".join(f"{c.name!r}: {c.unused}" for c in described))

    def _sample(self, table: Survey, names: Sequence[str], found: problem.Problem) -> Sample:
        """The rows that can be learned from: with a class that is learned, or with a number."""
        places = [table.columns.index(name) for name in names]
        where = table.columns.index(self._task.target)
        given = [row[where] for row in table.sample]
        read = found.place if found.labels else table.as_number
        values = {cell: read(cell) for cell in set(given)}
        target = np.array([values[cell] for cell in given], dtype=np.float64)
        kept = np.flatnonzero(np.isfinite(target))
        rows = [table.sample[place] for place in kept]
        cells = np.array([[table.value(row[place]) for place in places] for row in rows], dtype=object)
        weights = None
        if self._task.sample_weight is not None:
            weight = table.columns.index(self._task.sample_weight)
            weights = np.array([table.as_number(row[weight]) for row in rows])
        return Sample(cells=cells.reshape(len(rows), len(names)), target=target[kept], weights=weights)

    def _read_validation(
        self, engine: Engine, training: Survey, names: Sequence[str], found: problem.Problem
    ) -> Sample:
        def check_header(header: list[str]) -> None:
            if header != training.columns:
                raise DataFault(
                    "the validation data does not have the header of the training data: "
                    f"it has {difference(header, training.columns)}"
                )

        files = [Path(file) for file in self._task.validation_files]
        table, read = self._read(engine, files, "validation", check_header, MOST_ROWS)
        read.dropped |= self._unlabelled(table)
        sample = self._sample(table, names, found)
        if lost := len(table.sample) - len(sample):
            what = "a value in {!r} that the training data does not have" if found.labels else "no number in {!r}"
            read.drop(lost, what.format(self._task.target))
        self._notes += read.notes("validation", len(table.sample))
        if not len(sample):
            raise DataFault(f"the validation data has no usable row{read.why_dropped()}")
        return sample


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
