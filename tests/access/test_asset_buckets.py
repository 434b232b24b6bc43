"""Local data in another bucket than that of `cdk bootstrap`: it may have a key of its own, which nobody names."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_servicecatalog as servicecatalog

from constructs_lib import AutoMLJob, AutoMLJobV2, Channel, FeatureSpecification, ImageClassification

from ..constructs.synthesis import allowing, flat, statements_of, warnings_of

TOLD = (
    "local data of this construct are uploaded to another bucket than that of `cdk bootstrap`: a product's or a stack "
    "set's asset bucket, or a staging bucket. Its policy, and that of its key, must let in the job's role, in every "
    "account that the template is deployed to. Channel.from_bucket takes data from a bucket of yours "
    "[ack: cdk-sagemaker-autopilot:asset_bucket]"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "churn.csv"
    path.write_text("age,churned\n" + "".join(f"{row},{'yes' if row % 3 else 'no'}\n" for row in range(600)))
    return path


def product(app: cdk.App) -> servicecatalog.ProductStack:
    """A stack of Service Catalog, whose assets lie in a bucket with a key of its own."""
    hub = cdk.Stack(app, "Hub")
    bucket = s3.Bucket(hub, "Assets", bucket_name="acme-products", encryption_key=kms.Key(hub, "Key"))
    return servicecatalog.ProductStack(hub, "Product", asset_bucket=bucket)


def elsewhere(app: cdk.App) -> cdk.Stack:
    """A stack whose assets go to a bucket that is not called as a bootstrapped one, as a staging bucket is."""
    synthesizer = cdk.DefaultStackSynthesizer(file_assets_bucket_name="cdk-acme-staging-${AWS::AccountId}")
    return cdk.Stack(app, "Staged", synthesizer=synthesizer)


def beside(app: cdk.App) -> cdk.Stack:
    """A bucket whose name only has such a name within it."""
    synthesizer = cdk.DefaultStackSynthesizer(file_assets_bucket_name="acme-cdk-prod-assets-${AWS::AccountId}")
    return cdk.Stack(app, "Beside", synthesizer=synthesizer)


def with_hyphen(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Hyphen", synthesizer=cdk.DefaultStackSynthesizer(qualifier="my-team"))


def legacy(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Legacy", synthesizer=cdk.LegacyStackSynthesizer())


def bootstrapped(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Plain", synthesizer=cdk.DefaultStackSynthesizer(qualifier="acme7"))


def with_place(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Placed", env=cdk.Environment(account="111122223333", region="eu-west-1"))


def template_of(stack: cdk.Stack) -> dict[str, Any]:
    """A product is a file beside the stack that it is defined in."""
    app = cdk.App.of(stack)
    assert isinstance(app, cdk.App)
    template: dict[str, Any] = json.loads(Path(app.synth().directory, stack.template_file).read_text())
    return template


def decrypting(stack: cdk.Stack, *, beginning: str = "") -> list[Any]:
    return list(allowing(statements_of(template_of(stack), beginning=beginning), "kms:Decrypt"))


def churn(stack: cdk.Stack, table: Path) -> AutoMLJob:
    return AutoMLJob(
        stack,
        "Churn",
        training_data=Channel.from_asset(table),
        target_attribute="churned",
        features=FeatureSpecification.of({"age": "numeric"}),
    )


@pytest.mark.parametrize("stack_in", [product, elsewhere, beside])
def test_job_may_decrypt_what_lies_in_that_bucket_and_nothing_else(
    stack_in: Callable[[cdk.App], cdk.Stack], table: Path
) -> None:
    stack = stack_in(cdk.App())
    job = churn(stack, table)

    # Data and features lie in the same bucket: one statement is enough.
    [statement] = decrypting(stack, beginning="Churn")

    assert flat(statement["Resource"]) == "arn:<Partition>:kms:<Region>:*:key/*"
    condition = statement["Condition"]
    assert flat(condition["StringEquals"]["kms:ViaService"]) == "s3.<Region>.amazonaws.com"
    bucket, objects = (flat(each) for each in condition["StringLike"]["kms:EncryptionContext:aws:s3:arn"])
    assert bucket.startswith("arn:")
    assert "acme" in bucket or "Assets" in bucket
    assert objects == f"{bucket}/*"
    assert set(condition) == {"StringEquals", "StringLike"}
    assert warnings_of(job) == [TOLD]


@pytest.mark.parametrize("stack_in", [bootstrapped, with_place, with_hyphen, legacy])
def test_nothing_is_needed_for_the_bucket_of_the_bootstrap(
    stack_in: Callable[[cdk.App], cdk.Stack], table: Path
) -> None:
    """Its key, where it has one, lets everybody in the account in through S3."""
    stack = stack_in(cdk.App())
    job = churn(stack, table)

    assert decrypting(stack, beginning="Churn") == []
    assert warnings_of(job) == []


def test_function_that_copies_folders_may_decrypt_their_archives(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        for number in range(3):
            path = tmp_path / label / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes([number]))
    stack = elsewhere(cdk.App())
    job = AutoMLJobV2(stack, "Pets", training_data=Channel.from_asset(tmp_path), problem=ImageClassification())

    [statement] = decrypting(stack, beginning="SageMakerAutopilotCopier")

    assert "kms:ViaService" in statement["Condition"]["StringEquals"]
    assert warnings_of(job) == [TOLD]
