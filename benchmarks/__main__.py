"""Measure the budgets of the design that apply so far, side by side in one run: ``python3 dev.py bench``.

Every figure is the median of several processes, taken in turns so that a busy moment of the machine hits all sides.
CDK's own template validation is off: it adds the same seconds to every side.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from . import inspection

APPS = Path(__file__).parent / "apps"
LIBRARY = Path(__file__).parents[1] / "constructs_lib"
MORE_JOBS = 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python3 dev.py bench", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="processes a figure (default 5)")
    parser.add_argument("what", nargs="?", choices=["budgets", "inspect"], default="budgets", help="what is measured")
    parser.add_argument("--gigabytes", type=float, default=1.0, help="of the file for `inspect` (default 1)")
    given = parser.parse_args()
    runs = given.runs
    if given.what == "inspect":
        inspection.measure(runs, given.gigabytes, measured)
        return
    print(f"{runs} runs a figure, {os.cpu_count()} cores; median (least to most)\n")
    synthesis(runs)
    imports(runs)
    handler(runs)
    asset()


def synthesis(runs: int) -> None:
    """Wall time and memory of a synthesis, and what a further job adds."""
    cases = {
        "empty app": ("empty.py", 1, "own-role"),
        "one job, by hand": ("by_hand.py", 1, "own-role"),
        "one job, ours": ("ours.py", 1, "own-role"),
        f"{MORE_JOBS} jobs, shared role, by hand": ("by_hand.py", MORE_JOBS, "shared-role"),
        f"{MORE_JOBS} jobs, shared role, ours": ("ours.py", MORE_JOBS, "shared-role"),
        "one job, shared role, by hand": ("by_hand.py", 1, "shared-role"),
        "one job, shared role, ours": ("ours.py", 1, "shared-role"),
        f"{MORE_JOBS} jobs, own roles, by hand": ("by_hand.py", MORE_JOBS, "own-role"),
        f"{MORE_JOBS} jobs, own roles, ours": ("ours.py", MORE_JOBS, "own-role"),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    resources: dict[str, int] = {}
    for run in range(runs + 1):
        for name, (script, jobs, roles) in cases.items():
            with tempfile.TemporaryDirectory() as outdir:
                seconds, mebibytes = measured([sys.executable, str(APPS / script), outdir, str(jobs), roles])
                template = json.loads(Path(outdir, "Bench.template.json").read_text())
            resources[name] = len(template.get("Resources", {}))
            if run:  # the first round warms the file cache
                taken[name].append((seconds, mebibytes))
    print(f"{'synthesis':42} {'wall':>24} {'peak memory':>12} {'resources':>10}")
    for name, values in taken.items():
        memory = statistics.median(mebibytes for _, mebibytes in values)
        print(f"{name:42} {spread([s for s, _ in values], 's'):>24} {memory:8.0f} MiB {resources[name]:>10}")

    def median(name: str) -> float:
        return statistics.median(seconds for seconds, _ in taken[name])

    def further(roles: str, whose: str) -> float:
        one = f"one job, {'shared role, ' if roles == 'shared role' else ''}{whose}"
        return (median(f"{MORE_JOBS} jobs, {roles}, {whose}") - median(one)) / (MORE_JOBS - 1)

    print()
    ratio("one job, ours / by hand", median("one job, ours") / median("one job, by hand"), "at most 0.75")
    ratio("one job, ours / empty app", median("one job, ours") / median("empty app"), "the aim is 1.5")
    for roles in ("shared role", "own roles"):
        ours, by_hand = further(roles, "ours"), further(roles, "by hand")
        label = f"a further job ({roles}), {ours * 1000:.1f} ms / by hand {by_hand * 1000:.1f} ms"
        ratio(label, ours / by_hand, "at most 0.2" if roles == "shared role" else "no budget")


def imports(runs: int) -> None:
    """What importing the Lambda function costs beside boto3, which it needs."""
    code = {
        "import boto3": "import boto3",
        "import the function": f"import sys; sys.path.insert(0, {str(LIBRARY)!r}); import runtime.handler",
    }
    taken: dict[str, list[float]] = {name: [] for name in code}
    for run in range(runs + 1):
        for name, statement in code.items():
            seconds, _ = measured([sys.executable, "-c", statement])
            if run:
                taken[name].append(seconds)
    print()
    for name, values in taken.items():
        print(f"{name:42} {spread(values, 's'):>24}")
    medians = {name: statistics.median(values) for name, values in taken.items()}
    ratio("the function / boto3", medians["import the function"] / medians["import boto3"], "no slower than boto3")


def handler(runs: int) -> None:
    """What a warm call of the function takes beside the service's time, which is none here."""
    script = APPS / "warm_call.py"
    taken = [
        float(subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True).stdout)
        for _ in range(runs)
    ]
    print(f"\n{'a warm call, from event to response':42} {spread(taken, 'ms'):>24}   (budget: under 50 ms)")


def asset() -> None:
    """The size of what is uploaded: the CDK packs a folder."""
    files = list((LIBRARY / "runtime").rglob("*.py"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(LIBRARY))
    size = len(packed.getvalue())
    print(f"\n{'Lambda asset':42} {size / 1000:.1f} kB, {len(files)} files packed   (budget: under 90 kB)")


def measured(command: list[str]) -> tuple[float, float]:
    """Seconds of wall time, and the peak memory of the process and its children in MiB."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, "CDK_VALIDATION": "false", "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"},
        stdout=subprocess.DEVNULL,
    )
    peaks: dict[int, int] = {}
    while process.poll() is None:
        for pid in [process.pid, *children(process.pid)]:
            peaks[pid] = max(peaks.get(pid, 0), peak_kibibytes(pid))
        time.sleep(0.01)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed with {process.returncode}")
    return time.perf_counter() - started, sum(peaks.values()) / 1024


def children(pid: int) -> list[int]:
    """All descendants of a process."""
    try:
        found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return found + [below for child in found for below in children(child)]


def peak_kibibytes(pid: int) -> int:
    """The most memory that a process ever held, as Linux counts it; 0 where there is no /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def spread(values: list[float], unit: str) -> str:
    """The median with the least and the most."""
    return f"{statistics.median(values):.2f} {unit} ({min(values):.2f} to {max(values):.2f})"


def ratio(what: str, value: float, budget: str) -> None:
    """A line with a ratio and its budget."""
    print(f"{what:66} {value:5.2f}   ({budget})")


if __name__ == "__main__":
    main()
