"""Brings a new fleet behind an endpoint without downtime, or goes back to the old one."""

import functools
import logging
import time
from dataclasses import dataclass, field

from constructs_lib.rehearsal.cloud import background
from constructs_lib.rehearsal.cloud.as_role import AsRole, Denied
from constructs_lib.rehearsal.cloud.connection import Connection
from constructs_lib.rehearsal.cloud.errors import AccessDeniedError, ServiceError
from constructs_lib.rehearsal.cloud.hosting import deployment_policy
from constructs_lib.rehearsal.cloud.hosting.capture import Capture
from constructs_lib.rehearsal.cloud.hosting.containers import Containers, Unhealthy
from constructs_lib.rehearsal.cloud.hosting.endpoint import Endpoint
from constructs_lib.rehearsal.cloud.hosting.fleet import Fleet, Variant
from constructs_lib.rehearsal.cloud.hosting.models import Models
from constructs_lib.rehearsal.cloud.hosting.records import EndpointConfig
from constructs_lib.rehearsal.cloud.ministack.ministack import Caller
from constructs_lib.rehearsal.cloud.store import Json, Place, Store

logger = logging.getLogger(__name__)
_BAKING = 1.5
"""The most seconds that all waits of a deployment take together; on AWS each can be an hour."""

_POLL = 0.1
_SETTLING = 0.3
"""Seconds that a change of capacity or a deletion takes at least, so that a client that does not wait is caught. On AWS
it is minutes."""


class RolledBack(Exception):  # noqa: N818 - says what happened
    """The new fleet must go; the text is fit for a `FailureReason`."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What an endpoint is to become."""

    place: Place
    endpoint: Endpoint
    config: EndpointConfig
    caller_may_grant: bool
    deployment: Json = field(default_factory=dict)
    retain: bool = False
    excluded: tuple[str, ...] = ()


class Rollouts:
    """Carries out changes of endpoints, each in a thread of its own."""

    def __init__(self, store: Store, models: Models, containers: Containers, connection: Connection) -> None:
        self._store = store
        self._models = models
        self._containers = containers
        self._connection = connection

    def start(self, change: Change) -> None:
        """Carry out a change in the background."""
        background.start(f"endpoint-{change.endpoint.name}", functools.partial(self._run, change))

    def set_capacities(self, endpoint: Endpoint) -> None:
        """Give the variants of an endpoint, in the background, what they are wanted to have."""

        def run() -> None:
            time.sleep(_SETTLING)
            with self._store.lock:
                for variant in endpoint.fleet.variants.values() if endpoint.fleet else ():
                    variant.become_wanted()
                endpoint.coming.clear()
                endpoint.become("InService")

        wanted = [variant for variant in endpoint.fleet.variants.values() if variant.wanted] if endpoint.fleet else []
        endpoint.tell_deployment("Updating", len(wanted))
        background.start(f"endpoint-{endpoint.name}", run)

    def remove(self, place: Place, endpoint: Endpoint) -> None:
        """Take an endpoint that is being deleted out of service in the background; its name is free in the end."""
        endpoint.coming = endpoint.instances
        fleet, endpoint.fleet = endpoint.fleet, None

        def run() -> None:
            try:
                if fleet is not None:
                    fleet.stop()
                time.sleep(_SETTLING)
            finally:
                with self._store.lock:
                    del self._store.at(place).of(Endpoint)[endpoint.name.lower()]

        background.start(f"endpoint-{endpoint.name}", run)

    def _run(self, change: Change) -> None:
        endpoint, arriving = change.endpoint, Fleet(config=change.config)
        try:
            self._bring_up(change, arriving)
            self._shift(change, arriving)
        except Exception as error:
            if not isinstance(error, (Denied, RolledBack, ServiceError, Unhealthy)):
                logger.exception("endpoint %s", endpoint.name)
            self._roll_back(change, arriving, str(error))
            return
        with self._store.lock:
            leaving = [fleet for fleet in (endpoint.fleet,) if fleet]
            endpoint.fleet, endpoint.arriving, endpoint.share = arriving, None, 0.0
            endpoint.config_name = change.config.name
            endpoint.coming.clear()
            endpoint.become("InService")
        for fleet in leaving:
            fleet.stop()

    def _bring_up(self, change: Change, arriving: Fleet) -> None:
        request = change.config.request
        _tell(change, "Creating")
        for settings in request["ProductionVariants"]:
            name = settings["VariantName"]
            try:
                serving = self._containers.start(
                    change.place,
                    self._models.find(change.place, settings["ModelName"]),
                    volume_key=request.get("KmsKeyId"),
                    caller_may_grant=change.caller_may_grant,
                )
            except Unhealthy as error:
                raise RolledBack(
                    f"The primary container for production variant {name} did not pass the ping health check. {error}"
                ) from None
            arriving.variants[name] = Variant.of(settings, serving)
        if settings := request.get("DataCaptureConfig"):
            arriving.capture = Capture(settings, change.endpoint.name)
        former = change.endpoint.fleet
        if change.retain and former is not None:
            arriving.retain(former, change.excluded)

    def _shift(self, change: Change, arriving: Fleet) -> None:
        endpoint = change.endpoint
        names = deployment_policy.alarms(change.deployment)
        if endpoint.fleet is None:
            return
        steps = deployment_policy.steps(change.deployment, change.config.request)
        with self._store.lock:
            endpoint.arriving = arriving
        alarms = Alarms(names, next(iter(arriving.variants.values())).serving.role, self._connection)
        for share in steps.shares:
            with self._store.lock:
                endpoint.share = share
            _tell(change, "ActivatingTraffic")
            # "Alarms are a prerequisite for using baking periods", so without any there is none.
            if names:
                _tell(change, "Baking")
                alarms.watch(min(steps.seconds, _BAKING / len(steps.shares)))

    def _roll_back(self, change: Change, arriving: Fleet, reason: str) -> None:
        endpoint = change.endpoint
        with self._store.lock:
            if endpoint.fleet is not None:
                endpoint.become("RollingBack")
            _tell(change, "Deleting")
            endpoint.arriving, endpoint.share = None, 0.0
        arriving.stop()
        with self._store.lock:
            endpoint.coming.clear()
            endpoint.failure_reason = reason
            endpoint.become("InService" if endpoint.fleet else "Failed")


def _tell(change: Change, status: str) -> None:
    """Tell what is done to the variants that come in place of others; a new endpoint is no deployment."""
    if change.endpoint.fleet is not None:
        change.endpoint.tell_deployment(status, len(change.config.request["ProductionVariants"]))


@dataclass(frozen=True)
class Alarms:
    """The alarms that roll an endpoint back, read with the permissions of the model's role."""

    names: list[str]
    role: AsRole
    connection: Connection

    def watch(self, seconds: float) -> None:
        """Look at them for a while, at least once.

        Raises:
            RolledBack: One is in alarm or is not there.
            Denied: The role may not describe them.
        """
        deadline = time.monotonic() + seconds
        while True:
            self._look()
            if time.monotonic() >= deadline:
                return
            time.sleep(_POLL)

    def _look(self) -> None:
        place = self.role.place
        for name in self.names:
            arn = f"arn:aws:cloudwatch:{place.region}:{place.account}:alarm:{name}"
            try:  # the embedded CloudWatch asks for the permission on every alarm
                Caller(self.role.credentials.access_key).require("cloudwatch:DescribeAlarms", arn)
            except AccessDeniedError as error:
                raise Denied(error.message) from None
        cloudwatch = self.connection.as_root("cloudwatch")
        found = cloudwatch.describe_alarms(AlarmNames=self.names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        states = {alarm["AlarmName"]: alarm["StateValue"] for kind in ("MetricAlarms", "CompositeAlarms")
                  for alarm in found.get(kind, ())}  # fmt: skip
        if missing := [name for name in self.names if name not in states]:
            raise RolledBack(f"There is no alarm {', '.join(missing)}")
        if tripped := [name for name in self.names if states[name] == "ALARM"]:
            raise RolledBack(f"The deployment was rolled back because of alarms: {', '.join(tripped)}")
