"""Ask the real AWS CLI, and print every difference: `python -m tests.cli.requests.against_aws_cli --help`."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

from constructs_lib.cli.requests import judgement, model, shorthand, words

from .ask_commands import asked
from .lines import Line, all_lines, random_line
from .texts import grammatical, noise, typed_text

RELEASE = "awscli==1.46.3"
"""Its reader of shorthand is that of version 2, which is no library."""

AT_ONCE = 20_000
MOST_TOLD = 20


def main() -> int:
    """Compare; returns 0 where nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=100_000, help="random shorthand, for the parser of version 1")
    parser.add_argument("--python", type=Path, help="of an environment with version 1 (default: one is made)")
    parser.add_argument("--aws", type=Path, help="the program of version 2: it is asked about command lines too")
    parser.add_argument("--lines", type=int, default=0, help="random command lines, besides those of lines.py")
    parser.add_argument("--record", type=Path, help="where to write its answers, for tests/cli/data/cli_answers.json")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    differing = 0
    if given.texts:
        with tempfile.TemporaryDirectory() as folder:
            differing += _compare_texts(given.python or _made(Path(folder)), given.texts, chance)
    if given.aws:
        lines = [*all_lines(), *(random_line(chance) for _ in range(given.lines))]
        differing += _compare_lines(given.aws, lines, given.record)
    return 1 if differing else 0


def _made(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", RELEASE], check=True)
    return python


# ------------------------------------------------------------------------------------------------------------ texts


def _compare_texts(python: Path, texts: int, chance: random.Random) -> int:
    differing = readable = 0
    for start in range(0, texts, AT_ONCE):
        given = [_text(chance) for _ in range(min(AT_ONCE, texts - start))]
        said = subprocess.run(
            [python, "-I", Path(__file__).with_name("ask_shorthand.py")],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=True,
        )
        for (text, member), theirs in zip(given, json.loads(said.stdout), strict=True):
            readable += theirs[0] == "value"
            if (ours := _read(text, member)) != theirs:
                differing += 1
                if differing <= MOST_TOLD:
                    print(f"{text!r} for {member}\n  the CLI  {theirs}\n  ours     {ours}", file=sys.stderr)
    print(f"{texts} texts, {readable} of them readable, {differing} read in another way")
    return differing


def _text(chance: random.Random) -> tuple[str, str | None]:
    kind = chance.randrange(3)
    if kind == 0:
        return noise(chance), None
    return (grammatical(chance), None) if kind == 1 else typed_text(chance)


MEMBERS = {name: member for call in (model.V1, model.V2) for name, member in model.request(call).members.items()}


def _read(text: str, member: str | None) -> list[str]:
    try:
        said = shorthand.read(text, lambda value: value)
        if member is not None:
            said = shorthand.typed(said, MEMBERS[member])
    except (shorthand.ShorthandError, shorthand.NotTypedError) as error:
        return ["error", error.reason]
    return ["value", repr(said)]


# ---------------------------------------------------------------------------------------------------- command lines


def _compare_lines(aws: Path, lines: list[Line], record: Path | None) -> int:
    answers = []
    differing = 0
    for answer in asked(aws, lines):
        answers.append(answer)
        verdict = _judged(answer)
        # Who is asked for a profile that is not there answers for itself.
        is_same = json.dumps(verdict.request) == json.dumps(answer["body"]) and (answer["exit"] == 0 or verdict.errors)
        if not is_same and "config profile" not in answer["stderr"]:
            differing += 1
            print(f"{answer}\n  ours  {verdict}", file=sys.stderr)
    print(f"{len(answers)} command lines, {differing} differ")
    if record is not None:
        recorded = ",\n".join(_recorded(answers))
        record.write_text(f"[{recorded}]\n", encoding="utf-8")
    return differing


def _judged(line: Line) -> judgement.Verdict:
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        os.environ["HOME"] = folder
        for name, text in (line["files"] or {}).items():
            Path(name).write_bytes(text.encode())
        return judgement.judge(words.asked_in(line["argv"]))


def _recorded(answers: list[dict[str, Any]]) -> Iterator[str]:
    for answer in answers:
        if "config profile" not in answer["stderr"]:
            used = {name: text for name, text in (answer["files"] or {}).items() if name in " ".join(answer["argv"])}
            reason = answer["stderr"].replace("aws: [ERROR]: ", "").replace("An error occurred (ParamValidation): ", "")
            yield json.dumps({**answer, "files": used or None, "stderr": reason.partition(" usage:")[0][:200]})


if __name__ == "__main__":
    sys.exit(main())
