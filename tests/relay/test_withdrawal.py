"""Who takes a permission back ends what runs by it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import text, update

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import digest
from oauth_app.models import Consent, Partner, TokenRow
from oauth_app.relay import withdrawal
from oauth_app.services.consent import revoke_consent
from tests.fixtures.grants import grant
from tests.relay.conftest import Relayed, make_user, wait_for
from tests.relay.servers import Stub

EVENT = b'data: {"choices": [{"delta": {"content": "word "}}]}\n\n'


def consent_of(relayed: Relayed) -> str:
    """Return the consent that the token came of."""
    caller = relayed.hub.callers.find(digest(relayed.token))
    assert caller is not None
    return caller.consent_id


def disconnect(relayed: Relayed) -> None:
    """Disconnect the site, as the account page does."""
    consent_id = consent_of(relayed)
    with transaction(relayed.hub.engine) as session:
        revoke_consent(session, consent_id)
    relayed.hub.callers.forget_consent(consent_id)


def change(hub: Hub, statement: Any) -> None:  # noqa: ANN401 - any statement
    """Change the database as another process would, of which this one hears nothing."""
    with transaction(hub.engine) as session:
        session.execute(statement)


def revoke_token(relayed: Relayed) -> None:
    """Revoke the token."""
    ours = TokenRow.token_digest == digest(relayed.token)
    change(relayed.hub, update(TokenRow).where(ours).values(revoked_at=clock.now()))


def switch_site_off(relayed: Relayed) -> None:
    """Switch the site off."""
    ours = Partner.id == relayed.partner_id
    change(relayed.hub, update(Partner).where(ours).values(disabled_at=clock.now()))


def narrow_consent(relayed: Relayed) -> None:
    """Leave the consent without AI calls."""
    change(relayed.hub, update(Consent).values(scopes=["openid"]))


def let_token_run_out(relayed: Relayed) -> None:
    """Let the token be one that has run out."""
    ours = TokenRow.token_digest == digest(relayed.token)
    change(relayed.hub, update(TokenRow).where(ours).values(expires_at=clock.now()))


@pytest.fixture
def events(stub: Stub) -> list[float]:
    """Let the stub send an event each tenth of a second for ten seconds; return when OhMyGPT was left."""
    ended: list[float] = []

    async def script(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        try:
            for _ in range(100):
                await response.write(EVENT)
                await asyncio.sleep(0.1)
                if stub.gate.is_set():
                    break
        finally:
            ended.append(time.monotonic())
        return response

    stub.script = script
    return ended


def test_a_stream_ends_at_once_when_the_user_disconnects(relayed: Relayed, events: list[float]) -> None:
    """The caller is told why, in the words of its dialect, and OhMyGPT is left within a second."""
    with relayed.chat(stream=True) as answer:
        content = answer.iter_content(None)
        next(content)
        begun = time.monotonic()
        disconnect(relayed)
        rest = b"".join(content)
    assert time.monotonic() - begun < 1
    assert b'"code": "invalid_token"' in rest.split(EVENT)[-1]
    assert wait_for(lambda: events or None)[0] - begun < 1.5
    [call] = relayed.usage()
    assert (call.outcome, call.status) == ("client_left", 200)
    assert (call.output_tokens or 0) > 0, "what had passed is counted"


@pytest.mark.parametrize("withdraw", [revoke_token, switch_site_off, narrow_consent])
@pytest.mark.usefixtures("events")
def test_a_stream_ends_soon_when_another_process_withdraws(
    relayed: Relayed, withdraw: Callable[[Relayed], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody tells this process, so it asks."""
    monkeypatch.setattr(withdrawal, "_EVERY_S", 0.5)
    begun = time.monotonic()
    with relayed.chat(stream=True) as answer:
        content = answer.iter_content(None)
        next(content)
        withdraw(relayed)
        rest = b"".join(content)
    assert time.monotonic() - begun < 5
    assert b"withdrawn" in rest


def test_a_call_without_an_answer_yet_is_refused(relayed: Relayed, stub: Stub) -> None:
    """It gets the error of a token that is not valid."""

    async def script(request: web.Request) -> web.Response:
        await request.read()
        disconnect(relayed)
        await stub.passed()
        return web.json_response({})

    stub.script = script
    answer = relayed.chat()
    stub.gate.set()
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_token")


@pytest.mark.usefixtures("events")
def test_other_users_are_not_disturbed(relayed: Relayed, stub: Stub) -> None:
    """A withdrawal ends the calls of one token only."""
    other = grant(relayed.hub.engine, make_user(relayed.hub), relayed.partner_id)
    with relayed.chat(stream=True) as our_answer, relayed.chat(stream=True, token=other) as their_answer:
        ours, theirs = our_answer.iter_content(None), their_answer.iter_content(None)
        next(ours)
        next(theirs)
        disconnect(relayed)
        assert b"withdrawn" in b"".join(ours)
        stub.gate.set()
        assert b"withdrawn" not in b"".join(theirs)


@pytest.mark.usefixtures("events")
def test_a_token_that_runs_out_lets_its_call_end(relayed: Relayed, stub: Stub) -> None:
    """The token was valid when the call began, and nobody took anything back."""
    with relayed.chat(stream=True) as answer:
        content = answer.iter_content(None)
        next(content)
        let_token_run_out(relayed)
        relayed.hub.callers.forget_all()  # makes the process look now
        time.sleep(0.6)
        stub.gate.set()
        assert b"withdrawn" not in b"".join(content)
    [call] = relayed.usage()
    assert call.outcome == "complete"


@pytest.mark.usefixtures("events")
def test_a_database_that_is_away_ends_nobody(relayed: Relayed) -> None:
    """Who cannot be asked has said nothing; the next look may find out."""
    with relayed.chat(stream=True) as answer:
        content = answer.iter_content(None)
        next(content)
        change(relayed.hub, text("ALTER TABLE token RENAME TO away"))
        relayed.hub.callers.forget_all()  # makes the process look now
        time.sleep(0.4)
        change(relayed.hub, text("ALTER TABLE away RENAME TO token"))
        next(content)
        revoke_token(relayed)
        relayed.hub.callers.forget_all()
        assert b"withdrawn" in b"".join(content)
