"""What policies can test of a request: the services' own condition keys, and the keys of tags.

Source: the Service Authorization Reference, "Actions, resources, and condition keys" for Amazon SageMaker AI and for
Application Auto Scaling. A key is there when the request says something for it, and as the request says it: that a
switch left out is no `false`, and that a KMS key is not turned into its ARN, are unverified.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from constructs_lib.rehearsal.cloud.store import Json, Place

Context = Mapping[str, str | list[str]]
"""Condition keys with their values; a list where there are several."""

_NETWORK = {"VpcSecurityGroupIds": ("VpcConfig.SecurityGroupIds",), "VpcSubnets": ("VpcConfig.Subnets",)}
_ISOLATION = {"NetworkIsolation": ("EnableNetworkIsolation",)}
_OUTPUT_KEY = {"OutputKmsKey": ("OutputDataConfig.KmsKeyId",)}
_METADATA = "CustomerMetadataProperties"
_APPROVAL = {"ModelApprovalStatus": ("ModelApprovalStatus",), _METADATA: (_METADATA,)}
_SECURITY = {
    **_NETWORK,
    "InterContainerTrafficEncryption": ("EnableInterContainerTrafficEncryption",),
    "VolumeKmsKey": ("VolumeKmsKeyId",),
}


def _below(path: str, keys: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(f"{path}.{member}" for member in members) for key, members in keys.items()}


_SCALING = {"service-namespace": ("ServiceNamespace",), "scalable-dimension": ("ScalableDimension",)}
KEYS: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "sagemaker": {
        "CreateAutoMLJob": {**_below("AutoMLJobConfig.SecurityConfig", _SECURITY), **_OUTPUT_KEY},
        "CreateAutoMLJobV2": {**_below("SecurityConfig", _SECURITY), **_OUTPUT_KEY},
        "CreateModel": {**_NETWORK, **_ISOLATION},
        "CreateEndpointConfig": {
            **_NETWORK,
            **_ISOLATION,
            "AcceleratorTypes": ("ProductionVariants.AcceleratorType", "ShadowProductionVariants.AcceleratorType"),
            "InstanceTypes": (
                "ProductionVariants.InstanceType",
                "ProductionVariants.InstancePools.InstanceType",
                "ShadowProductionVariants.InstanceType",
                "ShadowProductionVariants.InstancePools.InstanceType",
            ),
            "ModelArn": ("ProductionVariants.ModelName", "ShadowProductionVariants.ModelName"),
            "ServerlessMaxConcurrency": ("ProductionVariants.ServerlessConfig.MaxConcurrency",),
            "ServerlessMemorySize": ("ProductionVariants.ServerlessConfig.MemorySizeInMB",),
            "VolumeKmsKey": ("KmsKeyId",),
        },
        "CreateTransformJob": {
            "InstanceTypes": ("TransformResources.InstanceType",),
            "ModelArn": ("ModelName",),
            "OutputKmsKey": ("TransformOutput.KmsKeyId",),
            "VolumeKmsKey": ("TransformResources.VolumeKmsKeyId",),
        },
        "CreateModelPackage": _APPROVAL,
        "UpdateModelPackage": {
            **_APPROVAL,
            "CustomerMetadataPropertiesToRemove": ("CustomerMetadataPropertiesToRemove",),
        },
    },
    "application-autoscaling": dict.fromkeys(
        (
            "RegisterScalableTarget",
            "DeregisterScalableTarget",
            "PutScalingPolicy",
            "DeleteScalingPolicy",
            "PutScheduledAction",
            "DeleteScheduledAction",
        ),
        _SCALING,
    ),
}
"""The keys of each operation by service, each with the members of the request that hold its values."""


def of_request(service: str, operation: str, request: Json, place: Place) -> Context:
    """The service's own keys that a request has, which may not have been checked yet."""
    found: dict[str, str | list[str]] = {}
    for key, paths in KEYS.get(service, {}).get(operation, {}).items():
        values = [value for path in paths for value in _at(request, path.split("."))]
        if key == _METADATA:
            found |= {
                f"{service}:{key}/{name}": str(value)
                for given in values
                if isinstance(given, dict)
                for name, value in given.items()
            }
        elif key == "ModelArn":
            found |= _several(f"{service}:{key}", [place.arn("model", str(name)) for name in values])
        else:
            found |= _several(f"{service}:{key}", [_text(value) for value in values])
    return found


def of_tags(request: Json) -> Context:
    """`aws:RequestTag` and `aws:TagKeys` of the `Tags` of a create request."""
    tags = [tag for tag in request.get("Tags") or () if isinstance(tag, dict)]
    if not tags:
        return {}
    named = {f"aws:RequestTag/{tag.get('Key')}": str(tag.get("Value")) for tag in tags}
    return {**named, "aws:TagKeys": [str(tag.get("Key")) for tag in tags]}


def _several(key: str, values: list[str]) -> Context:
    """A lone value is no list, so that operators for one value see it."""
    if not values:
        return {}
    return {key: values[0] if len(values) == 1 else values}


def _at(value: Any, path: list[str]) -> Iterator[Any]:
    """All that stands at a path, which leads through every item of a list."""
    if isinstance(value, list):
        for item in value:
            yield from _at(item, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
