"""`AutoMLModelPackage`: the best candidate as a version in the Model Registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

import aws_cdk as cdk
from constructs import Construct

from ..access.grants import warn
from ..api.fields import described, has, problems, raise_if_any, render, unfit, value_problems
from ..api.hosting import ApprovalStatus, InstanceTypeName, PackageFields
from ..keywords import ConstructorSignature, spelled_out
from ..naming import stack_of
from ..provider.following import let_change
from ..provider.provider import AutoMLProvider
from ..runtime import contract
from ..runtime.contract import CandidateProperty, ModelPackageAttribute, OwnerTag, Property
from ..tokens import is_token, place
from .model import candidate_of, key_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import aws_sagemaker as sagemaker

    from ..api.hosting import ResponseKey
    from .batch import HasCandidate

_MOST_METADATA: Final = 50 - len(OwnerTag) - 2
"""The registry takes 50 entries: the owner's marks, job and candidate need a place too."""

_GROUP_NAME: Final = "model_package_group_name"

_METADATA_KEY: Final = 128
_METADATA_VALUE: Final = 256


class ModelPackageProps(TypedDict, total=False):
    """What a version in the registry takes besides the outcome and the group."""

    approval_status: ApprovalStatus
    """Whether the version may be deployed. A change of this prop changes the version in place; what somebody decides
    in the registry stays as long as the prop does. Default: it waits for somebody's approval."""

    description: str | None
    """What people read about it, up to 1024 characters. Default: nothing."""

    metadata: Mapping[str, str] | None
    """More to be known of it: up to 42 keys of up to 128 characters, values of up to 256. Default: nothing more."""

    content_types: Sequence[str] | None
    """MIME types that the model takes. Default: `text/csv`; for images `image/png`, `image/jpeg`."""

    response_mime_types: Sequence[str] | None
    """MIME types that it answers in. Default: `text/csv` and `application/json`; for series `text/csv` alone."""

    instance_type: str | None
    """A type of the instances that it will run on: with a GPU or without, the containers differ for images and texts.
    Default: without."""

    inference_response_keys: Sequence[ResponseKey | str] | None
    """What answers of a classifier hold: some of `predicted_label`, `probability`, `probabilities`, `labels`; not for a
    regression, a forecast or a language model. Default: what the candidate answers by itself."""

    removal_policy: cdk.RemovalPolicy
    """What becomes of a version when the job is trained again, or the stack is removed. Default: it stays, as a
    registry is a record. With `DESTROY` it is deleted: then the group can go too."""


MODEL_PACKAGE_DEFAULTS: Final = {
    "approval_status": ApprovalStatus.PENDING_MANUAL_APPROVAL,
    "removal_policy": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
}


class AutoMLModelPackage(Construct):
    """A job's best candidate in the Model Registry. Usually made by `outcome.register(...)`.

    Each job becomes a new version of the group, with its containers, its reports on quality and explainability, its
    approval status, and the names of job and candidate in its metadata.

    Example:
        ```python
        AutoMLModelPackage(stack, "Version", outcome=outcome, model_package_group="churn")
        ```

    See https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry.html
    """

    __signature__ = ConstructorSignature()

    @spelled_out(ModelPackageProps, **MODEL_PACKAGE_DEFAULTS)
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        outcome: HasCandidate,
        model_package_group: str | sagemaker.CfnModelPackageGroup,
        **props: Unpack[ModelPackageProps],
    ) -> None:
        """Define a version.

        Args:
            scope: Where it lives.
            construct_id: Its id there.
            outcome: What the AutoML job has come to: its best candidate is registered.
            model_package_group: The group, by its name or as the CDK's own construct; for one of another account its
                ARN. It has to exist.

        Raises:
            ValueError: with everything that is wrong, each in the props' own names.
        """
        where = place("AutoMLModelPackage", scope, construct_id)
        candidate = candidate_of(outcome, where)
        group = name_of_group(model_package_group)
        if is_token(group):
            group = cdk.Token.as_string(group) if not isinstance(group, (int, float, list)) else group
        fields = PackageFields(
            model_package_group=group,
            approval_status=props["approval_status"],
            description=props["description"],
            content_types=props["content_types"],
            response_mime_types=props["response_mime_types"],
        )
        instance_type, removal_policy = props["instance_type"], props["removal_policy"]
        metadata, keys = props["metadata"], props["inference_response_keys"]
        found = problems(fields, is_token=is_token)
        found += value_problems(instance_type, InstanceTypeName | None, is_token=is_token, path="instance_type")
        if not isinstance(removal_policy, cdk.RemovalPolicy):
            found.append(f"'removal_policy' must be a RemovalPolicy, got {described(removal_policy)}")
        found += [
            *_metadata_problems(metadata),
            *key_problems(keys, candidate),
            *candidate.problems("not needed", stack_of(scope)),
        ]
        raise_if_any(found, where)
        super().__init__(scope, construct_id)
        types = {prop: getattr(fields, prop) for prop in ("content_types", "response_mime_types")}
        warn(self, candidate.warnings_about_types(types))
        provider = AutoMLProvider.of(self)
        request = render(fields)
        if metadata:
            request["CustomerMetadataProperties"] = dict(metadata)
        self._resource = provider._custom_resource(
            self,
            "Resource",
            contract.MODEL_PACKAGE_TYPE,
            {
                **candidate.properties_for(provider.stack),
                Property.REQUEST: request,
                **({} if instance_type is None else {CandidateProperty.INSTANCE_TYPE: instance_type}),
                **({} if keys is None else {CandidateProperty.RESPONSE_KEYS: [str(key) for key in keys]}),
            },
        )
        let_change(self._resource, provider.stack)
        self._resource.apply_removal_policy(removal_policy)
        self._resource.node.add_dependency(
            *provider._register_in(group, reports=candidate.folder), *candidate.be_seen_by(provider)
        )
        if isinstance(model_package_group, cdk.CfnResource):
            self._resource.node.add_dependency(model_package_group)

    @property
    def model_package_arn(self) -> str:
        """The version's ARN."""
        return self._attribute(ModelPackageAttribute.ARN)

    @property
    def model_package_version(self) -> str:
        """The version's number."""
        return self._attribute(ModelPackageAttribute.VERSION)

    def _attribute(self, name: ModelPackageAttribute) -> str:
        return self._resource.get_att(name).to_string()


def name_of_group(group: object) -> Any:
    """The name of a group that is given as the CDK's own construct; else what is given."""
    if isinstance(group, cdk.CfnResource) and has(group, _GROUP_NAME):
        return getattr(group, _GROUP_NAME)
    return group


def _metadata_problems(metadata: object) -> Iterator[str]:
    if metadata is None:
        return
    if not isinstance(metadata, Mapping):
        yield f"'metadata' must be a dict of text, got {described(metadata)}"
        return
    if len(metadata) > _MOST_METADATA:
        yield f"'metadata' must have at most {_MOST_METADATA} items, got {len(metadata)}"
    for key, value in metadata.items():
        for what, text, length in (("a key of", key, _METADATA_KEY), (f"[{key!r}] of", value, _METADATA_VALUE)):
            if isinstance(text, str) and is_token(text):
                continue
            if not isinstance(text, str) or not 1 <= len(text) <= length or unfit(text):
                yield f"{what} 'metadata' must be text of 1 to {length} characters, got {described(text)}"
        if key in list(OwnerTag):
            yield f"the key '{key}' of 'metadata' is reserved"
