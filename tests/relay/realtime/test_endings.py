"""What ends a talk, and what it is counted as."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from openai.resources.realtime.realtime import RealtimeConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from oauth_app.db import transaction
from oauth_app.models import Consent
from oauth_app.provider.tokens import revoke_all_of_consent
from tests.fixtures.hub import Sandbox
from tests.relay.conftest import Relayed, wait_for
from tests.relay.realtime.sockets import refused, wire
from tests.relay.realtime.talks import ALICE, CEILING, ask, charged, say, talking
from tests.relay.test_limits import allow, spent

#: The openai package opens its connection in a way that the websockets package would rather not see.
pytestmark = pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")


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
