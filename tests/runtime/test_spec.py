"""What needs another job, what its name is, and which properties are refused."""

import itertools
from typing import Any

import pytest
from botocore.exceptions import ClientError

from constructs_lib.runtime.contract import HASH_LENGTH, NAME_LENGTH
from constructs_lib.runtime.event import Event
from constructs_lib.runtime.failure import Failure
from constructs_lib.runtime.spec import Spec, read, taken

from .fake_sagemaker import client_error, service_model
from .world import properties

PINNED_NAMES = [
    "demo-churn-yur7ekqgc56nq7sp7nijn",
    "demo-churn-bek3ugpezioewyl3eykp2",
    "demo-churn-f3elcv3ndsrgnisyujt4d",
]


def spec(wanted: dict[str, Any] | None = None, **changes: Any) -> Spec:
    return read(properties() | (wanted or {}) | changes, service_model("sagemaker"))


def event(*, stack: str = "stack/1", logical: str = "Churn") -> Event:
    return Event("Create", stack, "request", logical, "", "http://x", {}, {})


def names(wanted: Spec, of: Event | None = None, count: int = 3) -> list[str]:
    return list(itertools.islice(wanted.names(of or event()), count))


def test_names_are_the_same_in_every_process_and_release() -> None:
    # Pinned: another name for the same properties would train every job of every user again at the next rollback.
    assert names(spec()) == PINNED_NAMES


def test_names_of_two_resources_or_stacks_or_attempts_differ() -> None:
    events = [event(), event(logical="Other"), event(stack="stack/2")]

    every = [name for of in events for name in names(spec(), of)]

    assert len(set(every)) == len(every) == 9


@pytest.mark.parametrize("prefix", ["a-", "churn-demo-", "x" * 19 + "-"])
def test_names_fill_the_limit_whatever_the_prefix(prefix: str) -> None:
    for name in names(spec(NamePrefix=prefix)):
        assert len(name) == NAME_LENGTH
        assert name.startswith(prefix)
        assert name[len(prefix) :].isalnum()
        assert name == name.lower()
        assert len(name) - len(prefix) >= HASH_LENGTH


@pytest.mark.parametrize(
    "changes",
    [
        {"Revision": "2"},
        {"Operation": "CreateAutoMLJobV2", "Request": {"AutoMLJobInputDataConfig": []}},
        {"Request": properties(ProblemType="Regression")["Request"]},
        {"Request": properties(AutoMLJobName="churn")["Request"]},
    ],
    ids=["revision", "operation", "request", "explicit name"],
)
def test_change_that_needs_another_job_changes_the_digest(changes: dict[str, Any]) -> None:
    assert spec(changes).digest != spec().digest


@pytest.mark.parametrize(
    "changes",
    [{"NamePrefix": "other-"}, {"ServiceTimeout": "1"}, {"Request": properties(tags={"a": "1"})["Request"]}],
    ids=["prefix", "service timeout", "tags"],
)
def test_change_that_needs_no_other_job_keeps_the_digest(changes: dict[str, Any]) -> None:
    assert spec(changes).digest == spec().digest


def test_explicit_name_is_the_only_one() -> None:
    assert names(spec(properties(AutoMLJobName="churn"))) == ["churn"]


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in properties().items() if name != key}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (without("Operation"), "the resource properties lack Operation"),
        (without("Request"), "the resource properties lack Request"),
        ({}, "the resource properties lack Operation, Request"),
        (without("NamePrefix"), "the resource properties lack NamePrefix, and the request has no AutoMLJobName"),
        (
            properties() | {"Operation": "DeleteModel"},
            "'Operation' must be CreateAutoMLJob or CreateAutoMLJobV2, got 'DeleteModel'",
        ),
        (
            properties(prefix="Demo"),
            "'NamePrefix' must be at most 20 lower-case letters, digits and hyphens, begin with a letter or digit and "
            "end with a hyphen, got 'Demo'",
        ),
    ],
)
def test_properties_that_make_no_job_are_refused(wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(Failure) as caught:
        read(wanted, service_model("sagemaker"))

    assert str(caught.value) == message


@pytest.mark.parametrize("prefix", ["demo", "-demo-", "Demo-", "de_mo-", "x" * 20 + "-", "-"])
def test_prefix_that_no_name_can_begin_with_is_refused(prefix: str) -> None:
    with pytest.raises(Failure, match="'NamePrefix' must be"):
        read(properties(prefix=prefix), service_model("sagemaker"))


DENIED = client_error("DescribeAutoMLJobV2", "AccessDeniedException", "not authorized")
BUSY = client_error("DescribeAutoMLJobV2", "ThrottlingException", "slow down")


@pytest.mark.parametrize(
    ("there", "seen"),
    [
        (["a", None, "c"], ["a"]),
        (["a", DENIED, "c", None], ["a", "c"]),
        ([DENIED, DENIED, DENIED, "d", None], ["d"]),
        ([DENIED, DENIED, DENIED, DENIED, "e"], []),
    ],
    ids=["to the first free name", "behind a hidden one", "behind three", "not behind four"],
)
def test_what_has_the_names_is_found(there: list[Any], seen: list[str]) -> None:
    def find(place: str) -> str | None:
        found = there[int(place)]
        if isinstance(found, ClientError):
            raise found
        return found  # type: ignore[no-any-return]

    assert list(taken(map(str, itertools.count()), find)) == seen


@pytest.mark.parametrize(("error", "sees_own"), [(DENIED, False), (BUSY, True)])
def test_denial_counts_for_nothing_where_not_even_the_own_is_seen(error: ClientError, *, sees_own: bool) -> None:
    def find(_: str) -> str | None:
        raise error

    with pytest.raises(ClientError):
        list(taken(["a"], find, sees_own=sees_own))
