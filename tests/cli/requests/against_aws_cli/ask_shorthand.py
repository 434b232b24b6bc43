"""Runs in the environment of the AWS CLI: what its own parser makes of each text on standard input."""

import json
import sys
from typing import Any

from awscli.shorthand import BackCompatVisitor, ShorthandParser  # isort: skip - it brings a botocore of its own
import botocore.model
import botocore.session


def main() -> None:
    """Read a list of `[text, flag or null]`, print a list of answers."""
    loader = botocore.session.get_session().get_component("data_loader")
    model = botocore.model.ServiceModel(loader.load_service_model("sagemaker", "service-2"), "sagemaker")
    members: dict[str, Any] = {}
    for call in ("CreateAutoMLJob", "CreateAutoMLJobV2"):
        members |= model.operation_model(call).input_shape.members
    answers = []
    for text, member in json.load(sys.stdin):
        try:
            said = ShorthandParser().parse(text)
            if member is not None:
                BackCompatVisitor().visit(said, members[member])
            answers.append(["value", repr(said)])
        except Exception as error:
            answers.append(["error", str(error).partition(" for input:")[0]])
    json.dump(answers, sys.stdout)


main()
