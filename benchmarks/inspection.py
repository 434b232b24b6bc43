"""`automl inspect` beside pandas' `read_csv`, on the same large file: ``python3 dev.py bench inspect``."""

import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .measuring import Figure, in_turns

COLUMNS = 20
_PANDAS = "import sys, pandas; pandas.read_csv(sys.argv[1])"


def figures(runs: int, gigabytes: float) -> Iterator[Figure]:
    """Write a file, have both read it in turns, print wall time and peak memory, and delete it.

    Args:
        runs: Of each side; the figures are medians.
        gigabytes: Of the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        rows = write(path, int(gigabytes * 1e9))
        print(f"{path.stat().st_size / 1e9:.2f} GB, {rows} rows, {COLUMNS} columns\n")
        inspect = [sys.executable, "-m", "constructs_lib.cli", "inspect", str(path), "--target", "churned", "--json"]
        sides = {
            "pandas read_csv": [sys.executable, "-c", _PANDAS, str(path)],
            "inspect, HYPERPARAMETER_TUNING": inspect,
            "inspect, ENSEMBLING": [*inspect, "--mode", "ensembling"],
        }
        taken = in_turns(sides, runs)
    for name, each in taken.items():
        print(f"{name:56} {each}")
    print()
    pandas = taken["pandas read_csv"]
    for name in list(sides)[1:]:
        yield Figure(f"{name} / pandas, wall time", taken[name].median / pandas.median, 1)
        yield Figure(f"{name} / pandas, peak memory", taken[name].memory / pandas.memory, 0.1)


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
