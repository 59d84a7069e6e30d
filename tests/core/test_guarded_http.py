"""Where the hub goes when somebody else chose the address, and where it does not."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from oauth_app import guarded_http
from oauth_app.guarded_http import ForbiddenAddressError, GuardedHttp, OutboundFailedError

IN_PRODUCTION = GuardedHttp(allow_loopback=False)
IN_SANDBOX = GuardedHttp(allow_loopback=True)


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """Run a server of this machine whose every answer is written by ``answer``; hand out its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def say(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer with these."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, text in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, text)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name have these addresses."""

    def answer(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]

    monkeypatch.setattr(guarded_http.socket, "getaddrinfo", answer)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse, not to listen on
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
    ],
)
def test_an_address_inside_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """A name that leads into a private network is refused, however the address is written."""
    resolve_to(monkeypatch, address)
    with pytest.raises(ForbiddenAddressError):
        IN_PRODUCTION.check("https://partner.example/logo.png")


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """All addresses of a name must be public: the name server chooses which one would be taken."""
    resolve_to(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(ForbiddenAddressError):
        IN_PRODUCTION.check("https://partner.example/")


def test_a_public_address_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """A public address may be asked."""
    resolve_to(monkeypatch, "93.184.216.34", "2606:2800:220:1::1")
    IN_PRODUCTION.check("https://partner.example/")


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/",
        "ftp://partner.example/",
        "file:///etc/passwd",
        "https://user@partner.example/",
        "https:///path",
        "https://[::1/",
        "https://partner.example:0/",
        "https://partner.example:99999/",
        "https://partner.example/a b",
        "https://pärtner.example/",
        "",
    ],
)
def test_an_address_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Only https to a host is gone to, and nothing that two parsers could read in two ways."""
    resolve_to(monkeypatch, "93.184.216.34")
    with pytest.raises(ForbiddenAddressError):
        IN_PRODUCTION.check(url)


def test_this_machine_is_reached_in_the_sandbox_only() -> None:
    """A receiver on the developer's own machine works in the sandbox and is refused in production."""
    with serving(say(200, b"hello", **{"Content-Type": "text/plain"})) as url:
        found = IN_SANDBOX.get(url, max_bytes=100)
        with pytest.raises(ForbiddenAddressError):
            IN_PRODUCTION.get(url, max_bytes=100)

    assert (found.status, found.content_type, found.body) == (200, "text/plain", b"hello")


def test_the_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address that was judged; a name server that changes its mind gains nothing."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return real("127.0.0.1", *rest, **more)

    monkeypatch.setattr(guarded_http.socket, "getaddrinfo", answer)
    with serving(say(200)) as url:
        IN_SANDBOX.get(url.replace("127.0.0.1", "partner.example"), max_bytes=10)

    assert asked.count("partner.example") == 1


def test_a_redirect_is_not_followed() -> None:
    """A redirect is an answer like any other: it could lead inside."""
    with serving(say(302, Location="http://127.0.0.1:1/")) as url:
        assert IN_SANDBOX.get(url, max_bytes=10).status == 302


def test_an_answer_that_is_too_long_is_cut() -> None:
    """What is longer than asked for is not read to its end."""
    with serving(say(200, b"x" * 200_000)) as url, pytest.raises(OutboundFailedError):
        IN_SANDBOX.get(url, max_bytes=1000)


@pytest.mark.parametrize("slow_headers", [0, 90])
def test_a_trickle_is_cut(monkeypatch: pytest.MonkeyPatch, slow_headers: int) -> None:
    """Who sends a byte now and then does not hold a worker for ever."""
    monkeypatch.setattr(guarded_http, "_TOTAL_S", 0.3)

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):  # until the hub has had enough
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for part in (*([b"X-A: b\r\n"] * slow_headers), b"Content-Length: 100\r\n\r\n", *([b"x"] * 100)):
                handler.wfile.write(part)
                time.sleep(0.05)

    began = time.monotonic()
    with serving(trickle) as url, pytest.raises(OutboundFailedError):
        IN_SANDBOX.get(url, max_bytes=1000)
    assert time.monotonic() - began < 2


def test_nobody_there_is_an_error_of_ours() -> None:
    """A closed port is an outbound error, not a stack trace."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(OutboundFailedError):
        IN_SANDBOX.post(f"http://127.0.0.1:{port}/", body=b"{}", headers={})


def test_a_message_is_sent_with_its_headers() -> None:
    """A message arrives as it was given; the status is all that comes back."""
    seen: dict[str, str] = {}

    def take(handler: BaseHTTPRequestHandler) -> None:
        seen.update(handler.headers.items())
        say(204)(handler)

    with serving(take) as url:
        status = IN_SANDBOX.post(f"{url}/hook", body=b"{}", headers={"Content-Type": "application/json"})

    assert status == 204
    assert seen["Content-Type"] == "application/json"
    assert seen["Host"] == url.removeprefix("http://")
