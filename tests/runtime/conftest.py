"""One local HTTP server for all, and a fresh world for every test."""

from collections.abc import Iterator

import pytest

from .world import Sink, World


@pytest.fixture(scope="session")
def server() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture
def sink(server: Sink, monkeypatch: pytest.MonkeyPatch) -> Sink:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url.removesuffix("/answer"))
    server.received.clear()
    server.statuses.clear()
    return server


@pytest.fixture
def world(sink: Sink) -> World:
    return World(sink)
