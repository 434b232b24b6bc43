"""What tests of the service need in an account: roles, a bucket with data, jobs."""

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import botocore.exceptions
import pytest

from constructs_lib.rehearsal.cloud.connection import Connection, Credentials
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.cloud.store import TERMINAL

BUCKET = "data"
CSV = b"x,y,slow,merging,bad\n" + b"1,0,0,0,\n2,1,1,1,\n" * 300
JOB_ACTIONS = (
    "s3:GetObject", "s3:PutObject", "s3:ListBucket", "logs:CreateLogGroup", "logs:CreateLogStream",
    "logs:PutLogEvents",
)  # fmt: skip
SAGEMAKER_TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}


class Account:
    """The account of a running cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.sagemaker = cloud.client("sagemaker")
        self.s3 = cloud.client("s3")
        self.iam = cloud.client("iam")
        self._numbers = itertools.count(1)
        self.new_bucket(BUCKET)
        self.s3.put_object(Bucket=BUCKET, Key="train/a.csv", Body=CSV)
        self.job_role = self.role("JobRole", JOB_ACTIONS)

    def new_bucket(self, name: str) -> None:
        """A bucket of the account's region."""
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": self.cloud.region}}
        self.s3.create_bucket(Bucket=name, **({} if self.cloud.region == "us-east-1" else elsewhere))

    def fresh(self, prefix: str = "job") -> str:
        """A name that no test has used."""
        return f"{prefix}-{next(self._numbers)}"

    def role(
        self, name: str, actions: Sequence[str] = (), *, statements: Sequence[Mapping[str, Any]] = (),
        trust: Mapping[str, Any] = SAGEMAKER_TRUST,
    ) -> str:  # fmt: skip
        """A role that may do `actions` on everything."""
        arn: str = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy([trust]))["Role"]["Arn"]
        allowed = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}] if actions else []
        if allowed or statements:
            self.iam.put_role_policy(
                RoleName=name, PolicyName="inline", PolicyDocument=_policy([*allowed, *statements])
            )
        return arn

    def allow_only(self, role: str, actions: Sequence[str]) -> None:
        """Let a role that was made with actions do these instead."""
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        self.iam.put_role_policy(RoleName=role, PolicyName="inline", PolicyDocument=_policy([allowed]))

    def acting_as(self, *statements: Mapping[str, Any]) -> Callable[[str], Any]:
        """Clients of a user with these policy statements."""
        name = self.fresh("user")
        self.iam.create_user(UserName=name)
        self.iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=_policy(statements))
        return self.clients_of(name)

    def clients_of(self, user: str) -> Callable[[str], Any]:
        """Clients of a user that exists."""
        key = self.iam.create_access_key(UserName=user)["AccessKey"]
        return self.client_with(Credentials(access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"]))

    def client_with(self, credentials: Credentials) -> Callable[[str], Any]:
        """Clients that sign with these credentials."""
        connection = Connection(
            endpoint_url=self.cloud.endpoint_url,
            certificate=self.cloud.certificate,
            region=self.cloud.region,
            root=credentials,
        )
        return connection.as_root

    def request(self, **changes: Any) -> dict[str, Any]:
        """A request for `create_auto_ml_job`."""
        request = {
            "AutoMLJobName": self.fresh(),
            "InputDataConfig": [channel()],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "RoleArn": self.job_role,
        }
        return {**request, **changes}

    def request_2(self, **changes: Any) -> dict[str, Any]:
        """A request for `create_auto_ml_job_v2`."""
        first = self.request()
        request = {
            "AutoMLJobName": first["AutoMLJobName"],
            "AutoMLJobInputDataConfig": [{"ChannelType": "training", "DataSource": source(f"s3://{BUCKET}/train/")}],
            "OutputDataConfig": first["OutputDataConfig"],
            "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
            "RoleArn": first["RoleArn"],
        }
        return {**request, **changes}

    def ended(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Create a job of version 1 and wait for its end."""
        self.sagemaker.create_auto_ml_job(**request)
        return self.wait(request["AutoMLJobName"])

    def wait(self, name: str, *, until: Callable[[dict[str, Any]], bool] | None = None) -> dict[str, Any]:
        """Describe a job again and again until it has ended, or until something else is true of it."""
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            job: dict[str, Any] = self.sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name)
            if until(job) if until else job["AutoMLJobStatus"] in TERMINAL:
                return job
            time.sleep(0.05)
        raise AssertionError(f"waited in vain: {job}")

    @cached_property
    def image(self) -> str:
        """An image that models can have: one that a job's candidate has."""
        found: str = self.ended(self.request())["BestCandidate"]["InferenceContainers"][0]["Image"]
        return found

    def keys(self, prefix: str) -> list[str]:
        """The keys in the bucket below a prefix."""
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())]


def source(uri: str, kind: str = "S3Prefix") -> dict[str, Any]:
    return {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}


def channel(uri: str = f"s3://{BUCKET}/train/", kind: str = "S3Prefix", **more: Any) -> dict[str, Any]:
    return {"DataSource": source(uri, kind), "TargetAttributeName": "y", **more}


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """The code and the message of the error that a call must raise."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def _policy(statements: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
