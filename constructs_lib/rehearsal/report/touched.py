"""Which of the register's assumptions an app rests on, told by what stands in its templates."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, Protocol

from .facts import AssumptionFact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from constructs_lib.rehearsal.stacks import Template


class Unverified(Protocol):
    """A row of the register."""

    @property
    def id(self) -> str:
        """How reports name it."""

    @property
    def assumed(self) -> str:
        """What is assumed."""

    @property
    def where(self) -> tuple[str, ...]:
        """The files that rest on it."""

    @property
    def if_wrong(self) -> str:
        """What happens then."""

    @property
    def noticed(self) -> str:
        """What one would notice."""


_JOB: Final = "Custom::SageMakerAutoMLJob\\b"
_OUTCOME: Final = "Custom::SageMakerAutoMLOutcome"
_ONE_CLICK: Final = '"ModelDeployConfig"'
_ENDPOINT: Final = "AWS::SageMaker::Endpoint\\b"
_MODEL: Final = "Custom::SageMakerAutoMLModel\\b"
_REGISTRY: Final = "Custom::SageMakerAutoMLModelPackage"
_TRANSFORM: Final = "Custom::SageMakerAutoMLTransform"
_RETRAINING: Final = "Custom::SageMakerAutoMLRetraining"
_ENSEMBLING: Final = '"Mode": "ENSEMBLING"'
_TABULAR: Final = f'TabularJobConfig|"Operation": "CreateAutoMLJob"|"{"TargetAttributeName"}"'
_KEY: Final = "kms:"
_EVENTS: Final = "events:PutEvents"

_OF_FILE: Final = {
    "runtime/endpoint.py": _ONE_CLICK,
    "runtime/poll.py": _OUTCOME,
    "outcome/": _OUTCOME,
    "runtime/verdict.py": _OUTCOME,
    "runtime/check.py": "Custom::SageMakerEndpointCheck",
    "runtime/candidate.py": f"{_MODEL}|{_TRANSFORM}|{_REGISTRY}",
    "runtime/registration.py": _REGISTRY,
    "runtime/reports.py": _REGISTRY,
    "runtime/retrain": _RETRAINING,
    "retraining/": _RETRAINING,
    "provider/retrainer.py": _RETRAINING,
    "endpoint/": _ENDPOINT,
    "candidate/batch.py": _TRANSFORM,
    "rehearsal/training/tabular/": _ENSEMBLING,
    "engines/": _TABULAR,
    "provider/metrics.py": "AWS::CloudWatch::Alarm",
    "access/keys.py": "kms:ResourceAliases",
}
"""What is in the templates of an app that a file does something for, by the beginning of its name."""

_OF_ID: Final = {
    "twelve-hours": '"Timeout": "4[0-9]{4}"',
    "emr-serverless": "(?i)emr-?serverless",
    "volume-grants": "kms:CreateGrant",
    "network-interfaces": "ec2:CreateNetworkInterface",
    "trust-keys": "aws:SourceArn",
    "china": "cn-north|cn-northwest",
    "other-account": "aws:PrincipalArn",
    "tags-of-models": _ONE_CLICK,
    "function-network": '"VpcConfig"',
    "copied-folders": "Custom::CDKBucketDeployment",
    "copied-in-time": "Custom::CDKBucketDeployment",
    "result-key": f"(?s)(?=.*{_OUTCOME})(?=.*kms:GenerateDataKey)",
    "registry-objects": _REGISTRY,
    "rollback-alarms": "cloudwatch:DescribeAlarms",
    "endpoint-volume": f"(?s)(?=.*{_ENDPOINT})(?=.*KmsKeyId)",
    "auto-mode": '(?s)(?=.*"Mode": "AUTO")(?=.*ServerlessConfig)',
    "endpoint-log": "/aws/sagemaker/Endpoints",
    "scaled-capture": '(?s)(?=.*ScalableTarget)(?=.*"DataCaptureConfig")',
    "async-capture": '(?s)(?=.*AsyncInferenceConfig)(?=.*"DataCaptureConfig")',
    "serverless-limits": "ServerlessConfig",
    "local-storage": f"(?s)(?=.*{_ENDPOINT})(?=.*KmsKeyId)",
    "x86-images": f"{_ENDPOINT}|{_TRANSFORM}",
    "stack-output": "Fn::GetStackOutput",
    "metric-lines": "AWS::Lambda::Function",
    "event-source": _EVENTS,
    "ensembling-problem": _ENSEMBLING,
    "series-channel": "TimeSeriesForecastingJobConfig",
    "asset-keys": "aws:s3:arn",
    "promotion-rights": "sagemaker:UpdateEndpoint",
    "denied-approval": "sagemaker:ModelApprovalStatus",
    "multipart-keys": _KEY,
    "left-out-items": "AWS::NoValue",
    "v1-rules": '"Operation": "CreateAutoMLJob"',
    "metric-periods": "AWS::CloudWatch::Alarm",
}
"""The same for assumptions of files that do several things."""


def touched(register: Iterable[Unverified], templates: Mapping[str, Template]) -> Iterator[AssumptionFact]:
    """The rows that an app rests on. One that nobody has said anything about here counts for every app."""
    there = json.dumps(list(templates.values()))
    for row in register:
        patterns = [_OF_ID[row.id]] if row.id in _OF_ID else [_of_file(file) for file in row.where]
        if any(re.search(pattern, there) for pattern in patterns):
            yield AssumptionFact(id=row.id, assumed=row.assumed, if_wrong=row.if_wrong, noticed=str(row.noticed))


def _of_file(file: str) -> str:
    return next((pattern for start, pattern in _OF_FILE.items() if file.startswith(start)), _JOB)
