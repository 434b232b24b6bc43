"""The probes, by the service that they look at. Each says what it makes and what it can cost."""
