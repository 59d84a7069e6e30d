"""People at work in the console, one live hub for each file."""

import pytest

from tests.fixtures.hub import make_partner
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


@pytest.fixture
def own(alice_at_work: Developer, module_hub: LiveHub) -> Site:
    """A site of Alice's that nothing was registered for yet."""
    made = make_partner(module_hub.hub.engine, owner_id=alice_at_work.user_id)
    return Site(id=made.client_id, secret=made.client_secret, path=f"/developers/sites/{made.client_id}")
