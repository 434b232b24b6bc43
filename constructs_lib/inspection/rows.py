"""The rows of texts and time series, one by one: how the service reads those is not known, so by a rule of ours."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from constructs_lib.engines.faults import DataFault
from constructs_lib.engines.inspection import no_target
from constructs_lib.engines.target import few

from .tables import Watch, check_gzip, is_gzipped, is_parquet

_PARQUET: Final = "x-application/vnd.amazon+parquet"


def each_row(
    files: Sequence[Path],
    columns: Mapping[str, str],
    take: Callable[[Sequence[str]], None],
    watch: Watch | None,
    *,
    exactly: bool = False,
) -> list[str]:
    """Hand over some cells of each row, blanks around them left out and words for missing made empty.

    Args:
        files: CSV, also compressed, or Parquet; all with the same header.
        columns: What each column is for, and its name.
        take: Is given the cells of these columns.
        watch: Is told of the progress.
        exactly: Whether there may be no other columns.

    Returns:
        What to know of how the files were read.

    Raises:
        DataFault: A file cannot be read, or lacks a column.
    """
    from constructs_lib.rehearsal.training.tabular.data import difference, read

    def judge_of(header: list[str]) -> Callable[[list[str]], str | None]:
        if exactly and sorted(header) != sorted(columns.values()):
            wanted = " and ".join(f"'{name}'" for name in columns.values())
            told = difference(header, list(columns.values()))
            raise DataFault(f"must have exactly the columns {wanted}: it has {told}")
        for name in columns.values():
            if name not in header:
                raise DataFault(no_target(files[0].name, header, name))
        places = [header.index(name) for name in columns.values()]

        def judge(row: list[str]) -> str | None:
            take([row[place] for place in places])
            return None

        return judge

    names = list(columns.values())
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataFault(f"names {few(twice)} for more than one of {', '.join(columns)}: they must differ")
    headers: list[list[str]] = []
    notes: list[str] = []

    def check(header: list[str]) -> Callable[[list[str]], str | None]:
        if headers and header != headers[0]:
            raise DataFault("has files whose headers are not the same")
        headers.append(header)
        return judge_of(header)

    for path in files:
        kind = _PARQUET if is_parquet(path) else None
        if kind is None:
            check_gzip(path)
        table = read(
            [path],
            content_type=kind,
            compression="Gzip" if kind is None and is_gzipped(path) else None,
            channel="training",
            check_header=check,
            cap=0,
        )
        if table.repeated_headers:
            notes.append(f"{path.name} has its header again among its rows")
        if watch:
            watch(path.stat().st_size)
    return notes
