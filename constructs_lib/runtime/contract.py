"""The names that the constructs and the Lambda function both use. Nothing else is shared between the two."""

from collections.abc import Mapping
from enum import StrEnum

RESOURCE_TYPE = "Custom::SageMakerAutoMLJob"
"""The type of a job."""

WATCH_TYPE = "Custom::SageMakerAutoMLWatch"
"""The type of a watch over a job that no resource of the stack made."""

OUTCOME_TYPE = "Custom::SageMakerAutoMLOutcome"
"""The type of what a job has come to."""

MODEL_TYPE = "Custom::SageMakerAutoMLModel"
"""The type of a model made of a job's best candidate."""

ENDPOINT_CHECK_TYPE = "Custom::SageMakerEndpointCheck"
"""The type of a look at an endpoint after its deployment."""

TRANSFORM_TYPE = "Custom::SageMakerAutoMLTransform"
"""The type of a batch transform job with such a model."""

MODEL_PACKAGE_TYPE = "Custom::SageMakerAutoMLModelPackage"
"""The type of a version of a model in the registry."""

RETRAINING_TYPE = "Custom::SageMakerAutoMLRetraining"
"""The type of what trains a job's request again, and promotes what is better."""

NAME_LENGTH = 32
"""The length of every generated job name: the most that the API takes.

All names of a stack share a prefix and have this length, so that IAM can name them with ``?`` alone.
"""

HOSTED_NAME_LENGTH = 44
"""The length of the generated names of models, endpoints and transform jobs; the API takes 63."""

HASH_LENGTH = 12
"""The shortest hash at the end of a generated name; a `NAME_PREFIX` leaves at least this much room."""

SERVICE_TIMEOUT = 15 * 60 + 60
"""Seconds that CloudFormation waits for an answer: more than the function can run."""


STACK_VARIABLE = "STACK_ID"
"""The function's environment variable with the id of its own stack: it serves no other."""


class Property(StrEnum):
    """The resource properties of a job."""

    OPERATION = "Operation"
    """The API call that makes the job: `CreateAutoMLJob` or `CreateAutoMLJobV2`."""

    REQUEST = "Request"
    """The input of that call in the API's own names; without `AutoMLJobName` when the name is generated."""

    NAME_PREFIX = "NamePrefix"
    """The beginning of a generated name, with its final hyphen. Absent when the request carries a name."""

    REVISION = "Revision"
    """Any string; another value trains again although nothing else has changed."""

    WATCH = "Watch"
    """How the job is followed to its end, see `Watch`. Absent when nobody waits for it and nobody is told."""

    OWNER_TAG_PREFIX = "OwnerTagPrefix"
    """What the keys of `OwnerTag` begin with instead of `OWNER_PREFIX`. Absent: with that."""

    ENDPOINTS = "Endpoints"
    """The endpoints with names of the user's that the stack makes of the job's model, a list of `Endpoint`."""

    JOB_NAME = "JobName"
    """The job that a watch or an outcome is about."""

    JOB_SPEC = "JobSpec"
    """A hash of what the template makes the job of. Of a job or an outcome it is passed on; a model and a version
    have it so that their template changes with the job's."""

    DEPLOYED_JOB_SPEC = "DeployedJobSpec"
    """The same as another stack was deployed with, which has the job or its outcome: until they are equal, its job is
    not the one that this template is made for. Absent where both are of one deployment."""


class Endpoint(StrEnum):
    """The members of an endpoint in `Property.ENDPOINTS`."""

    NAME = "Name"
    LOGICAL_ID = "LogicalId"
    """The stack's resource that is, or will be, this endpoint."""


class JobStatus(StrEnum):
    """`AutoMLJobStatus` of the API."""

    COMPLETED = "Completed"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    STOPPED = "Stopped"
    STOPPING = "Stopping"


ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED})
"""The statuses that do not change any more."""


class Watch(StrEnum):
    """The members of `Property.WATCH`."""

    STATE_MACHINE = "StateMachine"
    """The ARN of the state machine that calls this function until the job has ended."""

    CONDITIONS = "Conditions"
    """The wait conditions to signal, a list of `Condition`; a deployment waits at them."""

    EVENT_BUS = "EventBus"
    """The name or ARN of the event bus that hears of each change of the job's state."""


class Condition(StrEnum):
    """The members of a wait condition in `Watch.CONDITIONS`."""

    LOGICAL_ID = "LogicalId"
    SECONDS = "Seconds"
    """Signal it so many seconds after the watch began although the job still runs."""


class OutcomeProperty(StrEnum):
    """The resource properties of an outcome, besides `Property.JOB_NAME`."""

    TIMEOUT = "TimeoutSeconds"
    """How long the deployment waits, for the message."""

    ON_TIMEOUT = "OnTimeout"
    """What happens to a job that still runs then, see `OnTimeout`."""

    RESULT = "WriteResult"
    """Whether the function may write the full result below the job's output location."""

    GATE = "Gate"
    """What the best candidate must reach, see `Gate`. Absent: nothing."""

    REVISION = "Revision"
    """Any string; another value waits and judges again."""


class OnTimeout(StrEnum):
    """What happens when a job still runs at the end of the time that a deployment waits.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StopAutoMLJob.html
    """

    STOP_JOB = "StopJob"
    """The job is stopped and the deployment fails."""

    FAIL = "Fail"
    """The deployment fails. A job of the same stack is then stopped by the rollback; another one runs on."""

    LET_RUN = "LetRun"
    """The deployment goes on without the result, and the job runs on."""


class Gate(StrEnum):
    """The members of `OutcomeProperty.GATE`."""

    RULE = "Rule"
    VALUE = "Value"
    METRIC = "Metric"
    """A metric of the best candidate. Absent: the job's objective."""

    ON_MISS = "OnMiss"


class GateRule(StrEnum):
    """How a metric is compared with the gate's value."""

    AT_LEAST = "AtLeast"
    AT_MOST = "AtMost"
    BETTER_THAN = "BetterThan"


class OnMiss(StrEnum):
    """What a missed gate means.

    See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
    """

    FAIL = "fail"
    """The deployment fails."""

    WARN = "warn"
    """The deployment goes on; `gate_result` tells."""


class Direction(StrEnum):
    """Whether less or more of a metric is better: `AutoMLJobObjectiveType` of the API."""

    MINIMIZE = "Minimize"
    MAXIMIZE = "Maximize"


_LESS = "MSE RMSE MAE MAPE MASE WAPE AverageWeightedQuantileLoss LogLoss InferenceLatency Perplexity ValidationLoss"
_MORE = "Accuracy BalancedAccuracy AUC R2 F1 F1macro Precision PrecisionMacro Recall RecallMacro Rouge1 Rouge2 RougeL"
DIRECTIONS = {
    **dict.fromkeys([*_LESS.split(), "TrainingLoss"], Direction.MINIMIZE),
    **dict.fromkeys([*_MORE.split(), "RougeLSum"], Direction.MAXIMIZE),
}
"""Which way each metric of `StandardMetricName` is better.

See https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-metrics-validation.html
"""

CLASS_METRICS = frozenset(
    ("Accuracy", "BalancedAccuracy", "F1", "F1macro", "Precision", "PrecisionMacro", "Recall", "RecallMacro", "AUC")
)
"""Metrics of classes that a holdout decides by."""

TWO_CLASS_METRICS = frozenset(("F1", "Precision", "Recall", "AUC"))
"""Those of them that are about one of two classes."""

ERROR_METRICS = frozenset(("MSE", "RMSE", "MAE", "R2"))
"""Metrics of numbers that a holdout decides by."""

_ALGORITHMS_NAMES = {
    "absoluteloss": "MAE",
    "binaryclassificationaccuracy": "Accuracy",
    "binaryfbeta": "F1",
    "f1binary": "F1",
    "macrofbeta": "F1macro",
    "macroprecision": "PrecisionMacro",
    "macrorecall": "RecallMacro",
    "mlogloss": "LogLoss",
    "multiclassaccuracy": "Accuracy",
    "rocaucscore": "AUC",
}
"""What linear-learner and XGBoost call a metric whose standard name is spelled otherwise, letters and digits only.

See https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html and `xgboost-tuning.html` beside it.
"""

_STANDARD_NAMES = {name.lower(): name for name in DIRECTIONS} | _ALGORITHMS_NAMES


def standard_name(metric: str) -> str:
    """The standard name of a metric that an algorithm or the service calls otherwise; empty if it is not known.

    A candidate's metric may be called `validation:mse` (MSE), `validation:binary_f_beta` (F1), or
    `AVERAGE_WEIGHTED_QUANTILE_LOSS`.
    """
    called = metric.rpartition(":")[2].lower()
    return _STANDARD_NAMES.get("".join(letter for letter in called if letter.isalnum()), "")


def direction_of(metric: str) -> Direction | None:
    """Whether less or more of a metric is better, whatever it is called; None if the metric is not known."""
    return DIRECTIONS.get(standard_name(metric))


class Attribute(StrEnum):
    """What `Fn::GetAtt` returns for a job. Every answer carries all of them, empty if unknown."""

    JOB_NAME = "JobName"
    JOB_ARN = "JobArn"
    JOB_SPEC = "JobSpec"


class OutcomeAttribute(StrEnum):
    """What `Fn::GetAtt` returns for an outcome. Every answer carries all of them, empty if unknown.

    In order of importance: an answer of more than 4096 bytes loses whole values, from the last one on.
    """

    MODEL_DATA_URL = "ModelDataUrl"
    JOB_NAME = "JobName"
    JOB_ARN = "JobArn"
    JOB_SPEC = "JobSpec"
    STATUS = "Status"
    SECONDARY_STATUS = "SecondaryStatus"
    PROBLEM_TYPE = "ProblemType"
    BEST_CANDIDATE_NAME = "BestCandidateName"
    BEST_CANDIDATE_METRIC = "BestCandidateMetric"
    OBJECTIVE_VALUE = "ObjectiveValue"
    GATE_RESULT = "GateResult"
    ENDPOINT_NAME = "EndpointName"
    RESULT_URI = "ResultUri"
    INFERENCE_IMAGE = "InferenceImage"
    MODEL_INSIGHTS_URI = "ModelInsightsUri"
    EXPLAINABILITY_URI = "ExplainabilityUri"
    BACKTEST_RESULTS_URI = "BacktestResultsUri"


RESULT_FILE = "outcome.json"
"""The full result of a job: `<output location>/<job name>/outcome.json`."""


class Poll(StrEnum):
    """What the state machine hands to the function, and gets back, at each look at a job."""

    ACTION = "Action"
    """Always `POLL_ACTION`: tells the call from an event of CloudFormation."""

    DONE = "Done"
    """Whether there is nothing more to look for."""

    EXECUTION = "Execution"
    """The name of the first execution of this watch; those that go on from it have a number behind it."""

    GENERATION = "Generation"
    LOOKS = "Looks"
    LATE_LOOKS = "LateLooks"
    """Looks since nothing is left but wait conditions that could not be signalled yet."""

    FAILED_LOOKS = "FailedLooks"
    """Looks in a row at which SageMaker did not tell of the job."""

    UNSENT = "Unsent"
    """Looks in a row at which the event about the job's present state could not be sent."""

    STARTED = "Started"
    """When the watch began, in seconds since 1970."""

    SEEN = "Seen"
    """The state of the job at the last look; what differs from it is told."""

    STACK_ID = "StackId"
    LOGICAL_ID = "LogicalId"
    JOB_NAME = "JobName"
    WATCH = "Watch"


POLL_ACTION = "PollAutoMLJob"

EVENT_SOURCE = "cdk-sagemaker-autopilot"
"""`source` of the events about jobs. AWS sends none, and `aws.` is its own."""

EVENT_DETAIL_TYPE = "Autopilot Job State Change"


class EventDetail(StrEnum):
    """`detail` of an event: the API's names where it has them. Every event has all of them.

    All are text, empty if unknown, but for the value and the times: those are numbers, null if unknown. Times are
    milliseconds since 1970, as in SageMaker's own events. The best candidate of a job that still runs is the best so
    far.
    """

    JOB_NAME = "AutoMLJobName"
    JOB_ARN = "AutoMLJobArn"
    STATUS = "AutoMLJobStatus"
    SECONDARY_STATUS = "AutoMLJobSecondaryStatus"
    CREATION_TIME = "CreationTime"
    END_TIME = "EndTime"
    FAILURE_REASON = "FailureReason"
    BEST_CANDIDATE_NAME = "BestCandidateName"
    METRIC_NAME = "MetricName"
    METRIC_VALUE = "MetricValue"
    STACK_ID = "StackId"
    LOGICAL_ID = "LogicalResourceId"


METRIC_NAMESPACE = "SageMakerAutopilot"
"""CloudWatch's namespace for the metrics of jobs."""

METRIC_DIMENSION = "JobResource"
"""`<stack name>/<logical id>` of the resource that the job belongs to."""


class JobMetric(StrEnum):
    """Metrics of a job's end."""

    COMPLETED = "JobsCompleted"
    FAILED = "JobsFailed"
    STOPPED = "JobsStopped"
    DURATION = "JobDuration"
    """Seconds."""

    OBJECTIVE = "ObjectiveValue"


OWNER_PREFIX = "sagemaker-autopilot:"
"""What the keys of `OwnerTag` begin with, unless an organisation wants another prefix."""


class OwnerTag(StrEnum):
    """Tags on every job: whose it is. They decide what may be adopted, and what may be stopped."""

    STACK = "sagemaker-autopilot:stack-id"
    RESOURCE = "sagemaker-autopilot:logical-id"
    SPEC = "sagemaker-autopilot:spec"
    """A hash of all that, changed, needs another job."""

    REQUEST = "sagemaker-autopilot:request-id"
    """The CloudFormation request that made the job: the same event again finds the same job."""

    REPLACES = "sagemaker-autopilot:replaces"
    """The physical id that the resource had before. A rollback goes back to it whatever names are computed by now."""

    RELEASED = "sagemaker-autopilot:released"
    """Set when the resource gave the job up (deleted or replaced). A released job is never adopted again."""

    def under(self, prefix: str) -> str:
        """The key with another prefix."""
        return prefix + self.removeprefix(OWNER_PREFIX)


_FROM_THE_FIRST = (OwnerTag.STACK, OwnerTag.RESOURCE, OwnerTag.SPEC, OwnerTag.REQUEST)


def read_owner(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags, with those that tell of an owner called as in `OwnerTag`, whatever prefix they were written with.

    A prefix may have changed since. One counts where all tags stand that a job gets when it is made: those of
    CloudFormation have no request. Where two prefixes tell of two owners, nobody is the owner.
    """
    read = dict(tags)
    for prefix in {key.removesuffix(OwnerTag.STACK.under("")) for key in tags if not key.startswith("aws:")}:
        if not all(tag.under(prefix) in tags for tag in _FROM_THE_FIRST):
            continue
        for tag in OwnerTag:
            value = tags.get(tag.under(prefix), read.get(tag, ""))
            if value and read.setdefault(tag, value) != value:
                return {key: value for key, value in tags.items() if key not in set(OwnerTag)}
    return read


class CandidateProperty(StrEnum):
    """Properties of a model, and of a version in the registry, besides `Property.JOB_NAME`.

    `Property.REQUEST` has the input of `CreateModel` or `CreateModelPackage` without what comes of the job.
    """

    INSTANCE_TYPE = "InstanceType"
    """Where the model runs: it decides between containers for CPU and for GPU. Absent: CPU."""

    RESPONSE_KEYS = "InferenceResponseKeys"
    """What answers are to hold, a list. Absent: what the candidate answers by itself."""

    MAX_CONTAINERS = "MaxContainers"
    """How many containers can be taken. Absent: as many as the API takes."""


class ModelAttribute(StrEnum):
    """What `Fn::GetAtt` returns for a model."""

    MODEL_NAME = "ModelName"


class EndpointCheck(StrEnum):
    """The resource properties of a look at an endpoint, and what `Fn::GetAtt` returns for it."""

    ENDPOINT_NAME = "EndpointName"
    CONFIG_NAME = "EndpointConfigName"
    """The configuration that has to be in service."""


class TransformAttribute(StrEnum):
    """What `Fn::GetAtt` returns for a transform job."""

    JOB_NAME = "TransformJobName"
    JOB_ARN = "TransformJobArn"


class ModelPackageAttribute(StrEnum):
    """What `Fn::GetAtt` returns for a version in the registry."""

    ARN = "ModelPackageArn"
    VERSION = "ModelPackageVersion"


class CandidateOfRuns(StrEnum):
    """Properties of a model that a retraining may replace, besides those of any model."""

    RETRAINING = "Retraining"
    """The folder of the retraining's document: its champion is what the model is made of."""

    SHAPE = "EndpointShape"
    """A hash of how the endpoint serves: when that changes, the model is asked for first."""


PROMOTED_JOB = "sagemaker-autopilot:promoted-job"
"""The tag of a model that a run made: its job. The model's resource goes on with it when tags or role change."""

TAKEN_WITH = "sagemaker-autopilot:taken-with"
"""The tag of a model that such a resource has taken: a hash of the properties with which it did."""


class Retraining(StrEnum):
    """The resource properties of a retraining, besides `Property`'s job, request, prefix, revision and tags' prefix.

    They are the document's `Settings` too.
    """

    FOLDER = "Folder"
    """The S3 URI of the folder of the document and the reports; with its final slash."""

    KEY = "EncryptionKey"
    """The KMS key of both. Absent: the bucket's own encryption."""

    STATE_MACHINE = "StateMachine"
    EVENT_BUS = "EventBus"
    TOPIC = "FailureTopic"
    """Who is told of runs that failed. Absent: nobody."""

    TIMEOUT = "TimeoutSeconds"
    POLL = "PollSeconds"
    MAX_JOBS = "MaxRunsPerMonth"
    DATA = "Data"
    """The objects that are learned from, see `RetrainingData`. Absent: they are not looked at."""

    GATE = "Gate"
    """What a challenger must reach, see `RetrainingGate`."""

    HOLDOUT = "Holdout"
    """The rows that both models answer, see `RetrainingHoldout`. Absent: the jobs' own metrics are compared."""

    REGISTRY = "Registry"
    """The properties of a version in the registry. Absent: nothing is registered."""

    ENDPOINT = "Endpoint"
    """What is promoted, see `PromotedEndpoint`. Absent: nothing."""


class RetrainingData(StrEnum):
    """The members of `Retraining.DATA`."""

    BUCKET = "Bucket"
    PREFIX = "Prefix"
    QUIET = "QuietSeconds"
    """A trigger by data waits until the newest object is so old."""

    EVERY = "EverySeconds"
    """A trigger by data waits until the last training began so long ago."""


class RetrainingGate(StrEnum):
    """The members of `Retraining.GATE`; those that are absent ask for nothing."""

    CHAMPION = "BetterThanChampion"
    """By how much the champion must be beaten; by anything at all with 0."""

    METRIC = "Metric"
    AT_LEAST = "AtLeast"
    AT_MOST = "AtMost"


class RetrainingHoldout(StrEnum):
    """The members of `Retraining.HOLDOUT`."""

    BUCKET = "Bucket"
    KEY = "Key"
    TARGET = "Target"
    """The column that the job learns."""

    CONFIDENCE = "Confidence"
    MINIMUM_ROWS = "MinimumRows"
    INSTANCE_TYPE = "InstanceType"
    NAME_PREFIX = "NamePrefix"
    """The beginning of the names of models and transform jobs, which answer the rows."""


class PromotedEndpoint(StrEnum):
    """The members of `Retraining.ENDPOINT`."""

    NAME = "Name"
    CONFIG = "TemplateConfig"
    """The configuration that the template makes."""

    MODEL = "Model"
    """The properties of the endpoint's model resource."""

    MODEL_ID = "ModelLogicalId"
    UPDATE = "Update"
    """What else UpdateEndpoint is given."""


class RetrainingTrigger(StrEnum):
    """The input of an execution of the retraining's state machine."""

    RETRAINING = "Retraining"
    """`Retraining.FOLDER`."""

    CAUSE = "Cause"
    """Why, in words."""

    ID = "Id"
    """The same again is the same trigger. Absent: each execution is a trigger of its own."""

    EVENT = "Event"
    """An event of EventBridge, which says the rest itself."""

    ROLLBACK = "Rollback"
    """True: go back to the model before."""

    RECONCILE = "Reconcile"
    """True: see that the endpoint serves the champion."""

    GOES_ON = "GoesOnFrom"
    """The execution whose run this one goes on with."""


class Look(StrEnum):
    """What that state machine hands to the function, and gets back."""

    ACTION = "Action"
    EXECUTION = "Execution"
    BEGAN = "Began"
    TRIGGER = "Trigger"
    DONE = "Done"
    SECONDS = "Seconds"
    """How long to wait until the next look."""


RETRAIN_ACTION = "RetrainAutoMLJob"

STATE_FILE = "state.json"
"""The document: `<folder>/state.json`."""

REPORTS_FOLDER = "runs/"
"""Reports: `<folder>/runs/<run>.json`."""

HOLDOUT_FOLDER = "holdout/"
"""What is there while models answer the holdout's rows: `<folder>/holdout/<run>/`."""

MOST_HOLDOUT_MIB = 10
MOST_HOLDOUT_ROWS = 50_000
"""What the function has memory and time for."""

RETRAINING_DETAIL_TYPE = "Autopilot Retraining Run"


class RunDetail(StrEnum):
    """`detail` of the event about the end of a run; the report has the same and more."""

    RUN = "Run"
    KIND = "Kind"
    CAUSES = "Causes"
    DECISION = "Decision"
    REASON = "Reason"
    JOB_NAME = "AutoMLJobName"
    STACK_ID = "StackId"
    LOGICAL_ID = "LogicalResourceId"


class Decision(StrEnum):
    """How a run ended."""

    PROMOTED = "Promoted"
    REGISTERED = "Registered"
    """It won, and nothing serves it."""

    WAITS = "WaitsForApproval"
    KEPT = "ChampionKept"
    """The challenger missed the gate."""

    IN_ORDER = "InOrder"
    """There was nothing to do."""

    STOPPED = "JobStopped"
    """Somebody stopped the job."""

    CEILING = "MonthIsFull"
    LEFT_ALONE = "EndpointLeftAlone"
    """Somebody else changed the endpoint."""

    TAKEN_BACK = "DeploymentTakenBack"
    FAILED = "Failed"


TROUBLE = frozenset({Decision.LEFT_ALONE, Decision.TAKEN_BACK, Decision.FAILED})
"""What somebody should look at."""


class RunMetric(StrEnum):
    """Metrics of a run's end, with `METRIC_DIMENSION`."""

    RUNS = "RetrainingRuns"
    PROMOTIONS = "Promotions"
    FAILED = "RetrainingRunsFailed"
    CHALLENGER = "ChallengerObjective"
    CHAMPION = "ChampionObjective"


class RetrainingAttribute(StrEnum):
    """What `Fn::GetAtt` returns for a retraining."""

    FOLDER = "Folder"
