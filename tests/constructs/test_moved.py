"""What only moves within a stack stays what it is: `cdk refactor` takes no resource that changes too."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from constructs_lib import (
    AutoMLEndpoint,
    AutoMLJob,
    AutoMLJobOutcome,
    AutoMLModelPackage,
    AutoMLTransform,
    Channel,
    RealTime,
)

from .synthesis import data_bucket, template_of

PLACE = "Xylophone"
"""No word of the library's has these letters."""


def template_at(place: str, *, in_vpc: bool = False) -> dict[str, Any]:
    """The template of a stack whose constructs lie below one of that id."""
    stack = cdk.Stack(cdk.App(), "churn", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    scope = Construct(stack, place)
    data = data_bucket(stack)
    job = AutoMLJob(
        scope,
        "Job",
        training_data=Channel.from_bucket(data, "train/"),
        target_attribute="churned",
        vpc=ec2.Vpc(stack, "Vpc", max_azs=1) if in_vpc else None,
    )
    job.on_failed(cdk.aws_sns.Topic(stack, "Topic"))
    outcome = AutoMLJobOutcome(scope, "Outcome", job=job)
    endpoint = AutoMLEndpoint(scope, "Endpoint", outcome=outcome, serving=RealTime(instance_type="ml.m5.large"))
    endpoint.alarm_5xx()
    endpoint.alarm_latency(threshold=cdk.Duration.seconds(1))
    endpoint.alarm_no_invocations()
    AutoMLTransform(
        scope, "Transform", outcome=outcome, data=Channel.from_bucket(data, "new/"), instance_type="ml.m5.large"
    )
    AutoMLModelPackage(scope, "Version", outcome=outcome, model_package_group="churn")
    return template_of(stack)


def named_after(value: Any, path: str = "") -> set[str]:
    """Where in a template a text has the place in it, but for references, which are other ids and no change."""
    if isinstance(value, dict):
        if set(value) & {"Ref", "Fn::GetAtt", "DependsOn"} or "DependsOn" in value:
            value = {key: each for key, each in value.items() if key not in {"Ref", "Fn::GetAtt", "DependsOn"}}
        return {found for key, each in value.items() for found in named_after(each, f"{path}.{key}")}
    if isinstance(value, list):
        return {found for each in value for found in named_after(each, path)}
    return {path} if PLACE.lower() in str(value).lower() else set()


def places_in(template: dict[str, Any]) -> set[str]:
    return {
        f"{resource['Type']}{found}"
        for resource in template["Resources"].values()
        for found in named_after(resource.get("Properties", {}))
    }


def test_no_property_tells_where_in_the_app_its_resource_lies() -> None:
    """A wait condition is signalled by its logical id, which the job therefore has to hold."""
    assert places_in(template_at(PLACE)) == {"Custom::SageMakerAutoMLJob.Watch.Conditions.LogicalId"}


def test_a_security_group_does_since_another_description_would_replace_it() -> None:
    found = places_in(template_at(PLACE, in_vpc=True))

    assert "AWS::EC2::SecurityGroup.GroupDescription" in found


def test_what_moves_keeps_its_names_but_for_that_of_the_endpoint() -> None:
    """A moved endpoint is a second one while the first serves, so it has another name; `endpoint_name` keeps it."""

    def texts(template: dict[str, Any]) -> set[str]:
        found = template["Resources"].values()
        return {str(each["Properties"]["NamePrefix"]) for each in found if "NamePrefix" in each.get("Properties", {})}

    assert texts(template_at(PLACE)) == texts(template_at("Elsewhere"))
