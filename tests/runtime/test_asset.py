"""The folder works as Lambda unpacks it: by itself, with boto3 and nothing else."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from constructs_lib import runtime
from constructs_lib.provider.packing import pack
from constructs_lib.provider.provider import HANDLER
from constructs_lib.runtime.contract import JobStatus, OwnerTag

from .fake_sagemaker import service_model

FOLDER = Path(runtime.__file__).parent
SOURCES = sorted(FOLDER.rglob("*.py"))


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    pack(FOLDER, tmp_path)
    return tmp_path


def python(code: str, folder: Path) -> str:
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


def test_lambda_finds_the_handler(unpacked: Path) -> None:
    module, _, function = HANDLER.rpartition(".")

    assert python(f"from {module} import {function} as f; print(callable(f))", unpacked) == "True\n"


def test_import_brings_in_neither_the_cdk_nor_the_constructs(unpacked: Path) -> None:
    code = "import sys, runtime.handler; print(*{name.partition('.')[0] for name in sys.modules})"

    loaded = set(python(code, unpacked).split())

    assert not loaded & {"aws_cdk", "jsii", "constructs", "constructs_lib"}
    assert "botocore" in loaded


def test_import_brings_in_nothing_of_retrainings(unpacked: Path) -> None:
    """Nor of any other type: a new process serves one, and somebody waits for it."""
    code = "import sys, runtime.handler; print(*[name for name in sys.modules if name.startswith('runtime.retrain_')])"

    assert python(code, unpacked) == "\n"


def test_import_makes_no_client(unpacked: Path) -> None:
    code = "import runtime.handler as h; print(h.connect.cache_info().currsize)"

    assert python(code, unpacked) == "0\n"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_only_the_standard_library_and_boto3_are_imported(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [str(node.module)]
        for name in names:
            assert name.partition(".")[0] in {*sys.stdlib_module_names, "boto3", "botocore"}


def test_every_status_of_a_job_is_known() -> None:
    assert set(JobStatus) == set(service_model("sagemaker").shape_for("AutoMLJobStatus").enum)


def test_owner_tags_are_tags_that_the_service_takes() -> None:
    limits = service_model("sagemaker").shape_for("TagKey").metadata

    assert all(len(tag) <= limits["max"] for tag in OwnerTag)
