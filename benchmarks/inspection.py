"""`automl inspect` beside pandas' `read_csv`, on the same large file: ``python3 dev.py bench inspect``."""

import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

Measured = Callable[[list[str]], tuple[float, float]]

COLUMNS = 20
_PANDAS = "import sys, pandas; pandas.read_csv(sys.argv[1])"


def measure(runs: int, gigabytes: float, measured: Measured) -> None:
    """Write a file, have both read it in turns, print wall time and peak memory, and delete it.

    Args:
        runs: Of each side; the figures are medians.
        gigabytes: Of the file.
        measured: Runs a command; returns its seconds and mebibytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        rows = write(path, int(gigabytes * 1e9))
        print(f"{path.stat().st_size / 1e9:.2f} GB, {rows} rows, {COLUMNS} columns; median (least to most) of {runs}\n")
        inspect = [sys.executable, "-m", "constructs_lib.cli", "inspect", str(path), "--target", "churned", "--json"]
        sides = {
            "pandas read_csv": [sys.executable, "-c", _PANDAS, str(path)],
            "inspect, HYPERPARAMETER_TUNING": inspect,
            "inspect, ENSEMBLING": [*inspect, "--mode", "ensembling"],
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
        for _ in range(runs):
            for name, command in sides.items():
                taken[name].append(measured(command))
    medians = {name: tuple(map(statistics.median, zip(*each, strict=True))) for name, each in taken.items()}
    seconds, mebibytes = medians["pandas read_csv"]
    for name, each in taken.items():
        wall = [time for time, _ in each]
        print(f"{name:32} {medians[name][0]:6.1f} s ({min(wall):.1f} to {max(wall):.1f}), {medians[name][1]:5.0f} MiB")
    print()
    for name in list(sides)[1:]:
        print(f"{name} / pandas, wall time   {medians[name][0] / seconds:5.2f}   (below 1)")
        print(f"{name} / pandas, peak memory {medians[name][1] / mebibytes:5.2f}   (at most 0.10)")


def write(path: Path, size: int) -> int:
    """Write a table of mixed columns of about a size in bytes; returns its rows."""
    draw = random.Random(0)
    kinds = [f"kind-{number}" for number in range(50)]
    names = ["id", *(f"amount{place}" for place in range(7)), *(f"count{place}" for place in range(4))]
    names += [*(f"kind{place}" for place in range(4)), "when", "flag", "level", "churned"]
    part = []
    for _ in range(50_000):
        cells = [f"{draw.lognormvariate(3, 1):.4f}" for _ in range(7)]
        cells += [str(draw.randrange(10 ** (place + 2))) for place in range(4)]
        cells += [draw.choice(kinds[: 5 * 10 ** (place // 2)]) for place in range(4)]
        cells += [f"2024-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02} {draw.randrange(24):02}:00:00"]
        part.append(
            ",".join([*cells, draw.choice(["yes", "no"]), draw.choice(["", "low", "high"]), draw.choice("TFFFF")])
        )
    rows = 0
    with path.open("w") as file:
        file.write(",".join(names) + "\n")
        while file.tell() < size:
            file.writelines(
                f"{rows + at:08x}-{(rows + at) * 2654435761 % 2**32:08x},{row}\n" for at, row in enumerate(part)
            )
            rows += len(part)
    return rows
