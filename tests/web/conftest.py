"""People at work in the console, one live hub for each file."""

import pytest

from tests.fixtures.live import LiveHub
from tests.web.console import Developer, Site, make_developer


@pytest.fixture(scope="module")
def alice_at_work(module_hub: LiveHub) -> Developer:
    """Sign Alice in."""
    return make_developer(module_hub, "alice@example.com")


@pytest.fixture(scope="module")
def bob_at_work(module_hub: LiveHub) -> Developer:
    """Sign Bob in."""
    return make_developer(module_hub, "bob@example.com")


@pytest.fixture(scope="module")
def site(alice_at_work: Developer) -> Site:
    """Create a site of Alice's with a server."""
    return alice_at_work.created()
