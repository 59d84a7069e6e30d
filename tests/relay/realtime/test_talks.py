"""Talks by OpenAI's own package, through the relay to the sandbox: refused, answered, metered."""

import base64
import json
import time
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox
from tests.relay.conftest import Relayed
from tests.relay.realtime.sockets import PATH, refused, wire
from tests.relay.realtime.talks import ALICE, CEILING, MODEL, ask, charged, talking, until_done
from tests.relay.test_limits import allow

#: The openai package opens its connection in a way that the websockets package would rather not see.
pytestmark = pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")


def test_a_question_is_answered(relayed: Relayed) -> None:
    """The events come through as the vendor's client knows them."""
    with talking(relayed) as talk:
        events = ask(talk, "[[words=2]]")
    kinds = [event.type for event in events]
    assert kinds[2:4] == ["response.created", "response.output_item.added"]
    assert [event.delta for event in events if event.type == "response.output_text.delta"] == ["word1", " word2"]
    assert events[-1].response.output[0].content[0].text == "word1 word2"


def test_a_session_can_be_changed_and_sound_passes(relayed: Relayed) -> None:
    """Whatever the vendor's client sends, goes on; sound comes back."""
    with talking(relayed) as talk:
        talk.session.update(session={"type": "realtime", "instructions": "be brief"})
        changed = talk.recv()
        talk.input_audio_buffer.append(audio=base64.b64encode(bytes(48_000)).decode())
        talk.input_audio_buffer.commit()
        talk.response.create()
        events = until_done(talk)
    assert changed.session.instructions == "be brief"
    assert any(event.type == "response.output_audio.delta" for event in events)


def test_each_answer_is_metered_as_it_is_charged(relayed: Relayed, sandbox: Sandbox) -> None:
    """Tokens and cost of each answer are what OhMyGPT told and took, once."""
    with talking(relayed) as talk:
        told = [ask(talk, f"[[words={count}]]")[-1].response.usage for count in (3, 200)]
    rows = relayed.usage(2)
    time.sleep(0.3)  # for what must not come

    assert [(row.input_tokens, row.output_tokens) for row in relayed.usage(2)] == [
        (usage.input_tokens, usage.output_tokens) for usage in told
    ]
    assert sum(row.estimated_cost or 0 for row in rows) == charged(sandbox) > 0
    assert {(row.status, row.outcome, row.model, row.path) for row in rows} == {
        (101, "complete", MODEL, "/v1/realtime")
    }
    assert all(row.first_byte_ms is not None and row.bytes_in and row.bytes_out for row in rows)


def test_the_first_record_has_the_id_that_was_told(relayed: Relayed) -> None:
    """A developer finds a talk by the id in its handshake."""
    with wire(relayed) as made:
        made.recv(5)
        told = made.response.headers["x-request-id"]
    [row] = relayed.usage()
    assert (row.request_id, row.status, row.estimated_cost, row.input_tokens) == (told, 101, 0, 0)


def test_a_browser_brings_its_token_as_a_subprotocol(relayed: Relayed) -> None:
    """The other one is chosen, so the token is not repeated."""
    offered = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{relayed.token}")]
    url = relayed.url.replace("http", "ws") + PATH
    with connect(url, subprotocols=offered) as made:
        assert (made.subprotocol, json.loads(made.recv(5))["type"]) == ("realtime", "session.created")


@pytest.mark.parametrize("credential", ["", "Bearer sk-wrong", "Bearer omc_at_wrong"])
def test_without_a_good_token_there_is_no_talk(relayed: Relayed, credential: str) -> None:
    """The answer is HTTP, in OpenAI's shape, and says where tokens come from."""
    status, body, headers = refused(relayed, headers={"Authorization": credential})
    assert (status, body["error"]["code"]) == (401, "invalid_token")
    assert headers["www-authenticate"].startswith("Bearer")
    assert headers["x-request-id"].startswith("req_")


def test_a_wrong_token_in_a_subprotocol_is_refused(relayed: Relayed) -> None:
    """Two different ones are none."""
    url = relayed.url.replace("http", "ws") + PATH
    for names in (["omc_at_wrong"], [relayed.token, "omc_at_other"]):
        offered = [Subprotocol(f"openai-insecure-api-key.{name}") for name in names]
        with pytest.raises(InvalidStatus) as refusal:
            connect(url, subprotocols=offered)
        assert refusal.value.response.status_code == 401


def test_without_the_scope_there_is_no_talk(relayed: Relayed) -> None:
    """Who only allowed to sign in, does not pay for talks."""
    token = grant(relayed.hub.engine, relayed.user_id, relayed.partner_id, ["openid"])
    status, body, _ = refused(relayed, headers={"Authorization": f"Bearer {token}"})
    assert (status, body["error"]["code"]) == (403, "insufficient_scope")


@pytest.mark.parametrize(
    ("columns", "status", "code"),
    [
        ({"allowed_models": ["gpt-4o*"]}, 403, "model_not_allowed"),
        ({"allowed_endpoints": ["chat"]}, 403, "endpoint_not_allowed"),
        ({"ai_spend_per_day": CEILING - 1}, 403, "limit_exceeded"),
        ({"calls_per_minute": 0}, 429, "rate_limit_exceeded"),
    ],
)
def test_limits_hold_before_the_talk(relayed: Relayed, columns: dict[str, Any], status: int, code: str) -> None:
    """What the user did not allow does not reach OhMyGPT, and leaves a record of the refusal."""
    allow(relayed, **columns)
    assert refused(relayed)[:2][0] == status
    assert refused(relayed)[1]["error"]["code"] == code
    [row, *_] = relayed.usage()
    assert (row.status, row.outcome, row.estimated_cost) == (status, "refused", 0)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/user/oauth/app/query-user-balance", 404),
        ("/api/v1/user/balance", 404),
        ("/api/v1/pay/orders", 404),
        ("/v1//realtime", 400),
        ("/v1/%2e%2e/realtime", 400),
        ("/v1/realtime?model=gpt-4o", 400),
        ("/v1/realtime?model=none-such", 404),
    ],
)
def test_the_rules_for_addresses_hold(relayed: Relayed, path: str, status: int) -> None:
    """What is not relayed by HTTP is not relayed by WebSocket; what OhMyGPT refuses is passed on."""
    answer = refused(relayed, path)
    assert answer[0] == status
    assert "set-cookie" not in answer[2]


def test_a_lost_connection_is_noticed(relayed: Relayed, sandbox: Sandbox) -> None:
    """Who took the grant back at OhMyGPT is asked to sign in again, also by the next call."""
    sandbox.revoke_tokens(ALICE)
    assert refused(relayed)[1]["error"]["code"] == "connection_lost"
    assert refused(relayed)[0] == 403
