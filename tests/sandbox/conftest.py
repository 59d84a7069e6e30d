"""A running sandbox for each module, back at its seed for each test."""

from collections.abc import Iterator

import pytest

from oauth_app.sandbox.config import Config
from tests.sandbox.emulator import Browser, Emulator, running


@pytest.fixture(scope="module")
def _server() -> Iterator[Emulator]:
    with running(Config(faults=True, chunk_pause_ms=2, rate_limits=False)) as emulator:
        yield emulator


@pytest.fixture
def sandbox(_server: Emulator) -> Emulator:
    """A sandbox with the seeded accounts and no faults."""
    _server.control("POST", "reset")
    return _server


@pytest.fixture
def token(sandbox: Emulator) -> str:
    """An OAuth token of Alice."""
    return sandbox.token()


@pytest.fixture
def browser(sandbox: Emulator) -> Iterator[Browser]:
    """A browser nobody is signed in with."""
    fresh = Browser(sandbox)
    yield fresh
    fresh.http.close()
