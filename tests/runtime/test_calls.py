"""The calls of the function: what its policy has to allow, and nothing else."""

import ast
from pathlib import Path

import pytest

from constructs_lib import runtime
from constructs_lib.runtime import clients
from constructs_lib.runtime.contract import OUTCOME_TYPE

from .fake_sagemaker import FakeCloudFormation, FakeSageMaker, FakeService, method_of, service_model
from .fake_services import FakeEventBridge, FakeS3, FakeStepFunctions
from .world import World, properties, watching

AUTO_NAMED = {"AutoGenerateEndpointName": True}

SAGEMAKER = {
    "CreateAutoMLJob",
    "CreateAutoMLJobV2",
    "DescribeAutoMLJobV2",
    "StopAutoMLJob",
    "ListTags",
    "AddTags",
    "DeleteTags",
    "DescribeEndpoint",
    "DescribeEndpointConfig",
    "DeleteEndpoint",
    "DeleteEndpointConfig",
    "DescribeModel",
    "DeleteModel",
    "ListCandidatesForAutoMLJob",
}
CLOUDFORMATION = {"DescribeStackEvents", "DescribeStackResource", "DescribeStacks", "SignalResource"}
CALLS = {
    "sagemaker": SAGEMAKER,
    "cloudformation": CLOUDFORMATION,
    "stepfunctions": {"DescribeExecution", "StartExecution"},
    "events": {"PutEvents"},
    "s3": {"PutObject"},
}
PROTOCOLS = {
    "sagemaker": clients.SageMaker,
    "cloudformation": clients.CloudFormation,
    "stepfunctions": clients.StepFunctions,
    "events": clients.EventBridge,
    "s3": clients.S3,
}
FAKES = {
    "sagemaker": FakeSageMaker,
    "cloudformation": FakeCloudFormation,
    "stepfunctions": FakeStepFunctions,
    "events": FakeEventBridge,
    "s3": FakeS3,
}


def methods_of(protocol: type) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")} - {"meta"}


@pytest.mark.parametrize("service", CALLS)
def test_clients_can_do_nothing_else(service: str) -> None:
    assert methods_of(PROTOCOLS[service]) == {method_of(operation) for operation in CALLS[service]}


@pytest.mark.parametrize("service", CALLS)
def test_operations_exist_in_botocore(service: str) -> None:
    assert set(service_model(service).operation_names) >= CALLS[service]


def test_life_of_a_deployed_job_that_is_waited_for_makes_every_one_of_these_calls_and_no_other(world: World) -> None:
    body = {
        "AutoMLJobInputDataConfig": [{"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://x/"}}}],
        "OutputDataConfig": {"S3OutputPath": "s3://results/"},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "RoleArn": "arn:aws:iam::111122223333:role/churn",
    }
    watched = {"Watch": watching("Wait1")}
    world.create(properties(ModelDeployConfig=AUTO_NAMED, tags={"a": "1"}) | watched)
    world.status("CREATE_IN_PROGRESS", "Wait1")
    world.sagemaker.complete(world.physical_id)
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.follow(9)
    judged = {"JobName": world.physical_id, "TimeoutSeconds": "60", "OnTimeout": "Fail", "WriteResult": "true"}
    world.send(world.event("Create", ResourceType=OUTCOME_TYPE, ResourceProperties=judged))
    world.update(properties(ModelDeployConfig=AUTO_NAMED, tags={"b": "1"}) | watched)
    world.update({"Operation": "CreateAutoMLJobV2", "Request": body, "NamePrefix": "demo-"})
    world.delete()

    made = {service: set(fake.operations()) for service, fake in world.services.items()}
    assert made == {service: set(operations) for service, operations in CALLS.items()}


def test_code_calls_every_method_that_the_clients_have() -> None:
    folder = Path(runtime.__file__).parent
    called = {
        node.attr
        for path in folder.glob("*.py")
        if path.name != "clients.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }

    assert set().union(*map(methods_of, PROTOCOLS.values())) <= called


@pytest.mark.parametrize("service", CALLS)
def test_real_clients_can_do_what_the_protocols_say(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    assert methods_of(PROTOCOLS[service]) <= set(dir(getattr(clients.connect(), service)))


def test_real_client_of_sagemaker_holds_the_model_of_its_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    model = clients.connect().sagemaker.meta.service_model
    assert model.operation_model("CreateAutoMLJob").input_shape.members


@pytest.mark.parametrize("service", CALLS)
def test_fakes_can_do_what_the_clients_can(service: str) -> None:
    assert methods_of(PROTOCOLS[service]) <= set(dir(FAKES[service]))


def test_job_that_nobody_follows_is_made_with_two_clients(world: World) -> None:
    connected: list[str] = []

    def client(service: str) -> FakeService:
        connected.append(service)
        return world.services[service]

    world.aws = clients.Aws(client)
    world.create(properties())
    world.update(properties(revision="2"))
    world.delete()

    assert connected == ["sagemaker", "cloudformation"]
