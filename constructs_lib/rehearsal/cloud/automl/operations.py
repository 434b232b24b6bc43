"""The AutoML operations of the SageMaker API."""

import copy
from collections.abc import Callable, Mapping

from constructs_lib.rehearsal.cloud.as_role import AsRole
from constructs_lib.rehearsal.cloud.automl import rules
from constructs_lib.rehearsal.cloud.automl.header import require_target
from constructs_lib.rehearsal.cloud.automl.job import Job
from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import (
    ResourceInUseError,
    ResourceLimitExceededError,
    ResourceNotFoundError,
    ValidationError,
)
from constructs_lib.rehearsal.cloud.store import Json, Place, Store, now, page, select, tags_of

_CANDIDATES_PER_PAGE = 10
_JOBS_PER_PAGE = 10
_DEFAULT_BASE_MODEL = "Falcon7BInstruct"


class AutoML:
    """Creates, describes, lists and stops jobs."""

    def __init__(
        self,
        store: Store,
        start: Callable[[Job], None],
        *,
        acting_as: Callable[[str, Place], AsRole],
        concurrent_jobs: int,
    ) -> None:
        """Make the operations.

        Args:
            store: Where jobs are remembered.
            start: Runs one.
            acting_as: Acts as a role, by its ARN and where.
            concurrent_jobs: How many may run at a time.
        """
        self._store = store
        self._start = start
        self._acting_as = acting_as
        self._concurrent_jobs = concurrent_jobs

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {
            "CreateAutoMLJob": self._create_1,
            "CreateAutoMLJobV2": self._create_2,
            "DescribeAutoMLJob": self._describe_1,
            "DescribeAutoMLJobV2": self._describe_2,
            "ListAutoMLJobs": self._list,
            "ListCandidatesForAutoMLJob": self._list_candidates,
            "StopAutoMLJob": self._stop,
        }

    def _create_1(self, call: Call, request: Json) -> Json:
        """Make a job and train: data is read as the job's role, models are of this machine.

        Left out: Autopilot's own training.
        """
        rules.check_version_1(request)
        return self._create(call, _filled(request), as_version_2(request), version=1)

    def _create_2(self, call: Call, request: Json) -> Json:
        """The same for every problem type. Left out: Autopilot's own training; a language model is not fine-tuned."""
        return self._create(call, request, copy.deepcopy(request), version=2)

    def _create(self, call: Call, request: Json, settings: Json, *, version: int) -> Json:
        rules.check(settings)
        name = request["AutoMLJobName"]
        arn = call.place.exact_arn("automl-job", name)
        call.require_tagging(arn, request)
        call.require_passing(request["RoleArn"])
        steps = [call.place.exact_arn(kind, name) for kind in ("processing-job", "training-job", "transform-job")]
        call.require_assumable(request["RoleArn"], arn, *steps)
        with self._store.lock:
            self._require_free(call.place, name)
        require_target(settings, self._acting_as(request["RoleArn"], call.place))
        settings.pop("Tags", None)
        job = Job(
            name=name,
            arn=arn,
            place=call.place,
            version=version,
            tags=tags_of(request),
            request=request,
            settings=settings,
            caller_may_grant_keys=call.may_grant(settings.get("SecurityConfig", {}).get("VolumeKmsKeyId")),
        )
        with self._store.lock:
            self._require_free(call.place, name)
            jobs = self._store.at(call.place).of(Job)
            running = sum(other.running for other in jobs.values())
            if running >= self._concurrent_jobs:
                raise ResourceLimitExceededError(
                    f"The account-level service limit for concurrent AutoML jobs is {self._concurrent_jobs}, "
                    f"with current utilization of {running} and a request delta of 1"
                )
            jobs[name.lower()] = job
        self._start(job)
        return {"AutoMLJobArn": job.arn}

    def _require_free(self, place: Place, name: str) -> None:
        """A job can not be deleted, so its name is taken for good."""
        if name.lower() in self._store.at(place).of(Job):
            raise ResourceInUseError(f"There is already an AutoML job with the name {name}")

    def _describe_1(self, call: Call, request: Json) -> Json:
        """Request, status, stage, best candidate, artifacts and what was resolved of a job of V1."""
        with self._store.lock:
            job = self._job(call, request)
            if job.version != 1:
                raise ValidationError(
                    f"{job.name} was created by CreateAutoMLJobV2: DescribeAutoMLJob can not describe it, "
                    "use DescribeAutoMLJobV2"
                )
            resolved = _resolved_common(job)
            if job.problem_type:
                resolved["ProblemType"] = job.problem_type
            return job.request | _described(job) | ({"ResolvedAttributes": resolved} if resolved else {})

    def _describe_2(self, call: Call, request: Json) -> Json:
        """The same of a job of either version, in the shape of V2."""
        with self._store.lock:
            job = self._job(call, request)
            (kind,) = job.settings["AutoMLProblemTypeConfig"]
            resolved = _resolved_2(job)
            return (
                job.settings
                | _described(job)
                | {"AutoMLProblemTypeConfigName": kind.removesuffix("JobConfig")}
                | ({"ResolvedAttributes": resolved} if resolved else {})
            )

    def _list(self, call: Call, request: Json) -> Json:
        """Jobs, filtered, sorted and paged."""
        with self._store.lock:
            request = {"SortBy": "Name", **request}
            found, more = select(self._store.at(call.place).of(Job).values(), request, default_size=_JOBS_PER_PAGE)
            return {"AutoMLJobSummaries": [_summary(job) for job in found], **more}

    def _list_candidates(self, call: Call, request: Json) -> Json:
        """The candidates so far, filtered, sorted and paged."""
        with self._store.lock:
            found = list(self._job(call, request).candidates)
        if status := request.get("StatusEquals"):
            found = [candidate for candidate in found if candidate["CandidateStatus"] == status]
        if name := request.get("CandidateNameEquals"):
            found = [candidate for candidate in found if candidate["CandidateName"] == name]
        keys: Mapping[str, Callable[[Json], tuple[bool, object]]] = {
            "CreationTime": lambda candidate: (True, candidate["CreationTime"]),
            "Status": lambda candidate: (True, candidate["CandidateStatus"]),
            "FinalObjectiveMetricValue": _objective_value,
        }
        found.sort(
            key=keys[request.get("SortBy", "CreationTime")],
            reverse=request.get("SortOrder", "Ascending") == "Descending",
        )
        found, more = page(found, request, default_size=_CANDIDATES_PER_PAGE)
        return {"Candidates": found, **more}

    def _stop(self, call: Call, request: Json) -> Json:
        """End a running job: Stopping, then Stopped; its candidates so far stay."""
        with self._store.lock:
            job = self._job(call, request)
            if not job.running:  # what AWS answers here is unverified: clients must bear a refusal
                raise ValidationError(f"The AutoML job {job.name} can not be stopped: its status is {job.status}")
            job.status = job.secondary_status = "Stopping"
            job.modified = now()
            job.cancelled.set()
        return {}

    def _job(self, call: Call, request: Json) -> Job:
        job = self._store.at(call.place).of(Job).get(request["AutoMLJobName"].lower())
        if job is None:
            raise ResourceNotFoundError(f"Amazon SageMaker can't find an AutoML job called {request['AutoMLJobName']}.")
        return job


def as_version_2(request: Json) -> Json:
    """A request of `CreateAutoMLJob` in the shape of `CreateAutoMLJobV2`, which describes every job."""
    config = request.get("AutoMLJobConfig", {})
    generation = config.get("CandidateGenerationConfig", {})
    channels = request["InputDataConfig"]
    training = next((one for one in channels if one.get("ChannelType", "training") == "training"), channels[0])
    tabular = {
        "TargetAttributeName": training["TargetAttributeName"],
        "SampleWeightAttributeName": training.get("SampleWeightAttributeName"),
        "ProblemType": request.get("ProblemType"),
        "Mode": config.get("Mode"),
        "CompletionCriteria": config.get("CompletionCriteria"),
        "GenerateCandidateDefinitionsOnly": request.get("GenerateCandidateDefinitionsOnly"),
        "FeatureSpecificationS3Uri": generation.get("FeatureSpecificationS3Uri"),
        "CandidateGenerationConfig": {"AlgorithmsConfig": generation["AlgorithmsConfig"]}
        if "AlgorithmsConfig" in generation
        else None,
    }
    channel_members = ("ChannelType", "ContentType", "CompressionType", "DataSource")
    common = ("AutoMLJobName", "OutputDataConfig", "RoleArn", "AutoMLJobObjective", "ModelDeployConfig")
    settings = {
        "AutoMLJobInputDataConfig": [
            {member: channel[member] for member in channel_members if member in channel} for channel in channels
        ],
        "AutoMLProblemTypeConfig": {rules.TABULAR: _without_none(tabular)},
        "SecurityConfig": config.get("SecurityConfig"),
        "DataSplitConfig": config.get("DataSplitConfig"),
        **{member: request.get(member) for member in common},
    }
    return copy.deepcopy(_without_none(settings))


def _filled(request: Json) -> Json:
    """A request of `CreateAutoMLJob` with what describing the job shows although nobody gave it."""
    channels = [{"ChannelType": "training", "ContentType": rules.CSV, **each} for each in request["InputDataConfig"]]
    return {"GenerateCandidateDefinitionsOnly": False, **request, "InputDataConfig": channels}


def _without_none(members: Json) -> Json:
    return {name: value for name, value in members.items() if value is not None}


def _described(job: Job) -> Json:
    members = _summary(job) | {
        "BestCandidate": job.best,
        "AutoMLJobArtifacts": job.artifacts or None,
        "ModelDeployResult": {"EndpointName": job.endpoint_name} if job.endpoint_name else None,
    }
    return _without_none(members)


def _summary(job: Job) -> Json:
    return _without_none(
        {
            "AutoMLJobName": job.name,
            "AutoMLJobArn": job.arn,
            "AutoMLJobStatus": job.status,
            "AutoMLJobSecondaryStatus": job.secondary_status,
            "CreationTime": job.created,
            "EndTime": job.ended,
            "LastModifiedTime": job.modified,
            "FailureReason": job.failure_reason[:1024] if job.failure_reason else None,
        }
    )


def _resolved_common(job: Job) -> Json:
    """Nothing before the data is analysed."""
    if job.objective is None:
        return {}
    problem = next(iter(job.settings["AutoMLProblemTypeConfig"].values()))
    criteria = {"CompletionCriteria": problem["CompletionCriteria"]} if "CompletionCriteria" in problem else {}
    return {"AutoMLJobObjective": {"MetricName": job.objective}, **criteria}


def _resolved_2(job: Job) -> Json:
    kind, problem = next(iter(job.settings["AutoMLProblemTypeConfig"].items()))
    if kind == rules.GENERATION:
        base_model = problem.get("BaseModelName", _DEFAULT_BASE_MODEL)
        return _of_problem(job, {"TextGenerationResolvedAttributes": {"BaseModelName": base_model}})
    if kind == rules.TABULAR and job.version == 2 and "ProblemType" in problem:
        return {}  # nothing was left to resolve: a problem type is given with its objective or not at all
    if kind == rules.TABULAR and job.problem_type:
        return _of_problem(job, {"TabularResolvedAttributes": {"ProblemType": job.problem_type}})
    return _resolved_common(job)


def _of_problem(job: Job, attributes: Json) -> Json:
    return {**_resolved_common(job), "AutoMLProblemTypeResolvedAttributes": attributes}


def _objective_value(candidate: Json) -> tuple[bool, float]:
    """Candidates without a value come last in descending order."""
    metric = candidate.get("FinalAutoMLJobObjectiveMetric")
    return (metric is not None, metric["Value"] if metric else 0.0)
