"""Options and their values among words, as the parser of the AWS CLI (Python's argparse) takes them apart.

argparse itself changes from release to release of Python, and stops at the first error.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_NEGATIVE: Final = re.compile(r"-(?:\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)")


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option of the CLI."""

    takes: str = "one"
    """`one` value, `many` (also none), `maybe` one, or `nothing`."""

    choices: tuple[str, ...] = ()


@dataclass
class Taken:
    """What was found among the words."""

    values: dict[str, list[str]] = field(default_factory=dict)
    """By option, in the order of the words: an option that comes again is last."""

    rest: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """In the CLI's words."""


def take(options: Mapping[str, Option], words: Sequence[str], *, positional: bool = False) -> tuple[str | None, Taken]:
    """Take options and their values out of words.

    Args:
        options: What there is.
        words: All words before `--`.
        positional: Whether the first word that is neither option nor value is taken as well.

    Returns:
        The first word, if there is one, and the rest.
    """
    return _Walk(options, words).taken(positional=positional)


class _Walk:
    def __init__(self, options: Mapping[str, Option], words: Sequence[str]) -> None:
        self._options = options
        self._words = list(words)
        self._matches = [self._match(word) for word in self._words]
        self._taken = Taken()

    def taken(self, *, positional: bool) -> tuple[str | None, Taken]:
        first: str | None = None
        index = 0
        while index < len(self._words):
            word, matches = self._words[index], self._matches[index]
            index += 1
            if matches is None:
                if positional and first is None:
                    first = word
                else:
                    self._taken.rest.append(word)
            elif not matches:
                self._taken.rest.append(word)
            elif len(matches) > 1:
                self._taken.wrong.append(f"ambiguous option: {word} could match {', '.join(matches)}")
                index += len(list(self._values_at(index)))
            else:
                index = self._option(matches[0], word, index)
        return first, self._taken

    def _option(self, name: str, word: str, index: int) -> int:
        """Take an option with its values; returns where the next word is."""
        option = self._options[name]
        _, is_explicit, explicit = word.partition("=")
        if is_explicit:
            if option.takes == "nothing":
                self._taken.wrong.append(f"argument {name}: ignored explicit argument '{explicit}'")
                return index
            values = [explicit]
        else:
            values = list(self._values_at(index))
            if option.takes != "many":
                values = values[: 0 if option.takes == "nothing" else 1]
            index += len(values)
        if option.takes == "one" and not values:
            self._taken.wrong.append(f"argument {name}: expected one argument")
            return index
        if option.choices and any(value not in option.choices for value in values):
            allowed = ", ".join(option.choices)
            self._taken.wrong.append(f"argument {name}: Found invalid choice '{values[0]}', not one of {allowed}")
            return index
        self._taken.values.pop(name, None)
        self._taken.values[name] = values
        return index

    def _values_at(self, index: int) -> Iterator[str]:
        while index < len(self._words) and self._matches[index] is None:
            yield self._words[index]
            index += 1

    def _match(self, word: str) -> list[str] | None:
        """The options that a word may name; None: it is a value."""
        if not word.startswith("-") or word == "-":
            return None
        if word in self._options:
            return [word]
        name = word.partition("=")[0]
        if name in self._options:
            return [name]
        found = [option for option in self._options if option.startswith(name)] if word.startswith("--") else []
        if not found and (_NEGATIVE.fullmatch(word) or " " in word):
            return None
        return found
