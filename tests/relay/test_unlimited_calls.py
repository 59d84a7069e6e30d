"""Calls that do not say how long their answers may be, and models without a price, within limits that are small."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aiohttp import web

from tests.relay.conftest import Relayed
from tests.relay.servers import CHAT, Stub
from tests.relay.test_limits import allow, spent
from tests.relay.test_streaming import begin_stream

CNY = 3_400_000
NEW = {"model": "unheard-of", "messages": []}
#: What 12 tokens of input and 34 of output cost at the dearest model's price.
_DEAR = -(-(12 * 412_500_000 + 34 * 2_062_500_000) // 1_000_000)
_WORD = {"choices": [{"delta": {"content": "word " * 50}}]}


@pytest.fixture
def settings() -> dict[str, Any]:
    """Let such calls in where an answer of usual length is left."""
    return {"relay_usual_answer_tokens": 4096}


def test_an_unknown_model_can_be_used(relayed: Relayed) -> None:
    """With the 20 CNY a day that users are offered; it counts by the dearest model's price, and no more."""
    allow(relayed, ai_spend_per_day=20 * CNY)
    assert [relayed.call("/v1/chat/completions", json=NEW).status_code for _ in range(3)] == [200] * 3
    assert spent(relayed, "consent:") == 3 * _DEAR


@pytest.mark.parametrize("settings", [{}])
def test_unless_the_operator_says_so_no_call_may_pass_a_limit(
    relayed: Relayed, stub: Stub, settings: dict[str, Any]
) -> None:
    """A call that might cost more than is left is not begun, however unlikely that is."""
    allow(relayed, ai_spend_per_day=20 * CNY)
    assert relayed.call("/v1/chat/completions", json=NEW).status_code == 403, settings
    assert not stub.seen


def test_a_limit_that_leaves_less_than_a_usual_answer_refuses(relayed: Relayed, stub: Stub) -> None:
    """What would probably pass the limit is not begun."""
    allow(relayed, ai_spend_per_day=2 * CNY)
    assert relayed.call("/v1/chat/completions", json=NEW).status_code == 403
    assert not stub.seen


def test_who_says_how_long_is_held_to_it(relayed: Relayed, stub: Stub) -> None:
    """A call with a limit of its own is reserved whole, or refused."""
    allow(relayed, ai_spend_per_day=20 * CNY)
    assert relayed.call("/v1/chat/completions", json={**NEW, "max_tokens": 100_000}).status_code == 403
    assert not stub.seen


def test_many_at_once_pass_a_cap_by_one_call_at_most(relayed: Relayed, stub: Stub) -> None:
    """Each may cost four times what is allowed; one of them runs, and the others are refused."""
    big = CHAT | {"usage": {"prompt_tokens": 0, "completion_tokens": 120_000}}

    async def script(_: web.Request) -> web.Response:
        await asyncio.sleep(0.3)
        return web.json_response(big)

    stub.script = script
    allow(relayed, ai_spend_per_day=20 * CNY)
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: relayed.call("/v1/chat/completions", json=NEW).status_code, range(20)))
    assert sorted(statuses) == [200, *[403] * 19]
    assert spent(relayed, "consent:") == -(-120_000 * 2_062_500_000 // 1_000_000)
    assert relayed.call("/v1/chat/completions", json=NEW).status_code == 403


def test_a_stream_ends_where_the_limit_does(relayed: Relayed, stub: Stub) -> None:
    """Of a stream the hub sees what it costs, so it need not pass the limit by more than a moment's words."""

    async def script(request: web.Request) -> web.StreamResponse:
        response = await begin_stream(request)
        for _ in range(2_000):
            await response.write(b"data: " + json.dumps(_WORD).encode() + b"\n\n")
            await asyncio.sleep(0.01)
        return response

    stub.script = script
    allow(relayed, ai_spend_per_day=3 * CNY)
    said = relayed.call("/v1/chat/completions", json={**NEW, "stream": True}).content
    assert b'"limit_exceeded"' in said[-500:]
    assert stub.left.wait(2)
    assert 3 * CNY < spent(relayed, "consent:") < 12 * CNY
    [record] = relayed.usage()
    assert (record.outcome, record.status) == ("refused", 200)


@pytest.mark.parametrize("settings", [{"relay_unknown_model_cny": 1}])
def test_the_operator_says_what_an_unknown_model_is_worth(relayed: Relayed, settings: dict[str, Any]) -> None:
    """So much is set aside, and so much is counted at most: five calls of one CNY each fit five at a time."""
    allow(relayed, ai_spend_per_day=5 * CNY)
    with ThreadPoolExecutor(5) as pool:
        calls = pool.map(lambda _: relayed.call("/v1/chat/completions", json=NEW).status_code, range(5))
        assert list(calls) == [200] * 5, settings
    assert spent(relayed, "consent:") == 5 * _DEAR
