"""A Create makes one job, however often it is delivered."""

import threading

import pytest
from botocore.exceptions import ReadTimeoutError

from constructs_lib.runtime.answer import NO_JOB
from constructs_lib.runtime.contract import NAME_LENGTH, OwnerTag
from constructs_lib.runtime.handler import serve
from constructs_lib.runtime.retry import Clock

from .fake_sagemaker import FakeJob, client_error
from .world import LOGICAL_ID, PREFIX, Crash, World, properties, request


def test_create_makes_a_job_of_exactly_the_request(world: World) -> None:
    answer = world.create(properties(tags={"team": "growth"}))

    assert answer["Status"] == "SUCCESS"
    job = world.job()
    sent = dict(job.request)
    assert sent.pop("AutoMLJobName") == answer["PhysicalResourceId"]
    assert sent.pop("Tags")
    assert sent == request()
    assert answer["Data"] == {"JobName": job.name, "JobArn": job.arn, "JobSpec": ""}


def test_generated_name_fills_the_limit_in_lower_case(world: World) -> None:
    name = world.create(properties())["PhysicalResourceId"]

    assert len(name) == NAME_LENGTH
    assert name.startswith(PREFIX)
    assert name == name.lower()


def test_job_says_from_its_first_moment_whose_it_is(world: World) -> None:
    world.create(properties(tags={"team": "growth", OwnerTag.STACK: "somebody else", "aws:reserved": "x"}))

    tags = world.job().tags
    assert tags[OwnerTag.STACK] == world.stack_id
    assert tags[OwnerTag.RESOURCE] == LOGICAL_ID
    assert tags[OwnerTag.REQUEST] == world.events[0]["RequestId"]
    assert len(tags[OwnerTag.SPEC]) == 64
    assert tags["team"] == "growth"
    assert "aws:reserved" not in tags
    assert OwnerTag.RELEASED not in tags


def test_v2_request_goes_to_the_v2_operation(world: World) -> None:
    data = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/"}}}
    tabular = {"TabularJobConfig": {"TargetAttributeName": "y", "CompletionCriteria": {"MaxCandidates": "3"}}}
    body = {
        "AutoMLJobInputDataConfig": [data],
        "OutputDataConfig": {"S3OutputPath": "s3://results/"},
        "AutoMLProblemTypeConfig": tabular,
        "RoleArn": "arn:aws:iam::111122223333:role/churn",
    }

    world.create({"Operation": "CreateAutoMLJobV2", "Request": body, "NamePrefix": PREFIX, "Revision": "1"})

    assert world.job().operation == "CreateAutoMLJobV2"
    sent = world.job().request["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert sent["CompletionCriteria"] == {"MaxCandidates": 3}


def test_same_event_twice_is_one_job(world: World) -> None:
    first = world.create(properties())
    second = world.send(world.events[0])

    assert second == first
    assert world.creates() == 1


def test_six_deliveries_at_once_are_one_job(world: World) -> None:
    world.status("CREATE_IN_PROGRESS")
    event = world.event("Create", ResourceProperties=properties())
    together = threading.Barrier(6)
    looked = threading.Barrier(6)
    describe = world.sagemaker.describe_auto_ml_job_v2
    first_look = threading.local()

    def describe_together(**params: str) -> dict[str, object]:
        try:
            return describe(**params)
        finally:
            if not getattr(first_look, "over", False):
                first_look.over = True
                looked.wait(10)  # nobody creates before everybody has seen that there is no job

    world.sagemaker.describe_auto_ml_job_v2 = describe_together  # type: ignore[method-assign]

    def deliver() -> None:
        together.wait(10)
        serve(event, lambda: world.aws, Clock(world.time.remaining_ms, world.time.now, world.time.sleep))

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    answers = world.sink.answers()
    assert len(answers) == 6
    assert {answer["Status"] for answer in answers} == {"SUCCESS"}
    assert len({answer["PhysicalResourceId"] for answer in answers}) == 1
    assert len(world.jobs()) == 1
    assert world.creates() == 6


def test_crash_between_create_and_answer_is_mended_by_the_next_delivery(world: World) -> None:
    world.status("CREATE_IN_PROGRESS")
    event = world.event("Create", ResourceProperties=properties())
    world.sagemaker.fail("CreateAutoMLJob", Crash(), after=True)
    with pytest.raises(Crash):
        world.send(event)

    answer = world.send(event)

    assert answer["Status"] == "SUCCESS"
    assert [job.name for job in world.jobs()] == [answer["PhysicalResourceId"]]


def test_redelivery_finds_the_job_even_when_it_was_given_up_since(world: World) -> None:
    first = world.create(properties())
    world.delete()
    world.cloudformation.resources.clear()  # CloudFormation tells nothing, so only the tags can

    again = world.send(world.events[0])

    assert again["PhysicalResourceId"] == first["PhysicalResourceId"]
    assert world.creates() == 1


def test_another_create_with_the_same_properties_takes_a_fresh_name(world: World) -> None:
    first = world.create(properties())
    world.delete()
    second = world.create(properties())

    assert second["Status"] == "SUCCESS"
    assert second["PhysicalResourceId"] != first["PhysicalResourceId"]
    assert world.running() == [second["PhysicalResourceId"]]


def test_foreign_job_under_a_generated_name_is_passed_by(world: World) -> None:
    name = world.create(properties())["PhysicalResourceId"]
    foreign = FakeJob(name, world.job().arn, {}, "CreateAutoMLJob", {"owner": "x"}, world.time.wall())
    world.sagemaker.jobs = {name: foreign}

    answer = world.create(properties())

    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] != name
    assert foreign.tags == {"owner": "x"}


def test_tags_that_show_late_do_not_lead_to_a_second_job(world: World) -> None:
    world.create(properties())
    tags = dict(world.job().tags)
    world.job().tags.clear()
    world.sagemaker.hooks["DescribeAutoMLJobV2"] = lambda: world.sagemaker.hooks.update(
        DescribeAutoMLJobV2=lambda: world.job().tags.update(tags)
    )

    world.send(world.events[0])

    assert len(world.sagemaker.jobs) == 1


def test_explicit_name_is_used_as_it_is(world: World) -> None:
    answer = world.create(properties(AutoMLJobName="Churn-2026"))

    assert answer["PhysicalResourceId"] == answer["Data"]["JobName"] == "Churn-2026"
    assert answer["Data"]["JobArn"] == world.job().arn


def test_explicit_name_is_adopted_by_a_redelivery(world: World) -> None:
    first = world.create(properties(AutoMLJobName="churn"))

    assert world.send(world.events[0]) == first
    assert world.creates() == 1


def test_explicit_name_that_exists_is_refused(world: World) -> None:
    foreign = world.sagemaker.add_job("churn", {})

    answer = world.create(properties(AutoMLJobName="churn"))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        "an AutoML job named 'churn' exists, and this request did not make it: AutoML jobs cannot be deleted, "
        "so a name is spent for good. Give another 'job_name', or leave it out to get a fresh name for every job"
    )
    assert answer["PhysicalResourceId"] == NO_JOB
    assert foreign.status == "InProgress"
    assert not foreign.tags


def test_refused_create_leaves_nothing_for_its_delete(world: World) -> None:
    world.sagemaker.fail("CreateAutoMLJob", ("ValidationException", "S3 bucket is in another region"))

    answer = world.create(properties())

    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == NO_JOB
    assert "S3 bucket is in another region" in answer["Reason"]
    assert world.sink.answers()[-1]["Status"] == "SUCCESS"
    assert not world.sagemaker.jobs


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://sagemaker"),
        client_error("CreateAutoMLJob", "InternalFailure", "try later", status=500),
    ],
)
def test_job_whose_making_got_no_clear_answer_is_looked_for(world: World, error: Exception) -> None:
    world.sagemaker.fail("CreateAutoMLJob", error, after=True)

    answer = world.create(properties())

    assert answer["Status"] == "SUCCESS"
    assert world.running() == [answer["PhysicalResourceId"]]
    assert world.creates() == 1


def test_create_without_a_clear_answer_names_the_job_that_may_yet_be_seen(world: World) -> None:
    world.sagemaker.fail("CreateAutoMLJob", ReadTimeoutError(endpoint_url="https://sagemaker"))

    event = world.event("Create", ResourceProperties=properties())

    answer = world.send(event)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("CreateAutoMLJob got no answer: ")
    assert answer["PhysicalResourceId"] == world.send(event)["PhysicalResourceId"]


@pytest.mark.parametrize("status", ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"])
def test_late_create_of_a_deleted_resource_makes_no_job(world: World, status: str) -> None:
    world.status(status)

    answer = world.send(world.event("Create", ResourceProperties=properties()))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == f"nothing is made: the resource is {status}, nobody waits for this request"
    assert world.creates() == 0


def test_late_create_of_a_deleted_stack_makes_no_job(world: World) -> None:
    world.cloudformation.stacks.clear()

    answer = world.send(world.event("Create", ResourceProperties=properties()))

    assert answer["Status"] == "FAILED"
    assert world.creates() == 0


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDenied", "not authorized"),
        ("ValidationError", "Resource X does not exist for stack Y"),
        ("Throttling", ""),
    ],
)
def test_create_goes_on_when_cloudformation_does_not_tell(world: World, code: str, message: str) -> None:
    world.cloudformation.fail("DescribeStackResource", (code, message), times=9)

    assert world.create(properties())["Status"] == "SUCCESS"


def test_job_that_another_delivery_has_answered_with_lives_on(world: World) -> None:
    world.status("CREATE_IN_PROGRESS")
    event = world.event("Create", ResourceProperties=properties())
    create = world.sagemaker.create_auto_ml_job

    def create_while_a_twin_answers(**request: object) -> dict[str, object]:
        reply = create(**request)
        world.status("CREATE_COMPLETE")
        return reply

    world.sagemaker.create_auto_ml_job = create_while_a_twin_answers  # type: ignore[method-assign]
    answer = world.send(event)

    assert answer["Status"] == "SUCCESS"
    assert world.running() == [answer["PhysicalResourceId"]]


def test_job_made_while_its_resource_was_deleted_is_stopped_at_once(world: World) -> None:
    world.status("CREATE_IN_PROGRESS")
    world.sagemaker.hooks["CreateAutoMLJob"] = lambda: world.status("DELETE_IN_PROGRESS")

    answer = world.send(world.event("Create", ResourceProperties=properties()))

    assert answer["Status"] == "FAILED"
    assert [job.name for job in world.jobs()] == [answer["PhysicalResourceId"]]
    assert world.jobs()[0].status == "Stopped"
    assert OwnerTag.RELEASED in world.jobs()[0].tags
