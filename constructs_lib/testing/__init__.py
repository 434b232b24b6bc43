"""For tests of apps with AutoML jobs: what a template asks the service for; `plugin` rehearses a stack in a test."""

from .requests import job_request, job_requests

__all__ = ["job_request", "job_requests"]
