"""The sagemaker SDK's `AutoMLV2` with a tabular problem and no mode, waited for with its logs."""

import json
import sys

from sagemaker.automl.automlv2 import (
    AutoMLDataChannel,
    AutoMLTabularConfig,
    AutoMLV2,
)
from sagemaker.automl.candidate_estimator import CandidateEstimator
from sagemaker.session import Session

told = json.loads(sys.argv[1])
session = Session()

job = AutoMLV2(
    role=told["role"],
    problem_config=AutoMLTabularConfig(
        target_attribute_name="bought",
        problem_type="BinaryClassification",
        max_candidates=2,
    ),
    job_objective={"MetricName": "F1"},
    output_path=f"s3://{told['bucket']}/sdk/",
    sagemaker_session=session,
)
channel = AutoMLDataChannel(
    s3_data_type="S3Prefix",
    s3_uri=f"s3://{told['bucket']}/train/",
    channel_type="training",
    content_type="text/csv;header=present",
)
# `fit(wait=True, logs=False)` raises TypeError inside sagemaker 2.257.7 whatever answers: it calls
# `Session.wait_for_auto_ml_job` with a keyword that this function does not have. With logs it works.
job.fit([channel], wait=True, job_name="sdk-v2")

attached = AutoMLV2.attach("sdk-v2", sagemaker_session=session)
steps = CandidateEstimator(attached.best_candidate(), sagemaker_session=session).get_steps()
result = {
    "job": attached.describe_auto_ml_job(),
    "target": attached.problem_config.target_attribute_name,
    "best": attached.best_candidate(),
    "candidates": attached.list_candidates(),
    "steps": [(step.type, step.description[f"{step.type}Status"], bool(step.inputs)) for step in steps],
}
sys.stdout.write("\n" + json.dumps(result, default=str))
