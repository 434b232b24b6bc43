"""What cannot run here is told before anything is deployed: what it is, and why."""

import importlib.util
import json
import tomllib
import zipfile
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from constructs_lib.rehearsal import preflight
from constructs_lib.rehearsal.assembly import Assembly
from constructs_lib.rehearsal.cloud.ministack.node import missing_packages
from constructs_lib.rehearsal.cloud.resource_types.answered import ANSWERED_FOR
from constructs_lib.rehearsal.failures import CannotStartError

from .test_assembly import JOB, Folder, load, nest, waited, watched, write

ROOT = Path(__file__).parents[3]
KNOWN = {"AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::SNS::Topic", "AWS::CloudFormation::WaitCondition"}
KNOWN |= {"AWS::CloudFormation::CustomResource", "AWS::CloudFormation::Stack"}


class CloudFormation:
    """Judges types of resources as CloudFormation does."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def validate_template(self, *, TemplateBody: str) -> None:  # noqa: N803  boto3's spelling
        kinds = {resource["Type"] for resource in json.loads(TemplateBody)["Resources"].values()}
        unknown = sorted(kind for kind in kinds - KNOWN if not kind.startswith("Custom::"))
        if unknown:
            message = f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "ValidateTemplate")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "cdk.out")


def complaints(folder: Folder, resources: dict[str, Any] | None = None) -> list[str]:
    """What is said of an app with these resources besides a job; nothing if all can run."""
    if resources is not None:
        folder.stack("Plain", {"Job": JOB, **resources})
    assembly = Assembly.read(folder.path)
    try:
        preflight.check(assembly, assembly.stacks, CloudFormation())
    except CannotStartError as refused:
        return str(refused).splitlines()
    return []


def only(folder: Folder, resources: dict[str, Any] | None = None) -> str:
    first, *found, last = complaints(folder, resources)
    assert first == "the app has what cannot run here:"
    assert last == "Leave out the stacks that hold it: --stack NAME takes one, and what it depends on."
    [complaint] = found
    return complaint.removeprefix("  - ")


def node(code: str, **more: Any) -> dict[str, Any]:
    properties = {"Runtime": "nodejs24.x", "Code": {"ZipFile": code}, **more}
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def made_by(function: object, kind: str = "Custom::Thing") -> dict[str, Any]:
    return {"Type": kind, "Properties": {"ServiceToken": function}}


BY_FUNCTION = made_by({"Fn::GetAtt": ["Function", "Arn"]})


def test_app_that_can_run_here_passes(folder: Folder) -> None:
    python = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Runtime": "python3.13", "Code": {"ZipFile": "import boto3"}},
    }
    unused = node('require("@aws-sdk/client-s3")')
    resources = {"Function": python, "Thing": BY_FUNCTION, "Unused": unused, "Bucket": {"Type": "AWS::S3::Bucket"}}
    assert complaints(folder, {**resources, **waited()}) == []


def test_type_that_cloudformation_does_not_know(folder: Folder) -> None:
    domain = {"Type": "AWS::SageMaker::Domain"}
    write(folder.path / "Inner.json", {"Resources": {"Deep": domain}})
    found = only(folder, {"Domain": domain, "Inner": nest("Inner.json")})
    assert found == "Plain/Domain, Plain/Deep: the embedded CloudFormation knows no AWS::SageMaker::Domain"


def test_type_that_is_made_under_a_condition_only_is_left_to_the_deployment(folder: Folder) -> None:
    assert complaints(folder, {"Domain": {"Type": "AWS::SageMaker::Domain", "Condition": "InChina"}}) == []


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (
            node('const { S3 } = require("@aws-sdk/client-s3")'),
            "its function Function needs @aws-sdk/client-s3 of the AWS SDK for Node.js, which is not here",
        ),
        (
            {
                "Type": "AWS::Lambda::Function",
                "Properties": {"Runtime": "java21", "Code": {"S3Bucket": "b", "S3Key": "k"}},
            },
            "its function Function has the runtime java21: only Python and Node.js run here",
        ),
        (
            {"Type": "AWS::Lambda::Function", "Properties": {"PackageType": "Image", "Code": {"ImageUri": "i"}}},
            "its function Function is a container image, which needs docker, and there is none here",
        ),
        (
            {"Type": "AWS::SNS::Topic"},
            "it is made by whoever listens to an SNS topic, and only functions are called here",
        ),
    ],
)
def test_custom_resource_that_nothing_here_can_make(function: Any, reason: str, folder: Folder) -> None:
    thing, another = made_by({"Ref": "Function"}), made_by({"Fn::GetAtt": ["Function", "Arn"]})
    found = only(folder, {"Function": function, "Thing": thing, "Another": another})
    assert found == f"Plain/Thing (Custom::Thing), Plain/Another (Custom::Thing): {reason}"


def test_aws_custom_resource_is_called_by_its_name(folder: Folder) -> None:
    name = "AWS679f53fac002430cb0da5b7982bd22872D164C4C"
    resources = {
        name: node("`@aws-sdk/client-${service}`"),
        "Put": made_by({"Fn::GetAtt": [name, "Arn"]}, "Custom::AWS"),
    }
    assert only(folder, resources) == (
        "Plain/Put (Custom::AWS): the function of AwsCustomResource needs @aws-sdk/client-* of the AWS SDK for "
        "Node.js, which is not here"
    )


def test_function_behind_the_providers_is_looked_at_too(folder: Folder) -> None:
    framework = node("", Environment={"Variables": {"USER_ON_EVENT_FUNCTION_ARN": {"Fn::GetAtt": ["Mine", "Arn"]}}})
    resources = {"Function": framework, "Mine": node('require("@aws-sdk/client-iam")'), "Thing": BY_FUNCTION}
    assert only(folder, resources) == (
        "Plain/Thing (Custom::Thing): its function Mine needs @aws-sdk/client-iam of the AWS SDK for Node.js, which is "
        "not here"
    )


@pytest.mark.parametrize("packed", [False, True])
def test_code_of_an_asset_is_read_but_not_what_it_brings_along(packed: bool, folder: Folder) -> None:
    brought = {
        "node_modules/@aws-sdk/client-iam/package.json": "{}",
        "node_modules/other/index.js": '"@aws-sdk/client-ec2"',
    }
    code = 'import { S3 } from "@aws-sdk/client-s3"; import { IAM } from "@aws-sdk/client-iam"'
    files = {"index.mjs": code, "README.md": '"@aws-sdk/client-ecs"', **brought}
    name = "asset.f00.zip" if packed else "asset.f00"
    for file, content in files.items():
        if packed:
            with zipfile.ZipFile(folder.path / name, "a") as archive:
                archive.writestr(file, content)
        else:
            path = folder.path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    function = node("", Code={"S3Bucket": "assets", "S3Key": "f00.zip"})
    folder.stack("Plain", {"Job": JOB, "Function": function, "Thing": BY_FUNCTION})
    manifest = load(folder.path / "Plain.assets.json")
    destinations = {"here": {"bucketName": "assets", "objectKey": "f00.zip"}}
    manifest["files"]["f00"] = {"source": {"path": name}, "destinations": destinations}
    write(folder.path / "Plain.assets.json", manifest)

    assert only(folder) == (
        "Plain/Thing (Custom::Thing): its function Function needs @aws-sdk/client-s3 of the AWS SDK for Node.js, "
        "which is not here"
    )


def test_custom_resource_that_is_made_outside_the_app(folder: Folder) -> None:
    theirs = "arn:aws:lambda:us-east-1:123456789012:function:theirs"
    assert only(folder, {"Thing": made_by(theirs)}) == (
        f"Plain/Thing (Custom::Thing): what makes it is not of the app: {theirs}"
    )
    mine = node("", FunctionName="theirs")
    assert complaints(folder, {"Thing": made_by(theirs), "Function": mine}) == []


@pytest.mark.parametrize("kind", sorted(ANSWERED_FOR))
def test_custom_resource_that_is_answered_for_can_run(kind: str, folder: Folder) -> None:
    thing = made_by({"Fn::GetAtt": ["Function", "Arn"]}, kind)
    assert complaints(folder, {"Function": node('require("@aws-sdk/client-s3")'), "Thing": thing}) == []


def test_wait_for_a_job_that_the_app_does_not_make(folder: Folder) -> None:
    resources = watched("old-one")
    del resources["Watch"], resources["OutcomeWait0A1B2C3D4E5F"]
    assert only(folder, resources) == "Plain/Outcome: it waits for the job old-one, which no stack of the app makes"
    named = {**JOB, "Properties": {"Request": {"AutoMLJobName": "old-one"}}}
    assert complaints(folder, {**resources, "Named": named}) == []


def test_wait_for_a_language_model(folder: Folder) -> None:
    resources = waited()
    resources["Job"]["Properties"]["Request"] = {"AutoMLProblemTypeConfig": {"TextGenerationJobConfig": {}}}
    assert only(folder, resources) == (
        "Plain/Outcome: it waits for the language model of Plain/Job, and none is fine-tuned here"
    )


def test_import_of_what_no_stack_exports(folder: Folder) -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "theirs"}}}
    assert only(folder, {"Topic": topic}) == "Plain: the import of theirs, which no stack of the app exports"
    folder.stack("Exports", {})
    for name in ("theirs", {"Fn::Sub": "${AWS::StackName}-x"}):
        outputs = {"Out": {"Value": "v", "Export": {"Name": name}}}
        write(folder.path / "Exports.template.json", {"Resources": {}, "Outputs": outputs})
        assert complaints(folder) == []


def test_container_image(folder: Folder) -> None:
    folder.stack("Plain", {"Job": JOB})
    manifest = load(folder.path / "Plain.assets.json")
    manifest["dockerImages"] = {"0123456789abcdef": {}}
    write(folder.path / "Plain.assets.json", manifest)
    assert only(folder) == "Plain: its container image 0123456789ab needs docker, and there is none here"


FORECASTS: dict[str, Any] = {
    "Properties": {"Request": {"AutoMLProblemTypeConfig": {"TimeSeriesForecastingJobConfig": {}}}}
}


def test_extra_that_a_job_needs_is_told_with_the_command_that_brings_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand = {"Demand": {**JOB, **FORECASTS}}
    assert complaints(folder, demand) == []
    find_spec = importlib.util.find_spec

    def without_statsmodels(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "statsmodels" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_statsmodels)
    assert complaints(folder, demand) == [
        "Plain/Demand forecasts time series, which needs another extra: "
        "in a checkout, pip install '.[rehearsal,rehearsal-forecasting]' (missing: statsmodels)"
    ]
    assert complaints(folder, {}) == []


def test_extras_are_those_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for needed in preflight.EXTRAS.values():
        assert any(each.startswith(needed.module) for each in project["optional-dependencies"][needed.extra])


def test_all_is_told_at_once(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    resources = {"Demand": {**JOB, **FORECASTS}, "Domain": {"Type": "AWS::SageMaker::Domain"}, **watched("old-one")}
    said = complaints(folder, resources)
    assert [line.partition(":")[0] for line in said] == [
        "the app has what cannot run here",
        "  - Plain/Outcome",
        "  - Plain/Watch",
        "  - Plain/Domain",
        "Leave out the stacks that hold it",
        "Plain/Demand forecasts time series, which needs another extra",
    ]


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ("const { SSM } = require('@aws-sdk/client-ssm')", set()),
        ('var x=copied(require("@aws-sdk/client-ssm"))', {"@aws-sdk/client-ssm"}),
        ('var x=copied(require("@aws-sdk/client-lambda"))', set()),
        ('import { SSM } from "@aws-sdk/client-ssm"', {"@aws-sdk/client-ssm"}),
        ('await import("@aws-sdk/client-s3")', {"@aws-sdk/client-s3"}),
        ('require("@smithy/node-http-handler")', {"@smithy/node-http-handler"}),
        ("require(`@aws-sdk/client-${name}`)", {"@aws-sdk/client-"}),
        ("// node_modules/@aws-sdk/client-s3/dist-cjs/index.js\nvar bundled = {}", set()),
        ("require('https')", set()),
    ],
)
def test_what_node_code_finds_of_the_sdk(code: str, missing: set[str]) -> None:
    assert missing_packages(code) == missing
