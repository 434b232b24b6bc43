"""A plugin for pytest: `pytest_plugins = ["constructs_lib.testing.plugin"]` in the `conftest.py` at the top."""

from __future__ import annotations

import importlib.util
import io
from typing import TYPE_CHECKING, Any, Protocol, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import aws_cdk as cdk


class Rehearse(Protocol):
    """Deploys an app on this machine, without AWS, and destroys it: what the fixture `rehearse` gives."""

    def __call__(
        self,
        app: cdk.App | cdk.Stack | Path | str,
        *,
        updates: bool = False,
        open_gates: bool = False,
        seeds: Sequence[str] = (),
        minutes: float = 30,
    ) -> str:
        """Rehearse an app; the test fails if a check does, with the ends of the logs.

        Args:
            app: The app, or a stack of it, which alone is deployed then, with what it needs; or what `automl rehearse`
                takes: a folder with a `cdk.json`, a Python file, a cloud assembly.
            updates: Whether the stacks are updated too, in six ways; that takes a few minutes. Default: deployed,
                trained, asked, destroyed.
            open_gates: Whether quality gates that are missed warn instead of fail: the models are this machine's.
            seeds: What is uploaded to S3 before, each `S3URI=LOCAL`, as `--seed` of `automl rehearse`.
            minutes: The longest it may take.

        Returns:
            What the rehearsal has printed.
        """


@pytest.fixture
def rehearse() -> Rehearse:
    """Rehearse an app: see `Rehearse`, and docs/rehearsal.md for what is checked and what is played."""
    if importlib.util.find_spec("ministack") is None:
        pytest.fail("the fixture 'rehearse' needs the extra 'rehearsal': in a checkout, pip install '.[rehearsal]'")
    return cast("Rehearse", _rehearse)


def _rehearse(
    app: Any,
    *,
    updates: bool = False,
    open_gates: bool = False,
    seeds: Sequence[str] = (),
    minutes: float = 30,
) -> str:
    from ..rehearsal.failures import CannotStartError, CheckFailedError
    from ..rehearsal.rehearse import Options
    from ..rehearsal.rehearse import rehearse as run

    folder, stacks = _assembly_of(app)
    options = Options(app=folder, stacks=stacks, seeds=seeds, minutes=minutes, updates=updates, open_gates=open_gates)
    out = io.StringIO()
    try:
        run(options, out)
    except CannotStartError as error:
        pytest.fail(f"the rehearsal cannot start: {error}", pytrace=False)
    except CheckFailedError as error:
        evidence = "".join(f"\n--- {each.title}\n{each.text}" for each in error.evidence)
        pytest.fail(f"a check of the rehearsal failed: {error}{evidence}\n{out.getvalue()}", pytrace=False)
    return out.getvalue()


def _assembly_of(app: Any) -> tuple[str, Sequence[str]]:
    """Where the app is, as text, and which of its stacks are meant; none of them named: all."""
    if isinstance(app, str) or hasattr(app, "__fspath__"):
        return str(app), ()
    import aws_cdk as cdk

    if isinstance(app, cdk.App):
        return app.synth().directory, ()
    if isinstance(app, cdk.Stack) and isinstance(app.node.root, cdk.App):
        return app.node.root.synth().directory, (app.stack_name,)
    raise TypeError(
        f"'app' must be an App, a stack of one, or what `automl rehearse` takes as text, got {type(app).__name__}"
    )
