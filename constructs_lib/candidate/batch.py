"""`AutoMLTransform`: the best candidate predicts for a whole set of data at once."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any, Final, Protocol, Required, TypedDict, Unpack

import aws_cdk as cdk
import jsii
from constructs import Construct

from ..access.grants import Grants, warn
from ..api.fields import described, problems, raise_if_any, render
from ..api.hosting import TransformFields
from ..data.channels import Channel
from ..data.output import OutputLocation, check_output
from ..keywords import ConstructorSignature, spelled_out
from ..provider.following import let_change
from ..provider.provider import AutoMLProvider
from ..runtime import contract
from ..runtime.contract import Property, TransformAttribute
from ..tokens import is_token
from .model import BestModel, Candidate, ModelProps, candidate_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

    from ..api.hosting import AssembleWith, BatchStrategy, JoinSource, ResponseKey, SplitType

_MOST_IN_FLIGHT: Final = 100
"""MiB of all requests at once.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""


class HasCandidate(Protocol):
    """An `AutoMLJobOutcome`, as far as it matters here."""

    @property
    def candidate(self) -> Candidate:
        """The best candidate."""


class TransformProps(TypedDict, total=False):
    """What a batch transform takes besides the outcome whose candidate predicts."""

    data: Required[Channel]
    """What to predict for: columns as in the training data, without the target and, for CSV, without a line that names
    them."""

    instance_type: Required[str]
    """The instance type, such as `ml.m5.xlarge`."""

    output: OutputLocation | None
    """Where predictions go, an object `<key>.out` for each object read. Default: a new private, encrypted bucket,
    which stays when the stack is removed."""

    instance_count: int
    """How many instances share the objects, at least 1. Default: 1."""

    content_type: str | None
    """The MIME type of the data. Default: `text/csv`."""

    split_type: SplitType | None
    """How objects are cut into requests: `Line`, `RecordIO`, `TFRecord` or `None`. Default: an object is one request,
    of at most `max_payload_mib`."""

    accept: str | None
    """The MIME type of the predictions. Default: the candidate's own."""

    assemble_with: AssembleWith | None
    """How predictions of an object are put together: `Line` or `None`. Default: as they come."""

    batch_strategy: BatchStrategy | None
    """Whether requests hold many records (`MultiRecord`) or one. Default: as many as fit."""

    max_payload_mib: int | None
    """The largest request in MiB, 0 for no limit. Default: 6."""

    max_concurrent_transforms: int | None
    """How many requests an instance works at. Default: the candidate's own number."""

    input_filter: str | None
    """A JSONPath to the columns that the candidate sees, such as `$[1:]`. Default: all."""

    output_filter: str | None
    """A JSONPath to what is written. Default: all."""

    join_source: JoinSource | None
    """`Input`: predictions are written behind the data that they are for. Default: by themselves."""

    inference_response_keys: Sequence[ResponseKey | str] | None
    """What predictions of a classifier hold: some of `predicted_label`, `probability`, `probabilities`, `labels`.
    Default: what the candidate answers by itself."""

    role: iam.IRole | None
    """The role the model runs as; it must trust `sagemaker.amazonaws.com`, and gets what it needs. Default: a new role
    with only that."""

    volume_encryption_key: kms.IKey | None
    """The KMS key for the volumes of the instances. Default: the service's own."""

    vpc: ec2.IVpc | None
    """The VPC to run in; it must reach S3. Default: the service's own network."""

    vpc_subnets: ec2.SubnetSelection | None
    """Which of its subnets, 1 to 16. Default: the private ones."""

    security_groups: Sequence[ec2.ISecurityGroup] | None
    """The security groups, 1 to 5. Default: a new one in `vpc` that allows all outbound traffic."""

    enable_network_isolation: bool | None
    """Let the containers reach nothing. Default: they may."""

    revision: str
    """Another value predicts again although nothing else has changed. Default: `1`."""


TRANSFORM_DEFAULTS: Final = {"instance_count": 1, "content_type": "text/csv", "revision": "1"}


@jsii.implements(cdk.ITaggableV2)
class AutoMLTransform(Construct):
    """A batch transform job with a job's best candidate. Usually made by `outcome.transform(...)`.

    It is started when the stack is deployed, and again when the job is trained again or a prop changes; the deployment
    does not wait for its end. What still runs when it is replaced or removed is stopped. Predictions stay where they
    are.

    See https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
    """

    __signature__ = ConstructorSignature()

    @spelled_out(TransformProps, **TRANSFORM_DEFAULTS)
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        outcome: HasCandidate,
        **props: Unpack[TransformProps],
    ) -> None:
        """Define a transform job.

        Args:
            scope: Where it lives.
            construct_id: Its id there; the generated name holds the stack's name and this id.
            outcome: What the AutoML job has come to: its best candidate predicts.

        Raises:
            ValueError: with everything that is wrong, each in the props' own names.
        """
        where = f"AutoMLTransform '{scope.node.path}/{construct_id}'"
        candidate = candidate_of(outcome, where)
        given: dict[str, Any] = {**props}
        fields = TransformFields(**{field.name: given[field.name] for field in dataclass_fields(TransformFields)})
        data, output, key = props["data"], props["output"], props["volume_encryption_key"]
        model_props = ModelProps(
            candidate=candidate,
            role=props["role"],
            vpc=props["vpc"],
            vpc_subnets=props["vpc_subnets"],
            security_groups=props["security_groups"],
            enable_network_isolation=props["enable_network_isolation"],
            inference_response_keys=props["inference_response_keys"],
            volume_encryption_key=key,
            what="transform job",
        )
        raise_if_any([*_problems(fields, data, output, props["revision"]), *model_props.problems(scope)], where)
        super().__init__(scope, construct_id)
        warn(self, model_props.warnings())
        provider = AutoMLProvider.of(self)
        self._tags = cdk.TagManager(cdk.TagType.KEY_VALUE, contract.TRANSFORM_TYPE)
        self._output = output or OutputLocation.private(self)
        asked = Grants()
        bound = data.bind(self, "Data", asked)
        uri = self._output.bind(asked)
        self._model = BestModel(
            self,
            "Model",
            model_props,
            name=construct_id,
            grants=asked,
            instance_type=props["instance_type"],
            max_containers=None,
        )
        request = render(fields)
        source = {"S3DataType": str(bound.s3_data_type), "S3Uri": bound.s3_uri}
        request.setdefault("TransformInput", {})["DataSource"] = {"S3DataSource": source}
        if bound.compression is not None:
            request["TransformInput"]["CompressionType"] = str(bound.compression)
        request.setdefault("TransformOutput", {})["S3OutputPath"] = uri
        # Left out, the service encrypts with the account's default key of S3, not with the bucket's.
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformOutput.html
        if self._output.key is not None:
            request["TransformOutput"]["KmsKeyId"] = self._output.key.key_arn
        if key is not None:
            request["TransformResources"]["VolumeKmsKeyId"] = key.key_arn
        self._resource = provider.custom_resource(
            self,
            "Resource",
            contract.TRANSFORM_TYPE,
            {
                Property.REQUEST: {
                    **request,
                    "ModelName": self._model.model_name,
                    "Tags": self._tags.rendered_tags,
                },
                Property.NAME_PREFIX: provider.hosted_prefix(construct_id),
                Property.REVISION: props["revision"],
            },
        )
        let_change(self._resource)
        self._resource.node.add_dependency(*provider.run_transforms(), *bound.dependencies)

    @property
    def transform_job_name(self) -> str:
        """The transform job's name."""
        return self._attribute(TransformAttribute.JOB_NAME)

    @property
    def transform_job_arn(self) -> str:
        """The transform job's ARN."""
        return self._attribute(TransformAttribute.JOB_ARN)

    @property
    def output_location(self) -> str:
        """The S3 URI below which the predictions lie."""
        return self._output.s3_uri

    @property
    def role(self) -> iam.IRole:
        """The role that the model runs as."""
        return self._model.role

    @property
    def cdk_tag_manager(self) -> cdk.TagManager:
        """What `Tags.of(...)` talks to. Tags are changed in place."""
        return self._tags

    def _attribute(self, name: TransformAttribute) -> str:
        return self._resource.get_att(name).to_string()


def _problems(fields: TransformFields, data: object, output: object, revision: object) -> Iterator[str]:
    if not isinstance(data, Channel):
        yield f"'data' must be a Channel, got {described(data)}; use Channel.from_asset or from_bucket"
    yield from check_output("output", output)
    if not isinstance(revision, str):
        yield f"'revision' must be text, got {described(revision)}"
    found: list[Any] = problems(fields, is_token=is_token)
    yield from found
    payload, at_once = fields.max_payload_mib, fields.max_concurrent_transforms
    if found or payload is None or at_once is None or is_token(payload) or is_token(at_once):
        return
    if payload * at_once > _MOST_IN_FLIGHT:
        yield (
            f"'max_payload_mib' times 'max_concurrent_transforms' must be at most {_MOST_IN_FLIGHT}, got {payload} "
            f"times {at_once}"
        )
