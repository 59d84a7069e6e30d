"""An answer of OhMyGPT on its way: its head, then its pieces as they come, and never more of them than a few."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.circuit import Circuit
from oauth_app.relay.errors import RelayError
from oauth_app.relay.headers import first_of_each
from oauth_app.relay.media_types import EVENTS, media_type

#: The most that is read at once, and what may wait for a slow caller before reading stops.
PIECE_BYTES = 65_536
#: Without a body by definition (RFC 9110 15.3.5, 15.4.5).
_BODILESS = frozenset({204, 304})


class Line(Protocol):
    """What an answer comes over."""

    def write(self, content: bytes) -> None:
        """Send more of the request."""

    async def drain(self) -> None:
        """Wait while the other side is slow to take the request."""

    def pause(self) -> None:
        """Stop reading."""

    def resume(self) -> None:
        """Read on."""

    def close(self) -> None:
        """Break off at once."""


#: Takes a connection back that can be used again.
Release = Callable[[], None]
#: Takes a piece at once; False: it can take no more at present.
Sink = Callable[[bytes], bool]


def _forget() -> None:
    """Take nothing back."""


class Answer:
    """An answer on its way. ``headers`` have lower-case names; ``status`` is 0 until the head is here."""

    __slots__ = (
        "_bytes",
        "_error",
        "_is_head",
        "_is_paused",
        "_is_sent",
        "_keep",
        "_line",
        "_named",
        "_pieces",
        "_sink",
        "_waiter",
        "circuit",
        "head_bytes",
        "headers",
        "heard_s",
        "is_complete",
        "release",
        "status",
    )

    def __init__(self, line: Line, circuit: Circuit, *, is_head: bool) -> None:
        self._line = line
        self._is_head = is_head
        self._pieces: list[bytes] = []
        self._bytes = 0
        self._error: RelayError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._sink: Sink | None = None
        self._is_paused = self._keep = self._is_sent = False
        self.release: Release = _forget
        #: The health of the base that this comes from.
        self.circuit = circuit
        self.status = 0
        self.headers: RawHeaders = []
        self._named: dict[bytes, bytes] = {}
        self.head_bytes = 0
        #: Whether everything has come, read or not.
        self.is_complete = False
        self.heard_s = time.monotonic()

    @property
    def has_head(self) -> bool:
        """Whether status and headers are here."""
        return self.status != 0

    @property
    def is_bodiless(self) -> bool:
        """Whether nothing follows the head."""
        return self._is_head or self.status in _BODILESS

    @property
    def ends_with_connection(self) -> bool:
        """RFC 9112 6.3: without a length the body goes on until the connection ends."""
        return self.has_head and b"content-length" not in self._named and b"transfer-encoding" not in self._named

    @property
    def is_at_end(self) -> bool:
        """Whether everything has come and was read."""
        return self.is_complete and not self._pieces

    @property
    def media_type(self) -> bytes:
        """The kind of content in lower case, without parameters."""
        return media_type(self.header(b"content-type"))

    @property
    def is_events(self) -> bool:
        """Whether it is a stream of events."""
        return self.media_type == EVENTS

    def header(self, wanted: bytes) -> bytes:
        """Return the first header of this lower-case name, or nothing."""
        return self._named.get(wanted, b"")

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for OhMyGPT, and not OhMyGPT for the caller."""
        return self._waiter is not None

    # ---- for the relay

    def write(self, content: bytes) -> None:
        """Send more of the request."""
        self.heard_s = time.monotonic()
        self._line.write(content)

    async def drain(self) -> None:
        """Wait while OhMyGPT is slow to take the request."""
        await self._line.drain()

    def end_request(self) -> None:
        """Say that the request is whole; when the answer is, too, the connection can serve the next call."""
        self._is_sent = True
        self._give_back()

    async def head(self) -> None:
        """Wait for status and headers.

        Raises:
            NoAnswerError: the connection broke, or what came is not HTTP.
            LateAnswerError: silence.
        """
        while not self.status:
            if self._error is not None:
                raise self._error
            await self._wait()

    async def read(self) -> bytes:
        """Return the bytes that are here, waiting for at least one; nothing at the end.

        Raises:
            NoAnswerError: the connection broke before the end.
            LateAnswerError: silence.
        """
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self.is_complete:
                return b""
            await self._wait()
        return self._take_all()

    async def flow_to(self, sink: Sink) -> None:
        """Hand pieces on as they come, which wakes nobody, until the sink is full or the answer at its end.

        Raises:
            NoAnswerError: the connection broke before the end.
            LateAnswerError: silence.
        """
        if self._pieces or self.is_complete:
            return
        self._sink = sink
        try:
            while self._sink is not None and not self.is_complete:
                if self._error is not None:
                    raise self._error
                await self._wait()
        finally:
            self._sink = None

    def fail(self, error: RelayError) -> None:
        """End the wait from outside, such as for silence."""
        self.take_end(error, keep=False)
        self._line.close()

    def close(self) -> None:
        """Let go: an answer that is not whole breaks its connection off at once."""
        if not self.is_complete or not self._is_sent or self._error is not None:
            self._line.close()

    # ---- for the connection

    def take_head(self, status: int) -> None:
        """Take the status; the headers have been taken one by one."""
        self.status = status
        self._named = first_of_each(self.headers)
        self.heard_s = time.monotonic()
        self._wake()

    def take(self, body: bytes) -> None:
        """Take a piece."""
        if self._sink is not None:
            self.heard_s = time.monotonic()
            if not self._sink(body):
                self._sink = None
                self._wake()
            return
        self._pieces.append(body)
        self._bytes += len(body)
        self.heard_s = time.monotonic()
        if self._bytes >= PIECE_BYTES and not self._is_paused:
            self._is_paused = True
            self._line.pause()
        self._wake()

    def take_end(self, error: RelayError | None, *, keep: bool) -> None:
        """Take the end, good or bad."""
        if self.is_complete or self._error is not None:
            return
        self._error = error
        self.is_complete = error is None
        self._keep = keep
        self._give_back()
        self._wake()

    def _give_back(self) -> None:
        if self.is_complete and self._is_sent:
            (self.release if self._keep else self._line.close)()

    def _take_all(self) -> bytes:
        pieces = self._pieces
        content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._bytes = 0
        if self._is_paused:
            self._is_paused = False
            self._line.resume()
        return content

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
