"""Models, endpoint configurations, endpoints and invocations."""

import http.client
import json
import ssl
from urllib.parse import urlsplit

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, JOB_ACTIONS, Account, refusal
from .endpoints import config, model, settled

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def model_data(account: Account) -> str:
    job = account.ended(account.request())
    return str(job["BestCandidate"]["InferenceContainers"][0]["ModelDataUrl"])


@pytest.fixture(scope="module")
def endpoint(account: Account, model_data: str) -> str:
    account.sagemaker.create_endpoint(EndpointName="ep", EndpointConfigName=config(account, model(account, model_data)))
    assert settled(account, "ep")["EndpointStatus"] == "InService"
    return "ep"


def test_what_is_missing_or_twice_is_a_validation_error_as_on_aws(account: Account, endpoint: str) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012"
    sagemaker = account.sagemaker
    for call, request, message in (
        (sagemaker.describe_model, {"ModelName": "no"}, f'Could not find model "{arn}:model/no".'),
        (sagemaker.delete_endpoint, {"EndpointName": "no"}, f'Could not find endpoint "{arn}:endpoint/no".'),
        (
            sagemaker.create_endpoint,
            {"EndpointName": endpoint, "EndpointConfigName": settled(account, endpoint)["EndpointConfigName"]},
            f'Cannot create already existing endpoint "{arn}:endpoint/ep".',
        ),
        (
            sagemaker.create_endpoint,
            {"EndpointName": "new", "EndpointConfigName": "no"},
            f'Could not find endpoint configuration "{arn}:endpoint-config/no".',
        ),
        (sagemaker.create_model, {"ModelName": "empty"}, "A model needs a PrimaryContainer or Containers"),
        (
            sagemaker.create_endpoint_config,
            {"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v"}]},
            "Variant v needs an InstanceType or a ServerlessConfig",
        ),
    ):
        assert refusal(call, **request) == ("ValidationException", message)


def test_an_endpoint_answers_and_refuses_what_the_model_refuses(cloud: Cloud, endpoint: str) -> None:
    runtime = cloud.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1\n2", ContentType="text/csv", Accept="text/csv")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"answer 1\nanswer 1", "text/csv")
    code, message = refusal(runtime.invoke_endpoint, EndpointName=endpoint, Body=b"1", ContentType="image/png")
    assert code == "ModelError"
    assert "content type image/png is not text/csv" in message
    assert refusal(runtime.invoke_endpoint, EndpointName="no", Body=b"1")[1] == (
        "Endpoint no of account 123456789012 not found."
    )
    code, message = refusal(runtime.invoke_endpoint, EndpointName=endpoint, Body=b"1", TargetVariant="two")
    assert message == f"Variant two of endpoint {endpoint} not found."


def test_an_update_that_fails_leaves_the_old_configuration_in_service(
    account: Account, cloud: Cloud, endpoint: str
) -> None:
    before = settled(account, endpoint)["EndpointConfigName"]
    broken = config(account, model(account, f"s3://{BUCKET}/no/model.tar.gz"))
    account.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=broken)
    after = settled(account, endpoint)
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", before)
    assert "NoSuchKey" in after["FailureReason"]
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=b"1", ContentType="text/csv")
    assert answer["Body"].read() == b"answer 1"


def test_the_model_is_read_as_its_own_role(account: Account, model_data: str) -> None:
    role = account.role("Blind", [action for action in JOB_ACTIONS if action != "s3:GetObject"])
    blind = config(account, model(account, model_data, role=role))
    account.sagemaker.create_endpoint(EndpointName="blind", EndpointConfigName=blind)
    failed = settled(account, "blind")
    assert failed["EndpointStatus"] == "Failed"
    assert f"The execution role {role} is not authorized to perform s3:GetObject" in failed["FailureReason"]


def test_what_is_not_offered_is_named(account: Account) -> None:
    component = {"VariantName": "one", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    create = account.sagemaker.create_endpoint_config
    assert refusal(create, EndpointConfigName="components", ProductionVariants=[component]) == (
        "ValidationException",
        "The rehearsal offers no inference components: each variant needs a ModelName",
    )


def test_errors_on_the_wire_are_json_1_1(cloud: Cloud, account: Account) -> None:
    del account
    address = urlsplit(cloud.endpoint_url)
    context = ssl.create_default_context(cafile=str(cloud.certificate))
    connection = http.client.HTTPSConnection(address.hostname or "", address.port, context=context)
    scope = f"{cloud.account}/20260101/us-east-1/sagemaker/aws4_request"
    headers = {
        "X-Amz-Target": "SageMaker.CreateAutoMLJob",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    for body, code in (
        (b"{", "SerializationException"),
        (b"[]", "SerializationException"),
        (b"{}", "ValidationException"),
    ):
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        assert (answer.status, answer.headers["x-amzn-ErrorType"], said["__type"]) == (400, code, code)
        assert said["message"]
    connection.request("POST", "/", b"{}", {**headers, "X-Amz-Target": "SageMaker.CreateTrainingJob"})
    said = json.loads(connection.getresponse().read())
    assert said == {"__type": "UnknownOperationException", "message": "The rehearsal does not offer CreateTrainingJob"}
    connection.close()
