from __future__ import annotations

import json
import random
import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from constructs_lib.engines.faults import DataFault
from constructs_lib.rehearsal.training.images import images, pictures
from constructs_lib.rehearsal.training.tabular.prepared import Prepared
from constructs_lib.rehearsal.training.task import ImageClassificationTask, ImageFile, TrainingResult

from ..world import run_task, served

pytestmark = pytest.mark.training

if TYPE_CHECKING:
    from pathlib import Path


def draw(path: Path, shape: str, seed: int, size: int = 40) -> Path:
    """A bar in a noisy picture: lying or standing."""
    noise = np.random.default_rng(seed).integers(0, 60, (size, size, 3))
    place = random.Random(seed).randrange(8, 26)
    if shape == "lying":
        noise[place : place + 6, 4:36] += 180
    else:
        noise[4:36, place : place + 6] += 180
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise.astype(np.uint8)).save(path)
    return path


def pictures_of(folder: Path, each: int = 40) -> list[ImageFile]:
    """Pictures in a folder per class, half of them PNG."""
    made = []
    for number in range(each):
        for shape in ("lying", "standing"):
            name = f"bars/{shape}/{number:02}.{'png' if number % 2 else 'jpg'}"
            made.append(ImageFile(path=draw(folder / name, shape, 100 * number + len(shape)), name=name))
    return made


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, Path]:
    folder = tmp_path_factory.mktemp("images")
    result, _ = run_task(ImageClassificationTask(training_images=pictures_of(folder)), folder)
    return result, folder


def test_a_job_ends_with_one_candidate_that_knows_the_shapes(trained: tuple[TrainingResult, Path]) -> None:
    result, _ = trained
    assert (result.status, result.problem_type, result.objective) == ("Completed", "ImageClassification", "Accuracy")
    assert result.best is not None
    assert [result.best] == list(result.candidates)
    assert result.best.metrics["Validation"]["Accuracy"] > 0.9
    assert any("folder that it lies in: unverified for Autopilot" in note for note in result.notes)
    assert any("Autopilot fine-tunes deep networks" in note for note in result.notes)


def test_the_accuracy_is_that_of_the_served_model(trained: tuple[TrainingResult, Path], tmp_path: Path) -> None:
    result, folder = trained
    prepared = Prepared.load(folder / "work")
    truth = [prepared.problem.labels[int(number)] for number in prepared.validation.target]
    said = []
    with served(result) as server:
        for pixels in prepared.validation.cells:
            Image.fromarray(pixels).save(tmp_path / "one.png")
            answer = server.predict((tmp_path / "one.png").read_bytes(), "image/png", "")[0].decode()
            said.append(answer.split(",")[0])
    assert result.best is not None
    assert result.best.objective_value == pytest.approx(np.mean([a == b for a, b in zip(truth, said, strict=True)]))


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_an_image_is_served_with_its_probabilities(
    trained: tuple[TrainingResult, Path], tmp_path: Path, kind: str
) -> None:
    result, _ = trained
    body = draw(tmp_path / f"new.{kind}", "standing", seed=12345, size=48).read_bytes()
    with served(result, {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability,labels"}) as server:
        answer = json.loads(server.predict(body, f"image/{kind}", "application/json")[0])
        with pytest.raises(
            ValueError, match="the content type 'text/csv' is not supported; use image/png or image/jpeg"
        ):
            server.predict(body, "text/csv", "")
        with pytest.raises(ValueError, match="the body is no image that can be read: it is neither PNG nor JPEG"):
            server.predict(b"no image", "image/png", "")
        with pytest.raises(ValueError, match="the body is no image that can be read: "):
            server.predict(body[: len(body) // 2], f"image/{kind}", "")
    assert answer == {
        "predicted_label": "standing",
        "probability": answer["probability"],
        "labels": ["lying", "standing"],
    }
    assert answer["probability"] > 0.5


def test_an_image_is_answered_with_one_object_of_label_and_probability(
    trained: tuple[TrainingResult, Path], tmp_path: Path
) -> None:
    """As three clients of real endpoints read it."""
    body = draw(tmp_path / "new.png", "standing", seed=12345).read_bytes()
    with served(trained[0]) as server:
        answer = json.loads(server.predict(body, "application/x-image", "application/json")[0])
    assert list(answer) == ["predicted_label", "probability"]
    assert answer["predicted_label"] == "standing"
    assert 0.5 < answer["probability"] <= 1


def test_the_regions_that_matter_are_explained(trained: tuple[TrainingResult, Path]) -> None:
    result, _ = trained
    assert result.best is not None
    assert result.best.explainability is not None
    assert result.best.insights is not None
    explained = json.loads((result.best.explainability / "regions.json").read_text())
    assert np.array(explained["rows_from_the_top"]).shape == (4, 4)
    assert explained["objective_value"] == result.best.objective_value
    assert (result.best.insights / "statistics.json").exists()


def test_a_label_of_a_manifest_wins_over_the_folder(tmp_path: Path) -> None:
    labelled = [
        ImageFile(path=image.path, name=image.name, label="a" if number < 30 else "b")
        for number, image in enumerate(pictures_of(tmp_path, 20))
    ]
    asked = ImageClassificationTask(training_images=labelled)
    prepared = images.prepare(_plain(asked), str(tmp_path))
    assert Prepared.load(tmp_path).problem.labels == ("a", "b")
    assert not any("folder" in note for note in prepared["notes"])


def test_a_validation_channel_is_what_is_measured_on(tmp_path: Path) -> None:
    training = pictures_of(tmp_path, 5)
    other = draw(tmp_path / "round/0.png", "lying", 1)
    more = [*pictures_of(tmp_path / "more", 3), ImageFile(path=other, name="round/0.png")]
    asked = ImageClassificationTask(training_images=training, validation_images=more)
    notes = images.prepare(_plain(asked), str(tmp_path))["notes"]
    prepared = Prepared.load(tmp_path)
    assert (len(prepared.training), len(prepared.validation)) == (10, 6)
    assert "1 validation images are left out: a class that the training data does not have" in notes


@pytest.mark.parametrize(
    ("names", "fields", "message"),
    [
        ([], {}, "the training channel has no image"),
        (
            ["a/1.png", "a/2.png"],
            {},
            "there is only one class among the training images ('a'): there is nothing to learn",
        ),
        (["a/1.png", "b/2.gif"], {}, "1 training files do not end in .png or .jpg or .jpeg as image/* needs: b/2.gif"),
        (
            ["a/1.png", "b/2.jpg"],
            {"content_type": "image/png"},
            "1 training files do not end in .png as image/png needs",
        ),
        (
            ["a/1.png", "b/2.png"],
            {"content_type": "image/gif"},
            "content type 'image/gif' is not supported; use image/png",
        ),
        (["a/1.png", "2.png"], {}, "1 training images lie in no folder that names a class: 2.png"),
        (
            ["a/1.png", "b/broken.png"],
            {},
            "1 training images cannot be read: b/broken.png (it is neither PNG nor JPEG)",
        ),
        (["a/1.png", "b/cut.png"], {}, "1 training images cannot be read: b/cut.png ("),
        (["a/1.png", "b/1.PNG"], {"channel": "validation"}, "no validation image has a class of the training images"),
    ],
)
def test_a_fault_in_the_images_is_the_failure_reason(
    tmp_path: Path, names: list[str], fields: dict[str, Any], message: str
) -> None:
    fields = dict(fields)
    made = []
    for number, name in enumerate(names):
        path = draw(tmp_path / f"{number}.png", "lying", number)
        if "broken" in name:
            path.write_bytes(b"GIF89a and more")
        if "cut" in name:
            path.write_bytes(path.read_bytes()[:500])
        made.append(ImageFile(path=path, name=name))
    if fields.pop("channel", "") == "validation":
        task = ImageClassificationTask(training_images=pictures_of(tmp_path, 3), validation_images=made)
    else:
        task = ImageClassificationTask(training_images=made, **fields)
    with pytest.raises(DataFault, match=f"^{re.escape(message)}"):
        images.prepare(_plain(task), str(tmp_path))


def test_without_pillow_the_reason_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(DataFault, match=r"needs Pillow: in a checkout, pip install '\.\[rehearsal\]'$"):
        pictures.pixels(b"")


def test_the_edges_of_a_picture_do_not_depend_on_its_contrast() -> None:
    ramp = np.zeros((2, pictures.SIDE, pictures.SIDE, 3), dtype=np.uint8)
    ramp[0, :, 16:] = 40
    ramp[1, :, 16:] = 200
    of_edges = slice((pictures.SIDE // 2) ** 2, (pictures.SIDE // 2) ** 2 + 4 * 4 * 9)
    dim, bright = pictures.features(ramp)[:, of_edges]
    assert dim == pytest.approx(bright)
    assert np.linalg.norm(dim) == pytest.approx(1)


def _plain(task: ImageClassificationTask) -> dict[str, Any]:
    """The task as it reaches the worker."""
    return {
        "content_type": task.content_type,
        **{
            channel: [{"path": str(image.path), "name": image.name, "label": image.label} for image in of_channel]
            for channel, of_channel in (
                ("training_images", task.training_images),
                ("validation_images", task.validation_images),
            )
        },
    }
