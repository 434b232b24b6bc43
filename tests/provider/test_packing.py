"""What is uploaded is the code of the folder, without what only people read."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from constructs_lib import runtime
from constructs_lib.provider.packing import bare, packed

FOLDER = Path(runtime.__file__).parent


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def code_of(source: str) -> list[tuple[str, int]]:
    """All statements with their lines, but for docstrings and what stands in their places."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(getattr(node, "body", None), list):
            node.body = [each for each in node.body if not is_text(each) and not isinstance(each, ast.Pass)]  # type: ignore[attr-defined]
    return [(ast.dump(each), each.lineno) for each in ast.walk(tree) if isinstance(each, ast.stmt)]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_code_is_the_same_line_by_line(path: Path) -> None:
    source = path.read_text()
    uploaded = (packed(FOLDER, stays=False) / "runtime" / path.name).read_text()

    assert code_of(uploaded) == code_of(source)
    assert '"""' not in uploaded
    assert uploaded.count("\n") == source.count("\n")


def test_text_of_several_lines_leaves_a_body_and_its_line_numbers() -> None:
    source = 'class A:\n    """One.\n\n    Two.\n    """\n\n\nX = """kept"""\n"""Not."""\n'

    assert bare(source) == 'class A:\n pass\n\n\n\n\n\nX = """kept"""\npass\n'


def test_comment_and_a_text_before_more_of_its_block_leave_empty_lines() -> None:
    source = 'class A:\n    """One."""\n\n    # [a]\n    B = "# no # noqa"  # noqa: S105 - none\n    C = 1  # kept\n'

    assert bare(source) == 'class A:\n\n\n\n B = "# no # noqa"\n C = 1  # kept\n'


PROGRAM = """
import sys
from pathlib import Path
from constructs_lib.provider.packing import packed
print(packed(Path(sys.argv[1]), stays=sys.argv[2] == "True"))
"""


@pytest.mark.parametrize("stays", [False, True])
def test_folder_is_gone_with_the_program_unless_nobody_has_copied_it(stays: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(FOLDER), str(stays)], capture_output=True, text=True, check=True
    )
    folder = Path(done.stdout.strip())

    assert folder.exists() is stays
    shutil.rmtree(folder, ignore_errors=True)
