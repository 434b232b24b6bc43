"""What a job is asked to train on: its channels read from S3 with its role, and the request as the trainer takes it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from constructs_lib.rehearsal.cloud.as_role import AsRole, S3Location
from constructs_lib.rehearsal.cloud.automl import rules
from constructs_lib.rehearsal.cloud.listing import BadInput, Item, below, of_manifest, parsed
from constructs_lib.rehearsal.cloud.store import Json
from constructs_lib.rehearsal.training.task import (
    ForecastingTask,
    ImageClassificationTask,
    ImageFile,
    Task,
    TextClassificationTask,
    TextGenerationTask,
    TrainingTask,
)

_NAME_LENGTH = 255 // 4
"""File systems take 255 bytes; a character of UTF-8 has up to four."""


class Inputs:
    """Reads the inputs of one job into its folder."""

    def __init__(self, settings: Json, role: AsRole, folder: Path, cancelled: threading.Event) -> None:
        self._settings = settings
        self._role = role
        self._folder = folder
        self._cancelled = cancelled
        self._kind, self._problem = next(iter(settings["AutoMLProblemTypeConfig"].items()))

    def task(self) -> Task:
        """The job as the trainer takes it.

        Raises:
            BadInput: The inputs are not what the job says they are.
            Denied: The role may not read them.
        """
        tasks: Mapping[str, Callable[[], Task]] = {
            rules.TABULAR: self._tabular,
            rules.TEXT: self._text,
            rules.IMAGE: self._image,
            rules.FORECASTING: self._forecasting,
            rules.GENERATION: self._generation,
        }
        return tasks[self._kind]()

    # Tasks

    def _tabular(self) -> TrainingTask:
        problem = self._problem
        return TrainingTask(
            **self._files(),
            **self._common(),
            compression=_compression(self._channels),
            target=problem["TargetAttributeName"],
            sample_weight=problem.get("SampleWeightAttributeName"),
            problem_type=problem.get("ProblemType"),
            objective=self._objective,
            mode=problem.get("Mode"),
            algorithms=self._algorithms,
            features=self._features(),
            max_candidates=problem.get("CompletionCriteria", {}).get("MaxCandidates"),
            candidate_definitions_only=problem.get("GenerateCandidateDefinitionsOnly", False),
        )

    def _text(self) -> TextClassificationTask:
        return TextClassificationTask(
            **self._files(),
            **self._common(),
            content=self._problem["ContentColumn"],
            target=self._problem["TargetLabelColumn"],
        )

    def _image(self) -> ImageClassificationTask:
        channels = self._read_channels()
        images = {
            kind: [ImageFile(path=path, name=item.name, label=item.label) for item, path in found]
            for kind, found in channels.items()
        }
        return ImageClassificationTask(
            training_images=images["training"], validation_images=images["validation"], **self._common()
        )

    def _forecasting(self) -> ForecastingTask:
        problem, columns = self._problem, self._problem["TimeSeriesConfig"]
        transformations = problem.get("Transformations", {})
        return ForecastingTask(
            **self._files(),
            **self._common(),
            frequency=problem["ForecastFrequency"],
            horizon=problem["ForecastHorizon"],
            quantiles=problem.get("ForecastQuantiles"),
            target=columns["TargetAttributeName"],
            timestamp=columns["TimestampAttributeName"],
            item=columns["ItemIdentifierAttributeName"],
            groupings=columns.get("GroupingAttributeNames", ()),
            filling=transformations.get("Filling", {}),
            aggregation=transformations.get("Aggregation", {}),
            holiday_country=next((one.get("CountryCode") for one in problem.get("HolidayConfig", ())), None),
            algorithms=self._algorithms,
            features=self._features(),
            objective=self._objective,
        )

    def _generation(self) -> TextGenerationTask:
        return TextGenerationTask(**self._files(), **self._common(), base_model=self._problem.get("BaseModelName"))

    def _common(self) -> dict[str, Any]:
        criteria = self._problem.get("CompletionCriteria", {})
        return {
            "content_type": self._channels[0].get("ContentType"),
            "validation_fraction": self._settings.get("DataSplitConfig", {}).get("ValidationFraction"),
            "max_runtime_per_training_job": criteria.get("MaxRuntimePerTrainingJobInSeconds"),
            "max_runtime": criteria.get("MaxAutoMLJobRuntimeInSeconds"),
        }

    def _files(self) -> dict[str, Any]:
        return {f"{kind}_files": [path for _, path in found] for kind, found in self._read_channels().items()}

    @property
    def _channels(self) -> list[Json]:
        channels: list[Json] = self._settings["AutoMLJobInputDataConfig"]
        return channels

    @property
    def _objective(self) -> str | None:
        metric: str | None = self._settings.get("AutoMLJobObjective", {}).get("MetricName")
        return metric

    @property
    def _algorithms(self) -> list[str] | None:
        return [
            name
            for config in self._problem.get("CandidateGenerationConfig", {}).get("AlgorithmsConfig", ())
            for name in config["AutoMLAlgorithms"]
        ] or None

    # Channels

    def _read_channels(self) -> dict[str, list[tuple[Item, Path]]]:
        read: dict[str, list[tuple[Item, Path]]] = {"training": [], "validation": []}
        for channel in self._channels:
            kind = channel.get("ChannelType", "training")
            read[kind] = self._read_channel(channel["DataSource"]["S3DataSource"], self._folder / kind)
        return read

    def _read_channel(self, source: Json, folder: Path) -> list[tuple[Item, Path]]:
        location = S3Location.parse(source["S3Uri"])
        listings: Mapping[str, Callable[[S3Location, Path], Iterator[Item]]] = {
            "S3Prefix": lambda location, _: below(self._role, location),
            "ManifestFile": lambda location, to: of_manifest(location, self._download(location, to).read_bytes()),
            "AugmentedManifestFile": self._augmented_manifest,
        }
        items = list(listings[source["S3DataType"]](location, folder.with_suffix(".manifest")))
        if not items:
            # The words of SageMaker's training and processing jobs.
            raise BadInput(
                f'No S3 objects found under S3 URL "{location.uri}" given in input data source. Please ensure that the '
                f"bucket exists in the selected region ({self._role.place.region}), that objects exist under that S3 "
                f'prefix, and that the role "{self._role.role_arn}" has "s3:ListBucket" permissions on bucket '
                f'"{location.bucket}".'
            )
        # Messages name the file, so it keeps its name, or as much of the end as a file system takes. Objects of two
        # folders may share a name: each has a folder of its own.
        return [
            (item, self._download(item.location, folder / str(number) / Path(item.location.key).name[-_NAME_LENGTH:]))
            for number, item in enumerate(items)
        ]

    def _augmented_manifest(self, location: S3Location, to: Path) -> Iterator[Item]:
        """The images of JSON lines, each with the class in the metadata of its label.

        `{"source-ref": "s3://bucket/cat.jpg", "label-metadata": {"class-name": "cat"}}`: the label may have any name.
        """
        lines = self._download(location, to).read_bytes().splitlines()
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"Line {number} of the augmented manifest {location.uri}"
            entry = parsed(line, f"{where} is no JSON")
            source = entry.get("source-ref") if isinstance(entry, dict) else None
            if not isinstance(source, str) or not source.startswith("s3://"):
                raise BadInput(f"{where} has no source-ref with the address of an image")
            labels = [
                metadata["class-name"]
                for name, metadata in entry.items()
                if name.endswith("-metadata") and isinstance(metadata, dict) and metadata.get("class-name")
            ]
            if len(labels) != 1:
                raise BadInput(f"{where} must have one label with a class-name in its metadata; it has {len(labels)}")
            found = S3Location.parse(source)
            yield Item(location=found, name=found.key, label=str(labels[0]))

    def _features(self) -> Mapping[str, Any] | None:
        uri = self._problem.get("FeatureSpecificationS3Uri")
        if uri is None:
            return None
        location = S3Location.parse(uri)
        wrong = f"The feature specification {location.uri} must be a JSON object with FeatureAttributeNames"
        features = parsed(self._download(location, self._folder / "features.json").read_bytes(), wrong)
        names = features.get("FeatureAttributeNames") if isinstance(features, dict) else None
        types = features.get("FeatureDataTypes", {}) if isinstance(features, dict) else None
        if (
            not isinstance(names, list)
            or not all(isinstance(name, str) for name in names)
            or not isinstance(types, dict)
        ):
            raise BadInput(wrong)
        return {**features, "FeatureAttributeNames": names, "FeatureDataTypes": types}

    def _download(self, location: S3Location, to: Path) -> Path:
        return self._role.download(location, to, self._cancelled)


def _compression(channels: list[Json]) -> str:
    """How the files of all channels are compressed."""
    kinds = {channel.get("CompressionType", "None") for channel in channels}
    if len(kinds) > 1:
        raise BadInput("This rehearsal reads both channels with the same CompressionType only")
    kind: str = kinds.pop()
    return kind
