"""Batch transform jobs over the wire, with a model that takes no time."""

import gzip
import json
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.cloud.store import TERMINAL

from ..account import BUCKET, JOB_ACTIONS, SAGEMAKER_TRUST, Account, refusal
from ..hosting.endpoints import model, model_data, until

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def served(account: Account) -> str:
    return model(account, model_data(account, "yes"))


def request(account: Account, model_name: str, prefix: str, **changes: Any) -> dict[str, Any]:
    """A request for the objects below `prefix`, answered below `prefix` + "-out"; dictionaries are merged."""
    made: dict[str, Any] = {
        "TransformJobName": account.fresh("transform"),
        "ModelName": model_name,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{BUCKET}/{prefix}-out",
            "Accept": "text/csv",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    for name, value in changes.items():
        made[name] = {**made[name], **value} if isinstance(value, dict) and name in made else value
    return made


def put(account: Account, prefix: str, **objects: bytes) -> str:
    """Objects called `<name>.csv` below a prefix that no other test uses."""
    below = account.fresh(prefix)
    for name, body in objects.items():
        account.s3.put_object(Bucket=BUCKET, Key=f"{below}/{name}.csv", Body=body)
    return below


def ended(account: Account, made: dict[str, Any]) -> dict[str, Any]:
    account.sagemaker.create_transform_job(**made)
    name = made["TransformJobName"]
    found: dict[str, Any] = until(
        lambda: account.sagemaker.describe_transform_job(TransformJobName=name),
        lambda job: job["TransformJobStatus"] in TERMINAL,
    )
    return found


def read(account: Account, key: str) -> bytes:
    body: bytes = account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def test_each_object_gets_an_answer_of_its_own(account: Account, served: str) -> None:
    prefix = put(account, "many", a=b"1\n2\n", b=b"3")
    made = request(account, served, prefix, Tags=[{"Key": "team", "Value": "a"}], MaxPayloadInMB=1)
    job = ended(account, made)
    assert job["TransformJobStatus"] == "Completed", job
    assert sorted(account.keys(f"{prefix}-out/")) == [f"{prefix}-out/a.csv.out", f"{prefix}-out/b.csv.out"]
    assert read(account, f"{prefix}-out/a.csv.out") == b"yes\nyes\n"
    assert read(account, f"{prefix}-out/b.csv.out") == b"yes\n"
    assert job["TransformEndTime"] >= job["TransformStartTime"] >= job["CreationTime"]
    assert {name: job[name] for name in made if name != "Tags"} == {
        name: value for name, value in made.items() if name != "Tags"
    }
    tags = account.sagemaker.list_tags(ResourceArn=job["TransformJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]


def test_one_object_can_be_given_by_its_name(account: Account, served: str) -> None:
    prefix = put(account, "one", a=b"1", b=b"2")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}/a.csv"}}
    ended(account, request(account, served, prefix, TransformInput={"DataSource": source}))
    assert account.keys(f"{prefix}-out/") == [f"{prefix}-out/a.csv.out"]


def test_a_manifest_names_the_objects(account: Account, served: str) -> None:
    prefix = put(account, "listed", a=b"1", b=b"2")
    manifest = json.dumps([{"prefix": f"s3://{BUCKET}/{prefix}/"}, "b.csv"]).encode()
    account.s3.put_object(Bucket=BUCKET, Key=f"{prefix}.manifest", Body=manifest)
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": f"s3://{BUCKET}/{prefix}.manifest"}}
    ended(account, request(account, served, prefix, TransformInput={"DataSource": source}))
    assert account.keys(f"{prefix}-out/") == [f"{prefix}-out/{prefix}/b.csv.out"]


def test_compressed_objects_are_read(account: Account, served: str) -> None:
    prefix = put(account, "packed", a=gzip.compress(b"1\n2"))
    job = ended(account, request(account, served, prefix, TransformInput={"CompressionType": "Gzip"}))
    assert job["TransformJobStatus"] == "Completed", job
    assert read(account, f"{prefix}-out/a.csv.out") == b"yes\nyes\n"
    plain = put(account, "unpacked", a=b"1")
    job = ended(account, request(account, served, plain, TransformInput={"CompressionType": "Gzip"}))
    assert f"s3://{BUCKET}/{plain}/a.csv: it is not compressed with Gzip" in job["FailureReason"]


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"BatchStrategy": "SingleRecord"}, b"yes\nyes\n"),
        ({"BatchStrategy": "SingleRecord", "TransformOutput": {"AssembleWith": "None"}}, b"yesyes"),
        ({"TransformInput": {"SplitType": "None"}, "TransformOutput": {"AssembleWith": "None"}}, b"yes\nyes"),
        ({"Environment": {"SAGEMAKER_INFERENCE_OUTPUT": "probability"}}, b"yes probability\nyes probability\n"),
    ],
)
def test_records_are_split_and_assembled(account: Account, served: str, changes: dict[str, Any], answer: bytes) -> None:
    prefix = put(account, "split", a=b"1\n2\n")
    job = ended(account, request(account, served, prefix, **changes))
    assert job["TransformJobStatus"] == "Completed", job
    assert read(account, f"{prefix}-out/a.csv.out") == answer


def test_answers_can_be_joined_to_their_rows(account: Account, served: str) -> None:
    prefix = put(account, "joined", a=b"7,1,x\n8,2,y\n")
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    job = ended(account, request(account, served, prefix, DataProcessing=processing))
    assert job["TransformJobStatus"] == "Completed", job
    assert read(account, f"{prefix}-out/a.csv.out") == b"7,yes\n8,yes\n"


def test_a_fault_of_the_data_fails_the_job_and_spares_the_other_objects(account: Account, served: str) -> None:
    prefix = put(account, "mixed", a=b"1\nbad", b=b"2")
    job = ended(account, request(account, served, prefix))
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        f"1 of 2 objects could not be transformed. s3://{BUCKET}/{prefix}/a.csv: row 2 is bad"
    )
    assert account.keys(f"{prefix}-out/") == [f"{prefix}-out/b.csv.out"]
    summary = account.sagemaker.list_transform_jobs(NameContains=job["TransformJobName"])["TransformJobSummaries"][0]
    assert (summary["TransformJobStatus"], summary["FailureReason"]) == ("Failed", job["FailureReason"])


def test_a_payload_can_be_too_large(account: Account, served: str) -> None:
    prefix = put(account, "large", a=b"1" * (1 << 20) + b"\n")
    job = ended(account, request(account, served, prefix, MaxPayloadInMB=1))
    assert "a payload of 1048577 bytes exceeds MaxPayloadInMB, which is 1" in job["FailureReason"]
    job = ended(account, request(account, served, prefix, MaxPayloadInMB=0))
    assert job["TransformJobStatus"] == "Completed"


class TestSeries:
    """A model that answers a request with a header and with how many lines it had, as a forecast has one."""

    LINES = b"id,date,y\n" + b"".join(b"%06d,2020-01-01,1\n" % number for number in range(80_000))

    def answered(self, account: Account, **changes: Any) -> list[str]:
        name = model(account, model_data(account, "series"))
        prefix = put(account, "series", a=self.LINES)
        job = ended(account, request(account, name, prefix, **changes))
        assert job["TransformJobStatus"] == "Completed", job
        return read(account, f"{prefix}-out/a.csv.out").decode().splitlines()

    def test_a_file_is_forecast_as_a_whole_without_a_limit(self, account: Account) -> None:
        whole = {"TransformInput": {"SplitType": "None"}, "MaxPayloadInMB": 0, "BatchStrategy": "SingleRecord"}
        assert self.answered(account, **whole) == ["id,date,p50", "id,2020-01-01,80001"]

    def test_lines_are_cut_into_pieces_that_are_forecast_on_their_own(self, account: Account) -> None:
        header, first, again, second = self.answered(account, MaxPayloadInMB=1)
        assert header == again == "id,date,p50"
        assert first.startswith("id,"), "the first piece has the header of the file"
        assert second[:6].isdecimal(), "the second begins in the middle of the series"
        assert sum(int(answer.rpartition(",")[2]) for answer in (first, second)) == 80_001


def test_line_breaks_in_cells_are_not_supported(account: Account, served: str) -> None:
    prefix = put(account, "broken", a=b'1,"a b"\n2,"a\nb"\n')
    job = ended(account, request(account, served, prefix))
    assert job["FailureReason"].endswith(
        "line 2 ends inside a cell: batch transform does not support line breaks in cells of CSV"
    )
    whole = {"TransformInput": {"SplitType": "None"}}
    assert ended(account, request(account, served, prefix, **whole))["TransformJobStatus"] == "Completed"


def test_a_job_without_objects_or_with_a_bad_model_fails(account: Account, served: str) -> None:
    job = ended(account, request(account, served, "nothing-here"))
    assert job[
        "FailureReason"
    ] == f"There are no objects under s3://{BUCKET}/nothing-here/, and a transform job needs " + ("at least one")
    bad = model(account, model_data(account, "x"), environment={"SAGEMAKER_INFERENCE_OUTPUT": "odds"})
    job = ended(account, request(account, bad, put(account, "any", a=b"1")))
    assert (job["TransformJobStatus"], job["FailureReason"]) == ("Failed", "the model does not answer with odds")


def test_a_running_job_can_be_stopped(account: Account, served: str) -> None:
    prefix = put(account, "slow", a=b"1", b=b"slow\n" * 100)
    made = request(account, served, prefix, BatchStrategy="SingleRecord")
    account.sagemaker.create_transform_job(**made)
    until(lambda: account.keys(f"{prefix}-out/"), bool)
    name = {"TransformJobName": made["TransformJobName"]}
    account.sagemaker.stop_transform_job(**name)
    job = until(
        lambda: account.sagemaker.describe_transform_job(**name), lambda job: job["TransformJobStatus"] in TERMINAL
    )
    assert job["TransformJobStatus"] == "Stopped"
    assert account.keys(f"{prefix}-out/") == [f"{prefix}-out/a.csv.out"]
    assert refusal(account.sagemaker.stop_transform_job, **name) == (
        "ValidationException",
        f"The transform job {made['TransformJobName']} can not be stopped: its status is Stopped",
    )


def test_what_can_not_be_is_refused(account: Account, served: str) -> None:
    source = {"S3DataSource": {"S3DataType": "AugmentedManifestFile", "S3Uri": f"s3://{BUCKET}/a"}}
    create = account.sagemaker.create_transform_job
    capture = {"DestinationS3Uri": f"s3://{BUCKET}/captured"}
    for changes, message in (
        ({"TransformInput": {"DataSource": source}}, "The rehearsal offers no S3DataType AugmentedManifestFile"),
        ({"TransformInput": {"SplitType": "RecordIO"}}, "The rehearsal offers no SplitType RecordIO"),
        ({"DataCaptureConfig": capture}, "The rehearsal offers no DataCaptureConfig of a transform job"),
        (
            {"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2},
            "MaxPayloadInMB times MaxConcurrentTransforms can be at most 100",
        ),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "TransformOutput": {"AssembleWith": "None"}},
            "JoinSource Input needs SplitType Line and AssembleWith Line",
        ),
        (
            {"DataProcessing": {"InputFilter": "$"}, "TransformOutput": {"Accept": "application/json"}},
            "The rehearsal offers DataProcessing of text/csv only",
        ),
        (
            {"DataProcessing": {"OutputFilter": "$.a"}},
            "OutputFilter: $.a is no path to columns: use $, $[1:], $[0] or $[0,2]",
        ),
    ):
        assert refusal(create, **request(account, served, "any", **changes)) == ("ValidationException", message)
    small = {"TransformResources": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 2}}
    code, message = refusal(create, **request(account, served, "any", **small))
    assert code == "ResourceLimitExceeded"
    assert message.startswith(
        "The account-level service limit 'ml.c5.xlarge for transform job usage' is 0 Instances, with current "
        "utilization of 0 Instances and a request delta of 2 Instances. Please use AWS Service Quotas to request"
    )
    arn = "arn:aws:sagemaker:us-east-1:123456789012"
    assert refusal(create, **request(account, "no", "any"))[1] == f'Could not find model "{arn}:model/no".'
    made = request(account, served, put(account, "twice", a=b"1"))
    ended(account, made)
    assert refusal(create, **made) == (
        "ResourceInUse",
        "Job name must be unique within an AWS account and region, and a job with this name already exists "
        f"({arn}:transform-job/{made['TransformJobName']})",
    )
    describe = account.sagemaker.describe_transform_job
    assert refusal(describe, TransformJobName="no") == (
        "ValidationException",
        "Could not find requested job with name: no",
    )
    assert refusal(account.sagemaker.stop_transform_job, TransformJobName="no")[0] == "ValidationException"


@pytest.mark.parametrize(
    ("missing", "resource"),
    [("s3:ListBucket", f"{BUCKET}"), ("s3:GetObject", "model.tar.gz"), ("s3:PutObject", "-out/")],
)
def test_the_models_role_needs_each_permission(account: Account, missing: str, resource: str) -> None:
    role = account.role(lacking := account.fresh("Lacking"), JOB_ACTIONS)
    name = model(account, model_data(account, "yes"), role=role)
    account.allow_only(lacking, [action for action in JOB_ACTIONS if action != missing])
    job = ended(account, request(account, name, put(account, "locked", a=b"1")))
    assert job["TransformJobStatus"] == "Failed"
    assert f"The execution role {role} is not authorized to perform {missing} on " in job["FailureReason"]
    assert resource in job["FailureReason"]


def test_answers_are_sealed_with_the_key_of_the_output(account: Account, cloud: Cloud) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    prefix = put(account, "sealed", a=b"1")
    without = model(account, model_data(account, "yes"))
    output = {"KmsKeyId": key}
    job = ended(account, request(account, without, prefix, TransformOutput=output))
    assert f"is not authorized to perform kms:GenerateDataKey on {key}" in job["FailureReason"]
    role = account.role(account.fresh("Sealing"), [*JOB_ACTIONS, "kms:GenerateDataKey"])
    job = ended(
        account, request(account, model(account, model_data(account, "yes"), role=role), prefix, TransformOutput=output)
    )
    assert job["TransformJobStatus"] == "Completed", job
    head = account.s3.head_object(Bucket=BUCKET, Key=f"{prefix}-out/a.csv.out")
    assert head["SSEKMSKeyId"] == key


def test_the_volume_key_is_granted_while_it_runs(account: Account, cloud: Cloud, served: str) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    made = request(account, served, put(account, "volume", a=b"1"), TransformResources={"VolumeKmsKeyId": key})
    assert ended(account, made)["TransformJobStatus"] == "Completed"
    assert cloud.client("kms").list_grants(KeyId=key)["Grants"] == []
    made = request(account, served, put(account, "volume", a=b"1"), TransformResources={"VolumeKmsKeyId": key})
    caller = account.acting_as({"Effect": "Allow", "Action": "sagemaker:CreateTransformJob", "Resource": "*"})
    caller("sagemaker").create_transform_job(**made)
    job = until(
        lambda: account.sagemaker.describe_transform_job(TransformJobName=made["TransformJobName"]),
        lambda job: job["TransformJobStatus"] in TERMINAL,
    )
    assert f"is not authorized to perform kms:CreateGrant on {key}" in job["FailureReason"]


def test_a_call_needs_its_action_on_the_job(account: Account, served: str) -> None:
    made = request(account, served, "any")
    arn = "arn:aws:sagemaker:us-east-1:123456789012"
    caller = account.acting_as(
        {"Effect": "Allow", "Action": "sagemaker:CreateTransformJob", "Resource": f"{arn}:model/*"}
    )("sagemaker")
    code, message = refusal(caller.create_transform_job, **made)
    assert code == "AccessDeniedException"
    assert f"sagemaker:CreateTransformJob on resource: {arn}:transform-job/{made['TransformJobName']}" in message


def test_role_that_is_not_trusted_for_the_job_fails_it(account: Account) -> None:
    place = f"arn:aws:sagemaker:{account.cloud.region}:{account.cloud.account}"
    # Not with a wildcard, which would let in jobs as well.
    trust = {**SAGEMAKER_TRUST, "Condition": {"StringEquals": {"aws:SourceArn": f"{place}:*"}}}
    role = account.role(account.fresh("Serving"), JOB_ACTIONS, trust=trust)
    name = model(account, model_data(account, "yes"), role=role)

    job = ended(account, request(account, name, put(account, "untrusted", a=b"1")))

    assert job["TransformJobStatus"] == "Failed"
    assert f"Could not assume role {role}" in job["FailureReason"]
