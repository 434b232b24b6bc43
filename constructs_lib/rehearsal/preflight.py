"""What of an app cannot be rehearsed here, told before anything is deployed."""

import importlib.util
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from constructs_lib.runtime.contract import OUTCOME_TYPE, WATCH_TYPE, Property

from .assembly import Assembly, Job
from .cloud.ministack.node import missing_packages
from .cloud.resource_types.answered import ANSWERED_FOR
from .failures import CannotStartError
from .stacks import Place, Stack, load, parts

_FUNCTION = "AWS::Lambda::Function"
_CUSTOM_RESOURCE = "AWS::CloudFormation::CustomResource"
_AWS_CUSTOM_RESOURCE = "AWS679f53fac002430cb0da5b7982bd2287"
"""How the CDK calls the function of every `AwsCustomResource`."""

_UNRECOGNIZED = re.compile(r"Unrecognized resource types: \[(.*)\]")
_CODE = (".js", ".cjs", ".mjs")


class Extra(NamedTuple):
    """A package that only some jobs need."""

    module: str
    extra: str
    """The extra of this distribution that brings it."""

    does: str
    """What such a job does."""


EXTRAS: Final = {
    "TimeSeriesForecastingJobConfig": Extra("statsmodels", "rehearsal-forecasting", "forecasts time series"),
}
"""By the member of `AutoMLProblemTypeConfig`."""


def check(assembly: Assembly, stacks: Iterable[Stack], cloudformation: Any) -> None:
    """Look through the stacks before they are deployed.

    Args:
        assembly: What the app was synthesized to.
        stacks: Those that are to be rehearsed.
        cloudformation: A client of the embedded CloudFormation.

    Raises:
        CannotStartError: with everything that cannot run here, and why.
    """
    stacks = list(stacks)
    complaints = [
        f"  - {each}" for each in (*_Look(assembly, stacks).problems(), *_unknown_types(stacks, cloudformation))
    ]
    if complaints:
        complaints.insert(0, "the app has what cannot run here:")
        complaints.append("Leave out the stacks that hold it: --stack NAME takes one, and what it depends on.")
    complaints += _missing_extras(stacks)
    if complaints:
        raise CannotStartError("\n".join(complaints))


def _missing_extras(stacks: Iterable[Stack]) -> Iterator[str]:
    needing = defaultdict(list)
    for job in (job for stack in stacks for job in Job.all_of(stack)):
        for kind in job.request.get("AutoMLProblemTypeConfig", {}):
            if kind in EXTRAS and importlib.util.find_spec(EXTRAS[kind].module) is None:
                needing[EXTRAS[kind]].append(str(job))
    for extra, jobs in needing.items():
        yield (
            f"{', '.join(jobs)} {extra.does}, which needs another extra: "
            f"in a checkout, pip install '.[rehearsal,{extra.extra}]' (missing: {extra.module})"
        )


def _unknown_types(stacks: Iterable[Stack], cloudformation: Any) -> Iterator[str]:
    """What CloudFormation says of the types; what is made under a condition only is not asked about."""
    places = defaultdict(list)
    for stack in stacks:
        for place, resource in stack.resources():
            if "Condition" not in resource:
                places[resource.get("Type", _CUSTOM_RESOURCE)].append(str(place))
    template = {"Resources": {f"Type{number}": {"Type": kind} for number, kind in enumerate(places)}}
    try:
        cloudformation.validate_template(TemplateBody=json.dumps(template))
    except cloudformation.exceptions.ClientError as error:
        found = _UNRECOGNIZED.search(error.response["Error"]["Message"])
        for kind in found.group(1).split(", ") if found else ():
            yield f"{', '.join(places[kind])}: the embedded CloudFormation knows no {kind}"


class _Look:
    """A look through stacks that are to be deployed together."""

    def __init__(self, assembly: Assembly, stacks: list[Stack]) -> None:
        self._assembly = assembly
        self._stacks = stacks
        self._assets: dict[Path, dict[str, Any]] = {}
        functions = [properties for stack in stacks for _, properties in stack.of(_FUNCTION)]
        self._function_names = {str(properties.get("FunctionName")) for properties in functions}

    def problems(self) -> Iterator[str]:
        yield from self._custom_resources()
        yield from self._waits()
        yield from self._imports()
        for stack in self._stacks:
            for name in self._manifest(stack).get("dockerImages", {}):
                yield f"{stack.path}: its container image {name[:12]} needs docker, and there is none here"

    # Custom resources

    def _custom_resources(self) -> Iterator[str]:
        """Those that no function here can make, by the reason."""
        places = defaultdict(list)
        for stack in self._stacks:
            for place, resource in stack.resources():
                kind = resource.get("Type", _CUSTOM_RESOURCE)
                if (kind == _CUSTOM_RESOURCE or kind.startswith("Custom::")) and kind not in ANSWERED_FOR:
                    for reason in self._why_not(resource.get("Properties", {}).get("ServiceToken"), place):
                        places[reason].append(f"{place} ({kind})")
        for reason, those in places.items():
            yield f"{', '.join(those)}: {reason}"

    def _why_not(self, token: Any, place: Place) -> Iterator[str]:
        provider = self._assembly.origin(token, place)
        if provider is None:
            if isinstance(token, str) and token.rpartition(":")[2] not in self._function_names:
                yield f"what makes it is not of the app: {token}"
            return
        kind = provider.resource.get("Type")
        if kind == _FUNCTION:
            yield from self._why_function_not(provider)
        elif kind == "AWS::SNS::Topic":
            yield "it is made by whoever listens to an SNS topic, and only functions are called here"

    def _why_function_not(self, function: Place) -> Iterator[str]:
        properties = function.resource.get("Properties", {})
        runtime = properties.get("Runtime", "")
        if properties.get("PackageType") == "Image" or "ImageUri" in properties.get("Code", {}):
            yield f"its function {function.logical_id} is a container image, which needs docker, and there is none here"
        elif isinstance(runtime, str) and not runtime.startswith(("python", "nodejs")):
            yield f"its function {function.logical_id} has the runtime {runtime}: only Python and Node.js run here"
        elif isinstance(runtime, str) and runtime.startswith("nodejs"):
            missing = sorted(set().union(*map(missing_packages, self._code(function))) - self._bundled(function))
            if missing:
                is_aws = function.logical_id.startswith(_AWS_CUSTOM_RESOURCE)
                whose = "the function of AwsCustomResource" if is_aws else f"its function {function.logical_id}"
                named = ", ".join(f"{name}*" if name.endswith("-") else name for name in missing)
                yield f"{whose} needs {named} of the AWS SDK for Node.js, which is not here"
        # The CDK's provider framework hands the request on to functions that it knows from its environment.
        for value in properties.get("Environment", {}).get("Variables", {}).values():
            inner = self._assembly.origin(value, function)
            if inner is not None and inner != function and inner.resource.get("Type") == _FUNCTION:
                yield from self._why_function_not(inner)

    def _code(self, function: Place) -> Iterator[str]:
        """The Node.js code of a function, as far as it lies in the assembly."""
        code = function.resource["Properties"].get("Code", {})
        if isinstance(code.get("ZipFile"), str):
            yield code["ZipFile"]
        asset = self._asset(function)
        if asset is None:
            return
        if asset.is_dir():
            for file in sorted(asset.rglob("*")):
                if file.suffix in _CODE and "node_modules" not in file.relative_to(asset).parts:
                    yield file.read_text(encoding="utf-8", errors="replace")
        elif zipfile.is_zipfile(asset):
            with zipfile.ZipFile(asset) as packed:
                for name in packed.namelist():
                    if name.endswith(_CODE) and "node_modules/" not in name:
                        yield packed.read(name).decode(errors="replace")

    def _bundled(self, function: Place) -> set[str]:
        """The packages of the AWS SDK that a function brings along."""
        asset = self._asset(function)
        if asset is None:
            return set()
        if asset.is_dir():
            names = [file.relative_to(asset).as_posix() for file in asset.glob("node_modules/@*/*/package.json")]
        else:
            names = zipfile.ZipFile(asset).namelist() if zipfile.is_zipfile(asset) else []
        found = (re.match(r"node_modules/(@[^/]+/[^/]+)/package\.json$", name) for name in names)
        return {match.group(1) for match in found if match}

    def _asset(self, function: Place) -> Path | None:
        key = function.resource["Properties"].get("Code", {}).get("S3Key")
        for asset in self._manifest(function.stack).get("files", {}).values():
            if any(destination.get("objectKey") == key for destination in asset.get("destinations", {}).values()):
                path = asset["source"].get("path")
                return function.stack.folder / path if path else None
        return None

    def _manifest(self, stack: Stack) -> dict[str, Any]:
        if stack.assets is None:
            return {}
        file = stack.folder / stack.assets
        if file not in self._assets:
            self._assets[file] = load(file)
        return self._assets[file]

    # Waits

    def _waits(self) -> Iterator[str]:
        named = {job.request.get("AutoMLJobName") for stack in self._stacks for job in Job.all_of(stack)}
        for stack in self._stacks:
            for kind in (OUTCOME_TYPE, WATCH_TYPE):
                for place, properties in stack.of(kind):
                    name = properties.get(Property.JOB_NAME)
                    job = self._assembly.job_behind(place, properties)
                    if job is None and isinstance(name, str) and name not in named:
                        yield f"{place}: it waits for the job {name}, which no stack of the app makes"
                    elif job and kind == OUTCOME_TYPE and _tunes_a_language_model(job):
                        yield f"{place}: it waits for the language model of {job}, and none is fine-tuned here"

    # Imports

    def _imports(self) -> Iterator[str]:
        exports, importers = set(), defaultdict(list)
        for stack in self._stacks:
            for output in stack.load((stack.template,)).get("Outputs", {}).values():
                if export := output.get("Export", {}).get("Name"):
                    exports.add(json.dumps(export))
            for templates in stack.templates():
                for part in parts(stack.load(templates)):
                    if isinstance(name := part.get("Fn::ImportValue"), str):
                        importers[name].append(stack.path)
        if any(name.startswith("{") for name in exports):
            return  # a name that is put together while it is deployed may be any
        for name, paths in importers.items():
            if json.dumps(name) not in exports:
                yield f"{', '.join(dict.fromkeys(paths))}: the import of {name}, which no stack of the app exports"


def _tunes_a_language_model(job: Job) -> bool:
    return "TextGenerationJobConfig" in job.request.get("AutoMLProblemTypeConfig", {})
