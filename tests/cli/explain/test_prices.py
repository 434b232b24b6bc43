"""Files of prices: what is taken, and each refusal."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.cli.explain.prices import BadPricesError, read_all

GOOD: dict[str, Any] = {"date": "2026-11-30", "currency": "USD", "region": "eu-west-1", "source": "made up for a test"}


def file(folder: Path, name: str = "prices.json", **members: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(GOOD | members))
    return path


def complaint(*paths: Path) -> str:
    with pytest.raises(BadPricesError) as raised:
        read_all(paths)
    return str(raised.value)


def test_prices_are_read(tmp_path: Path) -> None:
    prices = read_all([file(tmp_path, training={"ml.m5.large": 2}, resources_per_month={"AWS::KMS::Key": 0.5})])

    assert prices.currency == "USD"
    (one,) = prices.regions
    assert (one.date, one.by_instance["training"], one.by_instance["hosting"]) == (
        date(2026, 11, 30),
        {"ml.m5.large": 2},
        {},
    )
    assert (one.resources_per_month, one.serverless_provisioned_gb_hour) == ({"AWS::KMS::Key": 0.5}, None)


def test_a_region_has_its_own_prices(tmp_path: Path) -> None:
    prices = read_all([file(tmp_path), file(tmp_path, "us.json", region="us-east-1")])

    for region in ("eu-west-1", "us-east-1"):
        found = prices.of(region)
        assert found is not None
        assert found.region == region
    assert prices.of("ap-south-1") is None
    assert prices.of(None) is None  # which of them, nobody knows


def test_a_stack_for_any_region_takes_the_only_prices(tmp_path: Path) -> None:
    found = read_all([file(tmp_path)]).of(None)

    assert found is not None
    assert found.region == "eu-west-1"
    assert read_all([]).of(None) is None


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"prize": 1}, "there is no member 'prize'; there are date, currency, region, source, training, hosting,"),
        ({"source": " "}, "'source' must be given, as text: prices without date and source are worth nothing"),
        ({"date": "30.11.2026"}, "'date' must be a day such as 2026-11-30, got '30.11.2026'"),
        ({"date": "20261130"}, "'date' must be a day such as 2026-11-30, got '20261130'"),
        ({"currency": "dollars"}, "'currency' must be three capital letters such as USD, got 'dollars'"),
        ({"training": 3}, "'training' must be an object with a price for each, got 3"),
        (
            {"hosting": {"m5.large": 1}},
            "each key of 'hosting' must be an instance type such as ml.m5.large, got 'm5.large'",
        ),
        (
            {"transform": {"ml.m5.large": "1"}},
            'must be a number from 0 to 1,000,000,000, got "1"; leave out what is not known',
        ),
        (
            {"training": {"ml.m5.large": -1}},
            "the price 'training.ml.m5.large' must be a number from 0 to 1,000,000,000, got -1",
        ),
        (
            {"training": {"ml.m5.large": None}},
            "must be a number from 0 to 1,000,000,000, got null; leave out what is not known",
        ),
        ({"training": {"ml.m5.large": True}}, "must be a number from 0 to 1,000,000,000, got true"),
        ({"hosting": {"ml.m5.large": 10**400}}, f"got 1{'0' * 39}...; leave out what is not known"),
        ({"serverless_provisioned_gb_hour": "x"}, "the price 'serverless_provisioned_gb_hour' must be a number"),
        (
            {"resources_per_month": {"kms": 1}},
            "each key of 'resources_per_month' must be a CloudFormation type such as AWS::KMS::Key, got 'kms'",
        ),
        (
            {"training_instance_type": "big"},
            "'training_instance_type' must be an instance type such as ml.m5.large, got",
        ),
    ],
)
def test_mistake_in_a_file_is_told(members: dict[str, Any], text: str, tmp_path: Path) -> None:
    told = complaint(file(tmp_path, **members))

    assert "prices.json' has 1 problem:" in told
    assert text in told


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"training": {"x": -1}}')

    assert "has 6 problems:" in complaint(path)


@pytest.mark.parametrize(("text", "told"), [("{", "is no JSON: "), ("[]", "must be a JSON object, got list")])
def test_file_that_is_no_object(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text)

    assert told in complaint(path)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none.json").endswith("none.json' cannot be read: No such file or directory")


def test_files_that_do_not_go_together(tmp_path: Path) -> None:
    euros = file(tmp_path, "euros.json", region="eu-central-1", currency="EUR")

    assert complaint(file(tmp_path), euros) == "--prices: all files must be in one currency, got EUR, USD"
    assert complaint(file(tmp_path), file(tmp_path, "again.json")) == (
        "--prices: give one file for a region, got several for eu-west-1"
    )


@pytest.mark.parametrize(
    ("today", "warning"),
    [
        (date(2026, 12, 1), None),
        (date(2028, 1, 1), "are of 2026-11-30, 397 days ago: they may have changed"),
        (date(2026, 1, 1), "are of 2026-11-30, which is in the future"),
    ],
)
def test_old_prices_are_warned_of(today: date, warning: str | None, tmp_path: Path) -> None:
    (one,) = read_all([file(tmp_path)]).regions
    told = list(one.warnings(today))

    assert [text.partition("' ")[2] for text in told] == ([warning] if warning else [])


def test_a_price_that_is_there_twice(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"training": {"ml.m5.large": 1, "ml.m5.large": 9}}')

    assert complaint(path) == f"--prices: '{path}' has 'ml.m5.large' more than once: give each member once"
