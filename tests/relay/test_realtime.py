"""Talks by OpenAI's own package, through the relay to the sandbox: refused, answered, metered, limited."""

import base64
import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.resources.realtime.realtime import RealtimeConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent
from oauth_app.provider.tokens import revoke_all_of_consent
from oauth_app.relay import PriceBook
from oauth_app.relay.wishes import wish_of_query
from oauth_app.services.relaying import make_relay
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, Sandbox, make_partner, make_person, make_test_hub
from tests.relay.conftest import Relayed, wait_for
from tests.relay.servers import running, with_lifespan
from tests.relay.test_limits import allow, spent

#: The openai package opens its connection in a way that the websockets package would rather not see.
pytestmark = pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")

ALICE, MODEL = "alice@example.com", "gpt-realtime"
PATH = f"/v1/realtime?model={MODEL}"
TEXT = {"output_modalities": ["text"]}
#: What one answer is reserved with.
CEILING = PriceBook.load().ceiling("/v1/realtime", wish_of_query(f"model={MODEL}".encode()), 0)


@pytest.fixture
def sandbox_hub(tmp_path: Path, migrated_database: Path, sandbox: Sandbox) -> Iterator[Hub]:
    """Make a hub in front of the sandbox."""
    shutil.copy(migrated_database, tmp_path / "hub.db")
    hub = make_test_hub(tmp_path, ohmygpt_api_base=sandbox.url)
    yield hub
    hub.close()


@pytest.fixture
def alice(sandbox_hub: Hub, sandbox: Sandbox) -> Person:
    """Alice, who has money."""
    return make_person(sandbox_hub, sandbox, ALICE)


@pytest.fixture
def relayed(sandbox_hub: Hub, alice: Person) -> Iterator[Relayed]:
    """Run the relay, and let Alice agree to AI calls."""
    partner_id = make_partner(sandbox_hub.engine).client_id
    token = grant(sandbox_hub.engine, alice.user_id, partner_id)
    with running(with_lifespan(make_relay(sandbox_hub))) as url:
        yield Relayed(url, sandbox_hub, alice.user_id, partner_id, token)


@contextmanager
def talking(relayed: Relayed) -> Iterator[RealtimeConnection]:
    """Open a talk by the vendor's own client."""
    with (
        openai.OpenAI(api_key=relayed.token, base_url=f"{relayed.url}/v1", max_retries=0) as client,
        client.realtime.connect(model=MODEL) as made,
    ):
        assert made.recv().type == "session.created"
        yield made


def ask(talk: RealtimeConnection, text: str, **response: Any) -> list[Any]:  # noqa: ANN401 - any event
    """Ask, and return the events of the answer."""
    say(talk, text, **response)
    return until_done(talk)


def say(talk: RealtimeConnection, text: str, **response: Any) -> None:  # noqa: ANN401 - any event
    """Ask, and leave the answer on its way."""
    part = {"type": "input_text", "text": text}
    talk.conversation.item.create(item={"type": "message", "role": "user", "content": [part]})
    talk.response.create(response=TEXT | response)


def until_done(talk: RealtimeConnection) -> list[Any]:
    """Return the events up to the end of an answer."""
    events: list[Any] = []
    while not events or events[-1].type not in {"response.done", "error"}:
        events.append(talk.recv())
    return events


def charged(sandbox: Sandbox) -> int:
    """Return what the sandbox took for calls, at list prices: it sells this model at 40 percent of them."""
    return int(Decimal(sandbox.account(ALICE)["spent_on_calls"]) * 100 / 40 * 100)


def wire(relayed: Relayed, path: str = PATH, **options: Any) -> ClientConnection:  # noqa: ANN401 - of websockets
    """Open a talk by hand."""
    headers = {"Authorization": f"Bearer {relayed.token}"} | options.pop("headers", {})
    return connect(relayed.url.replace("http", "ws") + path, additional_headers=headers, **options)


def refused(relayed: Relayed, path: str = PATH, **options: Any) -> tuple[int, dict[str, Any], dict[str, str]]:  # noqa: ANN401 - of websockets
    """Return how a handshake is refused: status, body, headers."""
    with pytest.raises(InvalidStatus) as refusal:
        wire(relayed, path, **options)
    response = refusal.value.response
    return response.status_code, json.loads(response.body), dict(response.headers)


# ---- what passes


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


# ---- what is refused before the handshake is answered


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


# ---- what ends a talk


def ending(talk: RealtimeConnection) -> tuple[list[Any], int | None, str]:
    """Return what still comes, and how the talk is closed."""
    events = []
    try:
        while True:
            events.append(talk.recv())
    except ConnectionClosed as closed:
        return events, closed.rcvd.code if closed.rcvd else None, closed.rcvd.reason if closed.rcvd else ""


def test_a_cap_that_is_used_up_ends_the_talk(relayed: Relayed, sandbox: Sandbox) -> None:
    """The answer that is paid for comes whole; the next question ends it by an error and a code."""
    allow(relayed, ai_spend_per_day=CEILING + 100)
    with talking(relayed) as talk:
        assert ask(talk, "[[words=30]]")[-1].type == "response.done"
        say(talk, "[[words=30]]")
        events, code, reason = ending(talk)
    assert (events[-1].type, events[-1].error.code) == ("error", "limit_exceeded")
    assert "/account" in events[-1].error.message
    assert (code, reason) == (1008, "limit_exceeded")
    assert spent(relayed, "consent:") == charged(sandbox) <= CEILING + 100


def test_sessions_side_by_side_cannot_pass_a_cap(relayed: Relayed, sandbox: Sandbox) -> None:
    """Of eight at once, as many talk as there is money for."""
    allow(relayed, ai_spend_per_day=3 * CEILING)

    def try_once(_: int) -> bool:
        try:
            with talking(relayed) as talk:
                done = ask(talk, "[[words=400]]")[-1].type == "response.done"
                time.sleep(0.5)
                return done
        except (InvalidStatus, ConnectionClosed):
            return False

    with ThreadPoolExecutor(8) as pool:
        answered = list(pool.map(try_once, range(8))).count(True)
    assert 1 <= answered <= 3
    assert spent(relayed, "consent:") == charged(sandbox)


def test_a_talk_holds_one_place(relayed: Relayed) -> None:
    """It counts as one call at once until it ends, however much is said in it."""
    allow(relayed, ai_calls_at_once=1)
    with talking(relayed) as talk:
        for _ in range(2):
            ask(talk, "hi")
        assert refused(relayed)[0] == 429
    wait_for(lambda: _opens(relayed) or None)


def test_a_revoked_token_ends_the_talk(relayed: Relayed) -> None:
    """The next question is not passed on."""
    with talking(relayed) as talk:
        ask(talk, "hi")
        with transaction(relayed.hub.engine) as session:
            revoke_all_of_consent(session, session.query(Consent).one().id)
        relayed.hub.callers.forget_all()
        say(talk, "hi")
        events, code, reason = ending(talk)
    assert (events[-1].error.code, code, reason) == ("invalid_token", 1008, "invalid_token")


def test_a_grant_that_is_taken_back_ends_the_talk(relayed: Relayed, sandbox: Sandbox) -> None:
    """OhMyGPT's own word for it ends the talk, and the connection is lost."""
    with talking(relayed) as talk:
        sandbox.revoke_tokens(ALICE)
        say(talk, "hi")
        events, code, _ = ending(talk)
    assert (events[-1].error.code, code) == ("connection_lost", 1008)
    assert refused(relayed)[1]["error"]["code"] == "connection_lost"


def test_an_empty_balance_is_told_and_the_talk_goes_on(relayed: Relayed, sandbox: Sandbox) -> None:
    """The error names the page to top up; afterwards the same talk is answered."""
    with talking(relayed) as talk:
        sandbox.set_balance(ALICE, "0.00")
        error = ask(talk, "hi")[-1].error
        sandbox.set_balance(ALICE, "1000.00")
        assert ask(talk, "hi")[-1].type == "response.done"
    assert error.code == "insufficient_balance"
    assert "/account/top-up" in error.message


def test_another_model_ends_the_talk(relayed: Relayed) -> None:
    """A talk is paid by the model of its address, and cannot be moved to one that costs less or is not allowed."""
    with wire(relayed) as made:
        made.recv(5)
        made.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "model": "gpt-4o-mini"}}))
        assert json.loads(made.recv(5))["error"]["code"] == "model_not_allowed"
        with pytest.raises(ConnectionClosed):
            made.recv(5)


def test_leaving_in_the_middle_is_metered_exactly(relayed: Relayed, sandbox: Sandbox) -> None:
    """The hub stops the answer, hears what it used, and hangs up, all within a second."""
    with talking(relayed) as talk:
        say(talk, "[[words=9000]]")
        while talk.recv().type != "response.output_text.delta":
            pass
    left_s = time.monotonic()
    wait_for(lambda: sandbox.account(ALICE)["calls"] or None)
    assert time.monotonic() - left_s < 1
    [row] = relayed.usage()
    assert row.estimated_cost == charged(sandbox)
    assert 0 < (row.output_tokens or 0) < 15_000


def _opens(relayed: Relayed) -> bool:
    try:
        with wire(relayed):
            return True
    except InvalidStatus:
        return False
