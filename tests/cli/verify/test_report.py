"""What a report says, and whose account it came from: that it does not say."""

import json
from pathlib import Path

import pytest

from constructs_lib.cli.verify.assumptions import ASSUMPTIONS
from constructs_lib.cli.verify.report import Report
from constructs_lib.cli.verify.scrub import Scrub
from constructs_lib.cli.verify.seen import agrees, differs, unchecked

SCRUB = Scrub({"111122223333": "<account>", "Jane.Doe": "<caller>", "s3cr3t": "<secret>"})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "User: arn:aws:sts::111122223333:assumed-role/Admin/jane@example.com is not authorized to perform: "
            "kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/1b2c3d4e-0000-4000-8000-1b2c3d4e5f60",
            "User: <arn of sts assumed-role> is not authorized to perform: kms:Decrypt on resource: <arn of kms key>",
        ),
        ("arn:aws:s3:::secret-bucket/data/a.csv is denied", "<arn of s3> is denied"),
        (
            "No S3 objects found under S3 URL 's3://secret-bucket/data/'.",
            "No S3 objects found under S3 URL '<s3 uri>'.",
        ),
        ("see https://secret.s3.amazonaws.com/x?X-Amz-Signature=abc now", "see <url> now"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/image:1", "<account>.dkr.ecr.eu-west-1.amazonaws.com/image:1"),
        ("account 111122223333, 1764412345678 ms", "account <account>, 1764412345678 ms"),
        ("keys AKIAIOSFODNN7EXAMPLE and AROAIOSFODNN7EXAMPLE", "keys <id> and <id>"),
        ("subnet-0a1b2c3d4e5f60718 in vpc-0a1b2c3d", "<id> in <id>"),
        ("(Request ID: 1B2C3D4E-0000-4000-8000-1B2C3D4E5F60)", "(Request ID: <id>)"),
        ("bucket automl-verify-0a1b2c3d-job-bucket-x1y2", "bucket <ours>"),
        ("made by Jane.Doe with s3cr3t, not by Jane.Doepner", "made by <caller> with <secret>, not by Jane.Doepner"),
        ("two\nlines", "two lines"),
        ("UPDATE_ROLLBACK_IN_PROGRESS of ml.m5.large", "UPDATE_ROLLBACK_IN_PROGRESS of ml.m5.large"),
    ],
)
def test_what_says_whose_account_it_was_is_taken_out(text: str, left: str) -> None:
    assert SCRUB(text) == left


def test_long_texts_are_cut() -> None:
    assert SCRUB("x " * 1000) == "x " * 200 + "..."


REPORT = Report(
    region="eu-west-1",
    scrub=SCRUB,
    seen={
        "twelve-hours": unchecked("It takes long."),
        "role-text": differs("Another text", "a | b of `111122223333`", "  "),
        "event-source": agrees("The condition lets it pass"),
    },
)


def test_rows_come_in_the_order_of_the_list() -> None:
    rows = [row["id"] for row in REPORT.document()["rows"]]
    assert rows == [each.id for each in ASSUMPTIONS if each.id in REPORT.seen]
    assert rows == ["role-text", "twelve-hours", "event-source"]


def test_text_for_a_terminal() -> None:
    text = REPORT.text()
    assert text.startswith("automl verify: 1 agree, 1 differs, 1 could not be checked\n")
    assert (
        "role-text: differs\n"
        "  assumed: The text of the error while a new role is not usable yet\n"
        "  seen:    Another text\n"
        "           - a | b of `<account>`\n"
    ) in text
    assert max(len(line) for line in text.splitlines()) <= 110


def test_files_are_of_the_form_that_their_names_say(tmp_path: Path) -> None:
    REPORT.write(tmp_path / "report.json")
    REPORT.write(tmp_path / "report.md")
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["rows"][0] == {
        "id": "role-text",
        "assumed": "The text of the error while a new role is not usable yet",
        "verdict": "differs",
        "seen": "Another text",
        "evidence": ["a | b of `<account>`"],
    }
    assert {"boto3", "botocore", "python", "cdk-sagemaker-autopilot"} == document["versions"].keys()
    page = (tmp_path / "report.md").read_text()
    assert "| `role-text` | differs | Another text |" in page
    assert "- `a | b of '<account>'`" in page
