"""Templates of all examples and of the bank, and what scanners of other people say of them."""

import json
import os
import re
import runpy
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from tests.constructs.synthesis import resolved
from tests.constructs.test_validators import APPS, ROOT, define

Template = dict[str, Any]
Found = dict[str, set[str]]
"""Names of findings, by the path of the construct."""

IN_TEMPLATE = ("checkov", "guard")
"""Keys of a resource's metadata where scanners look for what is acknowledged."""


@dataclass(frozen=True)
class Templates:
    """Templates with the paths of the constructs that their resources are of."""

    by_name: Mapping[str, Template]
    paths: Mapping[str, Mapping[str, str]]

    def resources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each resource with the path of its construct."""
        for name, template in self.by_name.items():
            for logical_id, resource in template["Resources"].items():
                yield self.path(name, logical_id), resource

    def path(self, name: str, logical_id: str) -> str:
        """The path of a construct, with the name of its app before it."""
        return f"{name.partition('-')[0]}:{self.paths[name].get(logical_id, logical_id)}"

    def acknowledged(self, key: str) -> Found:
        """What the templates themselves acknowledge for a scanner."""
        noted: Found = {}
        for path, resource in self.resources():
            metadata = resource.get("Metadata", {})
            if key == "checkov" and "checkov" in metadata:
                noted[path] = {each["id"] for each in metadata["checkov"]["skip"]}
            elif key == "guard" and "guard" in metadata:
                noted[path] = set(metadata["guard"]["SuppressedRules"])
        return noted

    def write(self, folder: Path, *, as_they_are: bool) -> Path:
        """Write them to a new folder; returns it. Not as they are: without what they acknowledge."""
        folder.mkdir()
        for name, template in self.by_name.items():
            bare = json.loads(json.dumps(template))
            for resource in () if as_they_are else bare["Resources"].values():
                for key in IN_TEMPLATE:
                    resource.get("Metadata", {}).pop(key, None)
            (folder / f"{name}.json").write_text(json.dumps(bare))
        return folder


def synthesized() -> Templates:
    """All examples, and the stacks of `test_validators.py` with the bank's among them."""
    app = cdk.App()
    define(app)
    folders = {"all": Path(app.synth().directory)}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        for path in APPS:
            name = Path(path).parent.name or "quickstart"
            folders[name] = Path(runpy.run_path(str(ROOT / path))["app"].synth().directory)
    templates, paths = {}, {}
    for app_name, folder in folders.items():
        for file in sorted(folder.rglob("*.template.json")):
            name = f"{app_name}-{file.name.removesuffix('.template.json')}"
            templates[name] = json.loads(file.read_text())
            paths[name] = _paths(file)
    return Templates(templates, paths)


def _paths(template: Path) -> dict[str, str]:
    metadata = json.loads(template.with_name(template.name.replace(".template.", ".metadata.")).read_text())
    return {
        entry["data"]: path.removeprefix("/").removesuffix("/Resource")
        for path, entries in metadata.items()
        for entry in entries
        if entry["type"] == "aws:cdk:logicalId"
    }


# ------------------------------------------------------------------------------------------------------------ scanners


def program(name: str) -> Path:
    """A program of the environment that `python3 dev.py test` makes for scanners."""
    return Path(os.environ["SCANNERS_BIN"]) / name


def checkov(folder: Path, templates: Templates) -> Found:
    """What checkov finds."""
    options = ["--framework", "cloudformation", "--output", "json", "--compact", "--quiet", "--skip-download"]
    told = _run([str(program("checkov")), "--directory", str(folder), *options], allowed=(0, 1))
    report = json.loads(told)
    found: Found = defaultdict(set)
    for each in report["results"]["failed_checks"]:
        name = Path(each["file_path"]).stem
        found[templates.path(name, each["resource"].rpartition(".")[2])].add(each["check_id"])
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] > 0
    return dict(found)


def registry() -> list[Path]:
    """The selection of the Guard Rules Registry that AWS's own MCP server checks with."""
    (site,) = program("python").parents[1].glob("lib/python*/site-packages")
    return [site / "awslabs" / "aws_iac_mcp_server" / "data" / "default_guard_rules.guard"]


def control_tower(templates: Templates) -> list[Path]:
    """The proactive controls of Control Tower that speak of a type which is in a template."""
    kinds = {f'"{resource["Type"]}"' for _, resource in templates.resources()}
    rules = sorted((Path(os.environ["CFN_GUARD"]) / "rules" / "control-tower" / "cfn-guard").rglob("*.guard"))
    return [rule for rule in rules if any(kind in rule.read_text() for kind in kinds)]


def guard(folder: Path, rules: list[Path], templates: Templates) -> Found:
    """What Guard finds by these rules."""
    system = {"Linux": "ubuntu", "Darwin": "macos"}[os.uname().sysname]
    machine = {"arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
    binary = Path(os.environ["CFN_GUARD"]) / "bin" / system / machine / "cfn-guard"
    options = ["--structured", "--output-format", "json", "--show-summary", "none"]
    command = [str(binary), "validate", "--data", str(folder), "--rules", *map(str, rules), *options]
    found: Found = defaultdict(set)
    reports = json.loads(_run(command, allowed=(0, 19)))
    assert len(reports) == len(list(folder.iterdir()))
    for report in reports:
        assert report["compliant"] or report["not_compliant"]
        for failed in report["not_compliant"]:
            for logical_id in set(re.findall(r'"path": "/Resources/(\w+)', json.dumps(failed))):
                found[templates.path(Path(report["name"]).stem, logical_id)].add(failed["Rule"]["name"])
    return dict(found)


CLOUDSPLAINING = """
import json, sys
from cloudsplaining.scan.policy_document import PolicyDocument

KINDS = (
    "allows_privilege_escalation", "allows_data_exfiltration_actions", "contains_statement_using_not_action",
    "credentials_exposure", "infrastructure_modification", "permissions_management_without_constraints",
    "service_wildcard", "tagging_actions_without_constraints", "write_actions_without_constraints",
)
for line in sys.stdin:
    document = PolicyDocument(json.loads(line))
    print(json.dumps([f"{kind}: {each}" for kind in KINDS for each in getattr(document, kind)]))
"""


def cloudsplaining(documents: Mapping[str, Any]) -> Found:
    """What cloudsplaining finds in policies, by their names."""
    lines = "".join(json.dumps(resolved(document)) + "\n" for document in documents.values())
    told = _run([str(program("python")), "-c", CLOUDSPLAINING], lines)
    return {
        name: set(found) for name, line in zip(documents, told.splitlines(), strict=True) if (found := json.loads(line))
    }


def _run(command: list[str], given: str = "", *, allowed: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=600)
    assert done.returncode in allowed, done.stderr[-2000:] + done.stdout[-500:]
    return done.stdout
