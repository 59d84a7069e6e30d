"""Partners: sites that are OAuth clients of the hub."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Base, Digest, Id, PartnerId, RowNumber


class Partner(Base):
    """A site: its name, its exact addresses and what it may ask for."""

    __tablename__ = "partner"
    __table_args__ = (CheckConstraint("fee_basis_points BETWEEN 0 AND 10000", "fee_is_a_share"),)

    #: Also the OAuth ``client_id``: one name for one thing.
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120))
    #: A public client has no secret (a single-page site, a command-line tool).
    is_public: Mapped[bool]
    redirect_uris: Mapped[list[str]]
    post_logout_redirect_uris: Mapped[list[str]]
    scopes: Mapped[list[str]]
    homepage: Mapped[str | None] = mapped_column(String(2048))
    #: The operator's part of each charge, in hundredths of a per cent; the rest is the partner's.
    fee_basis_points: Mapped[int]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class ClientSecret(Base):
    """A secret of a partner, hashed; two overlap while a partner rotates."""

    __tablename__ = "client_secret"

    id: Mapped[RowNumber]
    partner_id: Mapped[PartnerId]
    secret_digest: Mapped[Digest]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
