"""What pages show is run as it stands: each block of Python, each file, each command."""

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from .blocks import ROOT, Block, blocks, files, python, stand_ins

CONTEXT = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
"""What the checkout's own app is synthesized with."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples where a checkout has them, in which the test runs."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    # As the CDK CLI does by variables, which do not reach a kernel that has started.
    monkeypatch.setattr(cdk, "App", partial(cdk.App, context=CONTEXT, outdir=str(tmp_path / "cdk.out")))
    return tmp_path


def given(block: Block) -> dict[str, Any]:
    """What the stand-ins of a block assign, as far as it uses that: not what they import."""
    found = stand_ins(block)
    if found is None:
        return {}
    names: dict[str, Any] = {}
    tree = ast.parse(found.text)
    needed, kept = loaded(ast.parse(block.text)), list[ast.stmt]()
    for statement in reversed(tree.body):
        if block.text == found.text or isinstance(statement, ast.Expr) or bound(statement) & needed:
            kept.insert(0, statement)
            needed |= loaded(statement)
    run(found, names, ast.Module(kept, []))
    imports = {name for each in tree.body if isinstance(each, (ast.Import, ast.ImportFrom)) for name in bound(each)}
    return {name: value for name, value in names.items() if name not in imports}


def loaded(tree: ast.AST) -> set[str]:
    """The names that something uses."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def bound(tree: ast.AST) -> set[str]:
    """The names that something imports or assigns."""
    nodes = list(ast.walk(tree))
    imports = [alias for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names]
    assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assigned |= {node.name for node in nodes if isinstance(node, ast.ClassDef)}
    return assigned | {(alias.asname or alias.name).partition(".")[0] for alias in imports}


def run(block: Block, names: dict[str, Any], tree: ast.Module | None = None) -> None:
    """Run a block, or a part of it, so that a traceback shows its line in the page."""
    page = str(ROOT / block.page)
    tree = ast.increment_lineno(tree or ast.parse(block.text, page), block.line)
    exec(compile(tree, page, "exec"), names)


ALONE = {"docs/organisations.md", "docs/how-to/organise.md"}
"""Pages whose blocks change the app as a whole: each block has one of its own."""

ELSEWHERE = {"docs/neighbours.md": "tests/neighbours/with_cdk_nag_3/test_page.py"}
"""Pages whose packages are in an environment of their own, and the test that runs their blocks there."""

SNIPPETS = [block for block in python() if not block.title and block.page not in ELSEWHERE]
TOGETHER = {page: [each for each in SNIPPETS if each.page == page] for page in dict.fromkeys(b.page for b in SNIPPETS)}
GROUPS = {
    **{page: blocks for page, blocks in TOGETHER.items() if page not in ALONE},
    **{str(block): [block] for block in SNIPPETS if block.page in ALONE},
}
"""Blocks that share an app: those of a page, or one alone."""


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
def test_blocks_of_python_run_and_synthesize(group: list[Block], folder: Path) -> None:
    """A traceback names page and line."""
    run_and_synthesize(group)


def run_and_synthesize(group: list[Block]) -> None:
    """Run blocks that share an app, and synthesize that."""
    names = {block.line: given(block) for block in group} if len(group) == 1 else of_page(group)
    for block in group:
        run(block, names[block.line])

    for app in {id(each["app"]): each["app"] for each in names.values() if "app" in each}.values():
        app.synth()


def of_page(group: list[Block]) -> dict[int, dict[str, Any]]:
    """What the stand-ins of a page assign, made once for all of its blocks; nothing for those above them."""
    found = next((stand_ins(block) for block in group if stand_ins(block)), None)
    every = given(replace(group[-1], text=found.text)) if found else {}
    return {block.line: dict(every) if stand_ins(block) else {} for block in group}


@pytest.mark.parametrize("block", [each for each in python() if each.title], ids=str)
def test_program_runs(block: Block, folder: Path) -> None:
    for name, text in files(block.page).items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in MADE_BY_READERS:
        (folder / Path(name).name).symlink_to(ROOT / name)

    run(block, {"__name__": "__main__", "__file__": str(folder / str(block.title))})

    assert (folder / "cdk.out" / "manifest.json").is_file() or "app.synth()" not in block.text


MADE_BY_READERS = ("examples/quickstart/data/credit.csv",)
"""What a page has people copy into their folder."""


def test_a_page_has_one_block_of_stand_ins_at_most() -> None:
    with_some = [block.page for block in blocks() if block.is_stand_ins]

    assert len(with_some) == len(set(with_some))


def test_nothing_is_imported_or_assigned_for_nobody() -> None:
    unused = {}
    for block in blocks():
        if block.language == "python":
            tree = ast.parse(block.text)
            # What a block assigns may be for the reader; what stand-ins assign, and what is imported, is for the code.
            made = [each for each in tree.body if block.is_stand_ins or isinstance(each, (ast.Import, ast.ImportFrom))]
            below = [each.text for each in python() if stand_ins(each) is block]
            used = {name for text in [block.text, *below] for name in loaded(ast.parse(text))}
            if rest := {name for each in made for name in bound(each)} - used:
                unused[str(block)] = rest

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


def test_what_is_run_elsewhere_is_run_there() -> None:
    for page, test in ELSEWHERE.items():
        assert page in (ROOT / test).read_text(encoding="utf-8")


def test_a_name_that_the_library_lacks_is_found(folder: Path) -> None:
    block = Block("README.md", 1, "python", None, "from constructs_lib import AutoMLJobV3\n")

    with pytest.raises(ImportError, match="AutoMLJobV3"):
        test_blocks_of_python_run_and_synthesize([block], folder)
