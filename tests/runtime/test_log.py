"""What is said of the logs where a scanner asks for a key of one's own: docs/scanners.md, `_LOGGED`, `_EXECUTED`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from constructs_lib.runtime.contract import Poll, Watch

from .world import World, properties, request, watching

LINE = {
    *("decision", "request_type", "stack_id", "logical_id", "request_id", "physical_id", "job_name", "status"),
    "detail",
}


def values(value: object) -> Iterator[str]:
    """Every text in a request that is no word of the API."""
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(each, str) and each not in ("S3Prefix",):
            yield each
        yield from values(each)


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_log_of_a_whole_life_holds_nothing_of_a_request(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.create(properties(tags={"team": "growth"}) | {"Watch": watching("Waits")})
    world.update(properties(tags={"team": "finance"}))
    world.delete()

    told = lines(capfd)
    assert {"job started", "answer"} <= {line["decision"] for line in told}
    assert all(set(line) <= LINE for line in told)
    assert list(values(request()))
    for value in (*values(request()), "growth", "finance"):
        assert value not in json.dumps(told)


def test_log_quotes_a_value_that_is_wrong(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    wrong = {"CompletionCriteria": {"MaxCandidates": "very many"}}
    answer = world.create(properties(AutoMLJobConfig=wrong))

    assert "'very many'" in answer["Reason"]
    assert "'very many'" in lines(capfd)[0]["detail"]


def test_execution_holds_names_ids_and_times_and_nothing_of_a_request(world: World) -> None:
    world.create(properties() | {"Watch": watching("Waits")})

    (execution,) = world.stepfunctions.executions.values()
    state = json.loads(execution.given)
    assert set(state) == set(Poll)
    assert set(state[Poll.WATCH]) <= set(Watch)
    for value in values(request()):
        assert value not in json.dumps(state)
