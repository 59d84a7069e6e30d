"""WebSockets on the wire: frames, headers and closings, in front of an upstream that a test scripts."""

import json
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.typing import Subprotocol

from oauth_app.relay import LostConnectionError
from tests.relay.conftest import SECRET, Relayed, wait_for
from tests.relay.realtime.sockets import PATH, Setting, closing_of, refused, setting_of, wire
from tests.relay.realtime.upstream import SocketUpstream
from tests.relay.test_withdrawal import disconnect


@pytest.mark.parametrize("path", [PATH, "/api/v1/live/talks"])
def test_messages_pass_both_ways_as_they_are(stubbed: Relayed, path: str) -> None:
    """Text and bytes, small and large, on every stubbed path."""
    messages = ["", "Grüße \U0001f40b", b"", bytes(range(256)), "x" * 3_000_000, b"\x00" * 3_000_000]
    with wire(stubbed, path) as made:
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


def test_only_what_describes_the_talk_goes_on(stubbed: Relayed, upstream: SocketUpstream) -> None:
    """Neither cookies nor anybody's token but the user's own reach OhMyGPT, nor headers about the connection."""
    smuggled = {
        "Cookie": "session=1",
        "X-Forwarded-For": "6.6.6.6",
        "Origin": "https://shop.example",
        "X-Api-Key": "sk-other",
        "OpenAI-Beta": "realtime=v1",
        "Sec-WebSocket-Extensions": "permessage-deflate",
    }
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{stubbed.token}")]
    path = f"{PATH}&key={stubbed.token}&x=%2F"
    with wire(stubbed, path, headers=smuggled, subprotocols=offered, compression=None) as made:
        assert made.subprotocol == "realtime"
    [request] = upstream.seen
    names = {name.lower() for name, _ in request.headers.raw_items()}
    assert request.path == f"{PATH}&x=%2F"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["openai-beta"] == "realtime=v1"
    assert request.headers["sec-websocket-protocol"] == "realtime"
    assert not names & {"cookie", "x-forwarded-for", "origin", "x-api-key", "sec-websocket-extensions"}
    assert "omc_" not in str(request)


def test_only_what_describes_the_talk_comes_back(stubbed: Relayed, upstream: SocketUpstream) -> None:
    """No cookie of OhMyGPT's is set on the hub's own origin."""
    upstream.headers = {"Set-Cookie": "a=b", "X-Evil": "1", "OpenAI-Version": SECRET, "X-RateLimit-Limit-Requests": "9"}
    with wire(stubbed) as made:
        told = made.response.headers
    assert not {"set-cookie", "x-evil"} & {name.lower() for name, _ in told.raw_items()}
    assert told["x-ratelimit-limit-requests"] == "9"
    assert told["openai-version"] == "*" * len(SECRET)
    assert told["x-request-id"].startswith("req_")


def test_the_users_token_never_comes_back(stubbed: Relayed, upstream: SocketUpstream) -> None:
    """Neither in a message nor in the reason of a closing."""

    async def script(connection: ServerConnection) -> None:
        await connection.send(f"it is {SECRET}")
        await connection.send(f"it is {SECRET}".encode())
        await connection.close(4000, f"it is {SECRET}")

    upstream.script = script
    with wire(stubbed) as made:
        messages, _, reason = closing_of(made)
    blotted = "it is " + "*" * len(SECRET)
    assert messages == [blotted, blotted.encode()]
    assert SECRET not in reason


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4001])
def test_the_callers_code_reaches_ohmygpt(stubbed: Relayed, upstream: SocketUpstream, code: int) -> None:
    """With its reason, and within a second."""
    with wire(stubbed) as made:
        made.send("x")
        made.recv(5)
        left_s = time.monotonic()
        made.close(code, "enough")
    [(got, reason, at_s)] = wait_for(lambda: upstream.closings or None)
    assert (got, reason) == (code, "enough")
    assert at_s - left_s < 1


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4001])
def test_the_code_of_ohmygpt_reaches_the_caller(stubbed: Relayed, upstream: SocketUpstream, code: int) -> None:
    """With its reason, after everything that was said before."""

    async def script(connection: ServerConnection) -> None:
        await connection.send("last")
        await connection.close(code, "enough")

    upstream.script = script
    with wire(stubbed) as made:
        assert closing_of(made) == (["last"], code, "enough")


def test_a_caller_who_is_cut_off_leaves_nothing_open(stubbed: Relayed, upstream: SocketUpstream) -> None:
    """Without a good-bye, too, the other side is closed within a second."""
    with wire(stubbed) as made:
        left_s = time.monotonic()
        made.socket.shutdown(socket.SHUT_RDWR)
        [(code, _, at_s)] = wait_for(lambda: upstream.closings or None)
    assert (code, at_s - left_s < 1) == (1000, True)
    assert stubbed.usage()[0].outcome == "client_left"


def test_an_upstream_that_dies_is_told(stubbed: Relayed, upstream: SocketUpstream) -> None:
    """In the words of the talk, by the code of a bad gateway; what was said so far is counted."""

    async def script(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(json.dumps({"type": "response.created", "response": {"id": "r1"}}))
        event = {"type": "response.output_text.delta", "response_id": "r1", "delta": "four" * 25}
        await connection.send(json.dumps(event))
        connection.transport.abort()

    upstream.script = script
    with wire(stubbed) as made:
        made.send(json.dumps({"type": "response.create"}))
        messages, code, reason = closing_of(made)
    assert json.loads(messages[-1])["error"]["code"] == "upstream_unavailable"
    assert (code, reason) == (1014, "upstream_unavailable")
    [row] = stubbed.usage()
    assert (row.outcome, row.output_tokens) == ("upstream_failed", 25)
    assert row.input_tokens == 7  # of four bytes each, in the event that asked
    assert (row.estimated_cost or 0) > 0


def test_a_message_that_is_too_large_ends_the_talk(stubbed: Relayed) -> None:
    """It is not held, and the caller hears why."""
    with wire(stubbed) as made:
        # The head of a frame says how long it is; no more is sent, since unread bytes would reset the connection.
        made.socket.sendall(b"\x82\xff" + (17 * 1024 * 1024).to_bytes(8) + bytes(4))
        assert closing_of(made)[1] == 1009


def test_a_silent_talk_ends(tmp_path: Path, migrated_database: Path, upstream: SocketUpstream) -> None:
    """After the time that a stubbed call may be silent, with an error and a good-bye on both sides."""
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


def test_a_silent_talk_ends_at_once_when_the_user_disconnects(stubbed: Relayed, upstream: SocketUpstream) -> None:
    """Nobody has to say anything for it, and OhMyGPT is left, too."""
    with wire(stubbed) as made:
        made.send("x")
        made.recv(5)
        begun = time.monotonic()
        disconnect(stubbed)
        messages, code, reason = closing_of(made)
    assert time.monotonic() - begun < 1.5
    assert json.loads(messages[-1])["error"]["code"] == "invalid_token"
    assert (code, reason) == (1008, "invalid_token")
    assert wait_for(lambda: upstream.closings or None)


def test_a_talk_can_be_ended_from_outside(setting: Setting) -> None:
    """Whoever disconnects a site ends its talks, and no others."""
    stubbed, results = setting.relayed, []

    def end(consent_id: str) -> None:
        end_all = setting.relay.realtime.end
        results.append(end_all(lambda caller: caller.consent_id == consent_id, LostConnectionError()))

    with wire(stubbed) as made:
        made.send("x")
        made.recv(5)
        [talk] = setting.relay.realtime.talks()
        for consent_id in ("con_other", talk.consent_id):
            setting.loops[0].call_soon_threadsafe(end, consent_id)
        messages, code, reason = closing_of(made)
    assert results == [0, 1]
    assert json.loads(messages[-1])["error"]["code"] == "connection_lost"
    assert (code, reason) == (1008, "connection_lost")
