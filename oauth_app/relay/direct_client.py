"""A caller on a connection of our own server, with nothing between the socket and the relay."""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from oauth_app.relay.answer import Sink
from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.client import Client, ClientLimits

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_LAST_CHUNK_BEFORE_TRAILER = b"0\r\n%b\r\n"
#: Without a body by definition (RFC 9110 15.3.5, 15.4.5).
_BODILESS = frozenset({204, 304})


class Door(Protocol):
    """What a caller's connection does."""

    transport: asyncio.Transport
    flow: FlowControl

    def on_response_complete(self) -> None:
        """Go on with the next request."""

    def linger(self) -> None:
        """Send no more, drop what still comes of the request, and hang up soon."""


class _Nobody:
    """Where the server would wake a task that waits for messages; there is none."""

    def set(self) -> None:
        """Wake nobody."""


class DirectClient(Client):
    """One caller. It stands where the server expects a request's cycle, and has the same public attributes."""

    message_event = _Nobody()
    #: The relay looks after bodies itself (``slow_senders.py``).
    more_body = waiting_for_100_continue = False

    def __init__(self, door: Door, limits: ClientLimits, *, is_head: bool, keep_alive: bool, is_old: bool) -> None:
        super().__init__(limits)
        self._door = door
        self._is_head = is_head
        #: HTTP/1.0 knows no chunks.
        self._is_old = is_old
        self._is_chunked = False
        self.default_headers: Sequence[tuple[bytes, bytes]] = ()
        self.expects_continue = False
        self.keep_alive = keep_alive
        self.response_complete = False
        self.disconnected = False

    async def begin(self, status: int, headers: RawHeaders, chunk: bytes = b"") -> None:
        """Send the head of the answer, and perhaps its beginning."""
        await self._write(self._head(status, headers) + self._framed(chunk))

    async def write(self, chunk: bytes) -> None:
        """Send a piece of the answer; waits while the caller is slow to take it."""
        if chunk:
            await self._write(self._framed(chunk))

    def sink(self) -> Sink | None:
        """Return what takes pieces of the answer as long as the caller takes them, too."""
        return self._write_now

    async def drain(self) -> None:
        """Wait while the caller is slow to take what was written."""
        if self._door.flow.write_paused and not self.disconnected:
            await self._door.flow.drain()

    async def finish(self, chunk: bytes = b"") -> None:
        """Send the last piece."""
        self._end(self._framed(chunk))

    async def answer(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """Send a whole answer in one write."""
        self._end(self._head(status, headers) + self._framed(body))

    def remark(self, comment: bytes) -> None:
        """Send a few bytes between two pieces, if there is room."""
        if self._is_chunked and not self._door.flow.write_paused and not self.disconnected:
            self.written_s = time.monotonic()
            self._door.transport.write(self._framed(comment))

    def cut(self) -> None:
        """End the connection before the answer is at its end."""
        self.is_answered = self.response_complete = True
        self._door.transport.close()

    def _head(self, status: int, headers: RawHeaders) -> bytes:
        self.has_begun = True
        self.expects_continue = False  # an answer that comes first says that the body is not wanted
        lines = [STATUS_LINE[status]]
        has_length = status in _BODILESS or self._is_head
        for name, value in (*self.default_headers, *headers):
            if name == b"content-length":
                has_length = True
            elif name == b"connection":
                self.keep_alive = False
                continue
            lines += (name, b": ", value, b"\r\n")
        self._is_chunked = not has_length and not self._is_old
        if self._is_chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _framed(self, chunk: bytes) -> bytes:
        if not chunk or self._is_head:
            return b""
        return b"%x\r\n%b\r\n" % (len(chunk), chunk) if self._is_chunked else chunk

    def _write_now(self, chunk: bytes) -> bool:
        if chunk and not self.disconnected:
            self.written_s = time.monotonic()
            self._door.transport.write(self._framed(chunk))
        return not self._door.flow.write_paused

    async def _write(self, content: bytes) -> None:
        if self.disconnected:
            return
        self.written_s = time.monotonic()
        self._door.transport.write(content)
        if self._door.flow.write_paused:
            await self._door.flow.drain()

    def _end(self, content: bytes) -> None:
        if self.disconnected or self.response_complete:
            return
        self.is_answered = self.response_complete = True
        if last := content + self._last_chunk() if self._is_chunked else content:
            self._door.transport.write(last)
        if not self.keep_alive:
            if self.is_whole:
                self._door.transport.close()
            else:
                self._door.linger()
        self._door.on_response_complete()

    @property
    def takes_trailers(self) -> bool:
        """Whether the answer comes in chunks, behind which something can stand."""
        return not (self._is_old or self._is_head)

    def _last_chunk(self) -> bytes:
        return _LAST_CHUNK_BEFORE_TRAILER % self.trailer if self.trailer.endswith(b"\n") else _LAST_CHUNK

    @property
    def is_up_to_sender(self) -> bool:
        """Whether more of the body would be taken if it came."""
        return not (self.expects_continue or self._door.flow.read_paused)

    def _ask_for_body(self) -> None:
        if self.expects_continue:
            self.expects_continue = False
            self._door.transport.write(_CONTINUE)

    def _hold_back(self) -> None:
        self._door.flow.pause_reading()

    def _go_on(self) -> None:
        self._door.flow.resume_reading()
