"""Runs in the environment of the AWS CLI, version 1: what it sends for command lines, all in one process."""

import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from awscli.clidriver import create_clidriver  # isort: skip - it brings a botocore of its own
from botocore.awsrequest import AWSResponse

SENT: list[str] = []


class _Raw:
    def stream(self, **_: Any) -> Any:
        yield b'{"AutoMLJobArn": "arn:aws:sagemaker:eu-west-1:111111111111:automl-job/x"}'


def keep(request: Any, **_: Any) -> AWSResponse:
    """Stand for the service."""
    body = request.body
    SENT.append(body.decode() if isinstance(body, bytes) else body)
    return AWSResponse(request.url, 200, {}, _Raw())


def main() -> None:
    """Read a list of lines, print a list of answers."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
    answers = []
    for line in json.load(sys.stdin):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            os.environ["HOME"] = folder
            for name, text in (line["files"] or {}).items():
                Path(name).write_bytes(text.encode())
            SENT.clear()
            told = io.StringIO()
            with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
                try:
                    driver = create_clidriver()
                    driver.session.register("before-send.sagemaker", keep)
                    code = driver.main(["sagemaker", *line["argv"]])
                except SystemExit as end:
                    code = end.code
        reason = " ".join(text for text in told.getvalue().splitlines()[-4:] if text.strip())
        answers.append({**line, "body": json.loads(SENT[-1]) if SENT else None, "exit": code, "stderr": reason[:400]})
    os.chdir("/")
    json.dump(answers, sys.stdout)


main()
