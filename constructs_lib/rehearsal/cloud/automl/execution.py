"""The life of one AutoML job: read as its role, train on this machine, write as its role."""

import contextlib
import json
import logging
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.exceptions

from constructs_lib.rehearsal.cloud import background
from constructs_lib.rehearsal.cloud.as_role import AsRole, Cancelled, Denied, S3Location
from constructs_lib.rehearsal.cloud.automl.deployment import DeploymentFailed, deploy
from constructs_lib.rehearsal.cloud.automl.inputs import Inputs
from constructs_lib.rehearsal.cloud.automl.job import Job
from constructs_lib.rehearsal.cloud.automl.records import candidate_record, is_pipeline, locations_of
from constructs_lib.rehearsal.cloud.connection import Connection
from constructs_lib.rehearsal.cloud.guards import NetworkInterfaces, VolumeGrant
from constructs_lib.rehearsal.cloud.listing import BadInput
from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.store import Json, Store, now
from constructs_lib.rehearsal.cloud.training_module import load_training
from constructs_lib.rehearsal.training.task import (
    Candidate,
    CandidateFinished,
    Event,
    Note,
    StageEvent,
    TrainingResult,
)

if TYPE_CHECKING:
    import threading

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/AutoMLJobs"


class Runner:
    """Runs each job in a thread of its own."""

    def __init__(self, store: Store, connection: Connection, *, folder: Path, training: str) -> None:
        self._store = store
        self._connection = connection
        self._folder = folder
        self._training = training
        self._threads: list[threading.Thread] = []

    def start(self, job: Job) -> None:
        """Run a job in the background."""
        role = AsRole(
            job.settings["RoleArn"],
            self._connection,
            ministack.open_session(job.settings["RoleArn"], "SageMaker"),
            job.place,
        )
        execution = Execution(job, role, self._store, self._folder, self._training)
        self._threads.append(background.start(f"automl-{job.name}", execution.run))

    def stop(self, timeout: float) -> None:
        """Stop every job and wait for the processes that train."""
        for resource in self._store.everything():
            if isinstance(resource, Job):
                resource.cancelled.set()
        for thread in self._threads:
            thread.join(timeout)


class Execution:
    """One job at work."""

    def __init__(self, job: Job, role: AsRole, store: Store, folder: Path, training: str) -> None:
        self._job = job
        self._role = role
        self._store = store
        self._folder = folder
        self._training = training
        self._notes: list[str] = []

    @property
    def _output(self) -> S3Location:
        return S3Location.parse(self._job.settings["OutputDataConfig"]["S3OutputPath"]).joined(self._job.name)

    @property
    def _output_key(self) -> str | None:
        key: str | None = self._job.settings["OutputDataConfig"].get("KmsKeyId") or None
        return key

    def run(self) -> None:
        """Do everything, and always end the job."""
        workdir = Path(tempfile.mkdtemp(prefix=f"{self._job.name}-", dir=self._folder))
        try:
            self._log(f"{self._job.arn} started")
            self._run(workdir)
        except Cancelled:
            self._end("Stopped", "Stopped")
        except (Denied, BadInput) as error:
            self._fail(str(error))
        except Exception as error:
            logger.exception("job %s", self._job.name)
            self._fail(f"The rehearsal itself failed: {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(workdir, ignore_errors=True)
            self._log(f"{self._job.arn} ended: {self._job.status} {self._job.failure_reason or ''}")

    def _run(self, workdir: Path) -> None:
        security = self._job.settings.get("SecurityConfig", {})
        grant = VolumeGrant(
            self._role, security.get("VolumeKmsKeyId"), caller_may_grant=self._job.caller_may_grant_keys
        )
        with grant, NetworkInterfaces(self._role, security.get("VpcConfig")):
            self._enter("AnalyzingData")
            task = Inputs(self._job.settings, self._role, workdir, self._job.cancelled).task()
            # A role that can not write is found before hours of training, and the data is read before: a channel may
            # be the whole bucket that the results go to.
            self._report({})
            result = load_training(self._training).train(
                task, workdir, on_event=self._on_event, cancelled=self._job.cancelled
            )
            self._take(result)
        self._deploy_and_end(result)

    # Events and results

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StageEvent):
            self._enter(event.secondary_status)
        elif isinstance(event, CandidateFinished):
            candidate = event.candidate
            with self._store.lock:
                self._job.candidates.append(
                    candidate_record(self._job, candidate, None, locations_of(self._output, candidate))
                )
                self._job.modified = now()
            self._log(f"{candidate.name} {candidate.status} {candidate.objective_metric}={candidate.objective_value}")
        elif isinstance(event, Note):
            self._notes.append(event.text)

    def _enter(self, stage: str) -> None:
        with self._store.lock:
            if self._job.status == "InProgress":
                self._job.secondary_status = stage
                self._job.modified = now()
        self._log(stage)

    def _take(self, result: TrainingResult) -> None:
        """Write the artifacts and make the result visible; a job that did not complete keeps its candidates."""
        self._notes.extend(note for note in result.notes if note not in self._notes)
        if self._job.cancelled.is_set():
            raise Cancelled
        records = []
        with self._store.lock:  # what a candidate's containers can answer depends on the problem
            self._job.problem_type, self._job.objective = result.problem_type, result.objective
        for candidate in result.candidates:
            locations = self._upload_candidate(candidate)
            records.append(candidate_record(self._job, candidate, result.objective_direction, locations))
        artifacts = {f"{name}Location": self._upload_notebook(name, path) for name, path in result.notebooks.items()}
        with self._store.lock:
            job = self._job
            trained = {known["CandidateName"]: known for known in job.candidates}
            for record in records:
                known = trained.get(record["CandidateName"], record)
                record |= {time: known[time] for time in ("CreationTime", "EndTime")}
            job.candidates = records
            job.artifacts = artifacts
            job.best = next(
                (record for record in records if result.best and record["CandidateName"] == result.best.name), None
            )
        self._report(
            {
                "Leaderboard": [
                    {
                        "CandidateName": candidate.name,
                        "Algorithm": candidate.algorithm,
                        "Trained": candidate.description,
                        "Status": candidate.status,
                        candidate.objective_metric: candidate.objective_value,
                        "Seconds": round(candidate.seconds, 3),
                    }
                    for candidate in result.candidates
                ]
            }
        )

    def _upload_candidate(self, candidate: Candidate) -> Json:
        locations = locations_of(self._output, candidate)
        if candidate.model_archive is not None:
            for part in ("Model", "Features") if is_pipeline(self._job) else ("Model",):
                self._role.upload(candidate.model_archive, S3Location.parse(locations[part]), self._output_key)
        folders = {
            "Explainability": candidate.explainability,
            "ModelInsights": candidate.insights,
            "BacktestResults": candidate.backtest,
        }
        for name, folder in folders.items():
            for file in sorted(folder.rglob("*")) if folder is not None else ():
                if file.is_file() and folder is not None:
                    target = S3Location.parse(locations[name]).joined(*file.relative_to(folder).parts)
                    self._role.upload(file, target, self._output_key)
        return locations

    def _upload_notebook(self, name: str, path: Path) -> str:
        location = self._output.joined(
            "sagemaker-automl-candidates", "notebooks", f"SageMakerAutopilot{name}{path.suffix}"
        )
        self._role.upload(path, location, self._output_key)
        return location.uri

    def _report(self, more: Json) -> None:
        """`rehearsal.json`: what this was, and what it was not."""
        report = {
            "AutoMLJobName": self._job.name,
            "About": "Trained on this machine, not by Amazon SageMaker Autopilot: scores there will differ.",
            "Notes": self._notes,
            **more,
        }
        body = json.dumps(report, indent=2, default=str).encode()
        self._role.upload(body, self._output.joined("rehearsal.json"), self._output_key)

    # The end

    def _deploy_and_end(self, result: TrainingResult) -> None:
        config = self._job.settings.get("ModelDeployConfig")
        if result.status != "Completed":
            self._end(result.status, result.status, result.failure_reason)
        elif config is None or self._job.best is None or result.secondary_status == "MaxAutoMLJobRuntimeReached":
            self._end("Completed", result.secondary_status)
        else:
            self._enter("DeployingModel")
            try:
                endpoint_name = deploy(self._job, self._role, config, self._job.cancelled)
            except (DeploymentFailed, Denied) as error:
                # Which status comes with ModelDeploymentError is unverified; the model is there, so Completed.
                self._end("Completed", "ModelDeploymentError", str(error))
                return
            with self._store.lock:
                self._job.endpoint_name = endpoint_name
            self._end("Completed", "Completed")

    def _fail(self, reason: str) -> None:
        if self._job.cancelled.is_set():
            self._end("Stopped", "Stopped")
        else:
            self._end("Failed", "Failed", reason)

    def _end(self, status: str, secondary: str, reason: str | None = None) -> None:
        with self._store.lock:
            self._job.status, self._job.secondary_status = status, secondary
            self._job.failure_reason = reason
            self._job.ended = self._job.modified = now()

    def _log(self, message: str) -> None:
        """To CloudWatch Logs as the role; a job without that permission runs on in silence, as on AWS (unverified)."""
        logs = self._role.client("logs")
        try:
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                logs.create_log_group(logGroupName=LOG_GROUP)
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=self._job.name)
            event = {"timestamp": int(now() * 1000), "message": message}
            logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=self._job.name, logEvents=[event])
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            note = f"No log was written: {error}"
            if not any(known.startswith("No log was written") for known in self._notes):
                self._notes.append(note)
