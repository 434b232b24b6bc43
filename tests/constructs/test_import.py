"""What `import constructs_lib` costs: heavy modules are loaded by those who need them."""

import subprocess
import sys

import pytest

import constructs_lib
from constructs_lib import public


def loaded_by(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.newest  # each module of the lowest loads these
def test_job_is_imported_without_network_and_function_modules() -> None:
    loaded = loaded_by("from constructs_lib import AutoMLJob")

    assert "aws_cdk.aws_iam" in loaded
    assert not loaded & {"aws_cdk.aws_ec2", "aws_cdk.aws_lambda", "aws_cdk.aws_logs", "boto3", "botocore", "cdk_nag"}


@pytest.mark.newest  # each module of the lowest loads these
def test_job_is_synthesized_without_network_and_function_modules() -> None:
    loaded = loaded_by(
        "import aws_cdk as cdk\n"
        "from aws_cdk import aws_s3 as s3\n"
        "from constructs_lib import AutoMLJob, Channel\n"
        "app = cdk.App()\n"
        "stack = cdk.Stack(app, 'Stack')\n"
        "bucket = s3.Bucket.from_bucket_name(stack, 'Data', 'data')\n"
        "AutoMLJob(stack, 'Job', training_data=Channel.from_bucket(bucket), target_attribute='y')\n"
        "app.synth()"
    )

    assert not loaded & {"aws_cdk.aws_ec2", "aws_cdk.aws_lambda", "boto3", "botocore"}


def test_job_is_imported_without_what_endpoints_are_made_of() -> None:
    loaded = loaded_by("from constructs_lib import AutoMLJob, Channel, Metric, OutputLocation, ProblemType")

    assert "constructs_lib.jobs.job" in loaded
    assert not loaded & {"constructs_lib.endpoint", "constructs_lib.outcome", "constructs_lib.api.hosting"}


@pytest.mark.parametrize(
    "module", ["jobs.job", "outcome.outcome", "endpoint.endpoint", "provider.following", "provider.provider"]
)
def test_each_module_can_be_the_first_to_be_imported(module: str) -> None:
    assert f"constructs_lib.{module}" in loaded_by(f"import constructs_lib.{module}")


def test_public_says_each_name_once_and_where_it_is_at_home() -> None:
    assert sorted(public.__all__) == dir(constructs_lib)
    for name in public.__all__:
        assert getattr(constructs_lib, name) is getattr(public, name)


def test_package_itself_loads_no_cdk() -> None:
    loaded = loaded_by("import constructs_lib")

    assert not loaded & {"aws_cdk", "jsii", "constructs", "boto3"}


def test_public_names_are_all_there() -> None:
    assert dir(constructs_lib) == constructs_lib.__all__
    for name in constructs_lib.__all__:
        assert getattr(constructs_lib, name).__doc__, name


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'AutoMLJobs'"):
        constructs_lib.AutoMLJobs  # noqa: B018
