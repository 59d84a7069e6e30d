"""The whole hub on a socket, in front of an upstream that reads strictly."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oauth_app.asgi import create_asgi
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner, make_test_hub
from tests.relay.attacks import TOKEN
from tests.relay.conftest import make_user
from tests.relay.raw import Heard, RawUpstream, running_raw_upstream, say
from tests.relay.servers import running


@dataclass(frozen=True)
class Door:
    """A hub on a socket, the upstream behind it, and a caller's token."""

    port: int
    upstream: RawUpstream
    token: str

    def say(self, sends: bytes, **waits: Any) -> Heard:  # noqa: ANN401 - how long, as raw.say has it
        """Send bytes with the token in its place."""
        assert len(self.token) == len(TOKEN)
        sends = sends.replace(TOKEN, self.token.encode())
        return say(self.port, sends, **waits)


@pytest.fixture(scope="module")
def one_door(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[Door]:
    """Run the whole hub in front of a strict upstream."""
    folder = tmp_path_factory.mktemp("hub")
    shutil.copy(migrated_database, folder / "hub.db")
    with running_raw_upstream() as upstream, running_raw_upstream() as elsewhere:
        hub = make_test_hub(folder, ohmygpt_api_base=upstream.url, stripe_api_base=elsewhere.url)
        token = grant(hub.engine, make_user(hub), make_partner(hub.engine).client_id)
        with running(create_asgi(hub)) as url:
            yield Door(int(url.rpartition(":")[2]), upstream, token)


@pytest.fixture
def door(one_door: Door) -> Door:
    """Hand out the hub with an upstream that has seen nothing."""
    one_door.upstream.reset()
    return one_door
