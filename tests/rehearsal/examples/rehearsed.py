"""`automl rehearse`, as a user runs it. Each long life has a file of its own: workers take files, the longest alone."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
APPS = Path(__file__).parent / "apps"


def rehearse(*arguments: str, folder: Path = ROOT, seconds: float = 500) -> str:
    """What a rehearsal that goes well says."""
    done = subprocess.run(
        [sys.executable, "-m", "constructs_lib.cli", "rehearse", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout
