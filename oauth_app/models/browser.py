"""What ties a browser to a person: signed-in sessions and sign-ins under way."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Base, ConsentId, Digest, Id, PartnerId


class BrowserSession(Base):
    """One signed-in browser. The cookie holds the token, the row its digest: deleting the row ends it."""

    __tablename__ = "browser_session"

    token_digest: Mapped[Digest] = mapped_column(primary_key=True)
    #: Names the session where the token must not stand: on the account page, in other rows.
    id: Mapped[str] = mapped_column(String(40), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"), index=True)
    #: What the browser said it is, for the list on the account page.
    user_agent: Mapped[str] = mapped_column(String(256))
    seen_at: Mapped[datetime]
    #: When the person proved who they are at OhMyGPT (OpenID Connect ``auth_time``).
    signed_in_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SignInAttempt(Base):
    """A trip to OhMyGPT's authorize page that has not come back. One per tab, so ten tabs work."""

    __tablename__ = "sign_in_attempt"

    state_digest: Mapped[Digest] = mapped_column(primary_key=True)
    #: The browser that set out; the answer counts only in the same one.
    browser_digest: Mapped[Digest]
    return_to: Mapped[str] = mapped_column(String(8192))
    created_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class PartnerSession(Base):
    """A browser session as one partner knows it (``sid``): ended together with it, and the partner told.

    The id is made for the pair, so that two partners cannot join their users by it.
    """

    __tablename__ = "partner_session"
    __table_args__ = (UniqueConstraint("browser_session_id", "partner_id"),)

    id: Mapped[Id]
    #: No foreign key: the browser's session is deleted when it ends, and this row tells of it.
    browser_session_id: Mapped[str] = mapped_column(String(40))
    partner_id: Mapped[PartnerId]
    consent_id: Mapped[ConsentId]
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
