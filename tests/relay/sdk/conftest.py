"""A hub in front of a stub, for what the sandbox cannot do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.accounts import Account
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import running_hub
from tests.relay.conftest import make_user
from tests.relay.servers import Stub

GPT, CLAUDE = "gpt-4o-mini", "claude-sonnet-4-6"
#: Nobody is there: the hub's own errands must not be among what the stub has seen.
BESIDE_A_STUB = {"stripe_api_base": "http://127.0.0.1:1"}


@pytest.fixture
def stubbed(tmp_path: Path, migrated_database: Path, stub: Stub) -> Iterator[Account]:
    """Run a hub in front of the stub, where nobody can sign in; the user and the grant are made by hand."""
    with running_hub(tmp_path, migrated_database, Sandbox(url=stub.url), **BESIDE_A_STUB) as live:
        partner = make_partner(live.hub.engine)
        yield Account(url=live.url, token=grant(live.hub.engine, make_user(live.hub), partner.client_id))
