"""What a synthesis takes: ours, the same by hand, the same with a provider each, and an app without any of it.

The floor is the same resources with the CDK alone: no construct that makes them takes less, ours or another.
"""

import json
import math
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .measuring import Figure, Taken, each_further, in_turns, ratio

APPS = Path(__file__).parent / "apps"
MANY = 100
DRAWN = (1, 10, 100, 150)
"""Numbers of jobs whose cost is drawn."""

_BARS = 40
_SIDES_OF_BUDGETS = {"ours": "ours.py", "by hand": "by_hand.py", "the floor": "floor.py"}
_SIDES = {"ours": "ours.py", "by hand": "by_hand.py", "a CDK Provider each": "providers.py"}


def figures(runs: int) -> Iterator[Figure]:
    """The budgets of synthesis."""
    cases = {
        "an empty app": ("empty.py", 1, "own-role"),
        "an app with the user's bucket and role": ("bare.py", 1, "shared-role"),
        **{
            f"{count} {roles}, {side}": (script, count, roles)
            for count in (1, MANY)
            for roles in ("own-role", "shared-role")
            for side, script in _SIDES_OF_BUDGETS.items()
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        taken = in_turns({name: _command(folder, name, *case) for name, case in cases.items()}, runs)
    for name, each in taken.items():
        print(f"{name:56} {each}")
    print()
    yield Figure("one job, ours / by hand", _ratio(taken, "1 own-role, ours", "1 own-role, by hand"), 0.45)
    yield Figure("one job, the floor / by hand", _ratio(taken, "1 own-role, the floor", "1 own-role, by hand"))
    bare = "an app with the user's bucket and role"
    yield Figure("one job, ours / that bucket and role alone", _ratio(taken, "1 shared-role, ours", bare), 1.15)
    yield Figure("one job, the floor / that bucket and role alone", _ratio(taken, "1 shared-role, the floor", bare))
    for roles, most in (("shared-role", 0.25), ("own-role", 0.5)):
        further = {side: _further(taken, roles, side) for side in _SIDES_OF_BUDGETS}
        for side, seconds in further.items():
            yield Figure(f"a further job, {roles}, {side}", seconds * 1000, unit=" ms")
        # A busy machine may show many jobs in less time than one.
        known = min(further.values()) > 0
        for side, budget in (("ours", most), ("the floor", None)):
            of_by_hand = further[side] / further["by hand"] if known else math.nan
            yield Figure(f"a further job, {roles}, {side} / by hand", of_by_hand, budget)
    empty = taken["an empty app"].memory
    yield Figure("peak memory of one job, ours / an empty app", taken["1 own-role, ours"].memory / empty, 1.05)
    yield Figure("peak memory of one job, the floor / an empty app", taken["1 own-role, the floor"].memory / empty)
    yield Figure("resources of a job with outcome and endpoint, a further one", _resources(), 8)


def draw(runs: int) -> None:
    """The wall time of synthesis for more and more jobs, as bars."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            f"{count:4} jobs, {side}": _command(folder, f"{count} {side}", script, count, "own-role")
            for count in DRAWN
            for side, script in _SIDES.items()
        }
        taken = in_turns(commands, runs)
    longest = max(each.median for each in taken.values())
    print("\nsynthesis, a role for each job")
    for name, each in taken.items():
        bar = "█" * max(1, round(_BARS * each.median / longest))
        print(f"{name:32} {each.median:6.2f} s  {bar}")


def _command(folder: str, name: str, script: str, jobs: int, roles: str) -> list[str]:
    return [sys.executable, str(APPS / script), str(Path(folder, name.replace("/", " "))), str(jobs), roles]


def _ratio(taken: dict[str, Taken], one: str, other: str) -> float:
    return ratio(taken[one], taken[other])


def _further(taken: dict[str, Taken], roles: str, side: str) -> float:
    return each_further(taken[f"{MANY} {roles}, {side}"], taken[f"1 {roles}, {side}"], MANY - 1)


def _resources() -> int:
    counts = []
    with tempfile.TemporaryDirectory() as folder:
        for jobs in (1, 2):
            command = _command(folder, str(jobs), "served.py", jobs, "own-role")
            in_turns({"": command}, 0)
            template = json.loads(Path(folder, str(jobs), "Bench.template.json").read_text())
            counts.append(len(template["Resources"]))
    return counts[1] - counts[0]
