"""Buckets, keys and topics of another account of the app let in who needs them, and nobody else of that account."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from constructs_lib import (
    Asynchronous,
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLProvider,
    AutoMLRetraining,
    Channel,
    FeatureSpecification,
    Mode,
    OutputLocation,
    RealTime,
)
from constructs_lib.runtime import contract

from ..constructs.synthesis import as_list, data_bucket, flat, new_job, resources_of, statements_of, warnings_of

HERE, THERE = "1" * 12, "2" * 12


class App:
    """A stack with jobs, and one of another account with what they use."""

    def __init__(self) -> None:
        self.app = cdk.App()
        self.here = cdk.Stack(self.app, "Here", env=cdk.Environment(account=HERE, region="eu-west-1"))
        self.there = cdk.Stack(self.app, "There", env=cdk.Environment(account=THERE, region="eu-west-1"))

    def bucket(self, name: str = "data-there", **props: Any) -> s3.Bucket:
        return s3.Bucket(self.there, name, bucket_name=name, **props)

    def synthesize(self) -> None:
        assembly = self.app.synth(force=True)
        self.job_stack = assembly.get_stack_artifact("Here")
        self.data_stack = assembly.get_stack_artifact("There")

    def opened(self, kind: str = "AWS::S3::BucketPolicy") -> dict[tuple[str, str], set[str]]:
        """Which role may do what, by the policies of the other account: roles and actions, with resources."""
        found: dict[tuple[str, str], set[str]] = {}
        property_name = "KeyPolicy" if kind == "AWS::KMS::Key" else "PolicyDocument"
        for policy in resources_of(self.data_stack.template, kind).values():
            for statement in policy["Properties"][property_name]["Statement"]:
                if "aws:PrincipalArn" not in json.dumps(statement):
                    continue
                assert flat(statement["Principal"]["AWS"]) == f"arn:<Partition>:iam::{HERE}:root"
                assert statement["Effect"] == "Allow"
                role = flat(statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]).rpartition("/")[2]
                places = [flat(each).rpartition(".Arn>")[2] for each in as_list(statement["Resource"])]
                places += statement["Condition"].get("StringLike", {}).get("s3:prefix", [])
                for action in as_list(statement["Action"]):
                    found.setdefault((self.roles[role], action), set()).update(filter(None, places))
        return found

    @property
    def roles(self) -> dict[str, str]:
        """The logical ids of the roles here that have a name, by it."""
        roles = resources_of(self.job_stack.template, "AWS::IAM::Role")
        return {
            each["Properties"]["RoleName"]: name.rstrip("0123456789ABCDEF")
            for name, each in roles.items()
            if "RoleName" in each["Properties"]
        }


@pytest.fixture
def app() -> App:
    return App()


JOB, FUNCTION, MODEL = "JobRole", "SageMakerAutopilotProviderRole", "EndpointRole"


def test_bucket_lets_the_job_read_and_write(app: App) -> None:
    bucket = app.bucket()
    job = new_job(
        app.here,
        training_data=Channel.from_bucket(bucket, "train/"),
        validation_data=Channel.from_manifest(bucket, "lists/one", data_prefix="valid/"),
        features=FeatureSpecification.from_bucket(bucket, "features.json"),
        mode=Mode.ENSEMBLING,
        output=OutputLocation.from_bucket(bucket, "models/"),
    )
    app.synthesize()

    assert app.opened() == {
        (JOB, "s3:ListBucket"): {"train/*", "valid/*", "lists/one*", "features.json*", "models/*"},
        (JOB, "s3:GetObject"): {"/train/*", "/valid/*", "/lists/one", "/features.json", "/models/*"},
        (JOB, "s3:PutObject"): {"/models/*"},
    }
    assert not any("its policy has to allow" in each for each in warnings_of(job))


def test_policy_is_there_before_the_job(app: App) -> None:
    new_job(app.here, training_data=Channel.from_bucket(app.bucket(), "train/"))
    app.synthesize()

    assert "There" in [each.id for each in app.job_stack.dependencies]


def test_policy_says_the_same_as_that_of_the_role(app: App) -> None:
    """Both have to allow what happens between accounts."""
    bucket = app.bucket()
    new_job(app.here, training_data=Channel.from_bucket(bucket, "train/"), output=OutputLocation.from_bucket(bucket))
    app.synthesize()

    own = {
        (action, flat(each).rpartition(":::data-there")[2])
        for statement in statements_of(app.job_stack.template, beginning="Job")
        for each in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
        if "data-there" in flat(each) and action != "s3:ListBucket"
    }
    assert own == {
        (action, place) for (_, action), places in app.opened().items() for place in places if "/" in place[:1]
    }


def test_bucket_lets_the_function_write_the_result_and_the_model_be_read(app: App) -> None:
    job = new_job(app.here, output=OutputLocation.from_bucket(app.bucket(), "models/"), job_name="mine")
    outcome = AutoMLJobOutcome(app.here, "Outcome", job=job)
    AutoMLEndpoint(app.here, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"))
    outcome.register("churn")
    app.synthesize()

    opened = app.opened()
    assert opened[FUNCTION, "s3:PutObject"] == {"/models/mine/outcome.json"}
    assert opened[FUNCTION, "s3:ListBucket"] == {"models/mine/*"}
    assert opened[MODEL, "s3:GetObject"] == {"/models/mine/*"}
    assert (MODEL, "s3:PutObject") not in opened


@pytest.mark.newest  # older ones refer to no key of another account
def test_key_lets_in_who_uses_it(app: App) -> None:
    key = kms.Key(app.there, "Key")
    output = OutputLocation.from_bucket(app.bucket(encryption_key=key), "models/")
    outcome = AutoMLJobOutcome(app.here, "Outcome", job=new_job(app.here, output=output))
    AutoMLEndpoint(app.here, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"))
    app.synthesize()

    assert set(app.opened("AWS::KMS::Key")) == {
        (JOB, "kms:Encrypt"),
        (JOB, "kms:Decrypt"),
        (JOB, "kms:GenerateDataKey"),
        (FUNCTION, "kms:GenerateDataKey"),
        (MODEL, "kms:Decrypt"),
    }


def test_topics_let_in_who_publishes(app: App) -> None:
    told, lost = sns.Topic(app.there, "Told", topic_name="told"), sns.Topic(app.there, "Lost", topic_name="lost")
    AutoMLProvider.of(app.here).configure(dead_letter_topic=lost)
    outcome = AutoMLJobOutcome(app.here, "Outcome", job=new_job(app.here))
    queue = Asynchronous(
        instance_type="ml.m5.large",
        output=OutputLocation.from_bucket(data_bucket(app.here), "answers/"),
        success_topic=told,
    )
    AutoMLEndpoint(app.here, "Endpoint", outcome=outcome, serving=queue)
    app.synthesize()

    assert set(app.opened("AWS::SNS::TopicPolicy")) == {(MODEL, "sns:Publish"), (FUNCTION, "sns:Publish")}


def test_topic_lets_in_who_tells_of_runs(app: App) -> None:
    topic = sns.Topic(app.there, "Told", topic_name="told")
    AutoMLRetraining(app.here, "Weekly", job=new_job(app.here), max_runs_per_month=1, on_failed=topic)
    app.synthesize()

    assert set(app.opened("AWS::SNS::TopicPolicy")) == {(FUNCTION, "sns:Publish")}


def test_role_that_was_brought_is_let_in_by_its_name(app: App) -> None:
    role = iam.Role.from_role_arn(app.here, "Role", f"arn:aws:iam::{HERE}:role/path/mine")
    new_job(app.here, training_data=Channel.from_bucket(app.bucket(), "train/"), role=role)
    app.synthesize()

    (policy,) = resources_of(app.data_stack.template, "AWS::S3::BucketPolicy").values()
    named = {
        statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    }
    assert named == {f"arn:aws:iam::{HERE}:role/path/mine"}


def test_no_role_has_a_name_where_nobody_needs_it(app: App) -> None:
    new_job(app.here, training_data=Channel.from_bucket(s3.Bucket(app.here, "Own"), "train/"))
    app.synthesize()

    assert app.roles == {}


def test_nothing_is_opened_where_accounts_are_not_known() -> None:
    app = cdk.App()
    bucket = s3.Bucket(cdk.Stack(app, "Data"), "Bucket", bucket_name="data")
    stack = cdk.Stack(app, "Stack")
    new_job(stack, training_data=Channel.from_bucket(bucket, "train/"))

    assert not resources_of(app.synth().get_stack_artifact("Data").template, "AWS::S3::BucketPolicy")


# -------------------------------------------------------------------------------------------- what is granted to others


def test_artifacts_can_be_read_by_an_organization(app: App) -> None:
    bucket = s3.Bucket(app.here, "Models", encryption_key=kms.Key(app.here, "Key"))
    job = new_job(app.here, output=OutputLocation.from_bucket(bucket, "models/"), job_name="mine")
    job.grant_read_artifacts(iam.OrganizationPrincipal("o-1234567890")).assert_success()
    app.synthesize()

    (policy,) = resources_of(app.job_stack.template, "AWS::S3::BucketPolicy").values()
    said = [
        (statement["Action"], flat(statement["Resource"]).rpartition(".Arn>")[2], statement["Condition"])
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    (name,) = resources_of(app.job_stack.template, contract.RESOURCE_TYPE)
    of_it = {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}
    below = {"StringLike": {"s3:prefix": [{"Fn::Join": ["", ["models/", {"Ref": name}, "/*"]]}]}}
    assert sorted(said, key=str) == [
        ("s3:GetObject", f"/models/<{name}>/*", of_it),
        ("s3:ListBucket", "", of_it | below),
    ]
    (key,) = resources_of(app.job_stack.template, "AWS::KMS::Key").values()
    assert "o-1234567890" in json.dumps(key)


def test_grant_that_reaches_nobody_says_so(app: App) -> None:
    """The policy of a bucket from elsewhere cannot change."""
    found = AutoMLJob.from_job_name(
        app.here, "Found", "found", output=OutputLocation.from_bucket(data_bucket(app.here), "models/")
    )
    granted = found.grant_read_artifacts(iam.OrganizationPrincipal("o-1234567890"))

    assert not granted.success
    with pytest.raises(RuntimeError, match="could not be added"):
        granted.assert_success()
