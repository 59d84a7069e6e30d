"""A browser's session as each partner knows it: the ``sid`` of id_tokens and logout tokens.

Ending one ends the tokens that live by it, and leaves word for the partner; see ``docs/logout.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into
from oauth_app.errors import HubError
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import BrowserSession, Consent, Partner, PartnerSession
from oauth_app.outbox import Message, enqueue
from oauth_app.provider.logout_token import LOGOUT_TOKEN
from oauth_app.provider.tokens import end_tokens_of_sessions


class SessionEndedError(HubError):
    """The person signed out while their browser was on its way to a partner."""


@dataclass(frozen=True, kw_only=True)
class EndedSessions:
    """What is to be told of sessions that have ended."""

    #: Of whom tokens have ended: after the commit, who remembers their callers must hear of it.
    consent_ids: frozenset[str] = frozenset()
    #: The partners that will be told, by name.
    told: tuple[str, ...] = ()


def open_partner_session(session: Session, browser_session_id: str, consent: Consent) -> str:
    """Return the ``sid`` of the browser's session at the consent's partner, the same each time. The caller commits.

    One that the partner has been told the end of is not used again: a logout token that is still on its way
    would end the new one.

    Raises:
        SessionEndedError: there is no such session of the browser any more.
    """
    # Locked, so that a sign-out at the same moment either sees the new row, or is seen here.
    browser = select(BrowserSession.id).where(BrowserSession.id == browser_session_id)
    if session.scalar(browser.with_for_update(read=True)) is None:
        raise SessionEndedError(browser_session_id)
    fresh = {"id": new_id(Kind.PARTNER_SESSION), "consent_id": consent.id, "started_at": clock.now()}
    row = insert_into(session, PartnerSession).values(
        browser_session_id=browser_session_id, partner_id=consent.partner_id, ended_at=None, **fresh
    )
    is_over = PartnerSession.ended_at.is_not(None)
    kept = {name: case((is_over, value), else_=getattr(PartnerSession, name)) for name, value in fresh.items()}
    upsert = row.on_conflict_do_update(
        index_elements=[PartnerSession.browser_session_id, PartnerSession.partner_id],
        set_={**kept, "ended_at": None},
    )
    return session.execute(upsert.returning(PartnerSession.id)).scalar_one()


def end_sessions_of_browsers(session: Session, browser_session_ids: Sequence[str]) -> EndedSessions:
    """End what partners know of these sessions of browsers. The caller commits, and has ended the sessions."""
    return _end(session, PartnerSession.browser_session_id.in_(browser_session_ids))


def end_sessions_of_consent(session: Session, consent_id: str) -> EndedSessions:
    """End all that a partner knows of a user's browsers, as at a disconnect. The caller commits."""
    return _end(session, PartnerSession.consent_id == consent_id)


def forget_callers(hub: Hub, ended: EndedSessions) -> None:
    """Let the relay take the tokens no longer that have ended. Call it after the commit."""
    for consent_id in ended.consent_ids:
        hub.callers.forget_consent(consent_id)


def is_session_of(session: Session, partner_session_id: str, browser_session_id: str) -> bool:
    """Tell whether the ``sid`` names this session of a browser, and still does."""
    row = session.get(PartnerSession, partner_session_id)
    return row is not None and row.ended_at is None and row.browser_session_id == browser_session_id


def _end(session: Session, which: ColumnElement[bool]) -> EndedSessions:
    ended = session.execute(
        update(PartnerSession)
        .where(which, PartnerSession.ended_at.is_(None))
        .values(ended_at=clock.now())
        .returning(PartnerSession.id, PartnerSession.consent_id)
    ).all()
    if not ended:
        return EndedSessions()
    session_ids = [row.id for row in ended]
    end_tokens_of_sessions(session, session_ids)
    return EndedSessions(consent_ids=frozenset(row.consent_id for row in ended), told=_leave_word(session, session_ids))


def _leave_word(session: Session, session_ids: Sequence[str]) -> tuple[str, ...]:
    rows = session.execute(
        select(PartnerSession.id, Consent.subject, Partner)
        .join(Consent, Consent.id == PartnerSession.consent_id)
        .join(Partner, Partner.id == PartnerSession.partner_id)
        .where(
            PartnerSession.id.in_(session_ids),
            Partner.backchannel_logout_uri.is_not(None),
            Partner.disabled_at.is_(None),
        )
        .order_by(Partner.name)
    ).all()
    for sid, subject, partner in rows:
        payload = {"sid": sid, "sub": subject}
        uri = str(partner.backchannel_logout_uri)
        enqueue(session, Message(kind=LOGOUT_TOKEN, partner_id=partner.id, url=uri, payload=payload))
    return tuple(dict.fromkeys(partner.name for _sid, _subject, partner in rows))
