"""What the real `cdk diff` shows of a change, as a person reads it before a deployment."""

import json
import os
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from constructs_lib import AutoMLJob, AutoMLJobOutcome, Channel, CompletionCriteria
from constructs_lib.rehearsal.cdk import Cdk
from constructs_lib.rehearsal.processes import Deadline
from constructs_lib.runtime.contract import OUTCOME_TYPE, RESOURCE_TYPE

from ...constructs.synthesis import resources_of

STACK = "Churn"
TEMPLATE = f"{STACK}.template.json"
CONDITION = "AWS::CloudFormation::WaitCondition"

OF_THE_JOB = """\
[~] Custom::SageMakerAutoMLJob Job {job}
 └─ [~] Request
     └─ [~] .AutoMLJobConfig:
         └─ [~] .CompletionCriteria:
             └─ [~] .MaxCandidates:
                 ├─ [-] 3
                 └─ [+] 4"""

OF_A_JOB_THAT_IS_WAITED_FOR = """\
[-] AWS::CloudFormation::WaitCondition {old} destroy
[+] AWS::CloudFormation::WaitCondition Outcome/Wait {new}
[~] Custom::SageMakerAutoMLJob Job {job}
 ├─ [~] Request
 │   └─ [~] .AutoMLJobConfig:
 │       └─ [~] .CompletionCriteria:
 │           └─ [~] .MaxCandidates:
 │               ├─ [-] 3
 │               └─ [+] 4
 └─ [~] Watch
     └─ [~] .Conditions:
         └─ @@ -1,6 +1,6 @@
            [ ] [
            [ ]   {{
            [-]     "LogicalId": "{old}",
            [+]     "LogicalId": "{new}",
            [ ]     "Seconds": 42600
            [ ]   }}
            [ ] ]
[~] Custom::SageMakerAutoMLOutcome Outcome {outcome}
 └─ [~] DependsOn
     └─ @@ -1,4 +1,4 @@
        [ ] [
        [-]   "{old}",
        [+]   "{new}",
        [ ]   "{permissions}"
        [ ] ]"""


def synthesized(folder: Path, max_candidates: int, *, waited_for: bool) -> dict[str, Any]:
    """The template of an app whose only stack holds one job; its cloud assembly lies in `folder`."""
    app = cdk.App(outdir=str(folder))
    stack = cdk.Stack(app, STACK)
    job = AutoMLJob(
        stack,
        "Job",
        training_data=Channel.from_bucket(s3.Bucket.from_bucket_name(stack, "Data", "data"), "train/"),
        target_attribute="churned",
        completion_criteria=CompletionCriteria(max_candidates=max_candidates),
    )
    if waited_for:
        AutoMLJobOutcome(stack, "Outcome", job=job)
    app.synth()
    loaded: dict[str, Any] = json.loads((folder / TEMPLATE).read_text())
    return loaded


def difference(folder: Path) -> str:
    """What `cdk diff` says of the resources if the new assembly replaces the old template; no account is asked."""
    environment = {
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "CI": "1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    cli = Cdk(environment, folder, Deadline(120), lambda _: None)
    old = str(folder / "old" / TEMPLATE)
    with cli.start("diff", "--app", str(folder / "new"), "--template", old) as running:
        finished = cli.finish(running)
    assert finished.code == 0, finished.output
    beginning, _, shown = finished.output.partition("\nResources\n")
    assert beginning == f"Stack {STACK}", "nothing but resources should differ"
    return shown.partition("\n\n")[0]


def only(template: dict[str, Any], kind: str) -> str:
    [name] = resources_of(template, kind)
    return name


def test_number_that_has_changed_is_shown_in_its_place_in_the_request_and_nothing_else(tmp_path: Path) -> None:
    synthesized(tmp_path / "old", 3, waited_for=False)
    template = synthesized(tmp_path / "new", 4, waited_for=False)

    assert difference(tmp_path) == OF_THE_JOB.format(job=only(template, RESOURCE_TYPE))


def test_deployment_that_waits_shows_another_wait_besides_and_nothing_else(tmp_path: Path) -> None:
    before = synthesized(tmp_path / "old", 3, waited_for=True)
    template = synthesized(tmp_path / "new", 4, waited_for=True)
    outcome = only(template, OUTCOME_TYPE)

    assert difference(tmp_path) == OF_A_JOB_THAT_IS_WAITED_FOR.format(
        old=only(before, CONDITION),
        new=only(template, CONDITION),
        job=only(template, RESOURCE_TYPE),
        outcome=outcome,
        permissions=template["Resources"][outcome]["DependsOn"][-1],
    )
