"""The function of `examples/platform` that asks the endpoint: as it is written, and as it is deployed."""

import csv
import importlib.util
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from constructs_lib.rehearsal import app
from constructs_lib.rehearsal.account import Account
from constructs_lib.rehearsal.cdk import Cdk, expect_success
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.processes import Deadline
from constructs_lib.rehearsal.stacks import Stack

from ..waiting.stage import WAIT_SCALE

ROOT = Path(__file__).parents[3]
CODE = ROOT / "examples/platform/predict/index.py"
DATA = ROOT / "examples/quickstart/data/credit.csv"
TARGET = "bad_credit"
TEST_ACCOUNT, REGION = "111122223333", "eu-west-1"

Handle = Callable[[dict[str, object], object], dict[str, str]]


# As it is written


@pytest.fixture
def stubber(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The function's client: it gives the answers that a test has prepared, and all of them."""
    client = boto3.client(
        "sagemaker-runtime", region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )
    monkeypatch.setattr(boto3, "client", {"sagemaker-runtime": client}.__getitem__)
    monkeypatch.setenv("ENDPOINT_NAME", "credit")
    with Stubber(client) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


@pytest.fixture
def handle(stubber: Stubber) -> Handle:
    """The function, as Lambda loads it."""
    spec = importlib.util.spec_from_file_location("predict_index", CODE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Handle = module.handle
    return found


def will_answer(stubber: Stubber, answer: bytes, *, asked: str) -> None:
    body = StreamingBody(io.BytesIO(answer), len(answer))
    expected = {"EndpointName": "credit", "ContentType": "text/csv", "Body": asked}
    stubber.add_response("invoke_endpoint", {"Body": body, "ContentType": "text/csv"}, expected)


@pytest.mark.parametrize(
    ("row", "asked"),
    [
        ([6, "no checking", 12.5], "6,no checking,12.5\n"),
        (["yes, registered", 'the "Bank"', None], '"yes, registered","the ""Bank""",\n'),
    ],
)
def test_columns_are_sent_as_one_line_of_csv_and_the_answer_is_taken_apart(
    row: list[object], asked: str, handle: Handle, stubber: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    will_answer(stubber, b"yes,0.75\n", asked=asked)

    assert handle({"row": row}, None) == {"label": "yes", "probability": "0.75"}

    assert capsys.readouterr().out == '{"predicted": "yes"}\n', "the log must not tell what was asked"


@pytest.mark.parametrize("event", [{"row": "6,no checking,12.5"}, {"row": {"duration": 6}}, {"row": None}, {}])
def test_row_that_is_no_list_is_refused_before_the_endpoint_is_asked(event: dict[str, object], handle: Handle) -> None:
    with pytest.raises(TypeError, match=r"^'row' must be a list of columns$"):
        handle(event, None)


# As it is deployed


class Platform(NamedTuple):
    """The platform of the test account, deployed with the real `cdk` CLI."""

    cloud: Cloud
    account: Account
    credit: Stack

    def ask_endpoint(self, row: list[str]) -> dict[str, str]:
        """What the endpoint itself says."""
        body = io.StringIO()
        csv.writer(body).writerow(row)
        name = self.account.outputs(self.credit)["EndpointName"]
        answer = self.account.invoke(name, body.getvalue().encode(), "text/csv")
        [values] = csv.reader(answer.splitlines())
        return dict(zip(("label", "probability"), values, strict=True))

    def predict(self, row: object) -> dict[str, Any]:
        """What the function says, called as a user of the account calls it."""
        [name] = [
            physical
            for place, physical in self.account.physical_ids(self.credit).items()
            if place.logical_id.startswith("Predict") and place.resource["Type"] == "AWS::Lambda::Function"
        ]
        reply = self.cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps({"row": row}).encode())
        answer: dict[str, Any] = json.loads(reply["Payload"].read())
        assert ("FunctionError" in reply) == ("errorMessage" in answer), reply
        return answer


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder, deadline = tmp_path_factory.mktemp("platform"), Deadline(240)
    with ExitStack() as started, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        example = app.find("examples/platform", ROOT)
        synthesis = started.enter_context(app.Synthesis(example, folder / "cdk.out", log=folder / "synth.log"))
        cloud = started.enter_context(
            Cloud.start(folder / "cloud", account=TEST_ACCOUNT, region=REGION, wait_scale=WAIT_SCALE)
        )
        cdk = Cdk(cloud.environment(), folder, deadline, lambda _: None)
        bootstrap = started.enter_context(cdk.start("bootstrap", f"aws://{TEST_ACCOUNT}/{REGION}"))
        assembly = synthesis.finish(deadline, lambda _: None)
        expect_success("bootstrap", cdk.finish(bootstrap))
        arguments = ["--app", str(assembly.folder), "Test/Credit", "--require-approval", "never"]
        deployment = started.enter_context(cdk.start("deploy", *arguments))
        expect_success("deploy", cdk.finish(deployment))
        [credit] = [stack for stack in assembly.stacks if stack.path == "Test/Credit"]
        yield Platform(cloud, Account(cloud), credit)


@pytest.mark.cloud
@pytest.mark.training
@pytest.mark.timeout(300)
def test_deployed_function_answers_as_its_endpoint_does(platform: Platform) -> None:
    with DATA.open(newline="") as file:
        rows = [[value for name, value in loan.items() if name != TARGET] for loan in csv.DictReader(file)][:12]
    assert any("," in value for row in rows for value in row), "some values should have commas of their own"

    answers = [platform.predict(row) for row in rows]

    assert answers == [platform.ask_endpoint(row) for row in rows]
    assert {answer["label"] for answer in answers} == {"yes", "no"}
    assert platform.predict("1,2")["errorMessage"] == "'row' must be a list of columns"
