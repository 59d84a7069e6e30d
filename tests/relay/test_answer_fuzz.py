"""Answers that are nearly well-formed, cut anywhere: the caller gets one clean answer or an end, and never another's.

A bounded run is part of the tests; ``ANSWER_EXAMPLES=20000 pytest tests/relay/test_answer_fuzz.py`` runs longer.
"""

import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oauth_app.hub import Hub
from oauth_app.services.relaying import make_relay
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner, make_test_hub
from tests.relay.attacks import AUTH, TOKEN
from tests.relay.conftest import make_user
from tests.relay.raw import CutError, MalformedError, read_request, say
from tests.relay.servers import running, with_lifespan

_EXAMPLES = int(os.environ.get("ANSWER_EXAMPLES", "150"))
_number = itertools.count()
#: Stands for the number of the call: an answer that names another one has come to the wrong caller.
_MARK = b"#00000"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: "
_JSON = b'{"mark":"' + _MARK + b'","usage":{"prompt_tokens":1,"completion_tokens":1}}'
_EVENTS = b'data: {"mark":"' + _MARK + b'"}\n\ndata: [DONE]\n\n'


def _chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


_ANSWERS = (
    _HEAD + b"application/json\r\nContent-Length: %d\r\n\r\n" % len(_JSON) + _JSON,
    _HEAD + b"application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + _chunked(_JSON[:20], _JSON[20:]),
    _HEAD + b"text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + _chunked(_EVENTS[:9], _EVENTS[9:]),
    _HEAD + b"image/png\r\nConnection: close\r\n\r\n" + _MARK * 3,
    b"HTTP/1.1 100 Continue\r\n\r\n" + _HEAD + b"text/plain\r\nContent-Length: 6\r\n\r\n" + _MARK,
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 204 No Content\r\n\r\n",
)
_PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b";", b"0", b"1", b"f", b"-", b"\x7f", b"\xff", b"\r\n\r\n", b"0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL", b"Content-Length: 0\r\n", b"Content-Length: 99\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"data: ", b"ffffffffffffffff\r\n", b"",
)  # fmt: skip
_mutation = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 3), st.sampled_from(_PIECES))
_mutations = st.one_of(st.just([]), st.lists(_mutation, min_size=1, max_size=3))
_splits = st.lists(st.floats(0, 1, exclude_max=True), max_size=4)


class Upstream:
    """Answers each request with the bytes of the present example, in its pieces."""

    def __init__(self, listener: socket.socket) -> None:
        self.port: int = listener.getsockname()[1]
        self.answer, self.splits, self.hangs_up = b"", list[float](), False
        self.open = 0
        self._lock = threading.Lock()

    def serve(self, connection: socket.socket) -> None:
        """Serve one connection to its end."""
        self._count(1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError, CutError, MalformedError), closing(connection), connection.makefile("rb") as stream:
            while request := read_request(stream):
                mark = b"#" + request.target[-5:]
                is_next = request.target.startswith(b"/v1/next")
                answer = (_ANSWERS[0] if is_next else self.answer).replace(_MARK, mark)
                for piece in _cut(answer, [] if is_next else self.splits):
                    connection.sendall(piece)
                    time.sleep(0 if is_next else 0.001)
                if self.hangs_up and not is_next:
                    break
        self._count(-1)

    def _count(self, more: int) -> None:
        with self._lock:
            self.open += more


def _cut(answer: bytes, splits: list[float]) -> list[bytes]:
    at = [0, *sorted(int(split * len(answer)) for split in splits), len(answer)]
    return [answer[one:other] for one, other in itertools.pairwise(at) if one < other]


def _mutate(answer: bytes, mutations: list[tuple[float, int, bytes]]) -> bytes:
    for where, taken, given_instead in mutations:
        at = int(where * len(answer))
        answer = answer[:at] + given_instead + answer[at + taken :]
    return answer


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """Run the upstream."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=128)) as listener:
        upstream = Upstream(listener)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=upstream.serve, args=[listener.accept()[0]], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield upstream
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def call(
    tmp_path_factory: pytest.TempPathFactory, migrated_database: Path, upstream: Upstream
) -> Iterator[tuple[int, bytes]]:
    """Run the relay in front of it; return its port, and a user's token."""
    folder = tmp_path_factory.mktemp("hub")
    (folder / "hub.db").write_bytes(migrated_database.read_bytes())
    hub: Hub = make_test_hub(folder, ohmygpt_api_base=f"http://127.0.0.1:{upstream.port}", relay_idle_timeout_s=5)
    token = grant(hub.engine, make_user(hub), make_partner(hub.engine).client_id)
    with running(with_lifespan(make_relay(hub))) as url:
        yield int(url.rpartition(":")[2]), token.encode()
    hub.close()


@given(answer=st.sampled_from(_ANSWERS), mutations=_mutations, splits=_splits, hangs_up=st.booleans())
@settings(
    max_examples=_EXAMPLES,
    deadline=None,
    derandomize="ANSWER_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_an_answer_is_clean_or_ends(
    call: tuple[int, bytes],
    upstream: Upstream,
    answer: bytes,
    mutations: list[tuple[float, int, bytes]],
    splits: list[float],
    hangs_up: bool,  # noqa: FBT001 - of the example
) -> None:
    """Nothing hangs; the caller reads strict HTTP of its own call; the next call gets its own answer; nothing leaks."""
    number = b"%05d" % (next(_number) % 100_000)
    # A mutation may announce more than comes: without an end, the wait for it is the idle timeout's, tested elsewhere.
    upstream.hangs_up = hangs_up or bool(mutations) or b"Connection: close" in answer
    upstream.answer, upstream.splits = _mutate(answer, mutations), splits
    port, token = call
    request = b"GET /v1/%b/%b HTTP/1.1\r\nHost: hub\r\n" + AUTH + b"\r\n"
    heard = say(port, (request % (b"odd", number)).replace(TOKEN, token), patience_s=4)
    assert heard.data, "it hung"
    _read_strictly(heard.data, number, is_closed=heard.is_closed)
    after = say(port, (request % (b"next", number)).replace(TOKEN, token), patience_s=4, afterwards_s=0.01)
    assert after.statuses == [200]
    assert after.data.endswith(_JSON.replace(_MARK, b"#" + number))
    assert upstream.open <= 3, "connections are left behind"


def _read_strictly(data: bytes, number: bytes, *, is_closed: bool) -> None:
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "hub")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(data)
    head = reader.next_event()
    assert isinstance(head, h11.Response)
    body = b""
    while isinstance(event := reader.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage) or is_closed
    assert not reader.trailing_data[0]
    marks = {body[at + 1 : at + 6] for at in range(len(body)) if body[at : at + 1] == b"#"}
    assert all(len(mark) < 5 or not mark.isdigit() or mark == number for mark in marks)
