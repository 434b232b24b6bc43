"""Jobs whose request exists already, in the API's own names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..access.security import RequestedSecurity
from ..api.fields import Malformed, Words, described, json_of, parse, raise_if_any
from ..api.problem import Problem
from ..api.problem_types import Tabular
from ..api.recognition import YAML_SUFFIXES, is_yaml, not_a_request
from ..api.request import findings, no_roles, not_s3
from ..data.channels import Channel
from ..data.features import FeatureSpecification
from ..data.output import OutputLocation
from ..tokens import is_token
from .plan import UNBOUND_ROLE, NamedRole, Plan, Request

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam


def plan_of_request(
    request_type: type[Request],
    document: Mapping[str, Any] | str | Path,
    construct_id: str,
    *,
    role: iam.IRole | None,
    revision: str,
) -> Plan:
    """The plan of a job whose request was given in the API's own names."""
    what = f"the request of '{construct_id}'"
    request = judged(request_type, loaded(document, what, role), what)
    settings = request.settings
    emr_role_arn = getattr(request, "emr_serverless_role_arn", None)
    features = getattr(settings, "features", None)
    channels = [Channel._from_shape(channel) for channel in request.channels]
    return Plan(
        training=channels[0],
        validation=channels[1] if len(channels) > 1 else None,
        output=OutputLocation._from_uri(request.s3_output_path, request.output_kms_key_id),
        features=FeatureSpecification._from_uri(features) if isinstance(features, str) else None,
        role=role,
        role_arn=None if role else request.role_arn,
        emr_serverless_role=None if emr_role_arn is None else NamedRole(emr_role_arn),
        security=RequestedSecurity(request.security_config),
        job_name=request.job_name,
        deploy=request.model_deploy_config,
        revision=revision,
        request_type=request_type,
        request=lambda bound: replace(request, role_arn=bound.role_arn, tags=None),
        problem=type(settings) if isinstance(settings, Problem) else Tabular,
        columns=(),
        tags={tag.key: tag.value for tag in request.tags or ()},
        words=Words.WIRE,
    )


def judged(request_type: type[Request], document: Mapping[str, Any], what: str) -> Request:
    """The request that a document in the API's own names describes, if nothing is wrong with it."""
    raise_if_any(not_a_request(document, request_type), what)
    try:
        request = parse(request_type, document)
    except Malformed as malformed:
        raise_if_any(malformed.problems, what)
        raise
    wrong = findings(request, is_token=is_token, words=Words.WIRE).errors
    raise_if_any(wrong or [*not_s3(request, is_token), *no_roles(request, is_token)], what)
    return request


def loaded(document: Mapping[str, Any] | str | Path, what: str, role: iam.IRole | None) -> Mapping[str, Any]:
    """The request as a dict; a role in place of its own is created later."""
    loaded = document if isinstance(document, Mapping) else _read_json(document, what)
    return loaded if role is None else {**loaded, "RoleArn": UNBOUND_ROLE}


def _read_json(document: str | Path, what: str) -> Mapping[str, Any]:
    path = _path_in(document)
    try:
        text = document if path is None else path.read_text(encoding="utf-8-sig")
        loaded = None if _says_yaml(path, text) else json_of(cast("str", text))
    except OSError as error:
        raise ValueError(f"{what} cannot be read: {error}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} must be a dict, JSON text or the path of a JSON file: {error}") from error
    if _says_yaml(path, text):
        raise ValueError(f"{what} is YAML, which is not read here: `automl convert` prints its Python")
    if not isinstance(loaded, dict):
        raise ValueError(f"{what} must be a JSON object, got {described(loaded)}")
    return loaded


def _path_in(document: object) -> Path | None:
    """The path that was given, also as text; None: it is something else."""
    if isinstance(document, Path):
        return document
    if not isinstance(document, str) or "\n" in document or document.strip()[:1] in ("", "{", "[", '"'):
        return None
    path = Path(document)
    try:
        return path if path.suffix.lower() in (".json", *YAML_SUFFIXES) or path.is_file() else None
    except (OSError, ValueError):  # text that cannot be a path
        return None


def _says_yaml(path: Path | None, text: object) -> bool:
    return (path is not None and path.suffix.lower() in YAML_SUFFIXES) or (isinstance(text, str) and is_yaml(text))
