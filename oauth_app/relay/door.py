"""The relay's own door: uvicorn's protocol on httptools, with relayed calls taken out before they become ASGI messages.

uvicorn keeps what a server does (sockets, signals, processes, keep-alive, pipelining, a graceful end) and serves the
pages. A relayed call gets its bytes straight from the parser and writes straight to the transport: as ASGI messages
they cost more than everything else that the hub does for a call. Behind another server ``app:asgi`` does the same,
slower.

The parser is llhttp in its strict mode. What is checked here besides is written where it is checked.
"""

import asyncio
import re
from typing import TYPE_CHECKING, Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from oauth_app.relay.call import Call
from oauth_app.relay.direct_client import DirectClient
from oauth_app.relay.realtime_door import is_odd_handshake
from oauth_app.relay.routes import is_relayed

if TYPE_CHECKING:
    from oauth_app.relay.application import Relay

#: A head that is larger is refused while it is being read (RFC 6585 5).
_MAX_HEAD_BYTES = 65_536
_ABSOLUTE = re.compile(rb"https?://", re.IGNORECASE)


class HeadTooLargeError(Exception):
    """The head of a request goes on and on."""


class OddRequestError(Exception):
    """Two servers may read the request differently."""


class RelayDoor(HttpToolsProtocol):
    """One connection of a caller, for relayed calls and for pages in any order."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._relay: Relay | None = app_state.get("relay")
        #: The relayed call that is being answered; the newest request, which is being read, may be another.
        self._client: DirectClient | None = None
        self._is_in_head = False
        self._head_bytes = 0
        self._is_too_large = False

    # ---- what the parser tells

    def on_message_begin(self) -> None:
        """Begin a request; what only pages need is made when it is known to be for one."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._is_in_head = True
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._count(len(url))
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer (RFC 9110 6.5) is dropped, since nobody here may act on one."""
        if self._is_in_head:
            self._count(len(name) + len(value))
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Decide who answers."""
        self._is_in_head = False
        if _ABSOLUTE.match(self.url):
            # RFC 9112 3.2.2: to be taken, though only the path counts here.
            self.url = b"/" + self.url.split(b"//", 1)[1].partition(b"/")[2]
        if self._is_odd():
            raise OddRequestError
        if self._relay is not None and is_relayed(self.url) and not self.parser.should_upgrade():
            self._begin_relayed()
        else:
            self._begin_page()

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body to whoever answers."""
        cycle: object = self.cycle
        if not isinstance(cycle, DirectClient):
            super().on_body(body)
        elif not cycle.response_complete:
            cycle.take(body)

    def on_message_complete(self) -> None:
        """Hand the end of the body to whoever answers."""
        cycle: object = self.cycle
        if isinstance(cycle, DirectClient):
            cycle.take_end()
        else:
            super().on_message_complete()

    # ---- what the event loop and the server tell

    def connection_lost(self, exc: Exception | None) -> None:
        """End the call that nobody waits for any more."""
        for cycle in (self._client, cast("object", self.cycle)):
            if isinstance(cycle, DirectClient):
                cycle.disconnected = True
                cycle.leave()
        self._client = None
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        self._client = None
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP. An answer that has begun cannot be turned into a refusal: it is cut off."""
        status = 431 if self._is_too_large else 400
        client, self._client = self._client, None
        has_begun = client is not None and client.has_begun
        if client is not None:
            client.disconnected = True
            client.leave()
        if not has_begun:
            lines = STATUS_LINE[status], b"content-type: text/plain\r\ncontent-length: %d\r\n" % len(msg)
            self.transport.write(b"".join(lines) + b"connection: close\r\n\r\n" + msg.encode("ascii"))
        self.transport.close()

    # ---- who answers

    def _is_odd(self) -> bool:
        """Tell what the parser lets pass and nobody needs.

        * a target that is not a path (RFC 9112 3.2: other forms are for proxies), or that has a fragment
        * two names of the host, which RFC 9112 3.2 wants refused
        * another version than HTTP/1.1 and 1.0, and chunks in the latter (RFC 9112 6.1)
        * an upgrade to anything but WebSocket: the parser takes the body for the other protocol
        * a handshake of a WebSocket that is none, or that comes before an earlier request is answered
        """
        version = self.parser.get_http_version()
        names = [name for name, _ in self.headers]
        return (
            not self.url.startswith(b"/")
            or b"#" in self.url
            or names.count(b"host") > 1
            or (version != "1.1" and (version != "1.0" or b"transfer-encoding" in names))
            or (self.parser.should_upgrade() and self._is_odd_upgrade(names))
        )

    def _is_odd_upgrade(self, names: list[bytes]) -> bool:
        is_busy = self.cycle is not None and not self.cycle.response_complete
        method, version = self.parser.get_method(), self.parser.get_http_version()
        return is_busy or self._get_upgrade() != b"websocket" or is_odd_handshake(method, version, names)

    def _begin_relayed(self) -> None:
        relay = cast("Relay", self._relay)
        method, version = self.parser.get_method(), self.parser.get_http_version()
        client = DirectClient(
            self,
            relay.client_limits,
            method=method,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            is_old=version == "1.0",
        )
        client.default_headers = self.server_state.default_headers
        client.expects_continue = self.expect_100_continue
        path, _, query = self.url.partition(b"?")
        call = Call.begin(method.decode("ascii"), path, query, self.headers)
        before, self.cycle = self.cycle, cast("Any", client)
        if before is None or before.response_complete:
            self._start(client, call)
        else:
            # Pipelined (RFC 9112 9.3.2): answered in order, so it waits for those before it.
            self.flow.pause_reading()
            self.pipeline.appendleft((cast("Any", client), cast("Any", call)))

    def _begin_page(self) -> None:
        head = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, headers, self.expect_100_continue = head
        self.headers.extend(headers)
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:  # noqa: ANN401 - uvicorn's
        if isinstance(cycle, DirectClient):
            self._start(cycle, app)
        else:
            super()._start_asgi_task(cycle, app)

    def _start(self, client: DirectClient, call: Call) -> None:
        self._client = client
        task = self.loop.create_task(cast("Relay", self._relay).serve(call, client))
        client.bind(task)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _count(self, more: int) -> None:
        self._head_bytes += more
        if self._head_bytes > _MAX_HEAD_BYTES:
            self._is_too_large = True
            raise HeadTooLargeError
