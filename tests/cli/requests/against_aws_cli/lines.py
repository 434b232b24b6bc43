# ruff: noqa: E501, RUF001 - a line for each command line; digits of another script are digits for the CLI
"""Command lines of our own, in each area where the AWS CLI has rules: what they become is asked of the real one."""

import json
import random
from typing import Any

from .texts import typed_text

ROLE = "arn:aws:iam::111111111111:role/automl"
SOURCE = "DataSource={S3DataSource={S3DataType=S3Prefix,S3Uri=s3://b/train/}}"
V1: dict[str, list[str]] = {
    "--auto-ml-job-name": ["churn"],
    "--input-data-config": [f"{SOURCE},TargetAttributeName=y"],
    "--output-data-config": ["S3OutputPath=s3://b/out/"],
    "--role-arn": [ROLE],
}
V2: dict[str, list[str]] = {
    "--auto-ml-job-name": ["churn"],
    "--auto-ml-job-input-data-config": [SOURCE],
    "--output-data-config": ["S3OutputPath=s3://b/out/"],
    "--auto-ml-problem-type-config": ["TabularJobConfig={TargetAttributeName=y}"],
    "--role-arn": [ROLE],
}
CHANNEL = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/t/"}}, "TargetAttributeName": "y"}
DOCUMENT: dict[str, Any] = {
    "AutoMLJobName": "fromdoc",
    "InputDataConfig": [CHANNEL],
    "OutputDataConfig": {"S3OutputPath": "s3://b/doc/", "KmsKeyId": "k"},
    "RoleArn": ROLE,
}
SERIES = (
    "TimeSeriesForecastingJobConfig={ForecastFrequency=1D,ForecastHorizon=7,TimeSeriesConfig={TargetAttributeName=y,"
    "TimestampAttributeName=t,ItemIdentifierAttributeName=i}"
)

Line = dict[str, Any]


def v1(*words: str, files: dict[str, str] | None = None, **replaced: list[str] | None) -> Line:
    return _line("create-auto-ml-job", V1, words, files, replaced)


def v2(*words: str, files: dict[str, str] | None = None, **replaced: list[str] | None) -> Line:
    return _line("create-auto-ml-job-v2", V2, words, files, replaced)


def _line(command: str, flags: dict[str, list[str]], words: Any, files: Any, replaced: Any) -> Line:
    given = flags | {f"--{name.replace('_', '-')}": value for name, value in replaced.items()}
    argv = [command]
    for name, values in given.items():
        argv += [] if values is None else [name, *values]
    return {"argv": [*argv, *words], "files": files}


def words(*argv: str, files: dict[str, str] | None = None) -> Line:
    return {"argv": list(argv), "files": files}


def document(text: str | dict[str, Any], *more: str, is_yaml: bool = False, call: str = "create-auto-ml-job") -> Line:
    content = text if isinstance(text, str) else json.dumps(text)
    name, option = ("r.yaml", "--cli-input-yaml") if is_yaml else ("r.json", "--cli-input-json")
    return {"argv": [call, option, f"file://{name}", *more], "files": {name: content}}


def changed(**members: Any) -> dict[str, Any]:
    return DOCUMENT | members


def config(**members: Any) -> dict[str, Any]:
    return changed(AutoMLJobConfig=members)


YAML_DOCUMENT = (
    "AutoMLJobName: fromyaml\n"
    "InputDataConfig:\n"
    "- DataSource:\n"
    "    S3DataSource: {S3DataType: S3Prefix, S3Uri: 's3://b/yaml/'}\n"
    "  TargetAttributeName: %s\n"
    "OutputDataConfig:\n"
    "  S3OutputPath: s3://b/yaml-out/\n"
    f"RoleArn: {ROLE}\n"
)

TARGETS = (
    "y",
    "'y'",
    '"y\\n"',
    "yes",
    "NO",
    "on",
    "y: z",
    "~",
    "null",
    "Null",
    "",
    "12",
    "1.5",
    "0x1F",
    "0o17",
    "017",
    "1_0",
    "1e3",
    "1e+3",
    ".5",
    "-.5",
    "+1",
    ".inf",
    "-.INF",
    ".nan",
    "12:30",
    "12:30:45",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "2024-13-45",
    "1.2.3",
    "012345678901",
    "!!str 12",
    "!!int '3'",
    "!!binary aGk=",
    "!!set {a}",
    "[a]",
    "{a: b}",
    "&x y",
    "*x",
    "a#b",
    "a #b",
    "- a",
    "? a",
    "@a",
    "`a",
    "%a",
    "'it''s'",
    "|\n    a\n    b",
    ">-\n    a\n    b",
    "True",
    "tRUE",
    "=",
    "<<",
    "0b11",
    "1__0",
    "_1",
    "\U0001f642",
    "\u00a0y",
    "a\tb",
    "!foo y",
    "!!python/name:os.system x",
    "!!omap [a: b]",
)

JOB_CONFIGS = (
    "Mode=AUTO",
    "Mode='AUTO'",
    'Mode="AUTO"',
    "Mode= AUTO ",
    "Mode =AUTO",
    "Mode=",
    "Mode=''",
    "Mode",
    "=AUTO",
    "Mode==AUTO",
    "Mode=AUTO,",
    ",Mode=AUTO",
    "Mode=AUTO,,",
    "Mode=AUTO,Mode=AUTO",
    "Mode=AUTO;Mode=B",
    "Mode:AUTO",
    "Mode=AUTO CompletionCriteria={}",
    "CompletionCriteria={}",
    "CompletionCriteria={MaxCandidates=5",
    "CompletionCriteria={MaxCandidates=5}}",
    "CompletionCriteria=MaxCandidates=5",
    "CompletionCriteria={MaxCandidates=5,MaxCandidates=6}",
    "CompletionCriteria={ MaxCandidates = 5 , }",
    "CompletionCriteria={\n MaxCandidates=5\n}",
    "CompletionCriteria={MaxCandidates=+5}",
    "CompletionCriteria={MaxCandidates=٥}",
    "CompletionCriteria={MaxCandidates=1_0}",
    "CompletionCriteria={MaxCandidates=5.0}",
    "CompletionCriteria={MaxCandidates=}",
    "CompletionCriteria={MaxCandidates=-1}",
    "CompletionCriteria={MaxCandidates=[5]}",
    "CompletionCriteria={MaxCandidates={a=5}}",
    "CompletionCriteria={MaxCandidates='5'}",
    "CompletionCriteria={MaxCandidates=true}",
    "CompletionCriteria={MaxCandidates@=file://n.txt}",
    "CompletionCriteria={MaxCandidates@=fileb://n.txt}",
    "CompletionCriteria@=file://c.json",
    "CompletionCriteria={MaxCandidates=file://n.txt}",
    "Mode@=file://m.txt",
    "Mode@=AUTO",
    "Mode@=file://missing.txt",
    "Mode@=fileb://m.txt",
    "Mode@=file://~/missing",
    "Mode @ = AUTO",
    "Mode@@=AUTO",
    "DataSplitConfig={ValidationFraction=0.2}",
    "DataSplitConfig={ValidationFraction=.2}",
    "DataSplitConfig={ValidationFraction=2e-1}",
    "DataSplitConfig={ValidationFraction=nan}",
    "DataSplitConfig={ValidationFraction=-inf}",
    "DataSplitConfig={ValidationFraction=inf}",
    "DataSplitConfig={ValidationFraction=1}",
    "DataSplitConfig={ValidationFraction=0.10000000000000000555}",
    "DataSplitConfig={ValidationFraction=1e400}",
    "DataSplitConfig={ValidationFraction=x}",
    "DataSplitConfig={ValidationFraction=true}",
    "DataSplitConfig={ValidationFraction@=file://f.txt}",
    "SecurityConfig={EnableInterContainerTrafficEncryption=TRUE}",
    "SecurityConfig={EnableInterContainerTrafficEncryption='False'}",
    "SecurityConfig={EnableInterContainerTrafficEncryption=1}",
    "SecurityConfig={EnableInterContainerTrafficEncryption=}",
    "SecurityConfig={EnableInterContainerTrafficEncryption=[true]}",
    "SecurityConfig={VpcConfig={SecurityGroupIds=sg-1,Subnets=s-1}}",
    "SecurityConfig={VpcConfig={SecurityGroupIds=[file://m.txt],Subnets@=[file://m.txt,'file://m.txt']}}",
    "SecurityConfig={VpcConfig={SecurityGroupIds=[sg-1],Subnets@=[file://missing.txt]}}",
    "SecurityConfig={VpcConfig={SecurityGroupIds=[],Subnets=[s-1]}}",
    "SecurityConfig={VpcConfig={SecurityGroupIds=[sg-1,sg-2,],Subnets=[s-1]}}",
    "SecurityConfig={VpcConfig={SecurityGroupIds=[sg-1,,sg-2],Subnets=[s-1]}}",
    "SecurityConfig={VpcConfig={SecurityGroupIds=[,sg-1],Subnets=[s-1]}}",
    "SecurityConfig={VpcConfig={SecurityGroupIds=[[sg-1]],Subnets=[s-1]}}",
    "SecurityConfig={VpcConfig={SecurityGroupIds={a=b},Subnets=[s-1]}}",
    "SecurityConfig={VpcConfig={SecurityGroupIds=[sg-1,Subnets=[s-1]}}",
    "SecurityConfig={VpcConfig={SecurityGroupIds=[sg-1 sg-2],Subnets=[s-1]}}",
    "SecurityConfig={VolumeKmsKeyId=\\,}",
    "CandidateGenerationConfig={AlgorithmsConfig=[{AutoMLAlgorithms=[xgboost,mlp]}]}",
    "CandidateGenerationConfig={AlgorithmsConfig={AutoMLAlgorithms=[xgboost]}}",
    "CandidateGenerationConfig={AlgorithmsConfig={AutoMLAlgorithms=xgboost}}",
    "CandidateGenerationConfig={AlgorithmsConfig=[{AutoMLAlgorithms=xgboost}]}",
    "CandidateGenerationConfig={AlgorithmsConfig=xgboost}",
    "CandidateGenerationConfig={AlgorithmsConfig=[]}",
    "CandidateGenerationConfig={AlgorithmsConfig=[{},{}]}",
    '{"Mode": "AUTO"}',
    ' {"Mode": "AUTO"}',
    '{"Mode": "AUTO"} ',
    '{"Mode": "AUTO"',
    '{"Mode": 1}',
    '{"Mode": null}',
    "{'Mode': 'AUTO'}",
    '{"Mode": "A", "Mode": "B"}',
    "[]",
    '["Mode"]',
    "{}",
    "",
    " ",
    "null",
    '"Mode"',
    "{Mode=AUTO}",
    '{"mode": "AUTO"}',
    '{"CompletionCriteria": {"MaxCandidates": "5"}}',
    '{"CompletionCriteria": {"MaxCandidates": 5.0}}',
    '{"DataSplitConfig": {"ValidationFraction": NaN}}',
    '{"DataSplitConfig": {"ValidationFraction": -Infinity}}',
    '{"DataSplitConfig": {"ValidationFraction": 1e-7}}',
    "file://c.json",
    "file://mode.sh",
    "file://missing.json",
    "file://$NOWHERE/x",
    "fileb://mode.sh",
    "file://mode.yaml",
    "file://crlf.sh",
    "file://",
    "FILE://c.json",
    '{"Mode": "\\ud83d\\ude42"}',
    '{"Mode": "\\ud83d"}',
    "Mode='\U0001f642'",
    "Mode=\U0001f642",
    "Mode=ö",
    "Mode=a'b",
    "Mode='a'b",
    "Mode='a' ",
    "Mode='a\\'b'",
    'Mode="a\\"b"',
    "Mode='a\\\\'",
    "Mode='a\\nb'",
    "Mode=a\\nb",
    "Mode=a\\,b",
    "Mode=a\\b",
    "Mode=[a",
    "Mode=[a]",
    "Mode={a=b}",
    "Mode=]",
    "Mode=}",
    "Mode=a]b",
    "Mode=a[b",
    "Mode=a{b",
    "Mode=@a",
    "Mode=a@=b",
    "Mode=:a",
    "Mode=#a",
    "Mode=-a",
    "Mode=~",
    "Mode.x=a",
    "m ode=a",
    "möde=a",
    "'Mode'=a",
    "Mode=a\nb",
    "Mode=\ta\t",
    " Mode=a",
    "Mode=a\x01b",
    "Mode=a=b,CompletionCriteria={}",
    "Mode=a,b=c",
)
FILES = {
    "n.txt": "5\n",
    "c.json": '{"MaxCandidates": 5}',
    "m.txt": "AUTO\n",
    "f.txt": " 0.25 \n",
    "mode.sh": "Mode=AUTO\n",
    "mode.yaml": "Mode: AUTO\n",
    "crlf.sh": "Mode=AUTO,\r\nCompletionCriteria={}\r\n",
}

TAGS: tuple[list[str], ...] = (
    [],
    ["Key=a,Value=b"],
    ["Key=a,Value=b", "Key=c,Value=d"],
    ["Key=a,Value="],
    ["Key=,Value=b"],
    ["Key=a"],
    ["Value=b"],
    ["Key=a,Value=b,X=c"],
    ["Key=a Value=b"],
    ["Key=a", "Value=b"],
    ["a=b"],
    ["[]"],
    ["[{}]"],
    [""],
    ["{}"],
    ['{"Key": "a", "Value": "b"}', '{"Key": "c", "Value": "d"}'],
    ['[{"Key": "a", "Value": "b"}]'],
    [' [{"Key": "a", "Value": "b"}] '],
    ['[{"Key": "a", "Value": "b"}]', "Key=c,Value=d"],
    ["Key=c,Value=d", '[{"Key": "a", "Value": "b"}]'],
    ["Key=c,Value=d", ""],
    ['{"Key": "a", "Value": "b"}', ""],
    ["[1]"],
    ['["Key=a,Value=b"]'],
    ["[{Key=a,Value=b}]"],
    ["{Key=a,Value=b}"],
    ["Key=[a],Value=b"],
    ["Key=1,Value=true"],
    ['{"Key": 1, "Value": "b"}'],
    ["file://t.json"],
    ["file://one.json"],
    ["file://t.sh"],
    ["file://t.json", "Key=c,Value=d"],
    ["Key=c,Value=d", "file://t.json"],
    ["fileb://t.json"],
    ["file://empty"],
    ["Key=a,Value@=file://v"],
    ["Key=a,Value='x, y'"],
    ["Key=a,Value=x, y"],
    ["Key=a,Value=http://x"],
    ["Key=aws:x,Value=a/b=c"],
    ["Key=a,Key=b,Value=c"],
    ["null"],
    ["file://null.json"],
    ["-x"],
    ["-1"],
    ["-x y"],
    ["Key=a,Value=b", "--", "x"],
    ["file://missing"],
    ["Key=ü,Value=ß"],
    ["\tKey=a,Value=b"],
    ["Key=a,Value=b\n"],
    ["Key=a,\nValue=b"],
)
TAG_FILES = {
    "t.json": '[{"Key": "a", "Value": "b"}]\n',
    "one.json": '{"Key": "a", "Value": "b"}',
    "t.sh": "Key=a,Value=b\n",
    "empty": "",
    "v": "x, y\n",
    "null.json": "null",
}

PROBLEMS = (
    f"{SERIES}}}",
    f"{SERIES},ForecastQuantiles=p50}}",
    f"{SERIES},ForecastQuantiles=[p10,p50]}}",
    f"{SERIES},ForecastQuantiles=[]}}",
    f"{SERIES},Transformations={{Filling={{y={{frontfill=none,middlefill=zero}}}},Aggregation={{y=sum}}}}}}",
    f"{SERIES},Transformations={{Filling={{y={{middlefill_value=2}}}}}}}}",
    f"{SERIES},Transformations={{Filling={{}}}}}}",
    f"{SERIES},Transformations={{Filling=x}}}}",
    f"{SERIES},Transformations={{Aggregation={{y=[sum]}}}}}}",
    f"{SERIES},Transformations={{Aggregation={{a.b=sum}}}}}}",
    f"{SERIES},Transformations={{Aggregation={{a b=sum}}}}}}",
    f"{SERIES},HolidayConfig={{CountryCode=DE}}}}",
    f"{SERIES},HolidayConfig=[{{CountryCode=D}}]}}",
    f"{SERIES},HolidayConfig=DE}}",
    f"{SERIES},Transformations={{Aggregation={{y=sum,y=avg}}}}}}",
    "TimeSeriesForecastingJobConfig={ForecastFrequency=,ForecastHorizon=0}",
    "TextGenerationJobConfig={TextGenerationHyperParameters={epochCount=5}}",
    "TextGenerationJobConfig={}",
    "TextGenerationJobConfig={ModelAccessConfig={AcceptEula=yes}}",
    "TextGenerationJobConfig={ModelAccessConfig={AcceptEula=true},BaseModelName=Falcon7BInstruct}",
    "TextGenerationJobConfig={TextGenerationHyperParameters={a={b=c}}}",
    "TextGenerationJobConfig={TextGenerationHyperParameters={a=[1]}}",
    "TextGenerationJobConfig={TextGenerationHyperParameters=x}",
    "ImageClassificationJobConfig={}",
    "ImageClassificationJobConfig={CompletionCriteria={MaxCandidates=2}}",
    "ImageClassificationJobConfig=x",
    "TextClassificationJobConfig={ContentColumn=a,TargetLabelColumn=b}",
    "TextClassificationJobConfig={ContentColumn='a b'}",
    "TextClassificationJobConfig={ContentColumn=a, b,TargetLabelColumn=c}",
    "TabularJobConfig={TargetAttributeName=y},ImageClassificationJobConfig={}",
    "Bogus={}",
    "TabularJobConfig={TargetAttributeName=}",
    "TabularJobConfig={}",
    "TabularJobConfig=y",
    "TabularJobConfig={TargetAttributeName=y,GenerateCandidateDefinitionsOnly=True}",
    "{}",
    '{"TabularJobConfig": {"TargetAttributeName": "y"}, "ImageClassificationJobConfig": null}',
    '{"TabularJobConfig": null}',
    '{"TextGenerationJobConfig": {"TextGenerationHyperParameters": {"epochCount": 5}}}',
    '{"TextGenerationJobConfig": {"TextGenerationHyperParameters": {"": "x"}}}',
)

DOCUMENTS: tuple[Any, ...] = (
    DOCUMENT, changed(ProblemType="nothing"), changed(Tags=[]), changed(Tags={}), changed(Tags=None), changed(Tags="Key=a,Value=b"), changed(Tags=[None]),
    changed(GenerateCandidateDefinitionsOnly=False), changed(GenerateCandidateDefinitionsOnly=1), changed(GenerateCandidateDefinitionsOnly="yes"),
    changed(RoleArn="short"), changed(RoleArn=""), changed(AutoMLJobName="x" * 33), changed(AutoMLJobName=""), changed(InputDataConfig=[]),
    changed(InputDataConfig=[CHANNEL] * 3), changed(InputDataConfig=[[CHANNEL]]), changed(InputDataConfig=["x"]), changed(InputDataConfig=[{"TargetAttributeName": "y"}]),
    changed(OutputDataConfig={}), changed(OutputDataConfig=[]), changed(OutputDataConfig={"S3OutputPath": ""}), changed(OutputDataConfig={"S3OutputPath": "x", "kmsKeyId": "y"}),
    config(CompletionCriteria={"MaxCandidates": 0}), config(CompletionCriteria={"MaxCandidates": 10**30}), config(CompletionCriteria={"MaxCandidates": True}),
    config(CompletionCriteria={"MaxCandidates": False}), config(CompletionCriteria={"MaxCandidates": [1]}), config(DataSplitConfig={"ValidationFraction": 1}),
    config(DataSplitConfig={"ValidationFraction": True}), config(DataSplitConfig={"ValidationFraction": "0.2"}), config(DataSplitConfig={"ValidationFraction": -0.0}),
    config(DataSplitConfig={"ValidationFraction": -1e-9}), config(DataSplitConfig={"ValidationFraction": 10**400}), config(SecurityConfig={"VpcConfig": {"Subnets": []}}),
    config(SecurityConfig={"VpcConfig": {"SecurityGroupIds": [""], "Subnets": ["s"]}}), config(Bogus=1), config(), {}, {"a": 1}, {"": ""},
    changed(ModelDeployConfig={"AutoGenerateEndpointName": True, "EndpointName": "e"}), changed(ModelDeployConfig={}), changed(AutoMLJobObjective={}),
    changed(AutoMLJobObjective={"MetricName": "F1"}), changed(SecurityConfig={}), "[]", "null", "1", '"x"', "", " ", "{", "{,}", "{} {}", "\ufeff{}", "// x\n{}", "nul",
    json.dumps(DOCUMENT) + "\n\n", json.dumps(DOCUMENT, indent=2).replace("\n", "\r\n"), json.dumps(DOCUMENT)[:-1] + ', "RoleArn": "' + ROLE + '2"}',
    json.dumps(DOCUMENT)[:-1] + ', "ProblemType": "a\tb"}', json.dumps(DOCUMENT)[:-1] + ', "ProblemType": "\\u0000"}', "[" * 50,
)  # fmt: skip

YAML_DOCUMENTS = (
    "{}",
    "---\n{}\n...\n",
    "a: 1",
    "- a",
    "x",
    "",
    "~",
    "# nothing",
    "a: [",
    "\t{}",
    "%YAML 1.1\n---\na: yes",
    "%FOO x\n---\n{}",
    "--- {}\n--- {}",
    YAML_DOCUMENT % "y" + "Tags: []\n",
    YAML_DOCUMENT % "y" + "Tags:\n",
    YAML_DOCUMENT % "y" + "Tags: &t [{Key: a, Value: b}]\n",
    YAML_DOCUMENT % "y" + "Tags: [{Key: a, Value: 1}]\n",
    YAML_DOCUMENT % "y" + "Tags: [&t {Key: a, Value: b}, {<<: *t, Key: c}]\n",
    YAML_DOCUMENT % "y" + "GenerateCandidateDefinitionsOnly: yes\n",
    YAML_DOCUMENT % "y" + "GenerateCandidateDefinitionsOnly: TRUE\n",
    YAML_DOCUMENT % "y" + "RoleArn: x\n",
    YAML_DOCUMENT % "y" + "ProblemType: 'a'\nProblemType: 'a'\n",
    YAML_DOCUMENT % "y" + "? ProblemType\n: Regression\n",
    YAML_DOCUMENT % "y" + "AutoMLJobConfig: {CompletionCriteria: {MaxCandidates: 0o17}}\n",
    YAML_DOCUMENT % "y" + "AutoMLJobConfig: {CompletionCriteria: {MaxCandidates: 1e1}}\n",
    YAML_DOCUMENT % "y" + "AutoMLJobConfig: {CompletionCriteria: {MaxCandidates: 0x10}}\n",
    YAML_DOCUMENT % "y" + "AutoMLJobConfig: {DataSplitConfig: {ValidationFraction: .nan}}\n",
    YAML_DOCUMENT % "y" + "AutoMLJobConfig: {DataSplitConfig: {ValidationFraction: 2e-1}}\n",
    YAML_DOCUMENT % "y" + "1: a\n",
    YAML_DOCUMENT % "y" + "~: a\n",
    YAML_DOCUMENT % "y" + "[a]: b\n",
    YAML_DOCUMENT % "y" + "Tags: &a [*a]\n",
    (YAML_DOCUMENT % "y").replace("\n", "\r\n"),
    "\ufeff" + YAML_DOCUMENT % "y",
    json.dumps(DOCUMENT),
)

CALLS: tuple[Line, ...] = (
    words(), words("create-auto-ml-job"), words("create-auto-ml-job-v2"), words("create-auto-ml"), words("create-auto-ml-job-v3"), words("--region", "eu-west-1"),
    words("CREATE-AUTO-ML-JOB"), words("--foo", "create-auto-ml-job"), words("--foo", "x", "create-auto-ml-job"), words("--region", "eu-west-1", *v1()["argv"]),
    words("--debug", *v1()["argv"]), words("--reg=eu-west-1", *v1()["argv"]), v1("--region"), v1("--region", "eu west"), v1("--output", "xml"), v1("--output", "text"),
    v1("--output=yaml"), v1("--out", "table"), v1("--color", "maybe"), v1("--no"), v1("--no-g"), v1("--no-p"), v1("--no-cli-pager", "x"), v1("--cli"), v1("--cli-in"),
    v1("--cli-read-timeout", "5"), v1("--cli-read-timeout", "x"), v1("--endpoint-url", "localhost"), v1("--query", "AutoMLJobArn"), v1("--dry-run"), v1("--version"),
    v1("--cli-binary-format", "base64"), v1("--cli-binary-format", "x"), v1("x"), v1("x", "y"), v1("-x"), v1("-1"), v1("-"), v1("--"), v1("--", "x"), v1("--", "--tags"),
    v1("--bogus"), v1("--bogus=1"), v1("--bogus", "1", "--tags"), v1("--help"), v1("-h"), v1("help"), v1("--auto-ml-job-nam", "later"), v1("--auto-ml-job-config"),
    v1("--auto-ml-job", "x"), v1("--auto", "x"), v1("--a=x"), v1("--role", ROLE + "2"), v1("--role-arn=" + ROLE + "3"), v1("--role-arn="), v1("--role-arn", ""), v1("--role-arn"),
    v1("--role-arn", "-" + "x" * 20), v1("--role-arn", "--tags"), v1("--role-arn=-" + "x" * 20), v1("--role-arn", "- x" + "x" * 20), v1("--role-arn", "-1"), v1("--role_arn", ROLE),
    v1("--roleArn", ROLE), v1("--Role-Arn", ROLE), v1("--problem-type", "Regression"), v1("--problem", "Regression"), v1("--p", "x"), v1("--pro", "x"), v1("--prob", "x"),
    v1("--problem-type", " a 'b' "), v1("--problem-type", "file://p.txt", files={"p.txt": "Regression\n"}), v1("--problem-type", "file://p.txt", files={"p.txt": "a\r\nb"}),
    v1("--problem-type", "fileb://p.txt", files={"p.txt": "Regression"}), v1("--problem-type", "file://missing"), v1("--problem-type", "file://."), v1("--problem-type", "http://x"),
    v1("--problem-type", "File://p"), v1("--problem-type", " file://p.txt", files={"p.txt": "x"}), v1("--problem-type", "12345"), v1("--problem-type", "{}"), v1("--problem-type", "a", "b"),
    v1("--generate-candidate-definitions-only"), v1("--no-generate-candidate-definitions-only"), v1("--generate-candidate-definitions-only", "true"),
    v1("--generate-candidate-definitions-only=true"), v1("--generate-candidate-definitions-only", "--no-generate-candidate-definitions-only"),
    v1("--no-generate-candidate-definitions-only", "--generate-candidate-definitions-only"), v1("--generate-c"), v1("--generate"), v1("--generate-cli-skeleton"),
    v1("--generate-cli-skeleton", "output"), v1("--generate-cli-skeleton=output"), v1("--generate-cli-skeleton", "OUTPUT"), v1("--generate-cli-skeleton", "yaml-input"),
    v1("--generate-cli-skeleton", "--tags"), v1("--generate-cli-skeleton", "output", "--tags", "Key=a"), v1(role_arn=None), v1(role_arn=None, auto_ml_job_name=None),
    v1("--generate-cli-skeleton", role_arn=None), v1("--generate-cli-skeleton=input", role_arn=None), v1("--problem-type", "--cli-input-json", role_arn=None),
    v1("--tags", "--cli-input-json", role_arn=None), v1("--cli-input-json", "{}", role_arn=None), v1("--cli-input-json", json.dumps({"RoleArn": ROLE}), role_arn=None),
    v1("--cli-input-json", json.dumps({"RoleArn": 1})), v1("--cli-input-json", json.dumps({"Bogus": 1})), v1("--cli-input-json", "{", role_arn=None),
    v1("--cli-input-json", "{}", "--cli-input-yaml", "{}"), v1("--cli-input-json", "{}", "--cli-input-json", "{"), v1("--cli-input-yaml", "{}"), v1("--cli-input-yaml", "a: 1"),
    v1("--cli-input-yaml", "x"), v1("--cli-input-yaml", "file://missing.yaml"), v1("--cli-input-json", "file://missing.json"), v1("--cli-input-json", "@r.json"),
    v1("--cli-input-json", "fileb://r.json", files={"r.json": '\ufeff{"ProblemType": "Regression"}'}), v1("--cli-input-json", "fileb://r.json", files={"r.json": '{"ProblemType": "Regression"}'}),
    v1("--cli-input-yaml", "fileb://r.yaml", files={"r.yaml": "ProblemType: Regression\n"}), v1("--cli-input-json"), v1("--cli-input-json", ""), v1("--cli-input-yaml", ""),
    v1("--security-config", "VolumeKmsKeyId=k"), v1("--data-split-config", "ValidationFraction=0.2"), v1("--model-deploy-config", "AutoGenerateEndpointName=true,EndpointName=e"),
    v1("--model-deploy-config", "AutoGenerateEndpointName=true", "--model", "EndpointName=e"), v1("--auto-ml-job-objective", "MetricName=F1,F2"), v1("--auto-ml-job-objective", "F1"),
    v1(input_data_config=[]), v1(input_data_config=["file://in.json"]), v1(input_data_config=[SOURCE]), v1(input_data_config=[f"{SOURCE},TargetAttributeName=a,b"]),
    v1(input_data_config=[f"{SOURCE},TargetAttributeName='a,b'"]), v1(input_data_config=["{}"]), v1(input_data_config=[json.dumps([CHANNEL])]), v1(input_data_config=[json.dumps(CHANNEL)] * 2),
    v2("--security-config", "VolumeKmsKeyId=k"), v2("--data-split-config", "ValidationFraction=0.2"), v2("--data-split-config", "ValidationFraction=a"), v2("--auto-ml-job-config", "Mode=AUTO"),
    v2("--generate-candidate-definitions-only"), v2("--auto-ml-compute-config", "EmrServerlessComputeConfig={ExecutionRoleARN=short}"), v2("--auto-ml-job-in", SOURCE, auto_ml_job_input_data_config=None),
    v2("--auto-ml", "x"), v2("--auto-ml-p", "ImageClassificationJobConfig={}"), v2("--auto-ml-job-objective", "MetricName=F1", "--tags", "Key=a,Value=b"), v2(auto_ml_problem_type_config=None),
    document(DOCUMENT, "--output-data-config", "S3OutputPath=x"), document(DOCUMENT, "--tags"), document(DOCUMENT, "--auto-ml-job-name", ""), document(changed(RoleArn=3), "--role-arn", ROLE),
    document(changed(GenerateCandidateDefinitionsOnly=True), "--no-generate-candidate-definitions-only"), document(DOCUMENT, "--bogus", "x"), document(DOCUMENT, "--tags", "Key"),
    document(DOCUMENT, call="create-auto-ml-job-v2"), document(changed(Tags=[{"Key": "a", "Value": "b"}]), "--tags", "Key=c,Value=d"), document(DOCUMENT, "--generate-cli-skeleton", "output"),
    document("{", "--generate-cli-skeleton"), document(DOCUMENT, "--input-data-config", "{", "--tags", "["), document(DOCUMENT, "--cli-input", "{}"),
)  # fmt: skip


def all_lines() -> list[Line]:
    """Those that were thought of."""
    return [
        *CALLS,
        *(v1("--auto-ml-job-config", text, files=FILES) for text in JOB_CONFIGS),
        *(v1("--tags", *tags, files=TAG_FILES) for tags in TAGS),
        *(v2(auto_ml_problem_type_config=[text]) for text in PROBLEMS),
        *(document(text) for text in DOCUMENTS),
        *(document(text, is_yaml=True) for text in YAML_DOCUMENTS),
        *(document(YAML_DOCUMENT % target, is_yaml=True) for target in TARGETS),
    ]


def random_line(chance: random.Random) -> Line:
    """One that nobody thought of."""
    text, member = typed_text(chance)
    name = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in member)
    flag = name.replace("-auto-m-l", "auto-ml").removeprefix("-")
    line = (
        v2 if member in ("AutoMLProblemTypeConfig", "SecurityConfig", "DataSplitConfig", "AutoMLComputeConfig") else v1
    )
    replaced: dict[str, Any] = {flag.replace("-", "_"): [text]}
    return line(**replaced)
