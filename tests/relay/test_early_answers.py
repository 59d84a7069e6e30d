"""An answer that comes while the caller is still sending reaches it, whole."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from oauth_app.relay.client import LINGER_S
from tests.relay.conftest import Relayed
from tests.relay.servers import Script, Stub

_CHUNK = b"x" * 50_000
_MB = 1_000_000


@pytest.fixture
def settings() -> dict[str, Any]:
    """Take at most fifty megabytes."""
    return {"relay_max_body_mb": 50}


def refusal(*, in_pieces: bool) -> Script:
    """Return a script that answers before it has read the body: at once, or as a stream."""

    async def script(request: web.Request) -> web.StreamResponse:
        await request.content.readany()
        if not in_pieces:
            return web.json_response({"error": {"message": "no"}}, status=422, headers={"connection": "close"})
        response = web.StreamResponse(headers={"content-type": "text/plain"})
        await response.prepare(request)
        for _ in range(5):
            await response.write(b"no")
        await response.write_eof()
        return response

    return script


@contextmanager
def sending(relayed: Relayed, announced: int) -> Iterator[socket.socket]:
    """Send an upload at the speed of a good line, and do not look at what comes."""
    address = urlsplit(relayed.url)
    head = f"POST /v1/files HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {relayed.token}\r\nContent-Length: {announced}"
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=LINGER_S + 3) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n")

        def send() -> None:
            with suppress(OSError):
                for _ in range(120):  # somewhat more than a second
                    connection.sendall(_CHUNK)
                    time.sleep(0.01)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield connection
        finally:
            with suppress(OSError):  # it may have ended
                connection.shutdown(socket.SHUT_RDWR)
            sender.join()


def read_to_end(connection: socket.socket) -> bytes:
    """Return all that comes; a reset is an error."""
    data = b""
    while piece := connection.recv(65_536):
        data += piece
    return data


@pytest.mark.parametrize("in_pieces", [False, True])
def test_it_is_not_lost_by_a_reset(relayed: Relayed, stub: Stub, in_pieces: bool) -> None:  # noqa: FBT001
    """A caller who reads only after a second of sending finds the answer, and then the end of the connection."""
    stub.script = refusal(in_pieces=in_pieces)
    with sending(relayed, 20 * _MB) as connection:
        time.sleep(1)
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 200 " if in_pieces else b"HTTP/1.1 422 ")
    assert b"connection: close" in answer
    assert answer.endswith(b"0\r\n\r\n" if in_pieces else b'{"error": {"message": "no"}}')
    [record] = relayed.usage()
    assert (record.outcome, record.status) == ("complete", 200 if in_pieces else 422)


def test_nor_is_a_refusal_of_our_own(relayed: Relayed) -> None:
    """A body that is announced to be too long is refused at once, and goes on for a while."""
    with sending(relayed, 60 * _MB) as connection:
        time.sleep(1)
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"request_too_large"' in answer


def test_who_goes_on_for_ever_is_cut_off(relayed: Relayed, stub: Stub) -> None:
    """After a moment nothing is taken any more."""
    stub.script = refusal(in_pieces=False)
    begun_s = time.monotonic()
    with sending(relayed, 49 * _MB) as connection:
        read_to_end(connection)
        while takes(connection):
            assert time.monotonic() - begun_s < LINGER_S + 5
            time.sleep(0.05)


def takes(connection: socket.socket) -> bool:
    """Tell whether the hub still takes a byte."""
    try:
        connection.sendall(b"x")
    except OSError:
        return False
    return True
