"""Who calls is remembered for a moment, and forgotten at once when a right is taken back."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent, Partner
from oauth_app.relay import Caller, CallerCache
from oauth_app.services.connections import connect
from oauth_app.services.relaying import HubCallers
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner
from tests.relay.conftest import SECRET, Relayed
from tests.relay.servers import Stub

ANN = Caller(consent_id="con_1", user_id="usr_1", partner_id="ptn_1", upstream_token=SECRET)
BEN = Caller(consent_id="con_2", user_id="usr_2", partner_id="ptn_1", upstream_token=SECRET)


def remember(cache: CallerCache, *callers: Caller) -> None:
    """Put callers into the cache under their consent's id."""
    for caller in callers:
        later = clock.now() + timedelta(hours=1)
        cache.put(caller.consent_id, caller, expires_at=later, generation=cache.generation)


def found(cache: CallerCache) -> list[Caller]:
    """Return which of the two callers the cache still knows."""
    return [caller for caller in (ANN, BEN) if cache.find(caller.consent_id) == caller]


def test_a_caller_is_remembered_for_two_seconds() -> None:
    """In another process, a revoked token is honoured for no longer than that."""
    cache = CallerCache()
    remember(cache, ANN, BEN)

    assert found(cache) == [ANN, BEN]
    with clock.moved(timedelta(seconds=2)):
        assert found(cache) == []


def test_a_caller_is_not_remembered_beyond_the_token() -> None:
    """A token that expires in a moment is not honoured after it."""
    cache = CallerCache()
    cache.put("con_1", ANN, expires_at=clock.now(), generation=cache.generation)
    assert found(cache) == []


@pytest.mark.parametrize(("kind", "left"), [("consent", [BEN]), ("user", [BEN]), ("all", [])])
def test_what_is_forgotten_is_gone_at_once(kind: str, left: list[Caller]) -> None:
    """A consent, a user or everybody; the others stay."""
    cache = CallerCache()
    remember(cache, ANN, BEN)
    {
        "consent": lambda: cache.forget_consent("con_1"),
        "user": lambda: cache.forget_user("usr_1"),
        "all": cache.forget_all,
    }[kind]()
    assert found(cache) == left


def test_a_look_up_from_before_a_disconnect_is_not_remembered_after_it() -> None:
    """What was read before the forgetting must not come back through the cache."""
    cache = CallerCache()
    generation = cache.generation
    cache.forget_consent("con_1")
    cache.put("con_1", ANN, expires_at=clock.now() + timedelta(hours=1), generation=generation)
    assert found(cache) == []


def test_the_cache_is_bounded() -> None:
    """However many callers there are, memory is not filled with them; the oldest goes first."""
    cache = CallerCache(capacity=1)
    remember(cache, ANN, BEN)
    assert found(cache) == [BEN]


def test_a_token_is_not_shown_by_accident() -> None:
    """A caller that ends up in a log line does not show the upstream token."""
    assert SECRET not in repr(ANN)


def test_many_calls_at_once_ask_the_database_once(relayed: Relayed) -> None:
    """The second call of a second finds its caller in memory."""
    statements: list[str] = []
    event.listen(relayed.hub.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for _ in range(3):
        relayed.chat()
    assert len([statement for statement in statements if "FROM token" in statement]) == 1


def test_a_disconnect_ends_the_token_at_once(relayed: Relayed) -> None:
    """After the user has disconnected a site, the site's very next call is refused."""
    assert relayed.chat().status_code == 200
    with transaction(relayed.hub.engine) as session:
        consent = session.query(Consent).one()
        consent.revoked_at = clock.now()
    relayed.hub.callers.forget_consent(consent.id)
    assert relayed.chat().status_code == 401


def test_an_expired_token_is_refused(relayed: Relayed) -> None:
    """A token that was good a moment ago is not good when its time is over."""
    assert relayed.chat().status_code == 200
    with clock.moved(timedelta(days=2)):
        assert relayed.chat().status_code == 401


def test_a_partner_that_is_switched_off_is_refused(relayed: Relayed) -> None:
    """Within two seconds, without anybody having told this process."""
    with transaction(relayed.hub.engine) as session:
        session.query(Partner).one().disabled_at = clock.now()
    assert relayed.chat().status_code == 401


def test_a_new_sign_in_repairs_a_lost_connection(relayed: Relayed, stub: Stub) -> None:
    """The same access token works again when the user has signed in anew."""
    caller = Caller(consent_id="", user_id=relayed.user_id, partner_id="", upstream_token=SECRET)
    _lose(relayed.hub, caller)
    assert relayed.chat().status_code == 403
    with transaction(relayed.hub.engine) as session:
        connect(session, relayed.hub.vault, relayed.user_id, "omg-oat-v1-second")
    assert relayed.chat().status_code == 200
    assert stub.seen[-1].headers["authorization"] == "Bearer omg-oat-v1-second"


def test_a_newer_token_survives_the_refusal_of_an_older_one(relayed: Relayed) -> None:
    """A call that began before a sign-in and fails after it does not undo the sign-in."""
    old = Caller(consent_id="", user_id=relayed.user_id, partner_id="", upstream_token="omg-oat-v1-older")
    _lose(relayed.hub, old)
    assert relayed.chat().status_code == 200


def test_each_partner_spends_from_its_own_user_only(relayed: Relayed) -> None:
    """Two partners of one user leave their records under their own names."""
    other = make_partner(relayed.hub.engine, name="Other").client_id
    relayed.chat()
    relayed.chat(token=grant(relayed.hub.engine, relayed.user_id, other))
    assert {record.partner_id for record in relayed.usage(2)} == {relayed.partner_id, other}


def _lose(hub: Hub, caller: Caller) -> None:
    asyncio.run(HubCallers(hub).mark_lost(caller))
