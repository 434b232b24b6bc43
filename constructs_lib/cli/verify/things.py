"""What a run has made, and how it is removed: by the run itself, or by the next one if it was killed.

What is made is noted first and made then. All of it has a name that holds the run, and its tag; a thing that lacks
either is somebody else's.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Final

from .aws import PREFIX, Aws, is_denied, is_locked_out, is_missing, told

ROLE_PATH: Final = f"/{PREFIX}/"
"""Roles that are made without a stack lie here, so that they are found among many."""

_STACKS_IN_PROGRESS: Final = "_IN_PROGRESS"


class Kind(ABC):
    """One kind of thing."""

    what: str
    seconds: float = 60.0
    """How long its removal may take."""

    @abstractmethod
    def found(self, aws: Aws) -> Iterator[str]:
        """The names of those that any run has left in the account."""

    @abstractmethod
    def remove(self, aws: Aws, name: str) -> bool:
        """Do what is due to remove it; tells whether it is gone. Called again until it is."""

    def still(self, aws: Aws, name: str) -> str:
        """Why it is not gone when its time is over."""
        del aws, name
        return "it is still there"


class _Hosted(Kind):
    """Something of SageMaker that a list finds by its name, and that is gone once it was deleted."""

    def __init__(self, what: str, operation: str, member: str) -> None:
        self.what = what
        self._operation = operation
        self._member = member

    def found(self, aws: Aws) -> Iterator[str]:
        """Those that any run has left."""
        sagemaker = aws.client("sagemaker")
        pages = sagemaker.get_paginator(f"list_{self._operation}s").paginate(NameContains=PREFIX)
        for one in (one for page in pages for one in page[f"{self._member}s"]):
            name = str(one[f"{self._member}Name"])
            if self._is_ours(aws, name, str(one[f"{self._member}Arn"])):
                yield name

    def _is_ours(self, aws: Aws, name: str, arn: str) -> bool:
        return _has_tag_of_its_name(name, _tags_of(aws, arn))

    def remove(self, aws: Aws, name: str) -> bool:
        """Do what is due to remove it."""
        delete = getattr(aws.client("sagemaker"), f"delete_{self._operation}")
        _unless_missing(lambda: delete(**{f"{self._member}Name": name}))
        return True


class _Endpoints(_Hosted):
    """Endpoints; what a one-click endpoint serves with has names of the service's choosing."""

    seconds = 1800.0

    def __init__(self) -> None:
        super().__init__("endpoint", "endpoint", "Endpoint")
        self._served: dict[str, tuple[str, list[str]]] = {}

    def _is_ours(self, aws: Aws, name: str, arn: str) -> bool:
        # An endpoint that a job has deployed has no tag of ours; the job has.
        jobs = (job for job in _jobs(aws) if name.lower().startswith(job.lower()))
        return super()._is_ours(aws, name, arn) or any(_is_our_job(aws, job) for job in jobs)

    def remove(self, aws: Aws, name: str) -> bool:
        """Do what is due to remove it."""
        sagemaker = aws.client("sagemaker")
        endpoint = _unless_missing(lambda: sagemaker.describe_endpoint(EndpointName=name))
        if endpoint is None:
            self._remove_served(aws, name)
            group = f"/aws/sagemaker/Endpoints/{name}"
            _unless_missing(lambda: aws.client("logs").delete_log_group(logGroupName=group))
            return True
        if endpoint.get("EndpointConfigName"):
            self._served[name] = self._serves(sagemaker, endpoint["EndpointConfigName"])
        if endpoint["EndpointStatus"] not in ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"):
            _unless_missing(lambda: sagemaker.delete_endpoint(EndpointName=name))
        return False

    def _serves(self, sagemaker: Any, config: str) -> tuple[str, list[str]]:
        described = _unless_missing(lambda: sagemaker.describe_endpoint_config(EndpointConfigName=config)) or {}
        return config, [variant["ModelName"] for variant in described.get("ProductionVariants", ())]

    def _remove_served(self, aws: Aws, name: str) -> None:
        config, models = self._served.pop(name, ("", []))
        if config:
            ENDPOINT_CONFIG.remove(aws, config)
        for model in models:
            MODEL.remove(aws, model)


class _Jobs(Kind):
    """AutoML jobs. They cannot be deleted; one that has ended costs nothing and stays in the list."""

    what = "AutoML job"
    seconds = 900.0

    def found(self, aws: Aws) -> Iterator[str]:
        """Those that any run has left."""
        for name in _jobs(aws, StatusEquals="InProgress"):
            if _is_our_job(aws, name):
                yield name

    def remove(self, aws: Aws, name: str) -> bool:
        """Do what is due to remove it."""
        sagemaker = aws.client("sagemaker")
        job = _unless_missing(lambda: sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name))
        if job is None or job["AutoMLJobStatus"] in ("Completed", "Failed", "Stopped"):
            return True
        if job["AutoMLJobStatus"] == "InProgress":
            _unless_missing(lambda: sagemaker.stop_auto_ml_job(AutoMLJobName=name))
        return False


class _Roles(Kind):
    """Roles that were made without a stack."""

    what = "role"

    def found(self, aws: Aws) -> Iterator[str]:
        """Those that any run has left."""
        iam = aws.client("iam")
        for page in iam.get_paginator("list_roles").paginate(PathPrefix=ROLE_PATH):
            for name in (str(role["RoleName"]) for role in page["Roles"]):
                if _has_tag_of_its_name(name, iam.list_role_tags(RoleName=name)["Tags"]):
                    yield name

    def remove(self, aws: Aws, name: str) -> bool:
        """Do what is due to remove it."""
        iam = aws.client("iam")
        listed = _unless_missing(lambda: iam.list_role_policies(RoleName=name))
        for each in (listed or {}).get("PolicyNames", ()):
            _unless_missing(lambda each=each: iam.delete_role_policy(RoleName=name, PolicyName=each))  # type: ignore[misc]
        _unless_missing(lambda: iam.delete_role(RoleName=name))
        return True


class _Stacks(Kind):
    """Stacks, with what must go before they can."""

    what = "stack"
    seconds = 3600.0  # Lambda and SageMaker give network interfaces back late

    def found(self, aws: Aws) -> Iterator[str]:
        """Those that any run has left."""
        for page in aws.client("cloudformation").get_paginator("describe_stacks").paginate():
            for stack in page["Stacks"]:
                name = str(stack["StackName"])
                if stack["StackStatus"] != "DELETE_COMPLETE" and _has_tag_of_its_name(name, stack.get("Tags", [])):
                    yield name

    def remove(self, aws: Aws, name: str) -> bool:
        """Do what is due to remove it."""
        cloudformation = aws.client("cloudformation")
        found = _unless_missing(lambda: cloudformation.describe_stacks(StackName=name))
        status = found["Stacks"][0]["StackStatus"] if found and found["Stacks"] else "DELETE_COMPLETE"
        if status == "DELETE_COMPLETE":
            return True
        # Only a creation can be broken off; an update has to end first.
        if status == "CREATE_IN_PROGRESS" or not status.endswith(_STACKS_IN_PROGRESS):
            self._empty(aws, name)
            cloudformation.delete_stack(StackName=name)
        return False

    def still(self, aws: Aws, name: str) -> str:
        """Why it is not gone when its time is over."""
        [stack] = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return f"it is {stack['StackStatus']}: {stack.get('StackStatusReason') or 'CloudFormation tells no reason'}"

    def _empty(self, aws: Aws, name: str) -> None:
        pages = aws.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
        for resource in [one for page in pages for one in page["StackResourceSummaries"]]:
            physical_id = resource.get("PhysicalResourceId")
            if physical_id and resource["ResourceStatus"] != "DELETE_COMPLETE":
                if resource["ResourceType"] == "AWS::S3::Bucket":
                    _unless_missing(lambda bucket=physical_id: _empty_bucket(aws, bucket))  # type: ignore[misc]
                if resource["ResourceType"] == "AWS::SageMaker::ModelPackageGroup":
                    _unless_missing(lambda group=physical_id: _empty_group(aws, group))  # type: ignore[misc]


def _empty_bucket(aws: Aws, bucket: str) -> None:
    s3 = aws.client("s3")
    for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", ()):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if keys := [{"Key": item["Key"]} for item in page.get("Contents", ())]:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def _empty_group(aws: Aws, group: str) -> None:
    sagemaker = aws.client("sagemaker")
    name = group.rpartition("/")[2]
    for page in sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=name):
        for package in page["ModelPackageSummaryList"]:
            sagemaker.delete_model_package(ModelPackageName=package["ModelPackageArn"])


def _jobs(aws: Aws, **which: str) -> Iterator[str]:
    pages = aws.client("sagemaker").get_paginator("list_auto_ml_jobs").paginate(NameContains=PREFIX, **which)
    return (str(job["AutoMLJobName"]) for page in pages for job in page["AutoMLJobSummaries"])


def _is_our_job(aws: Aws, name: str) -> bool:
    return _has_tag_of_its_name(name, _tags_of(aws, aws.arn("sagemaker", f"automl-job/{name}")))


def _tags_of(aws: Aws, arn: str) -> list[dict[str, str]]:
    found = _unless_missing(lambda: aws.client("sagemaker").list_tags(ResourceArn=arn))
    return list((found or {}).get("Tags", []))


def _has_tag_of_its_name(name: str, tags: list[dict[str, str]]) -> bool:
    """Whether the run in the tag is the one in the name."""
    runs = [tag["Value"] for tag in tags if tag["Key"] == PREFIX]
    return any(run and name.startswith(f"{PREFIX}-{run}-") for run in runs)


def _unless_missing(call: Callable[[], Any]) -> Any:
    """What a call answers; None if what it is about does not exist."""
    import botocore.exceptions

    try:
        return call()
    except botocore.exceptions.ClientError as error:
        if not is_missing(error):
            raise
        return None


JOB: Final = _Jobs()
ENDPOINT: Final = _Endpoints()
ENDPOINT_CONFIG: Final = _Hosted("endpoint configuration", "endpoint_config", "EndpointConfig")
MODEL: Final = _Hosted("model", "model", "Model")
ROLE: Final = _Roles()
STACK: Final = _Stacks()

KINDS: Final[tuple[Kind, ...]] = (JOB, ENDPOINT, ENDPOINT_CONFIG, MODEL, ROLE, STACK)
"""In the order in which they go: what bills first, and nothing before what uses it."""


class Ledger:
    """What is to be removed."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._noted: dict[Kind, list[str]] = {kind: [] for kind in KINDS}

    @classmethod
    def of_earlier_runs(cls, aws: Aws) -> "Ledger":
        """What runs have left that were killed, or that go on elsewhere: nothing tells the two apart."""
        ledger = cls(aws)
        for kind in KINDS:
            for name in kind.found(aws):
                ledger.note(kind, name)
        return ledger

    def __iter__(self) -> Iterator[tuple[Kind, str]]:
        return ((kind, name) for kind, names in self._noted.items() for name in names)

    def __bool__(self) -> bool:
        return any(self._noted.values())

    def note(self, kind: Kind, name: str) -> None:
        """Something is about to be made."""
        if name not in self._noted[kind]:
            self._noted[kind].append(name)

    def remove(self, kind: Kind, *names: str) -> list[str]:
        """Remove some of a kind; returns what could not be removed, and why."""
        import botocore.exceptions

        left, refused, problems = list(names), list[str](), dict[str, str]()

        def look() -> bool:
            for name in list(left):
                try:
                    if kind.remove(self._aws, name):
                        left.remove(name)
                except botocore.exceptions.ClientError as error:
                    problems[name] = told(error)
                    if is_denied(error) or is_locked_out(error):
                        refused.append(name)
                except botocore.exceptions.BotoCoreError as error:
                    problems[name] = str(error)
                    if is_locked_out(error):
                        refused.append(name)
            return set(left) <= set(refused)

        self._aws.until(look, seconds=kind.seconds if names else 0, every=10.0)
        self._noted[kind] = [name for name in self._noted[kind] if name not in names or name in left]
        return [f"{kind.what} {name}: {problems.get(name) or self._still(kind, name)}" for name in left]

    def _still(self, kind: Kind, name: str) -> str:
        import botocore.exceptions

        try:
            return kind.still(self._aws, name)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            return str(error)

    def clean(self) -> list[str]:
        """Remove all; returns what could not be removed, and why."""
        return [problem for kind in KINDS for problem in self.remove(kind, *reversed(self._noted[kind]))]
