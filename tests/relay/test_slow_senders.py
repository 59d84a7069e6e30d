"""On the socket: heads that never end and bodies that trickle hold no connection; slow lines are served."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from oauth_app.asgi import create_asgi
from oauth_app.relay.slow_senders import BYTES_PER_S, Patience
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner, make_test_hub
from tests.relay.conftest import make_user
from tests.relay.servers import Stub, running, running_stub

#: Two seconds of patience, one for the next look of the watch, and something for a busy machine.
SOON_S = 15
PAGE, CALL = b"/oauth/token", b"/v1/chat/completions"


@dataclass(frozen=True)
class Hub:
    """A hub that is not patient."""

    port: int
    stub: Stub
    token: str

    def connect(self, sends: bytes = b"") -> socket.socket:
        """Open a connection, and begin."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=SOON_S)
        connection.sendall(sends)
        return connection

    def head(self, path: bytes, *more: bytes, length: int = 1000) -> bytes:
        """Return the head of a request with a body."""
        kind = b"application/x-www-form-urlencoded" if path == PAGE else b"application/json"
        lines = [b"POST " + path + b" HTTP/1.1", b"Host: hub", b"Authorization: Bearer " + self.token.encode()]
        lines += [b"Content-Type: " + kind, b"Content-Length: %d" % length, *more]
        return b"\r\n".join(lines) + b"\r\n\r\n"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[Hub]:
    """Run the whole hub on its own server."""
    folder = tmp_path_factory.mktemp("hub")
    shutil.copy(migrated_database, folder / "hub.db")
    with running_stub() as stub:
        made = make_test_hub(folder, ohmygpt_api_base=stub.url, hub_sender_patience_s=2, relay_idle_timeout_s=60)
        token = grant(made.engine, make_user(made), make_partner(made.engine).client_id)
        with running(create_asgi(made)) as url:
            yield Hub(int(url.rpartition(":")[2]), stub, token)


def trickle(connection: socket.socket, piece: bytes = b"a", every_s: float = 0.1) -> Callable[[], None]:
    """Send a piece again and again, until told to stop."""
    is_over = threading.Event()

    def send() -> None:
        with suppress(OSError):
            while not is_over.wait(every_s):
                connection.sendall(piece)

    thread = threading.Thread(target=send)
    thread.start()

    def stop() -> None:
        is_over.set()
        thread.join()

    return stop


def heard(connection: socket.socket) -> bytes:
    """Return everything until the hub hangs up."""
    data = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            data += piece
    return data


def read_answer(connection: socket.socket) -> bytes:
    """Return a whole answer of a page that says how it is."""
    data = b""
    while not data.endswith(b"}\n"):
        data += connection.recv(65_536)
    return data


def test_a_connection_that_says_nothing_is_closed(hub: Hub) -> None:
    """Without a byte there is no request, so no answer either: it could be taken for that of the next request."""
    with hub.connect() as connection:
        assert heard(connection) == b""


@pytest.mark.parametrize("path", [PAGE, CALL])
def test_a_head_that_stops_is_refused(hub: Hub, path: bytes) -> None:
    """A request that was begun is answered 408."""
    with hub.connect(b"POST " + path + b" HTTP/1.1\r\nHost: h") as connection:
        assert heard(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("path", [PAGE, CALL])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_head_that_trickles_is_refused(hub: Hub, path: bytes, is_first: bool) -> None:  # noqa: FBT001
    """A byte now and then does not help, neither on a new connection nor after a call."""
    with hub.connect() as connection:
        if not is_first:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: hub\r\n\r\n")
            assert read_answer(connection).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: ")
        stop = trickle(connection)
        try:
            assert heard(connection).startswith(b"HTTP/1.1 408 ")
        finally:
            stop()


def test_empty_lines_are_no_request(hub: Hub) -> None:
    """The parser passes over line ends before a request; uvicorn's timer has ended with the first."""
    with hub.connect(b"GET /livez HTTP/1.1\r\nHost: hub\r\n\r\n") as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        stop = trickle(connection, b"\r\n")
        try:
            assert b"HTTP/1.1" not in heard(connection)
        finally:
            stop()


@pytest.mark.parametrize("path", [PAGE, CALL])
def test_a_body_that_stops_is_refused(hub: Hub, path: bytes) -> None:
    """For a page as for a relayed call."""
    with hub.connect(hub.head(path) + b"{") as connection:
        assert heard(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("path", [PAGE, CALL])
def test_a_body_that_trickles_is_refused(hub: Hub, path: bytes) -> None:
    """Ten bytes a second are no upload, and the answer reaches whoever is still sending."""
    with hub.connect(hub.head(path, length=100_000)) as connection:
        stop = trickle(connection)
        try:
            assert heard(connection).startswith(b"HTTP/1.1 408 ")
        finally:
            stop()


def test_a_body_behind_an_answer_holds_nothing(hub: Hub) -> None:
    """A page that is answered before its body has come does not keep the connection open for the rest."""
    with hub.connect(b"POST /livez HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000000\r\n\r\n") as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 405 ")
        stop = trickle(connection)
        try:
            assert b"HTTP/1.1" not in heard(connection)
        finally:
            stop()


@pytest.mark.parametrize("path", [PAGE, CALL])
def test_a_slow_line_is_served(hub: Hub, path: bytes) -> None:
    """Who sends at a telephone's speed for longer than the patience is answered as anybody."""
    length = BYTES_PER_S * 32
    with hub.connect(hub.head(path, length=length)) as connection:
        for _ in range(16):
            connection.sendall(b" " * (length // 16))
            time.sleep(0.25)
        assert connection.recv(65_536)[9:12] != b"408"


def test_what_the_hub_does_not_take_is_not_the_senders_fault(hub: Hub) -> None:
    """While OhMyGPT takes nothing of an upload, the hub takes nothing either, and nobody is timed out for that."""

    async def script(request: web.Request) -> web.Response:
        await hub.stub.passed()
        await request.read()
        return web.json_response({})

    hub.stub.script = script
    body = b" " * 30_000_000  # more than the buffers of two sockets take
    try:
        with hub.connect(hub.head(b"/v1/files", length=len(body))) as connection:
            sending = threading.Thread(target=connection.sendall, args=[body])
            sending.start()
            connection.settimeout(5)
            with pytest.raises(TimeoutError):
                connection.recv(65_536)
            hub.stub.gate.set()
            connection.settimeout(SOON_S)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
            sending.join()
    finally:
        hub.stub.script = None


def test_patience_is_bought_by_bytes() -> None:
    """Each 240 bytes buy a second, up to the most; what was bought is used up before it is over."""
    patience = Patience(2, 5)
    assert not patience.is_over(2, 0)
    assert patience.is_over(0.5, 0)
    patience = Patience(2, 5)
    assert not patience.is_over(1, 1_000_000)
    assert not patience.is_over(4, 1_000_000)
    assert patience.is_over(0.5, 1_000_001)
