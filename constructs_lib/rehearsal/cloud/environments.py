"""What the environments of Autopilot's inference containers are called: jobs write them, and what serves reads them."""

INPUT, OUTPUT, SUPPORTED = (f"SAGEMAKER_INFERENCE_{name}" for name in ("INPUT", "OUTPUT", "SUPPORTED"))
TRANSFORM_MODE = "AUTOML_TRANSFORM_MODE"
FEATURES, LABELS = "feature-transform", "inverse-label-transform"
