"""An app for the newest releases of the CDK, run with older ones: `python -m tests.constructs.older APP`.

What the app itself asks the CDK for, and older releases do not have, gets a stand-in. The library gets none: it has
looked by then at what there is.
"""

import runpy
import sys
from typing import Any

import aws_cdk as cdk
import cdk_nag
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

from constructs_lib import releases


class Acknowledgment:
    """Stands for `cdk.Acknowledgment`."""

    def __init__(self, *, id: str, reason: str) -> None:  # noqa: A002 - the CDK's name
        self.finding = id.partition("::")[2]
        self.reason = reason


class Validations:
    """Stands for `cdk.Validations`, with what there was before it."""

    def __init__(self, scope: IConstruct) -> None:
        self._scope = scope

    of = classmethod(lambda cls, scope: cls(scope))

    def acknowledge(self, *noted: Acknowledgment) -> None:
        releases.acknowledge(self._scope, {each.finding: each.reason for each in noted})

    def add_plugins(self, *packs: Any) -> None:
        for pack in packs:
            cdk.Aspects.of(self._scope).add(pack)


def run(app: str) -> None:
    checks = cdk_nag.AwsSolutionsChecks
    stand_ins: list[tuple[Any, str, Any]] = [
        (cdk, "Acknowledgment", Acknowledgment),
        (cdk, "Validations", Validations),
        (cdk_nag, "AwsSolutionsChecks", lambda _: checks()),
        (lambda_.Runtime, "PYTHON_3_14", lambda_.Runtime("python3.14", lambda_.RuntimeFamily.PYTHON)),
    ]
    for owner, name, stand_in in stand_ins:
        setattr(owner, name, stand_in)
    runpy.run_path(app, run_name="__main__")


if __name__ == "__main__":
    run(sys.argv[1])
