"""The API's closed lists, spelled as the API spells them."""

from enum import StrEnum


class ProblemType(StrEnum):
    """What a tabular job predicts.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJob.html (ProblemType).
    """

    BINARY_CLASSIFICATION = "BinaryClassification"
    MULTICLASS_CLASSIFICATION = "MulticlassClassification"
    REGRESSION = "Regression"


class Metric(StrEnum):
    """What a job optimizes.

    Which metric fits which problem stands in docs/reference/limits-v2.md. AWS keeps adding metrics, so props take any
    text; text that is not in this list passes with a warning.
    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLJobObjective.html
    """

    ACCURACY = "Accuracy"
    MSE = "MSE"
    F1 = "F1"
    F1_MACRO = "F1macro"
    AUC = "AUC"
    RMSE = "RMSE"
    BALANCED_ACCURACY = "BalancedAccuracy"
    R2 = "R2"
    RECALL = "Recall"
    RECALL_MACRO = "RecallMacro"
    PRECISION = "Precision"
    PRECISION_MACRO = "PrecisionMacro"
    MAE = "MAE"
    MAPE = "MAPE"
    MASE = "MASE"
    WAPE = "WAPE"
    AVERAGE_WEIGHTED_QUANTILE_LOSS = "AverageWeightedQuantileLoss"


class Mode(StrEnum):
    """How a tabular job searches, and so what its candidates are made of.

    A job without a mode runs as HYPERPARAMETER_TUNING, however small its data: so did all that were seen, of V1 and V2.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLJobConfig.html (Mode).
    """

    AUTO = "AUTO"
    """ENSEMBLING for data below 100 MB, else HYPERPARAMETER_TUNING, also when the size is not known: so say AWS's
    pages. Nobody has shown such a job; what it makes is known when it has run."""

    ENSEMBLING = "ENSEMBLING"
    """Many models whose answers are weighed; a candidate is one container."""

    HYPERPARAMETER_TUNING = "HYPERPARAMETER_TUNING"
    """One model, tuned; a candidate is a row of containers: three for a classification, two for a regression."""


class Algorithm(StrEnum):
    """What a job may train.

    Which algorithm fits which problem and mode: `ALGORITHMS` of `constructs_lib.api.problem_types`.
    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLAlgorithmConfig.html
    """

    XGBOOST = "xgboost"
    LINEAR_LEARNER = "linear-learner"
    MLP = "mlp"
    LIGHTGBM = "lightgbm"
    CATBOOST = "catboost"
    RANDOMFOREST = "randomforest"
    EXTRA_TREES = "extra-trees"
    NN_TORCH = "nn-torch"
    FASTAI = "fastai"
    CNN_QR = "cnn-qr"
    DEEPAR = "deepar"
    PROPHET = "prophet"
    NPTS = "npts"
    ARIMA = "arima"
    ETS = "ets"


class S3DataType(StrEnum):
    """What an S3 URI of a channel stands for.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLS3DataSource.html
    """

    S3_PREFIX = "S3Prefix"
    MANIFEST_FILE = "ManifestFile"
    AUGMENTED_MANIFEST_FILE = "AugmentedManifestFile"


class Compression(StrEnum):
    """How the objects of a channel are compressed.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLChannel.html (CompressionType).
    """

    NONE = "None"
    GZIP = "Gzip"


class ChannelType(StrEnum):
    """What a channel is for.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLChannel.html (ChannelType).
    """

    TRAINING = "training"
    VALIDATION = "validation"


class ContentType(StrEnum):
    """The format of a channel's objects.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLChannel.html (ContentType).
    """

    CSV = "text/csv;header=present"
    """Comma-separated values whose first line names the columns."""

    PARQUET = "x-application/vnd.amazon+parquet"

    IMAGE = "image/*"
    """PNG and JPEG, mixed."""

    PNG = "image/png"
    JPEG = "image/jpeg"


class FeatureType(StrEnum):
    """How a column is to be read.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLCandidateGenerationConfig.html
    """

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    TEXT = "text"
    DATETIME = "datetime"
    SEQUENCE = "sequence"


class FillingType(StrEnum):
    """Where a gap of a time series lies; the `_VALUE` ones hold the value to fill it with.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TimeSeriesTransformations.html
    """

    FRONTFILL = "frontfill"
    MIDDLEFILL = "middlefill"
    BACKFILL = "backfill"
    FUTUREFILL = "futurefill"
    FRONTFILL_VALUE = "frontfill_value"
    MIDDLEFILL_VALUE = "middlefill_value"
    BACKFILL_VALUE = "backfill_value"
    FUTUREFILL_VALUE = "futurefill_value"


class Aggregation(StrEnum):
    """What becomes of several values of one time step.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TimeSeriesTransformations.html
    """

    SUM = "sum"
    AVG = "avg"
    FIRST = "first"
    MIN = "min"
    MAX = "max"
