"""What is captured of an endpoint's requests, and how asynchronous endpoints answer by way of S3."""

import base64
import json
import time
from typing import Any

import botocore.exceptions
import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, JOB_ACTIONS, Account, refusal
from .endpoints import answer, config, created, deleted, model, model_data, until, updated

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def runtime(cloud: Cloud) -> Any:
    return cloud.client("sagemaker-runtime")


@pytest.fixture(scope="module")
def served(account: Account) -> str:
    return model(account, model_data(account, "yes"))


class TestCapture:
    CONTENT = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}  # noqa: RUF012

    def config(self, prefix: str, *modes: str, **members: Any) -> dict[str, Any]:
        return {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{BUCKET}/{prefix}",
            "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
            **members,
        }

    def captured(self, account: Account, prefix: str, count: int) -> list[dict[str, Any]]:
        def lines() -> list[dict[str, Any]]:
            bodies = [account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in account.keys(prefix)]
            return [json.loads(line) for body in bodies for line in body.splitlines()]

        found: list[dict[str, Any]] = until(lines, lambda seen: len(seen) >= count)
        return found

    def test_requests_and_answers_are_captured_as_lines_of_json(
        self, account: Account, served: str, runtime: Any
    ) -> None:
        capture = self.config("both", "Input", "Output", CaptureContentTypeHeader=self.CONTENT)
        endpoint = created(account, config(account, served, DataCaptureConfig=capture))
        described = account.sagemaker.describe_endpoint(EndpointName=endpoint)["DataCaptureConfig"]
        assert (described["CaptureStatus"], described["CurrentSamplingPercentage"]) == ("Started", 100)
        runtime.invoke_endpoint(
            EndpointName=endpoint, Body=b"1,2", ContentType="text/csv", Accept="application/json", InferenceId="mine"
        )
        (line,) = self.captured(account, "both/", 1)
        assert line["captureData"] == {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"},
            "endpointOutput": {
                "observedContentType": "application/json", "mode": "OUTPUT", "data": "yes", "encoding": "JSON",
            },
        }  # fmt: skip
        assert line["eventMetadata"]["inferenceId"] == "mine"
        assert line["eventVersion"] == "0"
        (key,) = account.keys("both/")
        assert key.startswith(f"both/{endpoint}/one/20")
        assert key.endswith(".jsonl")

    def test_without_content_types_the_data_is_base64(self, account: Account, served: str) -> None:
        capture = self.config("plain", "InputAndOutput")
        answer(account, created(account, config(account, served, DataCaptureConfig=capture)), b"1\n2")
        (line,) = self.captured(account, "plain/", 1)
        assert line["captureData"]["endpointInput"]["encoding"] == "BASE64"
        assert base64.b64decode(line["captureData"]["endpointInput"]["data"]) == b"1\n2"

    def test_only_what_is_asked_for_is_captured(self, account: Account, served: str) -> None:
        capture = self.config("input", "Input")
        answer(account, created(account, config(account, served, DataCaptureConfig=capture)))
        (line,) = self.captured(account, "input/", 1)
        assert list(line["captureData"]) == ["endpointInput"]

    @pytest.mark.parametrize("members", [{"EnableCapture": False}, {"InitialSamplingPercentage": 0}])
    def test_what_is_switched_off_captures_nothing(
        self, account: Account, served: str, members: dict[str, Any]
    ) -> None:
        capture = self.config("off", "Input", **members)
        endpoint = created(account, config(account, served, DataCaptureConfig=capture))
        answer(account, endpoint)
        deleted(account, endpoint)  # writes whatever waits
        assert account.keys("off/") == []

    def test_what_was_captured_last_is_written_when_the_endpoint_goes(self, account: Account, served: str) -> None:
        endpoint = created(account, config(account, served, DataCaptureConfig=self.config("last", "Input")))
        answer(account, endpoint)
        deleted(account, endpoint)
        assert len(account.keys("last/")) == 1

    def test_an_endpoint_answers_although_its_role_can_not_write(self, account: Account) -> None:
        role = account.role("Reading", ["s3:GetObject"])
        name = model(account, model_data(account, "yes"), role=role)
        endpoint = created(account, config(account, name, DataCaptureConfig=self.config("denied", "Input")))
        assert answer(account, endpoint) == "yes"
        deleted(account, endpoint)
        assert account.keys("denied/") == []
        assert "is not authorized to perform s3:PutObject" in account.cloud.log.read_text()

    def test_capture_can_be_retained(self, account: Account, served: str) -> None:
        endpoint = created(account, config(account, served, DataCaptureConfig=self.config("kept", "Input")))
        after = updated(account, endpoint, config(account, served), RetainAllVariantProperties=True)
        assert after["DataCaptureConfig"]["DestinationS3Uri"] == f"s3://{BUCKET}/kept"
        assert "DataCaptureConfig" not in updated(account, endpoint, config(account, served))


class Topics:
    """A topic for each outcome, and a queue that takes what they say."""

    def __init__(self, cloud: Cloud) -> None:
        self._sqs = cloud.client("sqs")
        sns = cloud.client("sns")
        self._queue = self._sqs.create_queue(QueueName="notices")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        arn = attributes["QueueArn"]
        allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        self.arns = [sns.create_topic(Name=name)["TopicArn"] for name in ("success", "error")]
        for topic in self.arns:
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    def next(self) -> dict[str, Any]:
        answer = until(
            lambda: self._sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=1).get("Messages", []), bool
        )
        self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=answer[0]["ReceiptHandle"])
        notice: dict[str, Any] = json.loads(answer[0]["Body"])
        return notice


@pytest.fixture(scope="module")
def topics(cloud: Cloud) -> Topics:
    return Topics(cloud)


@pytest.fixture(scope="module")
def later(account: Account, topics: Topics) -> str:
    """An asynchronous endpoint."""
    role = account.role("Later", [*JOB_ACTIONS, "sns:Publish"])
    success, error = topics.arns
    output = {
        "S3OutputPath": f"s3://{BUCKET}/later",
        "S3FailurePath": f"s3://{BUCKET}/failed",
        "NotificationConfig": {
            "SuccessTopic": success,
            "ErrorTopic": error,
            "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC"],
        },
    }
    name = model(account, model_data(account, "yes"), role=role)
    return created(account, config(account, name, AsyncInferenceConfig={"OutputConfig": output}))


def object_at(account: Account, uri: str) -> bytes:
    """An object that will be written."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")

    def read() -> Any:
        try:
            return account.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except botocore.exceptions.ClientError:
            return None

    found: bytes = until(read, lambda body: body is not None)
    return found


class TestLater:
    def test_the_answer_lands_where_it_was_promised(
        self, account: Account, runtime: Any, later: str, topics: Topics
    ) -> None:
        account.s3.put_object(Bucket=BUCKET, Key="asked/rows.csv", Body=b"1\n2")
        told = runtime.invoke_endpoint_async(
            EndpointName=later, InputLocation=f"s3://{BUCKET}/asked/rows.csv", ContentType="text/csv",
            Accept="text/csv", InferenceId="first",
        )  # fmt: skip
        assert (told["ResponseMetadata"]["HTTPStatusCode"], told["InferenceId"]) == (202, "first")
        assert told["OutputLocation"].startswith(f"s3://{BUCKET}/later/")
        assert told["OutputLocation"].endswith(".out")
        assert told["FailureLocation"].startswith(f"s3://{BUCKET}/failed/")
        assert object_at(account, told["OutputLocation"]) == b"yes\nyes"
        notice = topics.next()
        assert notice["invocationStatus"] == "Completed"
        assert notice["inferenceId"] == "first"
        assert notice["requestParameters"]["inputLocation"] == f"s3://{BUCKET}/asked/rows.csv"
        assert notice["responseParameters"] == {"contentType": "text/csv", "outputLocation": told["OutputLocation"]}
        assert base64.b64decode(notice["responseBody"]["content"]) == b"yes\nyes"

    def test_the_client_can_name_the_answer(self, account: Account, runtime: Any, later: str, topics: Topics) -> None:
        account.s3.put_object(Bucket=BUCKET, Key="asked/rows.csv", Body=b"1")
        told = runtime.invoke_endpoint_async(
            EndpointName=later, InputLocation=f"s3://{BUCKET}/asked/rows.csv", ContentType="text/csv",
            S3OutputPathExtension="a/b", Filename="c.csv",
        )  # fmt: skip
        assert told["OutputLocation"] == f"s3://{BUCKET}/later/a/b/c.csv"
        assert object_at(account, told["OutputLocation"]) == b"yes"
        topics.next()

    @pytest.mark.parametrize(
        ("rows", "reason"),
        [
            (b"1\nbad", 'ClientError: Received client error (400) from primary with message "row 2 is bad"'),
            (b"crash", "InternalServerError: the model failed: it crashed"),
            (None, "ClientError: s3:GetObject on arn:aws:s3:::data/asked/nothing failed: NoSuchKey"),
        ],
        ids=["the model refuses", "the model fails", "no input"],
    )
    def test_a_failure_is_told_with_its_reason(
        self, account: Account, runtime: Any, later: str, topics: Topics, rows: bytes | None, reason: str
    ) -> None:
        key = "asked/nothing" if rows is None else "asked/wrong.csv"
        if rows is not None:
            account.s3.put_object(Bucket=BUCKET, Key=key, Body=rows)
        told = runtime.invoke_endpoint_async(
            EndpointName=later, InputLocation=f"s3://{BUCKET}/{key}", ContentType="text/csv"
        )
        notice = topics.next()
        assert notice["invocationStatus"] == "Failed"
        assert notice["failureReason"].startswith(reason)
        assert "responseBody" not in notice
        assert object_at(account, told["FailureLocation"]).decode().startswith(reason)

    def test_the_models_role_must_write_the_answer(self, account: Account, runtime: Any) -> None:
        role = account.role("ReadingLater", ["s3:GetObject"])
        output = {"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/unwritten"}}
        name = model(account, model_data(account, "yes"), role=role)
        endpoint = created(account, config(account, name, AsyncInferenceConfig=output))
        account.s3.put_object(Bucket=BUCKET, Key="asked/rows.csv", Body=b"1")
        told = runtime.invoke_endpoint_async(
            EndpointName=endpoint, InputLocation=f"s3://{BUCKET}/asked/rows.csv", ContentType="text/csv"
        )
        assert "FailureLocation" not in told
        lost = f"endpoint {endpoint}: ClientError: The execution role {role} is not authorized to perform s3:PutObject"
        until(account.cloud.log.read_text, lambda log: lost in log)
        assert account.keys("unwritten/") == []

    def test_what_is_under_way_is_answered_before_the_endpoint_goes(self, account: Account, runtime: Any) -> None:
        output = {"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/parting"}}
        endpoint = created(
            account, config(account, model(account, model_data(account, "yes")), AsyncInferenceConfig=output)
        )
        account.s3.put_object(Bucket=BUCKET, Key="asked/slow.csv", Body=b"slow")
        request = {"InputLocation": f"s3://{BUCKET}/asked/slow.csv", "ContentType": "text/csv"}
        told = [runtime.invoke_endpoint_async(EndpointName=endpoint, **request)["OutputLocation"] for _ in range(2)]
        began = time.monotonic()
        deleted(account, endpoint)
        assert time.monotonic() - began < 8, "it waited for requests that were done"
        keys = [uri.removeprefix(f"s3://{BUCKET}/") for uri in told]
        assert sorted(account.keys("parting/")) == sorted(keys)

    def test_each_kind_of_endpoint_is_invoked_in_its_own_way(
        self, account: Account, runtime: Any, later: str, served: str
    ) -> None:
        assert refusal(runtime.invoke_endpoint, EndpointName=later, Body=b"1") == (
            "ValidationError",
            f"Endpoint {later} is asynchronous: it is invoked with InvokeEndpointAsync",
        )
        now = created(account, config(account, served))
        location = f"s3://{BUCKET}/train/a.csv"
        assert refusal(runtime.invoke_endpoint_async, EndpointName=now, InputLocation=location) == (
            "ValidationError",
            f"Endpoint {now} is not asynchronous: it is invoked with InvokeEndpoint",
        )
        described = account.sagemaker.describe_endpoint(EndpointName=later)
        assert described["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"] == f"s3://{BUCKET}/later"

    def test_a_request_is_checked_by_the_published_model(self, runtime: Any, later: str) -> None:
        for members, problem in (
            ({"InputLocation": "nowhere"}, "Value 'nowhere' at 'inputLocation' failed to satisfy constraint"),
            (
                {"InputLocation": "s3://b/k", "InvocationTimeoutSeconds": 3601},
                "Value '3601' at 'invocationTimeoutSeconds' failed to satisfy constraint",
            ),
            ({"Body": b"1" * 128_001}, "Value at 'body' failed to satisfy constraint"),
            (
                {"InputLocation": "s3://b/k", "Body": b"1"},
                "An asynchronous invocation needs either an InputLocation or a body",
            ),
        ):
            code, message = refusal(runtime.invoke_endpoint_async, EndpointName=later, **members)
            assert code == "ValidationError"
            assert problem in message

    def test_invoking_is_an_action_of_its_own(self, account: Account, later: str) -> None:
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{later}"
        caller = account.acting_as({"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": arn})
        code, message = refusal(
            caller("sagemaker-runtime").invoke_endpoint_async,
            EndpointName=later,
            InputLocation=f"s3://{BUCKET}/train/a.csv",
        )
        assert code == "AccessDeniedException"
        assert f"sagemaker:InvokeEndpointAsync on resource: {arn}" in message


def test_a_model_that_crashes_is_a_server_error_of_the_model(account: Account, runtime: Any, served: str) -> None:
    endpoint = created(account, config(account, served))
    code, message = refusal(runtime.invoke_endpoint, EndpointName=endpoint, Body=b"crash", ContentType="text/csv")
    assert code == "ModelError"
    assert 'Received server error (500) from primary with message "the model failed: it crashed"' in message
