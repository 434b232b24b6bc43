"""What the environments of Autopilot's inference containers hold: jobs write them, and what serves reads them."""

from collections.abc import Mapping

INPUT, OUTPUT, SUPPORTED = (f"SAGEMAKER_INFERENCE_{name}" for name in ("INPUT", "OUTPUT", "SUPPORTED"))
TRANSFORM_MODE = "AUTOML_TRANSFORM_MODE"
FEATURES, LABELS = "feature-transform", "inverse-label-transform"

_ACCEPT, _CSV, _RECORDIO = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv", "application/x-recordio-protobuf"
_FOLDER = {"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
_LABEL = "predicted_label"
_CHANCES = f"{_LABEL},probability,probabilities"


def pipeline(*, labelled: bool, recordio: bool) -> list[dict[str, str]]:
    """Those of a tuned candidate, as they were seen from 2020 to 2025: features, algorithm, and for classes labels.

    Args:
        labelled: Whether it tells classes apart.
        recordio: Whether the features reach the algorithm as recordio.
    """
    processor = {"SAGEMAKER_PROGRAM": "sagemaker_serve", **_FOLDER}
    features = {TRANSFORM_MODE: FEATURES, _ACCEPT: _RECORDIO, **processor}
    algorithm = {"MAX_CONTENT_LENGTH": "20971520", _ACCEPT: _CSV}
    if recordio:
        features["AUTOML_SPARSE_ENCODE_RECORDIO_PROTOBUF"] = "1"
    if not labelled:
        return [features, algorithm]
    labels = {
        TRANSFORM_MODE: LABELS,
        INPUT: _LABEL,
        OUTPUT: _LABEL,
        SUPPORTED: f"{_LABEL},probability,labels,probabilities",
        _ACCEPT: _CSV,
        **processor,
    }
    return [features, {**algorithm, OUTPUT: _LABEL, SUPPORTED: _CHANCES}, labels]


def ensemble(*, labelled: bool) -> dict[str, str]:
    """That of an ensemble of tables, as it was seen of a regression in 2025; the keys of classes are as documented."""
    return {"SAGEMAKER_PROGRAM": "tabular_serve.py", **_FOLDER, _ACCEPT: _CSV, **_answering(labelled=labelled)}


SERIES: Mapping[str, str] = {}
"""That of time series, as it was seen: nothing can be chosen."""

TEXT: Mapping[str, str] = {OUTPUT: _LABEL, SUPPORTED: f"{_CHANCES},labels"}
"""That of texts: nobody has shown one."""

IMAGE: Mapping[str, str] = {**TEXT, OUTPUT: f"{_LABEL},probability"}
"""That of images: nobody has shown one, but both keys were in answers."""


def _answering(*, labelled: bool) -> dict[str, str]:
    return {OUTPUT: _LABEL, SUPPORTED: f"{_CHANCES},labels" if labelled else _LABEL}
