"""Bytes on sockets: an upstream that reads strictly and keeps what it was sent, and a caller who sends anything."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

_REQUEST_LINE = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.1\r\n")
#: RFC 9110 5.6.2 and 5.5, without the bytes above ASCII: the relay has no reason to send any.
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([!-~](?:[\t -~]*[!-~])?)?\r\n")
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}\r\n")
_MOST_BYTES = 1 << 20
#: A whole answer; the upstream puts the target of the request in for ``TARGET``, and the length of the body.
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{"target":"%s","usage":{}}'
_FRAME = len('{"target":"","usage":{}}')


class MalformedError(Exception):
    """Something that RFC 9112 does not allow, or that is not wanted here."""


class CutError(Exception):
    """The connection ended in the middle of a request: whoever sent it has given it up."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A request as it came over the wire."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass
class RawUpstream:
    """Stands where OhMyGPT would, takes nothing but strict HTTP/1.1, and answers with the bytes it is told."""

    port: int
    requests: list[Message] = field(default_factory=list, repr=False)
    malformed: list[str] = field(default_factory=list)
    #: None is a good answer that names the request's target.
    answer: bytes | None = None
    #: Whether it hangs up after its answer.
    hangs_up: bool = False

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget what was seen, and answer well."""
        self.requests.clear()
        self.malformed.clear()
        self.answer, self.hangs_up = None, False

    def serve(self, connection: socket.socket) -> None:
        """Read requests off one connection until it ends or something is wrong with it."""
        with closing(connection), suppress(OSError), connection.makefile("rb") as stream:
            while True:
                try:
                    request = read_request(stream)
                except CutError:
                    return
                except MalformedError as error:
                    self.malformed.append(str(error))
                    return
                if request is None:
                    return
                self.requests.append(request)
                connection.sendall(self.answer if self.answer is not None else _good(request))
                if self.hangs_up:
                    return


def _good(request: Message) -> bytes:
    return OK % (_FRAME + len(request.target), request.target)


def read_request(stream: BinaryIO) -> Message | None:
    """Return the next request; None at the end.

    Raises:
        CutError: it ends in the middle.
        MalformedError: it is not written strictly.
    """
    line = stream.readline(_MOST_BYTES)
    if not line:
        return None
    first = _match(_REQUEST_LINE, line)
    headers: list[tuple[bytes, bytes]] = []
    while (line := stream.readline(_MOST_BYTES)) != b"\r\n":
        name, value = _match(_HEADER, line).groups()
        headers.append((name.lower(), value or b""))
    return Message(method=first[1], target=first[2], headers=headers, body=_read_body(stream, headers))


def _read_body(stream: BinaryIO, headers: list[tuple[bytes, bytes]]) -> bytes:
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if len(lengths) + len(codings) > 1 or codings not in ([], [b"chunked"]):
        message = f"framed twice: {headers!r}"
        raise MalformedError(message)
    if codings:
        return b"".join(_chunks(stream))
    size = int(_match(re.compile(rb"\d{1,9}"), lengths[0])[0]) if lengths else 0
    return _read(stream, size)


def _read(stream: BinaryIO, size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise CutError
    return body


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while size := int(_match(_CHUNK_SIZE, stream.readline(_MOST_BYTES))[0], 16):
        yield _read(stream, size)
        _match(re.compile(rb"\r\n"), stream.read(2))
    _match(re.compile(rb"\r\n"), stream.read(2))  # no trailers


def _match(pattern: re.Pattern[bytes], text: bytes) -> re.Match[bytes]:
    found = pattern.fullmatch(text)
    if not text:
        raise CutError
    if found is None:
        message = f"{text[:200]!r} is no {pattern.pattern!r}"
        raise MalformedError(message)
    return found


@contextmanager
def running_raw_upstream() -> Iterator[RawUpstream]:
    """Run an upstream on a free port."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=128)) as listener:
        upstream = RawUpstream(port=listener.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=upstream.serve, args=[listener.accept()[0]], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield upstream
        listener.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a caller got back."""

    statuses: list[int]
    data: bytes
    #: Whether the server hung up.
    is_closed: bool


_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d) ")


def say(port: int, sends: bytes, *, answers: int = 1, patience_s: float = 3, afterwards_s: float = 0.1) -> Heard:
    """Send bytes, and listen until as many answers have begun and nothing more comes, or until the server hangs up."""
    data, is_closed = b"", False
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with suppress(ConnectionError):  # refused before all was sent
            connection.sendall(sends)
        try:
            while True:
                connection.settimeout(afterwards_s if len(_STATUS.findall(data)) >= answers else patience_s)
                more = connection.recv(65_536)
                if not more:
                    is_closed = True
                    break
                data += more
        except TimeoutError:
            pass
        except ConnectionError:
            is_closed = True
    return Heard(statuses=[int(status) for status in _STATUS.findall(data)], data=data, is_closed=is_closed)
