"""Log groups of a stack: how long they are kept, and with which key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from .. import l1
from ..api.fields import described, has, listed, number
from ..tokens import known_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import aws_kms as kms

LOG_RETENTION_DAYS: Final = 365
"""Where nobody says otherwise."""

_DAY: Final = 24 * 3600
_RETENTIONS: Final = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html"""


def retention_problems(span: object) -> Iterator[str]:
    """What is wrong with a `log_retention`."""
    if span is None:
        return
    if not has(span, "to_seconds"):
        yield f"'log_retention' must be a Duration, got {described(span)}"
        return
    seconds = known_seconds(span)
    if seconds is None:
        yield "'log_retention' must be known when the app is synthesized, so it cannot be a token"
    elif seconds / _DAY not in _RETENTIONS:
        yield (
            f"'log_retention' must be a number of days that CloudWatch Logs knows ({listed(_RETENTIONS)}), "
            f"got {number(seconds / _DAY)}"
        )


def keep(log: cdk.CfnResource, retention: cdk.Duration | None, key: kms.IKey | None) -> None:
    """Set how long a log is kept, and its key, which CloudWatch Logs is allowed to use."""
    seconds = known_seconds(retention)
    l1.change(log, RetentionInDays=LOG_RETENTION_DAYS if seconds is None else int(seconds / _DAY))
    if key is not None:
        l1.change(log, KmsKeyId=key.key_arn)
        _allow(key, cdk.Stack.of(log))


def _allow(key: kms.IKey, stack: cdk.Stack) -> None:
    """Let CloudWatch Logs use a key for the logs of a stack's account and region."""
    logs = f"logs.{stack.region}.{stack.url_suffix}"
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(logs)],
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            resources=["*"],
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": (
                        f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:*"
                    )
                }
            },
        )
    )
