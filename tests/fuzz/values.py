"""Odd values: what somebody may give where something else belongs, each with a name."""

import datetime as dt
import decimal
import fractions
import math
import types
from collections import UserDict, deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from constructs_lib import Metric, Mode, OnMiss

if TYPE_CHECKING:
    from .subjects import World


class _Unsayable:
    def __repr__(self) -> str:
        raise RuntimeError("it does not say")


class _Text(str):
    __slots__ = ()


@jsii.implements(cdk.IStableStringProducer)
class _Later:
    def produce(self) -> str:
        return "later"


def _deep() -> list[Any]:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


def _round() -> list[Any]:
    itself: list[Any] = []
    itself.append(itself)
    return itself


PLAIN: Final[dict[str, Callable[[], object]]] = {
    # nothing, and yes and no
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "...": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    # numbers
    "0": lambda: 0,
    "1": lambda: 1,
    "-1": lambda: -1,
    "7": lambda: 7,
    "2**31": lambda: 2**31,
    "2**53 + 1": lambda: 2**53 + 1,
    "2**60": lambda: 2**60,
    "-2**60": lambda: -(2**60),
    "10**400": lambda: 10**400,
    "-10**400": lambda: -(10**400),
    "10**5000": lambda: 10**5000,
    "0.0": lambda: 0.0,
    "0.5": lambda: 0.5,
    "1.5": lambda: 1.5,
    "-0.0": lambda: -0.0,
    "5e-324": lambda: 5e-324,
    "1e300": lambda: 1e300,
    "-1e300": lambda: -1e300,
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "-inf": lambda: -math.inf,
    "Decimal('NaN')": lambda: decimal.Decimal("NaN"),
    "Decimal(1)": lambda: decimal.Decimal(1),
    "Fraction(1, 2)": lambda: fractions.Fraction(1, 2),
    "1+2j": lambda: 1 + 2j,
    # text
    "''": lambda: "",
    "' '": lambda: " ",
    "'a'": lambda: "a",
    "'nine'": lambda: "nine",
    "'5'": lambda: "5",
    "'True'": lambda: "True",
    "'Mars'": lambda: "Mars",
    "5000 letters": lambda: "x" * 5000,
    "'ß'": lambda: "ß",
    "'予測'": lambda: "予測",
    "an emoji": lambda: "\N{GRINNING FACE}",
    "a lone surrogate": lambda: "a\ud800",
    "NUL": lambda: "a\0b",
    "two lines": lambda: "a\nb",
    "right to left": lambda: "a\u202eb",
    "'../..'": lambda: "../..",
    "'/'": lambda: "/",
    "an S3 URI": lambda: "s3://bucket/key",
    "an ARN": lambda: "arn:aws:iam::123456789012:role/x",
    "half a token": lambda: "${Token[",
    "'${AWS::Region}'": lambda: "${AWS::Region}",
    "a dynamic reference": lambda: "{{resolve:ssm:/a}}",
    "quotes": lambda: "'\"\\",
    "wildcards": lambda: "*?",
    "JSON": lambda: '{"a": NaN}',
    "text of a subclass": lambda: _Text("a"),
    "bytes": lambda: b"a",
    "no bytes": lambda: b"",
    "a bytearray": lambda: bytearray(b"a"),
    # things that hold things
    "[]": list,
    "()": lambda: (),
    "{}": dict,
    "set()": set,
    "{'a', 'b'}": lambda: {"a", "b"},
    "a frozenset": lambda: frozenset({"a"}),
    "[None]": lambda: [None],
    "[1]": lambda: [1],
    "['a']": lambda: ["a"],
    "['']": lambda: [""],
    "['a', 'a']": lambda: ["a", "a"],
    "[[]]": lambda: [[]],
    "[{}]": lambda: [{}],
    "[nan]": lambda: [math.nan],
    "[True]": lambda: [True],
    "a thousand texts": lambda: [f"a{index}" for index in range(1000)],
    "{'a': 1}": lambda: {"a": 1},
    "{'a': 'b'}": lambda: {"a": "b"},
    "{'a': nan}": lambda: {"a": math.nan},
    "{1: 2}": lambda: {1: 2},
    "{None: None}": lambda: {None: None},
    "{'a': {'b': [nan]}}": lambda: {"a": {"b": [math.nan]}},
    "{'': ''}": lambda: {"": ""},
    "a map that is no dict": lambda: UserDict({"a": "b"}),
    "a frozen map": lambda: types.MappingProxyType({"a": "b"}),
    "a list 100,000 deep": _deep,
    "a list of itself": _round,
    "range(3)": lambda: range(3),
    "a generator": lambda: (each for each in "ab"),
    "a deque": lambda: deque(["a"]),
    "the keys of a dict": lambda: {"a": 1}.keys(),
    # objects of Python
    "object()": object,
    "int": lambda: int,
    "the class iam.Role": lambda: iam.Role,
    "the class s3.Bucket": lambda: s3.Bucket,
    "a function": lambda: _deep,
    "a module": lambda: math,
    "Path('.')": lambda: Path(),
    "Path('/nowhere/x.csv')": lambda: Path("/nowhere/x.csv"),
    "a datetime": lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    "a timedelta": lambda: dt.timedelta(minutes=5),
    "an exception": lambda: ValueError("a"),
    "what cannot say itself": _Unsayable,
    "a member of another enum": lambda: s3.BucketEncryption.KMS,
    "Mode.AUTO": lambda: Mode.AUTO,
    "Metric.MSE": lambda: Metric.MSE,
    "OnMiss.FAIL": lambda: OnMiss.FAIL,
    # values of the CDK
    "Duration.seconds(0)": lambda: cdk.Duration.seconds(0),
    "Duration.seconds(1)": lambda: cdk.Duration.seconds(1),
    "Duration.millis(300500)": lambda: cdk.Duration.millis(300_500),
    "Duration.hours(1.1)": lambda: cdk.Duration.hours(1.1),
    "Duration.minutes(10)": lambda: cdk.Duration.minutes(10),
    "Duration.days(365)": lambda: cdk.Duration.days(365),
    "Duration.days(10**9)": lambda: cdk.Duration.days(10**9),
    "Size.gibibytes(1)": lambda: cdk.Size.gibibytes(1),
    "RemovalPolicy.DESTROY": lambda: cdk.RemovalPolicy.DESTROY,
    "SubnetSelection()": lambda: ec2.SubnetSelection(),
    "an App": lambda: cdk.App(),
    # tokens
    "a text token": lambda: cdk.Aws.REGION,
    "text with a token": lambda: f"a-{cdk.Aws.REGION}-z",
    "a lazy text": lambda: cdk.Lazy.string(_Later()),
    "an import": lambda: cdk.Fn.import_value("exported"),
    "no value": lambda: cdk.Aws.NO_VALUE,
    "a number token": lambda: cdk.Token.as_number({"Ref": "Number"}),
    "a list token": lambda: cdk.Fn.split(",", cdk.Aws.REGION),
    "any token": lambda: cdk.Token.as_any({"Ref": "Any"}),
    "a condition": lambda: cdk.Fn.condition_if("If", "a", "b"),
    "a list of a text token": lambda: [cdk.Aws.REGION],
    "a list of a number token": lambda: [cdk.Token.as_number({"Ref": "Number"})],
    "a map to a token": lambda: {"a": cdk.Aws.REGION},
    "a map of a token": lambda: {cdk.Aws.REGION: "a"},
    "Duration.seconds(token)": lambda: cdk.Duration.seconds(cdk.Token.as_number({"Ref": "Number"})),
    "Duration.minutes(token)": lambda: cdk.Duration.minutes(cdk.Token.as_number({"Ref": "Number"})),
    "a secret": lambda: cdk.SecretValue.unsafe_plain_text("later"),
}
"""Values that stand by themselves, by what they are called in a report."""


IN_A_STACK: Final[dict[str, "Callable[[World], object]"]] = {
    "a Stack": lambda world: world.stack,
    "a Bucket": lambda world: world.bucket,
    "a Role": lambda world: world.role,
    "a Key": lambda world: world.key,
    "a Topic": lambda world: world.topic,
    "a Vpc": lambda world: world.vpc,
    "an alarm": lambda world: world.alarm,
    "a list of a Bucket": lambda world: [world.bucket],
    "a Channel": lambda world: world.channel,
    "an OutputLocation": lambda world: world.output,
    "a job": lambda world: world.job,
    "an outcome": lambda world: world.outcome,
    "a CfnParameter": lambda world: world.parameter,
}
"""Values that need a stack to live in."""

NAMES: Final = [*PLAIN, *IN_A_STACK]


def value_of(name: str, world: "World") -> Any:
    """The value of that name, made anew."""
    return PLAIN[name]() if name in PLAIN else IN_A_STACK[name](world)
