"""Signed-in browsers: the cookie holds a random token, the row its digest."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, digest, new_id
from oauth_app.models import BrowserSession, User
from oauth_app.services.operators import is_operator
from oauth_app.services.partner_sessions import EndedSessions, end_sessions_of_browsers
from oauth_app.services.self_service import NotYoursError

SESSION_LIFE = timedelta(days=7)
#: ``seen_at`` is no more exact than that, so that a page is not a write.
_SEEN_EVERY = timedelta(minutes=5)
_MAX_USER_AGENT_CHARS = 256


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who sits at the browser."""

    session_id: str
    user_id: str
    email: str
    #: When they last proved it at OhMyGPT.
    signed_in_at: datetime
    seen_at: datetime
    is_operator: bool


@dataclass(frozen=True, kw_only=True)
class StartedSession:
    """A session with a fresh token, and what the sign-in has ended."""

    token: str = field(repr=False)
    ended: EndedSessions


def start_session(session: Session, user_id: str, *, user_agent: str = "") -> str:
    """Begin a session for a user who has just signed in, and return its token. The caller commits."""
    token, now = secrets.token_urlsafe(32), clock.now()
    row = BrowserSession(
        token_digest=digest(token),
        id=new_id(Kind.BROWSER_SESSION),
        user_id=user_id,
        user_agent=user_agent[:_MAX_USER_AGENT_CHARS],
        seen_at=now,
        signed_in_at=now,
        expires_at=now + SESSION_LIFE,
    )
    session.add(row)
    return token


def renew_session(session: Session, user_id: str, *, earlier: str | None, user_agent: str) -> StartedSession:
    """Return a session under a token that nobody has seen, for a sign-in at a browser that may have had one.

    The same person's session goes on, so that no partner believes they have left; another person's ends. In both
    cases the earlier token opens nothing any more. The caller commits.
    """
    if earlier and (token := _go_on(session, user_id, earlier)):
        return StartedSession(token=token, ended=EndedSessions())
    ended = end_session(session, earlier) if earlier else EndedSessions()
    return StartedSession(token=start_session(session, user_id, user_agent=user_agent), ended=ended)


def find_login(session: Session, token: str) -> Login | None:
    """Return who is signed in by this token, if anybody still is."""
    row = session.execute(
        select(BrowserSession, User.id, User.email)
        .join(User, User.id == BrowserSession.user_id)
        .where(BrowserSession.token_digest == digest(token), BrowserSession.expires_at > clock.now())
    ).first()
    if row is None:
        return None
    return Login(
        session_id=row.BrowserSession.id,
        user_id=row.id,
        email=row.email,
        signed_in_at=row.BrowserSession.signed_in_at,
        seen_at=row.BrowserSession.seen_at,
        is_operator=is_operator(session, row.email),
    )


def is_worth_noting(login: Login) -> bool:
    """Tell whether the browser was not seen for so long that its being here should be kept."""
    return login.seen_at < clock.now() - _SEEN_EVERY


def note_seen(session: Session, login: Login) -> None:
    """Keep that the browser is here. The caller commits."""
    here = update(BrowserSession).where(BrowserSession.id == login.session_id)
    session.execute(here.values(seen_at=clock.now()))


def list_sessions(session: Session, user_id: str) -> Sequence[BrowserSession]:
    """Return where the user is signed in, the browser seen last first."""
    lives = (BrowserSession.user_id == user_id, BrowserSession.expires_at > clock.now())
    return session.scalars(select(BrowserSession).where(*lives).order_by(BrowserSession.seen_at.desc())).all()


def end_session(session: Session, token: str) -> EndedSessions:
    """Sign the browser out, whatever its cookie says from now on. The caller commits."""
    return _end(session, BrowserSession.token_digest == digest(token))


def end_own_session(session: Session, user_id: str, session_id: str) -> EndedSessions:
    """Sign one of the user's browsers out. The caller commits.

    Raises:
        NotYoursError: it is not one of theirs.
    """
    row = session.scalar(select(BrowserSession).where(BrowserSession.id == session_id))
    if row is None or row.user_id != user_id:
        raise NotYoursError(session_id)
    return _end(session, BrowserSession.id == session_id)


def end_all_sessions(session: Session, user_id: str) -> EndedSessions:
    """Sign the user out of every browser. The caller commits."""
    return _end(session, BrowserSession.user_id == user_id)


def end_expired_sessions(session: Session, *, limit: int) -> tuple[int, EndedSessions]:
    """End at most so many sessions that have run out; return how many, and what came of it. The caller commits."""
    expired = select(BrowserSession.id).where(BrowserSession.expires_at < clock.now()).limit(limit)
    ids = session.scalars(expired.with_for_update(skip_locked=True)).all()
    return len(ids), _end(session, BrowserSession.id.in_(ids))


def _go_on(session: Session, user_id: str, earlier: str) -> str | None:
    token, now = secrets.token_urlsafe(32), clock.now()
    renewed = session.execute(
        update(BrowserSession)
        .where(
            BrowserSession.token_digest == digest(earlier),
            BrowserSession.user_id == user_id,
            BrowserSession.expires_at > now,
        )
        .values(token_digest=digest(token), signed_in_at=now, seen_at=now, expires_at=now + SESSION_LIFE)
        .returning(BrowserSession.id)
    ).first()
    return token if renewed else None


def _end(session: Session, *which: ColumnElement[bool]) -> EndedSessions:
    ended = session.scalars(delete(BrowserSession).where(*which).returning(BrowserSession.id)).all()
    return end_sessions_of_browsers(session, ended)
