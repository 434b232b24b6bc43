"""What Lambda does with a function's log and network."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from .. import policies
from ..probe import Probe, Run
from ..seen import Seen, agrees, differs, unchecked
from ..stack import Resources, Stack, allow, function, network, role_of

_WRITER: Final = """\
import sys

def handle(event, context):
    sys.stdout.write(event["line"] + "\\n")
"""

METRIC_SECONDS: Final = 300.0
"""How long the metric of a line is waited for."""


class MetricLines(Probe):
    """A function that logs in JSON and writes a line of the embedded metric format."""

    ids = ("metric-lines",)
    makes = "a function with its role and log group, and one custom metric with one value"

    def template(self, run: Run) -> Resources:
        """Its stack."""
        name = run.aws.name("metrics")
        log = {"LogGroup": {"Ref": "Log"}, "LogFormat": "JSON"}
        return {
            "Log": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": 1},
            },
            "Role": role_of(
                "lambda.amazonaws.com",
                allow(["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": ["Log", "Arn"]}),
            ),
            "Writer": function(_WRITER, "Role", "Log", FunctionName=name, LoggingConfig=log),
        }

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        metric = {"Namespace": "automl-verify", "MetricName": "Written"}
        line = json.dumps(
            {
                "_aws": {
                    "Timestamp": int(time.time() * 1000),
                    "CloudWatchMetrics": [
                        {
                            "Namespace": metric["Namespace"],
                            "Dimensions": [["Run"]],
                            "Metrics": [{"Name": metric["MetricName"], "Unit": "Count"}],
                        }
                    ],
                },
                "Run": run.aws.run,
                metric["MetricName"]: 1,
            }
        )
        run.aws.client("lambda").invoke(FunctionName=stack["Writer"], Payload=json.dumps({"line": line}).encode())
        yield "metric-lines", self._look(run, stack, metric, line)

    def _look(self, run: Run, stack: Stack, metric: dict[str, str], line: str) -> Seen:
        lines = run.aws.until(lambda: _lines_with(run, stack, "_aws"), seconds=180)
        logged = "the log has it as it was written" if line in lines else f"the log has: {' '.join(lines) or 'nothing'}"
        if run.aws.until(lambda: _values(run, metric), seconds=METRIC_SECONDS, every=15):
            return agrees("The metric of the line is there", logged)
        if not lines:
            return unchecked("Nothing of the function's log was there to be read")
        return differs(f"The line came to no metric within {METRIC_SECONDS / 60:.0f} minutes", logged)


def _lines_with(run: Run, stack: Stack, word: str) -> list[str]:
    pages = run.aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=stack["Log"])
    lines = [event["message"].strip() for page in pages for event in page["events"]]
    return [line for line in lines if word in line]


def _values(run: Run, metric: dict[str, str]) -> list[Any]:
    now = datetime.now(UTC)
    found: list[Any] = run.aws.client("cloudwatch").get_metric_statistics(
        **metric,
        Dimensions=[{"Name": "Run", "Value": run.aws.run}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return found


class FunctionNetwork(Probe):
    """A function in a VPC, with the permissions that the library gives such a one."""

    ids = ("function-network",)
    makes = "a VPC with a subnet, and a function in it (Lambda takes up to 40 minutes to give its interface back)"

    def template(self, run: Run) -> Resources:
        """Its stack."""
        name = run.aws.name("network")
        config = {"SubnetIds": [{"Ref": "Subnet"}], "SecurityGroupIds": [{"Ref": "SecurityGroup"}]}
        return {
            **network(),
            "Log": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": 1},
            },
            "Role": role_of("lambda.amazonaws.com", *policies.FUNCTION_IN_VPC),
            "Inside": function(_WRITER, "Role", "Log", FunctionName=name, VpcConfig=config),
        }

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        status = stack.ended()
        reasons = stack.reasons()
        if status == "CREATE_COMPLETE":
            yield "function-network", agrees("Lambda made the function")
        elif "AWS::Lambda::Function" in reasons:
            yield "function-network", differs("Lambda did not make the function", reasons)
        else:
            yield "function-network", unchecked(f"The stack is {status}", reasons)
