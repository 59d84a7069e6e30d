"""WebSockets on the wire: frames, headers, closings and refusals, in front of an upstream that a test scripts."""

import asyncio
import base64
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from oauth_app.hub import Hub
from oauth_app.relay import LostConnectionError, Relay
from oauth_app.relay.asgi_types import Receive, Scope, Send
from oauth_app.services.relaying import make_relay
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner, make_test_hub
from tests.relay.conftest import SECRET, Relayed, make_user, wait_for
from tests.relay.raw import say
from tests.relay.servers import running, with_lifespan
from tests.relay.socket_upstream import SocketUpstream, running_socket_upstream

PATH = "/v1/realtime?model=gpt-realtime"
LOST = b'{"statusCode": 401, "message": "no", "errorType": "oauth_invalid_token_error", "data": null}'
#: More than any buffers of the system's hold between a test, the hub and the upstream.
MUCH = 64 * 1024 * 1024


@dataclass(frozen=True)
class Setting:
    """A relay in front of the stub."""

    relayed: Relayed
    relay: Relay
    loops: list[asyncio.AbstractEventLoop]


@pytest.fixture
def upstream() -> Iterator[SocketUpstream]:
    """Run the stub."""
    with running_socket_upstream() as upstream:
        yield upstream


@contextmanager
def setting_of(
    folder: Path,
    database: Path,
    base: str,
    server: dict[str, Any] | None = None,
    **settings: Any,  # noqa: ANN401 - any field of Settings
) -> Iterator[Setting]:
    """Run a relay, and let a user agree."""
    shutil.copy(database, folder / "hub.db")
    hub: Hub = make_test_hub(folder, ohmygpt_api_base=base, **settings)
    user_id, partner_id = make_user(hub), make_partner(hub.engine).client_id
    token, relay, loops = grant(hub.engine, user_id, partner_id), make_relay(hub), []
    inner = with_lifespan(relay)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        loops.append(asyncio.get_running_loop())
        await inner(scope, receive, send)

    with running(application, **(server or {})) as url:
        yield Setting(Relayed(url, hub, user_id, partner_id, token), relay, loops)
    hub.close()


@pytest.fixture
def setting(tmp_path: Path, migrated_database: Path, upstream: SocketUpstream) -> Iterator[Setting]:
    """Run a relay in front of the stub."""
    with setting_of(tmp_path, migrated_database, upstream.url) as setting:
        yield setting


@pytest.fixture
def relayed(setting: Setting) -> Relayed:
    """Hand out the relay's address and the token."""
    return setting.relayed


def wire(relayed: Relayed, path: str = PATH, **options: Any) -> ClientConnection:  # noqa: ANN401 - of websockets
    """Open a WebSocket."""
    headers = {"Authorization": f"Bearer {relayed.token}"} | options.pop("headers", {})
    url = relayed.url.replace("http", "ws") + path
    return connect(url, additional_headers=headers, max_size=None, **options)


def closing_of(made: ClientConnection) -> tuple[list[Any], int | None, str]:
    """Return what still comes, and how the connection is closed."""
    messages = []
    try:
        while True:
            messages.append(made.recv(10))
    except ConnectionClosed as closed:
        return messages, closed.rcvd.code if closed.rcvd else None, closed.rcvd.reason if closed.rcvd else ""


def refused(relayed: Relayed, **options: Any) -> tuple[int, dict[str, Any], dict[str, str]]:  # noqa: ANN401 - of websockets
    """Return how a handshake is refused."""
    with pytest.raises(InvalidStatus) as refusal:
        wire(relayed, **options)
    response = refusal.value.response
    return response.status_code, json.loads(response.body), {k.lower(): v for k, v in response.headers.raw_items()}


# ---- frames and headers


@pytest.mark.parametrize("path", [PATH, "/api/v1/live/talks"])
def test_messages_pass_both_ways_as_they_are(relayed: Relayed, path: str) -> None:
    """Text and bytes, small and large, on every relayed path."""
    messages = ["", "Grüße \U0001f40b", b"", bytes(range(256)), "x" * 3_000_000, b"\x00" * 3_000_000]
    with wire(relayed, path) as made:
        for message in messages:
            made.send(message)
            assert made.recv(10) == message


def test_another_server_does_as_well(tmp_path: Path, migrated_database: Path, upstream: SocketUpstream) -> None:
    """Nothing but ASGI is needed of a server."""
    server = {"http": "httptools", "ws": "websockets-sansio"}
    with setting_of(tmp_path, migrated_database, upstream.url, server) as setting:
        with wire(setting.relayed) as made:
            made.send("hi")
            assert made.recv(10) == "hi"
        assert refused(setting.relayed, headers={"Authorization": "Bearer omc_at_no"})[0] == 401


def test_only_what_describes_the_talk_goes_on(relayed: Relayed, upstream: SocketUpstream) -> None:
    """Neither cookies nor anybody's token but the user's own reach OhMyGPT, nor headers about the connection."""
    smuggled = {
        "Cookie": "session=1",
        "X-Forwarded-For": "6.6.6.6",
        "Origin": "https://shop.example",
        "X-Api-Key": "sk-other",
        "OpenAI-Beta": "realtime=v1",
        "Sec-WebSocket-Extensions": "permessage-deflate",
    }
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{relayed.token}")]
    path = f"{PATH}&key={relayed.token}&x=%2F"
    with wire(relayed, path, headers=smuggled, subprotocols=offered, compression=None) as made:
        assert made.subprotocol == "realtime"
    [request] = upstream.seen
    names = {name.lower() for name, _ in request.headers.raw_items()}
    assert request.path == f"{PATH}&x=%2F"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["openai-beta"] == "realtime=v1"
    assert request.headers["sec-websocket-protocol"] == "realtime"
    assert not names & {"cookie", "x-forwarded-for", "origin", "x-api-key", "sec-websocket-extensions"}
    assert "omc_" not in str(request)


def test_only_what_describes_the_talk_comes_back(relayed: Relayed, upstream: SocketUpstream) -> None:
    """No cookie of OhMyGPT's is set on the hub's own origin."""
    upstream.headers = {"Set-Cookie": "a=b", "X-Evil": "1", "OpenAI-Version": SECRET, "X-RateLimit-Limit-Requests": "9"}
    with wire(relayed) as made:
        told = made.response.headers
    assert not {"set-cookie", "x-evil"} & {name.lower() for name, _ in told.raw_items()}
    assert told["x-ratelimit-limit-requests"] == "9"
    assert told["openai-version"] == "*" * len(SECRET)
    assert told["x-request-id"].startswith("req_")


def test_the_users_token_never_comes_back(relayed: Relayed, upstream: SocketUpstream) -> None:
    """Neither in a message nor in the reason of a closing."""

    async def script(connection: ServerConnection) -> None:
        await connection.send(f"it is {SECRET}")
        await connection.send(f"it is {SECRET}".encode())
        await connection.close(4000, f"it is {SECRET}")

    upstream.script = script
    with wire(relayed) as made:
        messages, _, reason = closing_of(made)
    blotted = "it is " + "*" * len(SECRET)
    assert messages == [blotted, blotted.encode()]
    assert SECRET not in reason


# ---- closings


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4001])
def test_the_callers_code_reaches_ohmygpt(relayed: Relayed, upstream: SocketUpstream, code: int) -> None:
    """With its reason, and within a second."""
    with wire(relayed) as made:
        made.send("x")
        made.recv(5)
        left_s = time.monotonic()
        made.close(code, "enough")
    [(got, reason, at_s)] = wait_for(lambda: upstream.closings or None)
    assert (got, reason) == (code, "enough")
    assert at_s - left_s < 1


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4001])
def test_the_code_of_ohmygpt_reaches_the_caller(relayed: Relayed, upstream: SocketUpstream, code: int) -> None:
    """With its reason, after everything that was said before."""

    async def script(connection: ServerConnection) -> None:
        await connection.send("last")
        await connection.close(code, "enough")

    upstream.script = script
    with wire(relayed) as made:
        assert closing_of(made) == (["last"], code, "enough")


def test_a_caller_who_is_cut_off_leaves_nothing_open(relayed: Relayed, upstream: SocketUpstream) -> None:
    """Without a good-bye, too, the other side is closed within a second."""
    with wire(relayed) as made:
        left_s = time.monotonic()
        made.socket.shutdown(socket.SHUT_RDWR)
        [(code, _, at_s)] = wait_for(lambda: upstream.closings or None)
    assert (code, at_s - left_s < 1) == (1000, True)
    assert relayed.usage()[0].outcome == "client_left"


def test_an_upstream_that_dies_is_told(relayed: Relayed, upstream: SocketUpstream) -> None:
    """In the words of the talk, by the code of a bad gateway; what was said so far is counted."""

    async def script(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(json.dumps({"type": "response.created", "response": {"id": "r1"}}))
        event = {"type": "response.output_text.delta", "response_id": "r1", "delta": "four" * 25}
        await connection.send(json.dumps(event))
        connection.transport.abort()

    upstream.script = script
    with wire(relayed) as made:
        made.send(json.dumps({"type": "response.create"}))
        messages, code, reason = closing_of(made)
    assert json.loads(messages[-1])["error"]["code"] == "upstream_unavailable"
    assert (code, reason) == (1014, "upstream_unavailable")
    [row] = relayed.usage()
    assert (row.outcome, row.output_tokens) == ("upstream_failed", 25)
    assert row.input_tokens == 7  # of four bytes each, in the event that asked
    assert (row.estimated_cost or 0) > 0


def test_a_message_that_is_too_large_ends_the_talk(relayed: Relayed) -> None:
    """It is not held, and the caller hears why."""
    with wire(relayed) as made:
        # The head of a frame says how long it is; no more is sent, since unread bytes would reset the connection.
        made.socket.sendall(b"\x82\xff" + (17 * 1024 * 1024).to_bytes(8) + bytes(4))
        assert closing_of(made)[1] == 1009


def test_a_silent_talk_ends(tmp_path: Path, migrated_database: Path, upstream: SocketUpstream) -> None:
    """After the time that a relayed call may be silent, with an error and a good-bye on both sides."""
    with (
        setting_of(tmp_path, migrated_database, upstream.url, relay_idle_timeout_s=5) as setting,
        wire(setting.relayed) as made,
    ):
        messages, code, reason = closing_of(made)
    assert json.loads(messages[-1])["error"]["code"] == "request_timeout"
    assert (code, reason) == (1001, "request_timeout")
    assert upstream.closings[0][0] == 1001


def test_a_server_that_stops_says_so(tmp_path: Path, migrated_database: Path, upstream: SocketUpstream) -> None:
    """Both sides are told that the hub goes away, and the talk leaves its record."""
    with ExitStack() as stack:
        with setting_of(tmp_path, migrated_database, upstream.url) as setting:
            made = stack.enter_context(wire(setting.relayed))
            made.send("x")
            made.recv(5)
        assert closing_of(made)[1] == 1001
    assert upstream.closings[0][0] == 1001
    assert setting.relayed.usage()[0].outcome == "refused"


def test_a_talk_can_be_ended_from_outside(setting: Setting) -> None:
    """Whoever disconnects a site ends its talks, and no others."""
    relayed, results = setting.relayed, []

    def end(consent_id: str) -> None:
        end_all = setting.relay.realtime.end
        results.append(end_all(lambda caller: caller.consent_id == consent_id, LostConnectionError()))

    with wire(relayed) as made:
        made.send("x")
        made.recv(5)
        [talk] = setting.relay.realtime.talks()
        for consent_id in ("con_other", talk.consent_id):
            setting.loops[0].call_soon_threadsafe(end, consent_id)
        messages, code, reason = closing_of(made)
    assert results == [0, 1]
    assert json.loads(messages[-1])["error"]["code"] == "connection_lost"
    assert (code, reason) == (1008, "connection_lost")


# ---- handshakes


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
    relayed: Relayed, upstream: SocketUpstream, refusal: tuple[int, dict[str, str], bytes], status: int, code: str
) -> None:
    """What concerns the user is told in the hub's words; a page is never passed on."""
    upstream.refusal = refusal
    answer = refused(relayed)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
    assert relayed.usage()[0].status == status


def test_other_refusals_pass(relayed: Relayed, upstream: SocketUpstream) -> None:
    """With what says when to come again, and without cookies or the user's token."""
    body = json.dumps({"error": {"code": "slow", "message": SECRET}}).encode()
    headers = {"Content-Type": "application/json", "Retry-After": "7", "Set-Cookie": "a=b"}
    upstream.refusal = (429, headers, body)
    status, told, answered = refused(relayed)
    assert (status, told["error"]["code"], answered["retry-after"]) == (429, "slow", "7")
    assert SECRET not in str(told)
    assert "set-cookie" not in answered


def test_the_next_base_is_asked(tmp_path: Path, migrated_database: Path, upstream: SocketUpstream) -> None:
    """Also where the first took the connection and hung up: a handshake costs nothing."""

    def hang_up(listener: socket.socket) -> None:
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


HEAD = b"GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
KEY = b"Sec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n"
VERSION = b"Sec-WebSocket-Version: 13\r\n"


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
def test_odd_handshakes_are_refused(relayed: Relayed, upstream: SocketUpstream, sends: bytes) -> None:
    """What is no handshake of RFC 6455 reaches nobody, whoever sends it."""
    with_token = sends.replace(b"Host: hub", b"Host: hub\r\nAuthorization: Bearer " + relayed.token.encode())
    heard = say(int(relayed.url.rpartition(":")[2]), with_token)
    assert heard.is_closed
    assert heard.statuses
    assert set(heard.statuses) <= {400, 405, 426}
    assert not upstream.seen


def test_a_handshake_does_not_overtake_a_call(relayed: Relayed, upstream: SocketUpstream) -> None:
    """On one connection the earlier request would be answered into the WebSocket."""
    call = b"POST /v1/chat/completions HTTP/1.1\r\nHost: hub\r\nContent-Length: 2\r\n\r\n{}"
    heard = say(int(relayed.url.rpartition(":")[2]), call + HEAD + KEY + VERSION + b"\r\n")
    assert heard.is_closed
    assert b"101 Switching" not in heard.data
    assert not upstream.seen


# ---- nobody reads


def test_a_caller_is_held_back_by_a_slow_upstream(relayed: Relayed, upstream: SocketUpstream) -> None:
    """Who sends faster than OhMyGPT reads, waits."""

    async def script(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await upstream.passed()
        connection.transport.resume_reading()
        async for _ in connection:
            pass

    upstream.script = script
    with wire(relayed) as made:
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


def test_an_upstream_is_held_back_by_a_slow_caller(relayed: Relayed, upstream: SocketUpstream) -> None:
    """Who reads slower than OhMyGPT sends, lets it wait."""
    sent = []

    async def script(connection: ServerConnection) -> None:
        for _ in range(MUCH // 65_536):
            await connection.send(b"\x00" * 65_536)
            sent.append(65_536)

    upstream.script = script
    with wire(relayed, max_queue=1) as made:
        time.sleep(2)
        assert sum(sent) < MUCH
        assert sum(len(message) for message in closing_of(made)[0]) == MUCH
