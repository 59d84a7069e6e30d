"""OhMyGPT has several addresses: a call goes to one that is well, and never to two."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from aiohttp import web

from oauth_app.hub import Hub
from oauth_app.relay.bases import Address, Bases
from oauth_app.relay.circuit import Circuit
from oauth_app.services.relaying import make_relay
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner, make_test_hub
from tests.relay.conftest import Relayed, make_user
from tests.relay.servers import Stub, running, running_stub, with_lifespan


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Reserve a port on which nobody listens."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def second() -> Iterator[Stub]:
    """Run another stub, under another address."""
    with running_stub() as stub:
        yield stub


def relayed_to(hub: Hub, *urls: str) -> Hub:
    """Return the same hub in front of these addresses."""
    folder = hub.settings.hub_instance
    return make_test_hub(folder, ohmygpt_api_base=urls[0], ohmygpt_api_fallbacks=",".join(urls[1:]))


@pytest.fixture
def two_bases(relay_hub: Hub, stub: Stub, second: Stub) -> Iterator[Relayed]:
    """Run the relay in front of two addresses."""
    hub = relayed_to(relay_hub, stub.url, second.url)
    user_id, partner_id = make_user(hub), make_partner(hub.engine).client_id
    token = grant(hub.engine, user_id, partner_id)
    with running(with_lifespan(make_relay(hub))) as url:
        yield Relayed(url, hub, user_id, partner_id, token)
    hub.close()


def test_a_call_goes_on_to_the_next_address(relay_hub: Hub, second: Stub, closed_port: int) -> None:
    """Where nobody takes the connection nothing was sent, so the next address gets the call."""
    hub = relayed_to(relay_hub, f"http://127.0.0.1:{closed_port}", second.url)
    token = grant(hub.engine, make_user(hub), make_partner(hub.engine).client_id)
    with running(with_lifespan(make_relay(hub))) as url:
        answer = Relayed(url, hub, "", "", token).chat()
    hub.close()

    assert answer.status_code == 200
    assert len(second.seen) == 1


def test_what_was_sent_is_not_sent_again(two_bases: Relayed, stub: Stub, second: Stub) -> None:
    """An address that takes the call and hangs up may have charged for it."""

    async def script(request: web.Request) -> web.Response:
        await stub.note(request)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    stub.script = script
    answer = two_bases.chat()

    assert answer.status_code == 502
    assert (len(stub.seen), len(second.seen)) == (1, 0)


def test_an_address_that_fails_again_and_again_rests(two_bases: Relayed, stub: Stub, second: Stub) -> None:
    """After three failures in a row the calls go to the other address, without trying the first."""

    async def script(request: web.Request) -> web.Response:
        await stub.note(request)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    stub.script = script
    statuses = [two_bases.chat().status_code for _ in range(5)]

    assert statuses == [502, 502, 502, 200, 200]
    assert (len(stub.seen), len(second.seen)) == (3, 2)


def test_a_rest_ends_and_grows() -> None:
    """A base is tried again when its rest is over, and rests twice as long if it is still not well."""
    circuit = Circuit()
    for _ in range(3):
        circuit.fail(100.0)
    assert [circuit.is_open(now) for now in (101.0, 102.5)] == [True, False]
    circuit.fail(103.0)
    assert [circuit.is_open(now) for now in (106.0, 107.5)] == [True, False]
    circuit.succeed()
    circuit.fail(108.0)
    assert not circuit.is_open(108.0)


def test_long_answers_avoid_hosts_that_cut_them_off() -> None:
    """Behind Cloudflare an answer in one piece is lost after 100 seconds; a stream is not."""
    bases = Bases(["https://apic.ohmygpt.com", "https://api.ohmygpt.com"])
    for is_streamed, first in ((False, "https://api.ohmygpt.com"), (True, "https://apic.ohmygpt.com")):
        assert bases.in_order(0.0, is_streamed=is_streamed)[0].url == first


@pytest.mark.parametrize("status", [504, 522, 524])
def test_a_cdn_that_gave_up_is_a_504(relayed: Relayed, stub: Stub, status: int) -> None:
    """Its page says that the server behind it took too long, and so does the answer."""

    async def script(_: web.Request) -> web.Response:
        return web.Response(text="<html>timed out</html>", status=status, content_type="text/html")

    stub.script = script
    answer = relayed.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "upstream_timeout")


@pytest.mark.parametrize("base", ["ftp://x", "https://", "https://x/?a=b", "x"])
def test_what_is_no_address_is_refused(base: str) -> None:
    """A mistake in the settings is told at the start, not at the first call."""
    with pytest.raises(ValueError, match="not the address"):
        Address.parse(base)


def test_a_quiet_stream_gets_a_sign_of_life(relayed: Relayed, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a model thinks, a comment between two events keeps proxies from giving up; the events stay as they are."""
    monkeypatch.setattr("oauth_app.relay.watch._HEARTBEAT_S", 0.5)
    event = b'data: {"choices": []}\n\n'

    async def script(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(event)
        await stub.passed()
        await response.write(event)
        return response

    stub.script = script
    with relayed.call("/v1/responses", json={"model": "gpt-4o-mini"}, stream=True) as answer:
        time.sleep(2.5)
        stub.gate.set()
        content = answer.content
    assert content.replace(b": still there\n\n", b"").startswith(event * 2)
    # ASGI knows no sending beside the answer.
    assert (b": still there\n\n" in content) is not relayed.is_asgi
