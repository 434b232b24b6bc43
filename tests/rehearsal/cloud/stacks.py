"""Deploys hand-made templates, and tells what became of them."""

import json
import time
from typing import Any

from constructs_lib.rehearsal.cloud.launcher import Cloud

from .account import BUCKET, Account

LONGEST_BODY = 51_200


class Stacks:
    """Deploys templates and tells what the provider was sent."""

    def __init__(self, cloud: Cloud, account: Account) -> None:
        self.account = account
        self.cloudformation = cloud.client("cloudformation")
        self.ec2 = cloud.client("ec2")
        self._seen = 0

    def deploy(self, name: str, resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> str:
        """Create or update; the stack's status at the end."""
        return self.put(name, {"Resources": resources, **({"Outputs": outputs} if outputs else {})})

    def begin(self, name: str, template: dict[str, Any], **parameters: str) -> None:
        """Create or update a stack, and do not wait for it."""
        arguments = {
            "StackName": name,
            **self._body(name, json.dumps(template)),
            "Capabilities": ["CAPABILITY_IAM"],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        }
        if self.exists(name):
            self.cloudformation.update_stack(**arguments)
        else:
            self.cloudformation.create_stack(**arguments)

    def _body(self, name: str, template: str) -> dict[str, str]:
        """How a template is given: those that are too long for a request lie in S3."""
        if len(template) <= LONGEST_BODY:
            return {"TemplateBody": template}
        key = f"templates/{name}"
        self.account.s3.put_object(Bucket=BUCKET, Key=key, Body=template.encode())
        return {"TemplateURL": f"https://s3.{self.account.cloud.region}.amazonaws.com/{BUCKET}/{key}"}

    def put(self, name: str, template: dict[str, Any], **parameters: str) -> str:
        """Create or update a stack; its status at the end."""
        self.begin(name, template, **parameters)
        return self.wait(name)

    def exists(self, name: str) -> bool:
        try:
            self.describe(name)
        except self.cloudformation.exceptions.ClientError:
            return False
        return True

    def delete(self, name: str) -> None:
        stack = self.describe(name)["StackId"]
        self.cloudformation.delete_stack(StackName=name)
        assert self.wait(stack) == "DELETE_COMPLETE"

    def describe(self, name: str) -> Any:
        return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]

    def resource(self, name: str, logical_id: str) -> str:
        """A resource's physical id."""
        detail = self.cloudformation.describe_stack_resource(StackName=name, LogicalResourceId=logical_id)
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])

    def wait(self, name: str) -> str:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            status = str(self.describe(name)["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                return status
            time.sleep(0.1)
        raise AssertionError(f"{name} is still {status}")

    def reasons(self, name: str) -> str:
        events = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return "\n".join(f"{event['LogicalResourceId']} {event.get('ResourceStatusReason', '')}" for event in events)

    def events(self) -> list[tuple[str, str | None, str, str | None]]:
        """What the provider was sent since the last time: event, physical id, spec, old spec."""
        keys = self.account.keys("events/")[self._seen :]
        self._seen += len(keys)
        bodies = [json.loads(self.account.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys]
        return [(body["Event"], body["Id"], body["Spec"], body["Old"]) for body in bodies]
