"""What ties a browser to a person: signed-in sessions and sign-ins under way."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Base, Digest


class BrowserSession(Base):
    """One signed-in browser. The cookie holds the token, the row its digest: deleting the row ends it."""

    __tablename__ = "browser_session"

    token_digest: Mapped[Digest] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"), index=True)
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
