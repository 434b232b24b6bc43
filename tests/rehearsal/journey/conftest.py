import pytest


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waits in a scripted account: nothing there takes any time."""
    monkeypatch.setattr("constructs_lib.rehearsal.journey.SETTLE", 0.01)
    monkeypatch.setattr("constructs_lib.rehearsal.journey.POLL_EVERY", 0.005)
