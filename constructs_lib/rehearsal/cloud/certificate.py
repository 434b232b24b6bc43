"""A certificate for localhost, and an authority of the rehearsal's own that has signed it."""

import datetime as dt
from pathlib import Path
from typing import Final

import trustme

_NAMES: Final = ("localhost", "*.localhost", "127.0.0.1")
_LIFETIME: Final = dt.timedelta(days=1)


def issue(folder: Path) -> tuple[Path, Path, Path]:
    """Write `ca.pem`, `server.pem` and `server.key` to `folder`; the authority's own key is never stored."""
    authority = trustme.CA(path_length=0, organization_name="cdk-sagemaker-autopilot rehearsal")
    server = authority.issue_cert(*_NAMES, not_after=dt.datetime.now(dt.UTC) + _LIFETIME)
    files = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    authority.cert_pem.write_to_path(files[0])
    server.cert_chain_pems[0].write_to_path(files[1])
    files[2].touch(mode=0o600)
    server.private_key_pem.write_to_path(files[2])
    return files
