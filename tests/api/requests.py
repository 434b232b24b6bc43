"""Requests in the API's own names, sound ones and generated ones, and tokens as the CDK encodes them."""

import copy
from typing import Any

from botocore.model import ListShape, MapShape, StructureShape
from botocore.model import Shape as BotocoreShape
from hypothesis import strategies as st

TEXT_TOKEN = "${Token[TOKEN.7]}"
LIST_TOKEN = ["#{Token[TOKEN.8]}"]
NUMBER_TOKEN = -1.8881545897087968e289


class LateValue:
    """Stands for an `IResolvable`."""

    def resolve(self) -> str:
        return "late"

    def __repr__(self) -> str:
        return "LateValue()"


def is_token(value: object) -> bool:
    """Tells tokens as the CDK encodes them, without the CDK."""
    if isinstance(value, str):
        return "${Token[" in value
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, str) and item.startswith("#{Token[") for item in value)
    return value == NUMBER_TOKEN or isinstance(value, LateValue)


REQUEST: dict[str, Any] = {
    "AutoMLJobName": "churn",
    "InputDataConfig": [
        {
            "ChannelType": "training",
            "ContentType": "text/csv;header=present",
            "CompressionType": "None",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}},
            "TargetAttributeName": "churned",
            "SampleWeightAttributeName": "weight",
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "alias/key"},
    "ProblemType": "BinaryClassification",
    "AutoMLJobObjective": {"MetricName": "AUC"},
    "AutoMLJobConfig": {
        "CompletionCriteria": {
            "MaxCandidates": 50,
            "MaxRuntimePerTrainingJobInSeconds": 1800,
            "MaxAutoMLJobRuntimeInSeconds": 14400,
        },
        "SecurityConfig": {
            "VolumeKmsKeyId": "alias/key",
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
        },
        "CandidateGenerationConfig": {
            "FeatureSpecificationS3Uri": "s3://bucket/features.json",
            "AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "catboost"]}],
        },
        "DataSplitConfig": {"ValidationFraction": 0.2},
        "Mode": "ENSEMBLING",
    },
    "RoleArn": "arn:aws:iam::123456789012:role/automl",
    "GenerateCandidateDefinitionsOnly": False,
    "Tags": [{"Key": "team", "Value": "märz 2026"}],
    "ModelDeployConfig": {"EndpointName": "churn"},
}
"""Every member of `CreateAutoMLJob`, each with a value that nothing is wrong with."""

_CRITERIA = {"MaxCandidates": 1, "MaxRuntimePerTrainingJobInSeconds": 1800, "MaxAutoMLJobRuntimeInSeconds": 14400}


def _v2(problem: dict[str, Any], content_type: str = "text/csv;header=present", **others: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}
    channel = {
        "ChannelType": "training",
        "ContentType": content_type,
        "CompressionType": "None",
        "DataSource": {"S3DataSource": source},
    }
    return {
        "AutoMLJobName": "job",
        "AutoMLJobInputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "alias/key"},
        "AutoMLProblemTypeConfig": problem,
        "RoleArn": "arn:aws:iam::123456789012:role/automl",
        "SecurityConfig": REQUEST["AutoMLJobConfig"]["SecurityConfig"],
        "Tags": [{"Key": "team", "Value": "märz 2026"}],
        "ModelDeployConfig": {"EndpointName": "job"},
        **others,
    }


FORECAST = _v2(
    {
        "TimeSeriesForecastingJobConfig": {
            "CompletionCriteria": _CRITERIA,
            "FeatureSpecificationS3Uri": "s3://bucket/features.json",
            "ForecastFrequency": "15min",
            "ForecastHorizon": 96,
            "ForecastQuantiles": ["p10", "p99"],
            "Transformations": {
                "Filling": {
                    "demand": {"frontfill": "none", "middlefill": "value", "middlefill_value": "0"},
                    "price": {"futurefill": "mean"},
                },
                "Aggregation": {"demand": "sum"},
            },
            "TimeSeriesConfig": {
                "TargetAttributeName": "demand",
                "TimestampAttributeName": "time",
                "ItemIdentifierAttributeName": "item",
                "GroupingAttributeNames": ["shop", "country"],
            },
            "HolidayConfig": [{"CountryCode": "DE"}],
            "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["ets", "npts"]}]},
        }
    },
    AutoMLJobObjective={"MetricName": "WAPE"},
)

TABULAR = _v2(
    {
        "TabularJobConfig": {
            "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm"]}]},
            "CompletionCriteria": {**_CRITERIA, "MaxCandidates": 750},
            "FeatureSpecificationS3Uri": "s3://bucket/features.json",
            "Mode": "ENSEMBLING",
            "GenerateCandidateDefinitionsOnly": False,
            "ProblemType": "Regression",
            "TargetAttributeName": "price",
            "SampleWeightAttributeName": "weight",
        }
    },
    AutoMLJobObjective={"MetricName": "MAE"},
    DataSplitConfig={"ValidationFraction": 0.2},
)

IMAGES = _v2(
    {"ImageClassificationJobConfig": {"CompletionCriteria": _CRITERIA}},
    "image/png",
    AutoMLJobObjective={"MetricName": "Accuracy"},
    DataSplitConfig={"ValidationFraction": 0.2},
)

TEXTS = _v2(
    {
        "TextClassificationJobConfig": {
            "CompletionCriteria": _CRITERIA,
            "ContentColumn": "text",
            "TargetLabelColumn": "label",
        }
    },
    AutoMLJobObjective={"MetricName": "Accuracy"},
    DataSplitConfig={"ValidationFraction": 0.2},
)

GENERATION = _v2(
    {
        "TextGenerationJobConfig": {
            "CompletionCriteria": _CRITERIA,
            "BaseModelName": "Falcon7BInstruct",
            "TextGenerationHyperParameters": {
                "epochCount": "3",
                "batchSize": "8",
                "learningRate": "0.0001",
                "learningRateWarmupSteps": "0",
            },
            "ModelAccessConfig": {"AcceptEula": True},
        }
    },
    DataSplitConfig={"ValidationFraction": 0.2},
)

V2_REQUESTS = {
    "tabular": TABULAR,
    "images": IMAGES,
    "texts": TEXTS,
    "forecast": FORECAST,
    "generation": GENERATION,
}
"""Every member of `CreateAutoMLJobV2` but `AutoMLComputeConfig`, of which there is always a warning."""


def with_value(path: str, value: object, request: dict[str, Any] = REQUEST) -> dict[str, Any]:
    """A request with another value at a path such as `AutoMLJobConfig.Mode` or `InputDataConfig.0.ContentType`."""
    changed: dict[str, Any] = put(copy.deepcopy(request), path.split("."), value)
    return changed


def put(at: Any, path: list[str], value: object) -> Any:
    """The document with another value at a path."""
    if not path:
        return value
    key, *below = path
    if isinstance(at, list):
        return [put(item, below, value) if index == int(key) else item for index, item in enumerate(at)]
    return {**at, key: put(at[key], below, value) if below else value}


SAMPLES = {
    "(https|s3)://([^/]+)/?(.*)": ["s3://b", "s3://bucket/größe/x", "https://s3.eu-west-1.amazonaws.com/b/k"],
    "[a-zA-Z0-9:/_-]*": ["", "alias/a_b", "arn:aws:kms:eu-west-1:123456789012:key/1-2"],
    "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}": ["a", "a--B9", "x" * 32],
    "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}": ["a", "a--B9", "x" * 63],
    "[a-zA-Z0-9](-*[a-zA-Z0-9])*": ["a", "Falcon7BInstruct", "x--9"],
    "[-0-9a-zA-Z]+": ["sg-1", "-"],
    "[a-zA-Z0-9_-]+": ["w", "my_weight-1"],
    r"[a-zA-Z0-9\_\-]+": ["zero", "-1"],
    "[a-zA-Z0-9._-]+": ["epochCount", "0.1"],
    r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+": ["arn:aws-us-gov:iam::123456789012:role/a/b+c@d"],
    r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)": ["k", "Größe 目标 ½", "a:b/c=d+e-f@g"],
    ".*": ["", "text/csv;header=present"],
    "1Y|Y|([1-9]|1[0-1])M|M|[1-4]W|W|[1-6]D|D|([1-9]|1[0-9]|2[0-3])H|H|([1-9]|[1-5][0-9])min": [
        *("1Y", "Y", "11M", "M", "4W", "W", "6D", "D", "23H", "H", "1min", "59min")
    ],
    r"(^p[1-9]\d?$)": ["p1", "p50", "p99"],
    "[A-Z]{2}": ["DE"],
}
"""Text that fits each pattern of the calls."""


def sound_values(shape: BotocoreShape) -> st.SearchStrategy[Any]:
    """Values of a shape of botocore's model, within its limits."""
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
    if isinstance(shape, StructureShape):
        members = {name: sound_values(member) for name, member in shape.members.items()}
        if shape.is_tagged_union:
            return st.one_of([st.fixed_dictionaries({name: member}) for name, member in members.items()])
        required = {*shape.required_members, *({"DataSource"} & set(members))}  # see REQUIRED_HERE_ONLY
        return st.fixed_dictionaries(
            {name: members[name] for name in required},
            optional={name: members[name] for name in members if name not in required},
        )
    if isinstance(shape, ListShape):
        return st.lists(sound_values(shape.member), min_size=low, max_size=min(high or 3, 3))
    if isinstance(shape, MapShape):
        return st.dictionaries(sound_values(shape.key), sound_values(shape.value), min_size=low, max_size=2)
    if shape.type_name == "string":
        if shape.enum:
            return st.sampled_from(shape.enum)
        if pattern := shape.metadata.get("pattern"):
            return st.sampled_from([text for text in SAMPLES[pattern] if low <= len(text) <= (high or 9999)])
        return st.text(min_size=low, max_size=high)
    if shape.type_name == "integer":
        return st.integers(low, high if high is not None else 2**31 - 1)
    if shape.type_name == "float":
        return st.floats(low, high)
    assert shape.type_name == "boolean"
    return st.booleans()


def without_empty(document: Any) -> Any:
    """The document without structures and lists that say nothing: flat shapes cannot tell them from missing ones."""
    if isinstance(document, dict):
        return {key: kept for key, item in document.items() if (kept := without_empty(item)) not in ({}, [])}
    if isinstance(document, list):
        return [kept for item in document if (kept := without_empty(item)) not in ({}, [])]
    return document
