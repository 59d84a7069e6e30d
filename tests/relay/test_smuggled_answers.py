"""On the socket: whatever the upstream writes, the caller gets one clean answer, or a connection that ends."""

import h11
import pytest

from tests.relay.attacks import AUTH
from tests.relay.door import Door, door, one_door
from tests.relay.raw import Heard

__all__ = ["door", "one_door"]

_CALL = b"GET /v1/%s HTTP/1.1\r\nHost: hub\r\n" + AUTH + b"\r\n"
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_PLAIN = b"Content-Length: 2\r\n\r\n{}"
_EVIL = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n"EVIL"'

#: What the upstream answers, and the statuses that the caller may get to see.
ANSWERS: dict[str, tuple[bytes, set[int]]] = {
    "a length and a coding": (
        _OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        {200, 502},
    ),
    "a coding and a length that hides": (
        _OK + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        {200, 502},
    ),
    "two lengths": (_OK + b"Content-Length: 2\r\nContent-Length: 90\r\n\r\n{}", {502}),
    "a length with a plus": (_OK + b"Content-Length: +2\r\n\r\n{}", {502}),
    "a negative length": (_OK + b"Content-Length: -2\r\n\r\n{}", {502}),
    "a length of 2^64": (_OK + b"Content-Length: 18446744073709551616\r\n\r\n{}", {502}),
    "a folded header": (_OK + b"ETag: x\r\n X-Evil: y\r\n" + _PLAIN, {200, 502}),
    "NUL in a header": (_OK + b"ETag: x\0y\r\n" + _PLAIN, {502}),
    "a bare CR in a header": (_OK + b"ETag: x\rX-Evil: y\r\n" + _PLAIN, {502}),
    "a bare LF in a header": (_OK + b"ETag: x\nX-Evil: y\r\n" + _PLAIN, {200, 502}),
    "a control character in a header": (_OK + b"ETag: x\x01y\r\n" + _PLAIN, {200, 502}),
    "a header without a colon": (_OK + b"ETag\r\n" + _PLAIN, {502}),
    "a space before the colon": (_OK + b"ETag : x\r\n" + _PLAIN, {502}),
    "a chunk with a wrong size": (_OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", {200, 502}),
    "a negative chunk": (_OK + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", {200, 502}),
    "a chunk without its end": (_OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n", {200, 502}),
    "a chunk that is cut": (_OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}", {200, 502}),
    "a body that is cut": (_OK + b"Content-Length: 9\r\n\r\n{}", {200, 502}),
    "a coding that nobody knows": (_OK + b"Transfer-Encoding: xchunked\r\n\r\n{}", {200, 502}),
    "trailers": (
        _OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nSet-Cookie: a=b\r\nX-Evil: y\r\n\r\n",
        {200},
    ),
    "100 first": (b"HTTP/1.1 100 Continue\r\n\r\n" + _OK + _PLAIN, {200}),
    "103 first": (b"HTTP/1.1 103 Early Hints\r\nX-Evil: y\r\n\r\n" + _OK + _PLAIN, {200}),
    "101 that nobody asked for": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        {502},
    ),
    "2 MB of headers": (_OK + b"X-Big: aaaaaaaa\r\n" * (1 << 17) + _PLAIN, {200, 502}),
    "1 MB in one header": (_OK + b"ETag: " + b"a" * (1 << 20) + b"\r\n" + _PLAIN, {200, 502}),
    "headers of our own": (
        _OK + b"X-Evil: y\r\nSet-Cookie: a=b\r\nX-Request-Id: evil\r\nServer: x\r\n" + _PLAIN,
        {200},
    ),
    "hop-by-hop headers": (
        _OK + b"Connection: X-Evil\r\nX-Evil: y\r\nKeep-Alive: x\r\nUpgrade: h2c\r\n" + _PLAIN,
        {200},
    ),
    "a status of two digits": (b"HTTP/1.1 20 OK\r\n" + _PLAIN, {502}),
    "a status of four digits": (b"HTTP/1.1 2000 OK\r\n" + _PLAIN, {502}),
    "a status in words": (b"HTTP/1.1 OK\r\n" + _PLAIN, {502}),
    "HTTP/2.0": (b"HTTP/2.0 200 OK\r\n" + _PLAIN, {200, 502}),
    "another protocol": (b"ICY 200 OK\r\n" + _PLAIN, {502}),
    "no head at all": (b"{}", {502}),
    "nothing": (b"", {502}),
    "a body with 204": (b"HTTP/1.1 204 No Content\r\nContent-Length: 96\r\n\r\n" + _EVIL, {204, 502}),
    "a body with 304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 96\r\n\r\n" + _EVIL, {304, 502}),
    "a second answer behind the first": (_OK + _PLAIN + _EVIL, {200, 502}),
    "a longer body than said": (_OK + b"Content-Length: 2\r\n\r\n{}{}{}", {200, 502}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_no_answer_confuses_the_caller(door: Door, name: str) -> None:
    """What is odd becomes a clean answer, 502 or a cut connection, and the next call gets its own answer."""
    door.upstream.answer, statuses = ANSWERS[name]
    door.upstream.hangs_up = "behind" not in name and "longer" not in name
    heard = door.say(_CALL % b"odd")
    _read_strictly(heard, statuses)
    door.upstream.reset()
    again = door.say(_CALL % b"next")
    assert again.statuses == [200]
    assert again.data.endswith(b'{"target":"/v1/next","usage":{}}')


def test_a_connection_stays_in_step(door: Door) -> None:
    """On one connection, a bad answer of the upstream is not mixed up with the next good one."""
    door.upstream.answer = _OK + _PLAIN + _EVIL
    heard = door.say((_CALL % b"one") + (_CALL % b"two"), answers=2)
    assert b"EVIL" not in heard.data


def _read_strictly(heard: Heard, statuses: set[int]) -> None:
    """Read exactly one answer; only an end of the connection may cut it short."""
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=4 << 20)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "hub")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(heard.data)
    head = reader.next_event()
    assert isinstance(head, h11.Response)
    assert head.status_code in statuses
    assert not {name for name, _ in head.headers} & {b"x-evil", b"set-cookie", b"keep-alive", b"upgrade"}
    assert [value[:4] for name, value in head.headers if name == b"x-request-id"] == [b"req_"]
    assert not any(byte in value for _, value in head.headers for byte in b"\0\r\n")
    while isinstance(event := reader.next_event(), h11.Data):
        assert b"EVIL" not in event.data
    assert isinstance(event, h11.EndOfMessage) or heard.is_closed
    assert not reader.trailing_data[0]
