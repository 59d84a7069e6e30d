"""Bytes go through as they come, both ways, and a call ends when one side ends it."""

import socket
import struct
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from aiohttp import web

from tests.relay.conftest import Relayed
from tests.relay.servers import Stub

EVENT = b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n'


@pytest.fixture
def settings() -> dict[str, Any]:
    """Wait for silent servers no longer than a test can."""
    return {"relay_idle_timeout_s": 5}


async def begin_stream(request: web.Request) -> web.StreamResponse:
    """Send the head of a stream and its first event."""
    await request.read()
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    await response.write(EVENT)
    return response


def test_the_first_event_arrives_at_once(relayed: Relayed, stub: Stub) -> None:
    """An event is with the caller while OhMyGPT is still thinking about the next one."""

    async def script(request: web.Request) -> web.StreamResponse:
        response = await begin_stream(request)
        await stub.passed()
        await response.write(EVENT)
        return response

    stub.script = script
    with relayed.chat(stream=True) as answer:
        events = answer.iter_content(None)
        first = next(events)
        stub.gate.set()
        rest, _, cost = b"".join(events).partition(b": x-hub-cost ")
        assert (first, rest, cost[-2:]) == (EVENT, EVENT, b"\n\n")


def test_the_head_of_a_stream_does_not_wait_for_its_first_event(relayed: Relayed, stub: Stub) -> None:
    """A caller sees that a stream has begun before anything is in it."""

    async def script(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await stub.passed()
        return response

    stub.script = script
    with relayed.chat(stream=True) as answer:
        assert answer.status_code == 200
        stub.gate.set()


def test_an_upload_goes_on_as_it_comes(relayed: Relayed, stub: Stub) -> None:
    """The beginning of a body is upstream before its end is written."""

    async def script(request: web.Request) -> web.Response:
        first = await request.content.readany()
        stub.gate.set()
        return web.json_response({"bytes": len(first + await request.read())})

    def pieces() -> Iterator[bytes]:
        yield b"a" * 100
        assert stub.gate.wait(5), "the beginning was held back"
        yield b"b" * 100

    stub.script = script
    assert relayed.call("/v1/files", data=pieces()).json() == {"bytes": 200}


def test_a_slow_reader_holds_the_upstream_back(relayed: Relayed, stub: Stub) -> None:
    """What the caller does not take is not fetched: memory stays small."""
    sent = []

    async def script(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "application/octet-stream"})
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"x" * 100_000)
            sent.append(100_000)
        return response

    stub.script = script
    with relayed.call("/v1/files/f/content", method="GET", stream=True) as answer:
        time.sleep(1)
        on_the_way = sum(sent)
        rest = sum(len(chunk) for chunk in answer.iter_content(1 << 20))

    assert on_the_way < 20_000_000
    assert rest == 100_000_000


def test_leaving_before_the_answer_ends_the_call(relayed: Relayed, stub: Stub) -> None:
    """A model that thinks for somebody who has gone is stopped within a second."""

    async def script(_: web.Request) -> web.Response:
        await stub.passed()
        return web.Response()

    stub.script = script
    _leave(relayed, stub)

    assert stub.left.wait(1)
    [record] = relayed.usage()
    assert (record.outcome, record.status) == ("client_left", 499)


def test_leaving_in_the_middle_ends_the_call(relayed: Relayed, stub: Stub) -> None:
    """A stream that nobody reads is stopped within a second, also between two events."""

    async def script(request: web.Request) -> web.StreamResponse:
        response = await begin_stream(request)
        await stub.passed()
        return response

    stub.script = script
    answer = relayed.chat(stream=True)
    assert next(answer.iter_content(None)) == EVENT
    answer.close()

    assert stub.left.wait(1)
    [record] = relayed.usage()
    assert (record.outcome, record.status, record.bytes_out) == ("client_left", 200, len(EVENT))


def test_leaving_in_the_middle_of_an_upload_ends_the_call(relayed: Relayed, stub: Stub) -> None:
    """An upload that breaks off is not taken for a complete one."""
    whole = []

    async def script(request: web.Request) -> web.Response:
        whole.append(await request.read())
        return web.Response()

    stub.script = script
    _leave(relayed, stub, announced=100_000)

    [record] = relayed.usage()
    assert (record.outcome, record.bytes_in, whole) == ("client_left", 10, [])


def test_a_silent_upstream_is_a_504(relayed: Relayed, stub: Stub) -> None:
    """Nobody waits forever, and the upstream connection is not kept either."""

    async def script(_: web.Request) -> web.Response:
        await stub.passed()
        return web.Response()

    stub.script = script
    answer = relayed.chat()

    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "upstream_timeout")
    assert stub.left.wait(1)


def test_a_cut_stream_ends_in_an_error_event(relayed: Relayed, stub: Stub) -> None:
    """A stream that breaks between two events says so in its own way."""

    async def script(request: web.Request) -> web.StreamResponse:
        response = await begin_stream(request)
        assert request.transport is not None
        request.transport.abort()
        return response

    stub.script = script
    answer = relayed.chat()

    assert answer.content.startswith(EVENT + b'data: {"error": {"message": ')
    [record] = relayed.usage()
    assert (record.outcome, record.status) == ("upstream_failed", 200)


@pytest.mark.parametrize("headers", [{"content-length": "1000"}, {}])
def test_a_cut_answer_is_visibly_cut(relayed: Relayed, stub: Stub, headers: dict[str, str]) -> None:
    """A file of which half came must not look like a whole one."""

    async def script(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers | {"content-type": "image/png"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    stub.script = script
    with pytest.raises(requests.exceptions.RequestException):
        _ = relayed.call("/v1/files/f/content", method="GET").content


def test_a_caller_who_stops_sending_is_told(relayed: Relayed) -> None:
    """A request that is begun and not continued does not hold a place forever."""
    with _connect(relayed, announced=100_000) as connection:
        connection.settimeout(10)
        assert b" 408 " in connection.recv(65_536).split(b"\r\n")[0]


def _leave(relayed: Relayed, stub: Stub, announced: int = 10) -> None:
    """Begin a call, and hang up as soon as it has reached the stub."""
    with _connect(relayed, announced) as connection:
        assert stub.begun.wait(5)
        time.sleep(0.1)
        # RST instead of FIN, as when a machine is gone.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _connect(relayed: Relayed, announced: int) -> socket.socket:
    address = urlsplit(relayed.url)
    head = f"POST /v1/files HTTP/1.1\r\nHost: hub\r\nx-api-key: {relayed.token}\r\nContent-Length: {announced}\r\n\r\n"
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=10)
    connection.sendall(head.encode() + b"0123456789")
    return connection
