"""Tests clean up after themselves."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOME = "tests/jobs/test_tags.py"
"""Tests that synthesize apps: each leaves a folder behind by itself."""


def test_a_run_of_tests_leaves_nothing_in_the_temporary_directory(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    program = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", SOME]
    done = subprocess.run(
        program, cwd=ROOT, env={**environment, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=250
    )

    assert done.returncode == 0, done.stdout
    assert list(tmp_path.iterdir()) == []
