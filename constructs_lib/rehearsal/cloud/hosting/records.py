"""Models and endpoint configurations as the service remembers them."""

from dataclasses import dataclass

from constructs_lib.rehearsal.cloud.store import Resource


@dataclass(kw_only=True)
class Model(Resource):
    """A model: containers and the role that reads their data."""


@dataclass(kw_only=True)
class EndpointConfig(Resource):
    """An endpoint configuration."""
