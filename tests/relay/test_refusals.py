"""Errors: each in the dialect of its route, so that the SDKs raise their own exceptions."""

from typing import Any

import pytest
import requests
from aiohttp import web

from oauth_app.db import reading
from oauth_app.identifiers import TokenKind, is_well_formed
from oauth_app.models import UpstreamConnection
from tests.fixtures.grants import grant
from tests.relay.conftest import Relayed
from tests.relay.servers import Script, Stub

OPENAI, ANTHROPIC, PLATFORM = "/v1/chat/completions", "/v1/messages", "/api/v1/ai/draw/mj/imagine"
EVERY_DIALECT = pytest.mark.parametrize("path", [OPENAI, ANTHROPIC, PLATFORM])

#: Well-formed, and nobody's.
UNKNOWN_TOKEN = "omc_at_F630UYEOspuZWa0qMhpzE1ZqPtlNb9IQ3ZhgZU"
LOST = {"statusCode": 401, "message": "Incorrect token", "errorType": "oauth_invalid_token_error", "data": None}
EMPTY = {"statusCode": 402, "message": "Too little", "errorType": "insufficient_balance_error", "data": None}


@pytest.fixture
def settings() -> dict[str, Any]:
    """Pass on small bodies only."""
    return {"relay_max_body_mb": 1}


def says(content: object, status: int = 200, content_type: str = "application/json") -> Script:
    """Return a script that gives one answer."""

    async def script(_: web.Request) -> web.Response:
        if isinstance(content, str):
            return web.Response(text=content, status=status, content_type=content_type)
        return web.json_response(content, status=status)

    return script


def read_native(answer: requests.Response) -> tuple[int, str, str]:
    """Return status, type and message of an error, checking its shape on the way."""
    body, path = answer.json(), answer.request.path_url
    assert answer.headers["x-request-id"].startswith("req_")
    if path.startswith("/api/"):
        assert (body["statusCode"], body["data"]) == (answer.status_code, None)
        return answer.status_code, body["errorType"], body["message"]
    assert body.get("type") == ("error" if path.startswith("/v1/messages") else None)
    return answer.status_code, body["error"]["type"], body["error"]["message"]


@EVERY_DIALECT
@pytest.mark.parametrize("token", ["sk-wrong", "omc_at_wrong", UNKNOWN_TOKEN, "omc_at_\xff"])
def test_a_bad_token_is_a_401(relayed: Relayed, stub: Stub, path: str, token: str) -> None:
    """Without a token that is known here nothing reaches OhMyGPT."""
    answer = relayed.call(path, token=token, json={})

    assert is_well_formed(UNKNOWN_TOKEN, TokenKind.ACCESS)
    assert read_native(answer)[0] == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert not stub.seen


@EVERY_DIALECT
def test_without_the_scope_it_is_a_403(relayed: Relayed, path: str) -> None:
    """A token for something else does not pay for AI calls."""
    token = grant(relayed.hub.engine, relayed.user_id, relayed.partner_id, ["openid"])
    answer = relayed.call(path, token=token, json={})

    status, _, message = read_native(answer)
    assert (status, "scope api" in message) == (403, True)


@EVERY_DIALECT
@pytest.mark.parametrize("http_status", [401, 200])
def test_a_refused_connection_is_lost(relayed: Relayed, stub: Stub, path: str, http_status: int) -> None:
    """When OhMyGPT does not know the user's token, it is destroyed, and the caller is told to sign in again."""
    stub.script = says(LOST, http_status)
    first = read_native(relayed.call(path, json={}))
    stub.script = None
    second = read_native(relayed.call(path, json={}))

    assert first == second
    assert (first[0], "http://127.0.0.1:8000/login" in first[2]) == (403, True)
    with reading(relayed.hub.engine) as session:
        assert session.get_one(UpstreamConnection, relayed.user_id).sealed_token is None


def test_an_ai_that_says_the_words_loses_nothing(relayed: Relayed, stub: Stub) -> None:
    """Only the envelope itself can say that a token is refused, not a text inside of an answer."""
    stub.script = says({"statusCode": 200, "message": str(LOST), "data": LOST})
    assert relayed.call(PLATFORM).json()["data"] == LOST


def test_a_file_that_looks_like_an_error_loses_nothing(relayed: Relayed, stub: Stub) -> None:
    """Somebody may upload a file that reads like a refusal; it is a file."""
    stub.script = says(LOST)
    assert relayed.call("/api/v1/f/pri/abc", method="GET").json() == LOST


def test_another_401_is_not_about_the_connection(relayed: Relayed, stub: Stub) -> None:
    """OhMyGPT answers 401 also for a model that the user may not use; that passes as it is."""
    error = {"error": {"message": "no permission", "type": "invalid_request_error", "param": None, "code": None}}
    stub.script = says(error, 401)
    answer = relayed.call(OPENAI, json={})

    assert (answer.status_code, answer.json()) == (401, error)


@EVERY_DIALECT
@pytest.mark.parametrize("http_status", [402, 200])
def test_an_empty_balance_says_where_to_top_up(relayed: Relayed, stub: Stub, path: str, http_status: int) -> None:
    """402 in the native shape, with the address of the hub's own page."""
    stub.script = says(EMPTY, http_status)
    status, kind, message = read_native(relayed.call(path, json={}))

    assert (status, kind) == (402, "insufficient_balance_error")
    assert "http://127.0.0.1:8000/account/top-up" in message


@pytest.mark.parametrize("status", [400, 404, 422, 429, 500, 503, 529])
def test_an_error_of_the_vendor_passes_as_it_is(relayed: Relayed, stub: Stub, status: int) -> None:
    """What the AI's vendor has to say about a call is for the caller."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}
    stub.script = says(error, status)
    answer = relayed.call(ANTHROPIC, json={})

    assert (answer.status_code, answer.json()) == (status, error)


@EVERY_DIALECT
@pytest.mark.parametrize(
    ("content", "status", "content_type"),
    [
        ("<!doctype html><p>Sign in</p>", 200, "text/html"),
        ("<html>bad gateway</html>", 502, "text/html"),
        ("\n <html>mislabelled</html>", 200, "application/json"),
        ("upstream connect error", 503, "text/plain"),
        ("", 302, "text/plain"),
    ],
)
def test_what_no_api_says_is_a_502(
    relayed: Relayed, stub: Stub, path: str, content: str, status: int, content_type: str
) -> None:
    """A page, a redirect or a server's bare words are never passed on."""
    stub.script = says(content, status, content_type)
    answer = relayed.call(path, json={}, allow_redirects=False)

    assert read_native(answer)[0] == 502
    assert not content.strip() or content.strip() not in answer.text


@EVERY_DIALECT
def test_no_server_is_a_502(relayed: Relayed, stub: Stub, path: str) -> None:
    """A connection that breaks before the answer is an answer in the native shape."""

    async def script(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    stub.script = script
    assert read_native(relayed.call(path, json={}))[0] == 502
    [record] = relayed.usage()
    assert (record.status, record.outcome) == (502, "upstream_failed")


def test_what_is_not_http_is_a_502(relayed: Relayed, stub: Stub) -> None:
    """A server that speaks something else is as good as none."""

    async def script(request: web.Request) -> web.Response:
        assert isinstance(request.transport, object)
        request.transport.write(b"220 smtp ready\r\n")  # type: ignore[union-attr]
        request.transport.close()  # type: ignore[union-attr]
        return web.Response()

    stub.script = script
    assert read_native(relayed.call(OPENAI, json={}))[0] == 502


@EVERY_DIALECT
@pytest.mark.parametrize("announce", [True, False])
def test_too_large_a_body_is_a_413(
    relayed: Relayed,
    stub: Stub,
    path: str,
    announce: bool,  # noqa: FBT001
) -> None:
    """The cap holds for what is announced, and for what comes unannounced in chunks."""
    body = b"x" * 1_100_000
    answer = relayed.call(path, data=body if announce else iter([body[:50_000]] * 25))

    assert read_native(answer)[0] == 413
    assert not stub.seen


def test_the_largest_body_still_passes(relayed: Relayed, stub: Stub) -> None:
    """The cap itself is allowed, and the bytes arrive unchanged."""
    body = bytes(range(250)) * 4000

    async def script(request: web.Request) -> web.Response:
        return web.json_response({"same": (await stub.note(request)).body == body})

    stub.script = script
    answers = [relayed.call("/v1/files", data=data) for data in (body, iter([body[:499_999], body[499_999:]]))]

    assert [answer.json() for answer in answers] == [{"same": True}] * 2


def test_a_denied_route_is_a_404_before_the_token_is_looked_at(relayed: Relayed) -> None:
    """What is not relayed is not there, for anybody."""
    answer = relayed.call("/api/v1/user/oauth/app/charge-user-fee", token="none", data={"fee": "1.00"})
    assert read_native(answer)[:2] == (404, "not_found")


def test_a_refusal_of_a_known_caller_is_written_down(relayed: Relayed) -> None:
    """Who asks for too much can be found in the usage log."""
    relayed.call(OPENAI, data=b"x" * 1_100_000)
    [record] = relayed.usage()
    assert (record.status, record.outcome, record.user_id) == (413, "refused", relayed.user_id)
