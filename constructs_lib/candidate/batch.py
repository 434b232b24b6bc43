"""`AutoMLTransform`: the best candidate predicts for a whole set of data at once."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Protocol, Required, TypedDict, Unpack

import aws_cdk as cdk
import jsii
from constructs import Construct

from ..access.grants import Grants, warn
from ..api.fields import described, problems, raise_if_any, render, value_problems
from ..api.hosting import AssembleWith, BatchStrategy, SplitType, TransformFields
from ..api.problem_types import ImageClassification, Tabular
from ..data.buckets import used_bucket
from ..data.channels import Channel
from ..data.output import OutputLocation, check_output, used_output
from ..data.readback import problems_with_output
from ..keywords import ConstructorSignature, spelled_out
from ..provider.following import let_change
from ..provider.provider import AutoMLProvider
from ..runtime import contract
from ..runtime.contract import Property, TransformAttribute
from ..tokens import is_token, place
from .model import BestModel, Candidate, ModelProps, candidate_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

    from ..api.hosting import JoinSource, ResponseKey

_MOST_IN_FLIGHT: Final = 100
"""MiB of all requests at once.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""


class HasCandidate(Protocol):
    """An `AutoMLJobOutcome`, as far as it matters here."""

    @property
    def _candidate(self) -> Candidate:
        """The best candidate."""


class TransformProps(TypedDict, total=False):
    """What a batch transform takes besides the outcome whose candidate predicts."""

    data: Required[Channel]
    """What to predict for: columns as in the training data, without the target and, for CSV, without a line that names
    them; a local file that begins with the training file's header is refused. For time series it is the history, whole
    series in each object: all columns of the training data, the target too, with or without a header; rows of the
    future, with an empty target, may follow."""

    instance_type: Required[str]
    """The instance type, such as `ml.m5.xlarge`."""

    output: OutputLocation | None
    """Where predictions go, an object `<key>.out` for each object read; not below what is read here or by the job.
    Default: a new private, encrypted bucket, which stays when the stack is removed; for one that goes see
    `OutputLocation.new_bucket`."""

    instance_count: int
    """How many instances share the objects, at least 1. Default: 1."""

    content_type: str | None
    """The MIME type of the data. Default: `text/csv`; of a job on images `application/x-image`."""

    split_type: SplitType | None
    """How objects are cut into requests: `Line`, `RecordIO`, `TFRecord` or `None`. For time series only `None`: else
    series are cut apart, and each piece is forecast on its own. Default: an object is one request, of at most
    `max_payload_mib`."""

    accept: str | None
    """The MIME type of the predictions. Default: the candidate's own."""

    assemble_with: AssembleWith | None
    """How predictions of an object are put together: `Line` or `None`. Default: as they come; for time series
    `Line`."""

    batch_strategy: BatchStrategy | None
    """Whether requests hold many records (`MultiRecord`) or one. Default: as many as fit; for time series
    `SingleRecord`."""

    max_payload_mib: int | None
    """The largest request in MiB, 0 for no limit. Default: 6; for time series 0."""

    max_concurrent_transforms: int | None
    """How many requests an instance works at. Default: the candidate's own number."""

    input_filter: str | None
    """A JSONPath to the columns that the candidate sees, such as `$[1:]`. Default: all."""

    output_filter: str | None
    """A JSONPath to what is written. Default: all."""

    join_source: JoinSource | None
    """`Input`: predictions are written behind the data that they are for. Default: by themselves."""

    inference_response_keys: Sequence[ResponseKey | str] | None
    """What predictions of a classifier hold: some of `predicted_label`, `probability`, `probabilities`, `labels`; not
    for a regression, a forecast or a language model. Default: what the candidate answers by itself."""

    role: iam.IRole | None
    """The role the model runs as; it must trust `sagemaker.amazonaws.com`, and gets what it needs. Default: a new role
    with only that."""

    volume_encryption_key: kms.IKey | None
    """The KMS key for the volumes of the instances. Default: the service's own."""

    vpc: ec2.IVpc | None
    """The VPC to run in; it must reach S3. Default: the service's own network."""

    vpc_subnets: ec2.SubnetSelection | Mapping[str, Any] | None
    """Which of its subnets, 1 to 16. Default: the private ones."""

    security_groups: Sequence[ec2.ISecurityGroup] | None
    """The security groups, 1 to 5. Default: a new one in `vpc` that allows all outbound traffic."""

    enable_network_isolation: bool | None
    """Let the containers reach nothing. Default: they may."""

    revision: str
    """Another value predicts again although nothing else has changed. Default: `1`."""


_CSV: Final = "text/csv"
# [picture-batch]
_PICTURE: Final = "application/x-image"

TRANSFORM_DEFAULTS: Final = {"instance_count": 1, "content_type": _CSV, "revision": "1"}

_FOR_SERIES: Final = {
    "split_type": SplitType.NONE,
    "assemble_with": AssembleWith.LINE,
    "batch_strategy": BatchStrategy.SINGLE_RECORD,
    "max_payload_mib": 0,
}
"""What is taken for time series where the caller does not say, as in AWS's own sample: a file is one request."""


@jsii.implements(cdk.ITaggableV2)
class AutoMLTransform(Construct):
    """A batch transform job with a job's best candidate. Usually made by `outcome.transform(...)`.

    It is started when the stack is deployed, and again when the job is trained again or a prop changes; the deployment
    does not wait for its end. What still runs when it is replaced or removed is stopped. Predictions stay where they
    are.

    Forecasts are CSV with a header: the item, its groups, the time, the quantiles, and `mean` last. A series that
    cannot be forecast has `ERROR` in its cells, and the transform job is `Completed` all the same: count them.

    Example:
        ```python
        AutoMLTransform(
            stack, "Score",
            outcome=outcome,
            data=Channel.from_bucket(bucket, "churn/batch/"),
            instance_type="ml.m5.large",
        )
        ```

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
        where = place("AutoMLTransform", scope, construct_id)
        candidate = candidate_of(outcome, where)
        given: dict[str, Any] = {**props}
        if candidate.forecasts:
            given |= {name: value for name, value in _FOR_SERIES.items() if given[name] is None}
        if candidate.job._facts.problem is ImageClassification and given["content_type"] == _CSV:
            given["content_type"] = _PICTURE  # the default is that of all others
        fields = TransformFields(**{field.name: given[field.name] for field in dataclass_fields(TransformFields)})
        data, output, key, role = props["data"], props["output"], props["volume_encryption_key"], props["role"]
        model_props = ModelProps(
            candidate=candidate,
            role=role,
            vpc=props["vpc"],
            vpc_subnets=props["vpc_subnets"],
            security_groups=props["security_groups"],
            enable_network_isolation=props["enable_network_isolation"],
            inference_response_keys=props["inference_response_keys"],
            volume_encryption_key=key,
            what="transform job",
        )
        raise_if_any(
            [
                *_problems(fields, data, output, props["revision"]),
                *_problems_with_candidate(fields, data, output, candidate),
                *model_props.problems(scope),
            ],
            where,
        )
        read, written = used_bucket("'data'", data._source), used_output("output", output)
        places = model_props.places(scope, chain(read, written))
        raise_if_any(places.errors, where)
        super().__init__(scope, construct_id)
        types = {"content_type": fields.content_type, "accept": fields.accept}
        doubts = candidate.warnings_about_types({prop: [each] for prop, each in types.items() if each is not None})
        warn(self, {**model_props.warnings(), **doubts, **_warnings(fields, data, candidate), **places.warnings})
        provider = AutoMLProvider.of(self)
        self._tags = cdk.TagManager(cdk.TagType.KEY_VALUE, contract.TRANSFORM_TYPE)
        self._output = (output or OutputLocation.new_bucket())._made(self)
        asked = Grants(provider.stack)
        bound = data._bind(self, "Data", asked)
        uri = self._output._bind(asked)
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
        if self._output._key is not None:
            request["TransformOutput"]["KmsKeyId"] = self._output._key.key_arn
        if key is not None:
            request["TransformResources"]["VolumeKmsKeyId"] = key.key_arn
        self._resource = provider._custom_resource(
            self,
            "Resource",
            contract.TRANSFORM_TYPE,
            {
                Property.REQUEST: {
                    **request,
                    "ModelName": self._model.model_name,
                    "Tags": self._tags.rendered_tags,
                },
                Property.NAME_PREFIX: provider._hosted_prefix(construct_id),
                Property.REVISION: props["revision"],
            },
        )
        let_change(self._resource, provider.stack)
        self._resource.node.add_dependency(*provider._run_transforms(), *bound.dependencies)

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

    def grant_read_output(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow to read the predictions, and to decrypt them where their bucket or the output has a key."""
        return self._output.grant_read(grantee)

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


def _problems_with_candidate(
    fields: TransformFields, data: object, output: object, candidate: Candidate
) -> Iterator[str]:
    """What is wrong although each prop is sound by itself."""
    split = fields.split_type
    if candidate.forecasts and isinstance(split, str) and split in set(SplitType) - {SplitType.NONE}:
        yield (
            f"'split_type' must be '{SplitType.NONE}' for time series, got '{split}': it cuts series apart, each piece "
            "is forecast on its own, and header lines repeat"
        )
    if not isinstance(data, Channel):
        return
    if isinstance(output, OutputLocation):
        yield from candidate.problems_with_output("'output'", output)
        yield from problems_with_output("'output'", output, [("'data'", data)], why=_PREDICTED_AGAIN)
    yield from _header_problems(data, candidate)


def _header_problems(data: Channel, candidate: Candidate) -> Iterator[str]:
    name, first_line, header = _compared(data, candidate)
    if first_line and set(first_line) <= set(header):
        target = candidate.job._facts.target
        wrong = f"a header and without the target '{target}'" if target in first_line else "a header"
        yield f"'data' ({name}) begins with the header of the training data, but is to be rows without {wrong}"


def _warnings(fields: TransformFields, data: Channel, candidate: Candidate) -> dict[str, str]:
    """What surely is a mistake although it may pass."""
    name, first_line, header = _compared(data, candidate)
    if not header or len(first_line) != len(header) or fields.input_filter is not None:
        return {}
    return {
        "data_with_target": (
            f"'data' ({name}) has {len(header)} columns, as many as the training data with the target: leave the "
            "target out, or keep it from the candidate with 'input_filter'"
        )
    }


def _compared(data: Channel, candidate: Candidate) -> tuple[str, Sequence[str], Sequence[str]]:
    """A local table to predict for, its first line, and the header of the local table that was learned from."""
    facts = candidate.job._facts
    seen = data._inspect() if facts.problem is Tabular else None
    if seen is None or not seen.first_line:
        return "", (), ()
    learned_from = [channel._inspect() for _, channel in facts.channels]
    return seen.name, seen.first_line, next((each.columns for each in learned_from if each and each.columns), ())


_PREDICTED_AGAIN: Final = "each transform job would predict for the predictions of the one before"


def _problems(fields: TransformFields, data: object, output: object, revision: object) -> Iterator[str]:
    if not isinstance(data, Channel):
        yield f"'data' must be a Channel, got {described(data)}; use Channel.from_asset or from_bucket"
    yield from check_output("output", output)
    yield from value_problems(revision, str, is_token=is_token, path="revision")
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
