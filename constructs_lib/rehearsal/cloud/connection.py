"""AWS clients for the embedded AWS that take nothing from the surroundings: no profile, no variable, no proxy."""

import os
import secrets
import string
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.config
import botocore.session

_FROM_NOWHERE: dict[str, tuple[None, None, str | None, None]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a client signs with."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


def fresh_credentials() -> Credentials:
    """Credentials that nobody can guess, for one run."""
    key = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(16))
    return Credentials(access_key=f"AKIA{key}", secret_key=secrets.token_hex(20))


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Where the embedded AWS listens, and how to trust it."""

    endpoint_url: str
    certificate: Path
    region: str
    root: Credentials
    """The account's own: whoever has them may do everything."""

    _session: Any = field(default_factory=lambda: botocore.session.Session(session_vars=_FROM_NOWHERE), repr=False)
    _creating: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def as_root(self, service: str) -> Any:
        """A boto client of `service` that signs as the account's root."""
        return self.client(service, self.root)

    def client(self, service: str, credentials: Credentials, *, read_timeout: float = 60) -> Any:
        """A boto client of `service` that signs with `credentials`."""
        config = botocore.config.Config(
            proxies={},
            retries={"total_max_attempts": 3, "mode": "standard"},
            read_timeout=read_timeout,
            s3={"addressing_style": "path"},
        )
        with self._creating:  # botocore sessions create one client at a time
            return self._session.create_client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint_url,
                verify=str(self.certificate),
                aws_access_key_id=credentials.access_key,
                aws_secret_access_key=credentials.secret_key,
                aws_session_token=credentials.token,
                config=config,
            )
