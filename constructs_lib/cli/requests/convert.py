"""`automl convert`: the Python of the construct that makes the job of a request."""

import argparse
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from ...api.enums import S3DataType
from ...api.fields import Field, Kind, Shape, fields_of, listed, parse
from ...api.request import CreateAutoMLJob, CreateAutoMLJobV2
from ...api.shapes import MAX_TAGS, PATTERN_CHARACTERS, AutoMLChannel, AutoMLJobChannel, ModelDeployConfig
from ...runtime.contract import OwnerTag
from . import check, documents, judgement
from .judgement import REQUESTS, Verdict
from .python_code import Code, call, listing, literal, mapping, text
from .words import Asked

FINE: Final = 0
WRONG: Final = 1
WRONG_CALL: Final = 2

_NAME: Final = "AutoMLJobName"
_SELF: Final = Code("self")

_MODULES: Final = {
    "ec2": "from aws_cdk import aws_ec2 as ec2",
    "iam": "from aws_cdk import aws_iam as iam",
    "kms": "from aws_cdk import aws_kms as kms",
    "s3": "from aws_cdk import aws_s3 as s3",
}

Request = CreateAutoMLJob | CreateAutoMLJobV2


def run(given: argparse.Namespace) -> int:
    """Print the Python; returns the exit code."""
    try:
        asked = check.asked_by(given.request, given.call)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        return _wrong_call(f"'{given.request}' cannot be read: {error.strerror}")
    except documents.MissingPackageError as error:
        return _wrong_call(str(error))
    verdict = judged(asked)
    if verdict.errors:
        lines = "".join(f"\n  - {error}" for error in verdict.errors)
        print(f"automl convert: {len(verdict.errors)} wrong in {given.request}:{lines}", file=sys.stderr)  # noqa: T201
        return WRONG
    for warning in verdict.warnings:
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201
    print(python_of(asked), end="")  # noqa: T201
    return FINE


def _wrong_call(told: str) -> int:
    print(f"automl convert: {told}", file=sys.stderr)  # noqa: T201
    return WRONG_CALL


def judged(asked: Asked) -> Verdict:
    """What is wrong with a request; a name it need not have, for the construct makes one."""
    if _NAME not in asked.request:
        asked.unread.add(_NAME)
    verdict = judgement.judge(asked)
    if not verdict.errors:
        verdict.errors.extend(_unsayable(parse(REQUESTS[str(asked.call)], asked.request)))
    return verdict


def _unsayable(request: Request) -> Iterator[str]:
    """What a sound request has and the props do not take."""
    weights = {channel.sample_weight_attribute for channel in request.channels if isinstance(channel, AutoMLChannel)}
    if len(weights) > 1:
        yield "the channels name different 'SampleWeightAttributeName': AutoMLJob takes one for both"
    tags = request.tags or ()
    if len(tags) > _MOST_TAGS:
        yield f"'Tags' must have at most {_MOST_TAGS} items, got {len(tags)}: the library adds its own"
    yield from (f"the tag '{tag.key}' is reserved: the library sets it" for tag in tags if tag.key in list(OwnerTag))
    kinds = {channel.s3_uri: channel.s3_data_type for channel in request.channels}
    features = getattr(request.settings, "features", None)
    for uri in dict.fromkeys([*kinds, request.s3_output_path, *([features] if features else [])]):
        _, _, key = uri.removeprefix("s3://").partition("/")
        if kinds.get(uri, S3DataType.S3_PREFIX) != S3DataType.S3_PREFIX and not key:
            yield f"'{uri}' must name the manifest, not a bucket alone"
        if key.startswith("/"):
            yield f"'{uri}' has two slashes after its bucket, which no prop takes: {_BY_REQUEST}"
        if wild := sorted(set(key) & set(PATTERN_CHARACTERS)):
            yield f"'{uri}' has {listed(wild)} in its key, which would be a pattern in an IAM policy: {_BY_REQUEST}"


_MOST_TAGS: Final = MAX_TAGS - len(OwnerTag)
_BY_REQUEST: Final = "from_request makes its job with a role of yours"


def python_of(asked: Asked) -> str:
    """The module for a sound request."""
    return _Module(parse(REQUESTS[str(asked.call)], asked.request)).text()


class _Module:
    def __init__(self, request: Request) -> None:
        self._request = request
        self._names: set[str] = set()
        """To be imported from the library."""
        self._modules: set[str] = set()
        """Of the CDK."""
        self._variables: dict[tuple[str, str], str] = {}
        """Names of variables, by what they stand for."""
        self._lines: list[str] = []

    def text(self) -> str:
        request = self._request
        construct = "AutoMLJobV2" if isinstance(request, CreateAutoMLJobV2) else "AutoMLJob"
        made = call(self._public(construct), _SELF, text("Job"), **dict(self._props()))
        job = made.lines(_BODY, "job = " if request.tags else "")
        tags = [call("cdk.Tags.of(job).add", text(tag.key), text(tag.value)).lines(_BODY) for tag in request.tags or ()]
        title = _title(request.job_name or construct)
        names = Code("from constructs_lib import ", [("", Code(name)) for name in sorted(self._names, key=_as_sorted)])
        imports = [
            "import aws_cdk as cdk",
            *(_MODULES[module] for module in sorted(self._modules)),
            "from constructs import Construct",
            "",
            _imported(names),
        ]
        return "\n".join(
            [
                f'"""The job of a {request.OPERATION} request."""',
                "",
                *imports,
                "",
                "",
                f"class {title}Stack(cdk.Stack):",
                f'    """The job of a {request.OPERATION} request."""',
                "",
                "    def __init__(self, scope: Construct, construct_id: str) -> None:",
                "        super().__init__(scope, construct_id)",
                *self._lines,
                job,
                *tags,
                "",
                "",
                'if __name__ == "__main__":',
                "    app = cdk.App()",
                f'    {title}Stack(app, "{title}")',
                "    app.synth()",
                "",
            ]
        )

    # -------------------------------------------------------------------------------------------------------- props

    def _props(self) -> Iterator[tuple[str, Code]]:
        request = self._request
        if isinstance(request, CreateAutoMLJobV2):
            yield "problem", self._problem(request)
        training, *validation = sorted(request.channels, key=lambda channel: channel.channel_type == "validation")
        yield "training_data", self._channel(training, "data")
        if validation:
            yield "validation_data", self._channel(validation[0], "validation")
        if isinstance(training, AutoMLChannel):
            yield "target_attribute", text(training.target_attribute)
            if training.sample_weight_attribute is not None:
                yield "sample_weight_attribute", text(training.sample_weight_attribute)
        yield "output", self._output()
        for field in fields_of(type(request)):
            value = getattr(request, field.name)
            if value is not None and field.name in _AS_THEY_ARE:
                yield field.name, self._field(field, value)
        yield "role", self._variable("iam", "role", request.role_arn)
        emr_role = getattr(request, "emr_serverless_role_arn", None)
        if emr_role is not None:
            yield "emr_serverless_role", self._variable("iam", "emr_serverless_role", emr_role)
        yield from self._security()

    def _problem(self, request: CreateAutoMLJobV2) -> Code:
        return self._shape(request.problem)

    def _output(self) -> Code:
        bucket, prefix = self._place(self._request.s3_output_path, "output")
        keywords = {}
        if self._request.output_kms_key_id is not None:
            keywords["encryption_key"] = self._variable("kms", "output_key", self._request.output_kms_key_id)
        positional = [bucket, text(prefix)] if prefix else [bucket]
        return call(f"{self._public('OutputLocation')}.from_bucket", *positional, **keywords)

    def _channel(self, channel: AutoMLJobChannel, use: str) -> Code:
        bucket, key = self._place(channel.s3_uri, use)
        kinds = {
            field.name: self._field(field, value)
            for field in fields_of(AutoMLJobChannel)
            if field.name == "compression" and (value := getattr(channel, field.name)) is not None
        }
        if channel.content_type is not None:
            kinds["content_type"] = self._content_type(channel.content_type)
        factory = self._public("Channel")
        if channel.s3_data_type == S3DataType.S3_PREFIX:
            return call(f"{factory}.from_bucket", bucket, *([text(key)] if key else []), **kinds)
        kinds.pop("compression", None)  # a manifest is never gzip-compressed
        augmented = channel.s3_data_type == S3DataType.AUGMENTED_MANIFEST_FILE
        name = "from_augmented_manifest" if augmented else "from_manifest"
        return call(f"{factory}.{name}", bucket, text(key), data_prefix=text(""), **kinds)

    def _content_type(self, value: str) -> Code:
        from ...api.enums import ContentType

        return Code(f"{self._public('ContentType')}.{ContentType(value).name}")

    def _security(self) -> Iterator[tuple[str, Code]]:
        security = self._request.security_config
        if security is None:
            return
        if security.volume_kms_key_id is not None:
            yield "volume_encryption_key", self._variable("kms", "volume_key", security.volume_kms_key_id)
        if security.encrypt_inter_container_traffic is not None:
            yield "encrypt_inter_container_traffic", literal(security.encrypt_inter_container_traffic)
        if security.vpc_config is not None:
            self._modules.add("ec2")
            subnets = [
                call("ec2.Subnet.from_subnet_id", _SELF, text(f"Subnet{index}"), text(subnet))
                for index, subnet in enumerate(security.vpc_config.subnets, 1)
            ]
            groups = [
                call("ec2.SecurityGroup.from_security_group_id", _SELF, text(f"SecurityGroup{index}"), text(group))
                for index, group in enumerate(security.vpc_config.security_group_ids, 1)
            ]
            yield "vpc_subnets", call("ec2.SubnetSelection", subnets=listing(subnets))
            yield "security_groups", listing(groups)

    # ------------------------------------------------------------------------------------------------------- values

    def _field(self, field: Field, value: Any) -> Code:
        if field.name == "features":
            bucket, key = self._place(value, "features")
            return call(f"{self._public('FeatureSpecification')}.from_bucket", bucket, text(key))
        return self._value(field.kind, value)

    def _value(self, kind: Kind, value: Any) -> Code:
        if isinstance(value, Shape):
            return self._shape(value)
        if kind.type is tuple and kind.item is not None:
            return listing([self._value(kind.item, item) for item in value])
        if kind.type is dict and kind.item is not None and kind.key is not None:
            return mapping([(self._value(kind.key, key), self._value(kind.item, item)) for key, item in value.items()])
        if hasattr(value, "to_seconds"):
            return _duration(int(value.to_seconds(integral=True)))
        if issubclass(kind.type, StrEnum) and value in set(kind.type):
            return Code(f"{self._public(kind.type.__name__)}.{kind.type(value).name}")
        return literal(value)

    def _shape(self, shape: Shape) -> Code:
        name = self._public(type(shape).__name__)
        if isinstance(shape, ModelDeployConfig):
            if shape == ModelDeployConfig.auto_named():
                return call(f"{name}.auto_named")
            if shape == ModelDeployConfig.named(str(shape.endpoint_name)):
                return call(f"{name}.named", text(str(shape.endpoint_name)))
        given = {
            field.name: self._field(field, value)
            for field in fields_of(type(shape))
            if (value := getattr(shape, field.name)) is not None
        }
        return call(name, **given)

    def _public(self, name: str) -> str:
        self._names.add(name)
        return name

    # ---------------------------------------------------------------------------------------------------- variables

    def _place(self, s3_uri: str, use: str) -> tuple[Code, str]:
        """The bucket of a URI, and the rest of it."""
        name, _, key = s3_uri.removeprefix("s3://").partition("/")
        return self._variable("s3", f"{use}_bucket", name), key

    def _variable(self, module: str, name: str, value: str) -> Code:
        """The variable of what exists already: one for each thing."""
        if (module, value) not in self._variables:
            self._modules.add(module)
            self._variables[module, value] = name
            construct_id = text("".join(part.capitalize() for part in name.split("_")))
            made = _FACTORIES[module](construct_id, value)
            self._lines.append(made.lines(_BODY, f"{name} = "))
        return Code(self._variables[module, value])


_BODY: Final = " " * 8

_AS_THEY_ARE: Final = frozenset(
    {
        "problem_type",
        "objective",
        "mode",
        "algorithms",
        "features",
        "completion_criteria",
        "validation_fraction",
        "generate_candidate_definitions_only",
        "job_name",
        "model_deploy_config",
    }
)
"""Fields of the request that are props under the same name, with the same value."""


def _role(construct_id: Code, arn: str) -> Code:
    return call("iam.Role.from_role_arn", _SELF, construct_id, text(arn), mutable=literal(value=False))


def _bucket(construct_id: Code, name: str) -> Code:
    given = text(name)
    if not _BUCKET.fullmatch(name):  # the CDK refuses a name that no bucket has, unless it is known later
        given = call("cdk.Fn.join", text(""), listing([given]))
    return call("s3.Bucket.from_bucket_name", _SELF, construct_id, given)


def _key(construct_id: Code, name: str) -> Code:
    if _KEY_ARN.fullmatch(name):
        return call("kms.Key.from_key_arn", _SELF, construct_id, text(name))
    if name.startswith("alias/"):
        return call("kms.Alias.from_alias_name", _SELF, construct_id, text(name))
    arn = call("self.format_arn", service=text("kms"), resource=text("key"), resource_name=text(name))
    return call("kms.Key.from_key_arn", _SELF, construct_id, arn)


_BUCKET: Final = re.compile(r"(?!.*(\.\.|-\.|\.-))[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_KEY_ARN: Final = re.compile(r"arn:[^:/]+:kms:[^:/]*:[^:/]*:(key|alias)/.+")

_FACTORIES: Final = {"iam": _role, "kms": _key, "s3": _bucket}


def _duration(seconds: int) -> Code:
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds % length == 0:
            return call(f"cdk.Duration.{unit}", literal(seconds // length))
    return call("cdk.Duration.seconds", literal(seconds))


def _title(name: str) -> str:
    """A name as one of a class."""
    title = "".join(part[:1].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", name))
    return title if title[:1].isalpha() else f"Job{title}"


def _as_sorted(name: str) -> tuple[bool, str]:
    return (not name.isupper(), name)


def _imported(names: Code) -> str:
    if len(line := names.on_one_line()) <= 88:
        return line
    return "\n".join([f"{names.start}(", *(f"    {item.start}," for _, item in names.items), ")"])
