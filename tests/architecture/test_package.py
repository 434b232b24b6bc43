"""What is published: built from a clean copy, looked into, installed where nothing else is, and used there."""

import email
import importlib.metadata
import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = [pytest.mark.package, pytest.mark.newest, pytest.mark.timeout(540)]

ROOT = Path(__file__).parents[2]
NAME = "cdk_sagemaker_autopilot"
COLOURLESS = {**os.environ, "NO_COLOR": "1"}

REGISTRY = re.compile(rb"registry\.npmjs|files\.pythonhosted|pypi\.org/simple|index-url|deb\.debian")
"""Where packages come from, and how one says so."""

LOCAL = re.compile(rb"/(?:home|root|Users)/\w|[A-Z]:\\\\Users")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel, and the sdist that it was built from; made offline with the build tools of this environment."""
    copy, target = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("examples/image_classification/data", "tests/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    (copy / "tests").mkdir()
    (copy / "tests/test_nothing.py").write_text("")
    said(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(copy))
    (wheel,), (sdist,) = target.glob("*.whl"), target.glob("*.tar.gz")
    return wheel, sdist


def said(*command: str, folder: Path = ROOT, **variables: str) -> str:
    """What a program prints that goes well."""
    done = subprocess.run(
        command, cwd=folder, env={**COLOURLESS, **variables}, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_of(wheel: Path) -> dict[str, bytes]:
    """What is in a wheel."""
    with zipfile.ZipFile(wheel) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_wheel_and_sdist_pass_the_strict_check_of_twine(built: tuple[Path, Path]) -> None:
    checked = said(sys.executable, "-m", "twine", "check", "--strict", *map(str, built))

    assert checked.count("PASSED") == 2, checked


def test_twine_finds_a_page_that_does_not_render(tmp_path: Path) -> None:
    wheel = tmp_path / "broken-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("broken-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        made.writestr("broken-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: broken\nVersion: 1\n\n")
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", str(wheel)],
        env=COLOURLESS,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "`long_description` missing" in done.stdout


def test_wheel_has_the_package_and_nothing_else(built: tuple[Path, Path]) -> None:
    files = files_of(built[0])
    tops = {name.partition("/")[0] for name in files}
    here = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "constructs_lib").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert {name for name in files if name.startswith("constructs_lib/")} == here
    assert sorted(tops) == [f"{NAME}-{version()}.dist-info", "constructs_lib"]
    assert "constructs_lib/py.typed" in files
    assert "constructs_lib/runtime/handler.py" in files  # the Lambda function's code
    assert f"{NAME}-{version()}.dist-info/licenses/LICENSE" in files


def test_sdist_has_what_is_needed_to_build_and_to_read(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}

    assert {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "constructs_lib/py.typed"} <= names
    assert not {name for name in names if name.startswith((".ci", ".github", "findings", ".venv", "build/"))}


def test_wheel_names_no_registry_and_no_place_of_a_machine(built: tuple[Path, Path]) -> None:
    files = files_of(built[0])
    found = {name: REGISTRY.findall(text) + LOCAL.findall(text) for name, text in files.items()}

    assert {name: words for name, words in found.items() if words} == {}
    host = b".".join([b"registry", b"npmjs", b"org"])  # in pieces: this file names none either
    assert REGISTRY.search(b"npm --registry https://" + host)
    assert LOCAL.search(b"/home/somebody")


def test_metadata_says_what_it_is_for_and_what_it_needs(built: tuple[Path, Path]) -> None:
    told = email.message_from_bytes(files_of(built[0])[f"{NAME}-{version()}.dist-info/METADATA"])

    assert told["Version"] == version()
    assert told["License-Expression"] == "Apache-2.0"
    assert told["Requires-Python"] == ">=3.11"
    assert told["Description-Content-Type"] == "text/markdown"
    assert str(told.get_payload()).startswith("# cdk-sagemaker-autopilot\n")
    needed = [Requirement(each) for each in told.get_all("Requires-Dist", [])]
    assert {each.name for each in needed if each.marker is None} == {"aws-cdk-lib", "constructs", "jsii"}
    classifiers = told.get_all("Classifier", [])
    assert "Typing :: Typed" in classifiers
    assert not [each for each in classifiers if each.startswith("License ::")]  # the expression says it


def version() -> str:
    """The version in `pyproject.toml`."""
    import tomllib

    project: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["version"]


APP = """
import sys
import aws_cdk as cdk
import constructs_lib
from constructs_lib import AutoMLEndpoint, AutoMLJob, AutoMLJobOutcome, Channel, Mode, OutputLocation, Serverless

app = cdk.App(outdir="out")
stack = cdk.Stack(app, "Loans")
bucket = cdk.aws_s3.Bucket(stack, "Data")
job = AutoMLJob(
    stack, "Credit", training_data=Channel.from_bucket(bucket, "train/"), target_attribute="y", mode=Mode.ENSEMBLING
)
outcome = AutoMLJobOutcome(stack, "Outcome", job=job)
AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=Serverless())
app.synth()
print(constructs_lib.__version__, constructs_lib.__file__)
print(*sorted(name for name in sys.modules if name in ("boto3", "botocore", "pytest", "cdk_nag")))
"""


@pytest.fixture(scope="module")
def alone(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, and with what it says that it needs: those of this environment, by links."""
    folder = tmp_path_factory.mktemp("alone") / "venv"
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")  # the pip that comes with this Python
    (site,) = folder.glob("lib/python*/site-packages") if os.name != "nt" else [folder / "Lib/site-packages"]
    for place in needed_by(Requirement("aws-cdk-lib"), Requirement("constructs"), Requirement("jsii")):
        if not (site / place.name).exists():
            (site / place.name).symlink_to(place)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    said(*pip, "install", "--no-index", "--no-deps", "--no-compile", "--quiet", str(built[0]), PYTHONPATH="")
    assert "No broken requirements found" in said(*pip, "check", PYTHONPATH="")
    return python


def needed_by(*wanted: Requirement) -> set[Path]:
    """Where the packages lie that some need, and what those need in turn."""
    places, seen, waiting = set(), set(), [each.name for each in wanted]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        places |= {Path(str(distribution.locate_file(top))) for top in tops_of(distribution)}
        asked = [Requirement(each) for each in distribution.requires or ()]
        waiting += [each.name for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})]
    return places


def tops_of(distribution: importlib.metadata.Distribution) -> Iterator[str]:
    """The folders and files of a distribution that lie in `site-packages` themselves."""
    for top in {file.parts[0] for file in distribution.files or ()}:
        if top not in ("..", "__pycache__"):
            yield top


def test_installed_where_nothing_else_is_an_app_synthesizes(alone: Path, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    first, besides = said(str(alone), "app.py", folder=tmp_path, PYTHONPATH="").splitlines()

    number, where = first.split(" ", 1)
    assert number == version()
    assert Path(where).is_relative_to(alone.parents[1])
    assert besides == ""
    assert list((tmp_path / "out").glob("Loans.template.json"))
    (code,) = (path for path in (tmp_path / "out").glob("asset.*") if (path / "runtime").is_dir())
    assert (code / "runtime/handler.py").is_file()


def test_command_says_what_is_missing_where_only_the_library_is(alone: Path, tmp_path: Path) -> None:
    automl = alone.with_name("automl")
    assert "usage: automl" in said(str(automl), "--help", folder=tmp_path, PYTHONPATH="")
    done = subprocess.run(
        [str(automl), "rehearse"],
        cwd=tmp_path,
        env={**COLOURLESS, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "rehearsal" in done.stderr
    assert "Traceback" not in done.stderr
