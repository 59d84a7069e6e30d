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
from oauth_app.relay.client import LINGER_S
from oauth_app.relay.direct_client import DirectClient
from oauth_app.relay.heads import LENGTH, Head
from oauth_app.relay.realtime_door import is_odd_handshake
from oauth_app.relay.routes import is_relayed
from oauth_app.relay.slow_readers import give_up_on_readers

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
        #: Of the latest request.
        self._head = Head([])
        self._length = b""
        self._is_in_head = False
        self._head_bytes = 0
        self._is_too_large = False
        #: What has come of the body that a page is made of.
        self.body_bytes = 0

    # ---- what the parser tells

    def on_message_begin(self) -> None:
        """Begin a request; what only pages need is made when it is known to be for one."""
        self.url = b""
        self.headers = []
        self._length = b""
        self.expect_100_continue = False
        self._is_in_head = True
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._head_bytes += len(url)
        if self._head_bytes > _MAX_HEAD_BYTES:
            self._refuse_head()
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer (RFC 9110 6.5) is dropped, since nobody here may act on one."""
        if self._is_in_head:
            self._head_bytes += len(name) + len(value)
            if self._head_bytes > _MAX_HEAD_BYTES:
                self._refuse_head()
            name = name.lower()
            if name == LENGTH:
                self._length = value
            else:
                self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Decide who answers."""
        self._is_in_head = False
        if not self.url.startswith(b"/") and _ABSOLUTE.match(self.url):
            # RFC 9112 3.2.2: to be taken, though only the path counts here.
            self.url = b"/" + self.url.split(b"//", 1)[1].partition(b"/")[2]
        if self.headers != self._head.headers:
            self._head = Head(self.headers)
        is_old = self.parser.get_http_version() != "1.1"
        is_upgrade = self.parser.should_upgrade()
        if self._is_odd(self._head, is_old=is_old, is_upgrade=is_upgrade):
            raise OddRequestError
        self.expect_100_continue = self._head.get(b"expect").lower() == b"100-continue"
        if self._relay is not None and not is_upgrade and is_relayed(self.url):
            self._begin_relayed(self._head, is_old=is_old)
        else:
            self._begin_page()

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body to whoever answers."""
        cycle: object = self.cycle
        if not isinstance(cycle, DirectClient):
            self.body_bytes += len(body)
            super().on_body(body)
        elif not cycle.response_complete:
            cycle.take(body)

    def on_message_complete(self) -> None:
        """Hand the end of the body to whoever answers."""
        cycle: object = self.cycle
        if isinstance(cycle, DirectClient):
            cycle.take_end()
            if cycle.response_complete:
                self.transport.close()  # it was answered before, and lingered for this
        else:
            super().on_message_complete()

    # ---- what the event loop and the server tell

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin; neither requests that do not come nor readers that do not read are waited for without end."""
        super().connection_made(transport)
        if self._relay is not None:
            self._relay.senders.add(self)
            give_up_on_readers(transport, self._relay.client_limits.idle_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the call that nobody waits for any more."""
        if self._relay is not None:
            self._relay.senders.discard(self)
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

    def linger(self) -> None:
        """Send no more, drop what still comes of a request that is answered, and hang up soon (RFC 9112 9.6)."""
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)

    @property
    def newest(self) -> Any:  # noqa: ANN401 - uvicorn's, or ours in its place
        """Return what is answered for the newest request whose head has come."""
        return self.cycle

    @property
    def is_resting(self) -> bool:
        """Whether nothing has come since the last answer: uvicorn's own timer runs."""
        return self.timeout_keep_alive_task is not None

    def give_up_on_sender(self) -> None:
        """Tell whoever has begun a request, and hang up. A connection that speaks another protocol now is not ours."""
        if self.transport.get_protocol() is not self or self.transport.is_closing():
            return
        page = self.cycle
        if page is not None and not page.response_complete:
            page.disconnected = True  # so that its beginning is not taken for the whole
            page.message_event.set()
            has_begun = page.response_started
        else:
            has_begun = not self._is_in_head
        if not has_begun:
            self._write_refusal(408, "The request did not come in time.")
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP. An answer that has begun cannot be turned into a refusal: it is cut off."""
        status = 431 if self._is_too_large else 400
        client, self._client = self._client, None
        has_begun = client is not None and client.has_begun
        if client is not None:
            client.disconnected = True
            client.leave()
        if not has_begun:
            self._write_refusal(status, msg)
        self.transport.close()

    def _write_refusal(self, status: int, msg: str) -> None:
        lines = STATUS_LINE[status], b"content-type: text/plain\r\ncontent-length: %d\r\n" % len(msg)
        self.transport.write(b"".join(lines) + b"connection: close\r\n\r\n" + msg.encode("ascii"))

    # ---- who answers

    def _is_odd(self, head: Head, *, is_old: bool, is_upgrade: bool) -> bool:
        """Tell what the parser lets pass and nobody needs.

        * a target that is not a path (RFC 9112 3.2: other forms are for proxies), or that has a fragment
        * two names of the host, which RFC 9112 3.2 wants refused
        * another version than HTTP/1.1 and 1.0, and chunks in the latter (RFC 9112 6.1)
        * an upgrade to anything but WebSocket: the parser takes the body for the other protocol
        * a handshake of a WebSocket that is none, or that comes before an earlier request is answered
        """
        return (
            not self.url.startswith(b"/")
            or b"#" in self.url
            or (head.has_twins and head.count(b"host") > 1)
            or (is_old and (self.parser.get_http_version() != "1.0" or head.has(b"transfer-encoding")))
            or (is_upgrade and self._is_odd_upgrade())
        )

    def _is_odd_upgrade(self) -> bool:
        is_busy = self.cycle is not None and not self.cycle.response_complete
        method, version = self.parser.get_method(), self.parser.get_http_version()
        names = [name for name, _ in self.headers] + ([LENGTH] if self._length else [])
        return is_busy or self._get_upgrade() != b"websocket" or is_odd_handshake(method, version, names)

    def _begin_relayed(self, head: Head, *, is_old: bool) -> None:
        relay = cast("Relay", self._relay)
        method = self.parser.get_method()
        client = DirectClient(
            self,
            relay.client_limits,
            is_head=method == b"HEAD",
            keep_alive=not is_old and self.parser.should_keep_alive(),
            is_old=is_old,
        )
        client.default_headers = self.server_state.default_headers
        client.expects_continue = self.expect_100_continue
        path, _, query = self.url.partition(b"?")
        call = Call.begin(method.decode("ascii"), path, query, head, self._length)
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
        if self._length:
            self.headers.append((LENGTH, self._length))
        self.body_bytes = 0
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:  # noqa: ANN401 - uvicorn's
        if isinstance(cycle, DirectClient):
            self._start(cycle, app)
        else:
            super()._start_asgi_task(cycle, app)

    def _start(self, client: DirectClient, call: Call) -> None:
        self._client = client
        client.task = task = self.loop.create_task(self._serve(client, call))
        self.tasks.add(task)

    async def _serve(self, client: DirectClient, call: Call) -> None:
        try:
            await cast("Relay", self._relay).serve(call, client)
        finally:
            self.tasks.discard(client.task)

    def _refuse_head(self) -> None:
        self._is_too_large = True
        raise HeadTooLargeError
