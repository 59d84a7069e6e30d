"""Our own server's WebSockets: uvicorn's protocol, held to what the relay promises.

It differs from uvicorn's in four things. What waits for the application is bounded also when one read brings many
small messages. The lines of uvicorn's log, which show the query and so perhaps a token, are not written. A server that
stops says *going away* (1001). And a handshake is refused that two servers might read differently.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from uvicorn._types import ASGIReceiveEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from oauth_app.relay.realtime_events import GOING_AWAY

#: OpenAI takes as much sound in one event; a larger message closes the connection (1009).
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
#: So many bytes are taken apart at once, and the next ones when their messages are taken.
_SLICE_BYTES = 4096
#: Silence is broken by a ping; who does not answer it for as long is gone.
PING_EVERY_S = 20.0
#: Handshakes have no body: what follows one belongs to the other protocol.
_BODY_HEADERS = frozenset({b"content-length", b"transfer-encoding"})
_KEY = b"sec-websocket-key"
#: What the relay is told when the connection ends because the server does.
STOPPED = "server stopped"

_log = logging.getLogger("uvicorn.error.websocket")
_log.setLevel(logging.WARNING)


class SocketDoor(WebSocketsSansIOProtocol):
    """One WebSocket of a caller."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = _log
        #: Read, and not taken apart yet.
        self._waiting = memoryview(b"")

    def data_received(self, data: bytes) -> None:
        """Take bytes apart, as far as nobody is behind with what was in them."""
        self._waiting = memoryview(bytes(self._waiting) + data if self._waiting else data)
        self._go_on()

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next message, and take more apart when there is none."""
        message = await self.queue.get()
        if self.queue.empty():
            self._go_on()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()
        return message

    def shutdown(self) -> None:
        """Say that the server goes away."""
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY, "reason": STOPPED})
        self.conn.send_close(GOING_AWAY)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    def _go_on(self) -> None:
        while self._waiting and (self.queue.empty() or self.close_sent):
            piece, self._waiting = self._waiting[:_SLICE_BYTES], self._waiting[_SLICE_BYTES:]
            super().data_received(bytes(piece))


#: How uvicorn serves WebSockets. Compression would cost more for each of them than all else, and shorten little.
SERVER_OPTIONS: dict[str, Any] = {
    "ws": SocketDoor,
    "ws_max_size": MAX_MESSAGE_BYTES,
    "ws_per_message_deflate": False,
    "ws_ping_interval": PING_EVERY_S,
    "ws_ping_timeout": PING_EVERY_S,
}


def is_odd_handshake(method: bytes, version: str, names: Sequence[bytes]) -> bool:
    """Tell whether a handshake is none (RFC 6455 4.1): not GET in HTTP/1.1, with a body, or with two keys."""
    is_get = method == b"GET" and version == "1.1"
    return not is_get or not _BODY_HEADERS.isdisjoint(names) or names.count(_KEY) > 1
