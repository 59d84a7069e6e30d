"""A call goes through: the right credential, the right headers, the bytes unchanged."""

import gzip

import pytest
from aiohttp import web

from tests.relay.conftest import SECRET, Relayed
from tests.relay.servers import CHAT, Stub


def test_a_call_reaches_ohmygpt_with_the_users_own_token(relayed: Relayed, stub: Stub) -> None:
    """The access token is replaced by the user's OhMyGPT token; path, query and body are as they were."""
    answer = relayed.call("/v1/chat/completions?a=%20b&c", json={"model": "gpt-4o-mini"})

    assert answer.json() == CHAT
    [seen] = stub.seen
    assert seen.headers["authorization"] == f"Bearer {SECRET}"
    target = "/v1/chat/completions?a=%20b&c"
    assert (seen.method, seen.target, seen.body) == ("POST", target, b'{"model": "gpt-4o-mini"}')


@pytest.mark.parametrize(
    "header", ["Authorization: Bearer ", "Authorization: bearer  ", "Authorization: ", "x-api-key: "]
)
def test_every_way_to_send_the_token_works(relayed: Relayed, stub: Stub, header: str) -> None:
    """The token is found with or without Bearer, and where Anthropic's SDK puts it."""
    name, prefix = header.split(": ")
    answer = relayed.call("/v1/models", method="GET", headers={"Authorization": "", name: prefix + relayed.token})

    assert answer.status_code == 200
    assert relayed.token not in str(stub.seen[0].headers)


def test_a_placeholder_key_does_not_hide_the_token(relayed: Relayed) -> None:
    """A program that sends a placeholder in one header and the token in the other is served."""
    answer = relayed.call("/v1/models", method="GET", token="placeholder", headers={"x-api-key": relayed.token})
    assert answer.status_code == 200


def test_only_named_request_headers_pass(relayed: Relayed, stub: Stub) -> None:
    """What describes the call passes; cookies, addresses and everything unknown stay here."""
    passing = {
        "accept": "application/json",
        "anthropic-version": "2023-06-01",
        "openai-beta": "assistants=v2",
        "idempotency-key": "k1",
        "range": "bytes=0-9",
        "if-none-match": '"e"',
    }
    private = {
        "cookie": "hub_session=1",
        "x-forwarded-for": "10.0.0.1",
        "forwarded": "for=1",
        "x-unknown": "1",
        "referer": "x",
    }
    relayed.call("/v1/models", method="GET", headers=passing | private)

    ours = {"authorization": f"Bearer {SECRET}", "user-agent": "OhMyGPT-Connect", "accept-encoding": "identity"}
    assert {name: value for name, value in stub.seen[0].headers.items() if name != "host"} == passing | ours


def test_only_named_answer_headers_pass(relayed: Relayed, stub: Stub) -> None:
    """What describes the answer passes; a cookie never does, and the request id is ours."""
    passing = {"retry-after": "3", "x-ratelimit-remaining-requests": "7", "openai-version": "1", "etag": '"e"'}
    private = {
        "set-cookie": "a=b",
        "x-request-id": "theirs",
        "server": "theirs",
        "location": "/x",
        "strict-transport-security": "1",
    }

    async def script(_: web.Request) -> web.Response:
        return web.json_response({}, headers=passing | private)

    stub.script = script
    answer = relayed.call("/v1/models", method="GET")

    assert passing.items() <= {name.lower(): value for name, value in answer.headers.items()}.items()
    assert answer.headers["x-request-id"].startswith("req_")
    assert not {"set-cookie", "location", "strict-transport-security"} & {name.lower() for name in answer.headers}


def test_an_answer_is_not_stored_unless_it_says_so(relayed: Relayed, stub: Stub) -> None:
    """Answers are private: no cache may keep one that does not ask for it."""

    async def script(request: web.Request) -> web.Response:
        return web.json_response({}, headers={"cache-control": "max-age=9"} if request.path == "/v1/b" else {})

    stub.script = script
    told = [relayed.call(path, method="GET").headers["cache-control"] for path in ("/v1/a", "/v1/b")]
    assert told == ["no-store", "max-age=9"]


def test_a_compressed_request_stays_compressed(relayed: Relayed, stub: Stub) -> None:
    """Bytes are passed on as they are, and what says how to read them goes with them."""
    body = gzip.compress(b'{"model": "gpt-4o"}')
    relayed.call("/v1/embeddings", data=body, headers={"content-encoding": "gzip", "content-type": "application/json"})
    # aiohttp's server has unpacked it.
    assert stub.seen[0].body == b'{"model": "gpt-4o"}'


def test_a_part_of_a_file_is_served_as_a_part(relayed: Relayed, stub: Stub) -> None:
    """A range request gets its 206 with the headers that say which part it is."""

    async def script(_: web.Request) -> web.Response:
        return web.Response(
            status=206, body=b"0123", headers={"content-range": "bytes 0-3/10", "accept-ranges": "bytes"}
        )

    stub.script = script
    answer = relayed.call("/v1/files/f1/content", method="GET", headers={"range": "bytes=0-3"})

    assert (answer.status_code, answer.content, answer.headers["content-range"]) == (206, b"0123", "bytes 0-3/10")


def test_a_public_file_needs_no_token_and_sends_none(relayed: Relayed, stub: Stub) -> None:
    """A public file is for everybody; whoever asks is not told apart, and not written down."""
    answer = relayed.call("/api/v1/f/pub/abc", method="GET", headers={"Authorization": ""})

    assert answer.status_code == 200
    assert "authorization" not in stub.seen[0].headers


def test_a_file_that_is_a_page_cannot_run_as_one_of_ours(relayed: Relayed, stub: Stub) -> None:
    """People may upload HTML; from the hub's own address it must not run scripts."""

    async def script(_: web.Request) -> web.Response:
        return web.Response(text="<script>alert(1)</script>", content_type="text/html")

    stub.script = script
    answer = relayed.call("/api/v1/f/pub/abc", method="GET")

    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_head_of_an_answer_can_be_asked_for(relayed: Relayed, stub: Stub) -> None:
    """HEAD gives the length of a file without its bytes."""

    async def script(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1000, content_type="image/png")

    stub.script = script
    answer = relayed.call("/api/v1/f/pub/abc", method="HEAD")

    assert (answer.headers["content-length"], answer.content) == ("1000", b"")


def test_a_hub_token_in_the_query_stays_here(relayed: Relayed, stub: Stub) -> None:
    """Clients of the search API repeat their key in the query; ours is not for OhMyGPT."""
    relayed.call(f"/api/v1/openapi/search/google-search/v1?key={relayed.token}&q=cat", method="GET")
    assert stub.seen[0].target == "/api/v1/openapi/search/google-search/v1?q=cat"
