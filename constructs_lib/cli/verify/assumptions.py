"""What this library assumes of AWS and nobody has seen there, each with what happens if it is wrong.

`docs/unverified.md` is made from this list. Comments in the code name an assumption by its id: `[role-text]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Noticed(StrEnum):
    """What a user would notice if an assumption is wrong, the worst first."""

    BILLS = "Something runs on, and bills"
    NO_JOB = "The job is not created, or it fails"
    DEPLOYMENT = "The deployment fails or hangs"
    PASSES = "Something bad passes"
    MISSING = "Something is missing afterwards"
    STRICT = "Something is refused or warned of that AWS would take"
    BROAD = "Somebody may more than is needed"


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """Something that is assumed of AWS."""

    id: str
    """How code, tests and reports name it."""

    assumed: str
    where: tuple[str, ...]
    """The files that rest on it, below `constructs_lib`."""

    if_wrong: str
    noticed: Noticed


ASSUMPTIONS: Final = (
    Assumption(
        id="endpoint-chain",
        assumed="A one-click endpoint names its configuration, and that its models",
        where=("runtime/endpoint.py",),
        if_wrong="what cannot be found stays; the function logs it",
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="stopped-while-deploying",
        assumed="A job that is stopped while it deploys leaves no endpoint with a name of the service's own choosing",
        where=("runtime/endpoint.py",),
        if_wrong="that endpoint stays and bills; `ModelDeployConfig.named` gives one that is always found",
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="late-redelivery",
        assumed="`DescribeStackResource` shows `DELETE_IN_PROGRESS` to a late redelivery",
        where=("runtime/stack.py",),
        if_wrong="a job could start that nobody waits for, and be stopped by nothing",
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="clean-up-status",
        assumed=(
            "While what was replaced is cleaned up, `DescribeStackResource` may show its deletion, under its old id, "
            "as the state of the resource"
        ),
        where=("runtime/stack.py",),
        if_wrong="nothing is lost: a late request waits for the end of a clean-up that it need not wait for",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="reverse-update",
        assumed="CloudFormation sends the reverse `Update` when an update with a replaced custom resource rolls back",
        where=("runtime/lifecycle.py",),
        if_wrong="the new job is stopped by its `Delete` all the same; the old one was never touched",
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="tags-of-actions",
        assumed="`aws:ResourceTag` holds for Describe, ListTags, AddTags, DeleteTags and StopAutoMLJob",
        where=("access/permissions.py",),
        if_wrong=(
            "a job whose explicit name, or the prefix of whose name, an update changed is not stopped by it: its "
            "deletion fails and says so"
        ),
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="tags-of-models",
        assumed="`sagemaker:DescribeModel` and its kin hold `aws:ResourceTag`",
        where=("access/permissions.py",),
        if_wrong="a model with the prefix of an older app is not deleted; it costs nothing",
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="answer-date",
        assumed="The address for an answer says when CloudFormation signed it (`X-Amz-Date`)",
        where=("runtime/event.py",),
        if_wrong=(
            "a late request is not told by its age; what CloudFormation says of the resource is asked all the same"
        ),
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="update-time",
        assumed="`LastUpdatedTimestamp` of a resource is the start of the request that is under way",
        where=("runtime/stack.py",),
        if_wrong="a request that another one has overtaken is not told by times; the other checks stay",
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="stack-events",
        assumed="`DescribeStackEvents` shows each request about a resource with its properties, the latest first",
        where=("runtime/stack.py",),
        if_wrong=(
            "of requests within 15 seconds, an update that was taken back may leave its tags, or make a job that "
            "nobody owns while a later update is under way"
        ),
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="one-click-times",
        assumed=(
            "A one-click deployment is made within five minutes of the job's `EndTime`, and its model data "
            "lie below the job's output, by which one that is made after `EndTime` is known"
        ),
        where=("runtime/endpoint.py",),
        if_wrong=(
            "an endpoint that the job did make is taken for somebody else's: it stays and bills, and the "
            "function logs it"
        ),
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="key-as-prefix",
        assumed="Autopilot can list and read a single object through an S3 prefix that is its whole key",
        where=("data/channels.py",),
        if_wrong="the job ends `Failed` with the service's reason",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="emr-serverless",
        assumed="A job may be given an EMR Serverless role outside of Canvas, and its role needs `iam:PassRole` on it",
        where=("access/permissions.py",),
        if_wrong="the create call is refused; there is a warning when the app is synthesized",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="volume-grants",
        assumed="The grants on a volume key satisfy `kms:GrantIsForAWSResource`",
        where=("access/permissions.py",),
        if_wrong="the job fails at its volumes; bring your own role",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="network-interfaces",
        assumed="`ec2:CreateNetworkInterface` suffices when it is scoped to the job's subnets and security groups",
        where=("access/permissions.py",),
        if_wrong="the job ends `Failed`, naming the action; bring your own role",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="key-aliases",
        assumed=(
            "`kms:ResourceAliases` holds for every action on a key named by its alias (`from_request` with `role=`)"
        ),
        where=("access/keys.py",),
        if_wrong="the job is denied the key; name it by its ARN",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="scoped-minimum",
        assumed=(
            "The documented execution-role permissions suffice when they are scoped to prefixes, log groups "
            "and namespaces"
        ),
        where=("access/permissions.py",),
        if_wrong="the job ends `Failed`, naming the action; bring your own role until it is mended",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="trust-keys",
        assumed=(
            "SageMaker says `aws:SourceArn` and `aws:SourceAccount` whenever it assumes a role, for an AutoML job "
            "itself too (its page shows both keys, and other kinds of jobs), as Step Functions does; of Lambda no "
            "page says so, and the roles of functions ask for neither"
        ),
        where=("access/grants.py",),
        if_wrong="the role cannot be assumed, and the service says so; bring your own role",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="role-text",
        assumed="The text of the error while a new role is not usable yet",
        where=("runtime/failure.py",),
        if_wrong="the create call is not retried, and the deployment fails with the service's text",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="china",
        assumed="`DescribeAutoMLJobV2` works in the regions of China, and describes V1 jobs there",
        where=("runtime/jobs.py",),
        if_wrong="no job can be made there; the service's text is told",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="signal-resource",
        assumed=(
            "`SignalResource` reaches a wait condition with a `CreationPolicy` that is `CREATE_IN_PROGRESS`, and "
            "`DescribeStackResource` shows it so"
        ),
        where=("runtime/poll.py",),
        if_wrong="the deployment waits until the condition times out, and fails",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="other-account",
        assumed=(
            "A policy that trusts another account and names a role of it in `aws:PrincipalArn` lets in what a service "
            "does as that role; that of an event bus takes `events:source` beside it, and events that come from "
            "another account carry its `account` and `region`"
        ),
        where=("access/opening.py",),
        if_wrong=(
            "a job that reads or writes in another account's bucket is denied, and ends `Failed`; a rule in another "
            "account hears nothing"
        ),
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="policy-order",
        assumed="In the clean-up a policy that left the template is deleted after the job or model that depended on it",
        where=("access/lasting.py",),
        if_wrong="the old job or model loses its permissions just before it goes",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="twelve-hours",
        assumed="CloudFormation's execution role outlives a deployment of more than 12 hours",
        where=("outcome/outcome.py",),
        if_wrong=(
            "the deployment fails when the credentials expire; the job is stopped by the rollback or the "
            "next deployment"
        ),
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="rollback-status",
        assumed="`DescribeStacks` shows a status with `ROLLBACK` while custom resources are updated back",
        where=("runtime/stack.py",),
        if_wrong="an old job that is bad by now could fail a rollback; continue it with the resource skipped",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="update-back",
        assumed=(
            "`UpdateEndpoint` back to the configuration that is in service is accepted, which is what a stack's "
            "rollback "
            "does after SageMaker took a deployment back"
        ),
        where=("runtime/check.py",),
        if_wrong="the stack ends UPDATE_ROLLBACK_FAILED; continue its rollback and skip the endpoint",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="function-network",
        assumed="Lambda takes an execution role whose EC2 actions are scoped to interfaces, groups and subnets",
        where=("access/permissions.py",),
        if_wrong="a function with `vpc` is not created",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="copied-folders",
        assumed="`aws s3 cp` of an archive and `aws s3 sync` of its files to a bucket need `s3:GetObject`, and "
        "`s3:ListBucket` with `s3:PutObject`; no action on the buckets' AWS-managed keys",
        where=("access/permissions.py",),
        if_wrong="the copy of a folder fails, and the deployment with it",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="copied-in-time",
        assumed="CDK's function copies 100,000 files, or 4.5 GiB, in 15 minutes (one processor takes 6 ms for a file, "
        "measured with the AWS CLI against a local server)",
        where=("data/uploads.py",),
        if_wrong="the copy of a large folder is cut off, and the deployment fails; a larger one is refused",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="result-key",
        assumed="A bucket's own KMS key wants `kms:GenerateDataKey` alone for a small object",
        where=("access/permissions.py",),
        if_wrong="the result is not written, and the outcome fails with that reason",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="cpu-containers",
        assumed=(
            "The containers of candidates for images and texts that are for CPU run on instances with a GPU, "
            "and on Inferentia"
        ),
        where=("runtime/candidate.py",),
        if_wrong="the endpoint does not start, and says so",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="registry-objects",
        assumed="A version in the registry needs no permission of its caller on the model's S3 objects",
        where=("access/permissions.py",),
        if_wrong="the registration is denied, naming the action",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="rollback-alarms",
        assumed="`cloudwatch:DescribeAlarms` on the alarms, in the model's role, is what a rollback needs",
        where=("access/permissions.py",),
        if_wrong="SageMaker refuses the deployment, naming the action",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="endpoint-volume",
        assumed="An endpoint's volume key is satisfied by `kms:CreateGrant` in the model's role",
        where=("access/permissions.py",),
        if_wrong="the endpoint does not start, naming the action",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="answer-hosts",
        assumed="CloudFormation's buckets for answers are called alike in all partitions",
        where=("runtime/event.py",),
        if_wrong="in a partition with other names nobody is answered, and the deployment fails when its time is over",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="token-metadata",
        assumed="A `ClientToken` may be repeated with other metadata",
        where=("runtime/registration.py",),
        if_wrong="a registration that is delivered again after its reports could not be listed fails",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="auto-mode",
        assumed="A job whose mode is named AUTO makes a pipeline or one container, by the size of the data",
        where=("endpoint/endpoint.py",),
        if_wrong="`Serverless` may fail after the training; there is a warning when the app is synthesized",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="picture-batch",
        assumed="Batch transforms of pictures are `application/x-image`",
        where=("candidate/batch.py",),
        if_wrong="the transform job fails; give `content_type`",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="endpoint-log",
        assumed="SageMaker writes into an endpoint's log group that is there before it, and makes it no second time "
        "when the endpoint is gone",
        where=("endpoint/endpoint.py",),
        if_wrong="a stack with `log_retention` cannot be made again under its name until that group is deleted",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="config-after-rollback",
        assumed="`DescribeEndpoint` names the old configuration after SageMaker took a deployment back",
        where=("runtime/check.py",),
        if_wrong="a deployment that was taken back passes",
        noticed=Noticed.PASSES,
    ),
    Assumption(
        id="client-token",
        assumed="The same `ClientToken` gives the same version",
        where=("runtime/registration.py",),
        if_wrong="an event that is delivered twice registers two versions",
        noticed=Noticed.PASSES,
    ),
    Assumption(
        id="scaled-capture",
        assumed=(
            "`RetainAllVariantProperties` with `DataCaptureConfig` excluded keeps the instances and changes the capture"
        ),
        where=("endpoint/endpoint.py",),
        if_wrong="a scaled endpoint keeps its old capture",
        noticed=Noticed.PASSES,
    ),
    Assumption(
        id="stack-output",
        assumed="`Fn::GetStackOutput` is read anew at each update of the stack that has it",
        where=("jobs/digest.py",),
        if_wrong="what serves a job from another stack keeps the old model",
        noticed=Noticed.PASSES,
    ),
    Assumption(
        id="metric-lines",
        assumed="Lambda passes a line of the embedded metric format on as it is although the function logs in JSON",
        where=("runtime/publish.py",),
        if_wrong="the metrics stay empty",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="event-source",
        assumed="`events:source` holds for `PutEvents` on the default bus",
        where=("access/permissions.py",),
        if_wrong="events are denied: nothing is told, and nothing else suffers; the function logs it",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="console-pages",
        assumed="The addresses of the consoles, and of the page of training jobs",
        where=("runtime/verdict.py",),
        if_wrong="the link in a failure leads nowhere",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="report-files",
        assumed=(
            "The reports are files named `statistics.json` and `analysis.json`, in or below the candidate's "
            "artifact locations"
        ),
        where=("runtime/reports.py",),
        if_wrong="the version in the registry has no metrics, and says so",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="async-capture",
        assumed="Asynchronous endpoints keep traffic (`data_capture`) as others do",
        where=("endpoint/endpoint.py",),
        if_wrong="nothing is kept, or the endpoint config is refused",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="ensembling-problem",
        assumed="In ENSEMBLING a problem type that is not given is found by AutoGluon's rule; of two classes the last "
        "in order is the positive one",
        where=("engines/ensembling.py",),
        if_wrong="another problem is learned, or a metric is of the other class: give `problem_type`",
        noticed=Noticed.PASSES,
    ),
    Assumption(
        id="ensembling-request",
        assumed="An ENSEMBLING endpoint takes a header line for a row, and refuses a whole request for a cell that is "
        "no number in a column of numbers",
        where=("rehearsal/training/tabular/bodies.py",),
        if_wrong="a request that AWS answers is refused in the rehearsal",
        noticed=Noticed.STRICT,
    ),
    Assumption(
        id="v1-rules",
        assumed="Objective and problem type go together in V1 too; algorithms want a mode; gzip wants a prefix",
        where=("api/rules.py",),
        if_wrong="a request that the service would take is refused when the app is synthesized",
        noticed=Noticed.STRICT,
    ),
    Assumption(
        id="readers",
        assumed="What reads a user's table first takes missing words, odd rows and headers as the mode's engine does",
        where=("engines/ensembling.py", "engines/tuning.py"),
        if_wrong="a table is refused or warned of that AWS reads well; the refusal can be acknowledged",
        noticed=Noticed.STRICT,
    ),
    Assumption(
        id="other-region",
        assumed="A job, key, bucket or model of another region is always refused by the service",
        where=("access/places.py",),
        if_wrong="a construct is refused that would have worked; use what is in the stack's region",
        noticed=Noticed.STRICT,
    ),
    Assumption(
        id="metric-periods",
        assumed="CloudWatch takes periods of 1, 5, 10, 20 and 30 seconds and multiples of 60 up to a day",
        where=("provider/metrics.py",),
        if_wrong="a period is refused that would have worked, or an alarm fails when it is deployed",
        noticed=Noticed.STRICT,
    ),
    Assumption(
        id="whole-numbers",
        assumed="All whole numbers of the API have 32 bits",
        where=("api/fields.py",),
        if_wrong="a number above 2147483647 is refused that the service would take",
        noticed=Noticed.STRICT,
    ),
    Assumption(
        id="series-channel",
        assumed="`futurefill` of the target and a validation channel of time series are not read",
        where=("api/problem_types/time_series_forecasting.py",),
        if_wrong="a warning too many",
        noticed=Noticed.STRICT,
    ),
    Assumption(
        id="serverless-limits",
        assumed="A serverless endpoint takes no inference pipeline, VPC, network isolation or data capture",
        where=("endpoint/endpoint.py",),
        if_wrong="a request that the service would take is refused when the app is synthesized",
        noticed=Noticed.STRICT,
    ),
    Assumption(
        id="local-storage",
        assumed="Which instance families have disks of their own, for which a key is refused",
        where=("api/hosting.py",),
        if_wrong="a key is refused here that the service would take, or the other way round",
        noticed=Noticed.STRICT,
    ),
    Assumption(
        id="stack-uuid",
        assumed="The first group of the UUID in a stack's id differs from stack to stack; its letters are lower-case",
        where=("naming.py",),
        if_wrong="two launches of one template share the names of their jobs, and an endpoint's name is taken",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="refactored-resource",
        assumed=(
            "After a stack refactoring `DescribeStackResource` says of the old logical id that the stack has no such "
            "resource; a custom resource that was moved gets its events under the new one, with its physical id"
        ),
        where=("runtime/stack.py",),
        if_wrong="the job of a resource that was moved is left running when the resource is deleted or replaced",
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="asset-keys",
        assumed=(
            "S3 uses the key of a bucket with the encryption context `aws:s3:arn`, the bucket's or the object's ARN, "
            "and as `s3.<region>.amazonaws.com`"
        ),
        where=("access/permissions.py",),
        if_wrong="a job of a product, or of a stack with a staging bucket, cannot read its local data",
        noticed=Noticed.NO_JOB,
    ),
    Assumption(
        id="promotion-rights",
        assumed="IAM judges `UpdateEndpoint` by the ARNs of the endpoint and of its new configuration",
        where=("access/permissions.py",),
        if_wrong="a retraining promotes nothing: each run fails at its last step, and says so",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="denied-approval",
        assumed=(
            "A Deny by `sagemaker:ModelApprovalStatus` keeps the function from registering or changing a version as "
            "`Approved`"
        ),
        where=("access/permissions.py",),
        if_wrong="the function could approve where a person has to; its code does not",
        noticed=Noticed.PASSES,
    ),
    Assumption(
        id="config-while-updating",
        assumed=(
            "`DescribeEndpoint` names the configuration of before until an update has taken traffic over, and the "
            "new one once it is in service"
        ),
        where=("runtime/retrain_promotion.py",),
        if_wrong="a promotion that went well is taken for one that was taken back, and is told as that",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="endpoint-events",
        assumed="Events of endpoints carry `EndpointName` and `EndpointStatus` `IN_SERVICE`",
        where=("retraining/triggers.py",),
        if_wrong="a promoted model that a rollback has taken out of service comes back with the next run only",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="event-as-object",
        assumed="An input transformer puts an object where its template names the event's `detail` without quotes",
        where=("retraining/triggers.py",),
        if_wrong="rules start no run; schedules and people do",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="scheduled-time",
        assumed="`<aws.scheduler.scheduled-time>` is the same at each attempt of one invocation",
        where=("retraining/triggers.py",),
        if_wrong="an attempt that is repeated is remembered as another trigger: one more run",
        noticed=Noticed.BILLS,
    ),
    Assumption(
        id="holdout-transform",
        assumed="A transform job with `SplitType` and `AssembleWith` `Line` answers a CSV file with one line for each "
        "of its rows, in their order, in one object below its output whose key ends with `.out`; the job's own role "
        "may run it; `probabilities` and `labels` are lists as Python prints them, in CSV too",
        where=("runtime/retrain_evaluation.py",),
        if_wrong="runs with `evaluate_on` end `Failed` with the reason, and nothing is promoted",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="endpoint-lag",
        assumed="DescribeEndpoint tells of an UpdateEndpoint that was answered within 30 seconds",
        where=("runtime/retrain_run.py",),
        if_wrong="a run ends `DeploymentTakenBack`, and the next one puts the champion of before in service again",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="conditional-conflict",
        assumed="S3 answers a conditional write that lost with 412, or with 409 while another one is under way",
        where=("runtime/retrain_store.py",),
        if_wrong="a trigger fails and is sent again, or is lost after its attempts",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="one-start-role",
        assumed=(
            "One role may be assumed by EventBridge for a rule and by the Scheduler for a schedule group, each by "
            "its own `aws:SourceArn`"
        ),
        where=("provider/retrainer.py",),
        if_wrong="rules or schedules start no run",
        noticed=Noticed.MISSING,
    ),
    Assumption(
        id="left-out-items",
        assumed="`AWS::NoValue` as an item of `Resource` or of a condition's list in a policy leaves the item out",
        where=("naming.py",),
        if_wrong="the policy of a model's role is refused, and the deployment fails",
        noticed=Noticed.DEPLOYMENT,
    ),
    Assumption(
        id="x86-images",
        assumed="Autopilot's images are made for x86 only",
        where=("endpoint/serving.py",),
        if_wrong="a warning too many about ARM instances",
        noticed=Noticed.STRICT,
    ),
    Assumption(
        id="multipart-keys",
        assumed="Multipart uploads under SSE-KMS want `kms:Decrypt` and `kms:GenerateDataKey` besides `kms:Encrypt`",
        where=("access/permissions.py",),
        if_wrong="two actions more than needed on the output key",
        noticed=Noticed.BROAD,
    ),
    Assumption(
        id="training-instances",
        assumed=(
            "A job trains each candidate on one instance, for a table of at most ml.m5.12xlarge, and a one-click "
            "endpoint has the instances for which AWS asks a quota"
        ),
        where=("cli/explain/bill.py",),
        if_wrong="`automl explain` tells too small a bound; it says what it assumes beside each figure",
        noticed=Noticed.PASSES,
    ),
)
