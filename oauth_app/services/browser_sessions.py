"""Signed-in browsers: the cookie holds a random token, the row its digest."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, digest, new_id
from oauth_app.models import BrowserSession, User
from oauth_app.services.operators import is_operator

SESSION_LIFE = timedelta(days=7)
_MAX_USER_AGENT_CHARS = 256


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who sits at the browser."""

    session_id: str
    user_id: str
    email: str
    #: When they last proved it at OhMyGPT.
    signed_in_at: datetime
    is_operator: bool


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


def find_login(session: Session, token: str) -> Login | None:
    """Return who is signed in by this token, if anybody still is."""
    row = session.execute(
        select(BrowserSession.id.label("session_id"), BrowserSession.signed_in_at, User.id, User.email)
        .join(User, User.id == BrowserSession.user_id)
        .where(BrowserSession.token_digest == digest(token), BrowserSession.expires_at > clock.now())
    ).first()
    if row is None:
        return None
    return Login(
        session_id=row.session_id,
        user_id=row.id,
        email=row.email,
        signed_in_at=row.signed_in_at,
        is_operator=is_operator(session, row.email),
    )


def end_session(session: Session, token: str) -> None:
    """Sign the browser out, whatever its cookie says from now on. The caller commits."""
    session.execute(delete(BrowserSession).where(BrowserSession.token_digest == digest(token)))
