"""What CloudFormation shows and sends while stacks are made, rolled back and deleted."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

from .. import aws as account
from ..aws import Aws, as_json, code, is_an_answer, refusal, told
from ..probe import Probe, Run
from ..seen import Seen, agrees, differs, refused, unchecked
from ..stack import Resources, Stack, allow, function, role_of, sub
from ..things import STACK


class Signal(Probe):
    """A wait condition that is signalled."""

    ids = ("signal-resource",)
    makes = "a stack with a wait condition"

    def template(self, run: Run) -> Resources:
        """Its stack."""
        del run
        waits = {"ResourceSignal": {"Count": 1, "Timeout": "PT2H"}}
        return {"Wait": {"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": waits, "Properties": {}}}

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        yield "signal-resource", self._look(run, run.stacks[self])

    def _look(self, run: Run, stack: Stack) -> Seen:
        shown = run.aws.until(lambda: self._status(stack), seconds=180)
        if shown != "CREATE_IN_PROGRESS":
            return differs("The waiting condition is not shown as CREATE_IN_PROGRESS", f"it is shown as '{shown}'")
        if error := refusal(lambda: self._signal(run, stack)):
            text = "It is shown as CREATE_IN_PROGRESS, but takes no signal"
            return refused(text, told(error), is_an_answer=is_an_answer(error))
        status = stack.ended()
        if status != "CREATE_COMPLETE":
            return differs("It took the signal, but went on waiting", f"the stack is {status}", stack.reasons())
        late = refusal(lambda: self._signal(run, stack))
        again = told(late) if late else "a signal that came afterwards was accepted"
        return agrees("It is shown as CREATE_IN_PROGRESS, takes the signal, and its stack goes on", again)

    def _signal(self, run: Run, stack: Stack) -> None:
        run.aws.client("cloudformation").signal_resource(
            StackName=stack.id, LogicalResourceId="Wait", UniqueId="automl-verify", Status="SUCCESS"
        )

    def _status(self, stack: Stack) -> str:
        found: list[str] = []
        error = refusal(lambda: found.append(stack.shown("Wait")))
        if error and code(error) != "ValidationError":
            raise error
        return "".join(found)


_RECORDER: Final = """\
import json, time, urllib.request
import boto3

def handle(event, context):
    given = event["ResourceProperties"]
    cloudformation = boto3.client("cloudformation")
    seen = {"type": event["RequestType"], "resource": event["LogicalResourceId"], "value": given["Value"],
            "old": event.get("OldResourceProperties", {}).get("Value"), "id": event.get("PhysicalResourceId")}
    try:
        of_stack = {"StackName": event["StackId"]}
        shown = cloudformation.describe_stack_resource(LogicalResourceId=event["LogicalResourceId"], **of_stack)
        seen["shown"] = shown["StackResourceDetail"]["ResourceStatus"]
        seen["stack"] = cloudformation.describe_stacks(**of_stack)["Stacks"][0]["StackStatus"]
    except Exception as error:
        seen["error"] = str(error)
    print("seen " + json.dumps(seen))
    if event["RequestType"] == "Delete":
        time.sleep(float(given["Seconds"]))
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer["Status"] = "FAILED" if given.get("Fails") == "yes" and event["RequestType"] != "Delete" else "SUCCESS"
    answer["Reason"] = "as it was told to"
    answer["PhysicalResourceId"] = given["Value"] if event["RequestType"] != "Delete" else event["PhysicalResourceId"]
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")
    request.add_header("Content-Type", "")
    urllib.request.urlopen(request, timeout=20).read()
"""
"""The function of custom resources that tell in a log what they were sent, and what CloudFormation showed then."""


class Rollback(Probe):
    """An update that replaces a custom resource, fails and is rolled back; then the stack is deleted."""

    ids = ("late-redelivery", "reverse-update", "rollback-status")
    makes = "a stack with a function, its role and log group, and two custom resources"

    def template(self, run: Run) -> Resources:
        """Its stack."""
        return _resources(value="first", fails="no", aws=run.aws)

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        if run.wanted & {"reverse-update", "rollback-status"}:
            status = stack.update(_resources(value="second", fails="yes", aws=run.aws))
            if status == "UPDATE_ROLLBACK_COMPLETE":
                sent = run.aws.until(lambda: self._deleted_second(run, stack), seconds=120) or self._sent(run, stack)
                back = next((one for one in sent if one["type"] == "Update" and one["old"] == "second"), None)
                yield "reverse-update", _reverse_update(sent, back)
                yield "rollback-status", _rollback_status(back)
            else:
                for each in ("reverse-update", "rollback-status"):
                    yield each, unchecked(f"The update was to be rolled back; the stack is {status}", stack.reasons())
        yield "late-redelivery", self._delete(run, stack)

    def _sent(self, run: Run, stack: Stack) -> list[dict[str, Any]]:
        """What the replaced resource was sent, the first first."""
        pages = run.aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=stack["Log"])
        lines = [event["message"].strip() for page in pages for event in page["events"]]
        found = [json.loads(line.removeprefix("seen ")) for line in lines if line.startswith("seen ")]
        return [one for one in found if one["resource"] == "Replaced"]

    def _deleted_second(self, run: Run, stack: Stack) -> list[dict[str, Any]]:
        """The same, once the last event of a rollback is there."""
        sent = self._sent(run, stack)
        return sent if any(one["type"] == "Delete" for one in sent) else []

    def _delete(self, run: Run, stack: Stack) -> Seen:
        run.aws.client("cloudformation").delete_stack(StackName=stack.id)
        statuses: list[str] = []
        deadline = time.monotonic() + 300 * account.PACE
        while stack.status() == "DELETE_IN_PROGRESS" and time.monotonic() < deadline:
            if (shown := self._shown(stack)) not in statuses:
                statuses.append(shown)
            run.aws.sleep(1.0)
        seen, after = f"while the stack was deleted: {', '.join(statuses)}", f"afterwards: {self._shown(stack)}"
        run.ledger.remove(STACK, stack.name)
        if not any(status.startswith(("CREATE_", "UPDATE_", "DELETE_")) for status in statuses):
            return unchecked("The resource was not seen while the stack was deleted", seen, after)
        if "DELETE_IN_PROGRESS" in statuses:
            return agrees("A resource that is being deleted is shown as DELETE_IN_PROGRESS", seen, after)
        return differs("A resource that is being deleted is never shown as DELETE_IN_PROGRESS", seen, after)

    def _shown(self, stack: Stack) -> str:
        """The status, or why there is none."""
        found: list[str] = []
        error = refusal(lambda: found.append(stack.shown("Replaced")))
        return told(error) if error else found[0]


def _resources(*, value: str, fails: str, aws: Aws) -> Resources:
    slow = f"{10 * account.PACE:.2f}"
    name = aws.name("recorder")

    def custom(**properties: str) -> dict[str, Any]:
        token = {"Fn::GetAtt": ["Recorder", "Arn"]}
        return {
            "Type": "Custom::AutoMLVerify",
            "Properties": {"ServiceToken": token, "ServiceTimeout": "120", "Seconds": slow, **properties},
        }

    own_stacks = sub(
        "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/" + f"{aws.name('*')}"
    )
    return {
        "Log": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": 1},
        },
        "Role": role_of(
            "lambda.amazonaws.com",
            allow(["cloudformation:DescribeStackResource", "cloudformation:DescribeStacks"], own_stacks),
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": ["Log", "Arn"]}),
        ),
        "Recorder": function(_RECORDER, "Role", "Log", FunctionName=name),
        "Replaced": custom(Value=value),
        "Failing": {**custom(Value="same", Fails=fails), "DependsOn": "Replaced"},
    }


def _reverse_update(sent: list[dict[str, Any]], back: dict[str, Any] | None) -> Seen:
    story = [as_json({name: one[name] for name in ("type", "value", "old", "id")}) for one in sent]
    if back is None:
        return differs("The rollback sent no Update back to the old properties", *story)
    if back["value"] != "first" or back["id"] != "second":
        return differs("The rollback sent an Update with other properties or another physical id", *story)
    return agrees("The rollback sent an Update with the old properties and the new physical id", *story)


def _rollback_status(back: dict[str, Any] | None) -> Seen:
    if back is None:
        return unchecked("The rollback sent no Update during which the stack could be looked at")
    if "stack" not in back:
        return unchecked("CloudFormation did not tell the function of its stack", back.get("error", ""))
    seen = f"the stack was {back['stack']}, the resource {back['shown']}"
    if "ROLLBACK" in back["stack"]:
        return agrees("During the Update back the stack's status says ROLLBACK", seen)
    return differs("During the Update back the stack's status does not say ROLLBACK", seen)
