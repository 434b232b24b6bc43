"""Addresses in S3 as requests give them."""

import pytest

from constructs_lib.rehearsal.cloud.as_role import Denied, S3Location


@pytest.mark.parametrize(
    ("uri", "bucket", "key"),
    [
        ("s3://b", "b", ""),
        ("s3://b/", "b", ""),
        ("s3://b/a b/ü#1?x=%41.csv", "b", "a b/ü#1?x=%41.csv"),
        ("s3://b//twice", "b", "/twice"),
        ("https://b.s3.eu-west-1.amazonaws.com/a%20b.csv", "b", "a b.csv"),
        ("https://s3-data.v2.s3.amazonaws.com/k", "s3-data.v2", "k"),
        ("https://s3.eu-west-1.amazonaws.com/b/k/l", "b", "k/l"),
        ("https://s3-eu-west-1.amazonaws.com/b", "b", ""),
    ],
)
def test_every_spelling_names_a_bucket_and_a_key(uri: str, bucket: str, key: str) -> None:
    assert S3Location.parse(uri) == S3Location(bucket, key)


@pytest.mark.parametrize("uri", ["https://example.com/b/k", "s3:///k", "b/k", "ftp://b/k"])
def test_another_address_is_refused(uri: str) -> None:
    with pytest.raises(Denied) as refused:
        S3Location.parse(uri)
    assert str(refused.value) == f"{uri} is not the address of anything in S3"
