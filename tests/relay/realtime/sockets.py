"""A relay in front of the stub for WebSockets, and callers of it."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from oauth_app.hub import Hub
from oauth_app.relay import Relay
from oauth_app.relay.asgi_types import Receive, Scope, Send
from oauth_app.services.relaying import make_relay
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner, make_test_hub
from tests.relay.conftest import Relayed, make_user
from tests.relay.servers import running, with_lifespan

PATH = "/v1/realtime?model=gpt-realtime"


@dataclass(frozen=True)
class Setting:
    """A relay in front of the stub."""

    relayed: Relayed
    relay: Relay
    loops: list[asyncio.AbstractEventLoop]


@contextmanager
def setting_of(
    folder: Path,
    database: Path,
    base: str,
    server: dict[str, Any] | None = None,
    **settings: Any,  # noqa: ANN401 - any field of Settings
) -> Iterator[Setting]:
    """Run a relay, and let a user agree."""
    shutil.copy(database, folder / "hub.db")
    hub: Hub = make_test_hub(folder, ohmygpt_api_base=base, **settings)
    user_id, partner_id = make_user(hub), make_partner(hub.engine).client_id
    token, relay, loops = grant(hub.engine, user_id, partner_id), make_relay(hub), []
    inner = with_lifespan(relay)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        loops.append(asyncio.get_running_loop())
        await inner(scope, receive, send)

    with running(application, **(server or {})) as url:
        yield Setting(Relayed(url, hub, user_id, partner_id, token), relay, loops)
    hub.close()


def wire(stubbed: Relayed, path: str = PATH, **options: Any) -> ClientConnection:  # noqa: ANN401 - of websockets
    """Open a WebSocket."""
    headers = {"Authorization": f"Bearer {stubbed.token}"} | options.pop("headers", {})
    url = stubbed.url.replace("http", "ws") + path
    return connect(url, additional_headers=headers, max_size=None, **options)


def closing_of(made: ClientConnection) -> tuple[list[Any], int | None, str]:
    """Return what still comes, and how the connection is closed."""
    messages = []
    try:
        while True:
            messages.append(made.recv(10))
    except ConnectionClosed as closed:
        return messages, closed.rcvd.code if closed.rcvd else None, closed.rcvd.reason if closed.rcvd else ""


def refused(stubbed: Relayed, path: str = PATH, **options: Any) -> tuple[int, dict[str, Any], dict[str, str]]:  # noqa: ANN401 - of websockets
    """Return how a handshake is refused: status, body, headers with lower-case names."""
    with pytest.raises(InvalidStatus) as refusal:
        wire(stubbed, path, **options)
    response = refusal.value.response
    return response.status_code, json.loads(response.body), {k.lower(): v for k, v in response.headers.raw_items()}
