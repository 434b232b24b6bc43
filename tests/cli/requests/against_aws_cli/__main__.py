"""`python -m tests.cli.requests.against_aws_cli --texts 100000`: every difference from the real AWS CLI."""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from constructs_lib.cli.requests import model, shorthand

from .texts import grammatical, noise, typed_text

RELEASE = "awscli==1.46.3"
"""Its reader of shorthand is that of version 2, which is no library."""

AT_ONCE = 20_000


def main() -> int:
    """Compare; returns 0 where nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, help="of an environment with the AWS CLI (default: one is made)")
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        python = given.python or _made(Path(folder))
        differing, readable = _compare(python, given.texts, random.Random(given.seed))
    print(f"{given.texts} texts, {readable} of them readable, {differing} read in another way")
    return 1 if differing else 0


def _made(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", RELEASE], check=True)
    return python


def _compare(python: Path, texts: int, chance: random.Random) -> tuple[int, int]:
    differing = readable = 0
    for start in range(0, texts, AT_ONCE):
        asked = [_text(chance) for _ in range(min(AT_ONCE, texts - start))]
        said = subprocess.run(
            [python, "-I", Path(__file__).with_name("ask_shorthand.py")],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=True,
        )
        for (text, member), theirs in zip(asked, json.loads(said.stdout), strict=True):
            readable += theirs[0] == "value"
            if (ours := _ours(text, member)) != theirs:
                differing += 1
                if differing <= 20:
                    print(f"{text!r} for {member}\n  the CLI  {theirs}\n  ours     {ours}", file=sys.stderr)
    return differing, readable


def _text(chance: random.Random) -> tuple[str, str | None]:
    kind = chance.randrange(3)
    if kind == 0:
        return noise(chance), None
    return (grammatical(chance), None) if kind == 1 else typed_text(chance)


MEMBERS = {name: member for call in (model.V1, model.V2) for name, member in model.request(call).members.items()}


def _ours(text: str, member: str | None) -> list[str]:
    try:
        said = shorthand.read(text, lambda value: value)
        if member is not None:
            said = shorthand.typed(said, MEMBERS[member])
    except (shorthand.ShorthandError, shorthand.NotTypedError) as error:
        return ["error", error.reason]
    return ["value", repr(said)]


if __name__ == "__main__":
    sys.exit(main())
