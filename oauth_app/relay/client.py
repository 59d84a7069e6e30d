"""The side towards the caller: its body as it comes, its leaving as it happens, its answer as it grows."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import cast

from oauth_app.relay.asgi_types import Message, RawHeaders, Receive, Send
from oauth_app.relay.errors import BodyTooLargeError, ClientLeftError, IdleClientError, LateAnswerError, RelayError

#: How much of a request is looked at for the model's name.
HEAD_BYTES = 65_536
#: Pieces of a body (64 KB each) that wait for OhMyGPT to take them.
_WAITING_PIECES = 2
#: How long a refused caller may go on sending before it is cut off.
_LINGER_S = 2.0


class Client:
    """One caller, for one call."""

    def __init__(self, receive: Receive, send: Send, *, max_body_bytes: int, idle_timeout_s: float) -> None:
        self._receive = receive
        self._send = send
        self._max_body_bytes = max_body_bytes
        self._idle_timeout_s = idle_timeout_s
        #: None stands for the end of the body.
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING_PIECES)
        self._is_whole = False
        self._is_answered = False
        self._ended_by: RelayError | None = None
        self.has_begun = False
        self.bytes_in = 0
        #: The beginning of the body.
        self.head = b""

    @property
    def has_ended(self) -> bool:
        """Whether the call is over from this side, by leaving or by breaking a limit."""
        return self._ended_by is not None

    @property
    def head_is_whole(self) -> bool:
        """Whether ``head`` is the whole body."""
        return self._is_whole and self.bytes_in == len(self.head)

    async def open_body(self, announced: bytes) -> bytes | AsyncIterator[bytes]:
        """Return the body: its bytes when they have all come with the request, else an iterator over them.

        Raises:
            BodyTooLargeError: it is, or announces to be, over the limit.
            IdleClientError: nothing came.
            ClientLeftError: the caller hung up.
        """
        if announced.isdigit() and int(announced) > self._max_body_bytes:
            raise BodyTooLargeError
        first = await self._next_piece()
        if self._is_whole:
            return first
        self._pieces.put_nowait(first)
        return self._iterate()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep an eye on the caller inside the block, and end the block at once when the caller leaves.

        One task does both, reading the body and waiting for the end, since ``receive`` is one queue for both.

        Raises:
            ClientLeftError: the caller hung up.
            BodyTooLargeError: the body went over the limit.
            IdleClientError: the body stopped coming.
            LateAnswerError: OhMyGPT stopped taking the body.
        """
        task = cast("asyncio.Task[None]", asyncio.current_task())
        watcher = asyncio.create_task(self._watch(task))
        try:
            yield
        except asyncio.CancelledError:
            if self._ended_by is None:
                raise  # the server is stopping
            task.uncancel()
            raise self._ended_by from None
        finally:
            watcher.cancel()

    async def begin(self, status: int, headers: RawHeaders) -> None:
        """Send the head of the answer."""
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, chunk: bytes) -> None:
        """Send a piece of the answer; waits while the caller is slow to take it."""
        if chunk:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def finish(self, chunk: bytes = b"") -> None:
        """Send the last piece."""
        self._is_answered = True  # servers report a complete answer to the watcher like a caller who left
        await self._send({"type": "http.response.body", "body": chunk, "more_body": False})

    async def refuse(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """Send a whole answer to a caller who may still be sending."""
        length = (b"content-length", b"%d" % len(body))
        if self._is_whole:
            await self.begin(status, [*headers, length])
            await self.finish(body)
            return
        # Closed with bytes unread, the connection would be reset and the answer lost on its way.
        await self.begin(status, [*headers, length, (b"connection", b"close")])
        await self.write(body)
        await self._linger()
        await self.finish()

    async def _watch(self, task: asyncio.Task[None]) -> None:
        try:
            if not self._is_whole:
                await self._pump()
            while (await self._receive())["type"] != "http.disconnect":
                pass
            raise ClientLeftError
        except RelayError as error:
            if not self._is_answered:
                self._ended_by = error
                task.cancel()

    async def _pump(self) -> None:
        while not self._is_whole:
            await self._hand_over(await self._next_piece())
        await self._hand_over(None)

    async def _next_piece(self) -> bytes:
        try:
            async with asyncio.timeout(self._idle_timeout_s):
                message = await self._receive()
        except TimeoutError:
            raise IdleClientError from None
        return self._take(message)

    def _take(self, message: Message) -> bytes:
        if message["type"] == "http.disconnect":
            self._ended_by = ClientLeftError()
            raise self._ended_by
        piece: bytes = message.get("body", b"")
        self._is_whole = not message.get("more_body", False)
        self.bytes_in += len(piece)
        if self.bytes_in > self._max_body_bytes:
            raise BodyTooLargeError
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        return piece

    async def _hand_over(self, piece: bytes | None) -> None:
        try:
            async with asyncio.timeout(self._idle_timeout_s):
                await self._pieces.put(piece)
        except TimeoutError:
            raise LateAnswerError from None

    async def _iterate(self) -> AsyncIterator[bytes]:
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def _linger(self) -> None:
        try:
            async with asyncio.timeout(_LINGER_S):
                while not self._is_whole and (message := await self._receive())["type"] != "http.disconnect":
                    self._is_whole = not message.get("more_body", False)
        except TimeoutError:
            pass
