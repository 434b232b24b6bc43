"""The stacks of a cloud assembly: their templates, and changes to them as another release of the app would make."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Template = dict[str, Any]
NESTED_STACK = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Stack:
    """A stack of the assembly, also one inside a stage."""

    path: str
    """How the `cdk` CLI calls it: `Stack` or `Stage/Stack`."""

    name: str
    folder: Path
    artifact: str
    template: str
    assets: str | None
    needs: tuple[str, ...]
    """The artifacts of the same folder that are deployed before it."""

    account: str | None
    region: str | None

    def templates(self) -> Iterator[tuple[str, ...]]:
        """Its own template and those of nested stacks, each behind the ones around it."""
        return self._templates((), self.template)

    def resources(self) -> Iterator[tuple[Place, dict[str, Any]]]:
        """All resources, those of nested stacks too."""
        for templates in self.templates():
            yield from self.resources_of(templates)

    def resources_of(self, templates: tuple[str, ...]) -> Iterator[tuple[Place, dict[str, Any]]]:
        """The resources of the last of these templates."""
        for logical_id, resource in resources(self.load(templates)).items():
            yield Place(self, templates, logical_id), resource

    def of(self, kind: str) -> Iterator[tuple[Place, dict[str, Any]]]:
        """All resources of a type with their properties, those of nested stacks too."""
        for place, resource in self.resources():
            if resource.get("Type") == kind:
                yield place, resource.get("Properties", {})

    def read_stacks(self) -> set[str]:
        """The names of the stacks whose outputs it reads while it is deployed."""
        found = set()
        for templates in self.templates():
            for part in parts(self.load(templates)):
                match part:
                    case {"Fn::GetStackOutput": {"StackName": str(name)}}:
                        found.add(name)
        return found

    def nested(self, resource: dict[str, Any]) -> str | None:
        """The file of the template that a resource nests; None: it nests none, or none that is an asset of this stack.

        Its metadata names the file where the `cdk` CLI has synthesized the app, and only there.
        """
        if resource.get("Type") != NESTED_STACK:
            return None
        if file := resource.get("Metadata", {}).get("aws:asset:path"):
            return str(file)
        if self.assets is None:
            return None
        url = json.dumps(resource.get("Properties", {}).get("TemplateURL"))
        files = load(self.folder / self.assets).get("files", {})
        return next((str(asset["source"]["path"]) for key, asset in files.items() if f"/{key}.json" in url), None)

    def load(self, templates: tuple[str, ...]) -> Template:
        """The last of these templates."""
        return load(self.folder / templates[-1])

    def edit(self, templates: tuple[str, ...], change: Callable[[Template], None]) -> None:
        """Change the last of these templates, and give it and all around it new asset keys.

        A template is an asset, called by its hash: under its old key the CLI would take it for uploaded already.
        """
        *outer, file = templates
        template = load(self.folder / file)
        change(template)
        save(self.folder / file, template)
        renamed = self._rename_asset(file)
        if renamed and outer:
            old, new = renamed
            self.edit(tuple(outer), lambda around: replace_in_place(around, old, new))
        elif renamed:
            self._rename_in_manifest(*renamed)

    def _templates(self, outer: tuple[str, ...], file: str) -> Iterator[tuple[str, ...]]:
        here = (*outer, file)
        yield here
        for resource in resources(load(self.folder / file)).values():
            if inner := self.nested(resource):
                yield from self._templates(here, inner)

    def _rename_asset(self, file: str) -> tuple[str, str] | None:
        """Name the template's asset by its new hash. None: templates are no assets here (legacy synthesizer)."""
        if self.assets is None:
            return None
        manifest = load(self.folder / self.assets)
        files = manifest.get("files", {})
        old = next((key for key, asset in files.items() if asset["source"].get("path") == file), None)
        if old is None:
            return None
        new = hashlib.sha256((self.folder / file).read_bytes()).hexdigest()
        files[new] = replaced(files.pop(old), old, new)
        save(self.folder / self.assets, manifest)
        return old, new

    def _rename_in_manifest(self, old: str, new: str) -> None:
        manifest = load(self.folder / "manifest.json")
        artifact = manifest["artifacts"][self.artifact]
        artifact["properties"] = replaced(artifact["properties"], old, new)
        save(self.folder / "manifest.json", manifest)


class Place(NamedTuple):
    """A resource: its stack, the templates from the stack's own to the one it is in, and its logical id."""

    stack: Stack
    templates: tuple[str, ...]
    logical_id: str

    @property
    def resource(self) -> dict[str, Any]:
        """What the template says of it."""
        found: dict[str, Any] = self.stack.load(self.templates)["Resources"][self.logical_id]
        return found

    @property
    def outer(self) -> list[Place]:
        """The nested stacks around it, from the outermost to the one it is in."""
        return [
            place
            for depth in range(1, len(self.templates))
            for place, resource in self.stack.resources_of(self.templates[:depth])
            if self.stack.nested(resource) == self.templates[depth]
        ]

    def __str__(self) -> str:
        return f"{self.stack.path}/{self.logical_id}"


def resources(template: Template) -> dict[str, dict[str, Any]]:
    """The resources of a template."""
    resources = template.get("Resources", {})
    return {name: resource for name, resource in resources.items() if isinstance(resource, dict)}


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within a template."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from parts(item)


def load(path: Path) -> dict[str, Any]:
    """A JSON document of the assembly."""
    loaded = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise ValueError(f"{path.name} is not a JSON object")
    return loaded


def save(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON document of the assembly."""
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def replaced(content: Any, old: str, new: str) -> Any:
    """A document with one text in place of another."""
    return json.loads(json.dumps(content).replace(old, new))


def replace_in_place(template: Template, old: str, new: str) -> None:
    """Put one text in place of another in all resources of a template."""
    template["Resources"] = replaced(template["Resources"], old, new)
