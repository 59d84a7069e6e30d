"""Handshakes that are refused, or go elsewhere, and callers or upstreams that do not read."""

import base64
import json
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection

from tests.relay.conftest import SECRET, Relayed
from tests.relay.raw import say
from tests.relay.realtime.sockets import closing_of, refused, setting_of, wire
from tests.relay.realtime.upstream import SocketUpstream

LOST = b'{"statusCode": 401, "message": "no", "errorType": "oauth_invalid_token_error", "data": null}'
#: More than any buffers of the system's hold between a test, the hub and the upstream.
MUCH = 64 * 1024 * 1024
HEAD = b"GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
KEY = b"Sec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n"
VERSION = b"Sec-WebSocket-Version: 13\r\n"


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        ((401, {"Content-Type": "application/json"}, LOST), 403, "connection_lost"),
        ((402, {"Content-Type": "application/json"}, b"{}"), 402, "insufficient_balance"),
        ((200, {"Content-Type": "application/json"}, b"{}"), 502, "upstream_protocol_error"),
        ((302, {"Location": "ws://127.0.0.1:9/"}, b""), 502, "upstream_protocol_error"),
        ((500, {"Content-Type": "text/html"}, b"<html>"), 502, "upstream_protocol_error"),
        ((504, {"Content-Type": "text/html"}, b"<html>"), 504, "upstream_timeout"),
    ],
)
def test_refusals_are_judged_as_any_answer(
    stubbed: Relayed, upstream: SocketUpstream, refusal: tuple[int, dict[str, str], bytes], status: int, code: str
) -> None:
    """What concerns the user is told in the hub's words; a page is never passed on."""
    upstream.refusal = refusal
    answer = refused(stubbed)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
    assert stubbed.usage()[0].status == status


def test_other_refusals_pass(stubbed: Relayed, upstream: SocketUpstream) -> None:
    """With what says when to come again, and without cookies or the user's token."""
    body = json.dumps({"error": {"code": "slow", "message": SECRET}}).encode()
    headers = {"Content-Type": "application/json", "Retry-After": "7", "Set-Cookie": "a=b"}
    upstream.refusal = (429, headers, body)
    status, told, answered = refused(stubbed)
    assert (status, told["error"]["code"], answered["retry-after"]) == (429, "slow", "7")
    assert SECRET not in str(told)
    assert "set-cookie" not in answered


def test_the_next_base_is_asked(tmp_path: Path, migrated_database: Path, upstream: SocketUpstream) -> None:
    """Also where the first took the connection and hung up: a handshake costs nothing."""

    def hang_up(listener: socket.socket) -> None:
        with suppress(OSError):  # the listener was closed: the test is over
            while True:
                listener.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, args=[listener], daemon=True).start()
        first = f"http://127.0.0.1:{listener.getsockname()[1]}"
        fallbacks = f"http://127.0.0.1:1,{upstream.url}"
        with (
            setting_of(tmp_path, migrated_database, first, ohmygpt_api_fallbacks=fallbacks) as setting,
            wire(setting.relayed) as made,
        ):
            made.send("x")
            assert made.recv(5) == "x"


def test_no_base_is_a_refusal(tmp_path: Path, migrated_database: Path) -> None:
    """Of HTTP, before there is any WebSocket."""
    with setting_of(tmp_path, migrated_database, "http://127.0.0.1:1") as setting:
        assert refused(setting.relayed)[0] == 502


@pytest.mark.parametrize(
    "sends",
    [
        HEAD.replace(b"GET", b"POST") + KEY + VERSION + b"\r\n",
        HEAD + KEY + VERSION + b"Content-Length: 3\r\n\r\nabc",
        HEAD + KEY + VERSION + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + KEY + KEY + VERSION + b"\r\n",
        HEAD + VERSION + b"\r\n",
        HEAD + KEY + b"Sec-WebSocket-Version: 8\r\n\r\n",
        HEAD.replace(b"1.1", b"1.0") + KEY + VERSION + b"\r\n",
        HEAD.replace(b"websocket", b"websocket, h2c") + KEY + VERSION + b"\r\n",
    ],
)
def test_odd_handshakes_are_refused(stubbed: Relayed, upstream: SocketUpstream, sends: bytes) -> None:
    """What is no handshake of RFC 6455 reaches nobody, whoever sends it."""
    with_token = sends.replace(b"Host: hub", b"Host: hub\r\nAuthorization: Bearer " + stubbed.token.encode())
    heard = say(int(stubbed.url.rpartition(":")[2]), with_token)
    assert heard.is_closed
    assert heard.statuses
    assert set(heard.statuses) <= {400, 405, 426}
    assert not upstream.seen


def test_a_handshake_does_not_overtake_a_call(stubbed: Relayed, upstream: SocketUpstream) -> None:
    """On one connection the earlier request would be answered into the WebSocket."""
    call = b"POST /v1/chat/completions HTTP/1.1\r\nHost: hub\r\nContent-Length: 2\r\n\r\n{}"
    heard = say(int(stubbed.url.rpartition(":")[2]), call + HEAD + KEY + VERSION + b"\r\n")
    assert heard.is_closed
    assert b"101 Switching" not in heard.data
    assert not upstream.seen


def test_a_caller_is_held_back_by_a_slow_upstream(stubbed: Relayed, upstream: SocketUpstream) -> None:
    """Who sends faster than OhMyGPT reads, waits."""

    async def script(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await upstream.passed()
        connection.transport.resume_reading()
        async for _ in connection:
            pass

    upstream.script = script
    with wire(stubbed) as made:
        sent = []

        def send_much() -> None:
            for _ in range(MUCH // 65_536):
                made.send(b"\x00" * 65_536)
                sent.append(65_536)

        sender = threading.Thread(target=send_much, daemon=True)
        sender.start()
        sender.join(3)
        assert sender.is_alive(), "the hub took everything"
        assert sum(sent) < MUCH
        upstream.gate.set()
        sender.join(20)
        assert sum(sent) == MUCH


def test_an_upstream_is_held_back_by_a_slow_caller(stubbed: Relayed, upstream: SocketUpstream) -> None:
    """Who reads slower than OhMyGPT sends, lets it wait."""
    sent = []

    async def script(connection: ServerConnection) -> None:
        for _ in range(MUCH // 65_536):
            await connection.send(b"\x00" * 65_536)
            sent.append(65_536)

    upstream.script = script
    with wire(stubbed, max_queue=1) as made:
        time.sleep(2)
        assert sum(sent) < MUCH
        assert sum(len(message) for message in closing_of(made)[0]) == MUCH
