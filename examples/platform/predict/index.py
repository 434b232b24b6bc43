"""Asks the endpoint about one loan."""

import csv
import io
import json
import os

import boto3

runtime = boto3.client("sagemaker-runtime")


def handle(event: dict[str, object], _context: object) -> dict[str, str]:
    """Answer with the predicted label and how sure the model is.

    Args:
        event: `row`: the columns of a loan in the order of the training data, without the target; null where a value
            is missing.
    """
    row = event.get("row")
    if not isinstance(row, list):
        raise TypeError("'row' must be a list of columns")
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)  # some values have commas of their own
    reply = runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT_NAME"], ContentType="text/csv", Body=line.getvalue()
    )
    [[label, probability]] = csv.reader([reply["Body"].read().decode().strip()])
    print(json.dumps({"predicted": label}))
    return {"label": label, "probability": probability}
