"""A model that won takes over the endpoint, in the shape that the template gives it; what is left of others goes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import ClientError

from . import model
from .clients import Aws, Reply
from .contract import HOSTED_NAME_LENGTH, PROMOTED_JOB, PromotedEndpoint, Property, Retraining
from .event import Event
from .failure import Failure, is_taken, unless_missing
from .owned import Kind, prefix
from .retrain_document import CONFIG, MODEL, Document, Serving
from .retrain_judge import Standing, standing
from .retry import Clock, patiently
from .shapes import restore
from .spec import generated_name
from .stack import Stack
from .tags import tag_list

# [config-while-updating]
CHANGING = {"Creating", "Updating", "SystemUpdating", "RollingBack"}
IN_SERVICE = "InService"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint as it is now."""

    status: str
    serves: str
    """Its configuration."""
    reason: str
    standing: Standing


class Promotion:
    """What is done about the endpoint of a retraining, as the endpoint's own model resource would do it."""

    def __init__(self, document: Document, run_id: str, aws: Aws, clock: Clock) -> None:
        self._document = document
        self._settings: Mapping[str, Any] = document.settings[Retraining.ENDPOINT]
        owner = {key: value for key, value in document.settings.items() if key == Property.OWNER_TAG_PREFIX}
        self._properties: Mapping[str, Any] = {**self._settings[PromotedEndpoint.MODEL], **owner}
        self._aws = aws
        self._clock = clock
        logical_id = str(self._settings[PromotedEndpoint.MODEL_ID])
        self.event = Event("Run", document.stack_id, run_id, logical_id, "", "", self._properties, {})
        """As whom models and configurations are made."""

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return str(self._settings[PromotedEndpoint.NAME])

    @property
    def template(self) -> str:
        """The configuration that the template makes."""
        return str(self._settings[PromotedEndpoint.CONFIG])

    def is_at_rest(self) -> bool:
        """Whether no deployment of the stack is under way, which would change the endpoint at the same time."""
        return Stack(self._aws.cloudformation, self.event, self._clock).is_at_rest()

    def look(self) -> Endpoint | None:
        """The endpoint; None if there is none."""
        found = self._ask(lambda: self._aws.hosting.describe_endpoint(EndpointName=self.name))
        if found is None:
            return None
        serves = str(found["EndpointConfigName"])
        stands = standing(self._document, serves, self._model_in(self.template))
        return Endpoint(str(found["EndpointStatus"]), serves, str(found.get("FailureReason") or ""), stands)

    def _model_in(self, config: str) -> str:
        """The model of a configuration; empty if there is no such."""
        found = self._ask(lambda: self._aws.hosting.describe_endpoint_config(EndpointConfigName=config))
        variants = (found or {}).get("ProductionVariants") or [{}]
        return str(variants[0].get("ModelName", ""))

    def _ask(self, call: Callable[[], Reply]) -> Reply | None:
        return unless_missing(lambda: patiently(call, self._clock, repeatable=True))

    # Making

    def make(self, job: str, note: Callable[[str], None]) -> tuple[str, str]:
        """The model of a job's best candidate, and the configuration that serves it; made where they are not there.

        Args:
            job: The job.
            note: Told of each thing before it is made.
        """
        properties = {**self._properties, Property.JOB_NAME: job}
        wish = model.read(properties, self._aws)
        name = wish.name(self.event)
        tags = {**wish.tags, **self.event.owner(wish.digest), PROMOTED_JOB: job}

        def request() -> dict[str, Any]:
            return model.request_of(properties, wish, self._aws, self._clock)

        self._one(model.MODELS, MODEL, name, request, tags, note)
        if self._model_in(self.template) == name:
            return name, self.template
        config = generated_name(prefix(self._properties), [self.name, self.template, name], HOSTED_NAME_LENGTH)
        self._one(model.CONFIGS, CONFIG, config, lambda: self._shaped(name), tags, note)
        return name, config

    def _one(
        self,
        kind: Kind,
        what: str,
        name: str,
        request: Callable[[], dict[str, Any]],
        tags: Mapping[str, str],
        note: Callable[[str], None],
    ) -> None:
        found = kind.find_with_tags(name, self._aws, self._clock)
        if found is None:
            note(what + name)
            given = {**request(), f"{kind.noun}Name": name, "Tags": tag_list(tags, self.event)}
            try:
                patiently(lambda: kind.create(self._aws.hosting)(**given), self._clock)
            except ClientError as error:
                if not is_taken(error):
                    raise
            else:
                return
            found = kind.find_with_tags(name, self._aws, self._clock, is_sure=True)
        if found is None or not self.event.owns(found.tags):
            raise Failure(f"a {kind.noun} named '{name}' exists, and it is not the endpoint's: delete or rename it")

    def _shaped(self, model_name: str) -> dict[str, Any]:
        """The template's configuration with another model."""
        reply = self._aws.hosting.describe_endpoint_config(EndpointConfigName=self.template)
        members = self._shape("CreateEndpointConfig").members
        given: dict[str, Any] = {key: value for key, value in reply.items() if key in members and value is not None}
        given["ProductionVariants"] = [{**each, "ModelName": model_name} for each in given["ProductionVariants"]]
        return given

    def _shape(self, operation: str) -> Any:
        return self._aws.sagemaker.meta.service_model.operation_model(operation).input_shape

    def update(self, config: str) -> None:
        """Have the endpoint take a configuration, as a deployment would: UpdateEndpoint itself keeps no policy."""
        besides = restore(self._settings.get(PromotedEndpoint.UPDATE) or {}, self._shape("UpdateEndpoint"), "Update")
        self._aws.promoting.update_endpoint(
            EndpointName=self.name, EndpointConfigName=config, **cast("dict[str, Any]", besides)
        )

    # Removing

    def remove_others(self, keeps: Serving | None, before: Serving | None, *configs: str) -> list[str]:
        """Remove what runs have made, but for what serves, what served before, and what the template has.

        Returns:
            What was removed.
        """
        endpoint = self._ask(lambda: self._aws.hosting.describe_endpoint(EndpointName=self.name))
        kept_configs = {self.template, *configs, *([str(endpoint["EndpointConfigName"])] if endpoint else [])}
        kept_configs |= {each.config for each in (keeps, before) if each}
        kept_models = {each.model for each in (keeps, before) if each}
        stack = Stack(self._aws.cloudformation, self.event, self._clock)
        kept_models |= {self._model_in(config) for config in kept_configs if config}
        kept_models.add(stack.physical_id(self.event.logical_id))
        kept = {CONFIG + name for name in kept_configs} | {MODEL + name for name in kept_models}
        removed = [thing for thing in self._document.made if thing not in kept]
        for thing in sorted(removed):  # configurations first
            model.remove(thing, self.event, self._aws, self._clock)
        return removed
