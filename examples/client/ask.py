#!/usr/bin/env python3
"""Ask an endpoint about the rows of a CSV file, and write each row with its answer behind it.

    python ask.py ENDPOINT rows.csv > answered.csv

The file has a header, and the columns of the training data in their order; the target may be among them, and is not
sent. It needs boto3, and credentials that may call `sagemaker:InvokeEndpoint`.
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import boto3

Row = list[str]
ROWS_OF_A_REQUEST = 100  # a request may have 6 MB, and of a serverless endpoint 4


def answers(client: Any, endpoint: str, rows: Iterable[Row]) -> Iterator[Row]:
    """What the endpoint answers to each row, in their order.

    Args:
        client: boto3's client of `sagemaker-runtime`.
        endpoint: The endpoint's name.
        rows: Columns as text, without the target; empty where a value is missing.
    """
    rest = iter(rows)
    while part := list(islice(rest, ROWS_OF_A_REQUEST)):
        body = io.StringIO()
        csv.writer(body, lineterminator="\n").writerows(part)
        reply = client.invoke_endpoint(
            EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=body.getvalue()
        )
        answered = list(csv.reader(io.StringIO(reply["Body"].read().decode())))
        if len(answered) != len(part):
            raise RuntimeError(f"{len(part)} rows were asked, and {len(answered)} answered")
        yield from answered


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask about a file; returns the exit code."""
    parser = argparse.ArgumentParser(description="Ask an endpoint about the rows of a CSV file.")
    parser.add_argument("endpoint", help="the endpoint's name: the stack's output EndpointName")
    parser.add_argument("file", type=argparse.FileType(encoding="utf-8"), help="CSV with a header")
    parser.add_argument("--target", default="bad_credit", help="a column that is not sent (default: %(default)s)")
    given = parser.parse_args(arguments)
    with given.file as file:
        header, *rows = csv.reader(file)
    sent = [place for place, name in enumerate(header) if name != given.target]
    client = boto3.client("sagemaker-runtime")
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow([*header, "predicted_label", "probability"])
    asked = ([row[place] for place in sent] for row in rows)
    out.writerows([*row, *answer] for row, answer in zip(rows, answers(client, given.endpoint, asked), strict=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
