"""Gives every prop of the public interface every odd value: `python -m tests.fuzz.fuzz [N | part of a name ...]`.

Right is an error in the caller's words that names the prop, or a template whose calls botocore's model accepts.
"""

import inspect
import json
import logging
import multiprocessing
import os
import random
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from ..kernel import Unsendable, guard
from .subjects import METRIC_OPTIONS, SUBJECTS, World, name_of
from .values import NAMES, value_of
from .verdict import faults

_LONGEST: Final = 4000
"""Characters that somebody reads of an error."""

_EMPTY: Final = {"False", "0", "0.0", "''", "[]", "()", "{}", "set()"}
"""Values that are no default, although Python takes them for nothing."""

_TYPES: Final = {"False": "bool", "0": "int|float", "0.0": "float", "''": "str", "[]": "Sequence", "()": "Sequence"}


_TEXT_LATE: Final = {"a lazy text", "a secret"}
"""Tokens that turn out to be text when the template is written."""


@dataclass(frozen=True)
class Pair:
    """One prop, and the odd value that it gets."""

    subject: int
    prop: str
    value: str

    def __str__(self) -> str:
        return f"{name_of(SUBJECTS[self.subject])}({self.prop}={self.value})"


def pairs() -> list[Pair]:
    """All of them."""
    return [
        Pair(index, prop, value) for index, subject in enumerate(SUBJECTS) for prop in _props(index) for value in NAMES
    ]


def _props(index: int) -> Iterator[str]:
    for name in SUBJECTS[index].props():
        if name == "options":
            yield from METRIC_OPTIONS
        else:
            yield name


def sample(count: int, seed: int) -> list[Pair]:
    """Some of them, always the same for a seed; those of a subject follow each other."""
    chosen = random.Random(seed).sample(pairs(), count)
    return sorted(chosen, key=lambda pair: (pair.subject, pair.prop, pair.value))


_WORLDS: dict[int, World] = {}


def judge(pair: Pair) -> str | None:
    """What is wrong with what comes of a pair; None: nothing."""
    world = _WORLDS.pop(pair.subject, None) or World()
    subject = SUBJECTS[pair.subject]
    value = value_of(pair.value, world)
    before = len(world.stack.node.children)
    try:
        subject.call(world, pair.prop, value)
    except (ValueError, TypeError) as error:
        fault = _fault_of(error, pair)
        if fault is None and len(world.stack.node.children) == before:
            _WORLDS[pair.subject] = world
        return fault
    except Unsendable as error:
        return f"the kernel would end: {error}"
    except Exception as error:
        return f"raw {type(error).__name__}: {_short(error)}"
    try:
        template = _template(world)
    except Unsendable as error:
        return f"the kernel would end: {error}"
    except Exception as error:
        if "KeyMustResolveToString" in str(error):  # the CDK's own word: a key may be known late, if it is text then
            return None
        if pair.value in _TEXT_LATE and "should be a number" in str(error):  # the CDK's own L1 says so, once it is text
            return None
        return f"accepted, but cannot be synthesized: {type(error).__name__}: {_short(error)}"
    for fault in faults(template):
        return f"accepted, but {fault}"
    if pair.value in _EMPTY and not _may_be(pair) and json.dumps(template, sort_keys=True) == _without(pair):
        return "accepted, but taken for nothing"
    return None


def _may_be(pair: Pair) -> bool:
    """Whether the prop's type has the empty value."""
    parameter = inspect.signature(SUBJECTS[pair.subject].of).parameters.get(pair.prop)
    annotation = "" if parameter is None else str(parameter.annotation)
    wanted = _TYPES.get(pair.value, "Mapping")
    default = None if parameter is None else parameter.default
    return any(kind in annotation for kind in wanted.split("|")) or repr(default) == pair.value


@cache
def _template_without(subject: int, prop: str) -> str:
    world = World()
    SUBJECTS[subject].call(world)
    return json.dumps(_template(world), sort_keys=True)


def _without(pair: Pair) -> str:
    return _template_without(pair.subject, pair.prop)


def _template(world: World) -> dict[str, Any]:
    assembly = world.app.synth()
    path = assembly.get_stack_artifact(world.stack.artifact_id).template_full_path
    loaded: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return loaded


def _fault_of(error: Exception, pair: Pair) -> str | None:
    text = str(error)
    if isinstance(error, (UnicodeError, json.JSONDecodeError)):
        return f"raw {type(error).__name__}: {_short(error)}"
    besides = SUBJECTS[pair.subject].besides.get(pair.prop, pair.prop)
    said = f"{pair.prop}|{besides}" + ("|id" if pair.prop == "construct_id" else "")
    if not re.search(rf"(?<![a-zA-Z_])({said})(?![a-zA-Z_])", text):
        return f"{type(error).__name__} that does not name the prop: {_short(error)}"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "an error that nothing can print"
    return f"an error of {len(text)} characters" if len(text) > _LONGEST else None


def _short(error: object) -> str:
    text = str(error).replace("\n", " ").encode("ascii", "backslashreplace").decode()
    return text if len(text) < 200 else f"{text[:200]}..."


def kind(fault: str) -> str:
    """What faults have in common."""
    return re.sub(r"[0-9]+|'.*|: .*", "", fault)[:60] if not fault.startswith("raw") else fault.split(":")[0]


def judge_all(chosen: Sequence[Pair]) -> list[tuple[Pair, str]]:
    """Those that go wrong, with what is wrong."""
    guard()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    found = []
    for pair in chosen:
        if (fault := judge(pair)) is not None:
            found.append((pair, fault))
    _WORLDS.clear()
    return found


def say(text: str) -> None:
    """A line about how it goes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Try all pairs, a sample of N, or those of some names; returns 1 if anything is wrong."""
    os.environ["CDK_VALIDATION"] = "false"
    if arguments and arguments[0].isdigit():
        chosen = sample(min(int(arguments[0]), len(pairs())), int(arguments[1]) if arguments[1:] else 0)
    else:
        chosen = [pair for pair in pairs() if not arguments or any(part in str(pair) for part in arguments)]
    started = time.monotonic()
    by_prop: dict[tuple[int, str], list[Pair]] = {}
    for pair in chosen:
        by_prop.setdefault((pair.subject, pair.prop), []).append(pair)
    found: list[tuple[Pair, str]] = []
    with multiprocessing.get_context("spawn").Pool(os.cpu_count(), maxtasksperchild=20) as pool:
        for done, wrong in enumerate(pool.imap_unordered(judge_all, by_prop.values()), start=1):
            found += wrong
            for pair, fault in wrong:
                say(f"{pair}: {fault}")
            if done % 25 == 0:
                say(f"{done} of {len(by_prop)} props, {time.monotonic() - started:.0f} s, {len(found)} wrong")
    say(f"{len(chosen)} pairs of {len(by_prop)} props in {time.monotonic() - started:.0f} s: {len(found)} wrong")
    for each, times in Counter(kind(fault) for _, fault in found).most_common():
        say(f"{times:7}  {each}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
