"""The AWS CLI's shorthand: `Key=a,Value=b`, `{...}` and `[...]` in it, quotes, `key@=file://`.

Written from what the CLI was seen to read and refuse; `tests/cli/requests/against_aws_cli` holds it to the real one.
"""

import re
import string
from collections.abc import Callable
from typing import Any, Final

from .model import Member

Resolve = Callable[[str], str | bytes]
"""What a value after `@=` stands for: the content of a `file://`, any other text itself."""

_KEY: Final = re.compile(r"[A-Za-z0-9\-_.#/:]*")

# A word begins with no space, quote, comma, `=` or opening bracket, goes up to U+FFFF, and holds `\,` for a comma. The
# first word of a value ends before a closing bracket; the further ones of `a,b` end before `=`, or they are keys.
_START: Final = r"(?:\\,|[^\x00-\x20\"',=\[{\U00010000-\U0010ffff])"
_FIRST_WORD: Final = re.compile(_START + r"(?:\\,|(?![\"',\]}])(?:\s|[!-\uffff]))*")
_FURTHER_WORD: Final = re.compile(_START + r"(?:\\,|(?![\"',=])(?:\s|[!-\uffff]))*")

_QUOTED: Final = {
    "'": ("<singled quoted>", re.compile(r"'(?:\\[\\']|[^'])*'")),
    '"': ("<double quoted>", re.compile(r'"(?:\\[\\"]|[^"])*"')),
}

END: Final = "EOF"


class ShorthandError(Exception):
    """Text that is no shorthand."""

    def __init__(self, reason: str, text: str, index: int) -> None:
        super().__init__(reason)
        self.reason = reason
        """In the CLI's words."""
        self.text = text
        self.index = index
        """Where in the text it cannot go on."""


class _UnexpectedError(ShorthandError):
    def __init__(self, expected: str, text: str, index: int, received: str | None = None) -> None:
        received = received or (text[index] if index < len(text) else END)
        super().__init__(f"Expected: '{expected}', received: '{received}'", text, index)


def read(text: str, resolve: Resolve) -> dict[str, Any]:
    """The structure that shorthand says; its values are text, lists and structures.

    Args:
        text: The shorthand.
        resolve: Reads what `key@=` names.

    Raises:
        ShorthandError: it is none.
    """
    return _Reader(text, resolve).structure()


class _Reader:
    def __init__(self, text: str, resolve: Resolve) -> None:
        self._text = text
        self._resolve = resolve
        self._names_files = False
        """Whether words are what follows `@=`, until the next key."""
        self._index = 0

    def structure(self) -> dict[str, Any]:
        """The whole text: `key=value,key=value`, each key once."""
        found: dict[str, Any] = {}
        while True:
            start = self._index
            key, value = self._entry(self._value)
            if key in found:
                raise ShorthandError(f'Second instance of key "{key}" encountered', self._text, start)
            found[key] = value
            if self._index >= len(self._text):
                return found
            self._expect(",")

    # ------------------------------------------------------------------------------------------------------- values

    def _entry(self, value: Callable[[], Any]) -> tuple[str, Any]:
        key = self._take(_KEY)
        self._skip_space()
        self._names_files = self._next == "@"
        if self._names_files:
            self._index += 1
        self._expect("=")
        return key, value()

    def _value(self) -> Any:
        """What stands after a key on the top level, where `a,b` is a list."""
        if self._next in ("[", "{"):
            return self._inner_value()
        first = self._word(_FIRST_WORD)
        self._skip_space()
        if self._next != ",":
            return first
        words = [first]
        while self._next == ",":
            self._expect(",")
            try:
                word = self._word(_FURTHER_WORD, is_needed=True)
                self._skip_space()
                if self._next not in (",", END):
                    raise _UnexpectedError(",", self._text, self._index)
            except ShorthandError:
                if self._next == END:
                    raise
                # What stands after the nearest comma is the next key, also where that comma is part of a word.
                self._index = self._text.rindex(",", 0, self._index + 1)
                break
            words.append(word)
        return first if len(words) == 1 else words

    def _inner_value(self) -> Any:
        """What stands inside braces and brackets, where a comma ends a word."""
        if self._next == "[":
            return self._list()
        return self._braces() if self._next == "{" else self._word(_FIRST_WORD)

    def _list(self) -> list[Any]:
        self._expect("[")
        items = []
        while self._next != "]":
            items.append(self._inner_value())
            self._separate("]")
        self._index += 1  # what follows is not skipped: at the very end, white space after a bracket is an error
        return items

    def _braces(self) -> dict[str, Any]:
        self._expect("{")
        found = {}
        while self._next != "}":
            key, value = self._entry(self._inner_value)
            self._separate("}")
            found[key] = value
        self._index += 1
        return found

    def _word(self, bare: re.Pattern[str], *, is_needed: bool = False) -> str | bytes:
        word = self._spelled(bare, is_needed=is_needed)
        return self._resolve(word) if self._names_files else word

    def _spelled(self, bare: re.Pattern[str], *, is_needed: bool) -> str:
        quote = self._next
        if quote not in _QUOTED:
            if is_needed and not bare.match(self._text, self._index):
                raise _UnexpectedError("<second>", self._text, self._index, "<none>")
            return self._take(bare).replace("\\,", ",").rstrip()
        name, quoted = _QUOTED[quote]
        if not quoted.match(self._text, self._index):
            raise _UnexpectedError(name, self._text, self._index, "<none>")
        return self._take(quoted)[1:-1].replace(f"\\{quote}", quote).replace("\\\\", "\\")

    # --------------------------------------------------------------------------------------------------- characters

    @property
    def _next(self) -> str:
        return self._text[self._index] if self._index < len(self._text) else END

    def _take(self, pattern: re.Pattern[str]) -> str:
        """What a pattern finds here; empty where it finds nothing."""
        found = pattern.match(self._text, self._index)
        self._index = found.end() if found else self._index
        return found.group() if found else ""

    def _skip_space(self) -> None:
        while self._next in string.whitespace:
            self._index += 1

    def _expect(self, character: str) -> None:
        self._skip_space()
        if self._next != character:
            raise _UnexpectedError(character, self._text, self._index)
        self._index += 1
        self._skip_space()

    def _separate(self, closing: str) -> None:
        """A comma, unless the closing bracket is next."""
        self._skip_space()
        if self._next != closing:
            self._expect(",")


# --------------------------------------------------------------------------------------------------------------- types


class NotTypedError(Exception):
    """A word that is no number, or not true or false, where one has to stand."""

    def __init__(self, reason: str, path: str, kind: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """In Python's words, which are the CLI's."""
        self.path = path
        self.kind = kind
        """What has to stand there, as `Member.type` says it."""


def typed(value: Any, member: Member, path: str = "") -> Any:
    """A value of shorthand in the types of the model: numbers, true and false, lists of one.

    Args:
        value: The value.
        member: What it is for.
        path: Where it stands.

    Raises:
        NotTypedError: it cannot be of its type.
    """
    if member.type == "structure" and isinstance(value, dict):
        return {
            key: typed(item, member.members[key], f"{path}.{key}") if key in member.members else item
            for key, item in value.items()
        }
    if member.type == "map" and isinstance(value, dict):
        return {key: typed(item, member.held, f"{path}.{key}") for key, item in value.items()}
    if member.type == "list":
        if not isinstance(value, list):
            return [value]
        return [typed(item, member.held, f"{path}[{index}]") for index, item in enumerate(value)]
    try:
        return _scalar(value, member.type)
    except (AttributeError, TypeError, ValueError) as error:
        raise NotTypedError(str(error), path, member.type) from error


def _scalar(value: Any, kind: str) -> Any:
    if kind == "integer":
        return int(value)
    if kind == "float":
        return float(value)
    return {"true": True, "false": False}.get(value.lower(), value) if kind == "boolean" else value
