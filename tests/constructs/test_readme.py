"""What the README shows is what the library takes."""

import ast
import inspect
import re
from pathlib import Path

import aws_cdk as cdk
import pytest

import constructs_lib
from constructs_lib import public

from .synthesis import CREDIT, jobs_of, new_stack, template_of

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)


def test_readme_has_blocks_of_python() -> None:
    assert len(BLOCKS) >= 4


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_what_a_block_calls_is_public_and_takes_these_arguments(block: str) -> None:
    """Names that begin with a capital are the library's, but for the few of Python and the CDK."""
    calls = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Call)]
    for call in calls:
        owner, _, method = ast.unparse(call.func).partition(".")
        if not owner[0].isupper() or owner == "Path" or hasattr(cdk, owner):
            continue
        assert owner in public.__all__, owner
        made = getattr(constructs_lib, owner)
        takes = getattr(made, method.rpartition(".")[2]) if method else made.__init__
        assert {keyword.arg for keyword in call.keywords} <= set(inspect.signature(takes).parameters), ast.unparse(call)


PYTHON = {
    **{f"README.md {number}": block for number, block in enumerate(BLOCKS)},
    **{str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in ROOT.glob("examples/*/*.py")},
}


@pytest.mark.parametrize("text", PYTHON.values(), ids=PYTHON)
def test_every_job_on_a_table_names_its_mode(text: str) -> None:
    """Without one it runs as HYPERPARAMETER_TUNING, which nobody who left it out may have meant."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    tables = [call for call in calls if ast.unparse(call.func) in ("AutoMLJob", "Tabular")]

    assert [ast.unparse(call) for call in tables if "mode" not in {each.arg for each in call.keywords}] == []


def test_examples_have_jobs_on_tables() -> None:
    assert len([name for name, text in PYTHON.items() if "AutoMLJob(" in text or "Tabular(" in text]) >= 7


def test_first_block_is_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = new_stack()
    monkeypatch.chdir(CREDIT.parents[1])  # where the README's data/credit.csv is

    exec(compile(BLOCKS[0], "README.md", "exec"), {"self": stack})

    assert len(jobs_of(template_of(stack))) == 1
