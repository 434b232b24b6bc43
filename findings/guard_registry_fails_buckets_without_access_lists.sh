#!/usr/bin/env bash
# One would expect the Guard Rules Registry's rule S3_BUCKET_NO_PUBLIC_RW_ACL to find buckets with the access control list
# `PublicReadWrite`, as its text says, and to pass a bucket that has no list: those are private, and S3 advises to have none.
# What happens: Guard takes `AccessControl != 'PublicReadWrite'` for failed where there is no `AccessControl`, so every bucket that
# follows the advice is found, and a bucket with the list `Private` passes; that one Control Tower's CT.S3.PR.5 forbids in turn.
# Why it matters to people who run AutoML jobs through CDK: CDK's buckets for data and models have no list, so AWS's own checks
# of their templates (the rules are those of AWS's MCP server) stop at each, and no list satisfies both sets of rules.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install --no-deps awslabs.aws-iac-mcp-server==1.0.26 guardpycfn==0.1.0
cat > "$work/ask.py" <<'PY'
import json
import re
import sys
from importlib.metadata import distribution, version
from pathlib import Path

from guardpycfn import validate_with_guard

NAME = "S3_BUCKET_NO_PUBLIC_RW_ACL"
package = "awslabs.aws-iac-mcp-server"
rules = Path(distribution(package).locate_file("awslabs/aws_iac_mcp_server/data/default_guard_rules.guard")).read_text()
print(package, version(package), "guardpycfn", version("guardpycfn"))
variable = re.search(rf"rule {NAME} when %(\w+)", rules).group(1)
selection = re.search(rf"let {variable} = .*?\n\]", rules, re.DOTALL).group(0)
rule = re.search(rf"rule {NAME} .*?\n\}}", rules, re.DOTALL).group(0)


def verdict(**properties):
    template = {"Resources": {"Models": {"Type": "AWS::S3::Bucket", "Properties": properties}}}
    return str(validate_with_guard(json.dumps(template), f"{selection}\n{rule}\n", False))


told = {
    str(acl): verdict(**({"AccessControl": acl} if acl else {"BucketName": "models"}))
    for acl in (None, "Private", "PublicReadWrite")
}
for acl, text in told.items():
    print(acl, "->", text[:300])
failed = {acl: "FAIL" in text for acl, text in told.items()}
assert failed == {"None": True, "Private": False, "PublicReadWrite": True}, failed
PY
"$work/venv/bin/python" "$work/ask.py"
