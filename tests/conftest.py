"""What every test process needs before it imports the CDK, and ids of tests that are the same in every process."""

import atexit
import os
import shutil
import tempfile

import pytest
from hypothesis import settings

from .kernel import guard

guard()

# CDK's own template validation takes 4 s on the first synthesis of a process. One test leaves it on, in a process of
# its own: tests/constructs/test_validators.py.
os.environ["CDK_VALIDATION"] = "false"

# pytest-xdist says how wide its own screen is: what the tests start must not take that for the reader's.
os.environ.pop("COLUMNS", None)

# Every app leaves a folder with its assembly in the temporary directory: that of the tests goes when they end. Workers
# of pytest-xdist inherit it.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="tests-")
    atexit.register(shutil.rmtree, tempfile.tempdir, ignore_errors=True)

# CI judges a commit, so it draws the same examples every time; on a desk each run looks for new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Keep contents of files out of ids: compressed ones hold the time, and pytest-xdist wants one list of tests."""
    return argname if isinstance(val, bytes) else None
