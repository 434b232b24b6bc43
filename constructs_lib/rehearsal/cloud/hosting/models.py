"""The model operations of the SageMaker API."""

from collections.abc import Mapping

from constructs_lib.rehearsal.cloud.as_role import of_all
from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import ValidationError
from constructs_lib.rehearsal.cloud.hosting.containers import Containers
from constructs_lib.rehearsal.cloud.hosting.records import Model
from constructs_lib.rehearsal.cloud.store import Json, Place, Store, add, find, select, tags_of

_PER_PAGE = 10


class Models:
    """Creates, describes, lists and deletes models."""

    def __init__(self, store: Store, containers: Containers) -> None:
        self._store = store
        self._containers = containers

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {
            "CreateModel": self._create,
            "DescribeModel": self._describe,
            "DeleteModel": self._delete,
            "ListModels": self._list,
        }

    def find(self, place: Place, name: str) -> Model:
        """The model of that name.

        Raises:
            ValidationError: There is none.
        """
        with self._store.lock:
            return find(self._store.at(place).of(Model), name, place.arn("model", name), "model")

    def _create(self, call: Call, request: Json) -> Json:
        """Keep a model. Left out: pulling its image; containers are served by this machine's own code."""
        arn = call.place.arn("model", request["ModelName"])
        call.require_tagging(arn, request)
        if not request.get("Containers") and "PrimaryContainer" not in request:
            raise ValidationError("A model needs a PrimaryContainer or Containers")
        if request.get("Containers") and "PrimaryContainer" in request:
            raise ValidationError("A model has either a PrimaryContainer or Containers")
        if role := request.get("ExecutionRoleArn"):
            call.require_passing(role)
            call.require_assumable(role, of_all(call.place))
        model = Model(name=request["ModelName"], arn=arn, tags=tags_of(request), request=request)
        self._containers.check(call.place, model)
        with self._store.lock:
            add(self._store.at(call.place).of(Model), model, "model")
        return {"ModelArn": arn}

    def _describe(self, call: Call, request: Json) -> Json:
        """What was asked for, with ARN and time."""
        model = self.find(call.place, request["ModelName"])
        return model.request | {"ModelArn": model.arn, "CreationTime": model.created}

    def _delete(self, call: Call, request: Json) -> Json:
        """Forget a model, also one that serves."""
        model = self.find(call.place, request["ModelName"])
        with self._store.lock:
            self._store.at(call.place).of(Model).pop(model.name.lower(), None)
        return {}

    def _list(self, call: Call, request: Json) -> Json:
        """Models, filtered, sorted and paged."""
        with self._store.lock:
            found = self._store.at(call.place).of(Model).values()
            shown, more = select(found, request, default_size=_PER_PAGE, from_creation=True)
        models = [{"ModelName": one.name, "ModelArn": one.arn, "CreationTime": one.created} for one in shown]
        return {"Models": models, **more}
