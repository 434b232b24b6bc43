"""Which app is meant, and how it is synthesized."""

import json
import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from constructs_lib.rehearsal.app import ACCOUNT, REGION, App, Synthesis, find, is_home_writable
from constructs_lib.rehearsal.failures import CannotStartError
from constructs_lib.rehearsal.processes import Deadline

from .test_processes import is_alive

# An app needs no CDK to be one: it writes a cloud assembly where it is told to.
APP = """
import json, os, pathlib, sys
out = pathlib.Path(os.environ["CDK_OUTDIR"])
stack = {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
         "properties": {"templateFile": "Plain.template.json"}, "displayName": "Plain"}
(out / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": {"Plain": stack}}))
(out / "cdk.out").write_text(json.dumps({"version": "36.0.0"}))
names = ["AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION",
         "CDK_DEFAULT_ACCOUNT", "HOME", "MINE", "PYTHON_COLORS"]
seen = {name: os.environ.get(name) for name in names}
seen["python"] = sys.executable
(out / "Plain.template.json").write_text(json.dumps({"Resources": {}, "Description": json.dumps(seen)}))
"""


def synthesized(app: App, folder: Path) -> dict[str, str | None]:
    """What the app above saw of its environment."""
    with Synthesis(app, folder / "out", log=folder / "log") as synthesis:
        assembly = synthesis.finish(Deadline(60), lambda line: None)
    template = json.loads((assembly.folder / "Plain.template.json").read_text())
    seen: dict[str, str | None] = json.loads(template["Description"])
    return seen


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "my app"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    (folder / "cdk.json").write_text(json.dumps({"app": "python3 app.py"}))
    return folder


def test_nothing_is_the_app_of_this_folder(app: Path) -> None:
    assert find(None, app) == App(app)


def test_folder_is_the_app_of_its_cdk_json(app: Path) -> None:
    assert find("my app", app.parent) == App(app)


def test_python_file_is_run_where_it_lies(app: Path) -> None:
    assert find("my app/app.py", app.parent) == App(app, command=shlex.join([sys.executable, str(app / "app.py")]))


def test_program_is_a_command(tmp_path: Path) -> None:
    program = tmp_path / "app.sh"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find("app.sh", tmp_path) == App(tmp_path, command=str(program))


def test_text_with_spaces_is_a_command(tmp_path: Path) -> None:
    assert find("node bin/app.js", tmp_path) == App(tmp_path, command="node bin/app.js")


def test_cloud_assembly_is_copied_not_edited(tmp_path: Path) -> None:
    ready = tmp_path / "cdk.out"
    ready.mkdir()
    (ready / "cdk.out").write_text("{}")
    (ready / "manifest.json").write_text(json.dumps({"artifacts": {}}))
    app = find("cdk.out", tmp_path)
    with Synthesis(app, tmp_path / "copy", log=tmp_path / "log") as synthesis:
        assembly = synthesis.finish(Deadline(60), lambda line: None)
    assert app.ready
    assert assembly.folder == tmp_path / "copy"


def test_app_runs_with_this_python_and_without_a_way_to_aws(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "of the user")
    monkeypatch.setenv("MINE", "kept")
    seen = synthesized(App(app), tmp_path)
    assert seen == {
        "AWS_PROFILE": None,
        "AWS_SECRET_ACCESS_KEY": None,
        "AWS_ENDPOINT_URL": None,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "HOME": os.environ["HOME"],
        "MINE": "kept",
        "PYTHON_COLORS": "0",
        "python": seen["python"],
    }
    assert Path(str(seen["python"])).parent == Path(sys.executable).parent


def test_app_is_synthesized_without_node_on_the_path(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert synthesized(find(str(app / "app.py"), tmp_path), tmp_path)["HOME"] == os.environ["HOME"]


def test_app_that_fails_is_refused_with_its_own_error(app: Path, tmp_path: Path) -> None:
    (app / "app.py").write_text("raise ValueError(\"'target_attribute' must not be empty\")")
    with pytest.raises(CannotStartError) as refused:
        synthesized(App(app), tmp_path)
    assert "could not be synthesized" in str(refused.value)
    assert "ValueError: 'target_attribute' must not be empty" in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_app_that_needs_a_lookup_is_told_why_there_is_none(app: Path, tmp_path: Path) -> None:
    missing = "{'key': 'k', 'provider': 'availability-zones', 'props': {'account': '1', 'region': 'r'}}"
    text = APP.replace('"artifacts"', f'"missing": [{missing}], "artifacts"')
    (app / "app.py").write_text(text)
    with pytest.raises(CannotStartError, match="Run `cdk synth` once against the real account"):
        synthesized(App(app), tmp_path)
    assert not (app / "cdk.context.json").exists()


def test_home_that_cannot_be_written_is_not_written(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = '["JSII_RUNTIME_PACKAGE_CACHE_ROOT", "CDK_HOME", "HOME"]'
    (app / "app.py").write_text(
        APP.replace('seen["python"]', f"seen |= {{n: os.environ.get(n) for n in {names}}}\nseen['python']")
    )
    monkeypatch.delenv("CDK_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    assert not is_home_writable()
    seen = synthesized(App(app), tmp_path)
    assert (seen["JSII_RUNTIME_PACKAGE_CACHE_ROOT"], seen["CDK_HOME"]) == (f"{tmp_path}/jsii", f"{tmp_path}/cdk-home")
    assert not (tmp_path / "nowhere").exists()

    (tmp_path / "nowhere").mkdir()
    assert is_home_writable()
    assert list((tmp_path / "nowhere").iterdir()) == []


def test_leaving_a_synthesis_ends_it(app: Path, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    (app / "app.py").write_text(f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    with Synthesis(App(app), tmp_path / "out", log=tmp_path / "log"):
        deadline = time.monotonic() + 60
        while not (told.exists() and told.read_text()) and time.monotonic() < deadline:
            time.sleep(0.1)
        pid = int(told.read_text())
    deadline = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)
