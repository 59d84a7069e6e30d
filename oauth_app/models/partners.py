"""Partners: sites that are OAuth clients of the hub."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Amount, Base, Digest, Id, PartnerId, RowNumber


class Partner(Base):
    """A site: its name, its exact addresses and what it may ask for."""

    __tablename__ = "partner"
    __table_args__ = (
        CheckConstraint("fee_basis_points BETWEEN 0 AND 10000", "fee_is_a_share"),
        CheckConstraint("mode IN ('test', 'live')", "mode_is_known"),
    )

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
    #: Who looks after it in the developer console; None when the operator registered it.
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("user.id"), index=True)
    #: To a ``test`` site only its owner can sign in.
    mode: Mapped[str] = mapped_column(String(8))
    live_wanted_at: Mapped[datetime | None]
    policy_uri: Mapped[str | None] = mapped_column(String(2048))
    terms_uri: Mapped[str | None] = mapped_column(String(2048))
    grant_types: Mapped[list[str]]
    #: How its id_tokens are signed: ES256, RS256 or EdDSA.
    id_token_algorithm: Mapped[str] = mapped_column(String(8))
    #: Its public keys, or where they are: with either, it authenticates by private_key_jwt and has no secret.
    jwks: Mapped[dict[str, Any] | None]
    jwks_uri: Mapped[str | None] = mapped_column(String(2048))
    #: An old confidential client that knows no PKCE; it must send a nonce instead.
    is_legacy: Mapped[bool]
    requires_par: Mapped[bool]
    requires_dpop: Mapped[bool]
    #: What the operator allows the whole site of AI calls, all users together; None is no limit.
    #: Money in hundredths of an OhMyGPT unit.
    site_spend_per_day: Mapped[Amount | None]
    site_spend_per_month: Mapped[Amount | None]
    site_calls_per_minute: Mapped[int | None]
    site_calls_at_once: Mapped[int | None]
    #: What the operator allows each access token of the site; None is no limit.
    token_spend_per_day: Mapped[Amount | None]
    token_calls_per_minute: Mapped[int | None]
    token_calls_at_once: Mapped[int | None]
    backchannel_logout_uri: Mapped[str | None] = mapped_column(String(2048))
    #: Of the token by which a site that registered itself looks after its registration (RFC 7592).
    registration_token_digest: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class PartnerLogo(Base):
    """A partner's logo as the hub shows it: fetched once, re-encoded, never loaded from elsewhere by a page."""

    __tablename__ = "partner_logo"

    partner_id: Mapped[str] = mapped_column(ForeignKey("partner.id"), primary_key=True)
    png: Mapped[bytes]
    #: Names this version of the picture in its address, so that browsers may keep it.
    content_digest: Mapped[Digest]
    source_uri: Mapped[str | None] = mapped_column(String(2048))
    fetched_at: Mapped[datetime]


class ClientSecret(Base):
    """A secret of a partner, hashed; two overlap while a partner rotates."""

    __tablename__ = "client_secret"

    id: Mapped[RowNumber]
    partner_id: Mapped[PartnerId]
    secret_digest: Mapped[Digest]
    #: Its last characters, by which its owner tells two secrets apart.
    hint: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class RegistrationPermit(Base):
    """An initial access token (RFC 7591 3), hashed: who has one may register sites, so many and so long."""

    __tablename__ = "registration_permit"

    id: Mapped[Id]
    token_digest: Mapped[Digest] = mapped_column(unique=True)
    note: Mapped[str] = mapped_column(String(200))
    uses_left: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AuthorizationFailure(Base):
    """A sign-in at a partner that failed, with the reason, for the partner's own eyes."""

    __tablename__ = "authorization_failure"

    id: Mapped[Id]
    #: None when the client itself could not be proven.
    partner_id: Mapped[str | None] = mapped_column(ForeignKey("partner.id"), index=True)
    code: Mapped[str] = mapped_column(String(64))
    #: What was sent and what would have been right; never a token, a code or a person.
    details: Mapped[dict[str, Any]]
    request_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)
