from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import shutil
import signal
import tarfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training import Server
from constructs_lib.rehearsal.training.tabular import inference
from constructs_lib.rehearsal.training.tabular.fitting import fit
from constructs_lib.rehearsal.training.tabular.preparation import prepare

from .world import customers_file, prices, write_csv

pytestmark = pytest.mark.training

if TYPE_CHECKING:
    from collections.abc import Iterator

OUTPUT = "SAGEMAKER_INFERENCE_OUTPUT"
ALL = "predicted_label,probability,probabilities,labels"
YOUNG = ["25", "basic", "2020-01-01", "wants a better price now 1"]
OLD = ["70", "business", "2020-01-01", "happy with all we do 2"]


def _model(folder: Path, file: Path, **fields: Any) -> Path:
    task = {"training_files": [str(file)], "max_candidates": 1, **fields}
    (trial,) = prepare(task, str(folder))["trials"]
    return Path(fit(trial, str(folder))["archive"])


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    return _model(folder, customers_file(folder), target="churned", algorithms=["randomforest"], mode="ENSEMBLING")


@pytest.fixture(scope="module")
def server(archive: Path) -> Iterator[Server]:
    started = Server.start(archive, {OUTPUT: ALL})
    yield started
    started.stop()


def _csv(*rows: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _json(*instances: object) -> bytes:
    return json.dumps({"instances": list(instances)}).encode()


def test_the_answer_is_the_label_alone_unless_more_is_asked_for(archive: Path) -> None:
    plain = Server.start(archive, {})
    try:
        assert plain.predict(_csv(YOUNG, OLD), "text/csv", "text/csv") == (b"yes\nno\n", "text/csv")
    finally:
        plain.stop()


def test_an_answer_holds_the_keys_that_were_asked_for_in_order(server: Server) -> None:
    body, kind = server.predict(_csv(YOUNG, OLD), "text/csv", "application/json")
    assert kind == "application/json"
    young, old = json.loads(body)["predictions"]
    for answer, label in ((young, "yes"), (old, "no")):
        assert list(answer) == ALL.split(",")
        assert answer["labels"] == "['no', 'yes']", "text, as the container of an ensemble was seen to answer"
        assert answer["predicted_label"] == label
        assert isinstance(answer["probabilities"], str)
        assert sum(json.loads(answer["probabilities"])) == pytest.approx(1)
        assert answer["probability"] == max(json.loads(answer["probabilities"]))


def test_csv_answers_quote_their_lists(server: Server) -> None:
    body, _ = server.predict(_csv(YOUNG), "text/csv", "text/csv")
    ((label, probability, probabilities, labels),) = csv.reader(io.StringIO(body.decode()))
    assert (label, labels) == ("yes", "['no', 'yes']")
    assert float(probability) == max(json.loads(probabilities))


def test_in_tuning_mode_the_probability_is_that_of_the_positive_class(tmp_path: Path) -> None:
    model = _model(tmp_path, customers_file(tmp_path), target="churned", mode="HYPERPARAMETER_TUNING")
    tuned = Server.start(model, {OUTPUT: "probability,probabilities"})
    try:
        ((probability, probabilities),) = csv.reader(
            io.StringIO(tuned.predict(_csv(OLD), "text/csv", "text/csv")[0].decode())
        )
        (same,) = json.loads(tuned.predict(_csv(OLD), "text/csv", "application/json")[0])["predictions"]
    finally:
        tuned.stop()
    assert same == {"probability": float(probability), "probabilities": json.loads(probabilities)}
    assert float(probability) == json.loads(probabilities)[1] < 0.5


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (_csv(YOUNG), "text/csv; charset=utf-8"),
        (b"\xef\xbb\xbf" + _csv(YOUNG), "text/csv"),
        (_json(YOUNG), "application/json"),
        (_json({"age": 25, "plan": "basic", "joined": "2020-01-01", "remark": YOUNG[3]}), "application/json"),
    ],
)
def test_the_same_row_in_another_form_gets_the_same_answer(server: Server, body: bytes, content_type: str) -> None:
    assert server.predict(body, content_type, "text/csv") == server.predict(_csv(YOUNG), "text/csv", "*/*")


def test_a_header_is_a_row_like_any_other(server: Server, tmp_path: Path) -> None:
    """Of a column of numbers ENSEMBLING refuses it with the whole request; tuning answers it."""
    body = _csv(["age", "plan", "joined", "remark"], YOUNG)
    with pytest.raises(ValueError, match=r"^'age' in the column 'age', which has numbers: the whole request is"):
        server.predict(body, "text/csv", "text/csv")
    model = _model(tmp_path, customers_file(tmp_path), target="churned", mode="HYPERPARAMETER_TUNING")
    tuned = Server.start(model, {})
    try:
        answers, _ = tuned.predict(body, "text/csv", "text/csv")
        assert len(answers.split()) == 2
        with pytest.raises(ValueError, match="the rows have 5 values for 4 features: they are taken for rows "):
            tuned.predict(_csv([*YOUNG, "yes"]), "text/csv", "text/csv")
        with pytest.raises(ValueError, match=r"^Received data of unknown size\. Expected number of columns is 4\."):
            tuned.predict(_csv(YOUNG[:-1]), "text/csv", "text/csv")
    finally:
        tuned.stop()


def test_values_that_are_missing_or_new_are_no_error(server: Server) -> None:
    body = _json({"age": None, "plan": "never seen"}, {})
    answers = json.loads(server.predict(body, "application/json", "application/json")[0])["predictions"]
    assert len(answers) == 2


@pytest.mark.parametrize(("mode", "key"), [("ENSEMBLING", "predicted_label"), ("HYPERPARAMETER_TUNING", "score")])
def test_a_regression_answers_with_the_value(tmp_path: Path, mode: str, key: str) -> None:
    """In JSON, a tuned model's value was seen to be called as XGBoost calls it."""
    header, rows = prices(600)
    model = _model(tmp_path, write_csv(tmp_path / "prices.csv", header, rows), target="price", mode=mode)
    pricing = Server.start(model, {OUTPUT: "predicted_label"} if mode == "ENSEMBLING" else {})
    try:
        body, _ = pricing.predict(_csv(*(row[:-1] for row in rows[:20])), "text/csv", "")
        told, _ = pricing.predict(_csv(rows[0][:-1]), "text/csv", "application/json")
    finally:
        pricing.stop()
    assert json.loads(told) == {"predictions": [{key: float(body.split()[0])}]}
    errors = [abs(float(said) - float(row[-1])) for said, row in zip(body.decode().split(), rows[:20], strict=True)]
    assert max(errors) < 5, "the noise in the prices has a deviation of 1"


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "message"),
    [
        (b"", "text/csv", "", "the body has no rows"),
        (
            _csv(YOUNG, YOUNG[:-1]),
            "text/csv",
            "",
            "the body, line 2: 3 values, but there should be 4 (features in this",
        ),
        (_csv([*YOUNG, "yes"]), "text/csv", "", "the body, line 1: 5 values, but there should be 4"),
        (b'1,"2', "text/csv", "", "the body, line 1: unexpected end of data"),
        (b"caf\xe9", "text/csv", "", "the body is not UTF-8 text: byte 0xe9"),
        (b"{", "application/json", "", "the body is not JSON: "),
        (b"[]", "application/json", "", 'the body must be {"instances": [...]}'),
        (_json(), "application/json", "", "the body has no rows"),
        (_json({"wage": 1}), "application/json", "", "instance 1 has 'wage', which is not a feature of the model"),
        (_json(YOUNG, ["1"]), "application/json", "", "instance 2 has 1 values, but there should be 4"),
        (_json("x"), "application/json", "", "instance 1 must be a list or an object"),
        (_csv(YOUNG), "image/png", "", "the content type 'image/png' is not supported; use text/csv or application/"),
        (_csv(YOUNG), "text/csv", "image/png", "the accept type 'image/png' is not supported; use text/csv or appli"),
    ],
)
def test_a_request_that_cannot_be_understood_is_refused_with_the_reason(
    server: Server, body: bytes, content_type: str, accept: str, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        server.predict(body, content_type, accept)


def test_answers_that_the_model_does_not_give_are_refused_at_the_start(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="SAGEMAKER_INFERENCE_OUTPUT asks for 'odds'; a BinaryClassification model answers with"
    ):
        Server.start(archive, {OUTPUT: "predicted_label,odds"})


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_an_archive_without_a_model_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.tar.gz"
    if content is None:
        with tarfile.open(path, "w:gz"):
            pass
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^model\.tar\.gz is not a model that was trained on this machine: "):
        Server.start(path, {})


def test_the_archive_says_what_is_in_it(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["model.joblib", "metadata.json"]
        member = tar.extractfile("metadata.json")
        assert member is not None
        metadata = json.loads(member.read())
    assert metadata["features"] == ["age", "plan", "joined", "remark"]
    assert metadata["labels"] == ["no", "yes"]
    assert metadata["target"] == "churned"
    assert "not by Autopilot" in metadata["made_by"]


def test_several_threads_may_ask_at_once(server: Server) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(
            threads.map(lambda row: server.predict(_csv(row), "text/csv", "text/csv")[0][:2], [YOUNG, OLD] * 10)
        )
    assert answers == [b"ye", b"no"] * 10


def test_a_stopped_server_refuses(archive: Path) -> None:
    stopped = Server.start(archive, {})
    stopped.stop()
    stopped.stop()
    assert stopped.pids == []
    with pytest.raises(RuntimeError, match="the server is stopped"):
        stopped.predict(_csv(YOUNG), "text/csv", "")


def test_a_model_whose_process_was_killed_is_served_by_another(archive: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(archive, tmp_path))
    served = Server.start(copy, {})
    copy.unlink()
    try:
        (pid,) = served.pids
        os.kill(pid, signal.SIGKILL)
        with suppress(RuntimeError):  # the request that finds it dead may fail
            served.predict(_csv(YOUNG), "text/csv", "")
        assert served.predict(_csv(YOUNG), "text/csv", "") == (b"yes\n", "text/csv")
        assert pid not in served.pids
    finally:
        served.stop()


@given(body=st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
@settings(max_examples=100, deadline=None)
def test_no_body_breaks_the_model(archive: Path, body: bytes) -> None:
    for content_type in ("text/csv", "application/json"):
        try:
            answer = inference.predict(str(archive), "", base64.b64encode(body).decode(), content_type, "text/csv")
        except DataFault:
            continue
        assert set(base64.b64decode(answer["body"]).decode().split()) <= {"yes", "no"}
