"""Every example, and apps of more than one job, through `automl rehearse` as a user runs it.

The quickstart's own rehearsal is in `tests/cli/test_rehearse.py`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
APPS = Path(__file__).parent / "apps"

pytestmark = [pytest.mark.cloud, pytest.mark.timeout(300)]


def rehearse(*arguments: str, folder: Path = ROOT) -> str:
    """What a rehearsal that goes well says."""
    done = subprocess.run(
        [sys.executable, "-m", "constructs_lib.cli", "rehearse", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("example", ["tabular_v2", "text_classification", "image_classification"])
def test_an_example_is_deployed_trained_and_destroyed(example: str) -> None:
    said = rehearse("--quick", f"examples/{example}")
    assert " is Completed after " in said
    assert "Leaderboard of" in said
    assert re.findall(r"^  (bucket|log group) ", said, re.MULTILINE) == ["bucket", "log group"], said
    assert "updates and a rollback, left out by --quick" in said


def test_an_example_goes_through_its_whole_life_from_another_folder(tmp_path: Path) -> None:
    said = rehearse(str(ROOT / "examples/forecasting"), folder=tmp_path)
    assert re.search(r"1 +\S+-trial-me-1 +MAPE +0\.\d+", said)
    assert "the stack has rolled back" in said
    assert "Not shown" not in said


def test_a_deployment_that_waits_goes_through_its_whole_life() -> None:
    said = rehearse("examples/quality_gate")
    for words in (
        "waits of state machines are shortened: a minute is a second",
        "ok: the gate says: met: AUC is 0.",
        "QualityGate.Gate = met: AUC is 0.",
        "ok: no state machine looks at a job any more",
        "an update that is cancelled while it waits: done",
        "an update that fails and rolls back: done",
        "nothing else is left of the stacks",
        "\n  gate: met: AUC is 0.",
        "Shortened: ",
    ):
        assert words in said
    assert said.count("ok: the stack has rolled back") == 2
    assert said.count("ok: the deployment has waited for") == 2
    # The job is shown while the deployment waits for it.
    deploying = said.split("cdk deploy ...\n")[1].split("cdk deploy: done")[0]
    assert "TrainingModels" in deploying
    assert re.search(r"WeightedEnsemble-L3-FULL-t\d: AUC 0\.\d+ in", deploying)
    assert "Not shown" not in said


def test_a_job_two_nested_stacks_deep_goes_through_its_whole_life() -> None:
    said = rehearse(str(APPS / "nested.py"))
    for words in (
        "1 stack, 1 AutoML job: Nested/Credit",
        "ok: version credit/1 is Completed",
        "ok: predictions for 1 object are at s3://",
        "ok: deploying again made no transform job and no version",
        "ok: version credit/2 is of WeightedEnsemble-L3-FULL-t1, the best candidate of ",
        "ok: version credit/2 is still what Nested/Outcome",
        "cancelled on purpose, as soon as it waits for its job",
        "fails on purpose: ",
        "ok: no state machine looks at a job any more",
        "ok: nothing else is left of the stacks",
    ):
        assert words in said
    assert said.count("ok: the stack has rolled back") == 2
    assert (
        len(re.findall(r"ok: transform job \S+ is of WeightedEnsemble-L3-FULL-t1, the best candidate of ", said)) == 2
    )
    assert said.count("retained, as its DeletionPolicy says: bucket ") == 2
    assert "Not shown" not in said


def test_a_job_is_waited_for_and_served_in_other_stacks_and_a_gate_is_opened() -> None:
    said = rehearse("--open-gates", str(APPS / "apart.py"))
    for words in (
        "Waits.Gate = missed: F1 is 0.",
        "the stack has rolled back",
        "a missed gate that fails the deployment: 1 quality gate warned instead",
        "\n  gate: none\n",
        "\n  gate: missed: F1 is 0.",
        "; it is asked only to warn",
        "Serves is deployed with a change of its own: it reads outputs of a stack that has changed",
    ):
        assert words in said
    assert said.count("ok: the deployment has waited for") == 4  # two outcomes, a job and the one in its place
    served = re.findall(r"ok: it serves (\S+), the best candidate of (\S+)$", said, re.MULTILINE)
    assert {name for name, _ in served} == {"WeightedEnsemble-L3-FULL-t1"}
    first, second, third = (job for _, job in served)
    assert first != second == third


def test_text_generation_ends_where_its_data_is_judged() -> None:
    said = rehearse("--quick", "examples/text_generation")
    assert "Its data is in order: 1000 rows of input and output to train on." in said
    assert "is Failed, as expected" in said
    assert "Letters" in said.split("Not shown:\n")[1].splitlines()[0]
    assert "Leaderboard" not in said
    assert "trained models" not in said


def test_jobs_with_names_of_their_own_go_through_their_whole_life() -> None:
    said = rehearse(str(APPS / "named.py"))
    for words in (
        "2 AutoML jobs",
        "each job resource has made one job: credit-deployed, credit-plain",
        "its best model is deployed to the endpoint credit-now",
        "endpoint credit-now is InService",
        "asked for 3 rows of the training data, it answers: no | yes | no",
        "is a new job now: credit-deployed-2",
        "credit-deployed is given up",
        "credit-deployed-2 is still the resource",
        "nothing else is left of the stacks",
        "Leaderboard of credit-deployed\n",
        "Leaderboard of credit-plain\n",
    ):
        assert words in said
    [live] = re.findall(r"credit-plain: WeightedEnsemble-L3-FULL-t1: F1 0\.\d+ in (\S+) s$", said, re.MULTILINE)
    leaderboard = said.split("Leaderboard of credit-plain\n")[1]
    last = re.findall(r"1 +WeightedEnsemble-L3-FULL-t1 +F1 +0\.\d+ +(\S+)", leaderboard)[0]
    assert live == last


def test_the_endpoint_of_each_problem_type_answers() -> None:
    said = rehearse("--quick", str(APPS / "deployed.py"))
    asked = re.findall(r"ok: asked for (.*), it answers: (.*)$", said, re.MULTILINE)
    assert [about for about, _ in asked] == [
        "3 rows of the training data",
        "3 rows of the training data",
        "the image 0/0-00.png",
        "3 series, 4 steps ahead",
    ]
    assert asked[2][1].startswith("0,0.")
    assert asked[3][1].startswith("series,quarter,p10,p50,p90,mean | consumption,2009-10-01,")


def test_an_endpoint_goes_through_its_whole_life_without_downtime() -> None:
    said = rehearse("examples/endpoint_realtime")
    [name] = re.findall(r"EndpointName = (\S+)$", said, re.MULTILINE)
    served = re.findall(r"ok: it serves (\S+), the best candidate of (\S+)$", said, re.MULTILINE)
    (best, first), (_, second) = served[:2]
    assert first != second
    assert best.startswith("WeightedEnsemble-L3-FULL-t")
    assert said.count(f"ok: it serves {best}, the best candidate of {second}\n") == 2, "and again after a rollback"
    answer = r"asked for 3 rows of the training data, it answers as the model itself, in CSV: (no|yes),0\.\d+ \| "
    assert len(re.findall(answer, said)) == 3
    assert said.count('in JSON: {"predictions": [{"predicted_label": "') == 3
    assert said.count("ok: answers hold what was asked for: predicted_label, probability") == 3
    for during in ("the update", "update and rollback"):
        assert re.search(rf"ok: {name}: asked [1-9]\d+ times during {during}, always answered", said)
    closing = said.split(f"\nEndpoint {name}\n")[1]
    assert f"  serves: {best} of {first}, then of {second}\n" in closing
    assert "(predicted_label, probability), as the model itself" in " ".join(closing.split())
    assert re.search(r"  meanwhile: asked \d+ times during updates, always answered", closing)
    assert re.findall(r"^  (bucket|log group|KMS key) ", closing, re.MULTILINE) == ["KMS key", "bucket", "log group"]
    assert "Not shown" not in said


def test_an_endpoint_without_instances_answers() -> None:
    said = rehearse("--quick", "examples/endpoint_serverless")
    assert "it answers as the model itself, in CSV: no | yes | no" in said
    assert re.findall(r"^  (bucket|log group|model package) ", said, re.MULTILINE) == ["bucket", "log group"]


def test_the_platform_of_one_of_two_accounts_answers_from_its_network() -> None:
    said = rehearse("--quick", "--stack", "Test/Credit", "examples/platform")
    for words in (
        "the app is for 111122223333 in eu-west-1: starting again",
        "2 stacks, 1 AutoML job: Test/Credit/Credit",
        "ok: answers hold what was asked for: predicted_label, probability",
        "nothing else is left of the stacks",
    ):
        assert words in said
    assert "Production" not in said
