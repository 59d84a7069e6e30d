"""The side towards the caller: its body as it comes, its leaving as it happens, its answer as it grows.

There are two doors. Behind our own server a call comes straight from the connection (``direct_client.py``); behind any
other ASGI server it comes as messages (``asgi_client.py``). What both know of a caller is here.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oauth_app.relay.answer import Sink
from oauth_app.relay.asgi_types import RawHeaders
from oauth_app.relay.errors import BodyTooLargeError, ClientLeftError, IdleClientError, RelayError

if TYPE_CHECKING:
    from oauth_app.relay.slow_senders import Patience

#: How long a caller who was answered may go on sending before it is cut off.
LINGER_S = 2.0
#: What may wait of a body before reading stops. The event loop reads up to 250 KB at once, so with this it is all that
#: is ever held.
_MOST_WAITING_BYTES = 4_096


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientLimits:
    """What a caller may do."""

    max_body_bytes: int
    idle_timeout_s: float


class Client(ABC):
    """One caller, for one call."""

    #: How long its body is waited for; made for those whose body is not here when the watch looks.
    patience: "Patience | None" = None
    has_left = False
    #: What stands behind the answer (RFC 9110 6.5): its name alone until the rest is known.
    trailer = b""

    def __init__(self, limits: ClientLimits) -> None:
        self._limits = limits
        self._pieces: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._waiter: asyncio.Future[None] | None = None
        #: What ends when the caller leaves.
        self.task: asyncio.Task[None] | None = None
        #: Why the call is over from this side; None while it is not.
        self.ended_by: RelayError | None = None
        self.has_begun = False
        self.is_answered = False
        #: Whether the end of the body has come (it may still wait to be read).
        self.is_whole = False
        self.bytes_in = 0
        self.written_s = 0.0

    # ---- for the relay

    def end(self, error: RelayError) -> None:
        """End the call from this side."""
        if self.ended_by is None and not self.is_answered:
            self.ended_by = error
            if self.task is not None:
                self.task.cancel()

    def check_length(self, announced: int | None) -> None:
        """Refuse a body that is announced to be too long.

        Raises:
            BodyTooLargeError: it is.
        """
        if announced is not None and announced > self._limits.max_body_bytes:
            raise BodyTooLargeError

    async def piece(self) -> bytes:
        """Return what has come of the body, waiting for something; nothing at its end.

        Raises:
            IdleClientError: the body stopped coming.
            RelayError: the call is over, so that no part of a body is ever taken for the whole.
        """
        if not self._pieces and not self.is_whole and self.ended_by is None:
            self._ask_for_body()
            self._go_on()  # only now: whoever asks has passed on what there was
            try:
                async with asyncio.timeout(self._limits.idle_timeout_s):
                    await self._wait()
            except TimeoutError:
                raise IdleClientError from None
        if self.ended_by is not None:
            raise self.ended_by
        return self._take_all()

    @abstractmethod
    async def begin(self, status: int, headers: RawHeaders, chunk: bytes = b"") -> None:
        """Send the head of the answer, and perhaps its beginning."""

    @abstractmethod
    async def write(self, chunk: bytes) -> None:
        """Send a piece of the answer; waits while the caller is slow to take it."""

    def sink(self) -> Sink | None:
        """Return what takes pieces of the answer without waiting, or None behind a server that always waits."""
        return None

    @abstractmethod
    async def drain(self) -> None:
        """Wait while the caller is slow to take what the sink was given."""

    @abstractmethod
    async def finish(self, chunk: bytes = b"") -> None:
        """Send the last piece.

        To a caller who is still sending, the connection stays open for a moment (RFC 9112 9.6): closed with bytes
        unread it would be reset, and the answer lost on its way.
        """

    @abstractmethod
    def remark(self, comment: bytes) -> None:
        """Send a few bytes between two pieces, if there is room; never waits."""

    @abstractmethod
    def cut(self) -> None:
        """End an answer so that the caller sees that something is missing."""

    async def answer(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """Send a whole answer."""
        await self.begin(status, headers)
        await self.finish(body)

    async def refuse(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """Send a whole answer to a caller who may still be sending."""
        headers = [*headers, (b"content-length", b"%d" % len(body))]
        if not self.is_whole:
            headers.append((b"connection", b"close"))
        await self.answer(status, headers, body)

    # ---- for the door

    def take(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self.bytes_in += len(piece)
        if self.bytes_in > self._limits.max_body_bytes:
            self.end(BodyTooLargeError())
            self._forget_body()
            return
        self._pieces.append(piece)
        self._waiting_bytes += len(piece)
        if self._waiting_bytes > _MOST_WAITING_BYTES:
            self._hold_back()
        self._wake()

    def take_end(self) -> None:
        """Note that the body is whole."""
        self.is_whole = True
        self._wake()

    def leave(self) -> None:
        """Note that the caller hung up."""
        self.has_left = True
        self.end(ClientLeftError())

    @property
    def takes_trailers(self) -> bool:
        """Whether something can stand behind the answer."""
        return False

    @property
    @abstractmethod
    def is_up_to_sender(self) -> bool:
        """Whether more of the body would be taken if it came."""

    @abstractmethod
    def _hold_back(self) -> None:
        """Stop reading from the caller."""

    @abstractmethod
    def _go_on(self) -> None:
        """Read on."""

    @abstractmethod
    def _ask_for_body(self) -> None:
        """Say that the body may come, to a caller who waits for that (RFC 9110 10.1.1)."""

    def _take_all(self) -> bytes:
        pieces = self._pieces
        content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._waiting_bytes = 0
        if self.is_whole:
            self._go_on()  # to see the caller leave
        return content

    def _forget_body(self) -> None:
        self._pieces.clear()
        self._waiting_bytes = 0
        self._go_on()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
