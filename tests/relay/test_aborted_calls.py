"""What a call costs by the hub that its caller gave up, beside what the sandbox took for it."""

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from oauth_app.services.model_rates import keep_model_rates
from oauth_app.services.relaying import make_relay
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner, make_person, make_test_hub, running_sandbox
from tests.relay.aborted import ALICE, THINKS_S, WAITS_S, Call, Cost, Point, balance, call, call_in_vain
from tests.relay.conftest import Relayed
from tests.relay.servers import running, with_lifespan
from tests.relay.test_limits import allow, spent

TEXT = "Tell me of the sea, 说说大海. " * 8 + "[[words=200]]"
MESSAGES = [{"role": "user", "content": TEXT}]
CALLS = {
    "chat": Call(
        path="/v1/chat/completions",
        body={"model": "gpt-4o", "messages": MESSAGES, "max_tokens": 2000},
        streamed={"stream_options": {"include_usage": True}},
        usage_mark=b'"choices":[]',
    ),
    "responses": Call(
        path="/v1/responses",
        body={"model": "gpt-4.1", "input": TEXT, "max_output_tokens": 2000},
        usage_mark=b'"type":"response.completed"',
    ),
    "messages": Call(
        path="/v1/messages",
        body={"model": "claude-sonnet-4-6", "messages": MESSAGES, "max_tokens": 2000},
        usage_mark=b'"type":"message_delta"',
    ),
}
#: More than any of these calls can cost.
PLENTY = 10**9


@pytest.fixture(scope="module")
def slow_sandbox() -> Iterator[Sandbox]:
    """Run a sandbox that takes its time, so that there is an amid."""
    with running_sandbox(SANDBOX_CHUNK_PAUSE_MS="5") as sandbox:
        yield sandbox


@pytest.fixture
def relayed(
    tmp_path: Path, migrated_database: Path, slow_sandbox: Sandbox, server: dict[str, Any]
) -> Iterator[Relayed]:
    """Run a hub that knows the sandbox's multipliers, for Alice, who allows an amount of money a day."""
    slow_sandbox.reset()
    shutil.copy(migrated_database, tmp_path / "hub.db")
    key = slow_sandbox.token_of(ALICE)[1]
    hub = make_test_hub(tmp_path, ohmygpt_api_base=slow_sandbox.url, ohmygpt_api_key=key)
    keep_model_rates(hub)
    user_id, partner_id = make_person(hub, slow_sandbox, ALICE).user_id, make_partner(hub.engine).client_id
    with running(with_lifespan(make_relay(hub)), **server) as url:
        relayed = Relayed(url, hub, user_id, partner_id, grant(hub.engine, user_id, partner_id))
        allow(relayed, ai_spend_per_day=PLENTY)
        yield relayed
    hub.close()


@pytest.fixture(params=CALLS)
def asked(request: pytest.FixtureRequest) -> Call:
    """Ask in each of the dialects."""
    return CALLS[request.param]


def agree(relayed: Relayed, *costs: Cost) -> None:
    """Check that the day's counter ends at what the records say, and that nothing stays reserved."""
    assert spent(relayed, "consent:") == sum(cost.row.estimated_cost or 0 for cost in costs)


def body_tokens(cost: Cost) -> int:
    """Return the tokens that the body is taken for where the input was not told."""
    return -(-cost.row.bytes_in // 4)


def test_a_call_that_ends_well_costs_the_same_in_one_piece_and_as_a_stream(
    relayed: Relayed, slow_sandbox: Sandbox, asked: Call
) -> None:
    """The hub's record is to the unit what was taken, both ways."""
    costs = [call(relayed, slow_sandbox, asked, Point.END, is_stream=is_stream) for is_stream in (False, True)]

    assert [cost.row.outcome for cost in costs] == ["complete", "complete"]
    assert costs[0].told == costs[1].told
    assert {cost.row.estimated_cost for cost in costs} == {cost.charged for cost in costs}
    assert costs[0].charged == costs[1].charged > 0
    agree(relayed, *costs)


def test_who_leaves_after_the_usage_pays_what_was_told(relayed: Relayed, slow_sandbox: Sandbox, asked: Call) -> None:
    """Nothing is estimated any more, whether the end was still seen or not."""
    cost = call(relayed, slow_sandbox, asked, Point.USAGE, is_stream=True)

    assert cost.row.estimated_cost == cost.charged > 0
    agree(relayed, cost)


def test_who_leaves_amid_a_stream_pays_for_what_was_said(relayed: Relayed, slow_sandbox: Sandbox, asked: Call) -> None:
    """The estimate is nearer to what was taken than a fifth of the whole call, and far from the whole."""
    cost = call(relayed, slow_sandbox, asked, Point.AMID, is_stream=True)
    whole = call(relayed, slow_sandbox, asked, Point.END, is_stream=False)

    assert cost.row.outcome == "client_left"
    assert abs((cost.row.estimated_cost or 0) - cost.charged) < whole.charged // 5
    assert 0 < cost.charged < whole.charged * 4 // 5
    assert (cost.row.input_tokens == whole.row.input_tokens) is (asked is CALLS["messages"]), "only Anthropic tells it"
    agree(relayed, cost, whole)


def test_who_leaves_after_the_head_pays_the_input(relayed: Relayed, slow_sandbox: Sandbox, asked: Call) -> None:
    """The input is told or taken for the body; of the output at most a few words count that were on their way."""
    cost = call(relayed, slow_sandbox, asked, Point.HEAD, is_stream=True)
    whole = call(relayed, slow_sandbox, asked, Point.END, is_stream=False)

    assert cost.row.outcome == "client_left"
    assert cost.row.input_tokens in {whole.row.input_tokens, body_tokens(cost)}
    assert abs((cost.row.estimated_cost or 0) - cost.charged) < whole.charged // 5
    assert 0 < cost.charged < whole.charged // 2
    agree(relayed, cost, whole)


def test_who_leaves_a_stream_before_its_head_pays_the_input(
    relayed: Relayed, slow_sandbox: Sandbox, asked: Call
) -> None:
    """It was sent, so it may have been read; the sandbox did not, and took nothing."""
    cost = call(relayed, slow_sandbox, asked, Point.SENT, is_stream=True)
    whole = call(relayed, slow_sandbox, asked, Point.END, is_stream=False)

    assert cost.row.outcome == "client_left"
    assert cost.told == (body_tokens(cost), 0)
    assert cost.charged == 0 < (cost.row.estimated_cost or 0) < whole.charged // 5
    agree(relayed, cost, whole)


def test_who_does_not_wait_for_an_answer_in_one_piece_pays_the_seconds(relayed: Relayed, slow_sandbox: Sandbox) -> None:
    """OhMyGPT may have made it meanwhile: fifty tokens count for each second."""
    cost = call(relayed, slow_sandbox, CALLS["chat"], Point.SENT, is_stream=False)

    assert cost.row.outcome == "client_left"
    assert cost.row.input_tokens == body_tokens(cost)
    assert cost.row.output_tokens == pytest.approx(50 * cost.row.duration_ms / 1000, abs=3)
    assert cost.row.duration_ms >= WAITS_S * 900
    agree(relayed, cost)


def test_an_answer_in_one_piece_costs_all_of_it_from_its_head_on(relayed: Relayed, slow_sandbox: Sandbox) -> None:
    """Who has its head can save nothing by leaving."""
    cost = call(relayed, slow_sandbox, CALLS["chat"], Point.HEAD, is_stream=False)

    assert cost.row.estimated_cost == cost.charged > 0
    agree(relayed, cost)


def test_who_leaves_amid_the_body_has_asked_for_nothing(relayed: Relayed, slow_sandbox: Sandbox, asked: Call) -> None:
    """Nothing is taken, counted or kept reserved: the end of a body is held back until it is paid for."""
    before = balance(slow_sandbox)
    leave_amid_the_body(relayed, asked)
    whole = call(relayed, slow_sandbox, asked, Point.END, is_stream=False)

    assert before - balance(slow_sandbox) == whole.charged == spent(relayed, "consent:") > 0
    assert sum(row.estimated_cost or 0 for row in relayed.usage()) == whole.charged


def test_a_call_that_was_not_sent_costs_nothing(relayed: Relayed, slow_sandbox: Sandbox, asked: Call) -> None:
    """The hub refuses what the day's limit does not cover, before OhMyGPT has heard of it."""
    before = balance(slow_sandbox)
    allow(relayed, ai_spend_per_day=1)

    assert relayed.call(asked.path, json=asked.body).status_code == 403
    assert [(row.outcome, row.estimated_cost) for row in relayed.usage()] == [("refused", 0)]
    assert balance(slow_sandbox) == before


def test_a_stream_that_ohmygpt_broke_off_before_its_head_costs_the_input(
    relayed: Relayed, slow_sandbox: Sandbox, asked: Call
) -> None:
    """It was sent, so it may have been read and answered; how much was said nobody here can know."""
    slow_sandbox.fail(asked.path, "reset_after")
    cost = call_in_vain(relayed, slow_sandbox, asked, is_stream=True)

    assert (cost.row.outcome, cost.row.status) == ("upstream_failed", 502)
    assert cost.told == (body_tokens(cost), 0)
    assert 0 < (cost.row.estimated_cost or 0) <= cost.charged
    agree(relayed, cost)


def test_an_answer_in_one_piece_that_never_came_costs_the_seconds(relayed: Relayed, slow_sandbox: Sandbox) -> None:
    """OhMyGPT may have made it before the connection broke, as if the caller had not waited for it."""
    slow_sandbox.fail(CALLS["chat"].path, "hang", seconds=THINKS_S)
    cost = call_in_vain(relayed, slow_sandbox, CALLS["chat"], is_stream=False)

    assert (cost.row.outcome, cost.row.status) == ("upstream_failed", 502)
    assert cost.row.input_tokens == body_tokens(cost)
    assert cost.row.output_tokens == pytest.approx(50 * cost.row.duration_ms / 1000, abs=3)
    assert cost.row.duration_ms >= THINKS_S * 900
    agree(relayed, cost)


def test_what_ohmygpt_broke_off_amid_a_stream_costs_what_was_said(
    relayed: Relayed, slow_sandbox: Sandbox, asked: Call
) -> None:
    """The caller sees that the end is missing, and pays for what came."""
    slow_sandbox.fail(asked.path, "cut_stream", after_chunks=60)
    cost = call_in_vain(relayed, slow_sandbox, asked, is_stream=True)
    whole = call(relayed, slow_sandbox, asked, Point.END, is_stream=False)

    assert (cost.row.outcome, cost.row.status) == ("upstream_failed", 200)
    assert 0 < (cost.row.estimated_cost or 0) < whole.charged * 4 // 5
    agree(relayed, cost, whole)


def leave_amid_the_body(relayed: Relayed, asked: Call) -> None:
    """Announce more than is sent, and hang up."""
    address = urlsplit(relayed.url)
    body = json.dumps(asked.body).encode()
    head = (
        f"POST {asked.path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {relayed.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=5) as caller:
        caller.sendall(head.encode() + body[: len(body) // 2])
