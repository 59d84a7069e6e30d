"""A relay in front of the sandbox, and one in front of a stub."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relay.conftest import Relayed
from tests.relay.realtime.sockets import Setting, setting_of
from tests.relay.realtime.upstream import SocketUpstream, running_socket_upstream


@pytest.fixture
def relayed(sandboxed: Relayed) -> Relayed:
    """Take the sandbox for OhMyGPT."""
    return sandboxed


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
