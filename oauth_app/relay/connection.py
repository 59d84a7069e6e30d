"""One connection to OhMyGPT: bytes out, an answer in, one exchange at a time.

An own protocol on httptools' parser, since an HTTP client library was the largest cost of a relayed call (it is
measured in ``benchmarks/relay``). It reads at most 64 KB at once, so that a slow caller never makes the hub hold
more than a few such pieces, and it is strict: whatever is not one clean answer to the one request ends the
connection, so that no answer can ever reach another caller.
"""

import asyncio
import sys
from typing import cast

import httptools

from oauth_app.relay.answer import PIECE_BYTES, Answer
from oauth_app.relay.circuit import Circuit
from oauth_app.relay.errors import NoAnswerError, RelayError

#: More than any API needs; an answer beyond it is not an answer.
_MAX_HEAD_BYTES = 65_536
#: One buffer serves all connections, since a read and its use are one step of the loop. Windows reads ahead.
_SHARED = None if sys.platform == "win32" else memoryview(bytearray(PIECE_BYTES))


class Connection(asyncio.BufferedProtocol):
    """One connection. Who takes it from the pool has it alone until the answer is at its end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buffer = _SHARED or memoryview(bytearray(PIECE_BYTES))
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._can_write: asyncio.Future[None] | None = None
        self._is_full = False
        self.idle_since_s = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether a request can be sent at all."""
        return self._transport is not None and not self._transport.is_closing() and self._answer is None

    def begin(self, head: bytes, circuit: Circuit, *, is_head: bool) -> Answer:
        """Send the first bytes of a request (all of it, or its head and a part) and return the answer to come."""
        self._answer = answer = Answer(self, circuit, is_head=is_head)
        self.write(head)
        return answer

    def write(self, content: bytes) -> None:
        """Send more of the request."""
        if self._transport is not None:
            self._transport.write(content)

    async def drain(self) -> None:
        """Wait while OhMyGPT is slow to take the request.

        Raises:
            NoAnswerError: the connection broke.
        """
        if self._is_full:
            self._can_write = self._loop.create_future()
            await self._can_write

    def close(self) -> None:
        """Break off at once."""
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Stop reading: the caller is slow."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # ---- what the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)  # what waits here comes on top of what the caller's side holds

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the contract
        """Say where to read to."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what came."""
        if self._answer is None:
            self.close()  # nobody has asked for anything: what comes now could only be taken for a later answer
            return
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._end(NoAnswerError())
            self.close()

    def eof_received(self) -> bool:
        """Take the end of the connection for the end of an answer that has no other."""
        if self._answer is not None and self._answer.ends_with_connection:
            self._finish()
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the contract
        """Tell whoever waits."""
        self._end(NoAnswerError())
        self.resume_writing()
        self._transport = None

    def pause_writing(self) -> None:
        """Let ``drain`` wait."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Let ``drain`` go on."""
        self._is_full = False
        if self._can_write is not None and not self._can_write.done():
            self._can_write.set_result(None)

    # ---- what the parser tells

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer is none."""
        if (answer := self._answer) is not None and not answer.has_head:
            answer.head_bytes += len(name) + len(value)
            if answer.head_bytes > _MAX_HEAD_BYTES:
                raise NoAnswerError
            answer.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Hand over the head; an interim one (RFC 9110 15.2) is dropped."""
        answer, status = self._answer, self._parser.get_status_code()
        if answer is None or answer.has_head or status == 101:
            raise NoAnswerError
        if status < 200:
            answer.headers.clear()
            return
        answer.take_head(status)
        if answer.is_bodiless:
            # The parser was not told that this was HEAD, and would wait for the body that the head describes.
            self._finish(keep=False)

    def on_body(self, body: bytes) -> None:
        """Hand over a piece."""
        if self._answer is not None:
            self._answer.take(body)

    def on_message_complete(self) -> None:
        """Note the end."""
        if self._answer is not None and self._answer.has_head:
            self._finish(keep=self._parser.should_keep_alive())

    def _finish(self, *, keep: bool = False) -> None:
        if (answer := self._answer) is not None:
            self._answer = None
            answer.take_end(None, keep=keep)

    def _end(self, error: RelayError) -> None:
        if (answer := self._answer) is not None:
            self._answer = None
            answer.take_end(error, keep=False)
