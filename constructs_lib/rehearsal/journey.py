"""The journey of a rehearsal: deploy, train, update, roll back, destroy, and look whether anything is left.

Every step acts through the real `cdk` CLI and is judged through boto3, by what the account then holds.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.runtime.contract import OwnerTag

from . import tools
from .account import RUNNING, Account, JobState, Thing
from .assembly import Stack
from .failures import CheckFailedError, Evidence, tail
from .processes import Deadline, Finished, run
from .record import Record
from .sample import sample_of

POLL_EVERY = 0.5
"""Seconds between two looks at a job."""

SETTLE = 20.0
"""Seconds that a stopped job may take to be Stopped: the real service takes minutes, the rehearsal's seconds."""

EMULATION = """\
Real here:     the cdk CLI, the synthesized templates and assets, the Lambda code, the data, the trained models
Emulated here: CloudFormation, S3, KMS, Lambda and IAM by MiniStack (policies are enforced), SageMaker by this library
The models were trained on this machine, not by Autopilot: a score here says nothing about a score there."""

T = TypeVar("T")

TAG = ("rehearsal", "tag-only")
FAILING = "RehearsalNobodySignals"


@dataclass(frozen=True)
class Surroundings:
    """Where a journey takes place."""

    account: Account
    environment: Mapping[str, str]
    """For the `cdk` CLI."""

    region: str
    account_id: str
    logs: Path
    server_log: Path


class Journey:
    """A walk through the life of the chosen stacks."""

    def __init__(
        self, stacks: Sequence[Stack], assembly: Path, around: Surroundings, record: Record, deadline: Deadline
    ) -> None:
        self._stacks = stacks
        self._assembly = assembly
        self._around = around
        self._account = around.account
        self._record = record
        self._deadline = deadline
        self._jobs = [job for stack in stacks for job in stack.jobs()]
        self._runs = 0
        self._before: set[Thing] = set()
        self._deployed = False

    def run(self, *, updates: bool) -> None:
        """Walk all of it. Whatever fails, what was deployed is destroyed before this returns."""
        try:
            with self._explained():
                self._bootstrap()
                self._deploy()
                self._train()
                self._show_outputs()
                if updates:
                    self._unchanged()
                    self._replace()
                    self._tag()
                    self._roll_back()
                self._destroy()
        except CheckFailedError:
            self._destroy_after_failure()
            raise

    def _bootstrap(self) -> None:
        with self._record.step("cdk bootstrap"):
            self._cdk("bootstrap", f"aws://{self._around.account_id}/{self._around.region}")
            self._before = self._account.things()
            self._record.expect(Thing("stack", "CDKToolkit") in self._before, "the CDKToolkit stack is there")

    def _deploy(self) -> None:
        with self._record.step("cdk deploy"):
            self._deployed = True
            self._cdk_deploy()
            made = self._account.jobs()
            names = [self._account.name_of(job) for job in self._jobs]
            self._record.expect(
                sorted(made) == sorted(names),
                f"each job resource has made one job: {', '.join(names)}",
                f"the stacks' job resources are {', '.join(names)}, the service has {', '.join(made) or 'no job'}",
            )

    def _train(self) -> None:
        with self._record.step("training"):
            for job in self._jobs:
                state = self._wait_for(self._account.name_of(job))
                self._record.trained.append(state)
                self._record.notes += self._trainer_notes(state)
                self._record.expect(
                    state.status == "Completed",
                    f"{state.name} is Completed ({state.stage}), {len(state.candidates)} candidates",
                    f"{job} ended {state.status} ({state.stage}): {state.failure_reason or 'no reason given'}"
                    f"{_hint(state.failure_reason)}",
                )
                if job.request.get("GenerateCandidateDefinitionsOnly") not in (True, "true"):
                    with_value = [candidate for candidate in state.candidates if candidate.value is not None]
                    self._record.expect(bool(with_value), f"{len(with_value)} of them have an objective value")

    def _show_outputs(self) -> None:
        with self._record.step("outputs"):
            for stack in self._stacks:
                for key, value in sorted(self._account.outputs(stack).items()):
                    self._record.screen.say(f"{stack.path}.{key} = {value}")
            for state in self._record.trained:
                if state.endpoint:
                    self._invoke(state)

    def _invoke(self, state: JobState) -> None:
        status = self._until(
            lambda: self._account.endpoint_status(state.endpoint), lambda found: found not in ("Creating", "Updating")
        )
        self._record.expect(
            status == "InService",
            f"endpoint {state.endpoint} is InService",
            f"endpoint {state.endpoint} is {status}",
        )
        rows = sample_of(self._account, *self._account.training_data(state.name))
        answers = self._account.invoke(state.endpoint, rows).split()
        self._record.expect(
            len(answers) == len(rows.splitlines()),
            f"it answers: {', '.join(answers)} for {len(answers)} rows of the training data",
            f"endpoint {state.endpoint} answered {answers} to {len(rows.splitlines())} rows",
        )

    def _unchanged(self) -> None:
        with self._record.step("the same app again"):
            before = self._account.jobs()
            diff = self._cdk("diff", *self._names, "--fail", may_fail=True)
            self._record.expect(
                diff.code == 0,
                "cdk diff shows no difference",
                "cdk diff shows differences although nothing has changed",
                Evidence("cdk diff", tail(diff.output)),
            )
            self._cdk_deploy()
            self._record.expect(
                self._account.jobs().keys() == before.keys(),
                "deploying again made no job",
                f"deploying again made {_news(before, self._account.jobs())}",
            )

    def _replace(self) -> None:
        job = self._jobs[0]
        with self._record.step("an update that trains again"):
            if not job.can_be_replaced:
                self._record.screen.say(
                    f"left out: the name of {job} is known to CloudFormation alone, and only one may have it"
                )
                return
            old = self._account.job(self._account.name_of(job))
            before = self._account.jobs()
            job.train_again(2)
            self._cdk_deploy()
            new = self._account.name_of(job)
            made = self._account.jobs().keys() - before.keys()
            self._record.expect(
                made == {new},
                f"{job} is a new job now: {new}",
                f"the update should have made one job, now {job}'s; it is {new}, made were {sorted(made) or 'none'}",
            )
            self._expect_released(old)

    def _expect_released(self, old: JobState) -> None:
        now = self._account.job(old.name)
        if old.status in RUNNING:
            now = self._wait_stopped(old.name)
            self._record.expect(
                now.status == "Stopped", f"{old.name} was running and is Stopped", f"{old.name} is {now.status}"
            )
        else:
            self._record.expect(
                now.status == old.status,
                f"{old.name} is {now.status} as it was",
                f"{old.name} was {old.status} and is {now.status}",
            )
        self._record.expect(OwnerTag.RELEASED in self._account.tags(old.arn), f"{old.name} is released")

    def _tag(self) -> None:
        job = self._jobs[0]
        with self._record.step("an update of tags alone"):
            name, before = self._account.name_of(job), self._account.jobs()
            job.add_tag(*TAG)
            self._cdk_deploy()
            made = _news(before, self._account.jobs())
            self._record.expect(
                not made and self._account.name_of(job) == name,
                f"no new job, {name} stays",
                f"a change of tags made {made or 'no job'}, {job} is {self._account.name_of(job)} (was {name})",
            )
            tags = self._account.tags(self._account.job(name).arn)
            self._record.expect(
                tags.get(TAG[0]) == TAG[1],
                f"the job has the new tag {TAG[0]}={TAG[1]}",
                f"the job's tags are {tags}: {TAG[0]}={TAG[1]} is missing",
            )

    def _roll_back(self) -> None:
        job = self._jobs[0]
        with self._record.step("an update that fails and rolls back"):
            name, before = self._account.name_of(job), self._account.jobs()
            if job.can_be_replaced:
                job.train_again(3)
            job.add_failure(FAILING)
            deployed = self._cdk_deploy(may_fail=True)
            status = self._account.stack_status(job.stack)
            self._record.expect(
                deployed.code != 0 and status == "UPDATE_ROLLBACK_COMPLETE",
                "the stack has rolled back",
                f"the update should have rolled back: the CLI ended with {deployed.code}, the stack is {status}",
                Evidence("cdk deploy", tail(deployed.output)),
            )
            self._record.expect(
                self._account.name_of(job) == name,
                f"{name} is still the resource",
                f"{job} was {name} before the update that failed and is {self._account.name_of(job)} after it",
            )
            made = sorted(self._account.jobs().keys() - before.keys())
            self._record.expect(
                len(made) <= 1,
                f"the rollback trained nothing (the update itself had made {_list(made)})",
                f"the rollback trained again: {_list(made)} are new",
            )
            self._expect_untouched(name, before[name])
            for extra in made:
                self._expect_released(self._account.job(extra))

    def _expect_untouched(self, name: str, before: str) -> None:
        """It may have gone on, or been completed; it must not have been stopped."""
        now = self._account.job(name)
        stopped = now.status in ("Stopping", "Stopped") and before not in ("Stopping", "Stopped")
        released = OwnerTag.RELEASED in self._account.tags(now.arn)
        self._record.expect(
            not stopped and not released,
            f"{name} is {now.status}, not stopped and not given up",
            f"{name} was {before} before the update that failed; the rollback left it "
            f"{now.status}{' and released' if released else ''}",
        )

    def _destroy(self) -> None:
        running = [name for name, status in self._account.jobs().items() if status in RUNNING]
        retained = self._retained()
        with self._record.step("cdk destroy"):
            self._cdk_destroy()
            for name in running:
                state = self._wait_stopped(name)
                self._record.expect(
                    state.status not in RUNNING,
                    f"{name}, running when the stack was destroyed, is {state.status}",
                    f"{name} was running when the stack was destroyed and still is",
                )
            if not running:
                self._record.screen.say("no job was running any more")
            self._deployed = False
        with self._record.step("nothing is left"):
            self._expect_nothing_left(retained)

    def _expect_nothing_left(self, retained: set[str]) -> None:
        left = self._account.things() - self._before
        kept = sorted(str(thing) for thing in left if thing.name in retained)
        lost = sorted(str(thing) for thing in left if thing.name not in retained)
        self._record.retained = kept
        for thing in kept:
            self._record.screen.say(f"retained, as its DeletionPolicy says: {thing}")
        self._record.expect(
            not lost,
            "no stack, role, policy, function, log group, key, model, endpoint ... but those of the bootstrap"
            + (" and what is to be retained" if kept else ""),
            "the stacks are destroyed, and this is left: " + ", ".join(lost),
        )
        still = [name for name, status in self._account.jobs().items() if status in RUNNING]
        self._record.expect(not still, "no job is running", f"still running: {_list(still)}")

    def _destroy_after_failure(self) -> None:
        if not self._deployed:
            return
        try:
            with self._record.step("cdk destroy, after the failure"):
                self._cdk_destroy()
        except (CheckFailedError, BotoCoreError, ClientError) as error:
            self._record.screen.say(f"could not be destroyed; it ends with the embedded AWS: {error}")

    def _retained(self) -> set[str]:
        """The physical ids of what the templates keep when their stack goes."""
        found: set[str] = set()
        for stack in self._stacks:
            keeps = {
                name for name, resource in stack.resources() if str(resource.get("DeletionPolicy")).startswith("Retain")
            }
            found |= self._account.physical_ids(stack, keeps)
        return found

    def _wait_for(self, name: str) -> JobState:
        def look() -> JobState:
            state = self._account.job(name)
            self._record.screen.training(state)
            return state

        return self._until(look, lambda state: state.status not in RUNNING)

    def _wait_stopped(self, name: str) -> JobState:
        patience = Deadline(SETTLE)
        try:
            return self._until(lambda: self._account.job(name), lambda state: state.status not in RUNNING, patience)
        except CheckFailedError:
            return self._account.job(name)

    def _until(self, look: Callable[[], T], over: Callable[[T], bool], patience: Deadline | None = None) -> T:
        while not over(found := look()):
            (patience or self._deadline).check("waiting for a job or an endpoint")
            time.sleep(POLL_EVERY)
        return found

    def _trainer_notes(self, state: JobState) -> list[str]:
        found = self._account.read(f"{state.output.rstrip('/')}/{state.name}/rehearsal.json")
        notes = json.loads(found).get("notes", []) if found else []
        return [str(note) for note in notes]

    @property
    def _names(self) -> list[str]:
        return [stack.path for stack in self._stacks]

    def _cdk_deploy(self, *, may_fail: bool = False) -> Finished:
        return self._cdk(
            "deploy", *self._names, "--require-approval", "never", "--progress", "events", may_fail=may_fail
        )

    def _cdk_destroy(self) -> None:
        self._cdk("destroy", *self._names, "--force", "--progress", "events")

    def _cdk(self, command: str, *arguments: str, may_fail: bool = False) -> Finished:
        self._runs += 1
        finished = run(
            [*tools.cdk(), "--app", str(self._assembly), command, *arguments],
            folder=self._around.logs,
            environment=self._around.environment,
            log=self._around.logs / f"{self._runs:02}-cdk-{command}.log",
            deadline=self._deadline,
            watch=self._record.screen.activity,
        )
        if finished.code != 0 and not may_fail:
            raise CheckFailedError(
                f"cdk {command} failed (exit code {finished.code})",
                Evidence(f"cdk {command}", tail(finished.output)),
            )
        return finished

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Add what the logs say to a failure, before destroying takes the logs away."""
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise self._with_logs(CheckFailedError(f"the embedded AWS answered: {error}")) from error
        except CheckFailedError as error:
            self._with_logs(error)
            raise

    def _with_logs(self, error: CheckFailedError) -> CheckFailedError:
        try:
            error.evidence += [Evidence(f"log group {name}", text) for name, text in self._account.log_tails(15)]
        except (BotoCoreError, ClientError) as unreadable:
            error.evidence.append(Evidence("log groups", f"could not be read: {unreadable}"))
        if self._around.server_log.exists():
            text = self._around.server_log.read_text(encoding="utf-8", errors="replace")
            error.evidence.append(Evidence("server log", tail(text, 15)))
        return error


def _hint(reason: str) -> str:
    if "s3" in reason.lower() and any(
        word in reason.lower() for word in ("not exist", "no such", "not found", "nosuch", "no object")
    ):
        return "\nThe data is not in the embedded S3: bring it with --seed s3://BUCKET/PREFIX=LOCAL"
    return ""


def _news(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return ", ".join(sorted(after.keys() - before.keys()))


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
