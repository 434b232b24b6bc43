"""What the real AWS CLI, version 2, sends for command lines: a stand-in on the loopback interface keeps the body."""

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any


class _StandIn(BaseHTTPRequestHandler):
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps({"AutoMLJobArn": "arn:aws:sagemaker:eu-west-1:111111111111:automl-job/x"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def asked(aws: Path, lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each line with what came of it: `body` (null: nothing was sent), `exit`, `stderr`."""
    _StandIn.bodies = []
    server = HTTPServer(("127.0.0.1", 0), _StandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ["PATH"],
    }
    for line in lines:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (line["files"] or {}).items():
                Path(folder, name).write_bytes(text.encode())
            _StandIn.bodies.clear()
            done = subprocess.run(
                [aws, "sagemaker", *line["argv"]],
                cwd=folder,
                env={**environment, "HOME": folder},
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=60,
            )
        body = json.loads(_StandIn.bodies[-1]) if _StandIn.bodies else None
        told = [text for text in done.stderr.decode(errors="replace").splitlines() if text.strip()]
        yield {**line, "body": body, "exit": done.returncode, "stderr": " ".join(told[:3])[:400]}
    server.shutdown()
