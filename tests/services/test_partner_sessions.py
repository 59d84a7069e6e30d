"""A browser's session at partners: one name for each, and an end that leaves nothing behind."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, TokenKind, new_id, new_token
from oauth_app.models import BrowserSession, Consent, Delivery, PartnerSession, User
from oauth_app.provider.owner import is_session_over
from oauth_app.provider.tokens import Family, keep_access_token
from oauth_app.services.access import InvalidTokenError, find_access
from oauth_app.services.browser_sessions import (
    SESSION_LIFE,
    end_all_sessions,
    end_own_session,
    end_session,
    find_login,
    list_sessions,
    renew_session,
    start_session,
)
from oauth_app.services.consent import Agreement, agree, revoke_consent
from oauth_app.services.partner_sessions import SessionEndedError, open_partner_session
from oauth_app.services.self_service import NotYoursError
from oauth_app.services.sweeping import sweep
from tests.fixtures.hub import Person, make_partner

LISTENER = "https://shop.example/logout"


@pytest.fixture
def user_id(engine: Engine) -> str:
    """Keep a user in each database."""
    user_id, now = new_id(Kind.USER), clock.now()
    with transaction(engine) as session:
        session.add(User(id=user_id, upstream_user_id="1", email="a@example.com", created_at=now, signed_in_at=now))
    return user_id


@pytest.fixture
def consent(engine: Engine, user_id: str) -> Consent:
    """Let the user sign in to a site that listens."""
    partner = make_partner(engine, backchannel_logout_uri=LISTENER)
    with transaction(engine) as session:
        return agree(session, Agreement(user_id=user_id, partner_id=partner.client_id, scopes=["openid"]))


def sign_in(engine: Engine, user_id: str) -> tuple[str, str]:
    """Return (token, id) of a new session of a browser."""
    with transaction(engine) as session:
        token = start_session(session, user_id)
    with reading(engine) as session:
        login = find_login(session, token)
    assert login is not None
    return token, login.session_id


def open_at(engine: Engine, session_id: str, consent: Consent) -> str:
    """Return the sid."""
    with transaction(engine) as session:
        return open_partner_session(session, session_id, consent)


def told(engine: Engine) -> list[str]:
    """Return the sids of which partners will be told."""
    with reading(engine) as session:
        return [row.payload["sid"] for row in session.scalars(select(Delivery).order_by(Delivery.id))]


def test_a_session_has_one_name_at_a_partner(engine: Engine, user_id: str, consent: Consent) -> None:
    """The same each time, another in another browser."""
    _, here = sign_in(engine, user_id)
    _, there = sign_in(engine, user_id)

    assert open_at(engine, here, consent) == open_at(engine, here, consent)
    assert open_at(engine, here, consent) != open_at(engine, there, consent)


def test_a_session_that_has_ended_is_opened_nowhere(engine: Engine, user_id: str, consent: Consent) -> None:
    """Who signed out in another tab is not signed in at a site by this one."""
    token, here = sign_in(engine, user_id)
    with transaction(engine) as session:
        end_session(session, token)

    with pytest.raises(SessionEndedError):
        open_at(engine, here, consent)


def test_signing_out_tells_each_partner_once(engine: Engine, user_id: str, consent: Consent) -> None:
    """A second sign-out with the same cookie has nothing to tell."""
    token, here = sign_in(engine, user_id)
    sid = open_at(engine, here, consent)

    for _ in range(2):
        with transaction(engine) as session:
            end_session(session, token)
    assert told(engine) == [sid]


def test_a_partner_that_does_not_listen_is_not_told(engine: Engine, user_id: str) -> None:
    """There is nowhere to send it."""
    partner = make_partner(engine)
    token, here = sign_in(engine, user_id)
    with transaction(engine) as session:
        consent = agree(session, Agreement(user_id=user_id, partner_id=partner.client_id, scopes=["openid"]))
        open_partner_session(session, here, consent)
    with transaction(engine) as session:
        ended = end_session(session, token)

    assert (ended.told, ended.consent_ids, told(engine)) == ((), frozenset({consent.id}), [])


def test_signing_out_everywhere_ends_all(engine: Engine, user_id: str, consent: Consent) -> None:
    """Every browser of the user, and no one else's."""
    sids = [open_at(engine, sign_in(engine, user_id)[1], consent) for _ in range(3)]
    now = clock.now()
    with transaction(engine) as session:
        session.add(User(id="usr_other", upstream_user_id="2", email="b@x.example", created_at=now, signed_in_at=now))
    sign_in(engine, "usr_other")
    with transaction(engine) as session:
        ended = end_all_sessions(session, user_id)

    with reading(engine) as session:
        assert list_sessions(session, user_id) == []
        assert len(list_sessions(session, "usr_other")) == 1
    assert (sorted(told(engine)), ended.told) == (sorted(sids), ("Shop",))


def test_a_session_of_another_is_not_ended(engine: Engine, user_id: str) -> None:
    """A user can end only their own, even knowing the id."""
    _, here = sign_in(engine, user_id)

    with pytest.raises(NotYoursError), transaction(engine) as session:
        end_own_session(session, "usr_other", here)
    with reading(engine) as session:
        assert len(list_sessions(session, user_id)) == 1


def test_a_disconnect_ends_the_sites_sessions(engine: Engine, user_id: str, consent: Consent) -> None:
    """In every browser, and the hub's own sessions go on; a new sign-in there is another session."""
    browsers = [sign_in(engine, user_id)[1] for _ in range(2)]
    sids = [open_at(engine, browser, consent) for browser in browsers]
    with transaction(engine) as session:
        revoke_consent(session, consent.id)

    assert sorted(told(engine)) == sorted(sids)
    with reading(engine) as session:
        assert len(list_sessions(session, user_id)) == 2
    assert open_at(engine, browsers[0], consent) not in sids


def test_a_new_sign_in_of_the_same_person_goes_on(engine: Engine, user_id: str, consent: Consent) -> None:
    """Sites see no end; the cookie is another, and the old one opens nothing: no session can be fixed."""
    token, here = sign_in(engine, user_id)
    sid = open_at(engine, here, consent)
    with clock.moved(timedelta(hours=1)):
        with transaction(engine) as session:
            started = renew_session(session, user_id, earlier=token, user_agent="")
        with reading(engine) as session:
            login, gone = find_login(session, started.token), find_login(session, token)

    assert (gone, told(engine)) == (None, [])
    assert login is not None
    assert login.session_id == here
    assert login.signed_in_at > clock.now() + timedelta(minutes=59)
    assert open_at(engine, here, consent) == sid


def test_a_sign_in_of_somebody_else_ends_the_first(engine: Engine, user_id: str, consent: Consent) -> None:
    """The person at the browser has changed, and the sites of the first one hear of it."""
    token, here = sign_in(engine, user_id)
    sid, now = open_at(engine, here, consent), clock.now()
    with transaction(engine) as session:
        session.add(User(id="usr_other", upstream_user_id="2", email="b@x.example", created_at=now, signed_in_at=now))
        session.flush()  # the session names it
        started = renew_session(session, "usr_other", earlier=token, user_agent="")

    assert told(engine) == [sid]
    with reading(engine) as session:
        login = find_login(session, started.token)
    assert login is not None
    assert login.session_id != here


def test_a_session_that_runs_out_is_told(hub: Hub, alice: Person) -> None:
    """The sweep ends it as a sign-out would; a month later nothing of it is left."""
    partner = make_partner(hub.engine, backchannel_logout_uri="http://127.0.0.1:1/logout")
    _, here = sign_in(hub.engine, alice.user_id)
    with transaction(hub.engine) as session:
        agreement = Agreement(user_id=alice.user_id, partner_id=partner.client_id, scopes=["openid"])
        sid = open_partner_session(session, here, agree(session, agreement))

    with clock.moved(SESSION_LIFE + timedelta(minutes=1)):
        assert sweep(hub) == 1
        assert told(hub.engine) == [sid]
    with transaction(hub.engine) as session:
        session.scalars(select(Delivery)).one().done_at = clock.now()
    with clock.moved(SESSION_LIFE + timedelta(days=31)):
        assert sweep(hub) == 2
    with reading(hub.engine) as session:
        left = [session.scalar(select(func.count()).select_from(table)) for table in (PartnerSession, Delivery)]
    assert left == [0, 0]


def test_a_sign_in_at_a_site_beside_a_sign_out_leaves_nothing(engine: Engine, user_id: str, consent: Consent) -> None:
    """However the two fall together, no session of a partner outlives the browser's."""
    for _ in range(10):
        token, here = sign_in(engine, user_id)
        start = threading.Barrier(2)
        threads = [
            threading.Thread(target=_open_after, args=[engine, here, consent, start]),
            threading.Thread(target=_leave_after, args=[engine, token, start]),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(BrowserSession)) == 0
        alive = session.scalars(select(PartnerSession.id).where(PartnerSession.ended_at.is_(None))).all()
    assert alive == []


def test_tokens_that_are_written_beside_a_sign_out_end(engine: Engine, user_id: str, consent: Consent) -> None:
    """Who signs out while a site exchanges its code waits for the tokens, and ends them."""
    token, here = sign_in(engine, user_id)
    sid, access = open_at(engine, here, consent), new_token(TokenKind.ACCESS)
    start = threading.Barrier(1)
    leaving = threading.Thread(target=_leave_after, args=[engine, token, start])
    with transaction(engine) as session:
        assert not is_session_over(session, sid)
        leaving.start()
        leaving.join(0.3)
        assert leaving.is_alive()
        family = Family(
            id=new_id(Kind.FAMILY),
            consent_id=consent.id,
            partner_id=consent.partner_id,
            signed_in_at=clock.now(),
            partner_session_id=sid,
        )
        keep_access_token(session, family, access, "openid")
    leaving.join()

    with reading(engine) as session, pytest.raises(InvalidTokenError):
        find_access(session, access)


def _open_after(engine: Engine, session_id: str, consent: Consent, start: threading.Barrier) -> None:
    start.wait()
    try:
        open_at(engine, session_id, consent)
    except SessionEndedError:
        return


def _leave_after(engine: Engine, token: str, start: threading.Barrier) -> None:
    start.wait()
    with transaction(engine) as session:
        end_session(session, token)
