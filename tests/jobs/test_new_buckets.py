"""The bucket that a job makes for what it writes, and what becomes of it."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from constructs_lib import (
    Asynchronous,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    Channel,
    DataCapture,
    Mode,
    OutputLocation,
    RealTime,
)

from ..constructs.synthesis import (
    data_bucket,
    job_properties,
    new_job,
    new_stack,
    only,
    resources_of,
    template_of,
)

BUCKET = "AWS::S3::Bucket"
EMPTIED = "Custom::S3AutoDeleteObjects"
GONE: dict[str, Any] = {"removal_policy": cdk.RemovalPolicy.DESTROY, "auto_delete_objects": True}


def with_output(output: OutputLocation | None) -> dict[str, Any]:
    stack = new_stack()
    AutoMLJob(
        stack,
        "Job",
        training_data=Channel.from_bucket(data_bucket(stack)),
        target_attribute="y",
        output=output,
    )
    return template_of(stack)


def test_without_props_it_is_the_bucket_of_a_job_that_names_none() -> None:
    assert with_output(OutputLocation.new_bucket()) == with_output(None)


def test_bucket_goes_with_what_is_in_it_once_the_job_is_gone() -> None:
    stayed, gone = with_output(None), with_output(OutputLocation.new_bucket(**GONE))
    ((kept, before),) = resources_of(stayed, BUCKET).items()
    ((name, bucket),) = resources_of(gone, BUCKET).items()
    (emptied,) = resources_of(gone, EMPTIED)

    assert name == kept
    assert (before["DeletionPolicy"], bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == (
        "Retain",
        "Delete",
        "Delete",
    )
    assert emptied in only(resources_of(gone, "Custom::SageMakerAutoMLJob"))["DependsOn"]
    assert job_properties(gone) == job_properties(stayed)


def test_key_is_that_of_the_bucket_and_of_what_is_written() -> None:
    stack = new_stack()
    key = kms.Key(stack, "Key")
    job = new_job(stack, output=OutputLocation.new_bucket(encryption_key=key))

    template = template_of(stack)
    (rule,) = only(resources_of(template, BUCKET))["Properties"]["BucketEncryption"][
        "ServerSideEncryptionConfiguration"
    ]

    arn = stack.resolve(key.key_arn)
    assert rule["ServerSideEncryptionByDefault"] == {"KMSMasterKeyID": arn, "SSEAlgorithm": "aws:kms"}
    assert job_properties(template)["Request"]["OutputDataConfig"]["KmsKeyId"] == arn
    assert stack.resolve(job.output_bucket.encryption_key.key_arn) == arn  # type: ignore[union-attr]


def test_location_that_several_get_is_one_bucket() -> None:
    stack = new_stack()
    output = OutputLocation.new_bucket(**GONE)
    first, second = new_job(stack, "First", output=output), new_job(stack, "Second", output=output)

    assert len([name for name in resources_of(template_of(stack), BUCKET) if not name.startswith("Data")]) == 1
    assert first.output_location == second.output_location
    assert output.bucket is first.output_bucket


def test_transforms_and_endpoints_make_buckets_too() -> None:
    stack = new_stack()
    outcome = AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, mode=Mode.ENSEMBLING))
    new = [OutputLocation.new_bucket(**GONE) for _ in range(4)]
    outcome.transform(data=Channel.from_bucket(data_bucket(stack), "new/"), instance_type="ml.m5.large", output=new[0])
    queue = Asynchronous(instance_type="ml.m5.large", output=new[1], failure_output=new[2])
    AutoMLEndpoint(stack, "Queue", outcome=outcome, serving=queue)
    served = RealTime(instance_type="ml.m5.large")
    AutoMLEndpoint(stack, "Served", outcome=outcome, serving=served, data_capture=DataCapture(destination=new[3]))

    template = template_of(stack)
    configs = [each["Properties"] for each in resources_of(template, "AWS::SageMaker::EndpointConfig").values()]
    models = resources_of(template, "Custom::SageMakerAutoMLModel").values()
    waited = {name for each in models for name in each["DependsOn"]}

    assert len(resources_of(template, EMPTIED)) == 4
    assert set(resources_of(template, EMPTIED)) <= waited
    for location in new[1:]:
        assert json.dumps(stack.resolve(location.s3_uri)) in json.dumps(configs)


def test_there_is_no_bucket_before_somebody_writes() -> None:
    output = OutputLocation.new_bucket()

    with pytest.raises(ValueError, match="new_bucket has no bucket yet: the job, transform or endpoint that gets it"):
        _ = output.s3_uri


def test_a_job_made_elsewhere_makes_no_bucket() -> None:
    with pytest.raises(ValueError, match="'output' is where the job writes already, so it is no new bucket"):
        AutoMLJob.from_job_name(new_stack(), "Old", "churn", output=OutputLocation.new_bucket())


ODD: dict[str, tuple[dict[str, Any], str]] = {
    "emptied but kept": (
        {"auto_delete_objects": True},
        r"'auto_delete_objects' needs removal_policy=RemovalPolicy.DESTROY, got RemovalPolicy.RETAIN: .* leave it out",
    ),
    "a snapshot": ({"removal_policy": cdk.RemovalPolicy.SNAPSHOT}, "'removal_policy' must be RemovalPolicy.DESTROY, "),
    "a text": ({"removal_policy": "Delete"}, "'removal_policy' must be .*, got 'Delete'"),
    "no flag": ({"removal_policy": cdk.RemovalPolicy.DESTROY, "auto_delete_objects": "yes"}, "must be True or False"),
    "no key": ({"encryption_key": "alias/x"}, "'encryption_key' must be a kms.IKey"),
}


@pytest.mark.parametrize(("props", "message"), ODD.values(), ids=ODD)
def test_odd_bucket_is_refused(props: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=rf"OutputLocation.new_bucket has 1 problem:\n  - .*{message}"):
        OutputLocation.new_bucket(**props)


def test_bucket_is_one_of_the_librarys_own() -> None:
    bucket = only(resources_of(with_output(OutputLocation.new_bucket(**GONE)), BUCKET))["Properties"]

    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] is True
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [
        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    ]
