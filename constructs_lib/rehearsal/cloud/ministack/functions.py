"""What functions are started with: an environment made from nothing, and credentials of their role alone."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from constructs_lib.rehearsal.cloud.ministack import ministack

HANDED_ON = (
    "HOME", "LANG", "PATH", "TMPDIR", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE",
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED",
)  # fmt: skip
"""What a function gets of the server's own environment, which has nothing of the person's but the `PATH`."""


class _Environment(Mapping[str, str]):
    """The server's environment, of which a copy has only what a function may have."""

    def __getitem__(self, name: str) -> str:
        return os.environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter([name for name in HANDED_ON if name in os.environ])

    def __len__(self) -> int:
        return len(list(iter(self)))


class _System:
    """The module `os` with another `environ`."""

    environ = _Environment()

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def install() -> None:
    """Start functions with nothing of the server's surroundings, and with credentials that nobody can work out."""
    lambda_runtime.os = lambda_svc.os = _System()
    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = _credentials


def _credentials(config: Mapping[str, Any]) -> dict[str, str]:
    """Fresh ones of the function's role. MiniStack's follow from the names of function and role."""
    given = ministack.open_session(config["Role"], config["FunctionName"][:64])
    return {
        "AWS_ACCESS_KEY_ID": given.access_key,
        "AWS_SECRET_ACCESS_KEY": given.secret_key,
        "AWS_SESSION_TOKEN": given.token or "",
    }
