"""Each container of a tuning candidate alone, and one after the other as a client may call them."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training import Server
from constructs_lib.rehearsal.training.tabular import inference, parts, recordio
from constructs_lib.rehearsal.training.tabular.fitting import fit
from constructs_lib.rehearsal.training.tabular.preparation import prepare

from ..world import customers_file, prices, write_csv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.training

ROWS = b"25,basic,2020-01-01,wants a better price now 1\n70,business,2020-01-01,happy with all we do 2\n"
KEYS = "predicted_label,probability,probabilities"
RECORDIO = "application/x-recordio-protobuf"
FIRST = {"AUTOML_TRANSFORM_MODE": "feature-transform", "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": RECORDIO}
SECOND = {"SAGEMAKER_INFERENCE_OUTPUT": KEYS}
THIRD = {
    "AUTOML_TRANSFORM_MODE": "inverse-label-transform",
    "SAGEMAKER_INFERENCE_INPUT": KEYS,
    "SAGEMAKER_INFERENCE_OUTPUT": f"{KEYS},labels",
}


def trained(folder: Path, file: Path, **fields: Any) -> Path:
    task = {"training_files": [str(file)], "max_candidates": 1, "mode": "HYPERPARAMETER_TUNING", **fields}
    (trial,) = prepare(task, str(folder))["trials"]
    return type(folder)(fit(trial, str(folder))["archive"])


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    return trained(folder, customers_file(folder), target="churned", algorithms=["xgboost"])


@pytest.fixture(scope="module")
def pricing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prices")
    header, rows = prices(600)
    return trained(folder, write_csv(folder / "prices.csv", header, rows), target="price")


def asked(
    archive: Path, *environments: Mapping[str, str], body: bytes = ROWS, kind: str = "text/csv", accept: str = ""
) -> tuple[bytes, str]:
    encoded = base64.b64encode(body).decode()
    answer = parts.predict(str(archive), json.dumps(environments), encoded, kind, accept)
    return base64.b64decode(answer["body"]), answer["content_type"]


def cells(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode())))


def whole(archive: Path, output: str, accept: str = "") -> bytes:
    answer = inference.predict(str(archive), output, base64.b64encode(ROWS).decode(), "text/csv", accept)
    return base64.b64decode(answer["body"])


def test_the_first_container_answers_features_and_never_a_label(archive: Path) -> None:
    body, kind = asked(archive, FIRST)
    assert kind == RECORDIO
    model = inference.Model.open(archive)
    features = model.estimator[:-1].transform(model.cells(ROWS, "text/csv"))
    assert recordio.decode(body) == pytest.approx(features.astype(np.float32))
    in_csv, kind = asked(archive, FIRST, accept="text/csv")
    assert kind == "text/csv"
    assert np.array(cells(in_csv), dtype=float) == pytest.approx(recordio.decode(body))
    sparse, _ = asked(archive, {**FIRST, "AUTOML_SPARSE_ENCODE_RECORDIO_PROTOBUF": "1"})
    assert len(sparse) < len(body)
    assert recordio.decode(sparse).tolist() == recordio.decode(body).tolist()


def test_container_by_container_a_client_gets_the_answer_of_the_pipeline(archive: Path) -> None:
    features, kind = asked(archive, FIRST)
    classes, kind = asked(archive, SECOND, body=features, kind=kind)
    assert [row[0] for row in cells(classes)] == ["1", "0"], "the algorithm knows numbers only"
    labelled, kind = asked(archive, THIRD, body=classes, kind=kind)
    assert kind == "text/csv"
    ours, pipelines = cells(labelled), cells(whole(archive, f"{KEYS},labels"))
    for row, other in zip(ours, pipelines, strict=True):
        assert (row[0], row[3]) == (other[0], other[3])
        assert float(row[1]) == pytest.approx(float(other[1]), rel=1e-5)
        assert json.loads(row[2]) == pytest.approx(json.loads(other[2]), rel=1e-5)
    assert [row[0] for row in ours] == ["yes", "no"]


def test_without_the_last_container_there_are_numbers_of_classes(archive: Path) -> None:
    assert cells(asked(archive, FIRST, {})[0]) == [["1"], ["0"]]
    answer, kind = asked(archive, FIRST, SECOND, accept="application/json")
    found = json.loads(answer)["predictions"]
    assert (kind, [row["predicted_label"] for row in found]) == ("application/json", [1, 0])
    assert all(sum(row["probabilities"]) == pytest.approx(1) for row in found)


def test_features_may_be_csv_and_what_comes_after_them_is_the_same(archive: Path) -> None:
    features, _ = asked(archive, FIRST, accept="text/csv")
    rest = {**THIRD, "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label"}
    assert cells(asked(archive, SECOND, rest, body=features)[0]) == [["yes"], ["no"]]


def test_a_regression_is_two_containers(pricing: Path) -> None:
    row = b"0.1,-0.2,0.3,1\n"
    features, kind = asked(pricing, FIRST, body=row)
    [[alone]] = cells(asked(pricing, {}, body=features, kind=kind)[0])
    [[together]] = cells(asked(pricing, FIRST, {}, body=row)[0])
    assert float(alone) == pytest.approx(float(together), rel=1e-5)


def test_a_model_of_a_single_container_is_whole(tmp_path: Path) -> None:
    archive = trained(
        tmp_path, customers_file(tmp_path), target="churned", mode="ENSEMBLING", algorithms=["randomforest"]
    )
    assert asked(archive, {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label"})[0] == b"yes\nno\n"
    with pytest.raises(DataFault, match="asks for 'odds'"):
        parts.load(str(archive), json.dumps([{"SAGEMAKER_INFERENCE_OUTPUT": "odds"}]))


def test_a_class_that_there_is_none_of_is_unseen(archive: Path) -> None:
    third = {**THIRD, "SAGEMAKER_INFERENCE_INPUT": "predicted_label", "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label"}
    assert cells(asked(archive, third, body=b"0\n1.0\n2\n")[0]) == [["no"], ["yes"], ["<unseen_label>"]]


@pytest.mark.parametrize(
    ("environment", "body", "kind", "accept", "message"),
    [
        (
            FIRST,
            b"1,2\n",
            "text/csv",
            "",
            "Received data of unknown size. Expected number of columns is 4. Number of columns in the received data "
            "is 2.",
        ),
        (FIRST, ROWS, "text/csv", "image/png", "the accept type 'image/png' is not supported; use application/x-rec"),
        ({}, ROWS, "text/csv", "", "the rows are no numbers of one length: could not convert string to float: 'basic'"),
        ({}, b"1,2\n", "text/csv", "", "features, and a row has 2"),
        ({}, ROWS, "application/json", "", "the content type 'application/json' is not supported; use application/x-"),
        (THIRD, b"1\n", "text/csv", "", "a row must have predicted_label, probability, probabilities; it has 1 cells"),
        (THIRD, b"yes,1,[]\n", "text/csv", "", "'yes' is not the number of a class"),
        (THIRD, b"1,many,[]\n", "text/csv", "", "'many' is no number, and no list of them"),
        (THIRD, b"", "text/csv", "", "the body has no rows"),
        (
            THIRD,
            b"1",
            RECORDIO,
            "",
            "the content type 'application/x-recordio-protobuf' is not supported; use text/csv",
        ),
        (
            {"SAGEMAKER_INFERENCE_OUTPUT": "labels"},
            b"",
            "text/csv",
            "",
            "SAGEMAKER_INFERENCE_OUTPUT asks for labels; there is predicted_label, probability, probabilities",
        ),
        ({"AUTOML_TRANSFORM_MODE": "both"}, b"", "text/csv", "", "AUTOML_TRANSFORM_MODE must be feature-transform or"),
    ],
)
def test_what_a_container_does_not_take_is_refused(
    archive: Path, environment: dict[str, str], body: bytes, kind: str, accept: str, message: str
) -> None:
    with pytest.raises(DataFault, match=re.escape(message)):
        asked(archive, environment, body=body, kind=kind, accept=accept)


def test_containers_are_served_from_a_process_of_their_own(archive: Path) -> None:
    server = Server.start_containers(archive, [FIRST])
    try:
        body, kind = server.predict(ROWS, "text/csv", "")
        assert (kind, len(recordio.decode(body))) == (RECORDIO, 2)
    finally:
        server.stop()
    with pytest.raises(ValueError, match="asks for odds"):
        Server.start_containers(archive, [{"SAGEMAKER_INFERENCE_OUTPUT": "odds"}])
