"""What functions are started with: an environment made from nothing, and credentials of their role alone."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from constructs_lib.rehearsal.cloud.ministack import ministack

# ruff: noqa: SLF001 - there is no other way in

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
    _close_runtime_interfaces()


def _credentials(config: Mapping[str, Any]) -> dict[str, str]:
    """Fresh ones of the function's role. MiniStack's follow from the names of function and role."""
    given = ministack.open_session(config["Role"], config["FunctionName"][:64])
    return {
        "AWS_ACCESS_KEY_ID": given.access_key,
        "AWS_SECRET_ACCESS_KEY": given.secret_key,
        "AWS_SESSION_TOKEN": given.token or "",
    }


def _close_runtime_interfaces() -> None:
    """The interface of a custom runtime is a port of its own, where functions get their events: for us alone."""
    original = lambda_runtime.ProvidedWorker._build_handler_class

    def build(worker: Any, generation: int, pending: Any) -> Any:
        made: Any = original(worker, generation, pending)

        class Closed(made):  # type: ignore[misc]  # made at run time
            def parse_request(self) -> bool:
                if not super().parse_request():
                    return False
                if _is_ours(self.client_address[1], self.server.server_address[1]):
                    return True
                self.send_error(403)
                return False

        return Closed

    lambda_runtime.ProvidedWorker._build_handler_class = build


def _is_ours(client: int, server: int) -> bool:
    """Whether a connection from one port of the loopback interface to another was made by this user.

    Systems other than Linux do not tell.
    """
    connections = Path("/proc/net/tcp")
    if not connections.exists():
        return True
    ends = [f"0100007F:{port:04X}" for port in (client, server)]
    found = [line.split() for line in connections.read_text(encoding="ascii").splitlines()]
    return any(fields[1:3] == ends and fields[7] == str(os.getuid()) for fields in found)
