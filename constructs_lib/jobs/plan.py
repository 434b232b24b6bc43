"""A job before it is created: its parts, what is wrong with them, and how they become a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..access.grants import check_role
from ..access.places import KEY, ROLE, NamedPlace, Used
from ..api.datafile import Reading
from ..api.enums import ChannelType, Mode, ProblemType
from ..api.fields import Words, described, has, value_problems
from ..api.request import CreateAutoMLJob, CreateAutoMLJobV2, findings
from ..api.rulebook import Findings
from ..data.buckets import used_bucket
from ..data.channels import UNBOUND_URI, Channel, Learning, judge_local_data
from ..data.features import FeatureSpecification
from ..data.output import OutputLocation, check_output
from ..data.readback import problems_with_output
from ..engines.inspection import ENSEMBLING, TUNING, engine_of
from ..tokens import is_token
from .one_click import SETTINGS, TAGS, not_carried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aws_cdk import aws_iam as iam

    from ..access.security import RequestedSecurity, Security
    from ..api import shapes
    from ..api.problem import Problem
    from ..api.shapes import ModelDeployConfig
    from ..data.channels import BoundChannel

Request = CreateAutoMLJob | CreateAutoMLJobV2


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What a request names that exists only once the job's parts are created."""

    training: BoundChannel
    validation: BoundChannel | None
    output_uri: str
    role_arn: str
    security: shapes.SecurityConfig | None
    features_uri: str | None

    def channels(self) -> list[tuple[BoundChannel, ChannelType]]:
        """The channels with what each is for."""
        named = ((self.training, ChannelType.TRAINING), (self.validation, ChannelType.VALIDATION))
        return [(channel, channel_type) for channel, channel_type in named if channel is not None]


@dataclass(frozen=True)
class NamedRole:
    """A role of which only the ARN is known."""

    role_arn: str

    @property
    def env(self) -> NamedPlace:
        """Where it is, as far as the ARN says."""
        return NamedPlace.of_arn(self.role_arn)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A job before it is created: its parts, and how they become a request."""

    training: Channel
    validation: Channel | None
    output: OutputLocation | None
    features: FeatureSpecification | None
    role: iam.IRole | None
    """The role that the caller brought, to be given what the job needs."""

    role_arn: str | None
    """The ARN of a role that is used as it is."""

    emr_serverless_role: iam.IRole | NamedRole | None = None
    """The second role of a job that may use EMR Serverless."""

    security: Security | RequestedSecurity
    job_name: str | None
    deploy: ModelDeployConfig | None
    revision: str
    request_type: type[Request]
    request: Callable[[Bound], Request]
    problem: type[Problem]
    columns: Sequence[tuple[str, object]]
    """Props that name a column of the data, with that column."""

    tags: Mapping[str, str]
    words: Words

    @property
    def channels(self) -> list[tuple[str, Channel]]:
        """The channels, each with what the caller calls it."""
        named = (("training_data", self.training), ("validation_data", self.validation))
        return [(self._name(prop), channel) for prop, channel in named if channel is not None]

    def draft(self) -> Request:
        """The request, with stand-ins where nothing is created yet."""
        return self.request(
            Bound(
                training=self.training._describe(),
                validation=self.validation._describe() if self.validation else None,
                output_uri=self.output.s3_uri if self.output and self.output._is_made else UNBOUND_URI,
                role_arn=self.role_arn or UNBOUND_ROLE,
                security=self.security.draft(),
                features_uri=UNBOUND_URI if self.features else None,
            )
        )

    def judge(self) -> Findings:
        """Everything that can be seen before AWS is called."""
        wrong_types = [
            f"{self._name(prop)} must be a {kind.__name__}, got {described(value)}; use {kind.__name__}.{factory}"
            for prop, value, kind, factory in (
                ("training_data", self.training, Channel, "from_asset or from_bucket"),
                ("validation_data", self.validation, Channel, "from_asset or from_bucket"),
                ("features", self.features, FeatureSpecification, "of"),
            )
            if not isinstance(value, kind) and (value is not None or prop == "training_data")
        ]
        wrong_types += check_output("output", self.output)
        wrong_types += check_role("role", self.role)
        emr_role = self.emr_serverless_role
        if emr_role is not None and not has(emr_role, "role_arn"):
            wrong_types.append(f"'emr_serverless_role' must be an iam.IRole, got {described(emr_role)}")
        wrong_types += value_problems(self.revision, str, is_token=is_token, path="revision")
        wrong_types += self.security.problems()
        if wrong_types:  # the rest reads these values
            return Findings(wrong_types, {})
        wrong_places = problems_with_output(
            self._name("output"),
            self.output,
            self.channels,
            job_name=self.job_name if isinstance(self.job_name, str) else None,
        )
        columns = self.features._columns if self.features else None
        draft = self.draft()
        judged = findings(draft, features=columns, is_token=is_token, words=self.words)
        data = self._judge_data(columns, draft.settings)
        return Findings(
            [*judged.errors, *data.errors, *wrong_places],
            judged.warnings | data.warnings | self.security.warnings() | self._one_click_warnings(),
            refusals=data.refusals,
        )

    def _one_click_warnings(self) -> dict[str, str]:
        """What the job is given, and its one-click endpoint perhaps not."""
        security = self.security.draft()
        if self.deploy is None or security is None:
            return {}
        given = {
            "volume_encryption_key": security.volume_kms_key_id is not None,
            self.security.network_prop: security.vpc_config is not None,
        }
        named = [f"the job's {self._name(prop)}" for prop, is_given in given.items() if is_given]
        return not_carried(SETTINGS, self._name("model_deploy_config"), named)

    def tag_warnings(self, tags: Mapping[str, str]) -> dict[str, str]:
        """What surely is a mistake about the tags that the job has come to have."""
        if self.deploy is None or not tags:
            return {}
        return not_carried(TAGS, self._name("model_deploy_config"), ["the job's tags"])

    def _judge_data(self, features: Mapping[str, str] | None, settings: object) -> Findings:
        wanted = [(prop, column) for prop, column in self.columns if isinstance(column, str) and not is_token(column)]
        parts: dict[str, list[str]] = {}
        for prop, column in wanted:
            parts.setdefault(prop.partition("[")[0].rpartition(".")[2], []).append(column)
        wanted += [("features", column) for column in features or ()]
        return judge_local_data(
            self.training,
            self.validation,
            [(self._name(prop), column) for prop, column in wanted],
            parts=parts,
            names={prop: self._name(prop) for prop in ("training_data", "validation_data")},
            learning=self._learning(settings, next(iter(parts.get("target_attribute", ())), None)),
            chosen=bool(features),
        )

    def _learning(self, settings: object, target: str | None) -> Learning:
        """What is known of how the data are learned from."""
        mode, problem_type = (getattr(settings, prop, None) for prop in ("mode", "problem_type"))
        if self.problem._DEFAULT_MODE is None:
            return Learning(problem=self.problem)
        is_known = mode in (None, *Mode) and problem_type in (None, *ProblemType)
        if mode in (None, Mode.ENSEMBLING, Mode.HYPERPARAMETER_TUNING):
            engine = engine_of(mode or self.problem._DEFAULT_MODE)
            reading = Reading(reader=engine, engines=(engine,), target=target)
        else:
            reading = Reading(reader=TUNING, engines=(ENSEMBLING, TUNING), target=target)
        return Learning(problem=self.problem, reading=reading, problem_type=problem_type, is_known=is_known)

    def used(self) -> Iterator[Used]:
        """What lies in some account and region, for `places.apart`."""
        role = self.role if self.role_arn is None else NamedRole(self.role_arn)
        for name, channel in self.channels:
            yield from used_bucket(name, channel._source)
        if self.features is not None:
            yield from used_bucket(self._name("features"), self.features._source)
        if self.output is not None:
            yield from used_bucket(self._name("output"), self.output.bucket if self.output._is_made else None)
            yield self._name("output.encryption_key"), self.output.encryption_key, KEY
        yield self._name("role") if self.role is None else "'role'", role, ROLE
        yield self._name("emr_serverless_role"), self.emr_serverless_role, ROLE
        yield from self.security.used(self._name("volume_encryption_key"))

    def _name(self, prop: str) -> str:
        return self.words.name_of(self.request_type, prop, self.problem)


UNBOUND_ROLE: Final = "arn:aws:iam::000000000000:role/not-created-yet"
"""Stands for a role that is created later; it is sound, so that the rules have nothing to say of it."""
