"""What endpoints do that serve the candidate of the run's job."""

import time
from collections.abc import Iterator
from typing import Any, Final

from .. import aws as account
from .. import policies
from ..aws import is_an_answer, refusal, told
from ..probe import Probe, Run
from ..seen import Seen, agrees, differs, refused, unchecked
from ..stack import Resources, Stack, allow, key, network, role, role_of
from ..things import ENDPOINT, ENDPOINT_CONFIG, MODEL
from .jobs import SAMPLE, group

INSTANCE: Final = "ml.m5.large"
_CHANGING: Final = ("Creating", "Updating", "SystemUpdating", "RollingBack")

_ROLLOUT_SECONDS: Final = 5400
_ROLLOUT_INSTANCES: Final = 4
"""Two instances, and two that are to take over."""

CAPTURE_SECONDS: Final = 600.0
"""How long what an endpoint was asked may take until it is kept."""

_ASYNC_SECONDS: Final = 2700
_PERCENT_BEFORE, _PERCENT_AFTER = 100, 50


class Served:
    """One endpoint of this run, and the time until it is deleted whatever it does."""

    def __init__(self, run: Run, stack: Stack, what: str, seconds: float) -> None:
        """Nothing is made yet.

        Args:
            run: The run, which has a candidate.
            stack: It has `Role`, the model's role, and `Caller`, who makes the endpoint: the service may use the
                caller's permissions where the model's role lacks some, so it must not be the user.
            what: The end of the endpoint's name.
            seconds: How long it may live.
        """
        self._run = run
        self._stack = stack
        self._sagemaker = run.aws.client("sagemaker")
        self._deadline = time.monotonic() + seconds * account.PACE
        self._configs = 0
        self.name = run.aws.name(what)

    def model(self, *, copies: int = 1, **more: Any) -> str:
        """Make a model of the candidate; returns its name."""
        name = f"{self.name}-model"
        self._run.ledger.note(MODEL, name)
        assert self._run.candidate is not None  # noqa: S101 - the run looks before it starts such a probe
        containers = [*self._run.candidate.containers] * copies
        asked = {"ModelName": name, "ExecutionRoleArn": self._stack["RoleArn"], "Containers": containers}
        self._patiently(lambda: self._sagemaker.create_model(**asked, **more, Tags=self._run.aws.tags))
        return name

    def config(self, model: str, *, variant: dict[str, Any] | None = None, **more: Any) -> str:
        """Make a configuration; returns its name."""
        self._configs += 1
        name = f"{self.name}-{self._configs}"
        self._run.ledger.note(ENDPOINT_CONFIG, name)
        instances = {"InstanceType": INSTANCE, "InitialInstanceCount": 1}
        variants = [{"VariantName": "probe", "ModelName": model, **(variant or instances)}]
        self._as_caller(
            "create_endpoint_config",
            EndpointConfigName=name,
            ProductionVariants=variants,
            Tags=self._run.aws.tags,
            **more,
        )
        return name

    def create(self, config: str) -> None:
        """Have it made."""
        self._run.ledger.note(ENDPOINT, self.name)
        self._as_caller("create_endpoint", EndpointName=self.name, EndpointConfigName=config, Tags=self._run.aws.tags)

    def update(self, config: str, **more: Any) -> None:
        """Have it changed."""
        self._as_caller("update_endpoint", EndpointName=self.name, EndpointConfigName=config, **more)

    def scale(self, instances: int) -> None:
        """Have another number of instances."""
        wanted = [{"VariantName": "probe", "DesiredInstanceCount": instances}]
        self._as_caller(
            "update_endpoint_weights_and_capacities", EndpointName=self.name, DesiredWeightsAndCapacities=wanted
        )

    def now(self) -> dict[str, Any]:
        """What it is now."""
        found: dict[str, Any] = self._sagemaker.describe_endpoint(EndpointName=self.name)
        return found

    def settled(self) -> dict[str, Any]:
        """Wait until it changes no more, or its time is over; returns what it is then."""
        left = max(0.0, self._deadline - time.monotonic()) / account.PACE
        self._run.aws.until(lambda: self.now()["EndpointStatus"] not in _CHANGING, seconds=left, every=15)
        return self.now()

    def remove(self) -> None:
        """Do what is due to remove it."""
        """Delete it now: it costs something."""
        for problem in self._run.ledger.remove(ENDPOINT, self.name):
            self._run.say(f"not removed yet: {problem}")

    def _as_caller(self, operation: str, **asked: Any) -> None:
        # Each time anew: a session of a role lasts an hour.
        call = getattr(self._stack.clients_of("Caller")("sagemaker"), operation)
        self._run.aws.patiently(lambda: call(**asked))

    def _patiently(self, call: Any) -> None:
        """A role of a moment ago may not be usable yet."""
        if not self._run.aws.until(lambda: refusal(call) is None, seconds=60, every=10):
            call()


def _roles(run: Run, *statements: policies.Statement) -> Resources:
    assert run.candidate is not None  # noqa: S101 - the run looks before it starts such a probe
    bucket = f"arn:{run.aws.partition}:s3:::{run.candidate.stack['Bucket']}"
    objects = allow(["s3:GetObject", "s3:PutObject"], [f"{bucket}/*"])
    listing = allow(["s3:ListBucket"], [bucket])
    return {
        "Role": role_of("sagemaker.amazonaws.com", *policies.SERVING, objects, listing, *statements),
        "Caller": role(run.aws, *policies.CALLER_OF_ENDPOINTS),
    }


def _uri(run: Run, folder: str) -> str:
    assert run.candidate is not None  # noqa: S101 - the run looks before it starts such a probe
    return f"s3://{run.candidate.stack['Bucket']}/{folder}"


def _capture(run: Run, percent: int, folder: str) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percent,
        "DestinationS3Uri": _uri(run, folder),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }


def _percent(endpoint: dict[str, Any]) -> int | None:
    found: int | None = endpoint.get("DataCaptureConfig", {}).get("CurrentSamplingPercentage")
    return found


class Rollout(Probe):
    """An endpoint that is scaled, changed, rolled back by an alarm, and changed back."""

    ids = ("endpoint-volume", "scaled-capture", "rollback-alarms", "config-after-rollback", "update-back")
    makes = f"two roles, a KMS key, an alarm, and an endpoint with up to two {INSTANCE} (four while it changes)"
    trains = True
    needs_candidate = True

    def instance_minutes(self, wanted: frozenset[str]) -> int:
        """What it is bounded by."""
        del wanted
        return int((_ROLLOUT_SECONDS + ENDPOINT.seconds) * _ROLLOUT_INSTANCES // 60)

    def template(self, run: Run) -> Resources:
        """Its stack."""
        name = run.aws.name("alarm")
        alarm = {
            "AlarmName": name,
            "Namespace": "automl-verify",
            "MetricName": "Nothing",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 1000000,
            "TreatMissingData": "ignore",
        }
        statements = [policies.roll_back(run.aws.arn("cloudwatch", f"alarm:{name}"))]
        resources: Resources = {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}}
        if "endpoint-volume" in run.wanted:
            resources["Key"] = key()
            statements.append(policies.VOLUME_KEY)
        return {**resources, **_roles(run, *statements)}

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        served = Served(run, stack, "rollout", _ROLLOUT_SECONDS)
        try:
            yield from self._look(run, stack, served)
        finally:
            served.remove()

    def _look(self, run: Run, stack: Stack, served: Served) -> Iterator[tuple[str, Seen]]:
        volume: dict[str, Any] = {"KmsKeyId": stack["KeyArn"]} if "endpoint-volume" in run.wanted else {}
        model = served.model()
        first = served.config(model, DataCaptureConfig=_capture(run, _PERCENT_BEFORE, "capture"), **volume)
        second = served.config(model, DataCaptureConfig=_capture(run, _PERCENT_AFTER, "capture"), **volume)
        if error := refusal(lambda: served.create(first)):
            state = told(error)
        else:
            endpoint = served.settled()
            state = f"{endpoint['EndpointStatus']} {endpoint.get('FailureReason', '')}".strip()
        if state != "InService":
            if volume:
                seen = differs if "kms" in state.lower() else unchecked
                yield "endpoint-volume", seen("The endpoint did not start", state)
            for each in self.ids[1:]:
                yield each, unchecked("The endpoint did not start", state)
            return
        if volume:
            yield "endpoint-volume", agrees("The endpoint with that key is in service")
        if "scaled-capture" in run.wanted:
            yield "scaled-capture", self._scaled(served, second)
        if run.wanted & {"rollback-alarms", "config-after-rollback", "update-back"}:
            yield from self._rolled_back(run, served, served.now()["EndpointConfigName"], {first, second})

    def _scaled(self, served: Served, second: str) -> Seen:
        served.scale(2)
        served.settled()
        excluded = [{"VariantPropertyType": "DataCaptureConfig"}]
        served.update(second, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded)
        endpoint = served.settled()
        count = endpoint["ProductionVariants"][0].get("DesiredInstanceCount")
        percent = _percent(endpoint)
        state = f"{endpoint['EndpointStatus']}, {count} instances, {percent} percent are captured"
        if endpoint["EndpointStatus"] != "InService" or endpoint["EndpointConfigName"] != second:
            return unchecked("The endpoint did not take the other configuration", state)
        if (count, percent) == (2, _PERCENT_AFTER):
            return agrees("The number of instances stays, and the capture changes", state)
        return differs(f"2 instances and {_PERCENT_AFTER} percent were expected", state)

    def _rolled_back(self, run: Run, served: Served, before: str, configs: set[str]) -> Iterator[tuple[str, Seen]]:
        (after,) = configs - {before}
        captured = _percent(served.now())
        cloudwatch, alarm = run.aws.client("cloudwatch"), run.aws.name("alarm")
        policy = {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 300},
                "MaximumExecutionTimeoutInSeconds": 1800,
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
        }
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="automl verify")
        if error := refusal(lambda: served.update(after, DeploymentConfig=policy)):
            named = "describealarms" in told(error).lower()
            yield "rollback-alarms", (differs if named else unchecked)("The deployment was refused", told(error))
            for each in self.ids[3:]:
                yield each, unchecked("There was no deployment to be rolled back", told(error))
            return
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="automl verify")
        endpoint = served.settled()
        status, serves = endpoint["EndpointStatus"], endpoint["EndpointConfigName"]
        reason = endpoint.get("FailureReason", "no reason is given")
        # What is captured tells which of the two fleets is in service, whatever the endpoint names.
        rolled_back = status == "InService" and _percent(endpoint) == captured
        which = {before: "the old one", after: "the new one"}.get(serves, "another")
        state = f"{status}; the configuration that it names is {which}; {reason}"
        if not rolled_back:
            denied = "describealarms" in reason.lower()
            seen = differs if denied else unchecked
            yield "rollback-alarms", seen("The alarm did not take the deployment back", state)
            for each in self.ids[3:]:
                yield each, unchecked("The alarm did not take the deployment back", state)
            return
        yield "rollback-alarms", agrees("The alarm has taken the deployment back", state)
        if which == "the old one":
            yield "config-after-rollback", agrees("The endpoint names its old configuration", state)
        else:
            yield "config-after-rollback", differs("The endpoint names another configuration than the old one", state)
        error = refusal(lambda: served.update(before))
        if error:
            text = "An update to the configuration in service is refused"
            yield "update-back", refused(text, told(error), is_an_answer=is_an_answer(error))
        else:
            yield "update-back", agrees("An update to the configuration in service is accepted")


class AsyncCapture(Probe):
    """An asynchronous endpoint that is to keep what it is asked."""

    ids = ("async-capture",)
    makes = f"two roles, and an asynchronous endpoint with one {INSTANCE}"
    trains = True
    needs_candidate = True

    def instance_minutes(self, wanted: frozenset[str]) -> int:
        """What it is bounded by."""
        del wanted
        return int((_ASYNC_SECONDS + ENDPOINT.seconds) // 60)

    def template(self, run: Run) -> Resources:
        """Its stack."""
        return _roles(run)

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        served = Served(run, stack, "async", _ASYNC_SECONDS)
        try:
            yield "async-capture", self._look(run, served)
        finally:
            served.remove()

    def _look(self, run: Run, served: Served) -> Seen:
        assert run.candidate is not None  # noqa: S101 - the run looks before it starts such a probe
        model, configs, bucket = served.model(), list[str](), run.candidate.stack["Bucket"]
        settings = {
            "DataCaptureConfig": _capture(run, 100, "async-capture"),
            "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": _uri(run, "async-out")}},
        }
        error = refusal(lambda: configs.append(served.config(model, **settings)))
        error = error or refusal(lambda: served.create(configs[0]))
        if error:
            return refused("The endpoint is refused", told(error), is_an_answer=is_an_answer(error))
        endpoint = served.settled()
        if endpoint["EndpointStatus"] != "InService":
            state = f"{endpoint['EndpointStatus']} {endpoint.get('FailureReason', '')}"
            return unchecked("The endpoint did not start", state)
        s3 = run.aws.client("s3")
        s3.put_object(Bucket=bucket, Key="async-in.csv", Body=f"{SAMPLE}\n".encode())
        run.aws.client("sagemaker-runtime").invoke_endpoint_async(
            EndpointName=served.name, InputLocation=_uri(run, "async-in.csv"), ContentType="text/csv"
        )

        def count(prefix: str, seconds: float) -> int:
            look = lambda: s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"]  # noqa: E731
            return int(run.aws.until(look, seconds=seconds, every=15))

        answers = count("async-out/", 300)
        kept = count("async-capture/", CAPTURE_SECONDS if answers else 0)
        if kept:
            return agrees("What the endpoint was asked is kept")
        if not answers:
            return unchecked("The endpoint gave no answer within 5 minutes")
        return differs("The endpoint answered, and nothing was kept for 10 minutes")


class ServerlessLimits(Probe):
    """Serverless endpoints with what they are said not to take."""

    ids = ("serverless-limits",)
    makes = "two roles, a VPC, and serverless endpoints if the service takes them, which cost nothing unasked"
    trains = True
    needs_candidate = True

    def template(self, run: Run) -> Resources:
        """Its stack."""
        return {**network(), **_roles(run, *policies.NETWORK)}

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        vpc = {"Subnets": [stack["Subnet"]], "SecurityGroupIds": [group(run, stack)]}
        asked: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
            "an inference pipeline": ({"copies": 2}, {}),
            "a VPC": ({"VpcConfig": vpc}, {}),
            "network isolation": ({"EnableNetworkIsolation": True}, {}),
            "data capture": ({}, {"DataCaptureConfig": _capture(run, 100, "serverless")}),
        }
        plain, told_of = self._try(Served(run, stack, "less0", 1200), {}, {})
        if plain != "InService":
            yield "serverless-limits", unchecked("The candidate does not serve on a plain one either", told_of)
            return
        taken, evidence, unclear = [], [], []
        for number, (what, (model, config)) in enumerate(asked.items(), 1):
            outcome, told_of = self._try(Served(run, stack, f"less{number}", 1200), model, config)
            evidence.append(f"{what}: {told_of}")
            taken += [what] if outcome == "InService" else []
            unclear += [what] if outcome == "" else []
        if taken:
            yield "serverless-limits", differs(f"A serverless endpoint takes {', '.join(taken)}", *evidence)
        elif unclear:
            yield "serverless-limits", unchecked(f"It is not known of {', '.join(unclear)}", *evidence)
        else:
            yield "serverless-limits", agrees("A serverless endpoint takes none of them", *evidence)

    def _try(self, served: Served, model: dict[str, Any], config: dict[str, Any]) -> tuple[str, str]:
        """What became of it: `InService`, `Failed`, `refused`, or nothing where it is unknown; and how it is told."""
        names: list[str] = []
        if error := refusal(lambda: names.append(served.model(**model))):
            return "", told(error)
        variant = {"ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 1}}

        def deploy() -> None:
            served.create(served.config(names[0], variant=variant, **config))

        if error := refusal(deploy):
            return ("refused" if is_an_answer(error) else ""), told(error)
        try:
            endpoint = served.settled()
        finally:
            served.remove()
        status = endpoint["EndpointStatus"]
        return (status if status in ("InService", "Failed") else ""), f"{status} {endpoint.get('FailureReason', '')}"
