"""What each command of the `cdk` CLI does to a job: `docs/operating.md`, sentence by sentence.

Whatever it is, nothing trains twice without being told, and nothing trains unowned without being told.
"""

import json
import re
import time
from pathlib import Path

import pytest

from .stage import Assembly, Operator

pytestmark = pytest.mark.cloud

TRAINS, WAITS = "Trains", "Waits"
"""A stack whose job runs for ever, and one whose deployments wait for a job that is done at once."""

AT_ONCE, FOR_EVER, BAD = "y", "slow", "bad"
NO_CHANGES = "(no changes)"
OTHER = "other"
"""Another qualifier."""


@pytest.fixture(scope="module")
def runs(operator: Operator) -> Assembly:
    return operator.app("runs", TRAINS, target=FOR_EVER)


@pytest.fixture(scope="module")
def runs_with_new_data(operator: Operator) -> Assembly:
    return operator.app("runs-with-new-data", TRAINS, target=FOR_EVER, rows=601)


@pytest.fixture(scope="module")
def waits(operator: Operator) -> Assembly:
    return operator.app("waits", WAITS, target=AT_ONCE, waits=True)


@pytest.fixture(scope="module")
def waits_for_bad(operator: Operator) -> Assembly:
    return operator.app("waits-for-bad", WAITS, target=BAD, waits=True)


class TestDeploy:
    def test_an_old_commit_is_a_change_as_any_other(
        self, operator: Operator, runs: Assembly, runs_with_new_data: Assembly
    ) -> None:
        first = operator.has(runs)
        second = operator.has(runs_with_new_data)
        third = operator.has(runs)
        assert len({first, second, third}) == 3
        assert [operator.status(job) for job in (first, second, third)] == ["Stopped", "Stopped", "InProgress"]

    def test_another_bootstrap_is_another_address(self, operator: Operator, runs: Assembly) -> None:
        before = operator.has(runs)
        operator.account.new_bucket(operator.assets.replace("hnb659fds", OTHER))
        there = operator.app("elsewhere", TRAINS, target=FOR_EVER, qualifier=OTHER)
        assert there.data == runs.data, "the same data"
        assert operator.has(there) != before
        assert operator.status(before) == "Stopped"

    def test_diff_says_what_is_changed_in_place(
        self, operator: Operator, waits: Assembly, waits_for_bad: Assembly
    ) -> None:
        operator.has(waits)
        said = operator.run("diff", "--method=template", app=waits_for_bad).output
        assert f"[~] Custom::SageMakerAutoMLJob Job {waits.job}\n" in said, "and no more in that line"
        assert "[~] Request" in said
        assert "replace" not in said

    def test_approval_of_what_is_destroyed_stops_at_a_wait_condition(
        self, operator: Operator, waits: Assembly, waits_for_bad: Assembly
    ) -> None:
        job = operator.has(waits)
        before = operator.jobs()
        refused = operator.run("deploy", "--require-approval=destructive", app=waits_for_bad)
        assert refused.code == 1
        assert re.search(r"AWS::CloudFormation::WaitCondition \w+ will be destroyed", refused.output)
        assert "terminal (TTY) is not attached" in refused.output
        assert (operator.jobs(), operator.job(waits)) == (before, job)


class TestHotswap:
    def test_new_data_are_uploaded_and_train_nothing(
        self, operator: Operator, runs: Assembly, runs_with_new_data: Assembly
    ) -> None:
        job = operator.has(runs)
        operator.account.s3.delete_object(Bucket=operator.assets, Key=runs_with_new_data.data)
        before = operator.jobs()
        swapped = operator.cdk_deploy(runs_with_new_data, "--hotswap")
        assert (swapped.code, NO_CHANGES in swapped.output) == (0, True), swapped.output
        assert operator.has_data(runs_with_new_data)
        assert (operator.jobs(), operator.job(runs), operator.status(job)) == (before, job, "InProgress")

    def test_watch_is_the_same_at_each_change(
        self, operator: Operator, runs: Assembly, runs_with_new_data: Assembly, tmp_path: Path
    ) -> None:
        """The app is a copy of what was synthesized, of that which a file names."""
        operator.has(runs)
        operator.account.s3.delete_object(Bucket=operator.assets, Key=runs_with_new_data.data)
        before = operator.jobs()
        named = tmp_path / "src" / "named"
        named.parent.mkdir()
        named.write_text(str(runs.folder))
        command = 'sh -c \'mkdir -p "$CDK_OUTDIR"; cp -R "$(cat src/named)/." "$CDK_OUTDIR"\''
        (tmp_path / "cdk.json").write_text(json.dumps({"app": command, "watch": {"include": ["src/**"]}}))
        cli = operator.cli(tmp_path)
        with cli.start("watch", "--no-logs", TRAINS):
            said = tmp_path / "01-cdk-watch.log"
            until(said, "(no changes)", times=1)
            named.write_text(str(runs_with_new_data.folder))
            until(said, "(no changes)", times=2)
        assert "Detected change to 'src/named'" in said.read_text()
        assert operator.has_data(runs_with_new_data)
        assert operator.jobs() == before


def until(log: Path, text: str, *, times: int) -> None:
    """Wait until a log has a text that often."""
    deadline = time.monotonic() + 60
    while log.read_text().count(text) < times:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


class TestChangeSets:
    def test_prepared_one_makes_nothing_and_garbage_collection_does_not_know_its_data(
        self, operator: Operator, runs: Assembly
    ) -> None:
        job = operator.has(runs)
        before = operator.jobs()
        prepared = operator.app("prepared", TRAINS, target=FOR_EVER, rows=602)
        done = operator.cdk_deploy(prepared, "--method=prepare-change-set", "--change-set-name=later")
        assert done.code == 0, done.output
        assert operator.has_data(prepared)
        buffers = ("--created-buffer-days=0", "--rollback-buffer-days=0", "--confirm=false")
        place = f"aws://{operator.cloud.account}/{operator.cloud.region}"
        collected = operator.run("gc", "--unstable=gc", "--type=s3", *buffers, place)
        assert collected.code == 0, collected.output
        assert (operator.has_data(runs), operator.has_data(prepared)) == (True, False)
        assert (operator.jobs(), operator.job(runs), operator.status(job)) == (before, job, "InProgress")

        operator.cloudformation.execute_change_set(StackName=TRAINS, ChangeSetName="later")
        assert operator.wait(TRAINS) == "UPDATE_COMPLETE"
        assert operator.account.wait(operator.job(prepared))["AutoMLJobStatus"] == "Failed"


class TestNoRollback:
    def test_failed_job_stays_until_the_revision_changes(
        self, operator: Operator, waits: Assembly, waits_for_bad: Assembly
    ) -> None:
        good = operator.has(waits)
        failed = operator.cdk_deploy(waits_for_bad, "--no-rollback")
        assert failed.code == 1
        assert operator.describe(WAITS)["StackStatus"] == "UPDATE_FAILED"
        bad = operator.job(waits_for_bad)
        assert f"'{bad}' is Failed" in re.sub(r"\s+", " ", failed.output)
        jobs = operator.jobs()
        assert operator.paused(waits_for_bad) == "UPDATE_FAILED"
        assert (operator.job(waits_for_bad), operator.jobs()) == (bad, jobs), "the same properties, the same job"

        revised = operator.app("revised", WAITS, target=AT_ONCE, revision="2", waits=True)
        assert operator.paused(revised) == "UPDATE_COMPLETE"
        assert operator.jobs() == [*jobs, operator.job(revised)]
        assert operator.job(revised) not in (good, bad)

    def test_rollback_goes_back_to_the_job_before(self, operator: Operator, runs: Assembly) -> None:
        before = operator.has(runs)
        failing = operator.app("failing", TRAINS, target=AT_ONCE, fails=True)
        assert operator.paused(failing) == "UPDATE_FAILED"
        made = operator.job(failing)
        assert made != before
        jobs = operator.jobs()
        back = operator.run("rollback", app=failing)
        assert back.code == 0, back.output
        assert operator.describe(TRAINS)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert (operator.job(runs), operator.status(before), operator.jobs()) == (before, "InProgress", jobs)
        assert operator.is_given_up(made)


class TestOrphans:
    """What is taken out of a stack runs on."""

    def test_orphan_leaves_the_job_running_and_the_next_deployment_trains_another(
        self, operator: Operator, runs: Assembly
    ) -> None:
        left = operator.has(runs)
        before = operator.jobs()
        done = operator.run("orphan", "--unstable=orphan", "--yes", f"{TRAINS}/Job", app=runs)
        assert done.code == 0, done.output
        assert (operator.status(left), operator.is_given_up(left)) == ("InProgress", False)
        assert operator.jobs() == before
        assert operator.has(runs) != left
        assert operator.status(left) == "InProgress", "nobody stops it"
        operator.sagemaker.stop_auto_ml_job(AutoMLJobName=left)

    def test_rollback_takes_logical_ids_and_what_it_leaves_runs_on(self, operator: Operator) -> None:
        stack = "Broken"
        first = operator.has(operator.app("first", stack, target=AT_ONCE))
        failing = operator.app("breaking", stack, target=FOR_EVER, fails=True)
        assert operator.paused(failing) == "UPDATE_FAILED"
        left = operator.job(failing)
        assert left != first
        [function] = [name for name in failing.template["Resources"] if name.startswith("SageMakerAutopilotProviderF")]
        operator.cloud.client("lambda").delete_function(FunctionName=operator.resource(stack, function))
        operator.cloudformation.rollback_stack(StackName=stack)
        assert operator.wait(stack) == "UPDATE_ROLLBACK_FAILED"
        by_path = operator.run("rollback", "--orphan", f"{stack}/Job", app=failing)
        assert (by_path.code, f"[{stack}/Job] cannot be skipped" in by_path.output) == (1, True), by_path.output
        by_id = operator.run("rollback", "--orphan", failing.job, app=failing)
        assert by_id.code == 0, by_id.output
        assert operator.describe(stack)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert operator.status(left) == "InProgress"


class TestDrift:
    def test_job_that_was_stopped_is_in_sync_and_stays_as_it_is(self, operator: Operator, runs: Assembly) -> None:
        job = operator.has(runs)
        operator.sagemaker.stop_auto_ml_job(AutoMLJobName=job)
        assert operator.account.wait(job)["AutoMLJobStatus"] == "Stopped"
        before = operator.jobs()
        looked = operator.run("drift", "--fail", app=runs)
        assert (looked.code, "No drift detected" in looked.output) == (0, True), looked.output
        reverted = operator.cdk_deploy(runs, "--revert-drift")
        assert (reverted.code, NO_CHANGES in reverted.output) == (0, True), reverted.output
        assert (operator.jobs(), operator.job(runs), operator.status(job)) == (before, job, "Stopped")


def test_refactor_refuses_another_logical_id(operator: Operator, waits: Assembly) -> None:
    job = operator.has(waits)
    before = operator.jobs()
    renamed = operator.app("renamed", WAITS, target=AT_ONCE, waits=True, construct_id="Renamed")
    said = operator.run("refactor", "--unstable=refactor", "--force", app=renamed).output
    assert "Refactor failed: A refactor operation cannot add, remove or update resources" in said
    assert f"[-] {WAITS}.{waits.job}" in said
    assert (operator.jobs(), operator.job(waits)) == (before, job)


def test_refactor_takes_a_job_that_has_only_moved_as_the_same(operator: Operator, runs: Assembly) -> None:
    """One that nobody waits for. What CloudFormation says to the move is not played here."""
    operator.has(runs)
    moved = operator.app("moved", TRAINS, target=FOR_EVER, within="Models")
    said = operator.run("refactor", "--unstable=refactor", "--dry-run", app=moved).output
    assert "cannot add, remove or update" not in said, said
    assert f"{TRAINS}.{moved.job}" in said, said
