"""The API's closed lists, spelled as the API spells them."""

from enum import StrEnum


class ProblemType(StrEnum):
    """What a tabular job predicts.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJob.html (ProblemType).
    """

    BINARY_CLASSIFICATION = "BinaryClassification"
    """Which of two classes a row belongs to."""

    MULTICLASS_CLASSIFICATION = "MulticlassClassification"
    """Which of three or more classes a row belongs to."""

    REGRESSION = "Regression"
    """A number."""


class Metric(StrEnum):
    """What a job optimizes.

    Which metric fits which problem stands in docs/reference/limits-v2.md. AWS keeps adding metrics, so props take any
    text; text that is not in this list passes with a warning.
    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLJobObjective.html
    """

    ACCURACY = "Accuracy"
    """The part of all rows whose class is predicted rightly; more is better."""

    MSE = "MSE"
    """Mean squared error of a regression, in the target's unit squared; less is better."""

    F1 = "F1"
    """Harmonic mean of precision and recall of the positive class, for two classes; more is better."""

    F1_MACRO = "F1macro"
    """F1 of each class, averaged over three or more classes; more is better."""

    AUC = "AUC"
    """Area under the ROC curve, for two classes: 0.5 is chance, 1 is perfect; more is better."""

    RMSE = "RMSE"
    """Root of the mean squared error, in the target's own unit; less is better."""

    BALANCED_ACCURACY = "BalancedAccuracy"
    """Accuracy of each class, averaged, so that small classes count as much as large ones; more is better."""

    R2 = "R2"
    """The part of the target's variance that a regression explains: 1 is perfect; more is better."""

    RECALL = "Recall"
    """The part of the positive rows that are found, for two classes; more is better."""

    RECALL_MACRO = "RecallMacro"
    """Recall of each class, averaged over three or more classes; more is better."""

    PRECISION = "Precision"
    """The part of the rows called positive that are, for two classes; more is better."""

    PRECISION_MACRO = "PrecisionMacro"
    """Precision of each class, averaged over three or more classes; more is better."""

    MAE = "MAE"
    """Mean absolute error, in the target's own unit; less is better."""

    MAPE = "MAPE"
    """Mean absolute error as a part of the actual value, for time series; less is better."""

    MASE = "MASE"
    """Mean absolute error compared with that of a naive forecast, for time series; less is better."""

    WAPE = "WAPE"
    """Sum of the absolute errors as a part of the sum of the actual values, for time series; less is better."""

    AVERAGE_WEIGHTED_QUANTILE_LOSS = "AverageWeightedQuantileLoss"
    """Loss of the forecast quantiles, averaged over them, for time series; less is better."""


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
    """Gradient-boosted trees (XGBoost); in both modes."""

    LINEAR_LEARNER = "linear-learner"
    """A linear model; in both modes."""

    MLP = "mlp"
    """A neural network of several layers; in HYPERPARAMETER_TUNING mode."""

    LIGHTGBM = "lightgbm"
    """Gradient-boosted trees (LightGBM); in ENSEMBLING mode."""

    CATBOOST = "catboost"
    """Gradient-boosted trees (CatBoost); in ENSEMBLING mode."""

    RANDOMFOREST = "randomforest"
    """A forest of decision trees; in ENSEMBLING mode."""

    EXTRA_TREES = "extra-trees"
    """A forest of extremely randomized trees; in ENSEMBLING mode."""

    NN_TORCH = "nn-torch"
    """A neural network in PyTorch; in ENSEMBLING mode."""

    FASTAI = "fastai"
    """A neural network in fastai; in ENSEMBLING mode."""

    CNN_QR = "cnn-qr"
    """A convolutional network that forecasts quantiles; for time series."""

    DEEPAR = "deepar"
    """A recurrent network (DeepAR+) that learns from all series at once; for time series."""

    PROPHET = "prophet"
    """An additive model of trend, seasons and holidays (Prophet); for time series."""

    NPTS = "npts"
    """A non-parametric forecaster that samples from the past; for time series."""

    ARIMA = "arima"
    """Autoregressive integrated moving average; for time series."""

    ETS = "ets"
    """Exponential smoothing; for time series."""


class S3DataType(StrEnum):
    """What an S3 URI of a channel stands for.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLS3DataSource.html
    """

    S3_PREFIX = "S3Prefix"
    """All objects whose keys begin with the URI's."""

    MANIFEST_FILE = "ManifestFile"
    """A JSON file that lists objects."""

    AUGMENTED_MANIFEST_FILE = "AugmentedManifestFile"
    """A JSON Lines file with an object and its label in each line."""


class Compression(StrEnum):
    """How the objects of a channel are compressed.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLChannel.html (CompressionType).
    """

    NONE = "None"
    """Not compressed."""

    GZIP = "Gzip"
    """Compressed with gzip."""


class ChannelType(StrEnum):
    """What a channel is for.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLChannel.html (ChannelType).
    """

    TRAINING = "training"
    """To learn from."""

    VALIDATION = "validation"
    """To measure candidates on."""


class ContentType(StrEnum):
    """The format of a channel's objects.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLChannel.html (ContentType).
    """

    CSV = "text/csv;header=present"
    """Comma-separated values whose first line names the columns."""

    PARQUET = "x-application/vnd.amazon+parquet"
    """Apache Parquet."""

    IMAGE = "image/*"
    """PNG and JPEG, mixed."""

    PNG = "image/png"
    """PNG images."""

    JPEG = "image/jpeg"
    """JPEG images."""


class FeatureType(StrEnum):
    """How a column is to be read.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLCandidateGenerationConfig.html
    """

    NUMERIC = "numeric"
    """A number."""

    CATEGORICAL = "categorical"
    """One of a set of values, without an order."""

    TEXT = "text"
    """Text in words."""

    DATETIME = "datetime"
    """A date or a time."""

    SEQUENCE = "sequence"
    """A series of numbers in one cell; in HYPERPARAMETER_TUNING mode."""


class FillingType(StrEnum):
    """Where a gap of a time series lies; the `_VALUE` ones hold the value to fill it with.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TimeSeriesTransformations.html
    """

    FRONTFILL = "frontfill"
    """Before the first value of a series, from where other series begin: how it is filled."""

    MIDDLEFILL = "middlefill"
    """Between the first and the last value of a series: how it is filled."""

    BACKFILL = "backfill"
    """After the last value of a series, to where other series end: how it is filled."""

    FUTUREFILL = "futurefill"
    """In the time to be forecast, where other columns have no value: how it is filled."""

    FRONTFILL_VALUE = "frontfill_value"
    """The number for `FRONTFILL`, where its method is `value`."""

    MIDDLEFILL_VALUE = "middlefill_value"
    """The number for `MIDDLEFILL`, where its method is `value`."""

    BACKFILL_VALUE = "backfill_value"
    """The number for `BACKFILL`, where its method is `value`."""

    FUTUREFILL_VALUE = "futurefill_value"
    """The number for `FUTUREFILL`, where its method is `value`."""


class Aggregation(StrEnum):
    """What becomes of several values of one time step.

    See https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TimeSeriesTransformations.html
    """

    SUM = "sum"
    """Their sum."""

    AVG = "avg"
    """Their average."""

    FIRST = "first"
    """The first of them."""

    MIN = "min"
    """The least of them."""

    MAX = "max"
    """The greatest of them."""
