"""The AutoML operations of SageMaker: jobs are made, run as their role, described, listed and stopped."""
