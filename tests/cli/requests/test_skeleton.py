"""`automl skeleton`: of each problem its own members, what is required marked, and nothing that is sent by mistake."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from constructs_lib.cli import main
from constructs_lib.cli.requests import judgement, model
from constructs_lib.cli.requests.skeleton import PROBLEMS
from constructs_lib.cli.requests.words import Asked

from ...api.requests import REQUEST, V2_REQUESTS

KINDS = [("v1", "tabular"), *(("v2", problem) for problem in PROBLEMS)]
SOUND: dict[str, Any] = {
    "tabular": V2_REQUESTS["tabular"],
    "image-classification": V2_REQUESTS["images"],
    "text-classification": V2_REQUESTS["texts"],
    "time-series-forecasting": V2_REQUESTS["forecast"],
    "text-generation": V2_REQUESTS["generation"],
}


def printed(capsys: pytest.CaptureFixture[str], version: str, problem: str, *more: str) -> str:
    assert main(["skeleton", version, "--problem", problem, *more]) == 0
    return capsys.readouterr().out


def read_yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def judged(version: str, request: Any) -> judgement.Verdict:
    return judgement.judge(Asked(call=model.V1 if version == "v1" else model.V2, request=request))


def sound(version: str, problem: str) -> dict[str, Any]:
    return {"AutoMLJobName": "churn", **(REQUEST if version == "v1" else SOUND[problem])}


def filled(skeleton: Any, values: Any) -> Any:
    """The skeleton with values in the places that are marked as required; the others are taken out."""
    if isinstance(skeleton, list):
        items = [filled(item, values[0] if isinstance(values, list) else None) for item in skeleton]
        return [item for item in items if item not in (None, {}, [])]
    if _is_place(skeleton):
        return values if "required" in skeleton else None
    inner = {
        name: filled(item, values.get(name) if isinstance(values, dict) else None) for name, item in skeleton.items()
    }
    return {name: item for name, item in inner.items() if item not in (None, {}, [])}


@pytest.mark.parametrize(("version", "problem"), KINDS)
def test_nothing_is_sent_while_a_place_is_not_filled_in(
    version: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    skeleton = json.loads(printed(capsys, version, problem))
    places = list(_places(skeleton))

    assert judged(version, skeleton).request is None
    for path in places:  # each alone, in a request that is sound without it
        spoilt = copy.deepcopy(sound(version, problem))
        here, there = spoilt, skeleton
        *way, last = path.split(".")
        for name in way:
            here, there = here.setdefault(name, {}), there[name]
        here[last] = there[last]
        assert judged(version, spoilt).request is None, path


def _places(skeleton: Any, path: str = "") -> Iterator[str]:
    """The paths of what is to be filled in; a list is one place."""
    if isinstance(skeleton, dict) and not _is_place(skeleton):
        for name, item in skeleton.items():
            yield from _places(item, f"{path}.{name}" if path else name)
    else:
        yield path


def _is_place(skeleton: dict[str, Any]) -> bool:
    return len(skeleton) == 1 and next(iter(skeleton)).startswith(("required", "optional"))


@pytest.mark.parametrize(("version", "problem"), KINDS)
def test_what_is_required_is_enough(version: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    skeleton = json.loads(printed(capsys, version, problem))
    request = filled(skeleton, sound(version, problem))
    if problem == "image-classification":
        request["AutoMLProblemTypeConfig"] = {"ImageClassificationJobConfig": {}}
    if problem == "text-generation":
        request["AutoMLProblemTypeConfig"] = {"TextGenerationJobConfig": {}}

    assert (judged(version, request).errors, judged(version, request).request) == ([], request)


@pytest.mark.parametrize(("version", "problem"), KINDS)
def test_yaml_wants_just_what_is_required(version: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, version, problem, "--yaml")

    assert judged(version, read_yaml(text)).request is None
    values = _flat(sound(version, problem))
    lines = [
        re.sub(r"^( *(?:- )?(\w+):)  # required.*", lambda m: f"{m[1]} {json.dumps(values[m[2]])}", line)
        if re.match(r"^ *(?:- )?\w+:  # required: ", line)
        else line
        for line in text.splitlines()
    ]
    verdict = judged(version, read_yaml("\n".join(lines)))
    assert verdict.errors == []
    assert verdict.request is not None


def _flat(value: Any) -> dict[str, Any]:
    """The scalars of a request by their names."""
    found: dict[str, Any] = {}
    for name, item in value.items() if isinstance(value, dict) else ():
        inner = item[0] if isinstance(item, list) else item
        found |= _flat(inner) if isinstance(inner, dict) else {name: item}
    return found


@pytest.mark.parametrize(("version", "problem"), KINDS)
def test_yaml_whose_comments_are_taken_away_has_all_members(
    version: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, *lines = printed(capsys, version, problem, "--yaml").splitlines()
    text = "\n".join(re.sub(r"^# ", "", line) for line in lines[2:]).replace(": {}  #", ":  #")

    assert _names(read_yaml(text)) == _names(json.loads(printed(capsys, version, problem)))


def _names(value: Any) -> Any:
    """The members, whatever stands there and in whatever order."""
    if isinstance(value, dict) and not _is_place(value):
        return {name: _names(item) for name, item in value.items()}
    if isinstance(value, list) and isinstance(inner := _names(value[0]), dict):
        return [inner]
    return None


def test_only_the_members_of_the_problem_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    series = json.loads(printed(capsys, "v2", "time-series-forecasting"))
    images = json.loads(printed(capsys, "v2", "image-classification"))

    assert list(series["AutoMLProblemTypeConfig"]) == ["TimeSeriesForecastingJobConfig"]
    assert "DataSplitConfig" not in series  # the service splits by time
    assert "AutoMLComputeConfig" not in images
    assert images["AutoMLJobObjective"]["MetricName"] == {
        "required where AutoMLJobObjective is given": ["Accuracy"],
    }
    assert images["AutoMLJobInputDataConfig"][0]["ContentType"] == {"optional": ["image/*", "image/png", "image/jpeg"]}


def test_limits_and_choices_stand_in_the_places(capsys: pytest.CaptureFixture[str]) -> None:
    skeleton = json.loads(printed(capsys, "v1", "tabular"))

    assert skeleton["AutoMLJobConfig"]["CompletionCriteria"]["MaxCandidates"] == {
        "optional": ["a whole number, 1 to 750"]
    }
    assert skeleton["AutoMLJobConfig"]["Mode"] == {"optional": ["AUTO", "ENSEMBLING", "HYPERPARAMETER_TUNING"]}
    assert skeleton["InputDataConfig"][0]["TargetAttributeName"] == {"required": ["text, at least 1 character"]}


@pytest.mark.parametrize(
    "name", ["ImageClassification", "ImageClassificationJobConfig", "image", "IMAGE_CLASSIFICATION"]
)
def test_problem_can_be_called_by_any_of_its_names(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "v2", name) == printed(capsys, "v2", "image-classification")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["v2"], "v2 needs --problem: one of tabular, image-classification"),
        (["v1", "--problem", "text-generation"], "v1 knows tabular problems only: `automl skeleton v2 --problem text-"),
    ],
)
def test_wrong_call_is_told(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["skeleton", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_unknown_problem_is_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["skeleton", "v2", "--problem", "text"])

    assert end.value.code == 2
    assert "text-classification" in capsys.readouterr().err


def test_check_names_what_is_not_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("request.json").write_text(printed(capsys, "v1", "tabular"))

    assert main(["check", "--json", "request.json"]) == 1
    assert json.loads(capsys.readouterr().out)["errors"][0] == (
        "'AutoMLJobName' is still the placeholder of `automl skeleton`: put a value in its place or leave the member "
        "out"
    )
