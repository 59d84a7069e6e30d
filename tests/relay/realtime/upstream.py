"""What stands where OhMyGPT's WebSockets would: it keeps what it is asked, and does what a test tells it."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

Script = Callable[[ServerConnection], Awaitable[None]]


async def echo(connection: ServerConnection) -> None:
    """Send back whatever comes."""
    async for message in connection:
        await connection.send(message)


@dataclass
class SocketUpstream:
    """A stub; ``script`` talks, ``refusal`` answers handshakes."""

    url: str = ""
    seen: list[Request] = field(default_factory=list)
    script: Script = echo
    refusal: tuple[int, dict[str, str], bytes] | None = None
    #: Sent along with a handshake that is taken.
    headers: dict[str, str] = field(default_factory=dict)
    #: How the connection ended, and when; None without a code is a cut.
    closings: list[tuple[int | None, str, float]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    async def talk(self, connection: ServerConnection) -> None:
        """Serve one connection."""
        try:
            await self.script(connection)
            await connection.close()
        except ConnectionClosed:
            pass
        finally:
            await connection.wait_closed()
            got = connection.protocol.close_rcvd
            self.closings.append((got.code if got else None, got.reason if got else "", time.monotonic()))

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Note a handshake, and refuse it where the test wants that."""
        self.seen.append(request)
        if self.refusal is None:
            return None
        status, headers, body = self.refusal
        del connection
        return Response(status, "No", Headers({"Content-Length": str(len(body))} | headers), body)

    def decorate(self, connection: ServerConnection, request: Request, response: Response) -> None:
        """Add the headers that the test wants."""
        del connection, request
        for name, value in self.headers.items():
            response.headers[name] = value

    async def passed(self) -> None:
        """Wait until the test opens the gate."""
        await asyncio.to_thread(self.gate.wait, 20)


def _choose(connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    del connection
    return Subprotocol("realtime") if "realtime" in offered else None


@contextmanager
def running_socket_upstream() -> Iterator[SocketUpstream]:
    """Run a stub on a free port."""
    upstream, loop = SocketUpstream(), asyncio.new_event_loop()

    async def start() -> Server:
        return await serve(
            upstream.talk,
            "127.0.0.1",
            0,
            process_request=upstream.answer,
            process_response=upstream.decorate,
            select_subprotocol=_choose,
            max_size=None,
            close_timeout=1,
        )

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    upstream.url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
    try:
        yield upstream
    finally:
        upstream.gate.set()
        server.close()
        asyncio.run_coroutine_threadsafe(server.wait_closed(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
