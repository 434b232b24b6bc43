"""What a training job does, and what comes of it."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from constructs_lib.runtime.contract import OwnerTag

from .. import policies
from ..aws import PROPAGATION, Aws, code, is_denied, refusal, told
from ..probe import Candidate, Probe, Run
from ..seen import Seen, agrees, differs, unchecked
from ..stack import Resources, Stack, bucket, key, network, role, trusting
from ..things import ENDPOINT, JOB
from .access import allowed_and_denied
from .images import architecture

KEY: Final = "train/data.csv"
TARGET: Final = "bought"
SAMPLE: Final = "3,basic"
"""A row of the data without its target."""

JOB_SECONDS: Final = 3600
"""The longest that a job may run: the service itself ends it."""

GRACE_SECONDS: Final = 900
"""How long the service may take for that, until the job is stopped."""

DEPLOYMENT_SECONDS: Final = 1800
"""How long the deployment of a one-click endpoint is waited for, until it is deleted."""

INSTANCES_AT_ONCE: Final = 3
"""One candidate's training and its two reports, were they all to run at the same time."""

ONE_CLICK_INSTANCES: Final = 2
"""What a one-click endpoint needs; of the ensembling mode one, of the other two.

https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-deploy-models-realtime.html
"""

_SHOWN_FILES: Final = 20
_QUOTA_SECONDS: Final = 1200.0

ENDED: Final = ("Completed", "Failed", "Stopped")

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "volume-grants": ("kms:", "kms key", "creategrant"),
    "network-interfaces": ("ec2:", "networkinterface", "network interface", "subnet"),
    "key-as-prefix": ("s3 object", "s3:", "listbucket", "prefix"),
    "scoped-minimum": ("not authorized", "accessdenied", "access denied"),
}
"""What the reason of a failed job says if it is about one of its features."""


DEPLOYED: Final = ("endpoint-chain", "one-click-times")
"""What a one-click endpoint tells."""

AFTERWARDS: Final = 300.0
"""Seconds after its end in which the library takes an endpoint for the job's own."""


class Job(Probe):
    """One job with everything that is asked about."""

    ids = (
        "key-as-prefix", "volume-grants", "network-interfaces", "scoped-minimum", "tags-of-actions", "report-files",
        "x86-images", *DEPLOYED,
    )  # fmt: skip
    trains = True
    gives_candidate = True

    def creates(self, wanted: frozenset[str]) -> str:
        """What it makes: the job gets what is asked about."""
        parts = {
            "volume-grants": "a KMS key",
            "network-interfaces": "a VPC with a subnet",
            "tags-of-actions": "two more roles",
        }
        chosen = [part for each, part in parts.items() if each in wanted]
        if wanted.intersection(DEPLOYED):
            chosen.append("a one-click endpoint, deleted at once")
        return ", ".join(["a bucket with 600 rows, two roles, an AutoML job with one candidate", *chosen])

    def instance_minutes(self, wanted: frozenset[str]) -> int:
        """What it is bounded by."""
        deployed = ONE_CLICK_INSTANCES * (DEPLOYMENT_SECONDS + ENDPOINT.seconds)
        return minutes_of_a_job() + (int(deployed // 60) if wanted.intersection(DEPLOYED) else 0)

    def template(self, run: Run) -> Resources:
        """Its stack."""
        prefix, objects = (KEY, KEY) if "key-as-prefix" in run.wanted else ("train/", "train/*")
        statements = [*policies.JOB, *policies.data(prefix, objects, "out/")]
        resources: Resources = {"Bucket": bucket(), "Caller": role(run.aws, *policies.CALLER_OF_JOBS)}
        if "volume-grants" in run.wanted:
            resources["Key"] = key()
            statements.append(policies.VOLUME_KEY)
        if "network-interfaces" in run.wanted:
            resources |= network()
            statements += policies.NETWORK
        if run.wanted.intersection(DEPLOYED):
            statements += policies.ONE_CLICK
        if "tags-of-actions" in run.wanted:
            resources |= owners(run.aws, "automl-job", policies.OWN_JOBS)
        return resources | execution_role(statements)

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        upload(run, stack)
        name = run.aws.name("job")
        sagemaker = stack.clients_of("Caller")("sagemaker")
        if error := create(run, sagemaker.create_auto_ml_job_v2, self._request(run, stack, name)):
            run.why_no_candidate = told(error)
            yield from _features(run.wanted, {"AutoMLJobStatus": "Refused", "FailureReason": told(error)})
            for each in self.ids:
                yield each, unchecked("The job was refused", told(error))
            return
        deployment = DEPLOYMENT_SECONDS if run.wanted.intersection(DEPLOYED) else 0
        job = ended(run, name, JOB_SECONDS + GRACE_SECONDS + deployment)
        if best := job.get("BestCandidate", {}).get("InferenceContainers"):
            run.candidate = Candidate(containers=tuple(best), stack=stack)
        run.why_no_candidate = f"the job is {job['AutoMLJobStatus']}: {job.get('FailureReason', '')}"
        yield from _features(run.wanted, job)
        if run.wanted.intersection(DEPLOYED):
            yield from _one_click(run, job)
            for problem in run.ledger.remove(ENDPOINT, name):
                run.say(f"not removed yet: {problem}")
        if "tags-of-actions" in run.wanted:
            yield "tags-of-actions", _tags(run, stack, name)
        if "report-files" in run.wanted:
            yield "report-files", _reports(run, stack, job)
        if "x86-images" in run.wanted:
            yield "x86-images", _images(run)

    def _request(self, run: Run, stack: Stack, name: str) -> dict[str, Any]:
        security: dict[str, Any] = {}
        if "volume-grants" in run.wanted:
            security["VolumeKmsKeyId"] = stack["KeyArn"]
        if "network-interfaces" in run.wanted:
            security["VpcConfig"] = {"Subnets": [stack["Subnet"]], "SecurityGroupIds": [group(run, stack)]}
        deploys: dict[str, Any] = {}
        if run.wanted.intersection(DEPLOYED):
            run.ledger.note(ENDPOINT, name)
            deploys["ModelDeployConfig"] = {"EndpointName": name}
        whole = "key-as-prefix" in run.wanted
        asked = request(run, stack, name, role_arn=stack["RoleArn"], data=KEY if whole else "train/")
        tags = [*asked.pop("Tags"), {"Key": OwnerTag.STACK.value, "Value": stack.id}]
        return {**asked, **deploys, "Tags": tags, **({"SecurityConfig": security} if security else {})}


def minutes_of_a_job(seconds: int = JOB_SECONDS) -> int:
    """What a job can cost at most: the service ends it when its run time is over."""
    return seconds * INSTANCES_AT_ONCE // 60


def execution_role(statements: list[policies.Statement]) -> Resources:
    """`Role`, which SageMaker assumes, with its policy beside it: some statements name the role itself."""
    document = {"Version": "2012-10-17", "Statement": statements}
    attached = {"PolicyName": "probe", "PolicyDocument": document, "Roles": [{"Ref": "Role"}]}
    return {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": trusting("sagemaker.amazonaws.com")},
        },
        "Permissions": {"Type": "AWS::IAM::Policy", "Properties": attached},
    }


def owners(aws: Aws, kind: str, actions: tuple[str, ...]) -> Resources:
    """`Owner`, which may do these things with what its stack owns, and `Stranger`, which owns something else."""
    return {
        "Owner": role(aws, policies.own(kind, actions, {"Ref": "AWS::StackId"})),
        "Stranger": role(aws, policies.own(kind, actions, "another stack")),
    }


def group(run: Run, stack: Stack) -> str:
    """The id of `SecurityGroup`; its `Ref` is that too, or its name."""
    found = stack["SecurityGroup"]
    if found.startswith("sg-"):
        return found
    by_name = [{"Name": "group-name", "Values": [found]}]
    return str(run.aws.client("ec2").describe_security_groups(Filters=by_name)["SecurityGroups"][0]["GroupId"])


def upload(run: Run, stack: Stack) -> None:
    """Put the data into `Bucket`: what is bought follows from two columns, mostly."""
    dice = random.Random(7)  # noqa: S311 - data, no secret
    lines = [f"visits,plan,{TARGET}"]
    for _ in range(600):
        visits, plan = dice.randint(0, 20), dice.choice(["basic", "plus"])
        likely = visits + 6 * (plan == "plus") + dice.gauss(0, 2) > 13
        lines.append(f"{visits},{plan},{'yes' if likely else 'no'}")
    run.aws.client("s3").put_object(Bucket=stack["Bucket"], Key=KEY, Body=("\n".join(lines) + "\n").encode())


def request(
    run: Run,
    stack: Stack,
    name: str,
    *,
    role_arn: str,
    data: str = KEY,
    target: str = TARGET,
    seconds: int = JOB_SECONDS,
) -> dict[str, Any]:
    """The input of `CreateAutoMLJobV2` for one candidate, with the data in `Bucket`."""
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{stack['Bucket']}/{data}"}}
    limits = {
        "MaxCandidates": 1,
        "MaxRuntimePerTrainingJobInSeconds": seconds // 2,
        "MaxAutoMLJobRuntimeInSeconds": seconds,
    }
    return {
        "AutoMLJobName": name,
        "AutoMLJobInputDataConfig": [{"ChannelType": "training", "DataSource": source}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{stack['Bucket']}/out"},
        "AutoMLProblemTypeConfig": {
            "TabularJobConfig": {
                "TargetAttributeName": target,
                "Mode": "ENSEMBLING",
                "CompletionCriteria": limits,
                "ProblemType": "BinaryClassification",
            }
        },
        "AutoMLJobObjective": {"MetricName": "F1"},
        "RoleArn": role_arn,
        "Tags": run.aws.tags,
    }


def create(run: Run, operation: Any, asked: dict[str, Any], *, role_seconds: float = PROPAGATION) -> Any:
    """Ask for a job; returns the error with which it is refused, or None.

    Args:
        run: The run.
        operation: The call that makes it. The service may use the caller's permissions where the job's role lacks some,
            so where that matters it must not be the user's.
        asked: Its input.
        role_seconds: How long an error that is about the role may take until it passes.
    """
    run.ledger.note(JOB, asked["AutoMLJobName"])
    last: list[Any] = [None]

    def is_settled(passes: Callable[[Any], bool]) -> bool:
        last[0] = refusal(lambda: operation(**asked))
        return last[0] is None or not passes(last[0])

    def has_room() -> bool:
        # An account runs few jobs at a time: others have to end.
        return run.aws.until(
            lambda: is_settled(lambda error: code(error) == "ResourceLimitExceeded"), seconds=_QUOTA_SECONDS, every=20
        )

    run.aws.until(lambda: not has_room() or last[0] is None or not about_the_role(last[0]), seconds=role_seconds)
    return last[0]


def about_the_role(error: Any) -> bool:
    """Whether the library waits for its end, because a new role may not be usable yet: `runtime/retry.py`."""
    text = str(error.response["Error"].get("Message", "")).lower()
    malformed = "failed to satisfy constraint" in text
    denied = code(error) in ("AccessDenied", "AccessDeniedException")
    return denied or (code(error) == "ValidationException" and "role" in text and not malformed)


def describe(run: Run, name: str) -> dict[str, Any]:
    """The job of that name."""
    found: dict[str, Any] = run.aws.client("sagemaker").describe_auto_ml_job_v2(AutoMLJobName=name)
    return found


def ended(run: Run, name: str, seconds: float) -> dict[str, Any]:
    """Wait for the end of a job, and stop it if it does not come; returns the job."""
    look = lambda: job if (job := describe(run, name))["AutoMLJobStatus"] in ENDED else None  # noqa: E731
    if run.aws.until(look, seconds=seconds, every=30) is None:
        run.ledger.remove(JOB, name)
    return describe(run, name)


def _tags(run: Run, stack: Stack, name: str) -> Seen:
    arn = run.aws.arn("sagemaker", f"automl-job/{name}")

    def calls(sagemaker: Any) -> dict[str, Any]:
        return {
            "DescribeAutoMLJobV2": lambda: sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name),
            "ListTags": lambda: sagemaker.list_tags(ResourceArn=arn),
            "AddTags": lambda: sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "probe", "Value": "1"}]),
            "DeleteTags": lambda: sagemaker.delete_tags(ResourceArn=arn, TagKeys=["probe"]),
            "StopAutoMLJob": lambda: _if_denied(lambda: sagemaker.stop_auto_ml_job(AutoMLJobName=name)),
        }

    owner, stranger = (stack.clients_of(each)("sagemaker") for each in ("Owner", "Stranger"))
    return allowed_and_denied(run, calls(owner), calls(stranger), "its owner's tag", "another owner's tag")


def _if_denied(call: Any) -> None:
    """Make a call of which only IAM's answer counts: a job that has ended may not be stopped."""
    error = refusal(call)
    if error and is_denied(error):
        raise error


def _features(wanted: frozenset[str], job: dict[str, Any]) -> Iterator[tuple[str, Seen]]:
    status, reason = job["AutoMLJobStatus"], job.get("FailureReason", "")
    features = [each for each in _WORDS if each in wanted]
    # A deployment that failed says nothing of what was before it.
    if status == "Completed":
        for each in features:
            yield each, agrees("The job was completed", f"{status}, {job['AutoMLJobSecondaryStatus']}")
        return
    # Without a way to S3 in its VPC a job fails with the same words as without a key.
    told_apart = [each for each in features if each != "key-as-prefix" or "network-interfaces" not in wanted]
    guilty = next((each for each in told_apart if any(word in reason.lower() for word in _WORDS[each])), None)
    for each in features:
        if each == guilty:
            yield each, differs(f"The job is {status}", reason)
        else:
            text = f"The job is {status} for another reason: try this one alone (--only {each})"
            yield each, unchecked(text, reason)


def _one_click(run: Run, job: dict[str, Any]) -> Iterator[tuple[str, Seen]]:
    sagemaker = run.aws.client("sagemaker")
    name = job.get("ModelDeployResult", {}).get("EndpointName")
    if not name:
        state = f"{job['AutoMLJobStatus']}, {job['AutoMLJobSecondaryStatus']}"
        for each in DEPLOYED:
            yield each, unchecked("The job deployed no endpoint", state, job.get("FailureReason", ""))
        return
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
        described = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        variants = described["ProductionVariants"]
        models = [sagemaker.describe_model(ModelName=one["ModelName"]) for one in variants]
    except KeyError as error:
        broken = "The chain from the endpoint to its models breaks"
        yield "endpoint-chain", differs(broken, f"there is no {error}")
        yield "one-click-times", unchecked(broken)
        return
    kinds = [one.get("InstanceType", "no instance type") for one in variants]
    text = "The endpoint names its configuration, and that its models"
    yield "endpoint-chain", agrees(text, f"{len(models)} model, {kinds[0]}")
    yield "one-click-times", _is_the_jobs(job, endpoint, models)


def _is_the_jobs(job: dict[str, Any], endpoint: dict[str, Any], models: list[dict[str, Any]]) -> Seen:
    """Whether the library would take an endpoint of a job for that: by its time, and by what it serves."""
    if "EndTime" not in job:
        return unchecked("The job has no EndTime", f"{job['AutoMLJobStatus']}, {job['AutoMLJobSecondaryStatus']}")
    after = (endpoint["CreationTime"] - job["EndTime"]).total_seconds()
    folder = f"{job['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job['AutoMLJobName']}/"
    containers = [one for model in models for one in (model.get("PrimaryContainer", {}), *model.get("Containers", ()))]
    data = [str(one["ModelDataUrl"]) for one in containers if one.get("ModelDataUrl")]
    below = [each for each in data if each.startswith(folder)]
    seen = (
        f"made {abs(after):.0f} seconds {'after' if after > 0 else 'before'} the job's end",
        f"{len(below)} of {len(data)} model data lie below the job's output",
    )
    if after > AFTERWARDS:
        return differs("The endpoint was made more than five minutes after the job's end", *seen)
    if endpoint["CreationTime"] < job["CreationTime"]:
        return differs("The endpoint was made before the job", *seen)
    if not below:
        return differs("The endpoint serves nothing from the job's output", *seen)
    return agrees("The endpoint was made in time, and serves what lies below the job's output", *seen)


def _reports(run: Run, stack: Stack, job: dict[str, Any]) -> Seen:
    places = job.get("BestCandidate", {}).get("CandidateProperties", {}).get("CandidateArtifactLocations", {})
    pages = run.aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=stack["Bucket"], Prefix="out/")
    return _reported(places, [item["Key"] for page in pages for item in page.get("Contents", ())])


def _reported(places: Mapping[str, str], keys: list[str]) -> Seen:
    """Whether the reports are in or below the locations that the candidate names, among these keys of the bucket."""
    looked_for = {"ModelInsights": "statistics.json", "Explainability": "analysis.json"}
    evidence, missing = [], []
    for place, file in looked_for.items():
        if place in places:
            folder = places[place].split("/", 3)[3].rstrip("/") + "/"
            files = sorted(key.removeprefix(folder) for key in keys if key.startswith(folder))
            evidence.append(f"{place}: {', '.join(files[:_SHOWN_FILES]) or 'nothing'}")
            # The tuning mode is said to put a folder of the run between.
            missing += [] if any(f"/{each}".endswith(f"/{file}") for each in files) else [file]
    if missing:
        return differs(f"There is no {' and no '.join(missing)} where it is looked for", *evidence)
    if len(evidence) < len(looked_for):
        return unchecked("The best candidate has not both reports", *evidence)
    return agrees("The reports lie where they are looked for", *evidence)


def _images(run: Run) -> Seen:
    if run.candidate is None:
        return unchecked(f"There is no candidate: {run.why_no_candidate}")
    found = {one["Image"]: architecture(run.aws, one["Image"]) for one in run.candidate.containers}
    evidence = [
        f"{image.rpartition('/')[2]}: {', '.join(sorted(kinds)) or 'unknown'}" for image, kinds in found.items()
    ]
    if any("arm64" in kinds for kinds in found.values()):
        return differs("An image is made for ARM too", *evidence)
    if all(found.values()):
        return agrees("The images of this candidate are made for x86 only", *evidence)
    return unchecked("The registry does not tell what the images are made for", *evidence)


class Stopped(Probe):
    """A job that is stopped while it deploys."""

    ids = ("stopped-while-deploying",)
    makes = "a bucket with 600 rows, two roles, an AutoML job with one candidate; what it deploys is deleted"
    trains = True

    def instance_minutes(self, wanted: frozenset[str]) -> int:
        """What it is bounded by."""
        del wanted
        return minutes_of_a_job() + int(ONE_CLICK_INSTANCES * (DEPLOYMENT_SECONDS + ENDPOINT.seconds) // 60)

    def template(self, run: Run) -> Resources:
        """Its stack."""
        statements = [*policies.JOB, *policies.ONE_CLICK, *policies.data(KEY, KEY, "out/")]
        caller = role(run.aws, *policies.CALLER_OF_JOBS)
        return {"Bucket": bucket(), "Caller": caller, **execution_role(statements)}

    def run(self, run: Run) -> Iterator[tuple[str, Seen]]:
        """Look."""
        stack = run.stacks[self]
        stack.made()
        upload(run, stack)
        name = run.aws.name("stop")
        deploys = {"ModelDeployConfig": {"AutoGenerateEndpointName": True}}
        sagemaker = stack.clients_of("Caller")("sagemaker")
        asked = request(run, stack, name, role_arn=stack["RoleArn"]) | deploys
        if error := create(run, sagemaker.create_auto_ml_job_v2, asked):
            yield "stopped-while-deploying", unchecked("The job was refused", told(error))
            return
        began = describe(run, name)["CreationTime"]

        def deploying() -> str:
            job = describe(run, name)
            if job["AutoMLJobStatus"] in ENDED:
                return "ended"
            return "deploying" if job["AutoMLJobSecondaryStatus"] == "DeployingModel" else ""

        if run.aws.until(deploying, seconds=JOB_SECONDS + GRACE_SECONDS) == "deploying":
            run.ledger.remove(JOB, name)
            job = describe(run, name)
            left = run.aws.until(lambda: self._endpoints(run, stack, began), seconds=300, every=15)
            state = f"the job ended {job['AutoMLJobStatus']}, {job['AutoMLJobSecondaryStatus']}"
            yield "stopped-while-deploying", _left(left, job, state)
        else:
            yield "stopped-while-deploying", unchecked("The job was not seen while it deployed its model")
            left = self._endpoints(run, stack, began)
        for endpoint in left:
            run.ledger.note(ENDPOINT, endpoint)
        run.ledger.remove(ENDPOINT, *left)

    def _endpoints(self, run: Run, stack: Stack, began: Any) -> list[str]:
        """The endpoints made since then that serve a model below the output of this job, whatever they are called."""
        sagemaker = run.aws.client("sagemaker")
        pages = sagemaker.get_paginator("list_endpoints").paginate(CreationTimeAfter=began)
        names = [one["EndpointName"] for page in pages for one in page["Endpoints"]]
        return [name for name in names if any(stack["Bucket"] in url for url in _served(sagemaker, name))]


def _served(sagemaker: Any, endpoint: str) -> list[str]:
    urls: list[str] = []

    def look() -> None:
        config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
        for variant in sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]:
            model = sagemaker.describe_model(ModelName=variant["ModelName"])
            containers = [*model.get("Containers", ()), model.get("PrimaryContainer", {})]
            urls.extend(container.get("ModelDataUrl", "") for container in containers)

    refusal(look)
    return urls


def _left(left: list[str], job: dict[str, Any], state: str) -> Seen:
    if not left:
        return agrees("No endpoint was left", state)
    if set(left) <= {job.get("ModelDeployResult", {}).get("EndpointName", "")}:
        return agrees("The endpoint that was left has a name that the job tells of", state)
    return differs("An endpoint was left that the job does not tell of", state)
