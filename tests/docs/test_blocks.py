"""What pages show is run as it stands: each block of Python, each file, each command."""

import ast
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import aws_cdk as cdk
import pytest

from .blocks import ROOT, Block, blocks, files, python, stand_ins


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the data of the examples where the checkout has them, in which the test runs."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path / "cdk.out"))
    return tmp_path


def given(block: Block) -> dict[str, Any]:
    """What the stand-ins of a block assign: not what they import."""
    found = stand_ins(block)
    names: dict[str, Any] = {}
    if found is not None:
        run(found, names)
    return {
        name: value for name, value in names.items() if not isinstance(value, ModuleType) and name not in imported(found)
    }


def imported(block: Block | None) -> set[str]:
    """The names that a block imports."""
    nodes = ast.walk(ast.parse(block.text)) if block else iter(())
    return {
        (alias.asname or alias.name).partition(".")[0]
        for node in nodes
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }


def run(block: Block, names: dict[str, Any]) -> None:
    """Run a block, so that a traceback shows its line in the page."""
    shifted = "\n" * block.line + block.text
    exec(compile(shifted, str(ROOT / block.page), "exec"), names)


@pytest.mark.parametrize("block", python(), ids=str)
def test_block_of_python_runs_and_synthesizes(block: Block, folder: Path) -> None:
    for name, text in files(block.page).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    if block.title:
        run(block, {"__name__": "__main__", "__file__": str(folder / block.title)})
        assert (folder / "cdk.out" / "manifest.json").is_file() or "app.synth()" not in block.text
        return
    names = given(block)
    app = names.get("app")

    run(block, names)

    if isinstance(app, cdk.App):
        app.synth()


def test_a_page_has_one_block_of_stand_ins_at_most() -> None:
    with_some = [block.page for block in blocks() if block.is_stand_ins]

    assert len(with_some) == len(set(with_some))


def test_every_stand_in_is_used() -> None:
    unused = {}
    for block in blocks():
        if block.is_stand_ins:
            tree = ast.parse(block.text)
            assigned = {
                node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
            rest = [block.text, *(each.text for each in python() if stand_ins(each) is block)]
            loaded = {
                node.id
                for text in rest
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            }
            if assigned - loaded:
                unused[str(block)] = assigned - loaded

    assert unused == {}


@pytest.mark.parametrize("block", [each for each in blocks() if each.language == "json"], ids=str)
def test_json_is_json(block: Block) -> None:
    assert json.loads(block.text)


def programs() -> Iterator[tuple[str, str]]:
    """All Python that people are shown: blocks of pages, and the examples."""
    yield from ((str(block), block.text) for block in blocks() if block.language == "python")
    for path in ROOT.glob("examples/*/*.py"):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_every_job_on_a_table_names_its_mode() -> None:
    """Without one it runs as HYPERPARAMETER_TUNING, which nobody who left it out may have meant."""
    unnamed, named = [], 0
    for where, text in programs():
        for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) in ("AutoMLJob", "Tabular"):
                named += 1
                if "mode" not in {each.arg for each in call.keywords}:
                    unnamed.append(f"{where}: {ast.unparse(call)}")

    assert unnamed == []
    assert named >= 20


def test_a_name_that_the_library_lacks_is_found(folder: Path) -> None:
    shutil.rmtree(folder / "data")
    block = Block("README.md", 1, "python", None, "from constructs_lib import AutoMLJobV3\n")

    with pytest.raises(ImportError, match="AutoMLJobV3"):
        test_block_of_python_runs_and_synthesizes(block, folder)
