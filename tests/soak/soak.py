"""Runs many scenarios, each of its own seed, on all cores: `python -m tests.soak.soak [N] [first seed]`."""

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator

from .scenario import Scenario, from_seed
from .simulation import Simulation, Verdict

SHRINKING = 400
"""So many smaller scenarios are tried for each that goes wrong."""

_CHUNK = 200
_SHOWN = 8
"""Kinds of faults that are shrunk and shown."""


def run(scenario: Scenario) -> Verdict:
    """Play one scenario."""
    return Simulation(scenario).run()


def kind(fault: str) -> str:
    """What two faults have in common that differ in names and numbers only."""
    words = [word for word in fault.split("(")[0].split() if word.isalpha()]
    return " ".join(words[:12])


def shrink(scenario: Scenario) -> Scenario:
    """The smallest scenario found that goes wrong in the same way."""
    wanted = {kind(fault) for fault in run(scenario).faults}
    tries = SHRINKING
    while tries > 0:
        for smaller in scenario.smaller():
            tries -= 1
            if wanted & {kind(fault) for fault in run(smaller).faults}:
                scenario = smaller
                break
            if tries <= 0:
                break
        else:
            break
    return scenario


def search(first: int, count: int) -> list[tuple[int, list[str]]]:
    """The seeds that go wrong, each with its faults."""
    found = []
    for seed in range(first, first + count):
        try:
            faults = run(from_seed(seed)).faults
        except Exception as error:
            faults = [f"the soak itself fails: {type(error).__name__}: {error}"]
        if faults:
            found.append((seed, faults))
    return found


def _search(chunk: tuple[int, int]) -> list[tuple[int, list[str]]]:
    return search(*chunk)


def _chunks(first: int, count: int) -> Iterator[tuple[int, int]]:
    for begin in range(first, first + count, _CHUNK):
        yield begin, min(_CHUNK, first + count - begin)


def report(seed: int) -> str:
    """A seed's scenario, as small as it goes, and what happens in it."""
    scenario = shrink(from_seed(seed))
    verdict = run(scenario)
    return "\n".join([f"seed {seed}", scenario.told(), "", *verdict.trace, "", *verdict.faults, "", repr(scenario)])


def say(text: str) -> None:
    """A line about how it goes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run so many sequences; returns 1 if anything is wrong."""
    count = int(arguments[0]) if arguments else 100_000
    first = int(arguments[1]) if len(arguments) > 1 else 0
    started = time.monotonic()
    found: list[tuple[int, list[str]]] = []
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for done, faulty in enumerate(pool.imap_unordered(_search, _chunks(first, count)), start=1):
            found += faulty
            for seed, faults in faulty:
                say(f"seed {seed}: {faults[0]}")
            if done % 25 == 0:
                sequences = min(done * _CHUNK, count)
                say(f"{sequences} sequences, {time.monotonic() - started:.0f} s, {len(found)} wrong")
    say(f"{count} sequences in {time.monotonic() - started:.0f} s: {len(found)} wrong")
    kinds: Counter[str] = Counter()
    examples: dict[str, int] = {}
    for seed, faults in sorted(found):
        for each in {kind(fault) for fault in faults}:
            kinds[each] += 1
            examples.setdefault(each, seed)
    for each, times in kinds.most_common():
        say(f"{times:7}  {each}  (seed {examples[each]})")
    for seed in list(dict.fromkeys(examples.values()))[:_SHOWN]:
        say(f"\n{'-' * 100}\n{report(seed)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
