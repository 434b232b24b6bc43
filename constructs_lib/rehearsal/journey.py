"""The journey of a rehearsal: deploy, train, update, roll back, destroy, and look whether anything is left.

Every step acts through the real `cdk` CLI and is judged through boto3, by what the account then holds.
"""

import csv
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.runtime.contract import OwnerTag

from . import products, retrainings
from .account import KINDS, RUNNING, Account, JobState, Thing
from .assembly import Assembly, Job
from .cdk import Cdk, expect_success
from .endpoints import Endpoints, find, shown
from .failures import CheckFailedError, Evidence, tail
from .outcomes import check, hints
from .processes import Deadline, Finished
from .record import OneClick, Record
from .sample import question
from .stacks import Stack
from .studies import study
from .training.task import NOT_TUNED

POLL_EVERY = 0.5
"""Seconds between two looks at a job."""

SETTLE = 20.0
"""Seconds that a stopped job may take to be Stopped: the real service takes minutes, the rehearsal's seconds."""

RELEASED = f"released: the stack never takes it back (tagged {OwnerTag.RELEASED})"

T = TypeVar("T")

TAG = ("rehearsal", "tag-only")
FAILING = "RehearsalNobodySignals"


class Journey:
    """A walk through the life of the chosen stacks, in an account that is bootstrapped."""

    def __init__(self, assembly: Assembly, stacks: Sequence[Stack], account: Account, cdk: Cdk, record: Record) -> None:
        self._assembly = assembly
        self._stacks = stacks
        self._account = account
        self._cdk = cdk
        self._record = record
        self._jobs = [job for stack in stacks for job in Job.all_of(stack)]
        self._outcomes = assembly.outcomes(stacks)
        endpoints, others = find(assembly, stacks)
        self._endpoints = Endpoints(endpoints, account, record)
        self._retrainings = retrainings.Retrainings(
            retrainings.find(assembly, stacks, endpoints), assembly, account, record, self._endpoints
        )
        self._products = products.Products(products.find(assembly, stacks), account, record, self._until)
        record.not_shown += [f"endpoint {name} being asked: it serves no job of the app" for name in others]
        self._releases = 1
        self._before = account.things()
        self._deployed = False
        self._looked = 0.0
        self._own: set[str] = set()
        self._retained: set[str] = set()

    def run(self, *, updates: bool) -> None:
        """Walk all of it. Whatever fails, what was deployed is destroyed before this returns."""
        try:
            with self._explained():
                self._retrainings.make_ready(self._stacks)
                walk = list(self._walk(updates=updates))
                runs = self._retrainings.planned if updates else 0
                self._record.planned = len(self._record.steps) + len(walk) + max(0, runs - 1)
                if not updates:
                    runs_too = ", and runs of retrainings" if self._retrainings else ""
                    self._record.not_shown.append(f"updates and a rollback{runs_too}, left out by --quick")
                for step in walk:
                    step()
        except CheckFailedError:
            self._destroy_after_failure()
            raise

    def _walk(self, *, updates: bool) -> Iterator[Callable[[], None]]:
        """What is done: each is one step, but for runs of retrainings, which are as many as they come to."""
        yield from (self._deploy, self._train, self._show_outputs)
        if self._endpoints:
            yield self._ask
        if updates:
            if self._retrainings:
                yield self._retrain
            yield self._unchanged
            if self._retrainings.promotes:
                yield self._reshape
            yield from (self._replace, self._tag)
            if self._jobs[0].can_be_replaced and not self._is_waited_for(self._jobs[0]):
                yield self._await_replaced
            if any(job.conditions for job in self._jobs):
                yield self._cancel
            yield self._roll_back
            if self._retrainings:
                yield self._begin_a_run
        yield from (self._destroy, self._look_for_leftovers)

    def _deploy(self) -> None:
        with self._record.step("cdk deploy"):
            self._deployed = True
            self._expect_deployed()
            made = self._account.jobs()
            names = [self._account.name_of(job) for job in self._jobs]
            self._record.expect(
                sorted(made) == sorted(names),
                f"each job resource has made one job: {', '.join(names)}",
                f"the stacks' job resources are {', '.join(names)}, the service has {', '.join(made) or 'no job'}",
            )

    def _train(self) -> None:
        with self._record.step("what the deployment has waited for" if self._outcomes else "wait for the job"):
            self._record.told = check(self._outcomes, self._account, self._record)
            for job in self._jobs:
                state = self._wait_for(self._account.name_of(job))
                self._record.trained.append((state, self._account.report(state)))
                self._record.studies[state.name] = study(self._account, state.name)
                self._expect_end(job, state)
            self._products.check()
            if self._outcomes or any(job.is_followed for job in self._jobs):
                self._expect_unfollowed()

    def _expect_end(self, job: Job, state: JobState) -> None:
        if _is_untuned(state):
            self._accept_untuned(job, state)
        else:
            self._expect_completed(job, state)

    def _accept_untuned(self, job: Job, state: JobState) -> None:
        """The end that every text generation job has here if nothing is wrong with it."""
        self._record.say(state.failure_reason)
        self._record.expect(
            not state.candidates,
            f"{state.name} is Failed, as expected: its data is in order, and no language model is fine-tuned here",
            f"{state.name} was not fine-tuned and has {len(state.candidates)} candidates nevertheless",
        )
        lacking = f"{job} fine-tuning its language model: there is no model, no score and no endpoint of it"
        if lacking not in self._record.not_shown:
            self._record.not_shown.append(lacking)

    def _expect_completed(self, job: Job, state: JobState) -> None:
        self._record.expect(
            state.status == "Completed",
            f"{state.name} is Completed after {state.seconds or 0:.1f} s",
            f"{job} ended {_end(state)}: {state.failure_reason or 'no reason given'}{_hint(state.failure_reason)}",
        )
        if not _definitions_only(job):
            with_value = sum(candidate.value is not None for candidate in state.candidates)
            self._record.expect(
                with_value > 0,
                f"candidates with a value of the objective: {with_value} of {len(state.candidates)}",
                f"{job} is Completed without a candidate that has a value of the objective",
            )
        if job.request.get("ModelDeployConfig"):
            self._record.expect(
                bool(state.endpoint),
                f"its best model is deployed to the endpoint {state.endpoint}",
                f"{job} asks for an endpoint and has none ({state.stage}): {state.failure_reason or 'no reason given'}",
            )

    def _show_outputs(self) -> None:
        with self._record.step("outputs"):
            for stack in self._stacks:
                self._record.outputs[stack.path] = self._account.outputs(stack)
                for key, value in sorted(self._record.outputs[stack.path].items()):
                    self._record.say(f"{stack.path}.{key} = {value}")
            for state, _ in self._record.trained:
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
        asked = question(self._account, state.name)
        answer = self._account.invoke(state.endpoint, asked.body, asked.content_type)
        self._record.expect(
            len(list(csv.reader(answer.splitlines()))) == asked.lines,
            f"asked for {asked.about}, it answers: {shown(answer)}",
            f"endpoint {state.endpoint}, asked for {asked.about}, should answer in {asked.lines} lines; "
            f"it answered: {shown(answer) or 'nothing'}",
        )
        self._record.one_click[state.endpoint] = OneClick(state.name, asked.about, shown(answer))

    def _ask(self) -> None:
        with self._record.step("what the endpoints answer"):
            self._endpoints.check()

    def _retrain(self) -> None:
        before = len(self._record.steps)
        self._retrainings.rehearse()
        self._record.planned += len(self._record.steps) - before - self._retrainings.planned
        self._products.check(self._retrainings.passing)

    def _unchanged(self) -> None:
        with self._record.step("the same app again"):
            before = self._account.jobs()
            diff = self._run("diff", "--fail")
            self._record.expect(
                diff.code == 0,
                "cdk diff shows no difference",
                "cdk diff shows differences although nothing has changed",
                Evidence("cdk diff", tail(diff.output)),
            )
            self._expect_deployed()
            self._record.expect(
                self._account.jobs().keys() == before.keys(),
                "deploying again made no job",
                f"deploying again made {_news(before, self._account.jobs())}",
            )
            self._products.check_nothing_new("deploying again")
            if self._retrainings:
                self._endpoints.check()

    def _reshape(self) -> None:
        with self._record.step("another shape of what is promoted"):
            self._retrainings.reshape()
            before = self._account.jobs()
            asking = self._endpoints.ask_meanwhile()
            self._expect_deployed(asking)
            made = _news(before, self._account.jobs())
            self._record.expect(not made, "it made no job", f"another shape of an endpoint made {made}")
            self._retrainings.settle()
            self._endpoints.expect_answered(asking, "the update")
            self._endpoints.check()

    def _replace(self) -> None:
        job = self._jobs[0]
        with self._record.step("an update that trains again"):
            if not job.can_be_replaced:
                self._record.not_shown.append(
                    f"{job} training again: its name is known to CloudFormation alone, and only one job may have it"
                )
                self._record.say("left out: the closing lines say why")
                return
            old = self._account.job(self._account.name_of(job))
            before = self._account.jobs()
            asking = self._endpoints.ask_meanwhile()
            self._train_again(job)
            self._expect_deployed(asking)
            new = self._account.name_of(job)
            made = self._account.jobs().keys() - before.keys()
            self._record.expect(
                made == {new},
                f"{job} is a new job now: {new}",
                f"the update should have made one job, now {job}'s; it is {new}, made were {sorted(made) or 'none'}",
            )
            self._expect_released(old)
            check(
                [outcome for outcome in self._outcomes if outcome.job.place == job.place], self._account, self._record
            )
            if self._is_waited_for(job):
                self._expect_good_end(job)
            self._products.check()
            self._endpoints.champions.clear()  # another job wins
            self._retrainings.settle()
            self._endpoints.expect_answered(asking, "the update")
            self._endpoints.check()

    def _await_replaced(self) -> None:
        """A deployment that does not wait for its job has been looked at only when the job has ended."""
        with self._record.step("wait for the new job"):
            self._expect_good_end(self._jobs[0])

    def _expect_good_end(self, job: Job) -> None:
        state = self._wait_for(self._account.name_of(job))
        self._expect_end(job, state)
        if state.endpoint:
            self._invoke(state)

    def _is_waited_for(self, job: Job) -> bool:
        return any(outcome.job.place == job.place for outcome in self._outcomes)

    def _train_again(self, job: Job) -> None:
        self._releases += 1
        for stack in self._assembly.train_again(job, self._releases):
            self._record.say(
                f"{stack.path} is deployed with a change of its own: it reads outputs of a stack that has changed, and "
                "without one it would keep the old values"
            )

    def _expect_unfollowed(self) -> None:
        """A state machine ends when everybody knows of the job's end: a look or two later."""
        with suppress(CheckFailedError):
            self._until(self._account.executions, lambda running: not running, Deadline(SETTLE))
        running = ", ".join(sorted(self._account.executions()))
        self._record.expect(
            not running, "no state machine waits for a job now", f"state machines that still wait for a job: {running}"
        )

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
        self._record.expect(OwnerTag.RELEASED in self._account.tags(old.arn), f"{old.name} is {RELEASED}")

    def _tag(self) -> None:
        job = self._jobs[0]
        with self._record.step("an update of tags alone"):
            name, before = self._account.name_of(job), self._account.jobs()
            job.add_tag(*TAG)
            self._expect_deployed()
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
            self._products.check_nothing_new("a change of tags")

    def _cancel(self) -> None:
        """For jobs that a deployment waits for; all others are made in seconds."""
        job = next(job for job in self._jobs if job.conditions)
        with self._record.step("an update that is cancelled while it waits"):
            if not job.can_be_replaced:
                self._record.not_shown.append(f"an update that waits for {job} being cancelled")
                self._record.say("left out: the closing lines say why")
                return
            name, before, products_before = self._account.name_of(job), self._account.jobs(), self._products.present()
            self._record.say("cancelled on purpose, as soon as it waits for its job: what fails now is meant to")
            self._train_again(job)
            deployed = self._deploy_again(_Cancellation(self._account, job))
            if deployed.code == 0:
                self._record.not_shown.append(f"an update that waits for {job} being cancelled: it was over before")
                self._record.say("the job was over before the update could be cancelled")
                self._products.check()
                return
            self._expect_rolled_back(job, name, before, deployed)
            self._products.check_taken_back(products_before)
            self._expect_unfollowed()

    def _roll_back(self) -> None:
        job = self._jobs[0]
        with self._record.step("an update that fails and rolls back"):
            name, before, products_before = self._account.name_of(job), self._account.jobs(), self._products.present()
            self._record.say(f"fails on purpose: {FAILING} waits for a signal, and nobody sends it")
            if job.can_be_replaced:
                self._train_again(job)
            job.add_failure(FAILING)
            asking = self._endpoints.ask_meanwhile()
            self._expect_rolled_back(job, name, before, self._deploy_again(asking))
            self._products.check_taken_back(products_before)
            self._retrainings.settle()
            self._endpoints.expect_answered(asking, "update and rollback")
            self._endpoints.check()

    def _begin_a_run(self) -> None:
        with self._record.step("a run that goes when the stack is destroyed"):
            self._retrainings.begin_last()

    def _expect_rolled_back(self, job: Job, name: str, before: Mapping[str, str], deployed: Finished) -> None:
        """The job of this name is still the resource, and what the update made in its place is released."""
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
            state = self._wait_stopped(extra)
            self._record.expect(
                state.status != "Failed" or _is_untuned(state),
                f"{extra}, made by the update that was to fail, did not fail itself",
                f"{extra}, made by the update that was to fail, ended Failed itself: {state.failure_reason}",
            )
            self._record.expect(
                state.status not in RUNNING and OwnerTag.RELEASED in self._account.tags(state.arn),
                f"{extra} is {state.status}, and {RELEASED}",
                f"{extra}, made by the update that was rolled back, is {state.status} and was not released",
            )

    def _expect_untouched(self, name: str, before: str) -> None:
        """It may have gone on, or been completed; it must not have been stopped."""
        now = self._account.job(name)
        stopped = now.status in ("Stopping", "Stopped") and before not in ("Stopping", "Stopped")
        released = OwnerTag.RELEASED in self._account.tags(now.arn)
        self._record.expect(
            not stopped and not released,
            f"{name} is {now.status}, not stopped and not released",
            f"{name} was {before} before the update that failed; the rollback left it "
            f"{now.status}{' and released' if released else ''}",
        )

    def _destroy(self) -> None:
        running = [name for name, status in self._account.jobs().items() if status in RUNNING]
        self._retained = self._physical_ids(retained=True)
        self._own = self._physical_ids(retained=False)
        with self._record.step("cdk destroy"):
            expect_success("destroy", self._run("destroy", "--force"))
            for name in running:
                state = self._wait_stopped(name)
                self._record.expect(
                    state.status not in RUNNING,
                    f"{name}, running when the stack was destroyed, is {state.status}",
                    f"{name} was running when the stack was destroyed and still is",
                )
            if not running:
                self._record.say("no job was running")
            self._deployed = False

    def _look_for_leftovers(self) -> None:
        with self._record.step("nothing is left"):
            self._expect_nothing_left(self._retained)

    def _expect_nothing_left(self, retained: set[str]) -> None:
        left = self._account.things() - self._before
        kept = {thing for thing in left if thing.name in retained or self._is_record(thing, retained)}
        # Lambda and SageMaker make log groups where no stack has one; on AWS, too, those outlive the stack.
        logs = {thing for thing in left - kept if thing.name.startswith("/aws/") and thing.name not in self._own}
        undeployed = {thing for thing in left if self._is_of_failed_deployment(thing)}
        for thing in sorted(kept):
            self._record.say(f"retained, as its DeletionPolicy says: {thing}")
        for thing in sorted(logs):
            self._record.say(f"made by the service itself, as on AWS, and in no stack: {thing}")
        for thing in sorted(undeployed):
            self._record.say(
                f"made by the service for a deployment that failed, costs nothing, and is in no stack: {thing}"
            )
        told = kept | logs | undeployed
        self._record.retained = [str(thing) for thing in sorted(told)]
        lost = ", ".join(str(thing) for thing in sorted(left - told))
        nothing = "nothing else" if told else "nothing"
        self._record.expect(
            not lost,
            f"{nothing} is left of the stacks ({len(KINDS)} kinds of resources looked for)",
            f"the stacks are destroyed, and this is left: {lost}",
        )
        still = ", ".join(name for name, status in self._account.jobs().items() if status in RUNNING)
        self._record.expect(not still, "no job is running", f"still running: {still}")

    def _is_of_failed_deployment(self, thing: Thing) -> bool:
        """Whether a job's own deployment has made it, and no endpoint that would lead to it."""
        if thing.kind not in ("model", "endpoint config"):
            return False
        name = thing.name.rpartition("-")[0]
        return name in self._account.jobs() and self._account.job(name).stage == "ModelDeploymentError"

    def _is_record(self, thing: Thing, retained: Collection[str]) -> bool:
        """Whether it is of a group that runs register in, or a version whose resource keeps all that it ever had."""
        group = thing.name.rpartition("/")[0]
        match thing.kind:
            case "model package group":
                return thing.name in self._retrainings.groups
            case "model package":
                is_kept = any(name.rpartition("/")[0] == group for name in retained)
                return is_kept or group.rpartition("/")[2] in self._retrainings.groups
        return False

    def _destroy_after_failure(self) -> None:
        if not self._deployed:
            return
        self._record.planned = len(self._record.steps) + 1
        try:
            with self._record.step("cdk destroy, after the failure"):
                expect_success("destroy", self._run("destroy", "--force"))
        except (CheckFailedError, BotoCoreError, ClientError) as error:
            self._record.say(f"could not be destroyed; it ends with the embedded AWS: {error}")

    def _physical_ids(self, *, retained: bool) -> set[str]:
        """The physical ids of what the stacks hold: all, or what they keep when they go."""
        found: set[str] = set()
        for stack in self._stacks:
            keeps = {place for place, resource in stack.resources() if _is_retained(resource)}
            ids = self._account.physical_ids(stack)
            found |= {physical for place, physical in ids.items() if place in keeps or not retained}
        return found

    def _wait_for(self, name: str) -> JobState:
        def look() -> JobState:
            state = self._account.job(name)
            self._record.screen.training(state)
            self._show_running_jobs()
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
            (patience or self._cdk.deadline).check("waiting for a job or an endpoint")
            time.sleep(POLL_EVERY)
        return found

    def _deploy_again(self, meanwhile: Callable[[], None] = lambda: None) -> Finished:
        deployment = self._record.deploying(self._stacks)
        finished = self._run("deploy", "--require-approval", "never", "--progress", "events", meanwhile=meanwhile)
        deployment.events = {stack.path: self._account.events(stack, deployment.began) for stack in self._stacks}
        return finished

    def _expect_deployed(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        finished = self._deploy_again(meanwhile)
        if finished.code == 0:
            return
        wrong = dict.fromkeys(reason for stack in self._deployed_stacks() for reason in self._account.failures(stack))
        reasons = "".join(f"\n  {reason}" for reason in [*wrong, *hints(wrong)])
        raise CheckFailedError(f"cdk deploy failed{reasons}", Evidence("cdk deploy", tail(finished.output)))

    def _deployed_stacks(self) -> list[Stack]:
        names = {thing.name for thing in self._account.things() if thing.kind == "stack"}
        return [stack for stack in self._stacks if stack.name in names]

    def _run(self, command: str, *arguments: str, meanwhile: Callable[[], None] = lambda: None) -> Finished:
        def look() -> None:
            self._show_running_jobs()
            meanwhile()

        stacks = [stack.path for stack in self._stacks]
        with self._cdk.start(command, "--app", str(self._assembly.folder), *stacks, *arguments) as running:
            return self._cdk.finish(running, look)

    def _show_running_jobs(self) -> None:
        if time.monotonic() - self._looked < POLL_EVERY:
            return
        for name, status in self._account.jobs().items():
            if status in RUNNING:
                self._record.screen.training(self._account.job(name))
        self._looked = time.monotonic()

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
        self._note_jobs()
        try:
            error.evidence += [Evidence(f"log group {name}", text) for name, text in self._account.log_tails(15)]
        except (BotoCoreError, ClientError) as unreadable:
            error.evidence.append(Evidence("log groups", f"could not be read: {unreadable}"))
        return error

    def _note_jobs(self) -> None:
        """Keep for the report what is known of the jobs of a deployment that failed before they were looked at."""
        if self._record.trained:
            return
        with suppress(BotoCoreError, ClientError):
            for name in self._account.jobs():
                state = self._account.job(name)
                self._record.trained.append((state, self._account.report(state)))
                self._record.studies[name] = study(self._account, name)


class _Cancellation:
    """Cancels an update as soon as it waits for a job."""

    def __init__(self, account: Account, job: Job) -> None:
        self._account = account
        self._job = job
        self._conditions = job.conditions
        self._is_done = False

    def __call__(self) -> None:
        if not self._is_done and self._account.waits_at(self._job.place, self._conditions):
            self._account.cancel_update(self._job.stack)
            self._is_done = True


def _is_untuned(state: JobState) -> bool:
    """Whether it ended as every text generation job does here if nothing is wrong with it."""
    return state.status == "Failed" and state.failure_reason.startswith(NOT_TUNED)


def _hint(reason: str) -> str:
    if "s3" in reason.lower() and any(
        word in reason.lower() for word in ("not exist", "no such", "not found", "nosuch", "no object")
    ):
        return "\nThe data is not in the embedded S3: bring it with --seed s3://BUCKET/PREFIX=LOCAL"
    return ""


def _end(state: JobState) -> str:
    return state.status if state.stage == state.status else f"{state.status} ({state.stage})"


def _definitions_only(job: Job) -> bool:
    problem = job.request.get("AutoMLProblemTypeConfig", {}).get("TabularJobConfig", {})
    asked = job.request.get("GenerateCandidateDefinitionsOnly", problem.get("GenerateCandidateDefinitionsOnly"))
    return asked in (True, "true")


def _is_retained(resource: Mapping[str, Any]) -> bool:
    return str(resource.get("DeletionPolicy", "")).startswith("Retain")


def _news(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    return ", ".join(sorted(after.keys() - before.keys()))


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
