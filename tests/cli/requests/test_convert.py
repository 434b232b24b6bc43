"""`automl convert`: its Python makes the job of the request, and looks as if somebody had written it."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from constructs_lib import AutoMLJob, AutoMLJobV2
from constructs_lib.cli import main
from constructs_lib.cli.requests import convert, model
from constructs_lib.cli.requests.words import Asked

from ...api.requests import REQUEST, V2_REQUESTS
from ...constructs.synthesis import job_properties, new_stack, resolved, template_of

KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
VALIDATION = {
    "ChannelType": "validation",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://other-bucket/validation/"}},
}
MANIFEST = {"DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://bucket/train.manifest"}}}
AUGMENTED = {
    "DataSource": {"S3DataSource": {"S3DataType": "AugmentedManifestFile", "S3Uri": "s3://bucket/train.jsonl"}}
}
NAMED = {"AutoMLJobName": "churn-1", "Tags": [{"Key": "team", "Value": "growth"}, {"Key": "cost", "Value": ""}]}

TWO_CHANNELS = {
    **REQUEST,
    "InputDataConfig": [{**VALIDATION, "TargetAttributeName": "y"}, {**MANIFEST, "TargetAttributeName": "y"}],
    "AutoMLJobConfig": {name: value for name, value in REQUEST["AutoMLJobConfig"].items() if name != "DataSplitConfig"},
}

RICH: list[tuple[str, dict[str, Any]]] = [
    (model.V1, {**NAMED, **REQUEST}),
    (model.V1, TWO_CHANNELS),
    (model.V1, {**REQUEST, "OutputDataConfig": {"S3OutputPath": "s3://b", "KmsKeyId": KEY_ARN}}),
    *((model.V2, {**NAMED, **request}) for request in V2_REQUESTS.values()),
    (model.V2, {**V2_REQUESTS["tabular"], "AutoMLJobInputDataConfig": [VALIDATION, MANIFEST], "DataSplitConfig": {}}),
    (model.V2, {**V2_REQUESTS["images"], "AutoMLJobInputDataConfig": [AUGMENTED]}),
    (
        model.V2,
        {
            **V2_REQUESTS["forecast"],
            "ModelDeployConfig": {"AutoGenerateEndpointName": False, "EndpointName": "e"},
            "AutoMLComputeConfig": {
                "EmrServerlessComputeConfig": {"ExecutionRoleARN": "arn:aws:iam::123456789012:role/emr"}
            },
            "SecurityConfig": {
                "VolumeKmsKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
                "VpcConfig": {"SecurityGroupIds": ["sg-1", "sg-2"], "Subnets": ["subnet-1"]},
            },
        },
    ),
]
"""Requests with many members."""


def thinned(value: Any, member: model.Member, chance: random.Random) -> Any:
    """A request with some of its optional members taken out, at any depth."""
    if member.type == "structure":
        kept = [name for name in value if name in (*member.required, "DataSource") or chance.random() < 0.7]
        return {name: thinned(value[name], member.members[name], chance) for name in kept}
    return [thinned(item, member.held, chance) for item in value] if member.type == "list" else value


def generated(seed: int, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Sound requests, made of rich ones."""
    chance = random.Random(seed)
    while count:
        call, rich = chance.choice(RICH)
        request = thinned(rich, model.request(call), chance)
        if not convert.judged(Asked(call=call, request=request)).errors:
            count -= 1
            yield call, request


def python_of(call: str, request: dict[str, Any]) -> str:
    asked = Asked(call=call, request=request)
    assert convert.judged(asked).errors == []
    return convert.python_of(asked)


def job_of(text: str) -> dict[str, Any]:
    """The job's properties in the template of a printed stack."""
    names: dict[str, Any] = {"__name__": "printed"}
    exec(text, names)
    (stack,) = (value for name, value in names.items() if name.endswith("Stack"))
    return job_properties(template_of(stack(cdk.App(), "Stack")))


def expected_of(call: str, request: dict[str, Any]) -> dict[str, Any]:
    construct = AutoMLJob if call == model.V1 else AutoMLJobV2
    stack = new_stack()
    construct.from_request(stack, "Job", request)
    return job_properties(template_of(stack))


def plain(properties: dict[str, Any], call: str) -> dict[str, Any]:
    """A job's properties where requests that mean the same are the same."""
    request = json.loads(json.dumps(properties["Request"]))
    channels = request["InputDataConfig" if call == model.V1 else "AutoMLJobInputDataConfig"]
    content = {"ImageClassificationJobConfig": "image/*"}
    problem = next(iter(request.get("AutoMLProblemTypeConfig", {"": None})))
    for channel in channels:
        channel.setdefault("ChannelType", "training")
        channel.setdefault("ContentType", content.get(problem, "text/csv;header=present"))
        if channel.get("CompressionType") == "None":
            del channel["CompressionType"]
    output = request["OutputDataConfig"]
    if output["S3OutputPath"].count("/") == 2:  # a bucket without a prefix
        output["S3OutputPath"] += "/"
    channels.sort(key=lambda channel: channel["ChannelType"])
    keys = [output]
    security = (request.get("AutoMLJobConfig", {}) if call == model.V1 else request).get("SecurityConfig")
    keys += [security] if security else []
    for holder in keys:
        for name in ("KmsKeyId", "VolumeKmsKeyId"):
            if name in holder:
                holder[name] = str(resolved(holder[name])).rpartition(":")[2].removeprefix("key/")
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    return {"Request": without_empty(request), "Tags": tags, "NamePrefix": bool(properties.get("NamePrefix"))}


def without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return [without_empty(item) for item in value] if isinstance(value, list) else value
    inner = {name: without_empty(item) for name, item in value.items()}
    return {name: item for name, item in inner.items() if item != {} or name.endswith("JobConfig")}


@pytest.mark.parametrize("index", range(len(RICH)))
def test_python_makes_the_job_of_the_request(index: int) -> None:
    call, request = RICH[index]

    made, wanted = job_of(python_of(call, request)), expected_of(call, request)

    assert plain(made, call) == plain(wanted, call)
    assert made["Operation"] == wanted["Operation"]


@pytest.mark.parametrize("seed", range(3))
def test_python_makes_the_job_of_any_request(seed: int) -> None:
    for call, request in generated(seed, 6):
        made, wanted = job_of(python_of(call, request)), expected_of(call, request)

        assert plain(made, call) == plain(wanted, call), json.dumps(request)


def test_python_is_formatted_and_has_the_imports_that_it_needs(tmp_path: Path) -> None:
    for index, (call, request) in enumerate([*RICH, *generated(99, 20)]):
        (tmp_path / f"stack_{index}.py").write_text(python_of(call, request))
    ruff = str(Path(sys.executable).with_name("ruff"))
    rules = [
        "--select",
        "E4,E7,E9,F,I,UP,D101,D102,D403,N",
        "--config",
        'lint.isort.known-first-party=["constructs_lib"]',
    ]

    formatted = subprocess.run([ruff, "format", "--isolated", "--diff", tmp_path], capture_output=True, text=True)
    linted = subprocess.run([ruff, "check", "--isolated", *rules, tmp_path], capture_output=True, text=True)

    assert formatted.stdout == ""
    assert "All checks passed" in linted.stdout, linted.stdout


def test_python_is_typed(tmp_path: Path) -> None:
    for index, (call, request) in enumerate(RICH):
        (tmp_path / f"stack_{index}.py").write_text(python_of(call, request))
    command = [sys.executable, "-m", "mypy", "--strict", *map(str, sorted(tmp_path.iterdir()))]

    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3])

    assert (done.returncode, done.stdout.strip()) == (0, f"Success: no issues found in {len(RICH)} source files")


def test_python_of_a_file_is_printed_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("request.yaml").write_text(json.dumps({**REQUEST, "AutoMLJobName": "churn-1"}))  # JSON is YAML too

    assert main(["convert", "request.yaml"]) == 0

    printed = capsys.readouterr()
    assert "class Churn1Stack(cdk.Stack):" in printed.out
    assert job_of(printed.out)["Operation"] == "CreateAutoMLJob"


def test_all_that_is_wrong_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("request.json").write_text(json.dumps({**REQUEST, "RoleArn": "short", "Bogus": 1}))

    assert main(["convert", "request.json"]) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "automl convert: 2 wrong in request.json:\n"
        "  - 'RoleArn' must have at least 20 characters, got 5: 'short'\n"
        "  - 'Bogus' is not a member of the request, which has AutoMLJobName, InputDataConfig, OutputDataConfig, "
        "ProblemType, AutoMLJobObjective, AutoMLJobConfig, RoleArn, GenerateCandidateDefinitionsOnly, Tags, "
        "ModelDeployConfig\n"
    )


def test_what_one_construct_cannot_say_is_told() -> None:
    channel = {**REQUEST["InputDataConfig"][0], "SampleWeightAttributeName": "other", "ChannelType": "validation"}
    request = {**TWO_CHANNELS, "InputDataConfig": [*REQUEST["InputDataConfig"], channel]}

    assert convert.judged(Asked(call=model.V1, request=request)).errors == [
        "the channels name different 'SampleWeightAttributeName': AutoMLJob takes one for both"
    ]


@pytest.mark.parametrize(
    ("uri", "kind", "told"),
    [
        ("s3://data//x/", "S3Prefix", "has two slashes after its bucket, which no prop takes"),
        ("s3://data/data-${year}/", "S3Prefix", "has '$' in its key, which would be a pattern in an IAM policy"),
        ("s3://data/?a=*", "S3Prefix", "has '*', '?' in its key, which would be a pattern in an IAM policy"),
        ("s3://data", "ManifestFile", "must name the manifest, not a bucket alone"),
    ],
)
def test_place_that_no_prop_takes_is_told(uri: str, kind: str, told: str) -> None:
    source = {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}
    request = {**REQUEST, "InputDataConfig": [{"DataSource": source, "TargetAttributeName": "y"}]}

    (error,) = convert.judged(Asked(call=model.V1, request=request)).errors
    assert error.startswith(f"'{uri}' {told}")


def test_tags_beside_those_of_the_library_are_counted() -> None:
    request = {**REQUEST, "Tags": [{"Key": f"k{number}", "Value": ""} for number in range(50)]}

    assert convert.judged(Asked(call=model.V1, request=request)).errors == [
        "'Tags' must have at most 44 items, got 50: the library adds its own"
    ]


def test_tag_that_the_library_sets_is_told() -> None:
    request = {**REQUEST, "Tags": [{"Key": "sagemaker-autopilot:stack-id", "Value": ""}]}

    assert convert.judged(Asked(call=model.V1, request=request)).errors == [
        "the tag 'sagemaker-autopilot:stack-id' is reserved: the library sets it"
    ]


def test_wrong_call_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "missing.json"]) == 2
    assert capsys.readouterr().err == "automl convert: 'missing.json' cannot be read: No such file or directory\n"
