"""Fine-tuning of language models."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from ..fields import Api, Limits, hint, number
from ..problem import Problem
from ..rulebook import API, JobFacts, rule

HyperParameterName = Annotated[str, Limits(max_length=32, pattern="[a-zA-Z0-9._-]+")]
HyperParameterValue = Annotated[str, Limits(max_length=16, pattern="[a-zA-Z0-9._-]+")]

COLUMNS: Final = ("input", "output")
"""What the columns of the data must be called, exactly."""


@dataclass(frozen=True, kw_only=True)
class TextGeneration(Problem):
    """Fine-tune a language model on pairs of input and output. One candidate; Canvas regions only.

    The data has exactly the columns `input` and `output`; 1000 rows or more are recommended. The model takes
    `{"inputs": "...", "parameters": {"max_new_tokens": 256, ...}}` and answers `[{"generated_text": "..."}]`.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TextGenerationJobConfig.html
    """

    _MEMBER: ClassVar = "TextGenerationJobConfig"
    _EXACT_COLUMNS: ClassVar = True

    base_model_name: Annotated[
        str | None, Api("BaseModelName", min_length=1, max_length=256, pattern="[a-zA-Z0-9](-*[a-zA-Z0-9])*")
    ] = None
    """The model to fine-tune, e.g. `Falcon7BInstruct`. Default: the service takes that one."""

    hyper_parameters: Annotated[
        Mapping[HyperParameterName, HyperParameterValue] | None, Api("TextGenerationHyperParameters", max_items=30)
    ] = None
    """All as text: `epochCount` (1 to 10), `batchSize` (1 to 64), `learningRate` (0 to 1), `learningRateWarmupSteps`
    (0 to 250). Default: the service's own."""

    accept_eula: Annotated[bool | None, Api("ModelAccessConfig.AcceptEula")] = None
    """That you have read and accept the model's end-user licence agreement; some models want it. Default: not said."""

    def _columns(self) -> Iterator[tuple[str, object]]:
        """Input and output, whose names are given."""
        yield from (("problem", column) for column in COLUMNS)


HYPER_PARAMETERS: Final[Mapping[str, tuple[float, float]]] = {
    "epochCount": (1, 10),
    "batchSize": (1, 64),
    "learningRate": (0, 1),
    "learningRateWarmupSteps": (0, 250),
}
"""Least and most of each."""

_INTEGERS = HYPER_PARAMETERS.keys() - {"learningRate"}
_WHOLE = re.compile(r"[0-9]+")
_NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE]-?[0-9]+)?")


@rule("hyper_parameters", source=API + "API_TextGenerationJobConfig.html")
def hyper_parameters_are_in_range(job: JobFacts) -> Iterator[str]:
    """The page lists four, with their ranges."""
    for name, value in _hyper_parameters(job):
        if name in HYPER_PARAMETERS and isinstance(value, str):
            low, high = HYPER_PARAMETERS[name]
            kind, form = ("a whole number", _WHOLE) if name in _INTEGERS else ("a number", _NUMBER)
            if not form.fullmatch(value) or not low <= float(value) <= high:
                yield (
                    f"{job.entry('hyper_parameters', name)} must be {kind} from {number(low)} to {number(high)}, "
                    f"got '{value}'"
                )


@rule("hyper_parameters", source=API + "API_TextGenerationJobConfig.html", severity="warning")
def hyper_parameters_are_known(job: JobFacts) -> Iterator[str]:
    """The map is open, so AWS may add to the four; another name may also be a slip."""
    for name, _ in _hyper_parameters(job):
        if name not in HYPER_PARAMETERS:
            guess = hint(name, HYPER_PARAMETERS)
            yield f"{job.entry('hyper_parameters', name)} is no hyper-parameter that this version knows{guess}"


def _hyper_parameters(job: JobFacts) -> Iterable[tuple[str, object]]:
    given = job.settings.get("hyper_parameters")
    return given.items() if isinstance(given, Mapping) else ()
