"""Application Auto Scaling of endpoints: over the wire and in stacks."""

from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

from ..account import Account, refusal
from ..stacks import Stacks
from .endpoints import config, created, model, model_data, updated

pytestmark = pytest.mark.cloud

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
TRACKING = {
    "TargetValue": 70.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}
REGISTER = {"Effect": "Allow", "Action": "application-autoscaling:RegisterScalableTarget"}


@pytest.fixture(scope="module")
def scaling(cloud: Cloud) -> Any:
    return cloud.client("application-autoscaling")


@pytest.fixture(scope="module")
def served(account: Account) -> str:
    return model(account, model_data(account, "yes"))


@pytest.fixture
def endpoint(account: Account, served: str) -> str:
    return created(account, config(account, served))


def identity(endpoint: str, dimension: str = INSTANCES, variant: str = "one") -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{variant}",
        "ScalableDimension": dimension,
    }


def targets(scaling: Any, endpoint: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{endpoint}/variant/one"]
    )["ScalableTargets"]
    return found


def test_a_target_is_registered_changed_and_gone(scaling: Any, account: Account, endpoint: str) -> None:
    arn = scaling.register_scalable_target(**identity(endpoint), MinCapacity=2, MaxCapacity=4)["ScalableTargetARN"]
    (target,) = targets(scaling, endpoint)
    assert (target["MinCapacity"], target["MaxCapacity"], target["ScalableTargetARN"]) == (2, 4, arn)
    assert target["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    (variant,) = account.sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 2, "registering brings the capacity into the range"
    suspended = {"DynamicScalingInSuspended": True}
    scaling.register_scalable_target(**identity(endpoint), MaxCapacity=9, SuspendedState=suspended)
    (target,) = targets(scaling, endpoint)
    assert (target["MinCapacity"], target["MaxCapacity"], target["ScalableTargetARN"]) == (2, 9, arn)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }
    scaling.deregister_scalable_target(**identity(endpoint))
    assert targets(scaling, endpoint) == []
    assert refusal(scaling.deregister_scalable_target, **identity(endpoint)) == (
        "ObjectNotFoundException",
        f"No scalable target registered for service namespace: sagemaker, resource ID: endpoint/{endpoint}/variant/one,"
        f" scalable dimension: {INSTANCES}",
    )


def test_provisioned_concurrency_can_be_scaled(scaling: Any, account: Account, served: str) -> None:
    capacity = {"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5, "ProvisionedConcurrency": 1}}
    endpoint = created(account, config(account, served, capacity=capacity))
    scaling.register_scalable_target(**identity(endpoint, CONCURRENCY), MinCapacity=2, MaxCapacity=3)
    (variant,) = account.sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
    assert variant["CurrentServerlessConfig"]["ProvisionedConcurrency"] == 2
    request = {**identity(endpoint), "MinCapacity": 1, "MaxCapacity": 2}
    assert refusal(scaling.register_scalable_target, **request)[1] == (
        f"endpoint/{endpoint}/variant/one is serverless: it is scaled by {CONCURRENCY}"
    )


def test_a_target_that_can_not_be_is_refused(scaling: Any, account: Account, served: str, endpoint: str) -> None:
    burstable = created(
        account, config(account, served, capacity={"InstanceType": "ml.t2.medium", "InitialInstanceCount": 1})
    )
    bounds = {"MinCapacity": 1, "MaxCapacity": 2}
    unsupported = "Unsupported service namespace, resource type or scalable dimension"
    for request, message in (
        ({**identity("nowhere"), **bounds}, "There is no endpoint in service with the variant endpoint/nowhere/"),
        ({**identity(endpoint, variant="two"), **bounds}, "There is no endpoint in service with the variant endpoint/"),
        ({**identity(endpoint), "ResourceId": endpoint, **bounds}, unsupported),
        ({**identity(endpoint, "dynamodb:table:ReadCapacityUnits"), **bounds}, unsupported),
        ({**identity(endpoint, CONCURRENCY), **bounds}, f"endpoint/{endpoint}/variant/one has no provisioned concurr"),
        ({**identity(burstable), **bounds}, f"endpoint/{burstable}/variant/one can not be scaled: its instances are b"),
        ({**identity(endpoint), "MinCapacity": 3, "MaxCapacity": 2}, "MinCapacity must be from 0 to MaxCapacity, got "),
        ({**identity(endpoint), "MinCapacity": 1}, "MinCapacity and MaxCapacity must be set when a scalable target is"),
        (
            {**identity(endpoint), **bounds, "ServiceNamespace": "ecs"},
            "The rehearsal scales sagemaker only, not ecs",
        ),
    ):
        code, said = refusal(scaling.register_scalable_target, **request)
        assert (code, said[: len(message)]) == ("ValidationException", message)


def test_a_policy_belongs_to_a_target_and_goes_with_it(scaling: Any, endpoint: str) -> None:
    policy = {
        "PolicyName": "track",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": TRACKING,
    }
    assert refusal(scaling.put_scaling_policy, **identity(endpoint), **policy)[0] == "ObjectNotFoundException"
    scaling.register_scalable_target(**identity(endpoint), MinCapacity=1, MaxCapacity=2)
    arn = scaling.put_scaling_policy(**identity(endpoint), **policy)["PolicyARN"]
    assert arn.endswith(f":resource/sagemaker/endpoint/{endpoint}/variant/one:policyName/track")
    changed = {**policy, "TargetTrackingScalingPolicyConfiguration": {**TRACKING, "ScaleInCooldown": 60}}
    assert scaling.put_scaling_policy(**identity(endpoint), **changed)["PolicyARN"] == arn
    resource = identity(endpoint)["ResourceId"]
    described = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=resource)["ScalingPolicies"]
    assert [one["TargetTrackingScalingPolicyConfiguration"] for one in described] == [
        {**TRACKING, "ScaleInCooldown": 60}
    ]
    scaling.delete_scaling_policy(PolicyName="track", **identity(endpoint))
    code, message = refusal(scaling.delete_scaling_policy, PolicyName="track", **identity(endpoint))
    assert (code, message) == ("ObjectNotFoundException", "There is no scaling policy track")
    scaling.put_scaling_policy(**identity(endpoint), **policy)
    scaling.deregister_scalable_target(**identity(endpoint))
    described = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=resource)["ScalingPolicies"]
    assert described == []


def test_a_policy_that_can_not_be_is_refused(scaling: Any, endpoint: str) -> None:
    scaling.register_scalable_target(**identity(endpoint), MinCapacity=1, MaxCapacity=2)
    tracking = "TargetTrackingScalingPolicyConfiguration"
    step = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]}
    dynamo = {"PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}}
    for policy, message in (
        ({}, "PolicyType must be one of TargetTrackingScaling, StepScaling, got none"),
        ({"PolicyType": "StepScaling"}, "A policy of type StepScaling needs a StepScalingPolicyConfiguration"),
        (
            {"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": step, tracking: TRACKING},
            "A policy of type StepScaling can not have a TargetTrackingScalingPolicyConfiguration",
        ),
        (
            {"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {"Cooldown": 1}},
            "A step scaling policy needs an AdjustmentType and StepAdjustments",
        ),
        (
            {"PolicyType": "TargetTrackingScaling", tracking: {"TargetValue": 1}},
            "A target tracking policy needs either a predefined or a customized metric",
        ),
        (
            {"PolicyType": "TargetTrackingScaling", tracking: {"TargetValue": 1, **dynamo}},
            "The metric DynamoDBReadCapacityUtilization is not one of SageMaker",
        ),
        (
            {"PolicyType": "TargetTrackingScaling", tracking: {**TRACKING, "TargetValue": 0}},
            "TargetValue must be greater than 0, got 0",
        ),
    ):
        assert refusal(scaling.put_scaling_policy, PolicyName="p", **identity(endpoint), **policy) == (
            "ValidationException",
            message,
        )


def test_a_scheduled_action_is_kept_changed_and_deleted(scaling: Any, endpoint: str) -> None:
    scaling.register_scalable_target(**identity(endpoint), MinCapacity=1, MaxCapacity=2)
    named = {"ScheduledActionName": "nights", **identity(endpoint)}
    for action, message in (
        ({}, "A scheduled action needs a Schedule and a ScalableTargetAction with a capacity"),
        (
            {"Schedule": "cron(0 22 * * ?)", "ScalableTargetAction": {"MinCapacity": 0}},
            "Schedule must be at(...), rate(...) or cron(...) with six fields, got cron(0 22 * * ?)",
        ),
        (
            {"Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 2}},
            "MinCapacity of a scheduled action must be less than or equal to its MaxCapacity",
        ),
    ):
        assert refusal(scaling.put_scheduled_action, **named, **action) == ("ValidationException", message)
    scaling.put_scheduled_action(
        **named, Schedule="cron(0 22 * * ? *)", Timezone="Europe/Berlin", ScalableTargetAction={"MinCapacity": 0}
    )
    scaling.put_scheduled_action(**named, Schedule="rate(2 hours)")
    (action,) = scaling.describe_scheduled_actions(
        ServiceNamespace="sagemaker", ResourceId=named["ResourceId"], ScheduledActionNames=["nights"]
    )["ScheduledActions"]
    assert (action["Schedule"], action["ScalableTargetAction"]) == ("rate(2 hours)", {"MinCapacity": 0})
    scaling.delete_scheduled_action(**named)
    assert refusal(scaling.delete_scheduled_action, **named) == (
        "ObjectNotFoundException",
        "There is no scheduled action nights",
    )


class TestPermissions:
    def test_each_call_needs_its_action(self, account: Account, endpoint: str) -> None:
        bounds = {"MinCapacity": 1, "MaxCapacity": 2}
        anywhere = account.acting_as({**REGISTER, "Resource": "*"})("application-autoscaling")
        anywhere.register_scalable_target(**identity(endpoint), **bounds)
        code, message = refusal(anywhere.deregister_scalable_target, **identity(endpoint))
        assert code == "AccessDeniedException"
        arn = "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/"
        assert f"application-autoscaling:DeregisterScalableTarget on resource: {arn}" in message

    def test_a_role_of_ones_own_must_be_passed(self, account: Account, endpoint: str) -> None:
        request = {**identity(endpoint), "MinCapacity": 1, "MaxCapacity": 2}
        own = f"arn:aws:iam::{account.cloud.account}:role/Own"
        linked = (
            f"arn:aws:iam::{account.cloud.account}:role/aws-service-role/"
            "sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        )
        caller = account.acting_as({**REGISTER, "Resource": "*"})("application-autoscaling")
        caller.register_scalable_target(**request, RoleARN=linked)
        code, message = refusal(caller.register_scalable_target, **request, RoleARN=own)
        assert (code, f"iam:PassRole on resource: {own}" in message) == ("AccessDeniedException", True)

    def test_policies_can_test_the_tags_of_a_target(self, account: Account, scaling: Any, endpoint: str) -> None:
        bounds = {"MinCapacity": 1, "MaxCapacity": 2}
        arn = scaling.register_scalable_target(**identity(endpoint), **bounds, Tags={"team": "ours"})[
            "ScalableTargetARN"
        ]
        remove = {"Effect": "Allow", "Action": "application-autoscaling:DeregisterScalableTarget", "Resource": "*"}
        theirs = {**remove, "Condition": {"StringEquals": {"aws:ResourceTag/team": "theirs"}}}
        caller = account.acting_as(theirs)("application-autoscaling")
        assert refusal(caller.deregister_scalable_target, **identity(endpoint))[0] == "AccessDeniedException"
        scaling.tag_resource(ResourceARN=arn, Tags={"team": "theirs", "more": "x"})
        scaling.untag_resource(ResourceARN=arn, TagKeys=["more"])
        assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "theirs"}
        caller.deregister_scalable_target(**identity(endpoint))


class TestTheEndpointUnderATarget:
    def test_another_model_may_come_but_no_other_instance_type(
        self, account: Account, scaling: Any, served: str, endpoint: str
    ) -> None:
        scaling.register_scalable_target(**identity(endpoint), MinCapacity=1, MaxCapacity=2)
        assert updated(account, endpoint, config(account, served))["EndpointStatus"] == "InService"
        other = config(account, served, capacity={"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1})
        renamed = config(account, served, variant="two")
        for name in (other, renamed):
            assert refusal(account.sagemaker.update_endpoint, EndpointName=endpoint, EndpointConfigName=name) == (
                "ValidationException",
                "The variant(s) \"['one']\" must be deregistered as scalable targets with AWS Auto Scaling before "
                "they can be removed or have their instance type updated.",
            )
        scaling.deregister_scalable_target(**identity(endpoint))
        assert updated(account, endpoint, other)["EndpointConfigName"] == other

    def test_deleting_it_deregisters_what_the_caller_may(self, account: Account, scaling: Any, endpoint: str) -> None:
        scaling.register_scalable_target(**identity(endpoint), MinCapacity=1, MaxCapacity=2)
        delete = {"Effect": "Allow", "Action": "sagemaker:DeleteEndpoint", "Resource": "*"}
        code, message = refusal(account.acting_as(delete)("sagemaker").delete_endpoint, EndpointName=endpoint)
        assert (code, message) == (
            "ValidationException",
            "An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity used "
            "to invoke DeleteEndpoint does not have application-autoscaling:DeregisterScalableTarget permission to "
            "deregister the scalable target.",
        )
        both = {**delete, "Action": ["sagemaker:DeleteEndpoint", "application-autoscaling:DeregisterScalableTarget"]}
        account.acting_as(both)("sagemaker").delete_endpoint(EndpointName=endpoint)
        assert targets(scaling, endpoint) == []


class TestStacks:
    @pytest.fixture
    def stacks(self, cloud: Cloud, account: Account) -> Stacks:
        return Stacks(cloud, account)

    def resources(self, endpoint: str, **changes: Any) -> dict[str, Any]:
        role = {
            "Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/aws-service-role/sagemaker.application-autoscaling."
            "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        }
        action = {
            "ScheduledActionName": "nights",
            "Schedule": "cron(0 22 * * ? *)",
            "ScalableTargetAction": {"MinCapacity": "0", "MaxCapacity": 1},
        }
        target = {
            **identity(endpoint),
            "MinCapacity": "1",
            "MaxCapacity": 3,
            "RoleARN": role,
            "ScheduledActions": [action],
            **changes,
        }
        policy = {
            "PolicyName": "track",
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": {"Ref": "Target"},
            "TargetTrackingScalingPolicyConfiguration": {**TRACKING, "TargetValue": "70"},
        }
        return {
            "Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": target},
            "Policy": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": policy},
        }

    def test_target_policy_and_schedule_deploy_change_and_go(self, stacks: Stacks, scaling: Any, endpoint: str) -> None:
        name = f"scaling-{endpoint}"
        assert stacks.deploy(name, self.resources(endpoint)) == "CREATE_COMPLETE", stacks.reasons(name)
        resource = f"endpoint/{endpoint}/variant/one"
        assert stacks.resource(name, "Target") == f"{resource}|{INSTANCES}|sagemaker"
        assert stacks.resource(name, "Policy").endswith("policyName/track")
        asked = {"ServiceNamespace": "sagemaker", "ResourceId": resource}
        assert len(scaling.describe_scaling_policies(**asked)["ScalingPolicies"]) == 1
        (action,) = scaling.describe_scheduled_actions(**asked)["ScheduledActions"]
        assert action["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 1}
        changed = self.resources(endpoint, MaxCapacity=7, ScheduledActions=[])
        assert stacks.deploy(name, changed) == "UPDATE_COMPLETE", stacks.reasons(name)
        assert targets(scaling, endpoint)[0]["MaxCapacity"] == 7
        assert scaling.describe_scheduled_actions(**asked)["ScheduledActions"] == []
        stacks.delete(name)
        assert targets(scaling, endpoint) == []
        assert scaling.describe_scaling_policies(**asked)["ScalingPolicies"] == []

    def test_a_target_without_its_endpoint_fails_the_stack(self, stacks: Stacks) -> None:
        assert stacks.deploy("no-endpoint", self.resources("nowhere")) == "ROLLBACK_COMPLETE"
        assert "There is no endpoint in service with the variant endpoint/nowhere/variant/one" in (
            stacks.reasons("no-endpoint")
        )
