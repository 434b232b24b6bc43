"""How endpoints come up, change without downtime, and go back."""

import threading
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from constructs_lib.rehearsal.cloud import environments
from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import BUCKET, JOB_ACTIONS, Account, refusal
from .endpoints import (
    ALL_AT_ONCE,
    CAPACITY,
    answer,
    config,
    created,
    deleted,
    lost_data,
    model,
    model_data,
    settled,
    until,
    updated,
)

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def old(account: Account) -> str:
    return config(account, model(account, model_data(account, "old")))


@pytest.fixture(scope="module")
def new(account: Account) -> str:
    return config(account, model(account, model_data(account, "new")))


@pytest.fixture
def endpoint(account: Account, old: str) -> str:
    return created(account, old)


def guarded(account: Account, state: str, routing: dict[str, Any] = ALL_AT_ONCE) -> dict[str, Any]:
    """A deployment configuration with an alarm in that state."""
    name = account.fresh("alarm")
    cloudwatch = account.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="AWS/SageMaker", MetricName="Invocation5XXErrors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]},
    }


@pytest.fixture(scope="module")
def watching(account: Account) -> str:
    """A configuration whose model's role may look at alarms."""
    role = account.role("Watching", [*JOB_ACTIONS, "cloudwatch:DescribeAlarms"])
    return config(account, model(account, model_data(account, "watched"), role=role))


def test_an_endpoint_in_service_tells_what_it_has(account: Account, endpoint: str) -> None:
    described = account.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert described["ProductionVariants"] == [
        {
            "VariantName": "one",
            "CurrentWeight": 1.0,
            "DesiredWeight": 1.0,
            "CurrentInstanceCount": 1,
            "DesiredInstanceCount": 1,
        }
    ]
    assert "FailureReason" not in described


def test_an_update_has_no_downtime(account: Account, endpoint: str, new: str) -> None:
    answers: list[str] = []
    stopping = threading.Event()

    def ask() -> None:
        while not stopping.is_set():
            try:
                answers.append(answer(account, endpoint, b"slow"))
            except botocore.exceptions.ClientError as error:
                answers.append(str(error))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    try:
        described = updated(account, endpoint, new)
    finally:
        stopping.set()
        for thread in asking:
            thread.join()
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", new)
    assert answers
    assert set(answers) <= {"old", "new"}, "some request met a model that had gone"
    assert answer(account, endpoint) == "new"


def asking_for_odds(account: Account) -> str:
    return model(account, model_data(account, "bad"), environment={"SAGEMAKER_INFERENCE_OUTPUT": "odds"})


def no_archive(account: Account) -> str:
    return model(account, f"s3://{BUCKET}/train/a.csv")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (
            asking_for_odds,
            "The primary container for production variant one did not pass the ping health check. "
            "the model does not answer with odds",
        ),
        (no_archive, "The primary container for production variant one did not pass the ping"),
        (lost_data, "/model.tar.gz failed: NoSuchKey"),
    ],
)
def test_a_bad_model_rolls_back(
    account: Account, endpoint: str, old: str, bad: Callable[[Account], str], reason: str
) -> None:
    after = updated(account, endpoint, config(account, bad(account)))
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", old)
    assert reason in after["FailureReason"]
    assert answer(account, endpoint) == "old"


def test_an_endpoint_with_a_bad_model_fails_and_can_only_be_deleted(account: Account, old: str) -> None:
    sagemaker, arn = account.sagemaker, "arn:aws:sagemaker:us-east-1:123456789012:endpoint/bad"
    bad = {"EndpointName": "bad", "EndpointConfigName": config(account, no_archive(account))}
    sagemaker.create_endpoint(**bad)
    failed = settled(account, "bad")
    assert failed["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in failed["FailureReason"]
    update, change = sagemaker.update_endpoint, sagemaker.update_endpoint_weights_and_capacities
    capacity = [{"VariantName": "one", "DesiredWeight": 2}]
    for call, request in (
        (update, {"EndpointConfigName": old}),
        (change, {"DesiredWeightsAndCapacities": capacity}),
    ):
        assert refusal(call, EndpointName="bad", **request) == (
            "ValidationException",
            f'Cannot update failed endpoint "{arn}".',
        )
    assert refusal(sagemaker.create_endpoint, **bad)[1] == f'Cannot create already existing endpoint "{arn}".'
    deleted(account, "bad")


class TestInProgress:
    """While something is under way, an endpoint takes neither a change nor its deletion."""

    def refused(self, account: Account, name: str, config_name: str) -> None:
        sagemaker, capacity = account.sagemaker, [{"VariantName": "one", "DesiredWeight": 2}]
        message = f'Cannot update in-progress endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/{name}".'
        for call, request in (
            (sagemaker.delete_endpoint, {}),
            (sagemaker.update_endpoint, {"EndpointConfigName": config_name}),
            (sagemaker.update_endpoint_weights_and_capacities, {"DesiredWeightsAndCapacities": capacity}),
        ):
            assert refusal(call, EndpointName=name, **request) == ("ValidationException", message)

    def test_when_it_is_created(self, account: Account) -> None:
        late = config(account, model(account, model_data(account, "late")))
        name = account.fresh("endpoint")
        account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=late)
        self.refused(account, name, late)
        assert settled(account, name)["EndpointStatus"] == "InService"

    def test_when_it_is_updated(self, account: Account, endpoint: str, old: str) -> None:
        late = config(account, model(account, model_data(account, "late")))
        account.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=late)
        self.refused(account, endpoint, old)
        assert settled(account, endpoint)["EndpointConfigName"] == late

    def test_when_its_capacity_changes(self, account: Account, endpoint: str, old: str) -> None:
        wanted: dict[str, Any] = {"VariantName": "one", "DesiredInstanceCount": 2}
        account.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=[wanted]
        )
        [variant] = account.sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
        assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 2)
        self.refused(account, endpoint, old)
        [variant] = settled(account, endpoint)["ProductionVariants"]
        assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (2, 2)

    def test_when_it_is_deleted_and_its_name_is_taken_until_it_is_gone(
        self, account: Account, endpoint: str, old: str
    ) -> None:
        sagemaker, request = account.sagemaker, {"EndpointName": endpoint, "EndpointConfigName": old}
        sagemaker.delete_endpoint(EndpointName=endpoint)
        assert sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "Deleting"
        self.refused(account, endpoint, old)
        assert "Cannot create already existing endpoint" in refusal(sagemaker.create_endpoint, **request)[1]
        until(lambda: sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"], lambda found: not found)
        sagemaker.create_endpoint(**request)
        assert settled(account, endpoint)["EndpointStatus"] == "InService"


class TestQuota:
    """There are two instances of this type."""

    def config(self, account: Account, served: str, count: int) -> str:
        return config(account, served, capacity={"InstanceType": "ml.c5.large", "InitialInstanceCount": count})

    def refused(self, call: Callable[..., Any], used: int, more: int, **request: Any) -> None:
        code, message = refusal(call, **request)
        assert code == "ResourceLimitExceeded"
        assert message == (
            f"The account-level service limit 'ml.c5.large for endpoint usage' is 2 Instances, with current "
            f"utilization of {used} Instances and a request delta of {more} Instances. Please use AWS Service Quotas "
            "to request an increase for this quota. If AWS Service Quotas is not available, contact AWS support to "
            "request an increase for this quota."
        )

    def test_endpoints_have_instances_together(self, account: Account) -> None:
        sagemaker, served = account.sagemaker, model(account, model_data(account, "counted"))
        one, two, three = (self.config(account, served, count) for count in (1, 2, 3))
        create, update = sagemaker.create_endpoint, sagemaker.update_endpoint
        self.refused(create, 0, 3, EndpointName="counted", EndpointConfigName=three)
        assert sagemaker.list_endpoints(NameContains="counted")["Endpoints"] == []
        create(EndpointName="counted", EndpointConfigName=one)
        self.refused(create, 1, 2, EndpointName="more", EndpointConfigName=two)
        assert settled(account, "counted")["EndpointStatus"] == "InService"
        self.refused(update, 1, 2, EndpointName="counted", EndpointConfigName=two)
        half = {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50}, "WaitIntervalInSeconds": 0}
        rolled = updated(account, "counted", two, DeploymentConfig={"RollingUpdatePolicy": half})
        assert rolled["EndpointConfigName"] == two
        wanted: dict[str, Any] = {"VariantName": "one", "DesiredInstanceCount": 3}
        change = sagemaker.update_endpoint_weights_and_capacities
        self.refused(change, 2, 1, EndpointName="counted", DesiredWeightsAndCapacities=[wanted])
        change(EndpointName="counted", DesiredWeightsAndCapacities=[{**wanted, "DesiredInstanceCount": 1}])
        settled(account, "counted")
        kept = {"RetainAllVariantProperties": True}
        assert updated(account, "counted", one, **kept)["EndpointConfigName"] == one
        deleted(account, "counted")
        create(EndpointName="counted", EndpointConfigName=two)
        settled(account, "counted")
        deleted(account, "counted")


def test_an_update_needs_the_old_configuration(account: Account, old: str, new: str) -> None:
    gone = config(account, account.sagemaker.describe_endpoint_config(EndpointConfigName=old)
                  ["ProductionVariants"][0]["ModelName"])  # fmt: skip
    endpoint = created(account, gone)
    account.sagemaker.delete_endpoint_config(EndpointConfigName=gone)
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/{gone}"
    update = account.sagemaker.update_endpoint
    assert refusal(update, EndpointName=endpoint, EndpointConfigName=new) == (
        "ValidationException",
        f'Could not find endpoint configuration "{arn}".',
    )
    assert answer(account, endpoint) == "old"


class TestGuardrails:
    def test_a_quiet_alarm_lets_the_update_through(self, account: Account, endpoint: str, watching: str) -> None:
        deployment = guarded(account, "OK")
        described = updated(account, endpoint, watching, DeploymentConfig=deployment)
        assert described["EndpointConfigName"] == watching
        assert described["LastDeploymentConfig"] == deployment

    @pytest.mark.parametrize(
        "routing",
        [
            ALL_AT_ONCE,
            {**ALL_AT_ONCE, "Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50}},
            {**ALL_AT_ONCE, "Type": "LINEAR", "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 25}},
        ],
        ids=lambda routing: routing["Type"],
    )
    def test_an_alarm_rolls_back(
        self, account: Account, endpoint: str, old: str, watching: str, routing: dict[str, Any]
    ) -> None:
        deployment = guarded(account, "ALARM", routing)
        after = updated(account, endpoint, watching, DeploymentConfig=deployment)
        assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", old)
        name = deployment["AutoRollbackConfiguration"]["Alarms"][0]["AlarmName"]
        assert after["FailureReason"] == f"The deployment was rolled back because of alarms: {name}"
        assert answer(account, endpoint) == "old"

    def test_an_alarm_in_the_middle_rolls_back(self, account: Account, endpoint: str, old: str, watching: str) -> None:
        deployment = guarded(account, "OK")
        account.sagemaker.update_endpoint(
            EndpointName=endpoint, EndpointConfigName=watching, DeploymentConfig=deployment
        )
        while answer(account, endpoint) != "watched":
            described = account.sagemaker.describe_endpoint(EndpointName=endpoint)
            assert described["EndpointStatus"] == "Updating"
        described = account.sagemaker.describe_endpoint(EndpointName=endpoint)
        assert described["PendingDeploymentSummary"]["EndpointConfigName"] == watching
        name = deployment["AutoRollbackConfiguration"]["Alarms"][0]["AlarmName"]
        account.cloud.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
        assert settled(account, endpoint)["EndpointConfigName"] == old
        assert answer(account, endpoint) == "old"

    def test_what_came_is_given_back_when_it_goes(
        self, account: Account, cloud: Cloud, endpoint: str, watching: str
    ) -> None:
        kms = cloud.client("kms")
        key = kms.create_key()["KeyMetadata"]["Arn"]
        served = account.sagemaker.describe_endpoint_config(EndpointConfigName=watching)["ProductionVariants"][0]
        encrypted = config(account, served["ModelName"], KmsKeyId=key)
        deployment = guarded(account, "OK")
        request = {"EndpointName": endpoint, "EndpointConfigName": encrypted, "DeploymentConfig": deployment}
        account.sagemaker.update_endpoint(**request)
        until(lambda: kms.list_grants(KeyId=key)["Grants"], bool)
        name = deployment["AutoRollbackConfiguration"]["Alarms"][0]["AlarmName"]
        account.cloud.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
        assert "because of alarms" in settled(account, endpoint)["FailureReason"]
        assert kms.list_grants(KeyId=key)["Grants"] == []

    def test_the_models_role_must_see_the_alarms(self, account: Account, endpoint: str, old: str, new: str) -> None:
        after = updated(account, endpoint, new, DeploymentConfig=guarded(account, "OK"))
        assert after["EndpointConfigName"] == old
        assert "is not authorized to perform: cloudwatch:DescribeAlarms" in after["FailureReason"]

    def test_an_alarm_that_is_not_there_rolls_back(self, account: Account, endpoint: str, watching: str) -> None:
        deployment = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "nowhere"}]}}
        after = updated(account, endpoint, watching, DeploymentConfig=deployment)
        assert after["FailureReason"] == "There is no alarm nowhere"

    def test_a_deployment_configuration_can_be_used_again(self, account: Account, endpoint: str, watching: str) -> None:
        deployment = guarded(account, "OK")
        updated(account, endpoint, watching, DeploymentConfig=deployment)
        other = config(account, account.sagemaker.describe_endpoint_config(EndpointConfigName=watching)
                       ["ProductionVariants"][0]["ModelName"])  # fmt: skip
        again = updated(account, endpoint, other, RetainDeploymentConfig=True)
        assert again["LastDeploymentConfig"] == deployment
        assert "LastDeploymentConfig" not in updated(account, endpoint, watching)

    def test_an_update_that_names_no_policy_has_none(
        self, account: Account, endpoint: str, new: str, watching: str
    ) -> None:
        """Not even alarms: what was in the deployment before counts with `RetainDeploymentConfig` alone."""
        deployment = guarded(account, "OK")
        updated(account, endpoint, watching, DeploymentConfig=deployment)
        name = deployment["AutoRollbackConfiguration"]["Alarms"][0]["AlarmName"]
        account.cloud.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
        for retaining in ({}, {"RetainDeploymentConfig": False}):
            other = config(account, model(account, model_data(account, "unwatched")))
            assert updated(account, endpoint, other, **retaining)["EndpointConfigName"] == other
        updated(account, endpoint, watching, DeploymentConfig=guarded(account, "OK"))
        updated(account, endpoint, watching, DeploymentConfig=deployment)
        after = updated(account, endpoint, new, RetainDeploymentConfig=True)
        assert after["EndpointConfigName"] == watching, "the alarms are those of the last deployment"

    def test_an_update_that_can_not_be_done_is_refused(self, account: Account, endpoint: str, new: str) -> None:
        half = {"Type": "CAPACITY_PERCENT", "Value": 50}
        wait = {"WaitIntervalInSeconds": 0}
        for deployment, message in (
            (
                {
                    "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": ALL_AT_ONCE},
                    "RollingUpdatePolicy": {"MaximumBatchSize": half, **wait},
                },
                "A DeploymentConfig has either a BlueGreenUpdatePolicy or a RollingUpdatePolicy",
            ),
            (
                _blue_green({**ALL_AT_ONCE, "CanarySize": half}),
                "CanarySize can not be set when the type of the traffic routing is ALL_AT_ONCE",
            ),
            (
                _blue_green({"Type": "LINEAR", **wait}),
                "LinearStepSize must be set when the type of the traffic routing is LINEAR",
            ),
            (
                _blue_green({"Type": "CANARY", **wait, "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}}),
                "CanarySize must be at most 50% of the variant's total instance count, got 1 of 1 instances",
            ),
            (
                _blue_green({"Type": "LINEAR", **wait, "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 5}}),
                "LinearStepSize must be 10% to 50% of the variant's total instance count, got 5%",
            ),
            (
                {"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 60}, **wait}},
                "MaximumBatchSize must be 5% to 50% of the variant's total instance count, got 60%",
            ),
        ):
            update = account.sagemaker.update_endpoint
            request = {"EndpointName": endpoint, "EndpointConfigName": new, "DeploymentConfig": deployment}
            assert refusal(update, **request) == ("ValidationException", message)
        assert account.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "InService"

    def test_a_policy_needs_the_same_variants(self, account: Account, endpoint: str) -> None:
        other = config(account, model(account, model_data(account, "x")), variant="two")
        request = {"EndpointName": endpoint, "EndpointConfigName": other, "DeploymentConfig": _blue_green(ALL_AT_ONCE)}
        assert refusal(account.sagemaker.update_endpoint, **request)[1] == (
            "A deployment policy needs the same variants in both endpoint configurations: one is in service, and two "
            "comes"
        )

    def test_a_rolling_update_goes_through(self, account: Account, endpoint: str, new: str) -> None:
        rolling = {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
                "WaitIntervalInSeconds": 60,
            }
        }
        assert updated(account, endpoint, new, DeploymentConfig=rolling)["EndpointConfigName"] == new


def _blue_green(routing: dict[str, Any]) -> dict[str, Any]:
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


def test_capacity_can_be_changed_and_retained(account: Account, endpoint: str, new: str, old: str) -> None:
    capacity: dict[str, Any] = {"VariantName": "one", "DesiredInstanceCount": 3, "DesiredWeight": 0.5}
    account.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint, DesiredWeightsAndCapacities=[capacity]
    )
    settled(account, endpoint)
    (variant,) = updated(account, endpoint, new, RetainAllVariantProperties=True)["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (3, 0.5)
    excluded = [{"VariantPropertyType": "DesiredWeight"}]
    (variant,) = updated(
        account, endpoint, old, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded
    )["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (3, 1.0)
    (variant,) = updated(account, endpoint, new)["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (1, 1.0)


def test_capacity_must_fit_the_variant(account: Account, endpoint: str, old: str) -> None:
    change = account.sagemaker.update_endpoint_weights_and_capacities
    one, two = {"VariantName": "one"}, {"VariantName": "two"}
    for wanted, message in (
        (
            [one, two],
            f'The variant name(s) "two" is/are not present within endpoint configuration "{old}".',
        ),
        ([one, one], 'The variant name "one" was non-unique within the request.'),
        ([{**one, "ServerlessUpdateConfig": {"MaxConcurrency": 3}}], "Variant one is not serverless"),
    ):
        assert refusal(change, EndpointName=endpoint, DesiredWeightsAndCapacities=wanted)[1] == message


def test_a_serverless_endpoint_answers_and_changes_its_concurrency(account: Account, old: str) -> None:
    served = account.sagemaker.describe_endpoint_config(EndpointConfigName=old)["ProductionVariants"][0]["ModelName"]
    capacity = {"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5, "ProvisionedConcurrency": 1}}
    serverless = created(account, config(account, served, capacity=capacity))
    assert answer(account, serverless) == "old"
    wanted: dict[str, Any] = {"VariantName": "one", "ServerlessUpdateConfig": {"ProvisionedConcurrency": 2}}
    account.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=serverless, DesiredWeightsAndCapacities=[wanted]
    )
    (variant,) = settled(account, serverless)["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == {**capacity["ServerlessConfig"], "ProvisionedConcurrency": 2}
    wanted = {"VariantName": "one", "DesiredInstanceCount": 2}
    change = account.sagemaker.update_endpoint_weights_and_capacities
    assert refusal(change, EndpointName=serverless, DesiredWeightsAndCapacities=[wanted])[1] == (
        "Variant one is serverless: it has no instances"
    )


def test_instances_can_not_be_made_serverless(account: Account, endpoint: str) -> None:
    capacity = {"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5}}
    serverless = config(account, model(account, model_data(account, "x")), capacity=capacity)
    update = account.sagemaker.update_endpoint
    assert refusal(update, EndpointName=endpoint, EndpointConfigName=serverless)[1] == (
        f"The instance-based variant one of endpoint {endpoint} can not be made serverless: create another endpoint"
    )


def test_the_requests_are_split_by_weight(account: Account) -> None:
    names = [model(account, model_data(account, text)) for text in ("left", "right")]
    variants = [
        {"VariantName": "a", "ModelName": names[0], **CAPACITY, "InitialVariantWeight": 0},
        {"VariantName": "b", "ModelName": names[1], **CAPACITY, "InitialVariantWeight": 2},
    ]
    account.sagemaker.create_endpoint_config(EndpointConfigName="split", ProductionVariants=variants)
    endpoint = created(account, "split")
    assert {answer(account, endpoint) for _ in range(5)} == {"right"}
    runtime = account.cloud.client("sagemaker-runtime")
    found = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1", ContentType="text/csv", TargetVariant="a")
    assert (found["Body"].read(), found["InvokedProductionVariant"]) == (b"left", "a")


@pytest.fixture(scope="module")
def containers(account: Account) -> list[dict[str, Any]]:
    """The containers of a candidate of the tuning mode."""
    problem = {"TabularJobConfig": {"TargetAttributeName": "y", "Mode": "HYPERPARAMETER_TUNING"}}
    request = account.request_2(AutoMLProblemTypeConfig=problem)
    account.sagemaker.create_auto_ml_job_v2(**request)
    found: list[dict[str, Any]] = account.wait(request["AutoMLJobName"])["BestCandidate"]["InferenceContainers"]
    return found


class TestPipeline:
    """A candidate of the tuning mode is three containers, whose environments have to agree."""

    def answers(self, account: Account, containers: list[dict[str, Any]]) -> dict[str, Any]:
        name = account.fresh("pipeline")
        account.sagemaker.create_model(ModelName=name, ExecutionRoleArn=account.job_role, Containers=containers)
        account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config(account, name))
        return settled(account, name)

    def test_the_containers_have_the_variables_that_were_seen(self, containers: list[dict[str, Any]]) -> None:
        assert [container["Environment"] for container in containers] == environments.pipeline(
            labelled=True, recordio=False
        )
        assert [container["Environment"].get("SAGEMAKER_INFERENCE_SUPPORTED") for container in containers] == [
            None,
            "predicted_label,probability,probabilities",
            "predicted_label,probability,labels,probabilities",
        ]
        data = [container["ModelDataUrl"] for container in containers]
        assert data[0] == data[2] != data[1]

    def test_it_answers_with_the_keys_of_the_last_container(
        self, account: Account, containers: list[dict[str, Any]]
    ) -> None:
        first, algorithm, labels = containers
        asked = [
            first,
            _with(algorithm, SAGEMAKER_INFERENCE_OUTPUT="probability"),
            _with(labels, SAGEMAKER_INFERENCE_INPUT="probability", SAGEMAKER_INFERENCE_OUTPUT="probability,labels"),
        ]
        endpoint = self.answers(account, asked)
        assert endpoint["EndpointStatus"] == "InService", endpoint
        assert answer(account, endpoint["EndpointName"]) == "answer 1 probability,labels"

    def test_the_model_is_that_of_the_algorithm(self, account: Account, containers: list[dict[str, Any]]) -> None:
        first, *others = containers
        asked = [{**first, "ModelDataUrl": model_data(account, "features")}, *others]
        assert answer(account, self.answers(account, asked)["EndpointName"]) == "answer 1 predicted_label"

    def test_it_does_not_come_up_when_they_disagree(self, account: Account, containers: list[dict[str, Any]]) -> None:
        first, algorithm, labels = containers
        endpoint = self.answers(
            account, [first, algorithm, _with(labels, SAGEMAKER_INFERENCE_OUTPUT="predicted_label,probability")]
        )
        assert endpoint["EndpointStatus"] == "Failed"
        assert "asks for probability, which is not in its SAGEMAKER_INFERENCE_INPUT" in endpoint["FailureReason"]

    def test_some_of_them_do_their_own_part(self, account: Account, containers: list[dict[str, Any]]) -> None:
        first, algorithm, labels = containers
        for some, does in (
            ([first], "feature-transform"),
            ([labels], "inverse-label-transform"),
            ([first, algorithm], "feature-transform algorithm"),
            ([algorithm, labels], "algorithm inverse-label-transform"),
        ):
            assert answer(account, self.answers(account, some)["EndpointName"]) == does
        for some in ([algorithm, first], [first, labels], [first, algorithm, algorithm]):
            reason = self.answers(account, some)["FailureReason"]
            assert reason.endswith(
                "the containers are not in the order of the candidate: their AUTOML_TRANSFORM_MODE must be "
                "feature-transform, none and, for a classification, inverse-label-transform"
            )

    def test_the_role_must_read_the_data_of_every_container(
        self, account: Account, containers: list[dict[str, Any]]
    ) -> None:
        first, *others = containers
        asked = [{**first, "ModelDataUrl": f"s3://{BUCKET}/no/features"}, *others]
        create, role = account.sagemaker.create_model, account.job_role
        assert refusal(create, ModelName="no", ExecutionRoleArn=role, Containers=asked)[1] == (
            f"Could not find model data at s3://{BUCKET}/no/features."
        )

    def test_a_regression_has_no_labels(self, account: Account) -> None:
        problem = {
            "TabularJobConfig": {
                "TargetAttributeName": "y",
                "Mode": "HYPERPARAMETER_TUNING",
                "ProblemType": "Regression",
            }
        }
        request = account.request_2(AutoMLProblemTypeConfig=problem, AutoMLJobObjective={"MetricName": "MSE"})
        account.sagemaker.create_auto_ml_job_v2(**request)
        best = account.wait(request["AutoMLJobName"])["BestCandidate"]
        environments = [container.get("Environment", {}) for container in best["InferenceContainers"]]
        assert [environment.get("AUTOML_TRANSFORM_MODE") for environment in environments] == ["feature-transform", None]
        assert not any(name.startswith("SAGEMAKER_INFERENCE_") for environment in environments for name in environment)


def _with(container: dict[str, Any], **variables: str) -> dict[str, Any]:
    return {**container, "Environment": {**container["Environment"], **variables}}


class TestWhatAnEndpointHolds:
    def test_a_volume_key_is_granted_while_it_serves(self, account: Account, cloud: Cloud, old: str) -> None:
        key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
        served = account.sagemaker.describe_endpoint_config(EndpointConfigName=old)["ProductionVariants"][0]
        encrypted = config(account, served["ModelName"], KmsKeyId=key)
        endpoint = created(account, encrypted)
        grants = cloud.client("kms").list_grants(KeyId=key)["Grants"]
        assert [grant["GranteePrincipal"] for grant in grants] == [account.job_role]
        deleted(account, endpoint)
        assert cloud.client("kms").list_grants(KeyId=key)["Grants"] == []

    def test_who_creates_it_or_the_role_must_be_allowed_to_grant(
        self, account: Account, cloud: Cloud, old: str
    ) -> None:
        key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
        served = account.sagemaker.describe_endpoint_config(EndpointConfigName=old)["ProductionVariants"][0]
        encrypted = config(account, served["ModelName"], KmsKeyId=key)
        caller = account.acting_as({"Effect": "Allow", "Action": "sagemaker:CreateEndpoint", "Resource": "*"})
        caller("sagemaker").create_endpoint(EndpointName="sealed", EndpointConfigName=encrypted)
        reason = settled(account, "sealed")["FailureReason"]
        assert f"is not authorized to perform kms:CreateGrant on {key}" in reason

    def test_the_interfaces_of_its_network_stay_while_it_serves(self, account: Account, cloud: Cloud) -> None:
        ec2 = cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.6.1.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="serving", Description="d", VpcId=vpc)["GroupId"]
        role = account.role("Networking", [*JOB_ACTIONS, "ec2:*"])
        account.sagemaker.create_model(
            ModelName="networked",
            ExecutionRoleArn=role,
            PrimaryContainer={"Image": account.image, "ModelDataUrl": model_data(account, "x")},
            VpcConfig={"Subnets": [subnet], "SecurityGroupIds": [group]},
        )
        endpoint = created(account, config(account, "networked"))
        assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1
        deleted(account, endpoint)
        assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_an_endpoint_needs_its_action_on_the_configuration_too(account: Account, new: str) -> None:
    arn = "arn:aws:sagemaker:*:*"
    caller = account.acting_as(
        {
            "Effect": "Allow",
            "Action": ["sagemaker:CreateEndpoint", "sagemaker:UpdateEndpoint"],
            "Resource": f"{arn}:endpoint/*",
        }
    )("sagemaker")
    code, message = refusal(caller.create_endpoint, EndpointName="x", EndpointConfigName=new)
    assert code == "AccessDeniedException"
    assert f"sagemaker:CreateEndpoint on resource: arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/{new}" in (
        message
    )
