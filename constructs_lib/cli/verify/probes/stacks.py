"""What CloudFormation shows and sends while stacks are made, rolled back and deleted."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
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


APART: Final = 30.0
"""Seconds between two requests, and between two looks during one, so that their times are told apart."""

TOLERANCE: Final = 15.0
"""Seconds that the library lets two of CloudFormation's times of one moment differ by."""

_RECORDER: Final = """\
import json, re, time, urllib.request
import boto3

def handle(event, context):
    given, began = event["ResourceProperties"], time.time()
    signed = re.search("[?&]X-Amz-Date=([0-9TZ]+)", event["ResponseURL"])
    cloudformation = boto3.client("cloudformation")
    seen = {"type": event["RequestType"], "resource": event["LogicalResourceId"], "value": given["Value"],
            "old": event.get("OldResourceProperties", {}).get("Value"), "id": event.get("PhysicalResourceId"),
            "began": began, "signed": signed[1] if signed else None}
    of_stack = {"StackName": event["StackId"]}

    def look():
        shown = cloudformation.describe_stack_resource(LogicalResourceId=event["LogicalResourceId"], **of_stack)
        return shown["StackResourceDetail"]

    try:
        shown = look()
        seen["shown"] = shown["ResourceStatus"]
        seen["stack"] = cloudformation.describe_stacks(**of_stack)["Stacks"][0]["StackStatus"]
        seen["since"] = shown["LastUpdatedTimestamp"].timestamp()
        events = [one for one in cloudformation.describe_stack_events(**of_stack)["StackEvents"]
                  if one["LogicalResourceId"] == event["LogicalResourceId"]
                  and one["ResourceStatus"].endswith("_IN_PROGRESS")]
        seen["events"] = [json.loads(one.get("ResourceProperties") or "{}").get("Value") for one in events]
        if event["RequestType"] == "Update" and "Again" in given:
            time.sleep(float(given["Again"]))
            seen["looked"], seen["later"] = time.time(), look()["LastUpdatedTimestamp"].timestamp()
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

    ids = ("late-redelivery", "reverse-update", "rollback-status", "update-time", "answer-date", "stack-events")
    makes = "a stack with a function, its role and log group, and two custom resources"

    def template(self, run: Run) -> Resources:
        """Its stack."""
        return _resources(value="first", fails="no", aws=run.aws)

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        if run.wanted & {*self.ids} - {"late-redelivery"}:
            run.aws.sleep(APART)
            status = stack.update(_resources(value="second", fails="yes", aws=run.aws))
            sent = run.aws.until(lambda: self._deleted_second(run, stack), seconds=120) or self._sent(run, stack)
            yield "update-time", _update_time(sent)
            yield "answer-date", _answer_date(sent)
            if status == "UPDATE_ROLLBACK_COMPLETE":
                back = next((one for one in sent if one["type"] == "Update" and one["old"] == "second"), None)
                yield "reverse-update", _reverse_update(sent, back)
                yield "rollback-status", _rollback_status(back)
                yield "stack-events", _stack_events(back)
            else:
                for each in ("reverse-update", "rollback-status", "stack-events"):
                    yield each, unchecked(f"The update was to be rolled back; the stack is {status}", stack.reasons())
        yield "late-redelivery", self._delete(run, stack)

    def _sent(self, run: Run, stack: Stack) -> list[dict[str, Any]]:
        """What the replaced resource was sent, the first first."""
        pages = run.aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=stack["Log"])
        lines = [event["message"].strip() for page in pages for event in page["events"]]
        found = [json.loads(line.removeprefix("seen ")) for line in lines if line.startswith("seen ")]
        return sorted((one for one in found if one["resource"] == "Replaced"), key=lambda one: float(one["began"]))

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
            allow([f"cloudformation:DescribeStack{each}" for each in ("Events", "Resource", "s")], own_stacks),
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": ["Log", "Arn"]}),
        ),
        "Recorder": function(_RECORDER, "Role", "Log", FunctionName=name),
        "Replaced": custom(Value=value, Again=f"{APART * account.PACE:.2f}"),
        "Failing": {**custom(Value="same", Fails=fails), "DependsOn": "Replaced"},
    }


def _reverse_update(sent: list[dict[str, Any]], back: dict[str, Any] | None) -> Seen:
    story = [as_json({name: one[name] for name in ("type", "value", "old", "id")}) for one in sent]
    if back is None:
        return differs("The rollback sent no Update back to the old properties", *story)
    if back["value"] != "first" or back["id"] != "second":
        return differs("The rollback sent an Update with other properties or another physical id", *story)
    return agrees("The rollback sent an Update with the old properties and the new physical id", *story)


def _stack_events(back: dict[str, Any] | None) -> Seen:
    if back is None or "events" not in back:
        return unchecked(
            "The rollback's request was not told of the events of its stack", (back or {}).get("error", "")
        )
    seen = f"during the rollback's request the properties of the latest ones were {as_json(back['events'][:2])}"
    if back["events"][:2] != ["first", "second"]:
        return differs("The events of a stack do not show each request with its properties, the latest first", seen)
    return agrees("The events of a stack show each request with its properties, the latest first", seen)


def _rollback_status(back: dict[str, Any] | None) -> Seen:
    if back is None:
        return unchecked("The rollback sent no Update during which the stack could be looked at")
    if "stack" not in back:
        return unchecked("CloudFormation did not tell the function of its stack", back.get("error", ""))
    seen = f"the stack was {back['stack']}, the resource {back['shown']}"
    if "ROLLBACK" in back["stack"]:
        return agrees("During the Update back the stack's status says ROLLBACK", seen)
    return differs("During the Update back the stack's status does not say ROLLBACK", seen)


def _update_time(sent: list[dict[str, Any]]) -> Seen:
    """What was shown of a resource while it was made, changed and changed back."""
    told_of = [one for one in sent if one["type"] != "Delete" and "since" in one]
    if not any(one["type"] == "Update" for one in told_of):
        why = next((one["error"] for one in sent if "error" in one), "")
        return unchecked("The resource was not seen while it was updated", why)
    wrong, story = False, list[str]()
    for one in told_of:
        start = _start(one)
        # It must be nearer to that than to the start of an earlier request, or to the second look itself.
        others = [earlier for each in sent if (earlier := _start(each)) < start]
        others += [one["looked"]] if "looked" in one else []
        shown = [one[name] for name in ("since", "later") if name in one]
        for each in shown:
            near = abs(each - start)
            wrong |= near > TOLERANCE or any(abs(each - other) <= near for other in others)
        looks = ", then ".join(f"{each - start:+.1f}" for each in shown)
        story.append(f"{one['type']} to '{one['value']}': LastUpdatedTimestamp is {looks} seconds from its start")
    if wrong:
        return differs("LastUpdatedTimestamp is not the start of the request under way", *story)
    return agrees("LastUpdatedTimestamp is the start of the request under way, also when looked at again", *story)


def _start(one: dict[str, Any]) -> float:
    """When CloudFormation asked: its own time, or that of the function if there is none."""
    return _signed(one) or float(one["began"])


def _signed(one: dict[str, Any]) -> float:
    """The time in the address for the answer; 0 if there is none."""
    return datetime.fromisoformat(one["signed"]).timestamp() if one["signed"] else 0.0


def _answer_date(sent: list[dict[str, Any]]) -> Seen:
    if not sent:
        return unchecked("Nothing of the function's log was there to be read")
    if undated := [one["type"] for one in sent if not one["signed"]]:
        return differs("The address for an answer has no X-Amz-Date", f"requests: {', '.join(undated)}")
    late = [f"{one['type']}: {one['began'] - _signed(one):.1f} seconds before the function began" for one in sent]
    if any(abs(one["began"] - _signed(one)) > TOLERANCE for one in sent):
        return differs("X-Amz-Date in the address for an answer is not the time of the request", *late)
    return agrees("X-Amz-Date in the address for an answer is the time of the request", *late)


class Output(Probe):
    """A stack that reads the output of another one, which has changed since."""

    ids = ("stack-output",)
    makes = "two stacks with three log groups"

    def template(self, run: Run) -> Resources:
        """The stack whose output is read."""
        return {"Log": _log_group(run.aws.name("out-1"))}

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        yield "stack-output", self._look(run, run.stacks[self])

    def _look(self, run: Run, source: Stack) -> Seen:
        source.made()
        reader = Stack(run.aws, run.ledger, "reader")

        def reading(*, own: int = 1, other: int = 1) -> Resources:
            """What reads the output, and something else of its stack; a number is changed alone."""
            name = {"Fn::Join": ["-", [_output_of(source), "read"]]}
            return {"Log": _log_group(name, days=own), "Other": _log_group(run.aws.name("other"), days=other)}

        reader.begin(reading())
        reader.made()
        old = reader["Log"]
        if (status := source.update({"Log": _log_group(run.aws.name("out-2"))})) != "UPDATE_COMPLETE":
            return unchecked(f"The stack whose output is read was to be updated; it is {status}", source.reasons())
        error = refusal(lambda: reader.update(reading()))
        same = f"an update with the same template: {told(error) if error else 'accepted'}"
        if (status := reader.update(reading(other=3))) != "UPDATE_COMPLETE":
            return unchecked(f"The stack that reads was to be updated; it is {status}", same, reader.reasons())
        if reader["Log"] == f"{source['Log']}-read":
            return agrees("An update that changes something else reads the output anew", same)
        if reader["Log"] != old:
            return unchecked("An update that changes something else reads neither the old nor the new output", same)
        status = reader.update(reading(own=3, other=3))
        own = "is read anew" if reader["Log"] != old else f"is not read anew either ({status})"
        text = "An update that changes something else keeps the old output"
        return differs(text, same, f"if what reads it is changed itself, it {own}")


def _output_of(stack: Stack) -> dict[str, Any]:
    """The output `Log` of another stack, as the CDK refers to it weakly."""
    return {"Fn::GetStackOutput": {"StackName": stack.name, "OutputName": "Log"}}


def _log_group(name: Any, days: int = 1) -> dict[str, Any]:
    """A log group in which nobody writes; another name makes another one."""
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, "RetentionInDays": days}}
