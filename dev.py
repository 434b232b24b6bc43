#!/usr/bin/env python3
"""Set up this checkout and do one thing in it. Needs Python 3.11 or newer and pip, nothing else.

    python3 dev.py rehearse [APP ...]   deploy the quickstart (or APP) on this machine, without AWS
    python3 dev.py test [unit|all]      run the checks: linters, types, architecture, tests; `unit`: the quick ones only
    python3 dev.py lowest [all]         run tests of the constructs with the lowest releases of the CDK that they take:
                                        those of what differs (as `test` does), or `all`
    python3 dev.py docs                 build the documentation site, strictly, into build/site
    python3 dev.py bench [inspect]      measure the budgets of the design, side by side with AwsCustomResource;
                                        `inspect`: the reading of 1 GB beside pandas
    python3 dev.py soak [N]             run N (100000) lives of stacks against the Lambda code, and give N (all) odd
                                        values to the constructs; shows what goes wrong
    python3 dev.py shell COMMAND ...    run any command in the environment

The environment is `.venv` below this folder; it is made by the first command and renewed when `pyproject.toml` or
`constraints.txt` changes. Its Python is the one that runs this: `python3.13 dev.py test` tests with 3.13, and makes
`.venv` anew if it was of 3.11. Node comes with it from PyPI, and `test` gets four programs with its npm.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
BIN = "Scripts" if os.name == "nt" else "bin"
EXTRAS = {"rehearse": "rehearsal,examples", "test": "rehearsal,rehearsal-forecasting,examples,test,lint,release"}
EXTRAS["lowest"] = EXTRAS["test"]
EXTRAS |= {"bench": EXTRAS["test"], "soak": EXTRAS["test"], "shell": EXTRAS["test"]}

FROM_NPM = {
    "ASL_VALIDATOR": ("asl-validator@4.0.0", "dist/bin/asl-validator.js"),  # a linter of state machines
    "PYRIGHT": ("pyright@1.1.414", "langserver.index.js"),  # what editors ask about types and texts
    "AXE_CORE": ("axe-core@4.14.1", "axe.min.js"),  # a checker of pages, for people who see, hear or move otherwise
    "CFN_GUARD": ("@cdklabs/cdk-validator-cfnguard@0.0.62", "."),  # Guard 3.1.1 and the rules of Control Tower
}
"""Programs of Node that tests run, and the variable that tells a test where each lies."""

NEIGHBOURS = {"with_cdk_nag_3": "neighbours", "with_cdk_nag_2": "neighbours-cdk-nag-2"}
"""Folders of `tests/neighbours`, and the extra that each needs in an environment of its own."""

NEIGHBOURS_BESIDES = ["cfn-lint", "hypothesis", "pytest", "pytest-timeout", "pytest-xdist"]
"""What those tests import besides."""

COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""What Python has compiled is kept, whatever the surroundings say: tests start this project hundreds of times."""

NOT_UNIT = ["browser", "cloud", "clients", "package", "scanners", "training", "soak", "lowest", "neighbours"]
UNIT = " and ".join(f"not {marker}" for marker in NOT_UNIT)
LOWEST = {
    "differs": ["tests/constructs/test_l1.py", "tests/constructs/test_releases.py", "tests/access"],
    "all": [
        f"tests/{room}" for room in ("constructs", "access", "candidate", "endpoint", "jobs", "outcome", "provider")
    ],
}
"""What runs with the lowest releases of the CDK."""

LOWEST_BESIDES = [
    *("boto3", "cdk-nag", "cfn-lint", "hypothesis", "mypy", "pyarrow", "pytest", "pytest-timeout", "pytest-xdist"),
    "statelint",
]
"""What those tests import besides the library."""

CHECKS = {
    "ruff": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "architecture": ["lint-imports"],
}


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    if not arguments or arguments[0] not in {*EXTRAS, "docs"}:
        print(__doc__)
        return 0 if arguments[:1] in ([], ["-h"], ["--help"]) else 2
    command, *rest = arguments
    if command == "docs":
        return docs()
    environment = Environment(ROOT / ".venv", ROOT / "constraints.txt")
    environment.provide(EXTRAS[command])
    if command == "rehearse":
        return environment.run(["automl", "rehearse", *rest])
    if command == "bench":
        return environment.run(["python", "-m", "benchmarks", *rest])
    if command == "soak":
        return max(environment.run(["python", "-m", f"tests.{each}", *rest]) for each in ("soak.soak", "fuzz.fuzz"))
    if command == "lowest":
        return lowest(environment, *(rest or ["differs"]))
    if command == "shell":
        return environment.run(rest)
    return check(environment, *(rest or ["all"]))


def check(environment: "Environment", which: str, *options: str) -> int:
    """Run the checks and the tests; returns 0 if all is well."""
    if which not in ("unit", "all"):
        print(f"test takes 'unit' or 'all', got {which!r}")
        return 2
    failed = []
    started = time.monotonic()
    # Beside the linters: packages come from far away. What fails there is tried again, and told, where it is needed.
    threading.Thread(target=set_up, args=(environment, which), daemon=True).start()
    for name, command in CHECKS.items():
        say(f"{name}: {' '.join(command)}")
        if environment.run(command):
            failed.append(name)
    programs = programs_of_node(environment)
    say("unit tests")
    pytest = ["pytest", "-q", "-n", "2", "--dist", "loadfile", "--durations=20", *options, "-m"]
    if environment.run([*pytest, UNIT], **programs):
        failed.append("unit tests")
    if lowest(environment, "differs"):
        failed.append("tests with the lowest releases of the CDK")
    if which == "all":
        if docs():
            failed.append("documentation site")
        clients, scanners = with_clients(), with_scanners()
        bins = {"CLIENTS_BIN": str(clients.folder / BIN), "SCANNERS_BIN": str(scanners.folder / BIN)}
        say("tests that train, on the embedded AWS, and with scanners")
        if environment.run([*pytest, f"not ({UNIT}) and not lowest and not neighbours"], **bins, **programs):
            failed.append("tests that train, on the embedded AWS, and with scanners")
        failed += [f"tests {each}" for each in NEIGHBOURS if neighbours(environment, scanners, each)]
    say(f"{time.monotonic() - started:.0f} s: " + (f"failed: {', '.join(failed)}" if failed else "all passed"))
    return 1 if failed else 0


def set_up(environment: "Environment", which: str) -> None:
    """Have all that the checks need, in the order in which they need it."""
    programs_of_node(environment)
    with_lowest()
    if which == "all":
        with_docs()
        with_clients()
        with_scanners()
        for folder in NEIGHBOURS:
            with_neighbours(folder)


def lowest(environment: "Environment", which: str, *options: str) -> int:
    """Run tests of the constructs with the lowest releases that `pyproject.toml` allows; returns 0 if all is well."""
    if which not in LOWEST:
        print(f"lowest takes nothing or 'all', got {which!r}")
        return 2
    older = with_lowest()
    programs = programs_of_node(environment) if which == "all" else {}
    say("tests with the lowest releases of the CDK")
    # Node is that of the other environment.
    path = os.pathsep.join([str(environment.folder / BIN), os.environ.get("PATH", "")])
    newest = str(environment.folder / BIN / "python")
    pytest = ["pytest", "-q", "-n", "2", "--dist", "worksteal", "-m", "not newest", *LOWEST[which], *options]
    quiet = {"JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"}
    return older.run(pytest, PATH=path, NEWEST_PYTHON=newest, **quiet, **programs)


def docs() -> int:
    """Build the documentation site; returns 0 if all is well: no warning, no link to what is not there."""
    environment = with_docs()
    say("documentation site: mkdocs build --strict")
    failed = environment.run(["mkdocs", "build", "--strict", "--quiet"], NO_MKDOCS_2_WARNING="1")
    if not failed:
        say("open build/site/index.html")
    return failed


def neighbours(environment: "Environment", scanners: "Environment", folder: str) -> int:
    """Run the tests with packages that teams use beside the library, of one folder; returns 0 if all is well."""
    beside = with_neighbours(folder)
    say(f"tests {folder.replace('_', ' ')} and its like beside the library")
    # Node is that of the other environment; the plug-in for checkov looks for that program.
    path = os.pathsep.join([str(environment.folder / BIN), os.environ.get("PATH", ""), str(scanners.folder / BIN)])
    pytest = ["pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", "neighbours", f"tests/neighbours/{folder}"]
    return beside.run(pytest, PATH=path, NEIGHBOURS=folder)


def with_lowest() -> "Environment":
    """The environment with the lowest releases of the CDK."""
    environment = Environment(ROOT / ".venv-lowest", ROOT / "constraints-lowest.txt")
    environment.provide(None, *LOWEST_BESIDES)
    return environment


def with_docs() -> "Environment":
    """The environment that builds the documentation site."""
    environment = Environment(ROOT / ".venv-docs", ROOT / "constraints-docs.txt")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment.provide_packages(project["optional-dependencies"]["docs"])
    return environment


def with_clients() -> "Environment":
    """The environment with other clients of the service."""
    environment = Environment(ROOT / ".venv-clients", ROOT / "constraints-clients.txt")
    environment.provide_packages(["awscli", "sagemaker"])
    return environment


def with_scanners() -> "Environment":
    """The environment with scanners of templates and policies."""
    environment = Environment(ROOT / ".venv-scanners", ROOT / "constraints-scanners.txt")
    environment.provide_packages(["--no-deps", "--requirement", str(ROOT / "constraints-scanners.txt")])
    return environment


def with_neighbours(folder: str) -> "Environment":
    """The environment with the packages that the tests of a folder need."""
    extra = NEIGHBOURS[folder]
    environment = Environment(ROOT / f".venv-{extra}", ROOT / f"constraints-{extra}.txt")
    environment.provide(extra, *NEIGHBOURS_BESIDES)
    return environment


def programs_of_node(environment: "Environment") -> dict[str, str]:
    """Where the programs of Node are that tests run, by the variables that tell it."""
    return {name: str(environment.provide_from_npm(package) / file) for name, (package, file) in FROM_NPM.items()}


class Environment:
    """A virtual environment whose packages have pinned versions."""

    _setting_up = threading.Lock()
    """One thing is set up at a time: who needs the same waits for it, and has it then."""

    def __init__(self, folder: Path, constraints: Path) -> None:
        """Name the environment; nothing is made yet."""
        self.folder = folder
        self._constraints = constraints

    def provide(self, extras: str | None, *packages: str) -> None:
        """Have this project with these extras in it, and these packages."""
        project = f"{ROOT}[{extras}]" if extras else str(ROOT)
        self.provide_packages(["--editable", project, *packages], (ROOT / "pyproject.toml").read_bytes())

    def provide_packages(self, packages: list[str], also: bytes = b"") -> None:
        """Have these packages in it, unless it has them already."""
        with self._setting_up:
            self._provide_packages(packages, also)

    def _provide_packages(self, packages: list[str], also: bytes) -> None:
        wanted = hashlib.sha256(b"\0".join([self._constraints.read_bytes(), also, *map(str.encode, packages)]))
        stamp = self.folder / "provided"
        self.make()
        if stamp.is_file() and wanted.hexdigest() in stamp.read_text().split():
            return
        say(f"setting up {self.folder.name} for Python {PYTHON} (a minute or two, once)")
        python = str(self.folder / BIN / "python")
        pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "-qq"]
        # As variables too: builds of packages happen in environments of their own, which options do not reach.
        pinned = {"PIP_CONSTRAINT": str(self._constraints), "PIP_BUILD_CONSTRAINT": str(self._constraints)}
        if subprocess.run([*pip, *packages], env={**os.environ, **pinned}, check=False).returncode:
            sys.exit(f"pip could not set up {self.folder.name}; it needs pip 22.3 or newer: python3 -m pip --version")
        known = stamp.read_text().split() if stamp.is_file() else []
        stamp.write_text("\n".join([*known, wanted.hexdigest()]))

    def make(self) -> None:
        """Have it, without packages, unless there is one of this version of Python."""
        settings = self.folder / "pyvenv.cfg"
        known = settings.read_text() if settings.is_file() else ""
        made_with = re.search(r"^version(?:_info)? = (\d+\.\d+)", known, re.MULTILINE)
        if not made_with or made_with[1] != PYTHON or not shutil.which("python", path=self.folder / BIN):
            # Without pip: that of this Python serves.
            venv.create(self.folder, clear=True, symlinks=os.name != "nt", with_pip=False)

    def provide_from_npm(self, package: str) -> Path:
        """Have a package of Node, `name@version`, in a folder of its own; returns where it lies, or would lie."""
        with self._setting_up:
            return self._provide_from_npm(package)

    def _provide_from_npm(self, package: str) -> Path:
        folder = self.folder / "npm" / package
        found = folder / "node_modules" / package.rpartition("@")[0]
        if not found.is_dir():
            say(f"installing {package} (seconds, once)")
            options = ["--prefix", str(folder), "--no-package-lock", "--no-save", "--no-audit", "--no-fund"]
            options.append("--legacy-peer-deps")  # without what it would serve as a plug-in of: all of the CDK
            folder.mkdir(parents=True, exist_ok=True)
            self.run(["npm", "install", "--loglevel=error", *options, package])
        return found

    def run(self, command: list[str], **variables: str) -> int:
        """Run a command with the environment's programs first on the PATH; returns its exit code."""
        path = os.pathsep.join([str(self.folder / BIN), variables.get("PATH", os.environ.get("PATH", ""))])
        program = self.folder / BIN / command[0]
        started = subprocess.Popen(
            [str(program) if program.exists() else command[0], *command[1:]],
            cwd=ROOT,
            env={**os.environ, **variables, "PATH": path, "VIRTUAL_ENV": str(self.folder), **COMPILED},
        )
        while True:
            try:
                return started.wait()
            except KeyboardInterrupt:  # the command got it too, and cleans up
                continue


def say(text: str) -> None:
    """A line about what happens next."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
