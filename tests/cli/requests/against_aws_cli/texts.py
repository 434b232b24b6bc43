"""Random words for the AWS CLI."""

import random

from constructs_lib.cli.requests import model

CHARACTERS = "abK01-_.#/:=,,=={}[]'\"\\ \n\t@~`;|^Z<>?\x00\x1f\x7f\u00a0\u00f6\u2003\u4e2d\uffff\U0001f642"
WORDS = ("a", "x=1", "true", "s3://b/p", "'q,1'", '"d"', "a\\,b", " pad ", "", "[", "{", "=", "\u00a0n\u00a0", "it's")


def noise(chance: random.Random) -> str:
    """Characters that mean something, in any order."""
    return "".join(chance.choice(CHARACTERS) for _ in range(chance.randrange(1, 14)))


def grammatical(chance: random.Random, depth: int = 0) -> str:
    """Shorthand, with a slip here and there."""
    entries = [f"{_key(chance)}{_equals(chance)}{_value(chance, depth)}" for _ in range(chance.randrange(1, 4))]
    text = _comma(chance).join(entries)
    if chance.random() < 0.15 and text:
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(CHARACTERS) + text[place + chance.randrange(2) :]
    return text


def _key(chance: random.Random) -> str:
    return chance.choice(("a", "b", "Key", "S3Uri", "x.y", "a-b", "", "c"))


def _equals(chance: random.Random) -> str:
    return chance.choice(("=",) * 8 + (" = ", "@=", "@ = ", "=\n"))


def _comma(chance: random.Random) -> str:
    return chance.choice((",",) * 8 + (" , ", ",\n", ",,", ""))


def _value(chance: random.Random, depth: int) -> str:
    kind = chance.random()
    if depth < 3 and kind < 0.2:
        return "{" + grammatical(chance, depth + 1) + "}"
    if depth < 3 and kind < 0.4:
        return "[" + _comma(chance).join(_value(chance, depth + 1) for _ in range(chance.randrange(4))) + "]"
    if kind < 0.5:
        return _comma(chance).join(chance.choice(WORDS) for _ in range(2))
    return chance.choice(WORDS)


SCALARS = {
    "integer": (
        "3",
        " 3",
        "+3",
        "007",
        "'3'",
        "1_000",
        "\u0663",
        "3.0",
        "1e3",
        "0x10",
        "three",
        "",
        "-1",
        "[3]",
        "3,4",
    ),
    "float": (".2", "2e-1", "nan", "inf", "-Infinity", "1_0.5", "0,5", "half", "[.2]", "'0.3'"),
    "boolean": ("true", "True", "FALSE", "'true'", "1", "yes", "", "[true]", "true,false"),
    "string": WORDS,
}


def typed_text(chance: random.Random) -> tuple[str, str]:
    """Shorthand for a member of a request, of about the right form."""
    call = model.request(chance.choice((model.V1, model.V2)))
    name, member = chance.choice([(n, m) for n, m in call.members.items() if m.type == "structure"])
    return _entries(member, chance), name


def _entries(member: model.Member, chance: random.Random) -> str:
    names = [name for name in member.members if chance.random() < 0.6] or list(member.members)[:1]
    if member.type == "map":
        return ",".join(f"{key}={_of(member.held, chance)}" for key in chance.sample(("a", "b", "zero"), 2))
    return ",".join(f"{name}={_of(member.members[name], chance)}" for name in names)


def _of(member: model.Member, chance: random.Random) -> str:
    if chance.random() < 0.05:
        return chance.choice(("x", "[]", "{}", "", "[x]", "{a=b}"))
    if member.type == "list":
        items = [_of(member.held, chance) for _ in range(chance.randrange(1, 3))]
        return items[0] if chance.random() < 0.4 else f"[{','.join(items)}]"
    return chance.choice(SCALARS[member.type]) if member.is_scalar else "{" + _entries(member, chance) + "}"
