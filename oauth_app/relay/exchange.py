"""The side towards OhMyGPT: a request goes out once, to the first base that takes it."""

from collections.abc import Sequence
from time import monotonic

import msgspec

from oauth_app.relay.answer import Answer
from oauth_app.relay.bases import Base, Bases
from oauth_app.relay.connection import Connection
from oauth_app.relay.errors import LateAnswerError, NoAnswerError

#: Ends a body of unknown length (RFC 9112 7.1).
LAST_CHUNK = b"0\r\n\r\n"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out."""

    method: bytes
    #: Path and query, exactly as they were written.
    target: bytes
    #: Lines of the head, each with its end, without those about the connection and the body.
    headers: bytes
    #: The body, or as much of it as there is when the request begins.
    body: bytes = b""
    #: How long the body is as a whole; None for one of unknown length, which goes out in chunks.
    length: int | None = 0
    #: Whether the caller asked for a stream, as far as is known.
    is_streamed: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the body is missing."""
        return self.length == len(self.body)


class Exchange:
    """Sends requests. What was sent is never sent again: a call costs money."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._bases = Bases(urls)

    @property
    def bases(self) -> Bases:
        """The addresses and their health, which WebSockets share."""
        return self._bases

    async def send(self, request: Request) -> Answer:
        """Send a request, or its beginning, and return the answer to wait for.

        Raises:
            NoAnswerError: no base took the connection; nothing was sent.
        """
        base, connection = await self._connect(is_streamed=request.is_streamed)
        answer = connection.begin(_write(request, base), base.circuit, is_head=request.method == b"HEAD")
        answer.release = lambda: base.give_back(connection)
        if request.is_whole:
            answer.end_request()
        return answer

    async def wait(self, answer: Answer) -> None:
        """Wait for the head of the answer, and note whether its base is well.

        Raises:
            NoAnswerError: the connection broke before it.
            LateAnswerError: silence.
        """
        try:
            await answer.head()
        except (NoAnswerError, LateAnswerError):
            answer.circuit.fail(monotonic())
            raise
        answer.circuit.succeed()

    def tend(self) -> None:
        """Close connections that nobody needs; to be called now and then."""
        self._bases.tend(monotonic())

    def close(self) -> None:
        """Close what is idle."""
        self._bases.close()

    async def _connect(self, *, is_streamed: bool) -> tuple[Base, Connection]:
        for base in self._bases.in_order(monotonic(), is_streamed=is_streamed):
            if (idle := base.take_idle()) is not None:
                return base, idle
            try:
                return base, await base.connect()
            except NoAnswerError:
                base.circuit.fail(monotonic())
        raise NoAnswerError


def as_chunk(piece: bytes) -> bytes:
    """Return a piece as it goes out in a body of unknown length (RFC 9112 7.1)."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _write(request: Request, base: Base) -> bytes:
    address = base.address
    head = b"%b %b%b HTTP/1.1\r\nhost: %b\r\n%b" % (
        request.method,
        address.prefix,
        request.target,
        address.authority,
        request.headers,
    )
    if request.length is None:
        body = as_chunk(request.body) if request.body else b""
        return head + b"transfer-encoding: chunked\r\n\r\n" + body
    if request.length or request.method in {b"POST", b"PUT", b"PATCH"}:
        return b"%bcontent-length: %d\r\n\r\n%b" % (head, request.length, request.body)
    return head + b"\r\n"
