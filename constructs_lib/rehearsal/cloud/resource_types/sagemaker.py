"""CloudFormation's types of SageMaker: models, endpoint configurations, endpoints and model package groups."""

import json
import time
from dataclasses import dataclass
from typing import Any

from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.resource_types.common import ClientOf, fresh_name, request_of
from constructs_lib.rehearsal.cloud.store import Json

KINDS = ("Model", "EndpointConfig", "Endpoint")
_SNAKE = {
    "Model": "model",
    "EndpointConfig": "endpoint_config",
    "Endpoint": "endpoint",
    "ModelPackageGroup": "model_package_group",
}
_POLL = 0.2
_MISSING = ("Could not find", "does not exist.")
_IN_PROGRESS = "Cannot update in-progress endpoint"


@dataclass(frozen=True)
class SageMakerType:
    """One of the types. `Ref` is the ARN."""

    client: ClientOf
    kind: str

    @property
    def _name_property(self) -> str:
        return f"{self.kind}Name"

    def create(self, logical_id: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        """Create the resource; an endpoint until it is in service."""
        name = properties.get(self._name_property) or fresh_name(stack_name, logical_id)
        answer = self._call("create", {**properties, self._name_property: name})
        if self.kind == "Endpoint":
            try:
                self._wait(name, stack_name)
            except ValueError:
                # CloudFormation does so when it rolls back; MiniStack knows nothing of what was made in vain.
                self.delete(answer["EndpointArn"], {self._name_property: name})
                raise
        self._complete(name, properties)
        return answer[f"{self.kind}Arn"], self._attributes(answer[f"{self.kind}Arn"], name)

    def update(self, arn: str, old: Json, new: Json, stack_name: str, logical_id: str) -> tuple[str, Json]:
        """Change tags, and the configuration of an endpoint, in place; anything else makes another resource."""
        name = self._name(arn, new)
        changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
        if changed <= {"Tags", *self._in_place}:
            self._replace_tags(arn, old, new)
            self._complete(name, new)
            return arn, self._attributes(arn, self._name_as_given(arn, new))
        if self.kind == "Endpoint" and self._name_property not in changed:
            return self._update_endpoint(arn, name, new, stack_name)
        if self._name_property in new and self._name_property not in changed:
            raise ValueError(
                f"CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {new[self._name_property]} and update the stack again."
            )
        return self.create(logical_id, new, stack_name)

    def replaces(self, name: str) -> bool:
        """Whether a change of that property makes another resource."""
        if self.kind == "Endpoint":
            return name == self._name_property
        return name not in ("Tags", *self._in_place)

    def delete(self, arn: str, properties: Json) -> None:
        """Delete the resource, unless it is gone already; an endpoint when nothing is under way, until it is gone.

        That CloudFormation waits for what is under way is unverified.
        """
        named = {self._name_property: self._name(arn, properties)}
        while (refused := self._refusal("delete", named)) and _IN_PROGRESS in refused:
            time.sleep(_POLL)
        while self.kind == "Endpoint" and not self._refusal("describe", named):
            time.sleep(_POLL)

    def _refusal(self, verb: str, named: Json) -> str:
        """Why a call is refused, if that is because the resource is gone or busy; empty when it is not refused."""
        sagemaker = self.client("sagemaker")
        try:
            self._call(verb, named)
        except sagemaker.exceptions.ClientError as error:
            message: str = error.response["Error"]["Message"]
            if message.startswith((_MISSING[0], _IN_PROGRESS)) or message.endswith(_MISSING[1]):
                return message
            raise
        return ""

    @property
    def _in_place(self) -> tuple[str, ...]:
        """Further properties that change in place."""
        return ()

    def _complete(self, name: str, properties: Json) -> None:
        """Do what the create call does not."""

    def _attributes(self, arn: str, name: str) -> Json:
        """What `Fn::GetAtt` knows."""
        del arn
        return {self._name_property: name}

    def _update_endpoint(self, arn: str, name: str, properties: Json, stack_name: str) -> tuple[str, Json]:
        wanted = properties["EndpointConfigName"]
        self._call("update", {**properties, self._name_property: name})
        self._wait(name, stack_name)
        running = self.client("sagemaker").describe_endpoint(EndpointName=name)
        if running["EndpointConfigName"].lower() != wanted.lower():
            raise ValueError(
                f"The endpoint {name} rolled back to its old configuration: {running.get('FailureReason')}"
            )
        return arn, self._attributes(arn, name)

    def _wait(self, name: str, stack_name: str) -> None:
        while True:
            endpoint = self.client("sagemaker").describe_endpoint(EndpointName=name)
            if endpoint["EndpointStatus"] not in ("Creating", "Updating", "RollingBack"):
                break
            if ministack.is_being_deleted(stack_name):
                raise ValueError("Resource creation cancelled")
            time.sleep(_POLL)
        if endpoint["EndpointStatus"] == "Failed":
            raise ValueError(f"The endpoint {name} failed: {endpoint.get('FailureReason')}")

    def _call(self, verb: str, properties: Json) -> Any:
        request = request_of(f"{verb.capitalize()}{self.kind}", properties)
        return getattr(self.client("sagemaker"), f"{verb}_{_SNAKE[self.kind]}")(**request)

    def _name(self, arn: str, properties: Json) -> str:
        return str(properties.get(self._name_property) or arn.rpartition("/")[2])

    def _name_as_given(self, arn: str, properties: Json) -> str:
        """The name in the letters in which it was given: ARNs have small ones only."""
        name = self._name(arn, properties)
        describe = getattr(self.client("sagemaker"), f"describe_{_SNAKE[self.kind]}")
        return str(describe(**{self._name_property: name})[self._name_property])

    def _replace_tags(self, arn: str, old: Json, new: Json) -> None:
        kept = {tag["Key"] for tag in new.get("Tags", ())}
        gone = [tag["Key"] for tag in old.get("Tags", ()) if tag["Key"] not in kept]
        sagemaker = self.client("sagemaker")
        if gone:
            sagemaker.delete_tags(ResourceArn=arn, TagKeys=gone)
        if kept:
            sagemaker.add_tags(ResourceArn=arn, Tags=new["Tags"])


@dataclass(frozen=True)
class PackageGroupType(SageMakerType):
    """`AWS::SageMaker::ModelPackageGroup`."""

    kind: str = "ModelPackageGroup"

    @property
    def _in_place(self) -> tuple[str, ...]:
        return ("ModelPackageGroupPolicy",)

    def _complete(self, name: str, properties: Json) -> None:
        sagemaker = self.client("sagemaker")
        policy = properties.get("ModelPackageGroupPolicy")
        if policy is None:
            sagemaker.delete_model_package_group_policy(ModelPackageGroupName=name)
            return
        document = policy if isinstance(policy, str) else json.dumps(policy)
        sagemaker.put_model_package_group_policy(ModelPackageGroupName=name, ResourcePolicy=document)

    def _attributes(self, arn: str, name: str) -> Json:
        return {"ModelPackageGroupName": name, "ModelPackageGroupArn": arn, "ModelPackageGroupStatus": "Completed"}
