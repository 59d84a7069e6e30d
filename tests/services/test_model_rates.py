"""The multipliers of the models: asked for every hour, kept for when nobody answers, and never in the way of a call."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from aiohttp import web

from oauth_app import clock
from oauth_app.hub import Hub
from oauth_app.relay import PriceBook
from oauth_app.services.model_rates import (
    BookFinder,
    find_rates,
    keep_model_rates,
    load_book,
    state_of_book,
)
from tests.fixtures.hub import Sandbox, make_test_hub
from tests.relay.conftest import Relayed, relay_hub, relayed, server, stub, wait_for
from tests.relay.servers import Stub, running_stub

__all__ = ["relay_hub", "relayed", "server", "stub"]

FILE = "model-rates.json"
BOOK = PriceBook.load()
#: What the sandbox starts with.
OPERATOR_KEY = "sk-SandboxOperatorKey00T3BlbkFJNotASecret0000000000"


@pytest.fixture
def hub(tmp_path: Path, sandbox: Sandbox) -> Iterator[Hub]:
    """Make a hub in front of the sandbox."""
    hub = make_test_hub(tmp_path, ohmygpt_api_base=sandbox.url, ohmygpt_api_key=OPERATOR_KEY)
    yield hub
    hub.close()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let a relay look for a new book at every turn."""
    monkeypatch.setattr("oauth_app.relay.tariff._EVERY_S", 0.05)
    return {}


def answering(stub: Stub, body: object, status: int = 200) -> None:
    """Let the stub answer so."""

    async def script(request: web.Request) -> web.Response:
        await stub.note(request)
        return web.json_response(body, status=status)

    stub.script = script


def test_they_are_had_from_the_sandbox(hub: Hub) -> None:
    """With the operator's key, which may use no model; the book's version tells that they count."""
    assert keep_model_rates(hub) > 10
    kept = find_rates(hub.settings)
    assert kept is not None
    assert kept.rates["gpt-4o"] == "0.40"
    state = state_of_book(hub.settings)
    assert state.version.startswith(f"{BOOK.version}+")
    assert state.fetched_at == kept.fetched_at


def test_the_key_may_do_nothing_else(hub: Hub, sandbox: Sandbox) -> None:
    """It is for what everybody may know."""
    headers = {"Authorization": f"Bearer {hub.settings.ohmygpt_api_key.get_secret_value()}"}
    question = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
    answer = requests.post(f"{sandbox.url}/v1/chat/completions", json=question, headers=headers, timeout=10)
    assert answer.status_code in {401, 403}


def test_they_are_asked_for_once_an_hour(tmp_path: Path) -> None:
    """However many processes of a machine look."""
    with running_stub() as stub:
        hub = make_test_hub(tmp_path, ohmygpt_api_base=stub.url, ohmygpt_api_key="sk-operator")
        answering(stub, {"statusCode": 200, "data": {"gpt-4o": "0.50"}})
        assert [keep_model_rates(hub), keep_model_rates(hub)] == [1, 0]
        with clock.moved(timedelta(hours=1, seconds=1)):
            assert keep_model_rates(hub) == 1
        assert [(seen.method, seen.target) for seen in stub.seen] == [("GET", "/api/v1/pay/model-rates")] * 2
        assert stub.seen[0].headers["authorization"] == "Bearer sk-operator"
        hub.close()


def test_without_a_key_nobody_is_asked(tmp_path: Path) -> None:
    """The book's own multipliers count."""
    with running_stub() as stub:
        hub = make_test_hub(tmp_path, ohmygpt_api_base=stub.url)
        assert keep_model_rates(hub) == 0
        assert not stub.seen
        hub.close()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"statusCode": 500}, 500),
        ({"statusCode": 401, "errorType": "oauth_invalid_token_error"}, 200),
        ({"statusCode": 200, "data": {}}, 200),
        ({"statusCode": 200, "data": {"gpt-4o": "free", "gpt-4o-mini": 0}}, 200),
        ({"statusCode": 200, "data": [1]}, 200),
        ("text", 200),
    ],
)
def test_the_last_good_ones_stay(tmp_path: Path, body: object, status: int) -> None:
    """An error, or an answer without a single multiplier in it, changes nothing."""
    with running_stub() as stub:
        hub = make_test_hub(tmp_path, ohmygpt_api_base=stub.url, ohmygpt_api_key=OPERATOR_KEY)
        answering(stub, {"statusCode": 200, "data": {"gpt-4o": "0.50"}})
        keep_model_rates(hub)
        before = (tmp_path / FILE).read_text()
        answering(stub, body, status)
        with clock.moved(timedelta(hours=2)):
            assert keep_model_rates(hub) == 0
        assert (tmp_path / FILE).read_text() == before
        assert load_book(hub.settings).models["gpt-4o"].multiplier == 5_000
        hub.close()


def test_a_restart_without_a_network_counts_by_them(tmp_path: Path) -> None:
    """The address leads nowhere, and the file is there."""
    hub = make_test_hub(tmp_path, ohmygpt_api_base="http://127.0.0.1:1", ohmygpt_api_key=OPERATOR_KEY)
    (tmp_path / FILE).write_text('{"fetched_at": "2026-01-02T03:04:05+00:00", "rates": {"gpt-4o": "0.50"}}')
    assert keep_model_rates(hub) == 0
    assert load_book(hub.settings).models["gpt-4o"].multiplier == 5_000
    hub.close()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"fetched_at": "x", "rates": {}}', '{"rates": {}}', "7"])
def test_a_spoilt_file_is_passed_over(tmp_path: Path, content: str) -> None:
    """The book's own multipliers count."""
    hub = make_test_hub(tmp_path, ohmygpt_api_base="http://127.0.0.1:1", ohmygpt_api_key=OPERATOR_KEY)
    (tmp_path / FILE).write_text(content)
    assert load_book(hub.settings).version == BOOK.version
    hub.close()


@pytest.mark.parametrize("server", ["direct"], indirect=True)
def test_a_running_relay_takes_them_up(relayed: Relayed) -> None:
    """Costs follow a discount without a restart, and what was reserved was never less than the book says."""
    assert relayed.chat().headers["x-hub-cost"] == "555"
    path = relayed.hub.settings.hub_instance / FILE
    path.write_text('{"fetched_at": "2026-01-02T03:04:05+00:00", "rates": {"gpt-4o-mini": "0.50"}}')
    wait_for(lambda: True if relayed.chat().headers["x-hub-cost"] == "278" else None)


def test_nothing_new_is_not_read_again(hub: Hub) -> None:
    """The file is looked at, and read only when it is another."""
    find = BookFinder(hub.settings)
    assert find() is not None
    assert find() is None
    keep_model_rates(hub)
    time.sleep(0.01)
    assert find() is not None
    assert find() is None
