"""The caller's side of a WebSocket, in ASGI's messages."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from oauth_app.relay.asgi_types import Message, RawHeaders, Receive, Scope, Send
from oauth_app.relay.realtime_events import POLICY, Content

_T = TypeVar("_T")

#: By which an ASGI server can answer a handshake like any other request.
_DENIAL = "websocket.http.response"


class HangUpError(Exception):
    """One side closed the connection, or it broke."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


class SocketCaller:
    """Whoever opened the connection."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._can_deny = _DENIAL in (scope.get("extensions") or {})
        self._receive = receive
        self._send = send
        #: Whether the handshake is answered, either way.
        self.is_answered = False
        self.is_gone = False
        #: What came before anybody was ready for it.
        self._early: Content | None = None

    async def receive(self) -> Content | None:
        """Return the next message; None for the opening of the connection.

        Raises:
            HangUpError: the caller left.
        """
        if (early := self._early) is not None:
            self._early = None
            return early
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self.is_gone = True
            raise HangUpError(message.get("code", 1005), message.get("reason") or "")
        if message["type"] == "websocket.connect":
            return None
        text: str | None = message.get("text")
        content: bytes = message.get("bytes") or b""
        return content if text is None else text

    async def wait_for(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Return the outcome of some work, while the caller waits.

        Raises:
            HangUpError: the caller left; the work is given up.
        """
        working, leaving = asyncio.create_task(work), asyncio.create_task(self._until_left())
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                leaving.result()
            return working.result()
        finally:
            working.cancel()
            leaving.cancel()
            await asyncio.wait({working, leaving})

    async def accept(self, subprotocol: str | None, headers: RawHeaders) -> None:
        """Take the connection."""
        self.is_answered = True
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers})

    async def refuse(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """Answer the handshake by an error; where the server cannot, the connection is closed."""
        self.is_answered = self.is_gone = True
        if not self._can_deny:
            await self._send({"type": "websocket.close", "code": POLICY})
            return
        await self._send({"type": f"{_DENIAL}.start", "status": status, "headers": headers})
        await self._send({"type": f"{_DENIAL}.body", "body": body})

    async def send(self, content: Content) -> None:
        """Send a message; waits while the caller is slow to take it."""
        message: Message = {"type": "websocket.send"}
        message["text" if isinstance(content, str) else "bytes"] = content
        await self._send(message)

    async def _until_left(self) -> None:
        self._early = await self.receive()
        await asyncio.get_running_loop().create_future()

    async def close(self, code: int, reason: str) -> None:
        """Say good-bye."""
        if not self.is_gone:
            self.is_gone = True
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
