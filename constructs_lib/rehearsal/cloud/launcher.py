"""Starts and stops the embedded AWS as a process of its own."""

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from constructs_lib.rehearsal.cloud import certificate
from constructs_lib.rehearsal.cloud.connection import Connection, Credentials, fresh_credentials
from constructs_lib.rehearsal.cloud.settings import DEFAULT_TRAINING, VARIABLE, Settings

START_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0
_ATTEMPTS_AT_A_FREE_PORT = 3
_LOG_LINES_SHOWN = 15


class CloudError(Exception):
    """The embedded AWS could not be started."""


class PortInUseError(CloudError):
    """Something else listens on the port."""


class Cloud:
    """A running embedded AWS. Use it as a context manager: leaving it stops every process of the server.

    The server watches a pipe from this process and ends when the pipe closes, so it does not outlive this process
    however that ends. It has a session of its own: Ctrl-C in the terminal reaches this process only.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", settings: Settings, log: Path) -> None:
        self._process = process
        self._settings = settings
        self._connection = Connection(
            endpoint_url=settings.endpoint_url,
            certificate=settings.authority,
            region=settings.region,
            root=Credentials(access_key=settings.access_key, secret_key=settings.secret_key),
        )
        self.log = log
        """The server's log file."""

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        port: int | None = None,
        account: str = "123456789012",
        region: str = "us-east-1",
        wait_scale: float = 1.0,
        concurrent_jobs: int = 4,
        quotas: Mapping[str, int] | None = None,
        training: str = DEFAULT_TRAINING,
        records_decisions: bool = False,
        trains_soon: bool = False,
    ) -> Self:
        """Start an embedded AWS on the loopback interface and wait until it answers.

        Args:
            folder: Where its home, temporary files, certificates and log go. It is made when it does not exist, and
                closed to other users of the machine.
            port: The port to listen on. Default: a free one.
            account: The account it plays: twelve digits.
            region: The region it plays.
            wait_scale: What Step Functions multiplies its waits with; 0 skips them.
            concurrent_jobs: The quota of AutoML jobs that run at the same time.
            quotas: Quotas of instances by their names: `{"ml.m5.large for endpoint usage": 1}`. Default of each: 20.
            training: The module that trains and serves. Default: the rehearsal's own.
            records_decisions: Whether `decisions` tells what each call of a role rested on. Default: it is not asked.
            trains_soon: Whether processes that train, which take seconds to start, start at once. Default: with a job.

        Raises:
            CloudError: The port is taken, or the server ended before it was ready (with the end of its log).
        """
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        root = fresh_credentials()
        for name in ("home", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        authority, server_certificate, key = certificate.issue(folder)
        attempts = _ATTEMPTS_AT_A_FREE_PORT if port is None else 1
        for attempt in range(1, attempts + 1):
            settings = Settings(
                port=_free_port() if port is None else port,
                account=account,
                region=region,
                access_key=root.access_key,
                secret_key=root.secret_key,
                authority=authority,
                certificate=server_certificate,
                key=key,
                folder=folder,
                training=training,
                concurrent_jobs=concurrent_jobs,
                quotas=quotas or {},
                records_decisions=records_decisions,
                trains_soon=trains_soon,
            )
            try:
                return cls._launch(settings, wait_scale)
            except PortInUseError:
                if attempt == attempts:
                    raise
        raise AssertionError("unreachable")

    @classmethod
    def _launch(cls, settings: Settings, wait_scale: float) -> Self:
        _refuse_taken_port(settings.port)
        log = settings.folder / "cloud.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "constructs_lib.rehearsal.cloud.server"],
                cwd=settings.folder,
                env=_server_environment(settings, wait_scale),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        cloud = cls(process, settings, log)
        try:
            cloud._wait_until_ready()
        except BaseException:
            cloud.stop()
            raise
        return cloud

    @property
    def endpoint_url(self) -> str:
        """Where every service answers."""
        return self._settings.endpoint_url

    @property
    def certificate(self) -> Path:
        """The certificate authority to trust."""
        return self._settings.authority

    @property
    def account(self) -> str:
        """The account that it plays."""
        return self._settings.account

    @property
    def region(self) -> str:
        """The region that it plays."""
        return self._settings.region

    def environment(self) -> dict[str, str]:
        """The whole environment for a child process that shall talk to this AWS and to nothing else."""
        return _private_environment(self._settings) | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self._settings.access_key,
            "AWS_SECRET_ACCESS_KEY": self._settings.secret_key,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CI": "1",
        }

    def decisions(self) -> list[dict[str, Any]]:
        """What each call of a role rested on so far, one of each kind.

        Each has the name of the `Role`, `Action` and `Resource`, the `Statements` that allow it, and whether `IsNeeded`
        holds: without them all the call is denied.
        """
        with self._settings.decisions.open() as lines:
            return [json.loads(line) for line in lines]

    def deliver(self, detail_type: str, *, times: int) -> None:
        """Let the events of a kind that come from now on arrive that often; without it each arrives once.

        Args:
            detail_type: Their detail type: `SageMaker Model Package State Change`, `Object Created`.
            times: 0 is never, as "best effort" allows; 2 is twice, as "at least once" does.
        """
        file = self._settings.deliveries
        told = json.loads(file.read_bytes()) if file.exists() else {}
        whole = file.with_suffix(".new")
        whole.write_text(json.dumps({**told, detail_type: times}))
        whole.replace(file)

    def client(self, service: str) -> Any:
        """A boto client of `service`, signed as the account's root."""
        return self._connection.as_root(service)

    def stop(self) -> None:
        """Stop the server and every process it started. Stopping twice is no error."""
        if self._process.returncode is not None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()  # the server takes the closed pipe as the order to end
        deadline = time.monotonic() + STOP_TIMEOUT
        try:
            while not _has_ended(self._process) and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            _kill_group(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self) -> None:
        context = ssl.create_default_context(cafile=str(self.certificate))
        # Nobody else has the certificate: whatever is answered here, a refusal too, is answered by our server.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if _has_ended(self._process):
                _kill_group(self._process)
                raise self._failure(f"the embedded AWS ended with code {self._process.returncode} before it was ready")
            try:
                with opener.open(self.endpoint_url, timeout=2):
                    return
            except urllib.error.HTTPError as refusal:
                refusal.close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise self._failure(f"the embedded AWS was not ready after {START_TIMEOUT:.0f} seconds")

    def _failure(self, message: str) -> CloudError:
        with self.log.open(errors="replace") as lines:
            tail = deque(lines, _LOG_LINES_SHOWN)
        text = "".join(f"  {line.rstrip()}\n" for line in tail)
        kind = PortInUseError if "Address already in use" in text else CloudError
        return kind(f"{message}; the end of its log {self.log}:\n{text}")


def _private_environment(settings: Settings) -> dict[str, str]:
    """A private home, no trace of the user's own AWS settings, and trust in our authority alone."""
    authority = str(settings.authority)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return {
        "HOME": str(settings.folder / "home"),
        "TMPDIR": str(settings.folder / "tmp"),
        "PATH": path,
        "LANG": "C.UTF-8",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CA_BUNDLE": authority,
        "NODE_EXTRA_CA_CERTS": authority,
        "REQUESTS_CA_BUNDLE": authority,
        "SSL_CERT_FILE": authority,
    }


def _server_environment(settings: Settings, wait_scale: float) -> dict[str, str]:
    return _private_environment(settings) | {
        VARIABLE: settings.to_json(),
        "PYTHONPATH": str(Path(__file__).parents[3]),  # this package, also when it runs from a checkout
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(settings.certificate),
        "MINISTACK_SSL_KEY": str(settings.key),
        "GATEWAY_PORT": str(settings.port),
        "MINISTACK_ACCOUNT_ID": settings.account,
        "MINISTACK_REGION": settings.region,
        "IOT_MTLS_ENABLED": "0",  # else port 8883 opens too
        "SFTP_ENABLED": "0",
        # Else what another user has put below /tmp under these names would be taken for the server's own.
        "STATE_DIR": str(settings.folder / "tmp" / "state"),
        "S3_DATA_DIR": str(settings.folder / "tmp" / "objects"),
        "DOCKER_HOST": f"unix://{settings.folder}/no-docker.sock",  # never touch containers of this machine
        "LAMBDA_EXECUTOR": "local",
        "SFN_WAIT_SCALE": str(wait_scale),
        # Training runs beside the server on few cores: spinning OpenMP threads starve it.
        "OMP_WAIT_POLICY": "PASSIVE",
    }


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _refuse_taken_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortInUseError(
                f"port {port} on 127.0.0.1 can not be used ({error.strerror}): "
                "give another port, or none for a free one"
            ) from None


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Whether it has, without reaping it: until then nobody else can get its process id, nor its group's."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of the server's process group, which carries the server's process id."""
    # macOS says EPERM, not ESRCH, when only a zombie is left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
