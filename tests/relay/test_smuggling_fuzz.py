"""Requests that are nearly well-formed, by the hundred: the upstream never sees more of them, or other ones."""

import io
import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.relay.attacks import AUTH, TOKEN
from tests.relay.door import Door, door, one_door
from tests.relay.raw import CutError, MalformedError, Message, read_request

__all__ = ["door", "one_door"]

_number = itertools.count()
#: Stands for the number of the example, so that a late request of the one before is not taken for one of this.
_MARK = b"/v1/e00000"
_LINE = b" " + _MARK + b" HTTP/1.1\r\nHost: hub\r\n" + AUTH
_INNER = b"GET" + _LINE + b"\r\n"
_REQUESTS = (
    _INNER,
    b"POST" + _LINE + b"Content-Length: %d\r\n\r\n" % len(_INNER) + _INNER,
    b"POST" + _LINE + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(_INNER) + _INNER + b"\r\n0\r\n\r\n",
    b"POST" + _LINE + b"Content-Length: 2\r\n\r\n{}",
)
_PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b"0", b"1", b"-", b"+", b"\x0b", b"\x7f", b"\xff",
    b"\r\n\r\n",
    b"Content-Length: 0\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
    b"transfer-encoding:identity\r\n",
    b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"X: y\r\n", b" folded\r\n", b"0\r\n\r\n", b"HTTP/1.0",
    b"%2e",
)  # fmt: skip
#: Where, how many bytes are taken out, and what is put in.
_mutation = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 3), st.sampled_from((*_PIECES, b"")))
#: Half of the requests stay as they are, or the first mutation would end nearly every connection.
_mutations = st.one_of(st.just([]), st.lists(_mutation, min_size=1, max_size=2))


@given(parts=st.lists(st.tuples(st.sampled_from(_REQUESTS), _mutations), min_size=1, max_size=3))
@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_is_made_up(door: Door, parts: list[tuple[bytes, list[tuple[float, int, bytes]]]]) -> None:
    """Each request upstream is strictly written, and there are at most as many as were sent.

    Where all that was sent is strictly written, they are some of the same ones, in the same order: a request whose
    token is spoilt is refused, and the one behind it is served.
    """
    mark = b"/v1/e%05d" % next(_number)
    sends = b"".join(_mutate(request, mutations) for request, mutations in parts).replace(_MARK, mark)
    door.say(sends, answers=len(parts), patience_s=0.15, afterwards_s=0.02)
    seen = [request for request in list(door.upstream.requests) if request.target.startswith(mark)]
    assert not door.upstream.malformed
    assert len(seen) <= sends.count(mark)
    sent, is_strict = _read_all(sends.replace(TOKEN, door.token.encode()))
    if is_strict:
        left = iter([(request.target, request.body) for request in sent])
        assert all((request.target, request.body) in left for request in seen)


def _mutate(request: bytes, mutations: list[tuple[float, int, bytes]]) -> bytes:
    for where, taken, given_instead in mutations:
        at = int(where * len(request))
        request = request[:at] + given_instead + request[at + taken :]
    return request


def _read_all(data: bytes) -> tuple[list[Message], bool]:
    """Return the requests, and whether everything was strictly written."""
    stream, found = io.BytesIO(data), list[Message]()
    try:
        while request := read_request(stream):
            found.append(request)
    except (CutError, MalformedError):
        return found, False
    return found, True
