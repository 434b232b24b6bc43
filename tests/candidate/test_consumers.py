"""What serves a job in another stack: its template changes with the job, and with nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLModelPackage,
    AutoMLTransform,
    Channel,
    CompletionCriteria,
    Metric,
    Mode,
    OutputLocation,
    ProblemType,
    QualityGate,
    RealTime,
)
from constructs_lib.runtime import candidate, contract

from ..constructs.synthesis import data_bucket, new_job, new_stack, only, resources_of, template_of

Consumer = Callable[[cdk.Stack, AutoMLJobOutcome], None]
Template = dict[str, Any]


def endpoint(stack: cdk.Stack, outcome: AutoMLJobOutcome) -> None:
    AutoMLEndpoint(stack, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"))


def transform(stack: cdk.Stack, outcome: AutoMLJobOutcome) -> None:
    AutoMLTransform(
        stack,
        "Transform",
        outcome=outcome,
        data=Channel.from_bucket(data_bucket(stack), "new/"),
        instance_type="ml.m5.large",
    )


def registration(stack: cdk.Stack, outcome: AutoMLJobOutcome) -> None:
    AutoMLModelPackage(stack, "Version", outcome=outcome, model_package_group="churn")


CONSUMERS = pytest.mark.parametrize("consumer", [endpoint, transform, registration])


def template_apart(consumer: Consumer, *, in_stage: bool = False, tags: bool = False, **props: Any) -> Template:
    """The template of a stack that serves the job of another one."""
    app = cdk.App()
    scope = cdk.Stage(app, "Prod") if in_stage else app
    there, here = cdk.Stack(scope, "There"), cdk.Stack(scope, "Here")
    gate = props.pop("quality_gate", None)
    job = new_job(there, **props)
    if tags:
        cdk.Tags.of(there).add("team", "growth")
    consumer(here, AutoMLJobOutcome(there, "Outcome", job=job, quality_gate=gate))
    return template_of(here)


CHANGES: dict[str, dict[str, Any]] = {
    "target": {"target_attribute": "z"},
    "mode": {"mode": Mode.ENSEMBLING},
    "criteria": {"completion_criteria": CompletionCriteria(max_candidates=7)},
    "problem": {"problem_type": ProblemType.BINARY_CLASSIFICATION, "objective": Metric.AUC},
    "revision": {"revision": "2"},
}


@CONSUMERS
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_job_changes_the_template_of_who_serves_it_elsewhere(
    consumer: Consumer, change: dict[str, Any]
) -> None:
    """Else the CLI would skip that stack, which would go on serving the old model."""
    assert template_apart(consumer, **change) != template_apart(consumer)


@CONSUMERS
def test_another_job_changes_the_template_within_a_stage_too(consumer: Consumer) -> None:
    changed = template_apart(consumer, in_stage=True, revision="2")

    assert changed != template_apart(consumer, in_stage=True)


@CONSUMERS
@pytest.mark.parametrize(
    "change", [{}, {"tags": True}, {"quality_gate": QualityGate(at_least=0.7)}], ids=["nothing", "tags", "gate"]
)
def test_the_same_job_leaves_the_template_as_it_is(consumer: Consumer, change: dict[str, Any]) -> None:
    assert template_apart(consumer, **change) == template_apart(consumer)


def digest_of(template: Template) -> str:
    found: str = only(resources_of(template, contract.MODEL_TYPE))["Properties"]["JobSpec"]
    return found


def test_the_property_is_plain_text_that_asks_nothing_of_the_jobs_stack() -> None:
    """The bucket of a third stack is named in the job alone."""
    app = cdk.App()
    base, there, here = (cdk.Stack(app, name) for name in ("Base", "There", "Here"))
    job = new_job(there, training_data=Channel.from_bucket(s3.Bucket(base, "Bucket"), "train/"))
    endpoint(here, AutoMLJobOutcome(there, "Outcome", job=job))

    template = template_of(here)

    assert len(digest_of(template)) == 16
    assert int(digest_of(template), 16)
    assert "Base" not in str(template)


def test_data_of_another_stack_is_another_job_although_its_bucket_goes_by_the_same_id() -> None:
    def found(base_name: str) -> str:
        app = cdk.App()
        base, there, here = cdk.Stack(app, base_name), cdk.Stack(app, "There"), cdk.Stack(app, "Here")
        job = new_job(there, training_data=Channel.from_bucket(s3.Bucket(base, "Bucket"), "train/"))
        endpoint(here, AutoMLJobOutcome(there, "Outcome", job=job))
        return digest_of(template_of(here))

    assert found("One") == found("One")
    assert found("One") != found("Other")


def test_what_is_served_beside_its_job_has_the_property_too() -> None:
    def found(**props: Any) -> str:
        stack = new_stack()
        endpoint(stack, AutoMLJobOutcome(stack, "Outcome", job=new_job(stack, **props)))
        return digest_of(template_of(stack))

    assert found() == found() == digest_of(template_apart(endpoint))
    assert found() != found(revision="2")


def test_function_passes_the_property_over() -> None:
    """The same job under another hash, as after a change of the library's, is served by the same model."""
    one, other = (candidate.read({"JobName": "churn-1", "JobSpec": each}).content for each in ("a", "b"))

    assert one == other


def test_job_made_elsewhere_is_told_by_its_name() -> None:
    def found(name: str) -> str:
        stack = new_stack()
        output = OutputLocation.from_bucket(data_bucket(stack), "models/")
        job = AutoMLJob.from_job_name(stack, "Job", name, output=output)
        endpoint(stack, AutoMLJobOutcome(stack, "Outcome", job=job))
        return digest_of(template_of(stack))

    assert found("churn-1") == found("churn-1")
    assert found("churn-1") != found("churn-2")


def test_job_that_a_second_stack_waits_for_changes_the_template_of_a_third_one() -> None:
    def found(revision: str) -> Template:
        app = cdk.App()
        there, waiting, here = (cdk.Stack(app, name) for name in ("There", "Waiting", "Here"))
        endpoint(here, AutoMLJobOutcome(waiting, "Outcome", job=new_job(there, revision=revision)))
        return template_of(here)

    assert found("1") == found("1")
    assert found("1") != found("2")


# A stack that is deployed alone, before the stack of the job


def stated(template: Template, resource_type: str) -> tuple[Any, Any]:
    """What a resource's template is made for, and where it reads what the other stack was deployed with."""
    found = only(resources_of(template, resource_type))["Properties"]
    return found.get("JobSpec"), found.get("DeployedJobSpec")


@pytest.mark.parametrize(
    ("consumer", "resource_type"),
    [
        (endpoint, contract.MODEL_TYPE),
        (transform, contract.MODEL_TYPE),
        (registration, contract.MODEL_PACKAGE_TYPE),
    ],
)
def test_who_serves_a_job_of_another_stack_sees_what_that_was_deployed_with(
    consumer: Consumer, resource_type: str
) -> None:
    app = cdk.App()
    there, here = cdk.Stack(app, "There"), cdk.Stack(app, "Here")
    consumer(here, AutoMLJobOutcome(there, "Outcome", job=new_job(there)))

    made_for, deployed = stated(template_of(here), resource_type)
    passed_on, nothing = stated(template_of(there), contract.OUTCOME_TYPE)

    assert made_for == passed_on == digest_of(template_apart(endpoint))
    assert nothing is None
    assert "There" in str(deployed)
    told = [str(each["Value"]) for each in template_of(there)["Outputs"].values()]
    assert any("'JobSpec'" in each for each in told)


def test_who_waits_in_another_stack_sees_it_before_it_waits() -> None:
    app = cdk.App()
    there, waiting, here = (cdk.Stack(app, name) for name in ("There", "Waiting", "Here"))
    endpoint(here, AutoMLJobOutcome(waiting, "Outcome", job=new_job(there)))

    of_job, of_watch, of_outcome, of_model = (
        stated(template_of(stack), kind)
        for stack, kind in (
            (there, contract.RESOURCE_TYPE),
            (waiting, contract.WATCH_TYPE),
            (waiting, contract.OUTCOME_TYPE),
            (here, contract.MODEL_TYPE),
        )
    )

    assert {each[0] for each in (of_job, of_watch, of_outcome, of_model)} == {of_model[0]}
    assert (of_job[1], of_outcome[1]) == (None, None)
    assert "There" in str(of_watch[1])
    assert "Waiting" in str(of_model[1])


def test_what_is_deployed_at_once_asks_nothing() -> None:
    stack = new_stack()
    nested = cdk.NestedStack(stack, "Nested")
    endpoint(nested, AutoMLJobOutcome(stack, "Outcome", job=new_job(stack)))

    app = cdk.App.of(stack)
    assert isinstance(app, cdk.App)
    written = [each.read_text() for each in Path(app.synth().directory).glob("*.template.json")]
    assert len(written) == 2
    assert "JobSpec" in "".join(written)
    assert "DeployedJobSpec" not in "".join(written)
    assert stated(template_of(stack), contract.RESOURCE_TYPE) == (None, None)


def test_job_made_elsewhere_has_nothing_to_tell() -> None:
    app = cdk.App()
    there, here = cdk.Stack(app, "There"), cdk.Stack(app, "Here")
    output = OutputLocation.from_bucket(data_bucket(there), "models/")
    job = AutoMLJob.from_job_name(there, "Job", "churn-1", output=output)
    endpoint(here, AutoMLJobOutcome(there, "Outcome", job=job))

    assert "DeployedJobSpec" not in str(template_of(here))
