"""The jobs that a candidate's `CandidateSteps` name: what describing one answers.

There is no such job here: one process has done the work of all steps. What it read, where its results lie, how long it
took and how it ended are true; instances are those that Autopilot was seen to take, and a processed copy of the data is
nowhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from constructs_lib.rehearsal.cloud.automl.job import Job
from constructs_lib.rehearsal.cloud.automl.names import Named, Step
from constructs_lib.rehearsal.cloud.automl.records import IMAGE, step_kind
from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.store import Json, Place, Resource, Store

_INSTANCE = {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1}
_VOLUME = {"VolumeSizeInGB": 50}
_DAY = 86_400
_CSV = "text/csv"
_RECORDIO = "application/x-recordio-protobuf"


@dataclass(kw_only=True)
class StepJob(Resource):
    """A job that made a part of a candidate. Its request is all that describing it answers."""

    kind: str


class Steps:
    """Describes the jobs of candidates' steps."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations by name. Of transform jobs there are others: see `or_step`."""
        return {"DescribeTrainingJob": self._describe_training, "DescribeProcessingJob": self._describe_processing}

    def or_step(self, describe: Operation) -> Operation:
        """`DescribeTransformJob` of steps too, and of all others as it is."""

        def described(call: Call, request: Json) -> Json:
            """A job of a batch transform, or the step of a candidate. Left out: metrics of instances."""
            return self._find(call.place, "TransformJob", request["TransformJobName"]) or describe(call, request)

        return described

    def _describe_training(self, call: Call, request: Json) -> Json:
        """The training step of a candidate. Left out: training jobs that somebody made, and their settings."""
        return self._described(call, "TrainingJob", request["TrainingJobName"], "Requested resource not found.")

    def _describe_processing(self, call: Call, request: Json) -> Json:
        """The processing step of a candidate. Left out: processing jobs that somebody made."""
        name = request["ProcessingJobName"]
        return self._described(call, "ProcessingJob", name, f"Could not find requested job with name: {name}")

    def _described(self, call: Call, kind: str, name: str, missing: str) -> Json:
        found = self._find(call.place, kind, name)
        if found is None:
            raise ValidationError(missing)
        return found

    def _find(self, place: Place, kind: str, name: str) -> Json | None:
        with self._store.lock:
            found = self._store.at(place).of(StepJob).get((kind, name.lower()))
            return found.request if found else None


def keep(store: Store, job: Job, record: Json, named: Named) -> None:
    """Remember the steps of a candidate that has ended; those that several share are the first one's."""
    jobs = store.at(job.place).of(StepJob)
    for step in _jobs(job, record, named):
        jobs.setdefault((step.kind, step.name.lower()), step)


def _jobs(job: Job, record: Json, named: Named) -> Iterator[StepJob]:
    for step in named.steps:
        last = step is named.steps[-1]
        status = record["CandidateStatus"] if last else "Completed"
        times = {name: record[name] for name in ("CreationTime", "EndTime")}
        described = {
            "TrainingJob": _training,
            "ProcessingJob": _processing,
            "TransformJob": _transform,
        }[step.kind](job, step, named)
        described |= {
            f"{step.kind}Name": step.name,
            f"{step.kind}Arn": job.place.exact_arn(step_kind(step.kind), step.name),
            f"{step.kind}Status": status,
            "AutoMLJobArn": job.arn,
            "CreationTime": times["CreationTime"],
            f"{step.kind.removesuffix('Job')}StartTime": times["CreationTime"],
            f"{step.kind.removesuffix('Job')}EndTime": times["EndTime"],
        }
        if step.kind == "TrainingJob":
            described |= {"SecondaryStatus": status, "LastModifiedTime": times["EndTime"]}
        if last and "FailureReason" in record:
            described["FailureReason"] = record["FailureReason"]
        yield StepJob(name=step.name, arn=described[f"{step.kind}Arn"], request=described, kind=step.kind)


def _source(job: Job) -> Json:
    """The data source of the training channel."""
    channels = job.settings["AutoMLJobInputDataConfig"]
    training = next((one for one in channels if one.get("ChannelType", "training") == "training"), channels[0])
    source: Json = training["DataSource"]["S3DataSource"]
    return source


def _training(job: Job, step: Step, named: Named) -> Json:
    data = named.features if named.features is not None and step.name != named.name else named.model
    security = job.settings.get("SecurityConfig", {})
    network = {"VpcConfig": security["VpcConfig"]} if "VpcConfig" in security else {}
    return {
        "ModelArtifacts": {"S3ModelArtifacts": data.uri},
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": job.settings["RoleArn"],
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": _source(job)}}],
        "OutputDataConfig": {"S3OutputPath": step.output.uri},
        "ResourceConfig": {**_INSTANCE, **_VOLUME},
        "StoppingCondition": {"MaxRuntimeInSeconds": _limit(job)},
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": security.get("EnableInterContainerTrafficEncryption", False),
        "EnableManagedSpotTraining": False,
        **network,
    }


def _processing(job: Job, step: Step, named: Named) -> Json:
    del step, named
    return {
        "ProcessingResources": {"ClusterConfig": {**_INSTANCE, **_VOLUME}},
        "AppSpecification": {"ImageUri": IMAGE},
        "RoleArn": job.settings["RoleArn"],
    }


def _transform(job: Job, step: Step, named: Named) -> Json:
    processor = next(each.name for each in named.steps if each.kind == "TrainingJob")
    return {
        "ModelName": processor,
        "TransformInput": {"DataSource": {"S3DataSource": _source(job)}, "ContentType": _CSV},
        "TransformOutput": {"S3OutputPath": step.output.uri, "Accept": _RECORDIO if named.recordio else _CSV},
        "TransformResources": dict(_INSTANCE),
        "DataProcessing": {},
    }


def _limit(job: Job) -> int:
    problem: Json = next(iter(job.settings["AutoMLProblemTypeConfig"].values()))
    limit: int = problem.get("CompletionCriteria", {}).get("MaxRuntimePerTrainingJobInSeconds", _DAY)
    return limit
