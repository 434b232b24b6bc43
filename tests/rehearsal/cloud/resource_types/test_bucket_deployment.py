"""`aws_s3_deployment.BucketDeployment`, from templates as CDK writes them."""

import io
import json
import zipfile
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import Account
from ..stacks import Stacks

pytestmark = pytest.mark.cloud

ASSETS, SITE = "assets", "site"
FILES = {"index.html": b"<h1>", "deep/er/a.txt": b"a", "deep/b.tmp": b"b"}
MARKER = "<<marker:0xbaba:0>>"
MAY_READ = {
    "Effect": "Allow",
    "Action": ["s3:GetObject*", "s3:GetBucket*", "s3:List*"],
    "Resource": [f"arn:aws:s3:::{ASSETS}", f"arn:aws:s3:::{ASSETS}/*"],
}


class Site:
    """A bucket, the provider as CDK makes it, and deployments to the bucket."""

    def __init__(self, stacks: Stacks, account: Account) -> None:
        self.stacks = stacks
        self.s3 = account.s3
        for bucket in (ASSETS, SITE):
            self.s3.create_bucket(Bucket=bucket)
        self.asset("one.zip", FILES)
        self.asset("awscli.zip", {"awscli/aws": b"#!/bin/sh"})
        self._account = account

    def asset(self, key: str, files: dict[str, bytes]) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        self.s3.put_object(Bucket=ASSETS, Key=key, Body=packed.getvalue())

    def resources(self, *, on_site: str = "s3:*", **properties: Any) -> dict[str, Any]:
        """A template's resources: the provider with its layer and role, and one deployment."""
        role = {
            "AssumeRolePolicyDocument": {"Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"},
            }]},
            "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [MAY_READ, {
                "Effect": "Allow", "Action": on_site, "Resource": [f"arn:aws:s3:::{SITE}", f"arn:aws:s3:::{SITE}/*"],
            }]}}],
        }  # fmt: skip
        function = {
            "Code": {"ZipFile": "def handler(event, context): raise RuntimeError('never called')"},
            "Handler": "index.handler",
            "Runtime": "python3.13",
            "Architectures": ["arm64"],
            "Layers": [{"Ref": "Layer"}],
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        }
        deployment = {
            "ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]},
            "SourceBucketNames": [ASSETS],
            "SourceObjectKeys": ["one.zip"],
            "SourceMarkers": [{}],
            "DestinationBucketName": SITE,
            "DestinationBucketArn": f"arn:aws:s3:::{SITE}",
            "Prune": True,
            "OutputObjectKeys": True,
        }
        layer = {"Content": {"S3Bucket": ASSETS, "S3Key": "awscli.zip"}, "Description": "/opt/awscli/aws"}
        return {
            "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": layer},
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Provider": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Files": {"Type": "Custom::CDKBucketDeployment", "Properties": {**deployment, **properties}},
        }

    def deploy(self, stack: str, **properties: Any) -> str:
        return self.stacks.deploy(stack, self.resources(**properties))

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=SITE, Prefix=prefix).get("Contents", ())
        return [item["Key"].removeprefix(prefix) for item in found]

    def put(self, key: str) -> None:
        self.s3.put_object(Bucket=SITE, Key=key, Body=b"")

    def body(self, key: str) -> bytes:
        content: bytes = self.s3.get_object(Bucket=SITE, Key=key)["Body"].read()
        return content


@pytest.fixture(scope="module")
def site(cloud: Cloud, account: Account) -> Site:
    return Site(Stacks(cloud, account), account)


def test_the_files_of_an_archive_are_deployed_with_their_types(site: Site) -> None:
    resources = site.resources(DestinationBucketKeyPrefix="a/b")
    outputs = {
        "Keys": {"Value": {"Fn::Select": [0, {"Fn::GetAtt": ["Files", "SourceObjectKeys"]}]}},
        "Arn": {"Value": {"Fn::GetAtt": ["Files", "DestinationBucketArn"]}},
    }
    assert site.stacks.deploy("types", resources, outputs) == "CREATE_COMPLETE", site.stacks.reasons("types")
    assert site.keys("a/b/") == sorted(FILES)
    assert site.s3.head_object(Bucket=SITE, Key="a/b/index.html")["ContentType"] == "text/html"
    told = {output["OutputKey"]: output["OutputValue"] for output in site.stacks.describe("types")["Outputs"]}
    assert told == {"Keys": "one.zip", "Arn": f"arn:aws:s3:::{SITE}"}


def test_filters_hold_for_pruning_too_and_the_last_match_decides(site: Site) -> None:
    site.put("filters/kept.tmp")
    site.put("filters/old.txt")
    site.put("filters-not-here.txt")
    filters = {"Exclude": ["*.tmp", "deep/*"], "Include": ["deep/er/*"]}
    assert site.deploy("filters", DestinationBucketKeyPrefix="filters", **filters) == "CREATE_COMPLETE"
    assert site.keys("filters/") == ["deep/er/a.txt", "index.html", "kept.tmp"]
    assert site.keys("filters-") == ["not-here.txt"]


def test_nothing_is_pruned_when_asked_not_to(site: Site) -> None:
    site.put("unpruned/old.txt")
    same = {"DestinationBucketKeyPrefix": "unpruned/", "Prune": "false", "RetainOnDelete": False}
    assert site.deploy("unpruned", **same) == "CREATE_COMPLETE"
    assert site.deploy("unpruned", **same, Include=["*"]) == "UPDATE_COMPLETE"
    assert "old.txt" in site.keys("unpruned/")


def test_an_archive_can_be_copied_as_it_is(site: Site) -> None:
    site.s3.put_bucket_versioning(Bucket=SITE, VersioningConfiguration={"Status": "Enabled"})
    more: dict[str, Any] = {"Extract": False, "OutputObjectVersionIds": True, "UserMetadata": {"Team": "red"}}
    more["SystemMetadata"] = {"cache-control": "no-store"}
    resources = site.resources(DestinationBucketKeyPrefix="whole", **more)
    outputs = {"Version": {"Value": {"Fn::Select": [0, {"Fn::GetAtt": ["Files", "SourceObjectVersionIds"]}]}}}
    assert site.stacks.deploy("whole", resources, outputs) == "CREATE_COMPLETE", site.stacks.reasons("whole")
    assert site.keys("whole/") == ["one.zip"]
    head = site.s3.head_object(Bucket=SITE, Key="whole/one.zip")
    assert (head["Metadata"], head["CacheControl"]) == ({"team": "red"}, "no-store")
    assert site.stacks.describe("whole")["Outputs"][0]["OutputValue"] == head["VersionId"]


def test_markers_become_what_is_known_at_deployment(site: Site) -> None:
    site.asset("marked.zip", {"config.json": f'{{"arn": {MARKER}}}'.encode()})
    site.asset("inside.zip", {"inside.json": f'{{"text": "{MARKER}"}}'.encode(), "folder/": b""})
    told = {
        "SourceBucketNames": [ASSETS] * 2,
        "SourceObjectKeys": ["marked.zip", "inside.zip"],
        "SourceMarkers": [{MARKER: '"arn:é"'}, {MARKER: 'a "quoted" word'}],
        "SourceMarkersConfig": [{}, {"jsonEscape": "true"}],
    }
    assert site.deploy("marked", DestinationBucketKeyPrefix="marked", **told) == "CREATE_COMPLETE"
    assert json.loads(site.body("marked/config.json")) == {"arn": "arn:é"}
    assert json.loads(site.body("marked/inside.json")) == {"text": 'a "quoted" word'}


def test_a_changed_prefix_moves_the_files_unless_they_are_retained(site: Site) -> None:
    site.deploy("moved", DestinationBucketKeyPrefix="moved/1")
    resource = site.stacks.resource("moved", "Files")
    assert site.deploy("moved", DestinationBucketKeyPrefix="moved/2") == "UPDATE_COMPLETE"
    assert site.keys("moved/1/") == site.keys("moved/2/") == sorted(FILES)
    assert site.deploy("moved", DestinationBucketKeyPrefix="moved/3", RetainOnDelete=False) == "UPDATE_COMPLETE"
    assert (site.keys("moved/2/"), site.keys("moved/3/")) == ([], sorted(FILES))
    assert site.stacks.resource("moved", "Files") == resource


@pytest.mark.parametrize(
    ("retain", "tag", "left"),
    [
        ({}, "nothing", True),
        ({"RetainOnDelete": False}, "nothing", False),
        ({"RetainOnDelete": False}, "aws-cdk:cr-owned:gone:1234", True),
    ],
)
def test_deleting_leaves_what_is_retained_or_owned(
    site: Site, retain: dict[str, bool], tag: str, *, left: bool
) -> None:
    site.s3.put_bucket_tagging(Bucket=SITE, Tagging={"TagSet": [{"Key": tag, "Value": "true"}]})
    assert site.deploy("gone", DestinationBucketKeyPrefix="gone", **retain) == "CREATE_COMPLETE"
    site.stacks.delete("gone")
    assert site.keys("gone/") == (sorted(FILES) if left else [])


@pytest.mark.parametrize(
    ("allowed", "action", "resource"),
    [("s3:PutObject", "s3:ListBucket", SITE), ("s3:List*", "s3:PutObject", f"{SITE}/denied/deep/b.tmp")],
)
def test_the_providers_role_needs_the_permission(site: Site, allowed: str, action: str, resource: str) -> None:
    stack = f"lacking-{action.partition(':')[2]}"
    denied = {"on_site": allowed, "DestinationBucketKeyPrefix": "denied", "Prune": False}
    assert site.deploy(stack, **denied) == "ROLLBACK_COMPLETE"
    assert f"is not authorized to perform {action} on arn:aws:s3:::{resource}" in site.stacks.reasons(stack)


def test_metadata_that_is_not_known_is_refused_by_name(site: Site) -> None:
    metadata = {"SystemMetadata": {"sse-c-copy-source": "x"}}
    assert site.deploy("unknown", DestinationBucketKeyPrefix="unknown", **metadata) == "ROLLBACK_COMPLETE"
    assert "does not know the SystemMetadata sse-c-copy-source" in site.stacks.reasons("unknown")
