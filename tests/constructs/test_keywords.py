"""What several calls take alike is written once, and shows wherever somebody looks: `help()`, signatures, an editor."""

import dataclasses
import inspect
import json
import os
import pydoc
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import aws_cdk as cdk
import pytest

import constructs_lib
from constructs_lib import AutoMLJob, AutoMLJobOutcome, AutoMLJobV2, AutoMLTransform, Channel, DeploymentPolicy, public
from constructs_lib.jobs.props import JobProps
from tests.constructs.synthesis import data_bucket, new_stack

VARIABLE = "PYRIGHT"
"""Says where pyright's language server lies; `dev.py test` puts it there."""

ROOT = Path(__file__).parents[2]
SHARED = list(JobProps.__annotations__)


@pytest.mark.parametrize("kind", [AutoMLJob, AutoMLJobV2])
def test_help_shows_each_shared_prop_with_its_text(kind: type) -> None:
    text = pydoc.render_doc(kind, renderer=pydoc.plaintext)  # type: ignore[attr-defined]

    shown = [line.strip(" |").partition(":")[0] for line in text.splitlines()]
    assert [name for name in SHARED if name not in shown] == []
    assert "Which of its subnets, 1 to 16. Default: the private ones, as elsewhere in the CDK." in text
    assert text.index("revision: Another value") < text.index("Raises:")


@pytest.mark.parametrize("kind", [AutoMLJob, AutoMLJobV2])
def test_signature_of_a_job_has_each_prop_with_type_and_default(kind: type) -> None:
    parameters = inspect.signature(kind).parameters

    assert parameters["training_data"].default is inspect.Parameter.empty
    assert [parameters[name].kind for name in SHARED] == [inspect.Parameter.KEYWORD_ONLY] * len(SHARED)
    assert str(parameters["vpc"]) == "vpc: 'ec2.IVpc | None' = None"
    assert str(parameters["revision"]) == "revision: 'str' = '1'"
    assert not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())


def test_signature_says_which_shared_keywords_are_needed() -> None:
    parameters = inspect.signature(AutoMLJobOutcome.transform).parameters

    needed = [name for name, each in parameters.items() if each.default is inspect.Parameter.empty]
    assert needed == ["self", "data", "instance_type"]
    assert str(parameters["data"]) == "data: 'Channel'"
    assert parameters["content_type"].default == "text/csv"
    assert "data: What to predict for" in (inspect.getdoc(AutoMLJobOutcome.transform) or "")
    assert "max_payload_mib: The largest request in MiB" in (inspect.getdoc(AutoMLTransform.__init__) or "")


def test_texts_are_shown_where_a_call_has_none_of_its_own() -> None:
    text = inspect.getdoc(DeploymentPolicy.all_at_once) or ""

    assert "Args:\n    termination_wait: How long the old fleet is kept" in text


@pytest.mark.parametrize("name", [name for name in public.__all__ if name.startswith("AutoML")])
def test_no_construct_shows_the_signature_of_its_metaclass(name: str) -> None:
    assert list(inspect.signature(getattr(constructs_lib, name)).parameters)[:2] == ["scope", "construct_id"]


def test_class_below_a_construct_shows_its_own_signature() -> None:
    class Churn(AutoMLJob):
        def __init__(self, scope: cdk.Stack, construct_id: str, *, team: str) -> None:
            data = Channel.from_bucket(data_bucket(scope), f"{team}/")
            super().__init__(scope, construct_id, training_data=data, target_attribute="churned")

    assert list(inspect.signature(Churn).parameters) == ["scope", "construct_id", "team"]
    assert Churn(new_stack(), "Churn", team="growth").job_name


def test_keyword_that_is_not_there_is_refused_by_name() -> None:
    stack = new_stack()
    props: dict[str, Any] = {"training_data": Channel.from_bucket(data_bucket(stack)), "target_attribute": "y"}

    with pytest.raises(TypeError, match=r"AutoMLJob\.__init__\(\) got an unexpected keyword argument 'revison'"):
        AutoMLJob(stack, "Job", **props, revison="2")  # type: ignore[call-arg]
    assert stack.node.try_find_child("Job") is None


def test_keyword_with_a_similar_name_is_guessed() -> None:
    with pytest.raises(TypeError, match=r"argument 'revison' \(did you mean 'revision'\?\)$"):
        AutoMLJobV2(new_stack(), "Job", revison="2")  # type: ignore[call-arg]


def given(name: str) -> dict[str, Any]:
    return {name: None}


OF_V1 = [*inspect.signature(AutoMLJob).parameters]
OF_V2 = [*inspect.signature(AutoMLJobV2).parameters]


@pytest.mark.parametrize("name", [name for name in OF_V1 if name not in OF_V2])
def test_v2_says_where_each_prop_of_v1_goes(name: str) -> None:
    with pytest.raises(TypeError) as refused:
        AutoMLJobV2(new_stack(), "Job", **given(name))

    begins = f"AutoMLJobV2.__init__() got an unexpected keyword argument '{name}': it belongs to the problem, "
    assert str(refused.value).startswith(begins)
    kinds = re.findall(r"(\w+)\((\w+)=\.\.\.\)", str(refused.value))
    assert ("Tabular", name) in kinds
    assert all(field == name and name in inspect.signature(getattr(public, kind)).parameters for kind, field in kinds)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "problem",
            "what a Tabular holds is given here by itself, as target_attribute=...; AutoMLJobV2 takes a problem",
        ),
        ("emr_serverless_role", "AutoMLJobV2 takes it"),
        ("forecast_horizon", "AutoMLJobV2 takes it, in problem=TimeSeriesForecasting(forecast_horizon=...)"),
    ],
)
def test_v1_says_where_what_is_of_v2_goes(name: str, said: str) -> None:
    with pytest.raises(TypeError) as refused:
        AutoMLJob(new_stack(), "Job", **given(name))

    assert str(refused.value) == f"AutoMLJob.__init__() got an unexpected keyword argument '{name}': {said}"


def test_v1_knows_each_prop_that_v2_has_besides() -> None:
    assert {*OF_V2} - {*OF_V1} == {"problem", "emr_serverless_role"}


def test_all_keywords_that_are_not_there_are_told_at_once() -> None:
    with pytest.raises(TypeError) as refused:
        AutoMLJobV2(new_stack(), "Job", mode=None, revison="2")  # type: ignore[call-arg]

    assert str(refused.value) == (
        "AutoMLJobV2.__init__() got unexpected keyword arguments 'mode': it belongs to the problem, "
        "problem=Tabular(mode=...); 'revison' (did you mean 'revision'?)"
    )


@pytest.mark.parametrize("name", [name for name in public.__all__ if dataclasses.is_dataclass(getattr(public, name))])
def test_signature_of_a_dataclass_has_types_and_no_limits(name: str) -> None:
    kind = getattr(public, name)
    shown = pydoc.render_doc(kind, renderer=pydoc.plaintext)  # type: ignore[attr-defined]

    assert "Annotated" not in shown
    assert not re.search(r"Api\(|Limits\(", shown)
    annotations = [each.annotation for each in inspect.signature(kind).parameters.values()]
    assert annotations
    assert not any("constructs_lib" in str(each) for each in annotations)


def test_signature_of_a_dataclass_says_what_one_gives() -> None:
    parameters = inspect.signature(public.CompletionCriteria).parameters

    assert str(parameters["max_runtime"]) == "max_runtime: 'Duration | None' = None"
    assert str(inspect.signature(public.Tabular).parameters["algorithms"]) == (
        "algorithms: 'Sequence[Algorithm] | None' = None"
    )
    assert str(inspect.signature(public.Tabular).parameters["features"]) == (
        "features: 'FeatureSpecification | str | None' = None"
    )


def test_types_of_a_dataclass_can_be_asked_for() -> None:
    assert get_type_hints(public.CompletionCriteria)["max_candidates"] == int | None


def test_keyword_that_is_needed_is_missed_by_name() -> None:
    stack = new_stack()
    job = AutoMLJob(stack, "Job", training_data=Channel.from_bucket(data_bucket(stack)), target_attribute="y")
    outcome = AutoMLJobOutcome(stack, "Outcome", job=job)

    with pytest.raises(TypeError, match=r"transform\(\) missing required keyword argument 'instance_type'"):
        outcome.transform(data=Channel.from_bucket(data_bucket(stack)))  # type: ignore[call-arg]


APP = """
import aws_cdk as cdk
from constructs_lib import AutoMLJob, Channel, CompletionCriteria

stack = cdk.Stack(cdk.App(), "Stack")
data = Channel.from_asset("x.csv")
AutoMLJob(stack, "A", training_data=data, target_attribute="y", job_name="mine")
AutoMLJob(stack, "B", training_data=data, target_attribute="y", jobname="mine")
AutoMLJob(stack, "C", training_data=data, target_attribute="y", job_name=2)
AutoMLJob(stack, "D", target_attribute="y")
CompletionCriteria(max_candidates=5)
"""


class Editor:
    """An editor with one file open, talking to pyright as editors do."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["node", os.environ[VARIABLE], "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
        )
        self._asked = 0
        self._uri = (folder / "app.py").as_uri()
        self.problems: list[str] | None = None
        wishes = {"workspace": {"configuration": True}, "textDocument": {"hover": {"contentFormat": ["plaintext"]}}}
        here = {"uri": folder.as_uri(), "name": "app"}
        self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": wishes, "workspaceFolders": [here]})
        self._send({"method": "initialized", "params": {}})
        document = {"uri": self._uri, "languageId": "python", "version": 1, "text": APP}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """The answer to a request."""
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        return next(message for message in self._messages() if message.get("id") == self._asked)["result"]

    def at(self, method: str, word: str) -> Any:
        """The answer to a request about the first place of a word in the app."""
        line, text = next((number, text) for number, text in enumerate(APP.splitlines()) if word in text)
        position = {"line": line, "character": text.index(word) + 2}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": self._uri}, "position": position})

    def wait_for_problems(self) -> list[str]:
        """What is underlined."""
        messages = self._messages()
        while not self.problems:
            next(messages)
        return self.problems

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _messages(self) -> Iterator[dict[str, Any]]:
        """What pyright says; its own requests are answered on the way."""
        assert self._process.stdout
        while header := self._process.stdout.readline():
            length = int(header.partition(b":")[2])
            while self._process.stdout.readline().strip():
                pass
            message = json.loads(self._process.stdout.read(length))
            if message.get("method") == "textDocument/publishDiagnostics":
                self.problems = [each["message"] for each in message["params"]["diagnostics"]]
            elif message.get("method") == "workspace/configuration":
                settings = {"pythonPath": sys.executable, "analysis": {"extraPaths": [str(ROOT)]}}
                self._send({"id": message["id"], "result": [settings for _ in message["params"]["items"]]})
            elif "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            if "method" not in message or "id" not in message:
                yield message


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    assert VARIABLE in os.environ, f"run this by `python3 dev.py test`, which sets {VARIABLE}"
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP)
    opened = Editor(folder)
    yield opened
    opened.close()


def test_editor_shows_the_text_of_a_shared_prop(editor: Editor) -> None:
    shown = editor.at("hover", "job_name=")["contents"]["value"]

    assert "A name of your own: at most 32 letters, digits and hyphens." in shown


def test_editor_lists_all_props_of_a_job(editor: Editor) -> None:
    (signature,) = editor.at("signatureHelp", "job_name=")["signatures"]

    assert [name for name in SHARED if f" {name}: " not in signature["label"]] == []


def test_editor_shows_types_of_a_dataclass_and_no_limits(editor: Editor) -> None:
    (signature,) = editor.at("signatureHelp", "max_candidates=")["signatures"]

    assert "max_candidates: int | None = None" in signature["label"]
    assert "Api(" not in signature["label"]


def test_editor_underlines_what_is_wrong_with_props(editor: Editor) -> None:
    editor.at("hover", "job_name=")
    problems = editor.wait_for_problems()

    assert len(problems) == 3
    assert 'No parameter named "jobname"' in problems[0]
    assert '"Literal[2]" is not assignable to' in problems[1]
    assert 'Argument missing for parameter "training_data"' in problems[2]
