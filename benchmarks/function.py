"""What the Lambda function takes: to start, to answer, to be uploaded."""

import io
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from constructs_lib.provider.packing import pack

from .measuring import Figure, in_turns, ratio

LIBRARY = Path(__file__).parents[1] / "constructs_lib"
_WARM = Path(__file__).parent / "apps" / "warm_call.py"


def figures(runs: int) -> Iterator[Figure]:
    """The budgets of the function."""
    with tempfile.TemporaryDirectory() as folder:
        pack(LIBRARY / "runtime", Path(folder))
        taken = in_turns(
            {
                "import boto3": [sys.executable, "-c", "import boto3"],
                "import the function": [
                    sys.executable,
                    "-c",
                    f"import sys; sys.path.insert(0, {folder!r}); import runtime.handler",
                ],
            },
            runs,
        )
        files = list(Path(folder).rglob("*.py"))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.relative_to(folder))
    for name, each in taken.items():
        print(f"{name:56} {each}")
    print()
    cold = ratio(taken["import the function"], taken["import boto3"])
    yield Figure("cold start: import of the function / boto3 alone", cold, 0.9)
    warm = [float(_output([sys.executable, str(_WARM)])) for _ in range(runs)]
    yield Figure("a warm call, from event to response", statistics.median(warm), 50, " ms")
    yield Figure("what is uploaded, zipped", len(packed.getvalue()) / 1000, 90, " kB")


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
