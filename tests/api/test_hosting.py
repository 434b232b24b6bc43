"""What serves a model equals botocore's model, both ways; each difference has its reason here."""

from typing import Any

import pytest

from constructs_lib.api import hosting
from constructs_lib.api.fields import Shape

from .botocore_model import input_of, service
from .test_conformance import differences

VARIANT = {
    "VariantName": "there is one variant, which the library names",
    "ModelName": "the library makes the model",
    "InitialVariantWeight": "there is one variant",
    "ServerlessConfig": "a kind of serving of its own: ServerlessVariant",
    "AcceleratorType": "Elastic Inference has ended",
    "InstancePools": "several instance types for one variant: not offered yet",
    "VariantInstanceProvisionTimeoutInSeconds": "belongs to InstancePools",
    "CoreDumpConfig": "for those who build containers",
    "EnableSSMAccess": "for those who build containers",
    "ManagedInstanceScaling": "for inference components",
    "RoutingConfig": "for many instances under load: not offered yet",
    "InferenceAmiVersion": "for those who build containers",
    "CapacityReservationConfig": "for training plans",
}
CAPTURE = {
    "EnableCapture": "true where there is a DataCapture",
    "DestinationS3Uri": "an OutputLocation",
    "KmsKeyId": "of the OutputLocation",
    "CaptureOptions": "capture_input, capture_output",
}
TRANSFORM = {
    "TransformJobName": "the Lambda function makes a fresh one",
    "ModelName": "the library makes the model",
    "ModelClientConfig": "the defaults do",
    "Environment": "the candidate's own",
    "TransformInput.DataSource": "a bucket and a prefix",
    "TransformInput.CompressionType": "text is small",
    "TransformOutput.S3OutputPath": "an OutputLocation",
    "TransformOutput.KmsKeyId": "of the OutputLocation",
    "TransformResources.VolumeKmsKeyId": "volume_encryption_key",
    "TransformResources.TransformAmiVersion": "for those who build containers",
    "DataCaptureConfig": "the input stays where it is, and answers are written anyway",
    "Tags": "Tags.of",
    "ExperimentConfig": "experiments are not CloudFormation's",
}
PACKAGE = {
    "Tags": "a version has its group's",
    "InferenceSpecification.Containers": "come of the job",
    "InferenceSpecification.SupportedTransformInstanceTypes": "optional for versions",
    "InferenceSpecification.SupportedRealtimeInferenceInstanceTypes": "optional for versions",
    "ClientToken": "the Lambda function makes it",
    "CustomerMetadataProperties": "metadata",
    "ModelMetrics": "come of the job",
    **dict.fromkeys(
        [
            "ModelPackageName",
            "ModelPackageRegistrationType",
            "ValidationSpecification",
            "SourceAlgorithmSpecification",
            "CertifyForMarketplace",
            "MetadataProperties",
            "Domain",
            "Task",
            "SamplePayloadUrl",
            "DriftCheckBaselines",
            "AdditionalInferenceSpecifications",
            "SkipModelValidation",
            "SourceUri",
            "SecurityConfig",
            "ModelCard",
            "ModelLifeCycle",
            "ManagedStorageType",
        ],
        "for models of other origins, or for the registry's own people",
    ),
}

ENUM = "botocore has an enum, we have none"
NO_PATTERN = r"pattern 'ml\\.[a-z0-9-]+\\.[a-z0-9]+', botocore says None"


def required(path: str) -> str:
    return f"{path}: required is True, botocore says False"


@pytest.mark.parametrize(
    ("ours", "theirs", "not_offered", "expected"),
    [
        (
            hosting.InstanceVariant,
            "ProductionVariant",
            VARIANT,
            [required("InstanceType"), f"InstanceType: {ENUM}", f"InstanceType: {NO_PATTERN}"],
        ),
        (hosting.ServerlessVariant, "ProductionVariantServerlessConfig", {}, "defaults"),
        (hosting.CaptureFields, "DataCaptureConfig", CAPTURE, "defaults"),
        (hosting.AsyncFields, "AsyncInferenceClientConfig", {}, []),
        (hosting.CapacitySize, "CapacitySize", {}, []),
        (hosting.BlueGreen, "BlueGreenUpdatePolicy", {}, []),
        (hosting.Rolling, "RollingUpdatePolicy", {}, []),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_shapes_equal_botocores(
    ours: type[Shape], theirs: str, not_offered: dict[str, str], expected: list[str] | str
) -> None:
    found = differences(ours, service().shape_for(theirs), not_offered=not_offered)

    if expected == "defaults":  # required there, and given by a default here
        assert [line for line in found if not line.endswith("required is False, botocore says True")] == []
    else:
        assert found == expected


def test_transform_jobs_equal_botocores() -> None:
    found = differences(hosting.TransformFields, input_of("CreateTransformJob"), not_offered=TRANSFORM)

    assert found == [
        f"TransformResources.InstanceType: {ENUM}",
        f"TransformResources.InstanceType: {NO_PATTERN}",
    ]


def test_versions_in_the_registry_equal_botocores() -> None:
    found = differences(hosting.PackageFields, input_of("CreateModelPackage"), not_offered=PACKAGE)

    assert found == [
        required("ModelPackageGroupName"),
        required("ModelApprovalStatus"),
        r"ModelPackageDescription: pattern None, botocore says '[\\p{L}\\p{M}\\p{Z}\\p{S}\\p{N}\\p{P}]*'",
        "InferenceSpecification: is optional and has required members, so it must be a shape of its own",
    ]


def test_names_of_endpoints_equal_botocores() -> None:
    theirs: Any = input_of("CreateEndpoint").members["EndpointName"].metadata
    ours: Any = hosting.EndpointName

    (limits,) = ours.__metadata__
    assert (limits.max_length, limits.pattern) == (theirs["max"], theirs["pattern"])


def test_rehearsed_fault_is_found() -> None:
    fewer = {name: reason for name, reason in VARIANT.items() if name != "EnableSSMAccess"}

    found = differences(hosting.InstanceVariant, service().shape_for("ProductionVariant"), not_offered=fewer)

    assert "EnableSSMAccess: botocore has it, we do not" in found


INSTANCES: list[str] = service().shape_for("ProductionVariantInstanceType").enum


def test_every_instance_type_of_the_service_fits_the_pattern() -> None:
    (limits,) = hosting.InstanceTypeName.__metadata__  # type: ignore[attr-defined]

    assert [name for name in INSTANCES if list(limits.problems(name))] == []


@pytest.mark.parametrize(
    ("pattern", "some", "others"),
    [
        (hosting.ARM, {"ml.m6g.large", "ml.c7g.large", "ml.c6gn.xlarge", "ml.r8g.medium"}, {"ml.g4dn.xlarge"}),
        (
            hosting.LOCAL_STORAGE,
            {"ml.m5d.large", "ml.g4dn.xlarge", "ml.p4de.24xlarge"},
            {"ml.m5.large", "ml.p3.2xlarge"},
        ),
        (hosting.INF1, {"ml.inf1.xlarge"}, {"ml.inf2.xlarge"}),
        (hosting.BURSTING, {"ml.t2.medium"}, {"ml.trn1.2xlarge"}),
    ],
    ids=["arm", "local storage", "inf1", "bursting"],
)
def test_families_of_instances_are_told_by_their_names(pattern: Any, some: set[str], others: set[str]) -> None:
    matched = {name for name in INSTANCES if pattern.match(name)}

    assert some <= matched
    assert not others & matched
