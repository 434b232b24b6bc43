"""The tag operations of the SageMaker API, for every kind of resource."""

from collections.abc import Mapping

from constructs_lib.rehearsal.cloud.calls import Call, Operation
from constructs_lib.rehearsal.cloud.errors import ResourceNotFoundError, ValidationError
from constructs_lib.rehearsal.cloud.store import Json, Resource, Store, page, tags_of


class Tags:
    """The tag operations, for every kind of resource."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The operations by name."""
        return {"AddTags": self._add, "DeleteTags": self._delete, "ListTags": self._list}

    def _add(self, call: Call, request: Json) -> Json:
        """Add tags to any resource of the service, or change them."""
        with self._store.lock:
            resource = self._resource(call, request)
            merged = resource.tags | tags_of(request)
            if len(merged) > 50:
                raise ValidationError(f"{resource.arn} can have at most 50 tags")
            resource.tags = merged
            return {"Tags": resource.tag_list}

    def _delete(self, call: Call, request: Json) -> Json:
        """Take tags away from any resource of the service."""
        with self._store.lock:
            for key in request["TagKeys"]:
                self._resource(call, request).tags.pop(key, None)
        return {}

    def _list(self, call: Call, request: Json) -> Json:
        """The tags of any resource of the service, paged."""
        with self._store.lock:
            tags, more = page(self._resource(call, request).tag_list, request, default_size=50)
            return {"Tags": tags, **more}

    def _resource(self, call: Call, request: Json) -> Resource:
        for resource in self._store.at(call.place):
            if resource.arn.lower() == request["ResourceArn"].lower():
                return resource
        raise ResourceNotFoundError(f"Could not find the resource {request['ResourceArn']}")
