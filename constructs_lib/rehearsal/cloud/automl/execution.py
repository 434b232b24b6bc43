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
from constructs_lib.rehearsal.cloud.automl import rules, steps
from constructs_lib.rehearsal.cloud.automl.deployment import DeploymentFailed, deploy
from constructs_lib.rehearsal.cloud.automl.inputs import Inputs
from constructs_lib.rehearsal.cloud.automl.job import TUNING, Job
from constructs_lib.rehearsal.cloud.automl.names import Ensembled, Forecasting, Names, Tuned
from constructs_lib.rehearsal.cloud.automl.records import candidate_record, with_reports
from constructs_lib.rehearsal.cloud.connection import Connection
from constructs_lib.rehearsal.cloud.guards import NetworkInterfaces, VolumeGrant
from constructs_lib.rehearsal.cloud.listing import BadInput
from constructs_lib.rehearsal.cloud.ministack import ministack
from constructs_lib.rehearsal.cloud.store import Json, Place, Store, now
from constructs_lib.rehearsal.cloud.training_module import load_training
from constructs_lib.rehearsal.training.task import (
    Analyzed,
    BestChosen,
    Candidate,
    CandidateFinished,
    CandidateStarted,
    Event,
    Note,
    StageEvent,
    TrainingResult,
)
from constructs_lib.rehearsal.training.workers import RESERVE

if TYPE_CHECKING:
    import threading

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/AutoMLJobs"

_BACKTEST = "BacktestResults"
_TOUCHED_LATER = 0.012
"""Seconds from the end of a job to its last change: a few to 30 milliseconds were seen."""


class Runner:
    """Runs each job in a thread of its own."""

    def __init__(self, store: Store, connection: Connection, *, folder: Path, training: str) -> None:
        self._store = store
        self._connection = connection
        self._folder = folder
        self._training = training
        self._threads: list[threading.Thread] = []

    def acting_as(self, role_arn: str, place: Place) -> AsRole:
        """Calls to other services as a role that SageMaker may assume."""
        return AsRole(role_arn, self._connection, ministack.open_session(role_arn, "SageMaker"), place)

    def start(self, job: Job) -> None:
        """Run a job in the background."""
        role = self.acting_as(job.settings["RoleArn"], job.place)
        execution = Execution(job, role, self._store, self._folder, self._training)
        self._threads.append(background.start(f"automl-{job.name}", execution.run))

    def stop(self, timeout: float) -> None:
        """Stop every job and wait for the processes that train."""
        for resource in self._store.everything():
            if isinstance(resource, Job):
                resource.cancelled.set()
        for thread in self._threads:
            thread.join(timeout)
        RESERVE.close()


class Execution:
    """One job at work."""

    def __init__(self, job: Job, role: AsRole, store: Store, folder: Path, training: str) -> None:
        self._job = job
        self._role = role
        self._store = store
        self._folder = folder
        self._training = training
        self._notes: list[str] = []
        self._names: Names | None = None

    @property
    def _output(self) -> S3Location:
        """Where everything of the job goes, each in a folder of its own."""
        return S3Location.parse(self._job.settings["OutputDataConfig"]["S3OutputPath"])

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
        elif isinstance(event, Analyzed):
            self._analyzed(event)
        elif isinstance(event, CandidateStarted):
            self._naming.of(event.name, event.algorithm)  # numbered as they start
        elif isinstance(event, CandidateFinished):
            self._finished(event.candidate)
        elif isinstance(event, BestChosen):
            with self._store.lock:
                self._job.best = self._record(event.candidate)
        elif isinstance(event, Note):
            self._notes.append(event.text)

    def _enter(self, stage: str) -> None:
        with self._store.lock:
            if self._job.status == "InProgress":
                self._job.secondary_status = stage
                self._job.modified = now()
        self._log(stage)

    def _analyzed(self, found: Analyzed) -> None:
        """From now on the job says what it learns, and its notebooks are there."""
        self._names = self._choose_names(found.mode)
        artifacts = {}
        for name, place in self._names.notebooks.items():
            if name in found.notebooks:
                self._role.upload(found.notebooks[name], place, self._output_key)
                artifacts[f"{name}Location"] = place.uri
        with self._store.lock:
            job = self._job
            job.problem_type, job.objective = found.problem_type, found.objective
            job.direction, job.mode = found.direction, found.mode
            job.artifacts = artifacts

    def _choose_names(self, mode: str | None) -> Names:
        kind, problem = next(iter(self._job.settings["AutoMLProblemTypeConfig"].items()))
        if kind == rules.FORECASTING:
            return Forecasting(self._job.name, self._output)
        if mode == TUNING:
            return Tuned(self._job.name, self._output)
        alone = kind != rules.TABULAR or problem.get("CompletionCriteria", {}).get("MaxCandidates") == 1
        return Ensembled(self._job.name, self._output, alone=alone)

    @property
    def _naming(self) -> Names:
        if self._names is None:
            raise RuntimeError("the trainer has not said what the data is")
        return self._names

    def _finished(self, candidate: Candidate) -> None:
        """Upload its model and show it."""
        named = self._naming.of(candidate.name, candidate.algorithm)
        if candidate.model_archive is not None:
            for place in filter(None, (named.model, named.features)):
                self._role.upload(candidate.model_archive, place, self._output_key)
        with self._store.lock:
            record = candidate_record(self._job, candidate, named)
            self._job.candidates.append(record)
            steps.keep(self._store, self._job, record, named)
            self._job.modified = now()
        self._log(
            f"{named.name} {candidate.status} {candidate.objective_metric}={candidate.objective_value} "
            f"({candidate.description})"
        )

    def _record(self, candidate: Candidate) -> Json:
        name = self._naming.of(candidate.name, candidate.algorithm).name
        return next(record for record in self._job.candidates if record["CandidateName"] == name)

    def _take(self, result: TrainingResult) -> None:
        """Write the reports and make the result visible; a job that did not complete keeps its candidates."""
        self._notes.extend(note for note in result.notes if note not in self._notes)
        if self._job.cancelled.is_set():
            raise Cancelled
        for candidate in result.candidates:
            self._upload_backtest(candidate)
        places = self._upload_reports(result.best) if result.best else {}
        with self._store.lock:
            job = self._job
            for record in job.candidates:
                record["LastModifiedTime"] = now()
            if result.best:
                record = self._record(result.best)
                job.best = with_reports(record, places)
                job.candidates[job.candidates.index(record)] = job.best
        self._report(
            {
                "Leaderboard": [
                    {
                        "CandidateName": self._naming.of(candidate.name, candidate.algorithm).name,
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

    def _upload_backtest(self, candidate: Candidate) -> None:
        if candidate.backtest is not None:
            named = self._naming.of(candidate.name, candidate.algorithm)
            self._upload_folder(candidate.backtest, self._naming.reports(named)[_BACKTEST])

    def _upload_reports(self, best: Candidate) -> dict[str, S3Location]:
        """Where the reports on the best candidate are now."""
        told = self._naming.reports(self._naming.of(best.name, best.algorithm))
        written = {"Explainability": best.explainability, "ModelInsights": best.insights, _BACKTEST: best.backtest}
        for name in ("Explainability", "ModelInsights"):
            if (folder := written[name]) is not None:
                self._upload_folder(folder, self._naming.report_folder(told[name]))
        return {name: told[name] for name, folder in written.items() if folder is not None}

    def _upload_folder(self, folder: Path, place: S3Location) -> None:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self._role.upload(file, place.joined(*file.relative_to(folder).parts), self._output_key)

    def _report(self, more: Json) -> None:
        """`rehearsal.json`: what this was, and what it was not."""
        report = {
            "AutoMLJobName": self._job.name,
            "About": "Trained on this machine, not by Amazon SageMaker Autopilot: scores there will differ.",
            "Notes": self._notes,
            **more,
        }
        body = json.dumps(report, indent=2, default=str).encode()
        self._role.upload(body, self._output.joined(self._job.name, "rehearsal.json"), self._output_key)

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
            self._job.ended = now()
            self._job.modified = self._job.ended + _TOUCHED_LATER

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
