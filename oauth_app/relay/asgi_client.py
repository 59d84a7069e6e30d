"""A caller behind any ASGI server."""

import asyncio
import time

from oauth_app.relay.asgi_types import RawHeaders, Receive, Send
from oauth_app.relay.client import LINGER_S, Client, ClientLimits

_LINGER_STEP_S = 0.02


class AsgiClient(Client):
    """One caller, as messages. One task reads them all: the body, and then the leaving."""

    def __init__(self, receive: Receive, send: Send, limits: ClientLimits) -> None:
        super().__init__(limits)
        self._receive = receive
        self._send = send
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def listen(self) -> None:
        """Take the caller's messages until it leaves; to be run beside the call."""
        while (message := await self._receive())["type"] != "http.disconnect":
            if piece := message.get("body", b""):
                self.take(piece)
            if not message.get("more_body", False):
                self.take_end()
            await self._has_room.wait()
        self.leave()
        self._wake()

    async def begin(self, status: int, headers: RawHeaders, chunk: bytes = b"") -> None:
        """Send the head of the answer, and perhaps its beginning."""
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self.write(chunk)

    async def write(self, chunk: bytes) -> None:
        """Send a piece of the answer; waits while the caller is slow to take it."""
        if chunk:
            self.written_s = time.monotonic()
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def drain(self) -> None:
        """Go on at once: ``write`` has waited."""

    async def finish(self, chunk: bytes = b"") -> None:
        """Send the last piece."""
        self.is_answered = True  # servers report a complete answer like a caller who left
        if not self.is_whole:
            await self.write(chunk)
            chunk = b""
            await self._linger()
        await self._send({"type": "http.response.body", "body": chunk, "more_body": False})

    def remark(self, comment: bytes) -> None:
        """Say nothing: ASGI knows no sending that does not wait."""

    def cut(self) -> None:
        """Leave the rest to the server: an application that returns too early is cut off."""
        self.is_answered = True

    @property
    def is_up_to_sender(self) -> bool:
        """Whether more of the body would be taken if it came."""
        return self._has_room.is_set()

    async def _linger(self) -> None:
        """Drop what still comes. Somebody else may wait for it, so this only looks now and then."""
        try:
            async with asyncio.timeout(LINGER_S):
                while not (self.is_whole or self.has_left):
                    self._forget_body()
                    await asyncio.sleep(_LINGER_STEP_S)
        except TimeoutError:
            pass

    def _hold_back(self) -> None:
        self._has_room.clear()

    def _go_on(self) -> None:
        self._has_room.set()

    def _ask_for_body(self) -> None:
        """Leave it to the server, which says so when it is asked for a message."""
