"""A relay in front of the sandbox, and one in front of a stub."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from oauth_app.hub import Hub
from oauth_app.services.relaying import make_relay
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, Sandbox, make_partner, make_person, make_test_hub
from tests.relay.conftest import Relayed
from tests.relay.realtime.sockets import Setting, setting_of
from tests.relay.realtime.talks import ALICE
from tests.relay.realtime.upstream import SocketUpstream, running_socket_upstream
from tests.relay.servers import running, with_lifespan


@pytest.fixture
def sandbox_hub(tmp_path: Path, migrated_database: Path, sandbox: Sandbox) -> Iterator[Hub]:
    """Make a hub in front of the sandbox."""
    shutil.copy(migrated_database, tmp_path / "hub.db")
    hub = make_test_hub(tmp_path, ohmygpt_api_base=sandbox.url)
    yield hub
    hub.close()


@pytest.fixture
def alice(sandbox_hub: Hub, sandbox: Sandbox) -> Person:
    """Alice, who has money."""
    return make_person(sandbox_hub, sandbox, ALICE)


@pytest.fixture
def relayed(sandbox_hub: Hub, alice: Person) -> Iterator[Relayed]:
    """Run the relay, and let Alice agree to AI calls."""
    partner_id = make_partner(sandbox_hub.engine).client_id
    token = grant(sandbox_hub.engine, alice.user_id, partner_id)
    with running(with_lifespan(make_relay(sandbox_hub))) as url:
        yield Relayed(url, sandbox_hub, alice.user_id, partner_id, token)


@pytest.fixture
def upstream() -> Iterator[SocketUpstream]:
    """Run the stub."""
    with running_socket_upstream() as upstream:
        yield upstream


@pytest.fixture
def setting(tmp_path: Path, migrated_database: Path, upstream: SocketUpstream) -> Iterator[Setting]:
    """Run a relay in front of the stub."""
    with setting_of(tmp_path, migrated_database, upstream.url) as setting:
        yield setting


@pytest.fixture
def stubbed(setting: Setting) -> Relayed:
    """Hand out the relay's address and the token."""
    return setting.relayed
