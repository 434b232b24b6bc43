"""Prices, from files of the user's: the library has none of its own."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_BY_INSTANCE: Final = ("training", "hosting", "transform")
"""Members that map instance types to a price for an hour of one instance."""

_SERVERLESS: Final = "serverless_provisioned_gb_hour"
_PER_MONTH: Final = "resources_per_month"
_ASSUMED: Final = "training_instance_type"
_REQUIRED: Final = ("date", "currency", "region", "source")
_MEMBERS: Final = (*_REQUIRED, *_BY_INSTANCE, _SERVERLESS, _PER_MONTH, _ASSUMED)
_INSTANCE: Final = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")
_TYPE: Final = re.compile(r"[A-Z]\w*::\w+::\w+")
_LONGEST: Final = 40
"""Characters of a value that are shown."""

_MOST: Final = 1_000_000_000
_OLD: Final = 365
"""Days after which prices are called old."""


class BadPricesError(Exception):
    """A file of prices cannot be used, with all of why."""


class _TwiceError(Exception):
    """Members of one object have the same name."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The prices of one region."""

    file: str
    date: dt.date
    currency: str
    region: str
    source: str
    by_instance: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """For an hour of one instance: `training`, `hosting` and `transform`, by instance type."""

    serverless_provisioned_gb_hour: float | None = None
    resources_per_month: Mapping[str, float] = field(default_factory=dict)
    """For a month of one resource, by CloudFormation's type."""

    training_instance_type: str | None = None
    """What the user assumes that the service trains on."""

    def warnings(self, today: dt.date) -> Iterator[str]:
        """What is odd about them."""
        age = (today - self.date).days
        if age > _OLD:
            yield f"the prices in '{self.file}' are of {self.date}, {age} days ago: they may have changed"
        if age < 0:
            yield f"the prices in '{self.file}' are of {self.date}, which is in the future"

    def as_json(self) -> dict[str, Any]:
        """Where the prices come from, as plain values."""
        return {
            "file": self.file,
            "date": self.date.isoformat(),
            "currency": self.currency,
            "region": self.region,
            "source": self.source,
        }


@dataclass(frozen=True)
class PriceList:
    """The prices of several regions, in one currency."""

    regions: tuple[Prices, ...] = ()

    @property
    def currency(self) -> str:
        """The currency of all; empty if there are none."""
        return self.regions[0].currency if self.regions else ""

    def of(self, region: str | None) -> Prices | None:
        """The prices for a stack; a stack for any region takes those that are given, if there is one region."""
        if region is None:
            return self.regions[0] if len(self.regions) == 1 else None
        return next((each for each in self.regions if each.region == region), None)


def read_all(files: Sequence[Path]) -> PriceList:
    """Read files of prices.

    Raises:
        BadPricesError: One cannot be read or has mistakes, or they do not go together.
    """
    read = tuple(map(_read, files))
    currencies = sorted({each.currency for each in read})
    if len(currencies) > 1:
        raise BadPricesError(f"--prices: all files must be in one currency, got {', '.join(currencies)}")
    regions = [each.region for each in read]
    twice = sorted({region for region in regions if regions.count(region) > 1})
    if twice:
        raise BadPricesError(f"--prices: give one file for a region, got several for {', '.join(twice)}")
    return PriceList(read)


def _read(path: Path) -> Prices:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
    except OSError as error:
        raise BadPricesError(f"--prices: '{path}' cannot be read: {error.strerror or error}") from None
    except _TwiceError as error:
        raise BadPricesError(f"--prices: '{path}' has {error}: give each member once") from None
    except ValueError as error:
        raise BadPricesError(f"--prices: '{path}' is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadPricesError(f"--prices: '{path}' must be a JSON object, got {type(document).__name__}")
    wrong = list(_problems(document))
    if wrong:
        listed = "".join(f"\n  - {each}" for each in wrong)
        raise BadPricesError(f"--prices: '{path}' has {len(wrong)} problem{'' if len(wrong) == 1 else 's'}:{listed}")
    return Prices(
        file=str(path),
        date=dt.date.fromisoformat(document["date"]),
        currency=document["currency"],
        region=document["region"],
        source=document["source"],
        by_instance={name: document.get(name, {}) for name in _BY_INSTANCE},
        serverless_provisioned_gb_hour=document.get(_SERVERLESS),
        resources_per_month=document.get(_PER_MONTH, {}),
        training_instance_type=document.get(_ASSUMED),
    )


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in members]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _TwiceError(f"{', '.join(map(repr, twice))} more than once")
    return dict(members)


def _problems(document: dict[str, Any]) -> Iterator[str]:
    for name in document:
        if name not in _MEMBERS:
            yield f"there is no member '{name}'; there are {', '.join(_MEMBERS)}"
    for name in _REQUIRED:
        if not isinstance(document.get(name), str) or not document[name].strip():
            yield f"'{name}' must be given, as text: prices without date and source are worth nothing"
    if isinstance(document.get("date"), str) and not _is_date(document["date"]):
        yield f"'date' must be a day such as 2026-11-30, got '{document['date']}'"
    currency = document.get("currency")
    if isinstance(currency, str) and currency.strip() and not re.fullmatch(r"[A-Z]{3}", currency):
        yield f"'currency' must be three capital letters such as USD, got '{currency}'"
    for name in _BY_INSTANCE:
        yield from _priced(document, name, _INSTANCE, "an instance type such as ml.m5.large")
    yield from _priced(document, _PER_MONTH, _TYPE, "a CloudFormation type such as AWS::KMS::Key")
    if _SERVERLESS in document:
        yield from _price(_SERVERLESS, document[_SERVERLESS])
    assumed = document.get(_ASSUMED)
    if assumed is not None and not (isinstance(assumed, str) and _INSTANCE.fullmatch(assumed)):
        yield f"'{_ASSUMED}' must be an instance type such as ml.m5.large, got {json.dumps(assumed)}"


def _priced(document: dict[str, Any], name: str, key: re.Pattern[str], called: str) -> Iterator[str]:
    prices = document.get(name, {})
    if not isinstance(prices, dict):
        yield f"'{name}' must be an object with a price for each, got {json.dumps(prices)}"
        return
    for of, price in prices.items():
        if not key.fullmatch(of):
            yield f"each key of '{name}' must be {called}, got '{of}'"
        yield from _price(f"{name}.{of}", price)


def _price(name: str, price: Any) -> Iterator[str]:
    if isinstance(price, bool) or not isinstance(price, (int, float)) or not 0 <= price <= _MOST:
        yield (
            f"the price '{name}' must be a number from 0 to {_MOST:,}, got {_shown(price)}; leave out what is not known"
        )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _is_date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
