"""`automl v2`: the `CreateAutoMLJobV2` request for a `CreateAutoMLJob` request."""

import json
import sys
from pathlib import Path
from typing import Any, Final

HELP: Final = "turn a CreateAutoMLJob request into a CreateAutoMLJobV2 one"

DESCRIPTION: Final = """\
Print the CreateAutoMLJobV2 request for a CreateAutoMLJob request: the same job, made by V2.

The request is the input of boto3's create_auto_ml_job, or the aws CLI's JSON; AutoMLJobName may be left out. Nothing
is called. Target, sample weight, mode, algorithms and the like move to TabularJobConfig; split and security move to
the top.
"""

EPILOG: Final = """\
examples
  automl v2 request.json > request-v2.json
  automl v2 - < request.json > request-v2.json

exit codes
  0    the V2 request is on standard output; warnings are on standard error
  2    the request cannot be read, or something is wrong with it: all of it is told
"""


def migrated(request: str) -> str:
    """The V2 request as JSON.

    Args:
        request: The path of a JSON file, or `-` for standard input.

    Raises:
        ValueError: with everything that is wrong.
    """
    # Only now: the other commands start without the request layer.
    from constructs_lib.api.fields import Malformed, Words, parse, raise_if_any
    from constructs_lib.api.migration import v2_request
    from constructs_lib.api.recognition import not_a_request
    from constructs_lib.api.request import CreateAutoMLJob, findings

    what = "the request on standard input" if request == "-" else f"the request in '{request}'"
    document = _document(request, what)
    raise_if_any(not_a_request(document, CreateAutoMLJob), what)
    try:
        translated = v2_request(document)
    except Malformed as malformed:
        raise_if_any(malformed.problems, what)
        raise
    judged = findings(parse(CreateAutoMLJob, document), is_token=lambda _: False, words=Words.WIRE)
    raise_if_any(judged.errors, what)
    for warning in judged.warnings.values():
        print(f"warning: {warning}", file=sys.stderr)  # noqa: T201
    return json.dumps(translated, indent=2)


def _document(request: str, what: str) -> dict[str, Any]:
    from constructs_lib.api.fields import described, json_of
    from constructs_lib.api.recognition import is_yaml

    text = ""
    try:
        content = sys.stdin.buffer.read() if request == "-" else Path(request).read_bytes()
        text = content.decode("utf-8-sig")
        document = json_of(text)
    except OSError as error:
        raise ValueError(f"{what} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        told = "it looks like YAML, of which this command reads none" if is_yaml(text) else error
        raise ValueError(f"{what} is no JSON: {told}") from error
    if not isinstance(document, dict):
        raise ValueError(f"{what} must be a JSON object, got {described(document)}")
    return document
