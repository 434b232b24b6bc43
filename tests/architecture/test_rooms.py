"""The folders say what each part is for: floors without circles, current pictures, doors that lead nowhere else."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.pictures import draw

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "constructs_lib"

FACES = {
    "__init__.py": "the public names",
    "api/problem_types/__init__.py": "the list of problems, which are public",
    "cli/__init__.py": "the command itself",
    "testing/__init__.py": "what users import in their tests",
    "rehearsal/training/__init__.py": "what any training module has to have",
}
"""The packages that hold or hand on names, with the reason. All others say what they are for, and that is all."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the library with its floors, to be spoilt."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(LIBRARY, folder / "constructs_lib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(house: Path) -> tuple[int, str]:
    program = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(program, cwd=house, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout


def test_new_file_has_to_find_its_floor(house: Path) -> None:
    file = house / "constructs_lib" / "helpers.py"
    file.write_text('"""Things."""\n')
    code, said = lint(house)
    file.unlink()

    assert code == 1
    assert "helpers" in said


def test_arrow_that_goes_up_is_refused(house: Path) -> None:
    file = house / "constructs_lib" / "data" / "channels.py"
    sound = file.read_text()
    file.write_text(sound + "\nfrom ..jobs import base\n")
    code, said = lint(house)
    file.write_text(sound)

    assert code == 1
    assert "constructs_lib.data.channels -> constructs_lib.jobs.base" in said


def test_circle_within_a_room_is_refused_even_if_it_is_for_types_only(house: Path) -> None:
    file = house / "constructs_lib" / "outcome" / "gate.py"
    sound = file.read_text()
    file.write_text(
        sound.replace("if TYPE_CHECKING:\n", "if TYPE_CHECKING:\n    from .outcome import AutoMLJobOutcome\n")
    )
    code, said = lint(house)
    file.write_text(sound)

    assert code == 1
    assert "no circles, anywhere BROKEN" in said


def test_construct_that_reads_more_of_the_lambda_code_than_the_contract_is_refused(house: Path) -> None:
    file = house / "constructs_lib" / "provider" / "waiter.py"
    sound = file.read_text()
    file.write_text(sound + "\nfrom ..runtime import spec\n")
    code, said = lint(house)
    file.write_text(sound)

    assert code == 1
    assert "of the Lambda code, the constructs know the contract alone BROKEN" in said


@pytest.mark.parametrize("file", [*draw.PICTURES, "retraining.svg"])
def test_picture_is_current(file: str) -> None:
    drawn = (draw.FOLDER / file).read_text(encoding="utf-8")

    assert drawn == draw.pictures()[file], "run python3 dev.py shell python docs/pictures/draw.py"


@pytest.mark.parametrize(
    "package", sorted(path.relative_to(LIBRARY).as_posix() for path in LIBRARY.rglob("__init__.py"))
)
def test_package_says_what_it_is_for_and_hands_on_nothing_of_others(package: str) -> None:
    tree = ast.parse((LIBRARY / package).read_text(encoding="utf-8"))

    said = ast.get_docstring(tree) or ""
    assert 1 <= said.count(".") <= 8
    if package not in FACES:
        assert len(tree.body) == 1
