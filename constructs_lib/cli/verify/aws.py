"""The account that is looked at: clients of the caller and of roles, names and tags of what is made, and time."""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")

PREFIX: Final = "automl-verify"
"""What all names of things that are made begin with; also their tag's key. Its value is the run."""

PACE = 1.0
"""How long a second of waiting takes: the rehearsal is faster than AWS."""

PROPAGATION: Final = 120.0
"""Seconds that a new role or policy may take until it is known everywhere."""

_DENIED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "403", "Forbidden")
_EXPIRED: Final = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "RequestExpired",
    "UnrecognizedClientException",
)


class CannotStartError(Exception):
    """There is nothing to be checked: no region, no credentials."""


class Aws:
    """An account and a region, seen with somebody's credentials; and one run there."""

    def __init__(self, session: Any, run: str | None = None) -> None:
        """Look at the account of a session.

        Args:
            session: A `boto3.Session` with a region.
            run: The run whose names and tags are used. Default: a new one.

        Raises:
            CannotStartError: Nobody says who calls.
        """
        import botocore.config
        import botocore.exceptions

        self._session = session
        self._config = botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 8})
        self._clients: dict[str, Any] = {}
        self.region: str = session.region_name
        try:
            self.partition: str = session.get_partition_for_region(self.region)
            # Soon told where nobody answers: no network, or a region that there is not.
            soon = botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=10)
            caller = session.client("sts", config=soon).get_caller_identity()
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, ValueError) as error:
            text = f"AWS does not tell whose credentials these are: {error}"
            if isinstance(error, botocore.exceptions.ClientError) and code(error) == "InvalidClientTokenId":
                text += f" (it says so, too, where a region is not enabled in the account: is {self.region}?)"
            raise CannotStartError(text) from None
        self.account: str = caller["Account"]
        self.caller: str = caller["Arn"]
        # One run is told from another by this, so nobody else has such a name.
        self.run = run or secrets.token_hex(4)
        self._external_id = secrets.token_hex(16)

    @classmethod
    def open(cls, *, profile: str | None, region: str | None) -> Self:
        """Look with the credentials that boto3 finds.

        Args:
            profile: A profile of the AWS configuration. Default: as boto3 chooses.
            region: The region. Default: that of the profile or the environment.

        Raises:
            CannotStartError: There is no such profile, no region or no credentials.
        """
        import boto3
        import botocore.exceptions

        try:
            session = boto3.Session(profile_name=profile, region_name=region)
        except botocore.exceptions.BotoCoreError as error:
            raise CannotStartError(str(error)) from None
        if not session.region_name:
            raise CannotStartError("no region: give --region, or set AWS_REGION")
        return cls(session)

    def client(self, service: str) -> Any:
        """A client with the caller's own credentials."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, config=self._config)
        return self._clients[service]

    def acting_as(self, role_arn: str) -> Callable[[str], Any]:
        """Clients of a role of this run; waits until it can be assumed."""
        request = {"RoleArn": role_arn, "RoleSessionName": PREFIX, "ExternalId": self._external_id}
        keys = self.patiently(lambda: self.client("sts").assume_role(**request))["Credentials"]
        return lambda service: self._session.client(
            service,
            config=self._config,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    @property
    def assumable(self) -> dict[str, Any]:
        """The trust policy of a role that this run assumes, and nobody else: they would need its external id."""
        return policy(
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{self.partition}:iam::{self.account}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": self._external_id}},
            }
        )

    @property
    def secrets(self) -> Mapping[str, str]:
        """What no report may hold, with what is written in its place."""
        names = self.caller.rpartition(":")[2].split("/")[1:]
        return {self.account: "<account>", self._external_id: "<secret>", **dict.fromkeys(names, "<caller>")}

    def name(self, what: str) -> str:
        """The name of something of this run; at most 32 characters, which is the most that a job takes."""
        return f"{PREFIX}-{self.run}-{what}"

    @property
    def tags(self) -> list[dict[str, str]]:
        """What everything of this run is tagged with."""
        return [{"Key": PREFIX, "Value": self.run}]

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def until(self, look: Callable[[], T], *, seconds: float, every: float = 5.0) -> T:
        """Look again and again until it gives something, or the time is over; returns the last."""
        deadline = time.monotonic() + seconds * PACE
        while not (found := look()) and time.monotonic() < deadline:
            self.sleep(every)
        return found

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds * PACE)

    def patiently(self, call: Callable[[], T], seconds: float = PROPAGATION) -> T:
        """Make a call that must be allowed in the end: a new permission takes a moment to be known everywhere."""
        import botocore.exceptions

        deadline = time.monotonic() + seconds * PACE
        while True:
            try:
                return call()
            except botocore.exceptions.ClientError as error:
                if not is_denied(error) or time.monotonic() >= deadline:
                    raise
            self.sleep(3.0)


def refusal(call: Callable[[], Any]) -> Any:
    """The error with which AWS refuses a call; None if it does not."""
    import botocore.exceptions

    try:
        call()
    except botocore.exceptions.ClientError as error:
        return error
    return None


def code(error: Any) -> str:
    """The code of a service's error."""
    return str(error.response["Error"].get("Code", ""))


def told(error: Any) -> str:
    """A service's error in one line."""
    return f"{error.operation_name}: {code(error)}: {error.response['Error'].get('Message', '')}"


def is_denied(error: Any) -> bool:
    """Whether IAM does not allow the call."""
    return code(error) in _DENIED


def is_locked_out(error: Any) -> bool:
    """Whether the caller's credentials are not good any more; boto3 itself renews those that can be."""
    import botocore.exceptions as botocore

    if isinstance(error, botocore.ClientError):
        return code(error) in _EXPIRED
    gone = (botocore.NoCredentialsError, botocore.CredentialRetrievalError, botocore.SSOError)
    return isinstance(error, (*gone, botocore.TokenRetrievalError))


def is_an_answer(error: Any) -> bool:
    """Whether an error is about what was asked, and not about who asked, how often, or how much there is already."""
    return code(error) in ("ValidationException", "ValidationError", "ConflictException")


def is_missing(error: Any) -> bool:
    """Whether there is no such thing."""
    text = str(error.response["Error"].get("Message", "")).lower()
    words = ("could not find", "does not exist", "can't find", "cannot find", "cannot be found", "not found")
    return code(error).startswith(("ResourceNotFound", "NoSuch")) or any(word in text for word in words)


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def as_json(value: object) -> str:
    """A value in one line."""
    return json.dumps(value, default=str, sort_keys=True)
