"""What is relayed and what is not, decided on the path as it was written."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from oauth_app.relay.errors import MalformedTargetError, UnknownRouteError
from oauth_app.relay.routes import Dialect, dialect_of, find_route
from tests.relay.conftest import Relayed
from tests.relay.servers import Stub

RELAYED = [
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/messages"),
    ("GET", "/v1/models/gpt-4o"),
    ("GET", "/v1/models/ft%3Agpt-4o%3Aorg"),
    ("DELETE", "/v1/responses/resp_1"),
    ("POST", "/api/v1/ai/draw/mj/imagine"),
    ("POST", "/api/v1/ai/openai/cc-omg/v1/messages"),
    ("POST", "/api/v1/user/files/upload"),
    ("GET", "/api/v1/pay/model-rates"),
    ("GET", "/api/v1/f/pub/abc.png"),
]

DENIED = [
    ("POST", "/api/v1/user/oauth/app/charge-user-fee"),
    ("POST", "/api/v1/user/oauth/issue-token"),
    ("POST", "/api/v1/user/oauth"),
    ("POST", "/api/v1/user/OAuth/app/charge-user-fee"),
    ("POST", "/api/v1/user/oauth/"),
    ("POST", "/api/v1/user/%6fauth/app/charge-user-fee"),
    ("POST", "/api/v1/user/admin/new-api-token"),
    ("POST", "/api/v1/user/adm%69n/new-api-token"),
    ("POST", "/api/v1/user/balance"),
    ("POST", "/api/v1/user/balance/"),
    ("POST", "/api/v1/user/anything-else"),
    ("POST", "/api/v1/pay/stripe"),
    ("POST", "/api/v1/pay"),
    ("POST", "/api/v1/pay/model-rates"),
    ("GET", "/api/v1/pay/model-rates/x"),
    ("TRACE", "/v1/models"),
    ("OPTIONS", "/v1/models"),
    ("GET", "/api/v1"),
    ("GET", "/v1beta/models"),
    ("GET", "/V1/models"),
    ("GET", "/%761/models"),
]

MALFORMED = [
    "/v1/../api/v1/user/oauth/app/charge-user-fee",
    "/v1/%2e%2e/api/v1/user/balance",
    "/v1/.%2E/api/v1/user/balance",
    "/v1/./models",
    "/v1/models/..",
    "/v1/.../models",
    "/v1//models",
    "/v1/x%2f..%2f..%2fapi",
    "/v1/x%2Fy",
    "/v1/x%5c..%5cy",
    "/v1/x\\y",
    "/v1/%252e%252e/x",
    "/v1/x%00",
    "/v1/x%0d%0aHost:evil",
    "/v1/..;/api/v1/user/balance",
    "/v1/x;a=b",
    "/v1/%c0%ae%c0%ae/x",
    "/v1/%ef%bc%8f",
    "/v1/x%",
    "/v1/x%zz",
    "/v1/x%20",
]


@pytest.mark.parametrize(("method", "path"), RELAYED)
def test_ai_routes_are_relayed(method: str, path: str) -> None:
    """The upstream's own addresses work unchanged."""
    assert find_route(method, path.encode())


@pytest.mark.parametrize(("method", "path"), DENIED)
def test_the_account_itself_is_never_relayed(method: str, path: str) -> None:
    """Charging, keys, balance and payments are not reached through the relay, in any spelling."""
    with pytest.raises(UnknownRouteError):
        find_route(method, path.encode())


@pytest.mark.parametrize("path", MALFORMED)
def test_an_ambiguous_path_is_refused(path: str) -> None:
    """A path that another server could read differently is not repaired but refused."""
    with pytest.raises(MalformedTargetError):
        find_route("POST", path.encode("latin-1"))


def test_nothing_refused_reaches_ohmygpt(relayed: Relayed, stub: Stub) -> None:
    """On a raw socket, too, with nobody tidying the path up, a refused address is refused in its dialect."""
    paths = [path for method, path in DENIED if method == "POST"] + MALFORMED
    answers = {path: _send_raw(relayed, f"POST {path} HTTP/1.1") for path in paths}

    assert {path: status for path, (status, _) in answers.items() if status not in {400, 404}} == {}
    assert [path for path, (_, body) in answers.items() if body and "error" not in body and body["data"]] == []
    assert not stub.seen


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1"])
def test_an_absolute_target_cannot_choose_the_server(relayed: Relayed, stub: Stub, host: str) -> None:
    """RFC 9112 3.2.2: of an absolute target only the path counts, and the rules hold for it."""
    _, body = _send_raw(relayed, f"POST http://{host}/v1/chat/completions HTTP/1.1")
    status, _ = _send_raw(relayed, f"POST http://{host}/api/v1/user/balance HTTP/1.1")

    assert body["object"] == "chat.completion"
    assert [seen.target for seen in stub.seen] == ["/v1/chat/completions"]
    assert status == 404


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/v1/messages", Dialect.ANTHROPIC),
        ("/v1/messages/count_tokens", Dialect.ANTHROPIC),
        ("/v1/complete", Dialect.ANTHROPIC),
        ("/v1/completions", Dialect.OPENAI),
        ("/v1/chat/completions", Dialect.OPENAI),
        ("/api/v1/ai/draw/mj/imagine", Dialect.PLATFORM),
        ("/api/v1/ai/openai/cc-omg/v1/messages", Dialect.ANTHROPIC),
        ("/api/v1/ai/openai/codex-omg/v1/responses", Dialect.OPENAI),
    ],
)
def test_every_path_has_its_dialect(path: str, dialect: Dialect) -> None:
    """Errors are written as the vendor of the route would write them."""
    assert dialect_of(path) is dialect


def _send_raw(relayed: Relayed, request_line: str) -> tuple[int, dict[str, object]]:
    address = urlsplit(relayed.url)
    lines = [request_line, "Host: hub", f"x-api-key: {relayed.token}", "Content-Length: 0", "Connection: close", "", ""]
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    top, _, body = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(body) if body.startswith(b"{") else {}
