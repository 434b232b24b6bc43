"""What the resources of a scenario ask for, as CloudFormation sends it."""

from typing import TYPE_CHECKING, Any

from constructs_lib.runtime.contract import (
    ENDPOINT_CHECK_TYPE,
    MODEL_PACKAGE_TYPE,
    MODEL_TYPE,
    OUTCOME_TYPE,
    OWNER_PREFIX,
    RESOURCE_TYPE,
    RETRAINING_TYPE,
    TRANSFORM_TYPE,
    WATCH_TYPE,
)

from ..runtime.fake_hosting import model
from ..runtime.fake_retraining import MACHINE
from ..runtime.world import properties, request, stringified, watching
from .scenario import DEPLOYED, DEPLOYED_ANEW, NAMED, WATCHED

if TYPE_CHECKING:
    from .stacks import Stack

TYPES = {
    "job": RESOURCE_TYPE,
    "watch": WATCH_TYPE,
    "outcome": OUTCOME_TYPE,
    "model": MODEL_TYPE,
    "transform": TRANSFORM_TYPE,
    "package": MODEL_PACKAGE_TYPE,
    "check": ENDPOINT_CHECK_TYPE,
    "retraining": RETRAINING_TYPE,
    "followed": MODEL_TYPE,
    "seen": ENDPOINT_CHECK_TYPE,
}

LEARNED = ("churn-1", "churn-2")
"""Jobs of others that have ended well: models and versions are made of them."""

RUNNING = "somebodys"
"""A job of others that runs on; nobody here may touch it."""

SERVED = "churn"
"""An endpoint of others."""


WATCHED_DATA = ("data", "churn/new/")
"""What retrainings watch."""

HOLDOUT = {
    "Bucket": "data",
    "Key": "churn/holdout.csv",
    "Target": "churned",
    "Confidence": 0.95,
    "MinimumRows": 100,
    "InstanceType": "ml.m5.xlarge",
    "NamePrefix": "demo1a2b-weekly-",
}

HELD_OUT_ROWS = 100

RETRAINED_AS = "demo-weekly-"
"""What the names of jobs of runs begin with."""

CEILING = 3
"""So many jobs runs may make in a month."""


def folder_of(stack: "Stack") -> str:
    """Where the document of a stack's retraining lies."""
    resource = stack.retraining
    return (resource and resource.physical_id) or f"s3://results/weekly-{stack.number}/"


def champion_of(stack: int) -> str:
    """The endpoint to which the retraining of a stack promotes."""
    return f"champion-{stack}"


def endpoint_of(stack: int) -> str:
    """The endpoint that the job of a stack is to deploy."""
    return f"endpoint-{stack}"


def properties_of(kind: str, wish: str, stack: "Stack") -> dict[str, Any]:
    """The properties of a resource of this kind."""
    is_owned = kind in {"job", "model", "transform", "retraining", "followed"} and stack.owner_prefix != OWNER_PREFIX
    marked = {"OwnerTagPrefix": stack.owner_prefix} if is_owned else {}
    return _wanted(kind, wish, stack) | marked


def named(kind: str, wish: str, stack: "Stack") -> dict[str, Any]:
    """As much of the properties as says what names begin with."""
    match kind:
        case "retraining":
            return {"NamePrefix": RETRAINED_AS}
        case "followed":
            return {"NamePrefix": _champion_prefix(wish)}
        case "config" | "endpoint" | "seen":
            return {}
    return properties_of(kind, wish, stack)


def _wanted(kind: str, wish: str, stack: "Stack") -> dict[str, Any]:
    tags = {"team": "growth", "cost": "7"} if "tagged" in wish else {"team": "core"}
    is_other = "problem" in wish
    revision = "2" if "revision" in wish else "1"
    match kind:
        case "job":
            return _job(wish, tags, revision, stack.number)
        case "model":
            prefix = "renamed-churn-" if "prefix" in wish else "demo1a2b-churn-"
            return model(LEARNED[is_other], tags=tags, NamePrefix=prefix, InferenceResponseKeys=[])
        case "transform":
            return _transform(tags, revision, "renamed-" if "prefix" in wish else "demo1a2b-score-", is_other=is_other)
        case "package":
            status = "Approved" if "tagged" in wish else "PendingManualApproval"
            request = {"ModelPackageGroupName": "churn", "ModelApprovalStatus": status}
            return {"ServiceToken": "arn", "JobName": LEARNED[is_other], "Request": request}
        case "check":
            return {"ServiceToken": "arn", "EndpointName": SERVED, "EndpointConfigName": "churn-config", "Not": wish}
        case "retraining":
            return _retraining(wish, tags, revision, stack)
        case "followed":
            return _followed(wish, tags, stack)
        case "config":
            return {"ModelName": physical_id("followed", stack), "InitialInstanceCount": count_of(wish)}
        case "endpoint":
            return {"EndpointConfigName": physical_id("config", stack)}
        case "seen":
            name, config = champion_of(stack.number), physical_id("config", stack)
            return {"ServiceToken": "arn", "EndpointName": name, "EndpointConfigName": config}
        case "watch":
            name = LEARNED[is_other]
            return {"ServiceToken": "arn", "JobName": name, "Watch": watching() | {"Not": wish}}
        case _:
            job = stack.job
            is_own = job is not None and ("revision" in wish or "prefix" in wish)
            name = job.physical_id if job and is_own else LEARNED[is_other]
            return {
                "ServiceToken": "arn",
                "JobName": name,
                "TimeoutSeconds": "60",
                "OnTimeout": "StopJob" if "prefix" in wish else "LetRun",
                "WriteResult": "true",
                "Revision": wish,
            }


def _job(wish: str, tags: dict[str, str], revision: str, stack: int) -> dict[str, Any]:
    prefix = "renamed-" if "prefix" in wish else "demo-churn-"
    if wish == NAMED:
        return properties(tags=tags, AutoMLJobName=f"Churn-{stack}")
    if wish in {DEPLOYED, DEPLOYED_ANEW}:
        problem = {"ProblemType": "Regression"} if wish == DEPLOYED_ANEW else {}
        return properties(tags=tags, ModelDeployConfig={"EndpointName": endpoint_of(stack)}, **problem)
    if wish == WATCHED:
        return properties(tags=tags) | {"Watch": watching()}
    changes = {"ProblemType": "Regression"} if "problem" in wish else {}
    return properties(tags=tags, revision=revision, prefix=prefix, **changes)


def _transform(tags: dict[str, str], revision: str, prefix: str, *, is_other: bool) -> dict[str, Any]:
    request = {
        "ModelName": f"model-{int(is_other)}",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/new/"}}},
        "TransformOutput": {"S3OutputPath": "s3://results/predictions/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    sent: Any = stringified({"Request": request, "NamePrefix": prefix, "Revision": revision})
    return dict(sent)


def _folder(wish: str, stack: "Stack") -> str:
    return f"s3://results/{'moved' if 'prefix' in wish else 'weekly'}-{stack.number}/"


def physical_id(kind: str, stack: "Stack") -> str:
    """What the one resource of a kind is."""
    resource = stack.the(kind)
    return resource.physical_id if resource else ""


def count_of(wish: str) -> int:
    """The instances of an endpoint: its shape."""
    return 2 if "revision" in wish else 1


def _model_of(wish: str, tags: dict[str, str]) -> dict[str, Any]:
    return model(LEARNED["problem" in wish], tags=tags, NamePrefix=_champion_prefix(wish))


def _champion_prefix(wish: str) -> str:
    return "renamed-champion-" if "prefix" in wish else "demo1a2b-champion-"


def _followed(wish: str, tags: dict[str, str], stack: "Stack") -> dict[str, Any]:
    """The model of an endpoint; another revision is another shape, another problem another job."""
    wanted = _model_of(wish, tags)
    if stack.follows and stack.retraining:
        wanted |= {"Retraining": _folder(stack.retraining.wish, stack), "EndpointShape": str(count_of(wish))}
    return wanted


def _retraining(wish: str, tags: dict[str, str], revision: str, stack: "Stack") -> dict[str, Any]:
    """One that registers; with another problem somebody has to approve, with another prefix it moves."""
    job = stack.job
    followed = stack.the("followed")
    base = job.physical_id if job and job.physical_id else LEARNED[0]
    promoted: dict[str, Any] = {}
    if followed:
        name_tags = {"team": "growth", "cost": "7"} if "tagged" in followed.wish else {"team": "core"}
        own = _model_of(followed.wish, name_tags)
        base = own["JobName"]
        promoted["Endpoint"] = {
            "Name": champion_of(stack.number),
            "TemplateConfig": physical_id("config", stack),
            "Model": own,
            "ModelLogicalId": followed.logical_id,
            "Update": {"RetainAllVariantProperties": "true"},
        }
        if stack.holds_out and "revision" not in wish:
            promoted["Holdout"] = HOLDOUT
    status = "PendingManualApproval" if "problem" in wish else "Approved"
    asked = {
        "Operation": "CreateAutoMLJob",
        "Request": request(Tags=[{"Key": key, "Value": value} for key, value in tags.items()]),
        "NamePrefix": RETRAINED_AS,
        "Revision": revision,
        "JobName": base,
        "Folder": _folder(wish, stack),
        "StateMachine": MACHINE,
        "TimeoutSeconds": 6 * 3600,
        "PollSeconds": 300,
        "MaxRunsPerMonth": CEILING,
        "Gate": {"BetterThanChampion": 0.01},
        "Registry": {"Request": {"ModelPackageGroupName": "runs", "ModelApprovalStatus": status}},
        "Data": {"Bucket": WATCHED_DATA[0], "Prefix": WATCHED_DATA[1], "QuietSeconds": 60, "EverySeconds": 600},
        **promoted,
    }
    sent: Any = stringified(asked)
    return {"ServiceToken": "arn", **sent}
