"""Which keys the inference containers of a candidate answer with, as AWS's page on them says."""

import re
from typing import Any

import pytest

from constructs_lib.rehearsal.cloud.environments import FEATURES, INPUT, LABELS, OUTPUT, TRANSFORM_MODE
from constructs_lib.rehearsal.cloud.hosting.containers import answer_keys


def containers(*environments: dict[str, str]) -> list[dict[str, Any]]:
    return [{"Image": "i", "Environment": environment} for environment in environments]


def pipeline(algorithm: str, taken: str, answered: str) -> list[dict[str, Any]]:
    return containers(
        {TRANSFORM_MODE: FEATURES},
        {OUTPUT: algorithm},
        {TRANSFORM_MODE: LABELS, INPUT: taken, OUTPUT: answered},
    )


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        (pipeline("predicted_label", "predicted_label", "predicted_label"), "predicted_label"),
        # the two examples of the page
        (pipeline(*["predicted_label, probability"] * 3), "predicted_label,probability"),
        (
            pipeline(
                "predicted_label,probabilities",
                "predicted_label,probabilities",
                "predicted_label, probabilities,labels",
            ),
            "predicted_label,probabilities,labels",
        ),
    ],
)
def test_the_containers_answer_together(given: list[dict[str, Any]], keys: str) -> None:
    assert answer_keys(given) == keys


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            pipeline("predicted_label,labels", "predicted_label,labels", "labels"),
            "SAGEMAKER_INFERENCE_OUTPUT of the second container asks for labels; it answers with predicted_label, ",
        ),
        (
            pipeline("predicted_label", "predicted_label,probability", "probability"),
            "SAGEMAKER_INFERENCE_INPUT of the third container (predicted_label, probability) is not "
            "SAGEMAKER_INFERENCE_OUTPUT of the second (predicted_label)",
        ),
        (
            pipeline("predicted_label", "predicted_label", "predicted_label,probability"),
            "SAGEMAKER_INFERENCE_OUTPUT of the third container asks for probability, which is not in its",
        ),
    ],
    ids=["labels from the algorithm", "another input", "more than the input"],
)
def test_containers_that_do_not_fit_do_not_come_up(given: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        answer_keys(given)
