"""A job of each problem type that can be trained here, deployed with one click."""

from pathlib import Path

import aws_cdk as cdk

from constructs_lib import (
    Algorithm,
    AutoMLJobV2,
    Channel,
    FeatureSpecification,
    ImageClassification,
    Mode,
    ModelDeployConfig,
    Tabular,
    TextClassification,
    TimeSeriesForecasting,
)

EXAMPLES = Path(__file__).parents[4] / "examples"
DEPLOYED = ModelDeployConfig.auto_named()

app = cdk.App()
stack = cdk.Stack(app, "Deployed")
AutoMLJobV2(
    stack,
    "Table",
    problem=Tabular(
        target_attribute="bad_credit",
        mode=Mode.ENSEMBLING,
        algorithms=[Algorithm.LINEAR_LEARNER],
        features=FeatureSpecification.of({"duration_months": "numeric", "purpose": "categorical"}),
    ),
    training_data=Channel.from_asset(EXAMPLES / "quickstart/data/credit.csv"),
    model_deploy_config=DEPLOYED,
)
AutoMLJobV2(
    stack,
    "Texts",
    problem=TextClassification(content_column="definition", target_label_column="topic"),
    training_data=Channel.from_asset(EXAMPLES / "text_classification/data/definitions.csv"),
    model_deploy_config=DEPLOYED,
)
AutoMLJobV2(
    stack,
    "Images",
    problem=ImageClassification(),
    training_data=Channel.from_asset(EXAMPLES / "image_classification/data/digits"),
    model_deploy_config=DEPLOYED,
)
AutoMLJobV2(
    stack,
    "Series",
    problem=TimeSeriesForecasting(
        target_attribute="value",
        timestamp_attribute="quarter",
        item_identifier_attribute="series",
        forecast_frequency="3M",
        forecast_horizon=4,
    ),
    training_data=Channel.from_asset(EXAMPLES / "forecasting/data/macro.csv"),
    model_deploy_config=DEPLOYED,
)
app.synth()
