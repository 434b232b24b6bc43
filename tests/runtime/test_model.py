"""A model of the best candidate: found again by whoever asks for the same, replaced before it is deleted."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from constructs_lib.runtime.contract import HOSTED_NAME_LENGTH, MODEL_TYPE, OwnerTag

from .fake_hosting import JOB, ROLE, HostingWorld, container, model
from .fake_sagemaker import candidate, client_error
from .world import LOGICAL_ID, Crash, Sink


@pytest.fixture
def world(sink: Sink) -> HostingWorld:
    return HostingWorld(sink)


def made(world: HostingWorld) -> dict[str, Any]:
    """The request of the only model."""
    [name] = world.names()
    return world.hosting.hosted[name].request


def test_one_container_is_the_primary_one(world: HostingWorld) -> None:
    answer = world.create(model())

    assert answer["Status"] == "SUCCESS", answer
    assert answer["Data"] == {"ModelName": world.physical_id}
    request = made(world)
    assert request["PrimaryContainer"] == {
        "Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/xgboost:1",
        "ModelDataUrl": "s3://results/churn/xgboost.tar.gz",
        "Environment": {},
    }
    assert (request["ExecutionRoleArn"], request["EnableNetworkIsolation"]) == (ROLE, True)
    assert "Containers" not in request


def test_several_containers_are_a_pipeline_in_their_order(world: HostingWorld) -> None:
    world.finish("hpo", container("features"), container("xgboost"), container("labels"))

    world.create(model("hpo"))

    images = [each["Image"].rpartition("/")[2] for each in made(world)["Containers"]]
    assert images == ["features:1", "xgboost:1", "labels:1"]
    assert "PrimaryContainer" not in made(world)


def test_name_is_generated_and_fits_the_pattern_of_the_policy(world: HostingWorld) -> None:
    world.create(model())

    assert world.physical_id.startswith("demo1a2b-churn-")
    assert len(world.physical_id) == HOSTED_NAME_LENGTH
    assert world.physical_id == world.physical_id.lower()


def test_model_carries_from_its_first_moment_whose_it_is(world: HostingWorld) -> None:
    world.create(model(tags={"team": "growth"}))

    tags = world.hosting.hosted[world.physical_id].tags
    assert tags["team"] == "growth"
    assert tags[OwnerTag.STACK] == world.stack_id
    assert tags[OwnerTag.RESOURCE] == LOGICAL_ID


@pytest.mark.parametrize(
    ("instance_type", "image"),
    [
        ("ml.m5.large", "cpu"),
        ("ml.inf2.xlarge", "cpu"),
        (None, "cpu"),
        ("ml.g5.xlarge", "gpu"),
        ("ml.p3.2xlarge", "gpu"),
    ],
)
def test_containers_of_images_and_texts_fit_the_instance(
    world: HostingWorld, instance_type: str | None, image: str
) -> None:
    by_processor = {"CPU": [container("cpu")], "GPU": [container("gpu")]}
    world.finish("digits", InferenceContainerDefinitions=by_processor)

    world.create(model("digits", InstanceType=instance_type))

    assert made(world)["PrimaryContainer"]["Image"].endswith(f"/{image}:1")


def test_container_for_cpu_serves_on_an_instance_with_a_gpu(world: HostingWorld) -> None:
    world.finish("digits", InferenceContainerDefinitions={"CPU": [container("cpu")]})

    world.create(model("digits", InstanceType="ml.g5.xlarge"))

    assert made(world)["PrimaryContainer"]["Image"].endswith("/cpu:1")


# ------------------------------------------------------------------------------------------------------- response keys

KEYS = "predicted_label,probability,probabilities,labels"


def test_response_keys_go_along_the_chain_of_containers(world: HostingWorld) -> None:
    chain = (
        container("features"),
        container("xgboost", output="predicted_label", supported="predicted_label,probability,probabilities"),
        container("labels", output="predicted_label", supported=KEYS, SAGEMAKER_INFERENCE_INPUT="predicted_label"),
    )
    world.finish("hpo", *chain)

    world.create(model("hpo", InferenceResponseKeys=["labels", "probability", "predicted_label"]))

    features, xgboost, labels = (each["Environment"] for each in made(world)["Containers"])
    assert features == {}
    assert xgboost["SAGEMAKER_INFERENCE_OUTPUT"] == "probability,predicted_label"
    assert "SAGEMAKER_INFERENCE_INPUT" not in xgboost
    assert labels["SAGEMAKER_INFERENCE_INPUT"] == "probability,predicted_label"
    assert labels["SAGEMAKER_INFERENCE_OUTPUT"] == "labels,probability,predicted_label"


def test_container_without_keys_breaks_the_chain(world: HostingWorld) -> None:
    chain = (container("first", supported="probability"), container("second"), container("third", supported=KEYS))
    world.finish("hpo", *chain)

    world.create(model("hpo", InferenceResponseKeys=["probability", "labels"]))

    first, second, third = (each["Environment"] for each in made(world)["Containers"])
    assert first["SAGEMAKER_INFERENCE_OUTPUT"] == "probability"
    assert second == {}
    assert third["SAGEMAKER_INFERENCE_OUTPUT"] == "probability,labels"
    assert "SAGEMAKER_INFERENCE_INPUT" not in third


def test_response_keys_are_left_alone_when_none_are_asked_for(world: HostingWorld) -> None:
    world.finish("one", container("xgboost", output="predicted_label", supported=KEYS))

    world.create(model("one"))

    assert made(world)["PrimaryContainer"]["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label"


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"JobName": "nobody"}, "the AutoML job 'nobody' does not exist in this account and region"),
        (
            {"JobName": "running"},
            "the AutoML job 'running' is InProgress/ModelTuning: until its end another candidate may become the best",
        ),
        (
            {"JobName": "stopped"},
            "the AutoML job 'stopped' is Stopped/Stopped and has no best candidate that could serve",
        ),
        ({"JobName": "empty"}, "the best candidate of the AutoML job 'empty' has no containers to serve it with"),
        (
            {"JobName": "gpu"},
            "the best candidate of the AutoML job 'gpu' has containers for GPU only, not for CPU: choose an instance "
            "type with a GPU, such as ml.g4dn.xlarge",
        ),
        (
            {"JobName": "hpo", "MaxContainers": "1"},
            "the best candidate of the AutoML job 'hpo' needs 2 containers in a row, and a serverless endpoint takes "
            "1: serve it on instances, or train in ENSEMBLING mode",
        ),
        (
            {"JobName": "hpo", "InferenceResponseKeys": ["probability", "odds"]},
            "the best candidate of the AutoML job 'hpo' cannot answer with odds ('inference_response_keys'): it "
            "supports predicted_label, probability",
        ),
        (
            {"JobName": JOB, "InferenceResponseKeys": ["probability"]},
            f"the best candidate of the AutoML job '{JOB}' cannot answer with probability "
            "('inference_response_keys'): its answers cannot be chosen",
        ),
        ({"InferenceResponseKeys": "labels"}, "'InferenceResponseKeys' must be a list of text, got 'labels'"),
        ({"MaxContainers": "some"}, "'MaxContainers' must be a whole number of at least 1, got 'some'"),
        ({"MaxContainers": "0"}, "'MaxContainers' must be a whole number of at least 1, got '0'"),
        ({"JobName": None}, "the resource properties lack JobName"),
        ({"Request": None}, "the resource properties lack Request"),
        (
            {"NamePrefix": "Demo-"},
            "'NamePrefix' must be at most 32 lower-case letters, digits and hyphens, begin with a letter or digit and "
            "end with a hyphen, got 'Demo-'",
        ),
    ],
)
def test_what_cannot_be_served_is_said(world: HostingWorld, changes: dict[str, Any], reason: str) -> None:
    so_far = {"AutoMLJobSecondaryStatus": "ModelTuning", "BestCandidate": candidate("so far", 0.8)}
    world.hosting.add_job("running", {}).told = so_far
    world.hosting.add_job("stopped", {}).status = "Stopped"
    world.finish("empty", InferenceContainers=[])
    world.finish("gpu", InferenceContainerDefinitions={"GPU": [container("gpu")]})
    world.finish("hpo", container("features"), container("xgboost", supported="predicted_label, probability"))

    answer = world.create(model(**changes))

    assert answer["Reason"] == reason
    assert world.hosting.count("CreateModel") == 0


def test_refusal_of_the_service_is_passed_on(world: HostingWorld) -> None:
    world.hosting.fail("CreateModel", ("ValidationException", "1 validation error: image"))

    assert "1 validation error: image" in world.create(model())["Reason"]
    assert world.names() == []


# ------------------------------------------------------------------------------------------------- the same found again


def test_same_event_six_times_is_one_model(world: HostingWorld) -> None:
    event = world.event("Create", ResourceProperties=model())

    ids = {world.send(event)["PhysicalResourceId"] for _ in range(6)}

    assert len(ids) == 1
    assert world.hosting.count("CreateModel") == 1


def test_model_made_by_a_call_that_died_is_found_again(world: HostingWorld) -> None:
    event = world.event("Create", ResourceProperties=model())
    world.hosting.fail("CreateModel", Crash(), after=True)
    with pytest.raises(Crash):
        world.send(event)

    answer = world.send(event)

    assert answer["Status"] == "SUCCESS"
    assert world.names() == [answer["PhysicalResourceId"]]


@pytest.mark.parametrize(
    "error",
    [
        client_error("CreateModel", "InternalFailure", "try again", status=500),
        EndpointConnectionError(endpoint_url="https://sagemaker"),
    ],
    ids=["500", "no answer"],
)
def test_model_whose_making_got_no_good_answer_is_looked_for(world: HostingWorld, error: Exception) -> None:
    world.hosting.fail("CreateModel", error, after=True)

    answer = world.create(model())

    assert answer["Status"] == "SUCCESS"
    assert world.names() == [answer["PhysicalResourceId"]]


def test_model_that_may_yet_appear_is_deleted_by_the_rollback(world: HostingWorld) -> None:
    world.hosting.fail("CreateModel", EndpointConnectionError(endpoint_url="https://sagemaker"))

    answer = world.create(model())

    assert answer["Reason"] == 'Could not connect to the endpoint URL: "https://sagemaker"'
    assert answer["PhysicalResourceId"].startswith("demo1a2b-churn-")


def test_model_made_by_another_delivery_meanwhile_is_taken(world: HostingWorld) -> None:
    event = world.event("Create", ResourceProperties=model())

    def deliver_again() -> None:
        world.send(event)
        world.sink.received.pop()

    world.hosting.hooks["CreateModel"] = deliver_again

    answer = world.send(event)

    assert answer["Status"] == "SUCCESS"
    assert world.names() == [answer["PhysicalResourceId"]]


def test_role_of_this_very_deployment_is_waited_for(world: HostingWorld) -> None:
    text = "Could not access model data. Please ensure that the role exists and that it trusts sagemaker"
    world.hosting.fail("CreateModel", ("ValidationException", text), times=3)

    assert world.create(model())["Status"] == "SUCCESS"
    assert sum(world.time.slept) < 120


def test_model_of_somebody_else_is_refused_by_name(world: HostingWorld) -> None:
    world.create(model())
    name = world.physical_id
    world.hosting.hosted[name].tags[OwnerTag.RESOURCE] = "Other"

    answer = world.send(world.event("Create", ResourceProperties=model()))

    assert answer["Reason"] == (
        f"a model named '{name}' exists, and this resource did not make it: delete or rename it"
    )


def test_model_for_a_resource_that_is_deleted_meanwhile_is_not_left_behind(world: HostingWorld) -> None:
    event = world.event("Create", ResourceProperties=model())
    world.status("CREATE_IN_PROGRESS")
    world.hosting.hooks["CreateModel"] = lambda: world.status("DELETE_IN_PROGRESS")

    answer = world.send(event)

    assert answer["Reason"] == "nothing is made: the resource is DELETE_IN_PROGRESS, nobody waits for this request"
    assert world.names() == []


# -------------------------------------------------------------------------------------------------------------- updates


@pytest.mark.parametrize(
    "changed",
    [
        model("churn-2"),
        model(InferenceResponseKeys=["predicted_label"]),
        model(Request={"ExecutionRoleArn": ROLE}),
        model(InstanceType="ml.g5.xlarge"),
        model(MaxContainers=1),
        model(NamePrefix="demo1a2b-other-"),
    ],
    ids=["job", "keys", "request", "processor", "containers", "prefix"],
)
def test_change_replaces_the_model_before_the_old_one_is_deleted(world: HostingWorld, changed: dict[str, Any]) -> None:
    for name in (JOB, "churn-2"):
        world.finish(name, container("xgboost", supported=KEYS))
    world.create(model())
    before = world.physical_id

    world.update(changed)

    assert world.physical_id != before
    assert world.names() == [world.physical_id]
    calls = [call.operation for call in world.hosting.calls if call.operation in {"CreateModel", "DeleteModel"}]
    assert calls == ["CreateModel", "CreateModel", "DeleteModel"]


def test_another_instance_type_with_the_same_processor_changes_nothing(world: HostingWorld) -> None:
    world.create(model())
    before = world.physical_id

    world.update(model(InstanceType="ml.c5.4xlarge"))

    assert world.physical_id == before
    assert world.hosting.count("CreateModel") == 1


def test_tags_are_changed_in_place(world: HostingWorld) -> None:
    world.create(model(tags={"a": "1", "b": "2"}))
    before = world.physical_id
    world.hosting.hosted[before].tags["of-somebody-else"] = "x"

    world.update(model(tags={"b": "3", "c": "4"}))

    assert world.physical_id == before
    tags = {key: value for key, value in world.hosting.hosted[before].tags.items() if key not in set(OwnerTag)}
    assert tags == {"b": "3", "c": "4", "of-somebody-else": "x"}
    assert world.hosting.count("CreateModel") == 1


def test_rollback_finds_the_old_model(world: HostingWorld) -> None:
    world.create(model())
    before = world.physical_id

    world.update(model("churn-2"), another_resource_fails=True)

    assert world.physical_id == before
    assert world.names() == [before]
    assert world.hosting.count("CreateModel") == 2


def test_failed_update_leaves_the_old_model(world: HostingWorld) -> None:
    world.create(model())
    before = world.physical_id

    answer = world.update(model("nobody"))

    assert answer["Status"] == "FAILED"
    assert world.physical_id == before
    assert world.names() == [before]


def test_there_and_back_again(world: HostingWorld) -> None:
    world.create(model())
    before = world.physical_id

    world.update(model("churn-2"))
    world.update(model())

    assert world.physical_id == before
    assert world.names() == [before]


def test_model_that_somebody_deleted_is_made_again(world: HostingWorld) -> None:
    world.create(model())
    del world.hosting.hosted[world.physical_id]

    world.update(model(tags={"a": "1"}))

    assert world.names() == [world.physical_id]


# -------------------------------------------------------------------------------------------------------------- deletes


def test_delete_removes_the_model(world: HostingWorld) -> None:
    world.create(model())

    assert world.delete()["Status"] == "SUCCESS"
    assert world.names() == []


def test_delete_twice_and_of_what_is_gone_succeeds(world: HostingWorld) -> None:
    world.create(model())
    world.delete()

    assert world.delete()["Status"] == "SUCCESS"


@pytest.mark.parametrize("physical_id", ["Demo-Churn-1ABCDEF", "no_automl_job_was_made", "x"])
def test_delete_with_an_id_that_is_not_ours_finds_what_is(world: HostingWorld, physical_id: str) -> None:
    world.create(model())

    assert world.delete(physical_id=physical_id)["Status"] == "SUCCESS"
    assert world.names() == []


def test_delete_leaves_a_model_of_somebody_else(world: HostingWorld) -> None:
    world.create(model())
    world.hosting.hosted[world.physical_id].tags[OwnerTag.STACK] = "other"

    assert world.delete()["Status"] == "SUCCESS"
    assert world.physical_id in world.hosting.hosted


def test_delete_without_permission_to_look_is_not_stuck(world: HostingWorld) -> None:
    world.create(model())
    world.hosting.fail("DescribeModel", ("AccessDeniedException", "no"), times=1_000)

    assert world.delete(physical_id="a" * HOSTED_NAME_LENGTH)["Status"] == "SUCCESS"


def test_delete_with_properties_that_never_worked_succeeds(world: HostingWorld) -> None:
    assert world.delete(physical_id="no_automl_job_was_made", wanted={"JobName": "x"})["Status"] == "SUCCESS"


def test_delete_that_comes_late_spares_the_model_that_the_resource_has_by_now(world: HostingWorld) -> None:
    world.create(model())
    late = world.event("Delete", PhysicalResourceId=world.physical_id, ResourceProperties=model())

    world.send(late)

    assert world.names() == [world.physical_id]


def going_back(world: HostingWorld) -> str:
    """A stack whose update is taken back: the resource has its old model again, the endpoint still the new one."""
    world.create(model())
    newer = world.physical_id
    world.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    world.status("UPDATE_COMPLETE", physical_id="demo1a2b-older")
    return newer


def test_delete_that_comes_late_takes_no_model_that_an_endpoint_is_on_its_way_back_from(world: HostingWorld) -> None:
    """Soak, seed 26007."""
    newer = going_back(world)

    answer = world.send(world.event("Delete", PhysicalResourceId=newer, ResourceProperties=model()))

    assert answer["Reason"] == (
        "nothing is deleted: the stack is UPDATE_ROLLBACK_IN_PROGRESS, so this request is an older one"
    )
    assert world.names() == [newer]


def test_delete_goes_on_when_the_stack_has_gone_back(world: HostingWorld) -> None:
    newer = going_back(world)
    sleep = world.time.sleep

    def sleep_and_end(seconds: float) -> None:
        sleep(seconds)
        world.cloudformation.stack_status = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"

    world.time.sleep = sleep_and_end  # type: ignore[method-assign]

    answer = world.send(world.event("Delete", PhysicalResourceId=newer, ResourceProperties=model()))

    assert answer["Status"] == "SUCCESS"
    assert world.names() == []


def test_delete_that_is_refused_says_why(world: HostingWorld) -> None:
    world.create(model())
    world.hosting.fail("DeleteModel", ("ValidationException", "no, never"))

    assert "no, never" in world.delete()["Reason"]


def test_model_stays_its_resources_under_another_logical_id(world: HostingWorld) -> None:
    """A stack refactoring asks nobody; the name has a hash of the logical id that the resource had."""
    name = world.create(model())["PhysicalResourceId"]
    del world.cloudformation.resources[world.stack_id, LOGICAL_ID]
    moved: dict[str, Any] = {"LogicalResourceId": "Moved1", "ResourceType": MODEL_TYPE, "PhysicalResourceId": name}
    world.status("UPDATE_IN_PROGRESS", "Moved1", name)
    tagged = model(tags={"team": "growth"})

    answer = world.send(world.event("Update", **moved, ResourceProperties=tagged, OldResourceProperties=model()))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", name)
    assert world.hosting.hosted[name].tags["team"] == "growth"
    world.status("DELETE_IN_PROGRESS", "Moved1", name)
    world.send(world.event("Delete", **moved, ResourceProperties=tagged))
    assert world.names() == []
