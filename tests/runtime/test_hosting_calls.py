"""The calls for models and what runs with them: what the function's policy has to allow, and nothing else."""

import pytest

from constructs_lib.runtime import clients
from constructs_lib.runtime.contract import (
    ENDPOINT_CHECK_TYPE,
    MODEL_PACKAGE_TYPE,
    TRANSFORM_TYPE,
)

from .fake_hosting import FakeHosting, HostingWorld, model
from .fake_sagemaker import method_of, service_model
from .fake_services import FakeS3
from .test_calls import methods_of
from .test_registration import package
from .test_transform import transform
from .world import Sink

HOSTING = {
    "CreateModel",
    "CreateTransformJob",
    "DescribeTransformJob",
    "StopTransformJob",
    "CreateModelPackage",
    "DescribeModelPackage",
    "UpdateModelPackage",
    "DeleteModelPackage",
}
BESIDES = {
    "DescribeAutoMLJobV2",
    "DescribeEndpoint",
    "DescribeModel",
    "DeleteModel",
    "ListTags",
    "AddTags",
    "DeleteTags",
}
"""Calls that jobs need too."""

FOLDERS = {"ListObjectsV2"}
"""S3's, for the files of reports."""


def test_client_can_do_nothing_else() -> None:
    assert methods_of(clients.Hosting) == {method_of(operation) for operation in HOSTING}
    assert set(service_model("sagemaker").operation_names) >= HOSTING
    assert methods_of(clients.Folders) == {method_of(operation) for operation in FOLDERS}
    assert set(service_model("s3").operation_names) >= FOLDERS


def test_lives_of_all_resources_make_every_one_of_these_calls_and_no_other(sink: Sink) -> None:
    world = HostingWorld(sink)
    world.hosting.serve_endpoint("churn", "config")
    world.create(model(tags={"a": "1"}))
    world.update(model(tags={"b": "1"}))
    world.delete()
    for resource_type, properties in (
        (ENDPOINT_CHECK_TYPE, {"EndpointName": "churn", "EndpointConfigName": "config"}),
        (TRANSFORM_TYPE, transform()),
        (MODEL_PACKAGE_TYPE, package()),
    ):
        world.resource_type = resource_type
        assert world.create(properties)["Status"] == "SUCCESS"
        if resource_type == MODEL_PACKAGE_TYPE:
            world.update(package(status="Approved"))
        assert world.delete()["Status"] == "SUCCESS"

    assert set(world.hosting.operations()) == HOSTING | BESIDES
    assert set(world.s3.operations()) == FOLDERS


def test_real_client_and_fake_can_do_what_the_protocol_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    assert methods_of(clients.Hosting) <= set(dir(clients.connect().hosting))
    assert methods_of(clients.Hosting) <= set(dir(FakeHosting))
    assert methods_of(clients.Folders) <= set(dir(clients.connect().folders))
    assert methods_of(clients.Folders) <= set(dir(FakeS3))
