"""A slow side holds the other one back: the process keeps at most 256 KB of a stream, in both directions.

It is counted where bytes enter and leave the process: what was read off one socket, less what the kernel has taken for
the other. What sockets keep in the kernel is not the hub's to bound.
"""

import socket
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from oauth_app.relay.connection import Connection
from oauth_app.relay.direct_client import DirectClient
from oauth_app.relay.door import RelayDoor
from tests.relay.conftest import Relayed
from tests.relay.servers import Stub

MOST_HELD = 256 * 1024
_TOTAL = 40_000_000


@pytest.fixture
def server() -> dict[str, Any]:
    """Come by our own server's door: what another server keeps is its own affair."""
    return {"http": RelayDoor}


class Held:
    """What the process has read and not passed on; ``most`` is the most there ever was."""

    def __init__(self) -> None:
        self.read = self.written = self.most = 0
        self._line: Any = None

    def take_in(self, count: int) -> None:
        """Count what was read; to be called before it is used."""
        self.read += count
        waiting = self._line.get_write_buffer_size() if self._line is not None else 0
        self.most = max(self.most, self.read - (self.written - waiting))

    def give_out(self, line: Any, count: int) -> None:  # noqa: ANN401 - a transport
        """Count what was handed to a transport, some of which may wait there."""
        self._line = line
        self.written += count


@pytest.fixture
def download(monkeypatch: pytest.MonkeyPatch) -> Held:
    """Count from OhMyGPT to the caller."""
    held, updated = Held(), Connection.buffer_updated
    write, write_now = DirectClient._write, DirectClient._write_now  # noqa: SLF001 - to count

    def count_in(connection: Connection, nbytes: int) -> None:
        held.take_in(nbytes)
        updated(connection, nbytes)

    async def count_out(client: DirectClient, content: bytes) -> None:
        held.give_out(client._door.transport, len(content))  # noqa: SLF001 - to count
        await write(client, content)

    def count_out_at_once(client: DirectClient, chunk: bytes) -> bool:
        held.give_out(client._door.transport, len(client._framed(chunk)))  # noqa: SLF001 - to count
        return write_now(client, chunk)

    monkeypatch.setattr(Connection, "buffer_updated", count_in)
    monkeypatch.setattr(DirectClient, "_write", count_out)
    monkeypatch.setattr(DirectClient, "_write_now", count_out_at_once)
    return held


@pytest.fixture
def upload(monkeypatch: pytest.MonkeyPatch) -> Held:
    """Count from the caller to OhMyGPT."""
    held, received, write = Held(), RelayDoor.data_received, Connection.write

    def count_in(door: RelayDoor, data: bytes) -> None:
        held.take_in(len(data))
        received(door, data)

    def count_out(connection: Connection, content: bytes) -> None:
        held.give_out(connection._transport, len(content))  # noqa: SLF001 - to count
        write(connection, content)

    monkeypatch.setattr(RelayDoor, "data_received", count_in)
    monkeypatch.setattr(Connection, "write", count_out)
    return held


def wait_until_stuck(held: Held) -> int:
    """Return how much was read when nothing more is."""
    before = 0
    while not held.read or held.read != before:
        before = held.read
        time.sleep(1)
    return before


def test_a_download_waits_for_its_reader(relayed: Relayed, stub: Stub, download: Held) -> None:
    """The caller takes nothing for a while; then everything comes."""

    async def script(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "application/octet-stream"})
        await response.prepare(request)
        for _ in range(_TOTAL // 100_000):
            await response.write(b"x" * 100_000)
        return response

    stub.script = script
    with relayed.call("/v1/files/f/content", method="GET", stream=True) as answer:
        assert wait_until_stuck(download) < _TOTAL
        held = download.most
        rest = sum(len(piece) for piece in answer.iter_content(100_000))
    assert rest == _TOTAL
    assert 0 < held <= download.most <= MOST_HELD


def test_an_upload_waits_for_ohmygpt(relayed: Relayed, stub: Stub, upload: Held) -> None:
    """OhMyGPT takes nothing for a while; then everything arrives."""

    async def script(request: web.Request) -> web.Response:
        await stub.passed()
        return web.json_response({"bytes": len(await request.read())})

    stub.script = script
    with _sending(relayed) as connection:
        assert wait_until_stuck(upload) < _TOTAL
        held = upload.most
        stub.gate.set()
        connection.settimeout(20)
        answer = connection.recv(65_536)
    assert b'{"bytes": %d}' % _TOTAL in answer
    assert 0 < held <= upload.most <= MOST_HELD


class _sending:  # noqa: N801 - used like a function
    """A caller who sends as fast as it can."""

    def __init__(self, relayed: Relayed) -> None:
        address = urlsplit(relayed.url)
        head = f"POST /v1/files HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {relayed.token}\r\n"
        self._connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=20)
        self._connection.sendall(f"{head}Content-Length: {_TOTAL}\r\n\r\n".encode())
        self._thread = threading.Thread(target=self._send, daemon=True)

    def _send(self) -> None:
        with suppress(OSError):
            self._connection.sendall(b"x" * _TOTAL)

    def __enter__(self) -> socket.socket:
        self._thread.start()
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._thread.join()
