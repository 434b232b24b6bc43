"""`automl check`: the exit codes, both outputs, and all that is wrong at once."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli import main
from constructs_lib.cli.requests import documents

from ...api.requests import REQUEST, V2_REQUESTS

FINE, WRONG, WRONG_CALL = 0, 1, 2
NAMED = {"AutoMLJobName": "churn", **REQUEST}
TABULAR = {"AutoMLJobName": "churn", **V2_REQUESTS["tabular"]}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "request.json"
    path.write_text(json.dumps(NAMED), encoding="utf-8")
    return path


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["check", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def written(file: Path, **members: Any) -> None:
    request = {name: value for name, value in {**NAMED, **members}.items() if value is not None}
    file.write_text(json.dumps(request), encoding="utf-8")


def test_sound_request_is_sent_as_it_stands(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = checked(capsys, "request.json")

    assert (code, told["request"], told["errors"]) == (FINE, NAMED, [])


def test_request_of_v2_is_known_by_its_members(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(json.dumps(TABULAR), encoding="utf-8")

    code, told = checked(capsys, "request.json")

    assert (code, told["request"]) == (FINE, TABULAR)


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(NAMED).encode())))

    assert checked(capsys, "-")[0] == FINE


def test_words_are_read_as_the_cli_does(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("create-auto-ml-job", "--cli-input-json", "file://request.json", "--tags", "Key=team,Value=growth")

    code, told = checked(capsys, "--", *words)

    assert code == FINE
    assert next(iter(told["request"].items())) == ("Tags", [{"Key": "team", "Value": "growth"}])
    assert checked(capsys, "--", "aws", "sagemaker", *words) == (code, told)
    assert checked(capsys, *words) == (code, told)  # who forgot the --


def test_all_that_is_wrong_is_told_at_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(
        file,
        ProblemType="regression",
        AutoMLJobConfig={"CompletionCriteria": {"MaxCandidates": 751, "MaxCandidate": 3}, "Mode": 1},
        OutputDataConfig={"S3OutputPath": "https://bucket/out"},
        RoleArn="short",
    )

    code, told = checked(capsys, "request.json")

    assert code == WRONG
    assert told["request"] is None
    assert told["errors"] == [
        "'AutoMLJobConfig.CompletionCriteria.MaxCandidate' is not a member of AutoMLJobConfig.CompletionCriteria "
        "(did you mean 'MaxCandidates'?)",
        "'AutoMLJobConfig.Mode' must be text, got 1 (int): put it in quotes",
        "'RoleArn' must have at least 20 characters, got 5: 'short'",
        "'ProblemType' must be one of 'BinaryClassification', 'MulticlassClassification', 'Regression', got "
        "'regression' (did you mean 'Regression'?)",
        "'AutoMLJobConfig.CompletionCriteria.MaxCandidates' must be at most 750, got 751",
        "'OutputDataConfig.S3OutputPath' must be an s3:// URI, whose bucket can be told, got 'https://bucket/out'",
    ]


def test_what_the_cli_sends_and_the_service_refuses_is_wrong(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(file, ModelDeployConfig={"AutoGenerateEndpointName": True, "EndpointName": "e"})

    code, told = checked(capsys, "request.json")

    assert (code, told["request"]["ModelDeployConfig"]["EndpointName"]) == (WRONG, "e")
    assert told["errors"] == [
        "give either 'ModelDeployConfig.EndpointName' or 'ModelDeployConfig.AutoGenerateEndpointName' as True, got both"
    ]


def test_final_newline_of_a_file_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("name").write_text("churn\n")
    words = ("--", "create-auto-ml-job", "--cli-input-json", "file://request.json", "--auto-ml-job-name", "file://name")

    assert checked(capsys, *words)[1]["errors"] == [
        "'AutoMLJobName' must match [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}, got 'churn\\n': a file:// keeps the final "
        "newline, take it out of the file"
    ]


@pytest.mark.parametrize(
    ("subnets", "sent"),
    [
        ("@=[file://subnet]", ["s-1"]),
        ("@=[file://subnet,b]", ["s-1", "b"]),
        ("@=['file://subnet',\"file://subnet\"]", ["s-1", "s-1"]),
        ("=[file://subnet]", ["file://subnet"]),
    ],
)
def test_files_are_read_for_each_word_of_a_list(
    subnets: str, sent: list[str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the AWS CLI 2.38.5 sends them: it was asked on 2026-12-01."""
    Path("subnet").write_text("s-1")
    job = json.loads(file.read_text())["AutoMLJobConfig"]
    written(file, AutoMLJobConfig={name: value for name, value in job.items() if name != "SecurityConfig"})
    config = f"SecurityConfig={{VpcConfig={{SecurityGroupIds=[file://subnet],Subnets{subnets}}}}}"
    words = ("create-auto-ml-job", "--cli-input-json", "file://request.json", "--auto-ml-job-config", config)

    told = checked(capsys, "--", *words)[1]

    vpc = told["request"]["AutoMLJobConfig"]["SecurityConfig"]["VpcConfig"]
    assert vpc == {"SecurityGroupIds": ["file://subnet"], "Subnets": sent}


def test_a_file_that_is_missing_in_a_list_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = "SecurityConfig={VpcConfig={SecurityGroupIds=[sg-1],Subnets@=[file://missing]}}"
    words = ("create-auto-ml-job", "--cli-input-json", "file://request.json", "--auto-ml-job-config", config)

    code, told = checked(capsys, "--", *words)

    assert (code, told["request"]) == (WRONG, None)
    assert "missing" in told["errors"][0]


def test_output_in_a_bucket_that_is_learned_from_as_a_whole_is_wrong(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket"}}
    channel = {"DataSource": source, "TargetAttributeName": "y"}
    written(file, InputDataConfig=[channel], OutputDataConfig={"S3OutputPath": "s3://bucket/out"})

    assert checked(capsys, "request.json")[1]["errors"] == [
        "'OutputDataConfig.S3OutputPath' lies below 'InputDataConfig[0]' (s3://bucket/out/churn/ below s3://bucket/): "
        "each training would read it as data; give another prefix or bucket"
    ]


def test_what_no_role_and_no_tag_is_called_is_wrong(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    role = "arn:aws:iam::123456789012:roleautoml"
    written(file, RoleArn=role, Tags=[{"Key": "aws:x", "Value": "1"}])

    assert checked(capsys, "request.json")[1]["errors"] == [
        f"'RoleArn' must name a role after 'role/', got '{role}'",
        "'Tags[0].Key' is reserved, got 'aws:x': AWS keeps what begins with 'aws:' for itself",
    ]


def test_output_below_what_is_learned_from_is_wrong(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(file, OutputDataConfig={"S3OutputPath": "s3://bucket/train/out"})

    assert checked(capsys, "request.json")[1]["errors"] == [
        "'OutputDataConfig.S3OutputPath' lies below 'InputDataConfig[0]' (s3://bucket/train/out/churn/ below "
        "s3://bucket/train): each training would read it as data; give another prefix or bucket"
    ]


def test_half_filled_skeleton_is_told_by_its_leftovers(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(
        file,
        OutputDataConfig={"S3OutputPath": "s3://bucket/out", "KmsKeyId": ""},
        GenerateCandidateDefinitionsOnly=True,
        Tags=[{"Key": "a", "Value": ""}],
    )

    code, told = checked(capsys, "request.json")

    assert (code, told["request"]["OutputDataConfig"]["KmsKeyId"]) == (WRONG, "")
    assert told["errors"] == [
        "'OutputDataConfig.KmsKeyId' is empty, as in a skeleton that nobody has filled in: give a value or leave the "
        "member out"
    ]
    assert (
        "'GenerateCandidateDefinitionsOnly' is true, as in the CLI's skeleton: leave it out unless it is meant"
        in told["warnings"]
    )


def test_definitions_only_are_worth_knowing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(file, GenerateCandidateDefinitionsOnly=True, ModelDeployConfig=None)

    assert checked(capsys, "request.json")[1]["warnings"] == [
        "'GenerateCandidateDefinitionsOnly' is true: the job only writes notebooks, no model is trained"
    ]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            {**NAMED, "AutoMLJobArn": "arn", "AutoMLJobStatus": "Completed"},
            "this is no request for CreateAutoMLJob: it is the answer of describe-auto-ml-job, not a request: leave "
            "out 'AutoMLJobArn', 'AutoMLJobStatus'",
        ),
        ({"a": 1}, "this is no request of either call: it has no member of one"),
        ("[]", "Invalid type: expecting map, received <class 'list'>: a request is one object"),
        ("", "Invalid JSON: Expecting value: line 1 column 1 (char 0); it is empty"),
        (
            "\ufeff{}",
            "Invalid JSON: Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0); it begins with",
        ),
        (
            "{'a': 1}",
            "Invalid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1); JSON quotes",
        ),
        ('{"a": True}', "JSON writes true, false and null in lower case"),
        ('{// x\n"a": 1}', "Invalid JSON: "),
    ],
)
def test_what_is_no_request_is_told_by_name(
    content: Any, error: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")

    code, told = checked(capsys, "request.json")

    assert (code, told["request"]) == (WRONG, None)
    assert error in told["errors"][0]


def test_request_of_the_other_call_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = checked(capsys, "--", "create-auto-ml-job-v2", "--cli-input-json", "file://request.json")[1]

    assert len(told["errors"]) == 1
    assert told["errors"][0].startswith(
        "this is no request for CreateAutoMLJobV2: it is a CreateAutoMLJob request (it has"
    )
    assert checked(capsys, "--call", "v2", "request.json")[1] == told


def test_request_without_a_name_is_told_what_can_do_without(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(json.dumps({name: value for name, value in NAMED.items() if name != "AutoMLJobName"}))

    assert checked(capsys, "request.json")[1]["errors"] == [
        "'AutoMLJobName' is required by the CLI and boto3 (AutoMLJob.from_request takes a fresh name where there is "
        "none)"
    ]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--rolearn", "x"], "Unknown options: --rolearn, x; maybe you meant: --rolearn -> --role-arn"),
        (["--tags", "Key"], "Error parsing parameter '--tags': Expected: '=', received: 'EOF' at character 4: Key>>>; "
         "shorthand is Name=value: Key=..."),
        (["--tags", "Key=a,Value='b"], "Error parsing parameter '--tags': Expected: '<singled quoted>', received: "
         "'<none>' at character 13: Key=a,Value=>>>'b; a value with a quote in it is quoted as a whole"),
        (["--problem-type", "file://missing"], "Error parsing parameter '--problem-type': Unable to load paramfile "
         "file://missing: No such file or directory (from "),
        (["--cli-input-json", "@request.json"], "Invalid JSON: Expecting value: line 1 column 1 (char 0); a file is "
         "given as file://request.json"),
        (["--auto-ml-job-config", "CompletionCriteria={}\n"], "no white space may stand after the last bracket"),
        (["--auto-ml-job-config", "{Mode=AUTO}"], "shorthand has no braces around the whole: leave the outer ones out"),
        (["--auto-ml-job-config", "CompletionCriteria={MaxCandidates=three}"], "invalid literal for int() with base "
         "10: 'three'"),
    ],
)  # fmt: skip
def test_words_that_cannot_be_read_are_told_with_the_way_out(
    words: list[str], error: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = checked(capsys, "--", "create-auto-ml-job", "--cli-input-json", "file://request.json", *words)[1]

    assert told["request"] is None
    assert any(error in each for each in told["errors"]), told["errors"]


@pytest.mark.parametrize("words", [["--version"], ["help"], ["--generate-cli-skeleton"]])
def test_what_only_prints_sends_nothing(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, told = checked(capsys, "--", "create-auto-ml-job", *words)

    assert (code, told["request"]) == (FINE, None) if words != ["--version"] else (WRONG, None)
    assert told["warnings"] == ["nothing is sent: this only prints"]


def test_several_flags_are_told_at_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = checked(capsys, "--", "create-auto-ml-job", "--tags", "Key", "--output-data-config", "x", "--bogus")[1]

    assert [error.partition(":")[0] for error in told["errors"]] == [
        "the following arguments are required",
        "Unknown options",
        "Error parsing parameter '--output-data-config'",
        "Error parsing parameter '--tags'",
    ]


def test_people_get_a_line_for_each_problem(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(file, RoleArn="short", GenerateCandidateDefinitionsOnly=True, ModelDeployConfig=None)

    assert main(["check", "request.json"]) == WRONG
    assert capsys.readouterr().out == (
        "request.json, for CreateAutoMLJob\n"
        "\n"
        "  wrong\n"
        "    - 'RoleArn' must have at least 20 characters, got 5: 'short'\n"
        "\n"
        "  worth knowing\n"
        "    - 'GenerateCandidateDefinitionsOnly' is true: the job only writes notebooks, no model is trained\n"
        "\n"
        "  1 wrong; the AWS CLI sends nothing\n"
    )


def test_a_pipe_is_refused_because_the_cli_reads_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    told = checked(capsys, "--", "create-auto-ml-job", "--cli-input-json", f"file://{pipe}")[1]

    assert "is a pipe, of which the CLI gets nothing: it reads the file twice" in told["errors"][0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give REQUEST or, after --, the words of a command line"),
        (["request.json", "--", "create-auto-ml-job"], "not both"),
        (["missing.json"], "'missing.json' cannot be read: No such file or directory"),
        (["."], "'.' cannot be read: Is a directory"),
    ],
)
def test_wrong_call_is_told(arguments: list[str], told: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *arguments]) == WRONG_CALL
    assert told in capsys.readouterr().err


def test_yaml_without_its_extra_is_a_wrong_call(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("request.yaml").write_text("{}")
    monkeypatch.setattr(documents, "can_read_yaml", lambda: False)

    for arguments in (["request.yaml"], ["--", "create-auto-ml-job", "--cli-input-yaml", "{}"]):
        assert main(["check", *arguments]) == WRONG_CALL
        assert (
            capsys.readouterr().err == "automl check: YAML needs the extra: in a checkout, pip install '.[requests]'\n"
        )


def test_yaml_that_holds_itself_is_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("request.yaml").write_text("AutoMLJobName: x\nTags: &a [*a]\n")

    code, told = checked(capsys, "request.yaml")

    assert (code, told["request"]) == (WRONG, None)
    assert told["errors"]


def test_neither_the_cdk_nor_botocore_is_imported(file: Path) -> None:
    code = (
        "import sys; from constructs_lib.cli import main; main(['check', sys.argv[1]]); "
        "sys.exit(','.join(m for m in ('aws_cdk', 'botocore', 'ruamel', 'argcomplete') if m in sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", code, str(file)], check=False, capture_output=True, env=environment)
    assert done.stderr.strip() == b""
