"""The examples that people look for first do what their pages say; and the client of one of them, as it is written."""

import csv
import importlib.util
import io
import json
import runpy
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from constructs_lib.testing import job_request, job_requests

from .synthesis import resources_of

pytestmark = pytest.mark.newest
"""The apps hold themselves against cdk-nag 3."""

EXAMPLES = Path(__file__).parents[2] / "examples"
CREDIT = EXAMPLES / "quickstart/data/credit.csv"

Template = Mapping[str, Any]


def templates(example: str, monkeypatch: pytest.MonkeyPatch, **context: str) -> dict[str, Template]:
    """The templates of an example by the paths of their stacks."""
    # The CDK CLI hands context on by a variable, which does not reach a kernel that has started.
    monkeypatch.setattr(cdk, "App", partial(cdk.App, context=context))
    assembly = runpy.run_path(str(EXAMPLES / example / "app.py"))["app"].synth()
    return {stack.hierarchical_id: stack.template for stack in assembly.stacks_recursively}


def test_regression_takes_the_bucket_that_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    template = templates("own_bucket", monkeypatch, bucket="mine")["OwnBucket"]

    request = job_request(template)
    assert request["ProblemType"] == "Regression"
    assert "mine/loans/train/" in json.dumps(request["InputDataConfig"])
    assert "mine/loans/models/" in json.dumps(request["OutputDataConfig"])
    assert not resources_of(template, "AWS::S3::Bucket")


def test_columns_of_the_regression_are_those_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    # Of a bucket nothing can be looked at when the app is synthesized.
    header = set(CREDIT.read_text(encoding="utf-8").partition("\n")[0].split(","))
    monkeypatch.setattr(cdk, "App", partial(cdk.App, context={}))
    assembly = runpy.run_path(str(EXAMPLES / "own_bucket/app.py"))["app"].synth()
    texts = [path.read_text(encoding="utf-8") for path in Path(assembly.directory).glob("asset.*.json")]
    (features,) = (json.loads(text) for text in texts if "FeatureAttributeNames" in text)

    assert set(features["FeatureAttributeNames"]) < header - {"credit_amount"}
    assert "credit_amount" in header


@pytest.mark.parametrize(("context", "count"), [({}, 2), ({"challenger": "false"}, 1)])
def test_challenger_comes_in_a_second_step(
    context: dict[str, str], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = templates("champion_challenger", monkeypatch, **context)["ChampionChallenger"]

    assert len(job_requests(template)) == count
    assert ("BetterThan" in json.dumps(template)) == (count == 2)


def test_asynchronous_endpoint_costs_nothing_while_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    template = templates("endpoint_asynchronous", monkeypatch)["EndpointAsynchronous"]

    (target,) = resources_of(template, "AWS::ApplicationAutoScaling::ScalableTarget").values()
    assert target["Properties"]["MinCapacity"] == 0


def test_file_to_predict_has_the_columns_of_the_training_data_and_a_number_in_front() -> None:
    with CREDIT.open(encoding="utf-8", newline="") as loans:
        header, *rows = csv.reader(loans)
    target = header.index("bad_credit")
    with (EXAMPLES / "batch_transform/data/new_loans.csv").open(encoding="utf-8", newline="") as new:
        found = list(csv.reader(new))

    assert [row[1:] for row in found] == [row[:target] + row[target + 1 :] for row in rows[::5]]
    assert len({row[0] for row in found}) == len(found) == 200


def test_adopted_job_asks_for_what_the_one_by_hand_did(monkeypatch: pytest.MonkeyPatch) -> None:
    found = templates("adopted_job", monkeypatch)
    by_hand = json.loads((EXAMPLES / "adopted_job/request.json").read_text(encoding="utf-8"))

    request = job_request(found["Adopted"])
    for name in by_hand.keys() - {"AutoMLJobName", "RoleArn"}:
        assert request[name] == by_hand[name]
    assert "credit-by-hand" not in json.dumps(request)
    assert job_requests(found["Served"]) == {}
    assert by_hand["AutoMLJobName"] in json.dumps(found["Served"])


def test_bank_makes_no_key_bucket_or_network_and_bounds_every_role(monkeypatch: pytest.MonkeyPatch) -> None:
    template = templates("bank", monkeypatch)["Bank"]

    made = {each["Type"] for each in template["Resources"].values()}
    assert made & {"AWS::KMS::Key", "AWS::S3::Bucket", "AWS::EC2::VPC", "AWS::EC2::SecurityGroup"} == set()
    roles = resources_of(template, "AWS::IAM::Role")
    assert len(roles) >= 3
    assert all("ml-boundary" in json.dumps(role["Properties"]["PermissionsBoundary"]) for role in roles.values())
    (function,) = resources_of(template, "AWS::Lambda::Function").values()
    assert function["Properties"]["VpcConfig"]["SecurityGroupIds"] == ["sg-0123456789abcdef0"]
    (model,) = (each for each in template["Resources"].values() if "EnableNetworkIsolation" in json.dumps(each))
    assert "sg-0123456789abcdef0" in json.dumps(model)
    assert job_request(template)["AutoMLJobConfig"]["SecurityConfig"]["EnableInterContainerTrafficEncryption"] is True


def test_pipeline_trains_in_each_account_and_asks_before_production(monkeypatch: pytest.MonkeyPatch) -> None:
    found = templates("pipeline", monkeypatch)

    assert len([path for path, template in found.items() if job_requests(template)]) == 2
    (pipeline,) = resources_of(found["Pipeline"], "AWS::CodePipeline::Pipeline").values()
    stages = {stage["Name"]: json.dumps(stage) for stage in pipeline["Properties"]["Stages"]}
    assert "Approval" not in stages["Test"]
    assert "222222222222" in stages["Test"]
    assert "Approval" in stages["Production"]
    assert "333333333333" in stages["Production"]


# The client


@pytest.fixture
def ask() -> ModuleType:
    """The program."""
    spec = importlib.util.spec_from_file_location("ask", EXAMPLES / "client/ask.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stubber(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The program's client: it gives the answers that a test has prepared, and all of them."""
    client = boto3.client(
        "sagemaker-runtime", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    monkeypatch.setattr(boto3, "client", {"sagemaker-runtime": client}.__getitem__)
    with Stubber(client) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


def will_answer(stubber: Stubber, answer: bytes, *, asked: str) -> None:
    reply = {"Body": StreamingBody(io.BytesIO(answer), len(answer)), "ContentType": "text/csv"}
    expected = {"EndpointName": "credit", "ContentType": "text/csv", "Accept": "text/csv", "Body": asked}
    stubber.add_response("invoke_endpoint", reply, expected)


def test_client_sends_rows_without_the_target_and_writes_answers_behind_them(
    ask: ModuleType, stubber: Stubber, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text('purpose,bad_credit,amount\n"car, new",no,100\nradio,yes,\n', encoding="utf-8")
    will_answer(stubber, b"no,0.9\nyes,0.6\n", asked='"car, new",100\nradio,\n')

    assert ask.main(["credit", str(rows)]) == 0

    assert capsys.readouterr().out == (
        'purpose,bad_credit,amount,predicted_label,probability\n"car, new",no,100,no,0.9\nradio,yes,,yes,0.6\n'
    )


def test_client_asks_about_many_rows_in_several_requests(
    ask: ModuleType, stubber: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "ROWS_OF_A_REQUEST", 2)
    will_answer(stubber, b"no,0.9\nno,0.8\n", asked="1\n2\n")
    will_answer(stubber, b"yes,0.7\n", asked="3\n")

    answers = ask.answers(stubber.client, "credit", [["1"], ["2"], ["3"]])

    assert list(answers) == [["no", "0.9"], ["no", "0.8"], ["yes", "0.7"]]


def test_client_says_so_when_rows_have_no_answer(ask: ModuleType, stubber: Stubber) -> None:
    will_answer(stubber, b"no,0.9\n", asked="1\n2\n")

    with pytest.raises(RuntimeError, match="2 rows were asked, and 1 answered"):
        list(ask.answers(stubber.client, "credit", [["1"], ["2"]]))
