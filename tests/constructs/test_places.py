"""What lies in another account or region than those who use it is told, whichever prop it is given to."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLJobV2,
    AutoMLProvider,
    Channel,
    DataCapture,
    FeatureSpecification,
    Holdout,
    Mode,
    OutputLocation,
    RealTime,
    Tabular,
)

from ..fuzz.subjects import MADE_BY_FACTORIES, SUBJECTS, Subject, World, name_of
from .synthesis import data_bucket, new_job, new_stack, request_of, template_of, warnings_of

HERE: Final = cdk.Environment(account="111111111111", region="eu-west-1")
THERE: Final = cdk.Environment(account="222222222222", region="us-east-1")
OTHER_ACCOUNT: Final = cdk.Environment(account=THERE.account, region=HERE.region)


class Places(World):
    """A world whose stack is here, with things that are of it, and things that are not."""

    def __init__(self, there: cdk.Environment = THERE) -> None:
        super().__init__(cdk.Environment(account="123456789012", region=HERE.region))
        self._there = there

    @cached_property
    def there(self) -> cdk.Stack:
        """A stack that is elsewhere."""
        return cdk.Stack(self.app, "There", env=self._there)

    @property
    def far_bucket(self) -> s3.IBucket:
        return s3.Bucket(self.there, self.fresh_id(), bucket_name=f"data-there-{self.made}")

    @property
    def far_key(self) -> kms.IKey:
        return kms.Key(self.there, self.fresh_id())

    @property
    def locked_bucket(self) -> s3.IBucket:
        """A bucket of which only the key is elsewhere."""
        arn = "arn:aws:s3:::data-bucket"
        return s3.Bucket.from_bucket_attributes(
            self.stack, self.fresh_id(), bucket_arn=arn, encryption_key=self.far_key
        )

    @property
    def far_subnet(self) -> ec2.SubnetSelection:
        return ec2.SubnetSelection(subnets=[ec2.Subnet.from_subnet_id(self.there, self.fresh_id(), "subnet-1")])

    @property
    def far_alarm(self) -> cloudwatch.IAlarm:
        """Imported into the stack here: its ARN alone says where it is."""
        arn = "arn:aws:cloudwatch:us-east-1:222222222222:alarm:there"
        return cloudwatch.Alarm.from_alarm_arn(self.stack, self.fresh_id(), arn)

    @property
    def far_group(self) -> ec2.ISecurityGroup:
        return ec2.SecurityGroup.from_security_group_id(self.there, self.fresh_id(), "sg-1")


Value = Callable[[Places], Any]

ELSEWHERE: Final[dict[str, dict[str, Value]]] = {
    "IBucket": {"bucket": lambda world: world.far_bucket, "key of a bucket": lambda world: world.locked_bucket},
    "IKey": {"key": lambda world: world.far_key},
    "IRole": {
        "role": lambda world: iam.Role.from_role_arn(world.there, world.fresh_id(), "arn:aws:iam::222222222222:role/x")
    },
    "IVpc": {"network": lambda world: ec2.Vpc(world.there, world.fresh_id())},
    "SubnetSelection": {"subnet": lambda world: world.far_subnet},
    "Sequence[ISecurityGroup]": {"group": lambda world: [world.far_group]},
    "Channel": {
        "bucket": lambda world: Channel.from_bucket(world.far_bucket, "train/"),
        "key of a bucket": lambda world: Channel.from_bucket(world.locked_bucket, "train/"),
        "bucket of a list": lambda world: Channel.from_manifest(world.far_bucket, "m", data_prefix="train/"),
    },
    "FeatureSpecification": {
        "bucket": lambda world: FeatureSpecification.from_bucket(world.far_bucket, "f.json"),
        "key of a bucket": lambda world: FeatureSpecification.from_bucket(world.locked_bucket, "f.json"),
    },
    "OutputLocation": {
        "bucket": lambda world: OutputLocation.from_bucket(world.far_bucket, "out/"),
        "key of a bucket": lambda world: OutputLocation.from_bucket(world.locked_bucket, "out/"),
        "key": lambda world: OutputLocation.from_bucket(world.bucket, "out/", encryption_key=world.far_key),
    },
    "Holdout": {
        "bucket": lambda world: Holdout.from_bucket(world.far_bucket, "h.csv"),
        "key of a bucket": lambda world: Holdout.from_bucket(world.locked_bucket, "h.csv"),
    },
    "IAlarm": {"alarm": lambda world: world.far_alarm},
    "Sequence[IAlarm]": {"alarm": lambda world: [world.far_alarm]},
    "IEventBus": {
        "bus": lambda world: events.EventBus.from_event_bus_name(world.there, world.fresh_id(), "ml"),
    },
    "ITopic": {"key of a topic": lambda world: sns.Topic(world.stack, world.fresh_id(), master_key=world.far_key)},
}
"""What props take that is somewhere, by its type, and what is elsewhere of it."""

TARGETS: Final = {"on_completed", "on_failed", "on_finished"}
"""They hand a topic on to the CDK, which allows what is needed."""

NEEDED_TOO: Final[dict[str, Value]] = {
    "vpc_subnets": lambda world: {"vpc": world.vpc},
    "security_groups": lambda world: {"vpc": world.vpc},
    "features": lambda _: {"mode": Mode.ENSEMBLING},
}
"""Props without which another one is refused for another reason."""


@dataclass(frozen=True)
class Case:
    subject: Subject
    prop: str
    kind: str

    def __str__(self) -> str:
        return f"{name_of(self.subject)}-{self.prop}-{self.kind}".replace(" ", "_")


def types_of(annotation: object) -> list[str]:
    """Their names without modules: signatures of dataclasses show those alone."""
    return [re.sub(r"\b\w+\.", "", part).strip() for part in str(annotation).split("|")]


def cases() -> Iterator[Case]:
    """Every prop of everything public that takes something which is somewhere."""
    for subject in SUBJECTS:
        if subject.of.__name__ in TARGETS:
            continue
        for prop, parameter in inspect.signature(subject.of).parameters.items():
            kinds = [kind for name in types_of(parameter.annotation) for kind in ELSEWHERE.get(name, ())]
            yield from (Case(subject, prop, kind) for kind in kinds)


def value_of(case: Case, world: Places) -> Any:
    annotation = inspect.signature(case.subject.of).parameters[case.prop].annotation
    (value,) = (ELSEWHERE[name][case.kind] for name in types_of(annotation) if name in ELSEWHERE)
    return value(world)


def call(case: Case, world: Places) -> None:
    taken = inspect.signature(case.subject.of).parameters
    needed = NEEDED_TOO[case.prop](world) if case.prop in NEEDED_TOO else {}
    needed = {name: value for name, value in needed.items() if name in taken}
    subject = replace(case.subject, given=lambda _: {**case.subject.given(world), **needed})
    subject.call(world, case.prop, value_of(case, world))


@pytest.mark.parametrize("case", list(cases()), ids=str)
def test_what_lies_elsewhere_is_refused_whichever_prop_it_is(case: Case) -> None:
    world = Places()
    case.subject.call(world)

    with pytest.raises(ValueError, match=r"is in the (account 2{12}|region us-east-1), and the ") as told:
        call(case, world)

    is_factory = any(name_of(case.subject).startswith(made.__name__) for made in MADE_BY_FACTORIES)
    assert is_factory or re.search(rf"'(\w+\.)*{case.prop}\b[^']*' is in the ", str(told.value))


def test_every_kind_of_thing_is_tried_where_it_is_taken() -> None:
    """A type that nothing takes any more would be a table that tests nothing."""
    tried = {(name_of(case.subject), case.prop) for case in cases()}
    taken = {
        name
        for subject in SUBJECTS
        for each in inspect.signature(subject.of).parameters.values()
        for name in types_of(each.annotation)
    }

    assert set(ELSEWHERE) <= taken
    assert ("AutoMLJobV2", "emr_serverless_role") in tried
    assert ("Asynchronous", "input_bucket") in tried
    assert ("AutoMLProvider.configure", "log_encryption_key") in tried
    assert {name for name in taken if re.match(r"I[A-Z]", name)} - set(ELSEWHERE) <= NOT_HERE


NOT_HERE: Final = {
    *("IGrantable", "IManagedPolicy", "IRuleTarget"),
    *("IAutoMLJob", "IAutoMLJobOutcome", "IStringParameter"),
}
"""Whoever is granted something may be anywhere, a boundary is the roles' own affair, and targets are the CDK's. Where
jobs are is compared by a rule of its own; a parameter is read by the stack itself."""


# -------------------------------------------------------------------------------------------------- what is said of it


def new_job_v2(stack: cdk.Stack, **props: Any) -> AutoMLJobV2:
    given: dict[str, Any] = {
        "training_data": Channel.from_bucket(data_bucket(stack), "train/"),
        "problem": Tabular(target_attribute="y", mode=Mode.ENSEMBLING),
        **props,
    }
    return AutoMLJobV2(stack, "Job", **given)


def stacks(there: cdk.Environment = THERE) -> tuple[cdk.Stack, cdk.Stack]:
    app = cdk.App()
    return cdk.Stack(app, "Here", env=HERE), cdk.Stack(app, "There", env=there)


PLACES: dict[str, tuple[Callable[[cdk.Stack, cdk.Stack], dict[str, Any]], str]] = {
    "training data": (
        lambda _, there: {"training_data": Channel.from_bucket(s3.Bucket(there, "B", bucket_name="data-there"), "x")},
        "'training_data' is in the region us-east-1, and the stack in eu-west-1",
    ),
    "output": (
        lambda _, there: {"output": OutputLocation.from_bucket(s3.Bucket(there, "B", bucket_name="data-there"), "x")},
        "'output' is in the region us-east-1, and the stack in eu-west-1",
    ),
    "features": (
        lambda _, there: {
            "features": FeatureSpecification.from_bucket(s3.Bucket(there, "B", bucket_name="data-there"), "x")
        },
        "'features' is in the region us-east-1, and the stack in eu-west-1",
    ),
    "volume key": (
        lambda _, there: {"volume_encryption_key": kms.Key(there, "K")},
        "'volume_encryption_key' is in the region us-east-1, and the stack in eu-west-1",
    ),
    "network": (
        lambda _, there: {"vpc": ec2.Vpc(there, "V")},
        "'vpc' is in the account 222222222222, and the stack in 111111111111",
    ),
    "role": (
        lambda _, there: {"role": iam.Role.from_role_arn(there, "R", "arn:aws:iam::222222222222:role/x")},
        "'role' is in the account 222222222222, and the stack in 111111111111",
    ),
    "key of the output": (
        lambda here, there: {
            "output": OutputLocation.from_bucket(data_bucket(here), encryption_key=kms.Key(there, "K"))
        },
        "'output.encryption_key' is in the region us-east-1, and the stack in eu-west-1",
    ),
    "security group": (
        lambda here, there: {
            "vpc": ec2.Vpc(here, "V"),
            "security_groups": [ec2.SecurityGroup.from_security_group_id(there, "G", "sg-1")],
        },
        r"'security_groups\[0\]' is in the account 222222222222, and the stack in 111111111111: a network is of one "
        "account and region; import one that is shared with yours into your stack",
    ),
}


@pytest.mark.parametrize(("props", "message"), PLACES.values(), ids=PLACES)
def test_what_lies_elsewhere_is_refused(props: Callable[[cdk.Stack, cdk.Stack], dict[str, Any]], message: str) -> None:
    here, there = stacks()
    with pytest.raises(ValueError, match=message):
        new_job(here, **props(here, there))


def test_a_role_for_emr_serverless_is_of_the_jobs_account() -> None:
    here, there = stacks()
    role = iam.Role.from_role_arn(there, "R", "arn:aws:iam::222222222222:role/x")
    with pytest.raises(
        ValueError, match="'emr_serverless_role' is in the account 222222222222, and the stack in 111111111111"
    ):
        new_job_v2(here, emr_serverless_role=role)


def test_features_of_a_problem_are_compared_too() -> None:
    here, there = stacks()
    features = FeatureSpecification.from_bucket(s3.Bucket(there, "B", bucket_name="data-there"), "f.json")
    with pytest.raises(ValueError, match="features' is in the region us-east-1, and the stack in eu-west-1"):
        new_job_v2(here, problem=Tabular(target_attribute="y", mode=Mode.ENSEMBLING, features=features))


KEY_THERE = "arn:aws:kms:us-east-1:111111111111:key/abc"
REQUESTS: dict[str, tuple[dict[str, Any], str]] = {
    "role": (
        {"RoleArn": "arn:aws:iam::222222222222:role/TheRole"},
        "'RoleArn' is in the account 222222222222, and the stack in 111111111111: a role can only be handed on within "
        "its account",
    ),
    "key of the output": (
        {"OutputDataConfig": {"S3OutputPath": "s3://data-bucket/out", "KmsKeyId": KEY_THERE}},
        "'OutputDataConfig.KmsKeyId' is in the region us-east-1, and the stack in eu-west-1",
    ),
    "key of the volumes": (
        {"SecurityConfig": {"VolumeKmsKeyId": KEY_THERE}},
        "'SecurityConfig.VolumeKmsKeyId' is in the region us-east-1, and the stack in eu-west-1",
    ),
    "role for EMR Serverless": (
        {
            "AutoMLComputeConfig": {
                "EmrServerlessComputeConfig": {"ExecutionRoleARN": "arn:aws:iam::222222222222:role/Emr"}
            }
        },
        "'AutoMLComputeConfig.EmrServerlessComputeConfig.ExecutionRoleARN' is in the account 222222222222",
    ),
}


def request(**members: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://data-bucket/x"}
    return {
        "AutoMLJobInputDataConfig": [{"DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": "s3://data-bucket/out"},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "RoleArn": "arn:aws:iam::111111111111:role/TheRole",
        **members,
    }


@pytest.mark.parametrize(("members", "message"), REQUESTS.values(), ids=REQUESTS)
def test_arns_of_a_request_are_compared_in_its_own_names(members: dict[str, Any], message: str) -> None:
    here, _ = stacks()
    with pytest.raises(ValueError, match=message):
        AutoMLJobV2.from_request(here, "Job", request(**members))


@pytest.mark.parametrize("key", ["alias/mine", "1234abcd", "arn:aws:kms:eu-west-1:111111111111:key/abc"])
def test_a_key_that_may_be_here_passes(key: str) -> None:
    here, _ = stacks()
    job = AutoMLJobV2.from_request(here, "Job", request(SecurityConfig={"VolumeKmsKeyId": key}))

    assert not any("places" in each for each in warnings_of(job))


def test_the_output_of_a_job_made_elsewhere_lies_where_the_job_runs() -> None:
    here, there = stacks()
    output = OutputLocation.from_bucket(s3.Bucket(there, "B", bucket_name="data-there"), "out/")
    arn = "arn:aws:sagemaker:{}:222222222222:automl-job/found"

    with pytest.raises(ValueError, match="'output' is in the region us-east-1, and the job in eu-west-1"):
        AutoMLJob.from_job_name(here, "ByName", "found", output=output)
    with pytest.raises(ValueError, match="'output' is in the region us-east-1, and the job in eu-west-1"):
        AutoMLJob.from_job_arn(here, "ByArn", arn.format("eu-west-1"), output=output)
    assert AutoMLJob.from_job_arn(here, "Found", arn.format("us-east-1"), output=output).job_name == "found"


def elsewhere(there: cdk.Stack) -> s3.IBucket:
    """A bucket that this app does not make: nobody here can see its policy."""
    return s3.Bucket.from_bucket_name(there, "B", "data-there")


DOUBTS: dict[str, tuple[Callable[[World, cdk.Stack], Any], str]] = {
    "bucket": (
        lambda world, there: new_job(world.stack, output=OutputLocation.from_bucket(elsewhere(there), "out/")),
        "'output' is in the account 222222222222, and the stack in 111111111111: its policy has to allow the role, too",
    ),
    "key": (
        lambda world, there: new_job(
            world.stack,
            volume_encryption_key=kms.Key.from_key_arn(there, "K", "arn:aws:kms:eu-west-1:222222222222:key/abc"),
        ),
        "'volume_encryption_key' is in the account 222222222222, and the stack in 111111111111: its policy has to "
        "allow the role, too",
    ),
    "data of a transform job": (
        lambda world, there: world.outcome.transform(
            data=Channel.from_bucket(elsewhere(there), "ask/"),
            instance_type="ml.m5.large",
        ),
        "'data' is in the account 222222222222, and the stack in 111111111111: its policy has to allow the role, too",
    ),
    "result of an outcome": (
        lambda world, there: AutoMLJobOutcome(
            world.stack,
            "Judged",
            job=AutoMLJob.from_job_name(
                world.stack,
                "Found",
                "found",
                output=OutputLocation.from_bucket(elsewhere(there), "out/"),
            ),
        ),
        "the bucket of the job's 'output' is in the account 222222222222, and the stack in 111111111111: its policy "
        "has to allow this stack's function, too",
    ),
    "what an endpoint keeps": (
        lambda world, there: AutoMLEndpoint(
            world.stack,
            "Served",
            outcome=world.outcome,
            serving=RealTime(instance_type="ml.m5.large"),
            data_capture=DataCapture(destination=OutputLocation.from_bucket(elsewhere(there), "seen/")),
        ),
        "'data_capture.destination' is in the account 222222222222, and the stack in 111111111111: its policy has to "
        "allow the role, too",
    ),
    "key of the logs": (
        lambda world, there: AutoMLProvider.of(world.stack).configure(
            log_encryption_key=kms.Key.from_key_arn(there, "K", "arn:aws:kms:eu-west-1:222222222222:key/abc")
        ),
        "'log_encryption_key' is in the account 222222222222, and the stack in 111111111111: its policy has to allow "
        "CloudWatch Logs, too",
    ),
}


@pytest.mark.parametrize(("make", "message"), DOUBTS.values(), ids=DOUBTS)
def test_what_another_account_has_to_allow_is_told(make: Callable[[World, cdk.Stack], Any], message: str) -> None:
    world = World(HERE)
    made = make(world, cdk.Stack(world.app, "There", env=OTHER_ACCOUNT))

    assert [each.count(message) for each in warnings_of(made) if " is in the " in each] == [1], warnings_of(made)


def test_what_may_lie_elsewhere_does_not_matter() -> None:
    here, _ = stacks()
    key = kms.Key.from_key_arn(here, "K", "arn:aws:kms:eu-west-1:222222222222:key/abc")
    new_job(here, volume_encryption_key=key, output=OutputLocation.from_bucket(data_bucket(here), encryption_key=key))

    assert request_of(template_of(here))["OutputDataConfig"]["KmsKeyId"].endswith("222222222222:key/abc")


def test_role_has_to_trust_the_service() -> None:
    stack = new_stack()
    new_job(stack, role=iam.Role(stack, "R", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")))

    with pytest.raises(RuntimeError, match=r"the 'role' 'Stack/R' must trust sagemaker\.amazonaws\.com"):
        template_of(stack)


def test_role_that_trusts_several_services_is_fine() -> None:
    stack = new_stack()
    both = (iam.ServicePrincipal(f"{name}.amazonaws.com") for name in ("ec2", "sagemaker"))
    new_job(stack, role=iam.Role(stack, "R", assumed_by=iam.CompositePrincipal(*both)))

    assert template_of(stack)


EMR = "emr-serverless.amazonaws.com"


def test_role_for_emr_serverless_has_to_trust_it() -> None:
    stack = new_stack()
    new_job_v2(
        stack, emr_serverless_role=iam.Role(stack, "R", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    )

    with pytest.raises(RuntimeError, match=rf"the 'emr_serverless_role' 'Stack/R' must trust {EMR}"):
        template_of(stack)


def test_role_for_emr_serverless_that_trusts_it_is_fine() -> None:
    stack = new_stack()
    new_job_v2(stack, emr_serverless_role=iam.Role(stack, "R", assumed_by=iam.ServicePrincipal(EMR)))

    assert template_of(stack)
