"""A command line of the AWS CLI, as one types it after `aws sagemaker`: the request that its words make."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...api.fields import listed, shorten
from . import documents, model, shorthand, validation
from .documents import FILE, UnreadableError
from .model import Member
from .options import Option, take

JSON: Final = "--cli-input-json"
YAML: Final = "--cli-input-yaml"
SKELETON: Final = "--generate-cli-skeleton"
_OUTPUT: Final = "output"

_OWN: Final = {
    JSON: Option(),
    YAML: Option(),
    SKELETON: Option(takes="maybe", choices=("input", _OUTPUT, "yaml-input")),
}
"""Options of every command that are no member of its request."""

_GLOBAL: Final = {
    "--debug": Option(takes="nothing"),
    "--endpoint-url": Option(),
    "--no-verify-ssl": Option(takes="nothing"),
    "--no-paginate": Option(takes="nothing"),
    "--output": Option(choices=("json", "text", "table", "yaml", "yaml-stream", "off")),
    "--query": Option(),
    "--profile": Option(),
    "--region": Option(),
    "--version": Option(takes="nothing"),
    "--color": Option(choices=("on", "off", "auto")),
    "--no-sign-request": Option(takes="nothing"),
    "--ca-bundle": Option(),
    "--cli-read-timeout": Option(),
    "--cli-connect-timeout": Option(),
    "--cli-binary-format": Option(choices=("base64", "raw-in-base64-out")),
    "--no-cli-pager": Option(takes="nothing"),
    "--cli-auto-prompt": Option(takes="nothing"),
    "--no-cli-auto-prompt": Option(takes="nothing"),
    "--cli-error-format": Option(choices=("legacy", "json", "yaml", "text", "table", "enhanced")),
}
"""Options of the CLI itself (version 2), before or after the command."""

_REGION: Final = re.compile(r"(?!-)[a-zA-Z\d-]{1,63}(?<!-)")
_HELP: Final = "help"


@dataclass
class Asked:
    """What a command line or a document asks for."""

    call: str | None = None
    """`model.V1` or `model.V2`; None: the command is neither."""

    request: dict[str, Any] = field(default_factory=dict)
    """As far as it can be read: what was refused is not in it."""

    refused: list[str] = field(default_factory=list)
    """Why the CLI does not get as far as judging the request."""

    sends: bool = True
    """Whether the CLI would call AWS with it."""

    is_judged: bool = True
    """Whether the CLI would judge the request."""

    unread: set[str] = field(default_factory=set)
    """Members that are given, but cannot be read."""


def flag(name: str) -> str:
    """The flag of a member: a hyphen before each word, `--auto-ml-job-name`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1-\2", name)
    return "--" + re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name).lower()


def asked_in(words: Sequence[str]) -> Asked:
    """What a command line asks for.

    Args:
        words: All after `aws sagemaker`; these two may stand before it.

    Raises:
        documents.MissingPackageError: it names YAML, which cannot be read here.
    """
    words = list(words)
    for name in ("aws", "sagemaker"):
        if words[:1] == [name]:
            del words[0]
    end = words.index("--") if "--" in words else len(words)
    words, stray = words[:end], words[end + 1 :]
    _, of_cli = take(_GLOBAL, words)
    words = of_cli.rest[1:] if of_cli.rest[:1] == ["sagemaker"] else of_cli.rest
    asked = Asked(refused=list(of_cli.wrong))
    asked.refused += _wrong_settings(of_cli.values)
    if "--version" in of_cli.values:
        asked.sends = asked.is_judged = False
    command, after = take({}, words, positional=True)
    asked.call = model.COMMANDS.get(command or "")
    if asked.call is None:
        near = difflib.get_close_matches(command or "", model.COMMANDS, n=1)
        told = f" (did you mean '{near[0]}'?)" if near else ""
        asked.refused.append(
            f"argument operation: Found invalid choice '{command}', not one of {listed(model.COMMANDS)}{told}"
            if command
            else f"the following arguments are required: operation, one of {listed(model.COMMANDS)}"
        )
        return asked
    _Reading(asked, model.request(asked.call), after.rest).read(stray)
    return asked


def _wrong_settings(values: dict[str, list[str]]) -> Iterator[str]:
    """What is wrong with options of the CLI itself."""
    for name in ("--cli-read-timeout", "--cli-connect-timeout"):
        for value in values.get(name, ()):
            try:
                int(value)
            except ValueError as error:
                yield f"{name}: {error}"
    for url in values.get("--endpoint-url", ()):
        if "://" not in url:
            yield (
                f'Bad value for --endpoint-url "{url}": scheme is missing. Must be of the form http://<hostname>/ or '
                "https://<hostname>/"
            )
    for region in values.get("--region", ()):
        if region and not _REGION.fullmatch(region):  # nothing is no region of its own
            yield f"Provided region_name '{region}' doesn't match a supported format"


class _Reading:
    """The words of one command, and what they become."""

    def __init__(self, asked: Asked, request: Member, words: list[str]) -> None:
        self._asked = asked
        self._request = request
        self._words = words
        self._members = {flag(name): name for name in request.members}
        self._options = dict(_OWN)
        self._switches: dict[str, tuple[str, bool]] = {}
        for option, name in self._members.items():
            kind = request.members[name].type
            if kind == "boolean":
                off = f"--no-{option[2:]}"
                self._switches |= {option: (name, True), off: (name, False)}
                self._options |= dict.fromkeys((option, off), Option(takes="nothing"))
            else:
                self._options[option] = Option(takes="many" if kind == "list" else "one")

    def read(self, stray: Sequence[str]) -> None:
        """Fill in what was asked; `stray` are words after `--`, which are no options."""
        asked = self._asked
        if self._words == [_HELP]:
            asked.sends = asked.is_judged = False
            return
        _, given = take(self._options, self._words)
        asked.refused += given.wrong
        if not self._lifts():
            required = [option for option, name in self._members.items() if name in self._request.required]
            told = " ".join(given.wrong)
            if missing := [option for option in required if option not in given.values and option not in told]:
                asked.refused.append(
                    f"the following arguments are required: {', '.join(missing)}{self._why_required(given.values)}"
                )
                asked.unread |= {self._members[option] for option in missing}
        if unknown := [*given.rest, *stray]:
            asked.refused.append(f"Unknown options: {', '.join(unknown)}{self._meant(given.rest)}")
        skeleton = given.values.get(SKELETON)
        if skeleton is not None:
            asked.sends = False
            asked.is_judged = asked.is_judged and skeleton == [_OUTPUT]
        self._read_flags(given.values)
        self._merge(given.values)

    def _lifts(self) -> bool:
        """Whether no argument is required: by a word that is spelled out, whatever it stands for."""
        words = self._words
        if JSON in words or YAML in words:
            return True
        return SKELETON in words and words[words.index(SKELETON) + 1 :][:1] != [_OUTPUT]

    def _why_required(self, given: dict[str, list[str]]) -> str:
        lifting = [option for option in _OWN if option in given and option not in self._words]
        return f" ({listed(lifting)} lifts that only as a word of its own, spelled out)" if lifting else ""

    def _meant(self, rest: list[str]) -> str:
        """What unknown words may have been meant for."""
        told = []
        for word in rest:
            name = re.sub(r"[^a-z0-9]", "", word.partition("=")[0].lower()) if word.startswith("--") else ""
            same = [option for option in self._options if option.replace("-", "") == name]
            near = same or (difflib.get_close_matches(word, self._options, n=1, cutoff=0.75) if name else [])
            told += [f"{word} -> {option}" for option in near[:1]]
        return f"; maybe you meant: {', '.join(told)}" if told else ""

    # -------------------------------------------------------------------------------------------------------- flags

    def _read_flags(self, given: dict[str, list[str]]) -> None:
        """The members that flags give, in the model's order, which is that of the body."""
        switched = {
            self._switches[option][0]: self._switches[option][1] for option in given if option in self._switches
        }
        for option, name in self._members.items():
            if name in switched:
                self._asked.request[name] = switched[name]
            elif option in given:
                member = self._request.members[name]
                values = given[option]
                try:
                    self._asked.request[name] = self._value(name, values if member.type == "list" else values[0])
                except UnreadableError as error:
                    self._refuse(option, name, str(error))
                except shorthand.ShorthandError as error:
                    self._refuse(option, name, f"{error.reason} at {_place(error)}{_way_out(error, member)}")
                except shorthand.NotTypedError as error:
                    self._refuse(option, name, f"{error.reason}: '{error.path}' must be {validation.WORDS[error.kind]}")

    def _refuse(self, option: str, name: str, reason: str) -> None:
        self._asked.refused.append(f"Error parsing parameter '{option}': {reason}")
        self._asked.unread.add(name)

    def _value(self, name: str, value: str | list[str]) -> Any:
        """What the words of a flag say."""
        member = self._request.members[name]
        loaded: str | bytes | list[str]
        if isinstance(value, list):
            loaded = documents.content(value[0]) if len(value) == 1 else value
            # A word stays an item of the list; what was read from a file has to be the list itself.
            loaded = value if len(value) == 1 and loaded == value[0] else loaded
        else:
            loaded = documents.content(value)
        if member.is_scalar:
            return loaded
        if isinstance(loaded, bytes):
            raise UnreadableError(f"fileb:// gives bytes, which are no {member.type}: use {FILE}")
        first = (loaded[0] if loaded else "") if isinstance(loaded, list) else loaded
        if first.strip().startswith(("[", "{")):
            return _json(member, loaded)
        read = [_shorthand(word) for word in loaded] if isinstance(loaded, list) else _shorthand(loaded)
        if member.type == "list" and not isinstance(read, list):
            return read  # one line of shorthand in a file, where only a JSON array is a list
        return shorthand.typed(read, member, name)

    # ---------------------------------------------------------------------------------------------------- documents

    def _merge(self, given: dict[str, list[str]]) -> None:
        """The document's members below those of flags, which replace them whole."""
        named = [option for option in (JSON, YAML) if option in given]
        if len(named) > 1:
            self._asked.refused.append("Only one --cli-input- parameter may be specified.")
        for option in named:
            try:
                document = read_document(given[option][0], is_yaml=option == YAML)
            except UnreadableError as error:
                self._asked.refused.append(f"Error parsing parameter '{option}': {error}")
                self._asked.unread |= set(self._request.members)
                continue
            for name, value in document.items():
                if name not in self._asked.unread:
                    self._asked.request.setdefault(name, value)


def read_document(value: str, *, is_yaml: bool) -> dict[Any, Any]:
    """The document that a value of `--cli-input-json` or `--cli-input-yaml` gives.

    Raises:
        UnreadableError: it is none, with the reason.
        documents.MissingPackageError: it is YAML, which cannot be read here.
    """
    text = documents.content(value, twice=True)
    read = documents.yaml_of(text) if is_yaml else documents.json_of(text)
    if isinstance(read, dict):
        return read
    kind = "nothing" if read is None else shorten(read)
    hint = f"; a file is given as {FILE}{read}" if isinstance(read, str) and "\n" not in read else ""
    raise UnreadableError(f"Invalid type: expecting map, received {type(read)}, {kind}{hint}")


def _shorthand(text: str) -> dict[str, Any]:
    return shorthand.read(text, documents.content)


def _json(member: Member, loaded: str | list[str]) -> Any:
    """What words say that begin with a bracket."""
    if member.type != "list":
        text = loaded if isinstance(loaded, str) else loaded[0]
        return _object(text)
    if isinstance(loaded, str):
        if loaded.lstrip().startswith("["):
            return documents.json_of(loaded)
        raise UnreadableError("Invalid JSON: a list from a file must be a JSON array: put [ ] around it")
    if len(loaded) == 1 and loaded[0].strip().startswith("["):
        return documents.json_of(loaded[0])
    return [_object(word) for word in loaded]


def _object(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        raise UnreadableError(
            f"Invalid JSON: {shorten(text)} stands where a JSON object has to: all words of a list are JSON objects or "
            "all are shorthand, or one word holds the whole list in [ ]"
        )
    try:
        return documents.json_of(text)
    except UnreadableError as error:
        raise UnreadableError(f"{error}{_braces(text)}") from error


def _braces(text: str) -> str:
    if re.match(r"\s*\{\s*[A-Za-z]\w*\s*=", text):
        return "; shorthand has no braces around the whole: leave the outer ones out"
    return ""


def _place(error: shorthand.ShorthandError) -> str:
    """Where shorthand cannot go on, short enough for a line."""
    before, after = error.text[: error.index], error.text[error.index :]
    if len(before) > 40:
        before = f"...{before[-37:]}"
    if len(after) > 20:
        after = f"{after[:17]}..."
    shown = f"{before}>>>{after}".replace("\n", "\\n")
    return f"character {error.index + 1}: {shown}"


def _way_out(error: shorthand.ShorthandError, member: Member) -> str:
    text = error.text
    if not text.strip():
        return "; it is empty"
    if "=" not in text:
        names = (member.item or member).members
        told = f"{text}=..." if text in names else f"{next(iter(names), 'Key')}={text.strip()}"
        return f"; shorthand is Name=value: {told}"
    if text[:1].isspace():
        return "; no space may stand before the first key"
    if error.reason.startswith("Second instance"):
        return "; each key once: a list of several is Key=[a,b]"
    if error.index == len(text) and text.rstrip().endswith(("]", "}")) and text != text.rstrip():
        return "; no white space may stand after the last bracket, as a newline does at the end of a file"
    if text.rstrip().endswith(","):
        return "; take the last comma out"
    if (error.index < len(text) and text[error.index] in "\"'") or "quoted" in error.reason:
        return "; a value with a quote in it is quoted as a whole"
    if error.index < len(text) and text[error.index] > "\uffff":
        return "; quote a value with such a character in it"
    if error.index < len(text) and text[error.index] == "{":
        return "; all words of a list are shorthand, or all are JSON"
    if "{" in text:
        return "; inside braces a list needs brackets, a key has no spaces, and each brace is closed"
    return ""
