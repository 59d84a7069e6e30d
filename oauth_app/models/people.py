"""People: users, their connection to OhMyGPT, and operators."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Base, Id


class User(Base):
    """A person with an OhMyGPT account, known by the provider's user id."""

    __tablename__ = "user"

    id: Mapped[Id]
    upstream_user_id: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(320), index=True)
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime]


class UpstreamConnection(Base):
    """The OhMyGPT token of a user, sealed. One per user; the next sign-in replaces it."""

    __tablename__ = "upstream_connection"

    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"), primary_key=True)
    #: None when the connection is lost: a token that no longer works is not worth keeping.
    sealed_token: Mapped[bytes | None]
    connected_at: Mapped[datetime]
    lost_at: Mapped[datetime | None]


class Operator(Base):
    """An e-mail address whose owner may open ``/admin``; it may be granted before the first sign-in."""

    __tablename__ = "operator"

    email: Mapped[str] = mapped_column(String(320), primary_key=True)
    granted_at: Mapped[datetime]
