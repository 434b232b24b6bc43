"""Someone who operates stacks with jobs, with the real `cdk` CLI, on the embedded AWS."""

import io
import itertools
import json
import zipfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from constructs_lib import AutoMLJob, AutoMLJobOutcome, Channel, Mode
from constructs_lib.rehearsal.cdk import Cdk
from constructs_lib.rehearsal.cloud.launcher import Cloud
from constructs_lib.rehearsal.processes import Deadline, Finished
from constructs_lib.runtime import contract

from ...constructs.synthesis import resources_of
from ..cloud.account import Account
from ..cloud.stacks import Stacks

QUALIFIER = "hnb659fds"
ROWS = b"1,0,0,0\n2,1,1,1\n"
PATIENCE = 600.0


class Assembly:
    """A synthesized app with one stack."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        [manifest] = folder.glob("*.assets.json")
        self.stack = manifest.name.removesuffix(".assets.json")
        self.files: dict[str, dict[str, Any]] = json.loads(manifest.read_text())["files"]
        self.template: dict[str, Any] = json.loads((folder / f"{self.stack}.template.json").read_text())

    @property
    def job(self) -> str:
        """The job's logical id."""
        [name] = resources_of(self.template, contract.RESOURCE_TYPE)
        return name

    @property
    def data(self) -> str:
        """The key of the data."""
        [key] = [
            destination["objectKey"]
            for file in self.files.values()
            for destination in file["destinations"].values()
            if destination["objectKey"].endswith(".csv")
        ]
        return str(key)


class Operator(Stacks):
    """Deploys what was synthesized, by hand or with the CLI, and looks at the jobs."""

    def __init__(self, cloud: Cloud, account: Account, folder: Path) -> None:
        super().__init__(cloud, account)
        self.sagemaker = account.sagemaker
        self.cloud = cloud
        self.folder = folder
        self.cdk = self.cli(folder)
        self._numbers = itertools.count(1)

    def cli(self, folder: Path) -> Cdk:
        """The CLI in a folder."""
        folder.mkdir(exist_ok=True)
        return Cdk(self.cloud.environment(), folder, Deadline(PATIENCE), watch=lambda _: None)

    def run(self, verb: str, *arguments: str, app: Assembly | None = None) -> Finished:
        """Run a command to its end, which may be a failure; nobody is there to answer questions."""
        of = ("--app", str(app.folder)) if app else ()
        with self.cdk.start(verb, *of, *arguments) as running:
            return self.cdk.finish(running)

    def cdk_deploy(self, app: Assembly, *arguments: str) -> Finished:
        """`cdk deploy`, with everything approved."""
        return self.run("deploy", "--require-approval", "never", *arguments, app=app)

    # Without the CLI, which takes its time

    def app(
        self, name: str, stack: str, *, target: str, rows: int = 600, revision: str = "1", waits: bool = False,
        fails: bool = False, construct_id: str = "Job", within: str = "", qualifier: str = QUALIFIER,
    ) -> Assembly:  # fmt: skip
        """An app with a job of that many rows, whose deployment waits for it or fails after it has begun."""
        data = self.folder / f"{rows}.csv"
        data.write_bytes(b"x,y,slow,bad\n" + (ROWS * rows)[: rows * len(ROWS) // 2])
        made = cdk.App(outdir=str(self.folder / name))
        synthesizer = cdk.DefaultStackSynthesizer(qualifier=qualifier, generate_bootstrap_version_rule=False)
        scope = cdk.Stack(made, stack, synthesizer=synthesizer)
        place = Construct(scope, within) if within else scope
        job = AutoMLJob(
            place, construct_id, training_data=Channel.from_asset(str(data)), target_attribute=target,
            mode=Mode.ENSEMBLING, revision=revision,
        )  # fmt: skip
        if waits:
            AutoMLJobOutcome(scope, "Outcome", job=job)
        if fails:
            handle = cdk.CfnWaitConditionHandle(scope, "Handle")
            nobody = cdk.CfnWaitCondition(scope, "NobodySignals", handle=handle.ref, timeout="1", count=1)
            nobody.node.add_dependency(job)
        made.synth()
        return Assembly(self.folder / name)

    def publish(self, app: Assembly) -> None:
        """Upload its assets, as `cdk publish-assets` does."""
        for file in app.files.values():
            source = app.folder / file["source"]["path"]
            body = _packed(source) if file["source"]["packaging"] == "zip" else source.read_bytes()
            for destination in file["destinations"].values():
                bucket = destination["bucketName"].replace("${AWS::AccountId}", self.cloud.account)
                self.account.s3.put_object(
                    Bucket=bucket.replace("${AWS::Region}", self.cloud.region), Key=destination["objectKey"], Body=body
                )

    def has(self, app: Assembly) -> str:
        """Bring a stack to what an app says; its job."""
        self.publish(app)
        try:
            status = self.put(app.stack, app.template)
        except self.cloudformation.exceptions.ClientError as error:
            assert "No updates are to be performed" in str(error), error  # noqa: PT017 - it is so already
            return self.job(app)
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), self.reasons(app.stack)
        return self.job(app)

    def paused(self, app: Assembly) -> str:
        """Update a stack as `deploy --no-rollback` does; its status at the end."""
        self.publish(app)
        named = {"StackName": app.stack, "ChangeSetName": f"paused-{next(self._numbers)}"}
        body = self._body(app.stack, json.dumps(app.template))
        self.cloudformation.create_change_set(**named, **body, Capabilities=["CAPABILITY_IAM"])
        self.cloudformation.get_waiter("change_set_create_complete").wait(**named, WaiterConfig={"Delay": 1})
        self.cloudformation.execute_change_set(**named, DisableRollback=True)
        return self.wait(app.stack)

    # What became of it

    def job(self, app: Assembly) -> str:
        """The job that the resource is by now."""
        return self.resource(app.stack, app.job)

    def jobs(self) -> list[str]:
        """All jobs that there ever were, the oldest first."""
        found = self.sagemaker.list_auto_ml_jobs(SortBy="CreationTime", SortOrder="Ascending", MaxResults=100)
        return [each["AutoMLJobName"] for each in found["AutoMLJobSummaries"]]

    def status(self, job: str) -> str:
        return str(self.sagemaker.describe_auto_ml_job_v2(AutoMLJobName=job)["AutoMLJobStatus"])

    def is_given_up(self, job: str) -> bool:
        arn = self.sagemaker.describe_auto_ml_job_v2(AutoMLJobName=job)["AutoMLJobArn"]
        tags = self.sagemaker.list_tags(ResourceArn=arn)["Tags"]
        return contract.OwnerTag.RELEASED in {tag["Key"] for tag in tags}

    def has_data(self, app: Assembly) -> bool:
        """Whether the data are in the bucket of the bootstrap."""
        found = self.account.s3.list_objects_v2(Bucket=self.assets, Prefix=app.data)
        return bool(found.get("Contents"))

    @property
    def assets(self) -> str:
        return f"cdk-{QUALIFIER}-assets-{self.cloud.account}-{self.cloud.region}"


def _packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return content.getvalue()
