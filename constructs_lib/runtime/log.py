"""One JSON line per decision, made of named facts only: nothing of an event gets into a log by accident."""

import json
import sys

from .event import Event


def write(event: Event, decision: str, *, job_name: str = "", status: str = "", detail: str = "") -> None:
    """Log a decision.

    Only the ids of the event are written, and nothing of CloudFormation's address for the answer: `detail` is masked.
    """
    line = {
        "decision": decision,
        "request_type": event.request_type,
        "stack_id": event.stack_id,
        "logical_id": event.logical_id,
        "request_id": event.request_id,
        "physical_id": event.physical_id,
        "job_name": job_name,
        "status": status,
        "detail": mask(detail, event.response_url),
    }
    sys.stdout.write(json.dumps({key: value for key, value in line.items() if value}) + "\n")


def mask(text: str, secret_url: str) -> str:
    """Take CloudFormation's address, its query and each value of the query out of a text."""
    query = secret_url.partition("?")[2]
    values = [part.partition("=")[2] for part in query.split("&")]
    for secret in (secret_url, query, *values):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


_SHORTEST_SECRET = 8
"""Shorter values (an expiry, say) give nothing away, and masking them would garble the text."""
