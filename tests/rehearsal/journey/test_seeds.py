"""Data that is uploaded before the app is deployed."""

from pathlib import Path
from typing import BinaryIO

from constructs_lib.rehearsal.seeds import Seed


class S3:
    """A bucket service that remembers."""

    def __init__(self, *buckets: str) -> None:
        self.buckets = list(buckets)
        self.objects: list[tuple[str, str]] = []

    def list_buckets(self) -> dict[str, list[dict[str, str]]]:
        return {"Buckets": [{"Name": name} for name in self.buckets]}

    def create_bucket(self, *, Bucket: str) -> None:  # noqa: N803  boto3's spelling
        self.buckets.append(Bucket)

    def put_object(self, *, Bucket: str, Key: str, Body: BinaryIO) -> None:  # noqa: N803
        assert Body.read() == b"a\n1\n"
        self.objects.append((Bucket, Key))


def seeded(uri: str, local: Path, s3: S3) -> list[tuple[str, str]]:
    Seed.parse(f"{uri}={local}").upload(s3)
    return s3.objects


def test_file_below_a_prefix_keeps_its_name(tmp_path: Path) -> None:
    file = tmp_path / "churn.csv"
    file.write_text("a\n1\n")
    assert seeded("s3://data/train/", file, S3("data")) == [("data", "train/churn.csv")]
    assert seeded("s3://data", file, S3("data")) == [("data", "churn.csv")]


def test_file_can_get_a_key_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "churn.csv"
    file.write_text("a\n1\n")
    assert seeded("s3://data/train/rows.csv", file, S3("data")) == [("data", "train/rows.csv")]


def test_folder_keeps_its_tree(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "deep" / "b.csv").write_text("a\n1\n")
    assert seeded("s3://data/train", tmp_path, S3("data")) == [("data", "train/a.csv"), ("data", "train/deep/b.csv")]


def test_missing_bucket_is_made_and_an_existing_one_kept(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    s3 = S3()
    seeded("s3://data/", tmp_path, s3)
    seeded("s3://data/", tmp_path, s3)
    assert s3.buckets == ["data"]
