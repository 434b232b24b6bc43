"""A Delete stops whatever is ours, touches nothing else, and never gets stuck."""

import json
from typing import Any

import pytest

from constructs_lib.runtime.answer import NO_JOB
from constructs_lib.runtime.contract import OwnerTag

from .world import LOGICAL_ID, Crash, World, properties

A = properties()
INVENTED = f"Demo-{LOGICAL_ID}-1QXAMPLE2IDZ3"
AUTO_NAMED = {"AutoGenerateEndpointName": True}


def decisions(output: str) -> list[str]:
    return [json.loads(line)["decision"] for line in output.splitlines()]


def test_running_job_is_given_up_stopped_and_waited_for(world: World) -> None:
    world.create(A)
    world.sagemaker.calls.clear()

    assert world.delete()["Status"] == "SUCCESS"

    assert world.job().status == "Stopped"
    assert OwnerTag.RELEASED in world.job().tags
    operations = [call.operation for call in world.sagemaker.calls]
    assert operations.index("AddTags") < operations.index("StopAutoMLJob")
    assert 10 <= world.time.now() < 30  # the fake takes 12 seconds to stop


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_ended_job_is_only_given_up(world: World, status: str) -> None:
    world.create(A)
    world.job().status = status

    assert world.delete()["Status"] == "SUCCESS"

    assert world.sagemaker.count("StopAutoMLJob") == 0
    assert OwnerTag.RELEASED in world.job().tags
    assert world.time.slept == []


def test_delete_twice_is_as_good_as_once(world: World) -> None:
    world.create(A)
    world.delete()

    assert world.send(world.events[-1])["Status"] == "SUCCESS"
    assert world.sagemaker.count("StopAutoMLJob") == world.sagemaker.count("AddTags") == 1


def test_job_that_ends_while_it_is_being_stopped_counts_as_stopped(world: World) -> None:
    world.create(A)
    world.sagemaker.hooks["StopAutoMLJob"] = lambda: setattr(world.job(), "status", "Completed")

    assert world.delete()["Status"] == "SUCCESS"


def test_job_that_cannot_be_stopped_fails_the_delete(world: World) -> None:
    world.create(A)
    world.sagemaker.fail(
        "StopAutoMLJob", ("AccessDeniedException", "not authorized to perform sagemaker:StopAutoMLJob")
    )

    answer = world.delete()

    assert answer["Status"] == "FAILED"
    assert "not authorized to perform sagemaker:StopAutoMLJob" in answer["Reason"]


def test_job_is_stopped_even_when_it_cannot_be_tagged(world: World) -> None:
    world.create(A)
    world.sagemaker.fail("AddTags", ("AccessDeniedException", "no tags"))

    assert world.delete()["Status"] == "FAILED"
    assert world.running() == []


@pytest.mark.parametrize("physical_id", [INVENTED, NO_JOB, "2026/11/22/[$LATEST]abc", "x" * 900])
def test_physical_id_we_never_issued_leads_to_the_job_by_its_properties(world: World, physical_id: str) -> None:
    world.create(A)

    answer = world.delete(physical_id=physical_id)

    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == physical_id
    assert world.running() == []


def test_invented_id_finds_an_explicit_name(world: World) -> None:
    world.create(properties(AutoMLJobName="churn"))

    world.delete(physical_id=INVENTED)

    assert world.running() == []


@pytest.mark.parametrize("wanted", [{}, {"Operation": "Rm", "Request": "x"}, {"Request": []}, properties(Misspelt="x")])
def test_properties_that_never_worked_do_not_stop_a_delete(world: World, wanted: dict[str, Any]) -> None:
    world.create(A)

    answer = world.delete(wanted=wanted | {"ServiceToken": "arn"})

    assert answer["Status"] == "SUCCESS"
    assert world.running() == []


def test_create_refused_for_bad_input_can_be_deleted(world: World) -> None:
    assert world.create(properties(Misspelt="x"))["Status"] == "FAILED"
    assert world.sink.answers()[-1]["Status"] == "SUCCESS"


def test_foreign_job_of_that_name_is_left_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    foreign = world.sagemaker.add_job("somebodys-job", {OwnerTag.STACK: "another stack", OwnerTag.RESOURCE: LOGICAL_ID})

    answer = world.delete(physical_id="somebodys-job", wanted=A)

    assert answer["Status"] == "SUCCESS"
    assert foreign.status == "InProgress"
    assert OwnerTag.RELEASED not in foreign.tags
    assert "not ours: left alone" in decisions(capsys.readouterr().out)


def test_job_of_another_resource_of_the_stack_is_left_alone(world: World) -> None:
    sibling = world.sagemaker.add_job("sibling", {OwnerTag.STACK: world.stack_id, OwnerTag.RESOURCE: "Other"})
    world.status("CREATE_COMPLETE", "Other", "sibling")

    world.delete(physical_id="sibling", wanted=properties(AutoMLJobName="sibling"))

    assert sibling.status == "InProgress"


def test_id_we_may_not_ask_about_is_left_alone(world: World) -> None:
    world.sagemaker.fail("DescribeAutoMLJobV2", ("AccessDeniedException", "not authorized"))

    assert world.delete(physical_id="S-Job1A2B-1QXAMPLE2IDZ3", wanted=A)["Status"] == "SUCCESS"


def test_own_job_that_we_may_not_ask_about_fails_the_delete(world: World) -> None:
    world.create(A)
    world.sagemaker.fail("DescribeAutoMLJobV2", ("AccessDeniedException", "not authorized"), times=9)

    assert world.delete()["Status"] == "FAILED"


def test_denied_job_with_a_generated_name_fails_the_delete_even_without_properties(world: World) -> None:
    world.create(A)
    world.sagemaker.fail("DescribeAutoMLJobV2", ("AccessDeniedException", "not authorized"))

    assert world.delete(wanted={"ServiceToken": "arn"})["Status"] == "FAILED"


@pytest.mark.parametrize("shown", ["UPDATE_COMPLETE", "DELETE_IN_PROGRESS"])
def test_clean_up_of_an_earlier_job_spares_the_one_that_lives(world: World, shown: str) -> None:
    first = world.create(A)["PhysicalResourceId"]
    world.delete()
    world.job().tags.pop(OwnerTag.RELEASED)  # as if that Delete had never come
    second = world.create(A)["PhysicalResourceId"]
    world.status(shown)

    answer = world.send(world.event("Delete", PhysicalResourceId=first, ResourceProperties=A))

    assert answer["Status"] == "SUCCESS"
    assert world.running() == [second]


def test_old_delete_delivered_again_spares_the_job_that_lives(world: World) -> None:
    world.create(A)
    world.delete()
    old_delete = world.events[-1]
    second = world.create(A)["PhysicalResourceId"]

    world.send(old_delete)

    assert world.running() == [second]


def test_crash_between_tag_and_stop_is_mended_by_the_next_delivery(world: World) -> None:
    world.create(A)
    world.sagemaker.fail("StopAutoMLJob", Crash())
    with pytest.raises(Crash):
        world.delete()
    assert world.running()

    assert world.send(world.events[-1])["Status"] == "SUCCESS"
    assert world.running() == []


def test_job_that_takes_too_long_to_stop_does_not_hold_the_stack(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.create(A)
    world.sagemaker.stop_seconds = 3600

    assert world.delete()["Status"] == "SUCCESS"

    assert 400 <= world.time.now() <= 600
    assert "job is still ending" in decisions(capsys.readouterr().out)


def test_waiting_ends_well_before_the_function(world: World) -> None:
    world.create(A)
    world.sagemaker.stop_seconds = 3600
    began = world.time.now()

    answer = world.send(world.event("Delete", PhysicalResourceId=world.physical_id, ResourceProperties=A), allowed=200)

    assert answer["Status"] == "SUCCESS"
    assert world.time.now() - began <= 185


# One-click deployment


def test_endpoint_of_the_job_goes_with_config_and_model(world: World) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.job().status = "Completed"
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")

    assert world.delete()["Status"] == "SUCCESS"

    assert not world.sagemaker.endpoints
    assert not world.sagemaker.configs
    assert not world.sagemaker.models


def test_config_that_somebody_put_behind_the_endpoint_since_is_left_alone(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.job().status = "Completed"
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.time.sleep(60)
    world.sagemaker.configs["mine"] = ["my-model"]
    world.sagemaker.made["mine"] = world.time.wall()
    world.sagemaker.models["my-model"] = world.time.wall()
    world.sagemaker.endpoints["auto-endpoint"].config = "mine"

    assert world.delete()["Status"] == "SUCCESS"

    assert not world.sagemaker.endpoints
    assert "mine" in world.sagemaker.configs
    assert "my-model" in world.sagemaker.models
    assert "endpoint config left alone: it is younger than the endpoint" in decisions(capsys.readouterr().out)


def test_job_without_deployment_asks_for_no_endpoint(world: World) -> None:
    world.create(A)
    world.delete()

    assert world.sagemaker.count("DescribeEndpoint") == 0


def test_endpoint_that_is_gone_already_counts_as_deleted(world: World) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.sagemaker.endpoints.clear()

    assert world.delete()["Status"] == "SUCCESS"


def test_endpoint_whose_config_is_gone_is_deleted(world: World) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.sagemaker.configs.clear()

    assert world.delete()["Status"] == "SUCCESS"
    assert not world.sagemaker.endpoints


def test_endpoint_that_is_still_being_made_is_deleted_when_it_lets_us(world: World) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint", status="Creating")
    world.sagemaker.hooks["DeleteEndpoint"] = lambda: world.sagemaker.hooks.update(
        DeleteEndpoint=lambda: setattr(world.sagemaker.endpoints["auto-endpoint"], "status", "InService")
    )

    assert world.delete()["Status"] == "SUCCESS"
    assert not world.sagemaker.endpoints


def test_endpoint_that_never_lets_us_does_not_hold_the_stack(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint", status="Creating")

    assert world.delete()["Status"] == "SUCCESS"

    assert world.time.now() <= 600
    assert "endpoint could not be deleted in time" in decisions(capsys.readouterr().out)


@pytest.mark.parametrize("status", ["InService", "Creating"])
def test_endpoint_that_gets_the_name_of_a_deleted_one_is_neither_waited_for_nor_deleted(
    world: World, status: str
) -> None:
    """The next job's, say: it deploys under the same name while the old job is cleaned up."""
    world.create(properties(ModelDeployConfig={"EndpointName": "churn-endpoint"}))
    world.job().status = "Completed"
    world.sagemaker.deploy(world.physical_id, "churn-endpoint", status=status)
    old = world.sagemaker.endpoints["churn-endpoint"]

    def made_anew() -> None:
        if world.sagemaker.count("DeleteEndpoint"):
            world.time.sleep(1)
            world.sagemaker.deploy("", "churn-endpoint", reported=False)
        else:
            world.sagemaker.hooks["DescribeEndpoint"] = made_anew

    world.sagemaker.hooks["DescribeEndpoint"] = made_anew
    began = world.time.now()

    assert world.delete()["Status"] == "SUCCESS"

    assert world.sagemaker.endpoints["churn-endpoint"].status == "InService"
    assert world.sagemaker.endpoints["churn-endpoint"] is not old
    assert world.time.now() - began < 60


def test_endpoint_of_a_job_that_was_marked_and_has_ended_is_deleted_all_the_same(world: World) -> None:
    """Soak, seed 200261: the call that gave the job up died after it had marked it, and the job deployed."""
    world.create(properties(ModelDeployConfig={"EndpointName": "churn-endpoint"}))
    job = world.job()
    job.tags[OwnerTag.RELEASED] = "true"
    world.sagemaker.deploy(job.name, "churn-endpoint")
    world.sagemaker.complete(job.name)

    assert world.delete(physical_id="Demo-Job-1QXAMPLE2IDZ3")["Status"] == "SUCCESS"

    assert world.sagemaker.count("DeleteEndpoint") == 1


def test_endpoint_that_the_next_job_makes_soon_after_the_end_is_left_alone(world: World) -> None:
    """It bears the name that the old job reports, and was made within what the old job is allowed."""
    world.create(properties(ModelDeployConfig={"EndpointName": "churn-endpoint"}))
    world.sagemaker.deploy(world.physical_id, "churn-endpoint")
    world.sagemaker.complete(world.physical_id)
    world.time.sleep(60)
    world.sagemaker.deploy("", "churn-endpoint", reported=False)
    world.sagemaker.model_data["churn-endpoint-model"] = "s3://results/churn/the-next/model.tar.gz"

    assert world.delete()["Status"] == "SUCCESS"

    assert world.sagemaker.endpoints["churn-endpoint"].status == "InService"


def test_endpoint_that_may_not_be_deleted_fails_the_delete_because_it_bills(world: World) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.sagemaker.fail("DeleteEndpoint", ("AccessDeniedException", "not authorized to delete it"))

    answer = world.delete()

    assert answer["Status"] == "FAILED"
    assert "not authorized to delete it" in answer["Reason"]


@pytest.mark.parametrize("operation", ["DeleteEndpointConfig", "DeleteModel"])
def test_what_costs_nothing_does_not_hold_the_stack(
    world: World, operation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.sagemaker.fail(operation, ("AccessDeniedException", "no"))

    assert world.delete()["Status"] == "SUCCESS"
    assert not world.sagemaker.endpoints
    assert any("is left behind" in decision for decision in decisions(capsys.readouterr().out))


def test_job_that_takes_too_long_to_stop_leaves_time_for_its_endpoint(world: World) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.sagemaker.stop_seconds = 3600

    world.delete()

    assert not world.sagemaker.endpoints


def test_reported_endpoint_is_the_jobs_whatever_the_clocks_say(world: World) -> None:
    world.sagemaker.deploy("", "auto-endpoint", reported=False)
    world.time.sleep(60)
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.job().deployed_endpoint = "auto-endpoint"

    world.delete()

    assert not world.sagemaker.endpoints


def test_named_endpoint_made_by_the_job_is_deleted_although_it_was_not_reported(world: World) -> None:
    world.create(properties(ModelDeployConfig={"EndpointName": "churn-endpoint"}))
    world.sagemaker.deploy(world.physical_id, "churn-endpoint", reported=False)

    world.delete()

    assert not world.sagemaker.endpoints


def test_named_endpoint_older_than_the_job_is_left_alone(world: World) -> None:
    world.sagemaker.deploy("", "churn-endpoint", reported=False)
    world.time.sleep(60)
    world.create(properties(ModelDeployConfig={"EndpointName": "churn-endpoint"}))

    assert world.delete()["Status"] == "SUCCESS"
    assert set(world.sagemaker.endpoints) == {"churn-endpoint"}
    assert world.sagemaker.models


def test_endpoint_that_a_person_made_after_the_job_had_failed_is_left_alone(world: World) -> None:
    world.create(properties(ModelDeployConfig={"EndpointName": "churn-endpoint"}))
    world.sagemaker.fail_job(world.physical_id, "out of luck")
    world.time.sleep(7200)
    world.sagemaker.deploy("", "churn-endpoint", reported=False)

    assert world.delete()["Status"] == "SUCCESS"
    assert set(world.sagemaker.endpoints) == {"churn-endpoint"}
    assert set(world.sagemaker.configs) == {"churn-endpoint-config"}
    assert set(world.sagemaker.models) == {"churn-endpoint-model"}


def test_reported_endpoint_that_was_made_again_since_is_left_alone(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.sagemaker.complete(world.physical_id)
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.sagemaker.endpoints.clear()
    world.time.sleep(600)
    world.sagemaker.deploy("", "auto-endpoint", reported=False)

    assert world.delete()["Status"] == "SUCCESS"
    assert set(world.sagemaker.endpoints) == {"auto-endpoint"}
    assert "endpoint left alone: the job did not make it" in decisions(capsys.readouterr().out)


def test_endpoint_made_while_the_job_ran_that_serves_no_model_of_it_is_left_alone(world: World) -> None:
    world.create(properties(ModelDeployConfig={"EndpointName": "churn-endpoint"}))
    world.time.sleep(60)
    world.sagemaker.deploy("", "churn-endpoint", reported=False)

    assert world.delete()["Status"] == "SUCCESS"
    assert set(world.sagemaker.endpoints) == {"churn-endpoint"}


def test_ended_job_that_does_not_tell_when_takes_no_endpoint_with_it(world: World) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.job().status = "Completed"
    world.job().told["EndTime"] = None

    assert world.delete()["Status"] == "SUCCESS"
    assert world.sagemaker.endpoints


def test_model_of_that_name_made_since_is_left_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.create(properties(ModelDeployConfig=AUTO_NAMED))
    world.sagemaker.deploy(world.physical_id, "auto-endpoint")
    world.time.sleep(60)
    world.sagemaker.models["auto-endpoint-model"] = world.time.wall()

    assert world.delete()["Status"] == "SUCCESS"
    assert not world.sagemaker.endpoints
    assert set(world.sagemaker.models) == {"auto-endpoint-model"}
    assert "model left alone: it is younger than the endpoint" in decisions(capsys.readouterr().out)


def test_deletion_that_comes_late_spares_the_job_that_a_rollback_goes_back_to(world: World) -> None:
    """An update is on its way, and what it replaces was made for the same properties as a job long gone."""
    world.create(properties())
    first, deleted = world.physical_id, world.event("Delete", ResourceProperties=properties())
    deleted["PhysicalResourceId"] = first
    world.update(properties(revision="2"))
    world.update(properties())
    second = world.physical_id
    update = world.event(
        "Update",
        PhysicalResourceId=second,
        ResourceProperties=properties(revision="3"),
        OldResourceProperties=properties(),
    )
    world.physical_id = world.send(update)["PhysicalResourceId"]
    world.status("UPDATE_COMPLETE")

    assert world.send(deleted)["Status"] == "SUCCESS"

    assert len({first, second, world.physical_id}) == 3
    assert world.running() == [second, world.physical_id]
    assert OwnerTag.RELEASED not in world.sagemaker.jobs[second].tags
