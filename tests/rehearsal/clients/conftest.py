"""A cloud that trains for real, and the programs of another environment that are its clients."""

import json
import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.launcher import Cloud

SCRIPTS = Path(__file__).with_name("scripts")
BUCKET = "client-data"
_TIMEOUT = 120
_REFUSED = 255
"""How the aws CLI ends when a service answers with an error."""
_ROLE_MAY = (
    "s3:GetObject", "s3:PutObject", "s3:ListBucket",
    "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
    "sagemaker:CreateModel", "sagemaker:CreateEndpointConfig", "sagemaker:CreateEndpoint", "sagemaker:DescribeEndpoint",
    "iam:PassRole",
)  # fmt: skip


@dataclass(frozen=True)
class Clients:
    """Runs programs of the clients' environment against a cloud, with nothing else in their surroundings."""

    bin: Path
    cloud: Cloud
    role: str
    folder: Path

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end, whatever that is."""
        environment = self.cloud.environment()
        return subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.folder,
            env={**environment, "PATH": f"{self.bin}{os.pathsep}{environment['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )

    def output(self, program: str, *arguments: str) -> str:
        """What a program prints that must succeed."""
        done = self.run(program, *arguments)
        assert done.returncode == 0, f"{program} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def script(self, name: str) -> Any:
        """What one of `scripts/` answers: it gets what it needs as JSON, and its last line is JSON."""
        told = {"role": self.role, "bucket": BUCKET, "data": str(self.folder / "train.csv")}
        return json.loads(self.output("python", str(SCRIPTS / name), json.dumps(told)).splitlines()[-1])

    def aws(self, *arguments: str) -> Any:
        """What an `aws` command prints, read as JSON."""
        output = self.output("aws", *arguments, "--output", "json")
        return json.loads(output) if output else None

    def refusal(self, *arguments: str) -> str:
        """What an `aws` command says when the service refuses it."""
        done = self.run("aws", *arguments)
        assert done.returncode == _REFUSED, (done.stdout, done.stderr)
        return done.stderr.strip()


@pytest.fixture(scope="session")
def clients_bin() -> Path:
    """Where the clients' programs are. `dev.py` makes their environment and says so."""
    folder = os.environ.get("CLIENTS_BIN")
    if not folder:
        pytest.fail(
            "CLIENTS_BIN must name the bin folder with aws and the sagemaker SDK: `dev.py test all` sets it",
            pytrace=False,
        )
    return Path(folder).absolute()


@pytest.fixture(scope="module")
def clients(clients_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with Cloud.start(tmp_path_factory.mktemp("cloud")) as cloud:
        folder = tmp_path_factory.mktemp("client")
        (folder / "train.csv").write_text(rows(600))
        s3, iam = cloud.client("s3"), cloud.client("iam")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="train/part-1.csv", Body=(folder / "train.csv").read_bytes())
        role = iam.create_role(
            RoleName="Execution",
            AssumeRolePolicyDocument=_policy(Principal={"Service": "sagemaker.amazonaws.com"}, Action="sts:AssumeRole"),
        )["Role"]["Arn"]
        iam.put_role_policy(
            RoleName="Execution", PolicyName="job", PolicyDocument=_policy(Action=_ROLE_MAY, Resource="*")
        )
        yield Clients(clients_bin, cloud, role, folder)


def rows(number: int) -> str:
    """A CSV file in which `bought` follows from `visits` and `plan`, mostly."""
    dice = random.Random(7)
    lines = ["visits,plan,bought"]
    for _ in range(number):
        visits, plan = dice.randint(0, 20), dice.choice(["basic", "plus"])
        likely = visits + 6 * (plan == "plus") + dice.gauss(0, 2) > 13
        lines.append(f"{visits},{plan},{'yes' if likely else 'no'}")
    return "\n".join(lines) + "\n"


def _policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
