"""What a call has cost stands where it can be known: in the head of a small answer, at the end of a long one."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from tests.relay.conftest import Relayed
from tests.relay.servers import CHAT, Script, Stub

_USAGE: dict[str, Any] = {"usage": CHAT["usage"]}
#: 12 tokens of input and 34 of output, of the stub's default model.
_COST = b"555"
_STREAM = (
    b'data: {"choices": [{"delta": {"content": "x"}}]}\n\ndata: %b\n\ndata: [DONE]\n\n'
    % json.dumps({"choices": [{"delta": {}}], **_USAGE}).encode()
)
_LONG = json.dumps({"choices": [{"text": "x" * 100_000}], **_USAGE}).encode()


def answering(body: bytes, kind: str = "text/event-stream", status: int = 200) -> Script:
    """Return a script that answers so."""

    async def script(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, content_type=kind, status=status)

    return script


def raw(relayed: Relayed, *headers: str, model: str = "gpt-4o-mini", version: str = "1.1") -> bytes:
    """Return a whole answer as it is on the wire."""
    body = json.dumps({"model": model, "messages": [], "stream": True, "stream_options": {"include_usage": True}})
    lines = [f"POST /v1/chat/completions HTTP/{version}", "Host: hub", f"Authorization: Bearer {relayed.token}"]
    lines += ["Content-Type: application/json", "Connection: close", f"Content-Length: {len(body)}", *headers]
    address, data = urlsplit(relayed.url), b""
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", body]).encode())
        while piece := connection.recv(65_536):
            data += piece
    return data


def test_a_stream_ends_with_a_comment(relayed: Relayed, stub: Stub) -> None:
    """Behind the last event, where every parser passes over it; the events are as they came."""
    stub.script = answering(_STREAM)
    answer = relayed.chat()
    assert answer.content == _STREAM + b": x-hub-cost " + _COST + b"\n\n"
    assert str(relayed.usage()[0].estimated_cost).encode() == _COST


@pytest.mark.parametrize("end", [b"", b"data: half", b"data: x\n"])
def test_an_event_that_is_not_whole_is_not_ended_by_it(relayed: Relayed, stub: Stub, end: bytes) -> None:
    """A comment may only stand between events: within one, its line end would complete what was cut."""
    stub.script = answering(_STREAM + end)
    said = relayed.chat().content
    assert said.startswith(_STREAM + end)
    assert (b"x-hub-cost" in said) is (end == b"")


def test_what_has_no_price_tells_no_cost(relayed: Relayed, stub: Stub) -> None:
    """Nothing is made up for a model that the book does not have."""
    stub.script = answering(_STREAM)
    assert b"x-hub-cost" not in raw(relayed, model="unheard-of", version="1.1").partition(b"\r\n\r\n")[2]


def test_a_long_answer_is_left_alone(relayed: Relayed, stub: Stub) -> None:
    """It keeps its length, and nothing is added, for callers who did not ask for trailers."""
    stub.script = answering(_LONG, "application/json")
    answer = relayed.chat()
    assert answer.content == _LONG
    assert answer.headers["content-length"] == str(len(_LONG))
    assert "trailer" not in answer.headers


@pytest.mark.parametrize("server", ["direct"], indirect=True)
@pytest.mark.parametrize("te", ["TE: trailers", "TE: gzip;q=0.5, Trailers"])
@pytest.mark.parametrize("kind", ["application/json", "image/png"])
def test_who_takes_trailers_gets_one(relayed: Relayed, stub: Stub, te: str, kind: str) -> None:
    """It is announced in the head, and stands behind the last chunk."""
    stub.script = answering(_LONG, kind)
    head, _, rest = raw(relayed, te).partition(b"\r\n\r\n")
    assert b"\r\ntrailer: x-hub-cost\r\n" in head + b"\r\n"
    assert b"content-length" not in head
    last, _, trailer = rest.rpartition(b"\r\n0\r\n")
    assert last.endswith(_LONG[-100:])
    assert trailer.startswith(b"x-hub-cost: ")
    assert trailer.endswith(b"\r\n\r\n")
    if kind == "application/json":
        assert trailer == b"x-hub-cost: " + _COST + b"\r\n\r\n"


@pytest.mark.parametrize("server", ["direct"], indirect=True)
def test_a_trailer_without_a_cost_stays_away(relayed: Relayed, stub: Stub) -> None:
    """It was announced before anybody could know (RFC 9110 6.6.2 does not promise that it comes)."""
    stub.script = answering(_LONG, "application/json")
    assert raw(relayed, "TE: trailers", model="unheard-of").endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize(("version", "te"), [("1.0", "TE: trailers"), ("1.1", "TE: gzip"), ("1.1", "X-TE: trailers")])
def test_nobody_else_gets_one(relayed: Relayed, stub: Stub, version: str, te: str) -> None:
    """Neither without chunks, nor unasked."""
    stub.script = answering(_LONG, "application/json")
    head, _, rest = raw(relayed, te, version=version).partition(b"\r\n\r\n")
    assert b"trailer" not in head
    assert rest == _LONG
