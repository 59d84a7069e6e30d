"""On the socket: what a caller sends is refused, or reaches the upstream as exactly one plain request."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.conftest import ROOT
from tests.relay.attacks import ATTEMPTS, AUTH, SMUGGLED, Attempt, Fate, table
from tests.relay.conftest import SECRET
from tests.relay.door import Door, door, one_door

_FIRST = b"POST /v1/first HTTP/1.1\r\nHost: hub\r\n" + AUTH
_SECOND = b"GET /v1/second HTTP/1.1\r\nHost: hub\r\n" + AUTH + b"\r\n"

__all__ = ["door", "one_door"]

#: All that the upstream may ever see of a request's headers.
ALLOWED = {
    b"host", b"accept", b"accept-encoding", b"user-agent", b"authorization", b"content-type", b"content-length",
    b"transfer-encoding",
}  # fmt: skip


def _marked(attempt: Attempt) -> object:
    return pytest.param(attempt, id=attempt.name.encode("ascii", "replace").decode()[:60])


@pytest.mark.parametrize("attempt", [_marked(attempt) for attempt in ATTEMPTS])
def test_nothing_is_smuggled(door: Door, attempt: Attempt) -> None:
    """An odd request is refused with 4xx, or passed on once, whole and plain; never half, never two."""
    heard = door.say(attempt.sends)
    seen = door.upstream.requests
    assert not door.upstream.malformed
    assert all(request.target != b"/v1/smuggled" for request in seen)
    for request in seen:
        assert {name for name, _ in request.headers} <= ALLOWED
        assert [value for name, value in request.headers if name == b"authorization"] == [f"Bearer {SECRET}".encode()]
    if attempt.fate is Fate.REFUSED or (attempt.fate is Fate.EITHER and not seen):
        assert not seen
        assert 400 <= heard.statuses[0] < 500
    else:
        assert (len(seen), heard.statuses) == (1, [200])
    if attempt.body is not None:
        assert seen[0].body == attempt.body


def test_the_table_of_attempts_is_true() -> None:
    """The table in the documentation is the one that is tested."""
    text = (ROOT / "oauth_app" / "relay" / "smuggling.md").read_text("utf-8")
    assert table() in text, "python -m tests.relay.attacks prints it"


def test_pipelined_requests_are_answered_in_order(door: Door) -> None:
    """Two requests in one packet are two: neither is taken for the other's body, and each gets its own answer."""
    heard = door.say(_FIRST + b"Content-Length: 5\r\n\r\nhello" + _SECOND, answers=2)
    assert _bodies(door) == [
        (b"/v1/first", b"hello"),
        (b"/v1/second", b""),
    ]
    assert heard.statuses == [200, 200]
    assert heard.data.index(b"/v1/first") < heard.data.index(b"/v1/second")


def test_a_chunked_body_ends_where_it_says(door: Door) -> None:
    """What stands behind the last chunk is the next request."""
    body = (
        b"POST /v1/first HTTP/1.1\r\nHost: hub\r\n"
        + AUTH
        + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )
    door.say(body + b"GET /v1/second HTTP/1.1\r\nHost: hub\r\n" + AUTH + b"\r\n", answers=2)
    assert _bodies(door) == [
        (b"/v1/first", b"hello"),
        (b"/v1/second", b""),
    ]


def test_nothing_is_read_after_close(door: Door) -> None:
    """A request that says ``Connection: close`` is the last one, whatever follows."""
    first = b"GET /v1/first HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n" + AUTH + b"\r\n"
    heard = door.say(first + first.replace(b"first", b"second"))
    assert [seen.target for seen in door.upstream.requests] == [b"/v1/first"]
    assert heard.is_closed


def test_a_refused_body_is_no_request(door: Door) -> None:
    """The body of a call without a token is not read as the next request."""
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: hub\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED)
    heard = door.say(head + SMUGGLED)
    assert (heard.statuses, door.upstream.requests) == ([401], [])


def test_a_caller_who_expects_is_told_to_continue(door: Door) -> None:
    """``Expect: 100-continue`` is answered before the body comes, and the body then passes."""
    head = b"POST /v1/x HTTP/1.1\r\nHost: hub\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
    with _connected(door) as connection:
        connection.sendall(head + b"Authorization: Bearer " + door.token.encode() + b"\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    assert door.upstream.requests[0].body == b"{}"


def test_an_endless_header_is_not_kept(door: Door) -> None:
    """A head that does not end is refused before it costs memory."""
    sent = 0
    with _connected(door) as connection:
        connection.sendall(b"GET /v1/models HTTP/1.1\r\nHost: hub\r\n")
        try:
            while sent < 64 << 20:
                sent += connection.send(b"X-Big: " + b"a" * 65_536 + b"\r\n")
        except OSError:
            pass
    assert sent < 32 << 20


def _bodies(door: Door) -> list[tuple[bytes, bytes]]:
    return [(seen.target, seen.body) for seen in door.upstream.requests]


@contextmanager
def _connected(door: Door) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", door.port), timeout=10)) as connection:
        yield connection
