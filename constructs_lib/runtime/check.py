"""A look at an endpoint once CloudFormation has deployed it, and at what a resource needs before anything is made.

When SageMaker takes a deployment back, the endpoint is in service again, with its old configuration.
"""

from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from . import log
from .answer import Answer
from .clients import Aws, Reply
from .contract import Endpoint, EndpointCheck, Property
from .event import Event
from .failure import Failure, unless_missing
from .retry import Clock, patiently
from .stack import Stack

_POLL_SECONDS = 15.0
_BUDGET = 840.0
"""Seconds to wait for an endpoint that still changes; CloudFormation itself has waited before."""

_CHANGING = {"Creating", "Updating", "SystemUpdating", "RollingBack"}
_IN_SERVICE = "InService"


# [update-back]
def create(event: Event, aws: Aws, clock: Clock) -> Answer:
    """See that the endpoint serves what was deployed; an Update is served alike."""
    name, wanted = _read(event)
    told: dict[str, str] = {EndpointCheck.ENDPOINT_NAME: name, EndpointCheck.CONFIG_NAME: wanted}
    answer = Answer(event.physical_id or physical_id(event.logical_id), attributes=told)
    stack = Stack(aws.cloudformation, event, clock)
    # What fails while a stack rolls back leaves it stuck; and what it goes back to was in service before.
    if event.request_type == "Update" and stack.is_rolling_back():
        log.write(event, "the stack rolls back: nothing is judged", job_name=name)
        return answer
    try:
        problem = _problem(name, wanted, aws, clock)
    except (ClientError, BotoCoreError) as error:
        problem = f"the endpoint '{name}' cannot be looked at: {error}"
    if problem and not (event.request_type == "Update" and stack.is_rolling_back()):
        raise Failure(problem)
    log.write(event, "endpoint looked at", job_name=name, detail=problem)
    return answer


update = create


def delete(event: Event, aws: Aws, clock: Clock) -> Answer:  # noqa: ARG001 - all requests are served alike
    """Nothing is there to be undone: the endpoint belongs to another resource."""
    return Answer(event.physical_id)


def check_job_spec(event: Event, aws: Aws, clock: Clock) -> None:
    """Refuse to go on with a job that is not yet, or no longer, the one that the template of the resource means.

    The stack that has the job comes first; a stack that was deployed before it would take the job that was there, and
    never learn of the next one. A rollback goes back to what was taken before.

    Raises:
        Failure: The stack of the job, or of its outcome, was deployed with another job.
    """
    deployed = event.properties.get(Property.DEPLOYED_JOB_SPEC)
    if event.request_type == "Delete" or deployed in {None, event.properties.get(Property.JOB_SPEC)}:
        return
    if event.request_type == "Update" and Stack(aws.cloudformation, event, clock).is_rolling_back():
        return
    raise Failure(
        f"'{event.properties.get(Property.JOB_NAME, '')}' is not the job that this template was made for: the stack "
        "that has the job, or the one that waits for it, was last deployed with another request. Deploy it first, then "
        "this stack; `cdk deploy` does so unless it is told to leave other stacks out (--exclusively)"
    )


def check_names(event: Event, stack: Stack, aws: Aws, clock: Clock) -> None:
    """Refuse to make a job whose endpoint could not be made afterwards, since its name is taken.

    Only names that the resource did not have before are looked at, and none where a stack rolls back.

    Raises:
        Failure: There is an endpoint of that name, and it is not the stack's.
    """
    known = _endpoints(event.old_properties)
    new = [each for each in _endpoints(event.properties) if each not in known]
    if not new or stack.is_rolling_back():
        return
    for name, logical_id in new:
        if _describe(name, aws, clock) is None:
            continue
        if stack.physical_id(logical_id).lower().rpartition("/")[2] != name.lower():
            raise Failure(
                f"an endpoint named '{name}' exists, and it is not this stack's '{logical_id}', so that could not be "
                "made once the job has trained: give another 'endpoint_name', or delete that endpoint. No job was "
                "started"
            )


def _endpoints(properties: Mapping[str, object]) -> list[tuple[str, str]]:
    given = properties.get(Property.ENDPOINTS)
    named = [each for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []
    return [(str(each.get(Endpoint.NAME, "")), str(each.get(Endpoint.LOGICAL_ID, ""))) for each in named]


def physical_id(logical_id: str) -> str:
    """What the look is called, as long as it stays where it is."""
    return f"{logical_id}-check"


def _read(event: Event) -> tuple[str, str]:
    missing = [name for name in EndpointCheck if not event.properties.get(name)]
    if missing:
        raise Failure(f"the resource properties lack {', '.join(missing)}")
    name, config = (str(event.properties[each]) for each in EndpointCheck)
    return name, config


def _problem(name: str, wanted: str, aws: Aws, clock: Clock) -> str:
    """What is wrong with the endpoint at the end of its deployment; empty if nothing is."""
    deadline = clock.deadline(_BUDGET)
    endpoint = _describe(name, aws, clock)
    while endpoint and endpoint["EndpointStatus"] in _CHANGING and clock.sleep_before(deadline, _POLL_SECONDS):
        endpoint = _describe(name, aws, clock)
    if endpoint is None:
        return f"the endpoint '{name}' does not exist"
    # [config-after-rollback]
    status, serves = str(endpoint["EndpointStatus"]), str(endpoint["EndpointConfigName"])
    why = f": {endpoint['FailureReason']}" if endpoint.get("FailureReason") else ""
    hint = why or ". See the alarms of its deployment policy, and its log below /aws/sagemaker/Endpoints/"
    if status != _IN_SERVICE:
        return f"the endpoint '{name}' is {'still ' if status in _CHANGING else ''}{status}{why}"
    # ARNs do not keep the case of names.
    if serves.lower() != wanted.lower():
        return (
            f"SageMaker has taken the deployment of the endpoint '{name}' back: it serves the configuration '{serves}' "
            f"and not '{wanted}'{hint}"
        )
    return ""


def _describe(name: str, aws: Aws, clock: Clock) -> Reply | None:
    return unless_missing(lambda: patiently(lambda: aws.hosting.describe_endpoint(EndpointName=name), clock))
