"""The sagemaker SDK's `AutoML`, as a user of `CreateAutoMLJob` writes it: a local file, no output path."""

import json
import sys

import boto3
from sagemaker.automl.automl import AutoML
from sagemaker.deserializers import CSVDeserializer
from sagemaker.predictor import Predictor
from sagemaker.serializers import CSVSerializer
from sagemaker.session import Session

told = json.loads(sys.argv[1])
# Left without a bucket, sagemaker 2.257.7 asks STS for the account at an address that no setting can change.
session = Session(default_bucket="sdk-session")

job = AutoML(
    role=told["role"],
    target_attribute_name="bought",
    problem_type="BinaryClassification",
    job_objective={"MetricName": "AUC"},
    mode="ENSEMBLING",
    max_candidates=2,
    total_job_runtime_in_seconds=120,
    tags=[{"Key": "team", "Value": "blue"}],
    sagemaker_session=session,
)
job.fit(told["data"], wait=True, logs=False, job_name="sdk-v1")

attached = AutoML.attach("sdk-v1", sagemaker_session=session)
candidates = attached.list_candidates(
    sort_by="FinalObjectiveMetricValue", sort_order="Descending", status_equals="Completed"
)

predictor = attached.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    endpoint_name="sdk-v1",
    predictor_cls=Predictor,
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
    inference_response_keys=["predicted_label", "probability"],
    wait=False,  # with wait=True the SDK looks again after 30 seconds
)
waiter = boto3.client("sagemaker").get_waiter("endpoint_in_service")
waiter.wait(EndpointName="sdk-v1", WaiterConfig={"Delay": 1})
predictions = predictor.predict([["20", "plus"], ["0", "basic"]])
predictor.delete_model()
predictor.delete_endpoint()

result = {
    "job": attached.describe_auto_ml_job(),
    "bucket": session.default_bucket(),
    "tags": attached.tags,
    "best": attached.best_candidate(),
    "candidates": candidates,
    "predictions": predictions,
}
sys.stdout.write("\n" + json.dumps(result, default=str))
