"""On the socket: who takes nothing of an answer is given up, who takes it slowly is served."""

import socket
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from oauth_app.relay.door import RelayDoor
from tests.relay.conftest import Relayed
from tests.relay.servers import Stub

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how a reader gets on")
PATIENCE_S = 5
TOTAL = 40_000_000


@pytest.fixture
def settings() -> dict[str, Any]:
    """Wait for as short as can be set."""
    return {"relay_idle_timeout_s": PATIENCE_S}


@pytest.fixture
def server() -> dict[str, Any]:
    """Come by our own server's door: another server has its own patience."""
    return {"http": RelayDoor}


def download(relayed: Relayed, stub: Stub) -> socket.socket:
    """Ask for a file that is far larger than what sockets keep."""

    async def script(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "application/octet-stream"})
        response.content_length = TOTAL
        await response.prepare(request)
        for _ in range(TOTAL // 100_000):
            await response.write(b"x" * 100_000)
        return response

    stub.script = script
    address = urlsplit(relayed.url)
    caller = socket.create_connection((address.hostname or "", address.port or 0), timeout=20)
    head = f"GET /v1/files/f/content HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {relayed.token}\r\n\r\n"
    caller.sendall(head.encode())
    return caller


def test_who_takes_nothing_is_given_up_and_ohmygpt_with_it(relayed: Relayed, stub: Stub) -> None:
    """The call is recorded as one whose caller left, and nothing is held for it any more."""
    with download(relayed, stub):
        assert stub.begun.wait(5)
        begun_s = time.monotonic()
        assert stub.left.wait(4 * PATIENCE_S), "the hub holds OhMyGPT's connection"
        (record,) = relayed.usage()

    assert time.monotonic() - begun_s >= PATIENCE_S
    assert record.outcome == "client_left"


def test_who_takes_a_little_now_and_then_gets_everything(relayed: Relayed, stub: Stub) -> None:
    """However long the whole takes."""
    with download(relayed, stub) as caller:
        got = 0
        for _ in range(PATIENCE_S + 3):
            time.sleep(1)
            got += len(caller.recv(500_000))
        while got < TOTAL:
            got += len(piece := caller.recv(1_000_000))
            assert piece, "the hub hung up"
        (record,) = relayed.usage()

    assert record.outcome == "complete"
