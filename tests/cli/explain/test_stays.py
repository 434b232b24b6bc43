"""What `cdk destroy` leaves."""

from pathlib import Path
from typing import Any

from constructs_lib.cli.explain import facts
from constructs_lib.cli.explain.prices import PriceList

from .assemblies import job, read, role

BUCKET: dict[str, Any] = {"Type": "AWS::S3::Bucket", "Metadata": {"aws:cdk:path": "Churn/Job/Output/Resource"}}
INTO_IT = {"OutputDataConfig": {"S3OutputPath": {"Fn::Join": ["", ["s3://", {"Ref": "Bucket"}, "/"]]}}}
EMPTIED = {"Type": "Custom::S3AutoDeleteObjects", "Properties": {"BucketName": {"Ref": "Bucket"}}}


def left(tmp_path: Path, resources: dict[str, Any]) -> dict[str, str]:
    assembly, stack = read(tmp_path / "out", {"Role": role(), **resources})
    stays = facts.told(assembly, [stack], PriceList())["stacks"][0]["stays"]
    return {each["name"]: each["why"] for each in stays}


def test_a_bucket_that_is_kept(tmp_path: Path) -> None:
    found = left(tmp_path, {"Bucket": BUCKET | {"DeletionPolicy": "Retain"}, "Job": job(**INTO_IT)})

    assert found["Job/Output"] == "its removal policy keeps it"
    assert found["s3://{Job/Output}/"] == "models and reports of Job"


def test_a_bucket_that_is_emptied_goes_with_its_objects(tmp_path: Path) -> None:
    found = left(tmp_path, {"Bucket": BUCKET, "Empty": EMPTIED, "Job": job(**INTO_IT)})

    assert list(found) == ["Job", "/aws/sagemaker/TrainingJobs and their like"]


def test_a_bucket_that_nobody_empties_goes_only_if_it_is_empty(tmp_path: Path) -> None:
    assert left(tmp_path, {"Bucket": BUCKET})["Job/Output"] == (
        "it is removed only if it is empty; the removal fails otherwise"
    )


def test_what_the_account_keeps(tmp_path: Path) -> None:
    found = left(tmp_path, {"Job": job(), "Predict": {"Type": "Custom::SageMakerAutoMLTransform"}})

    assert found["Job"] == found["Predict"] == "the ended job stays in the account's list: AWS deletes none"
    assert found["s3://models/churn/"] == "models and reports of Job"


def test_the_log_of_an_endpoint(tmp_path: Path) -> None:
    config = {"ProductionVariants": [{"VariantName": "AllTraffic", "InitialInstanceCount": 1}]}
    endpoint = {
        "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": config},
        "Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": {"EndpointConfigName": {"Ref": "Config"}}},
    }
    log = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/sagemaker/Endpoints/churn"}}

    assert left(tmp_path, endpoint) == {"the log of Endpoint": "made by the service, since no log retention is set"}
    assert left(tmp_path, {**endpoint, "Log": log}) == {}
