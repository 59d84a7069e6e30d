"""What a user has allowed, and the codes, tokens and keys made of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Amount, Base, ConsentId, Digest, Id, PartnerId, RowNumber, UserId


class Consent(Base):
    """What one user allows one partner. The row outlives a disconnect: ``subject`` must never change."""

    __tablename__ = "consent"
    __table_args__ = (UniqueConstraint("user_id", "partner_id"),)

    id: Mapped[Id]
    user_id: Mapped[UserId]
    partner_id: Mapped[PartnerId]
    #: The pairwise ``sub`` (OpenID Connect Core 8.1): random, so two partners cannot join their users.
    subject: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    #: Limits in hundredths of an OhMyGPT unit; None is no limit but the balance.
    limit_per_charge: Mapped[Amount | None]
    limit_per_month: Mapped[Amount | None]
    #: How many AI calls a minute the partner may make for the user; None is no limit of the user's.
    calls_per_minute: Mapped[int | None]
    #: What AI calls may cost in a day and in a month (UTC), in hundredths of an OhMyGPT unit; None is no limit.
    ai_spend_per_day: Mapped[Amount | None]
    ai_spend_per_month: Mapped[Amount | None]
    ai_calls_at_once: Mapped[int | None]
    #: Names of models, which may end in ``*``; None is all.
    allowed_models: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: Kinds of calls (``oauth_app.endpoint_groups``); None is all.
    allowed_endpoints: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: What the partner asked for when the user last answered (RFC 9396): the same is not asked again.
    asked_details: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    #: A charge above this waits for the user's word; in hundredths of an OhMyGPT unit, None is never.
    step_up_above: Mapped[Amount | None]
    agreed_at: Mapped[datetime]
    #: When the user's word runs out by itself; None is not before it is taken back.
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuthorizationCode(Base):
    """A code of the authorization endpoint: hashed, one use, a minute."""

    __tablename__ = "authorization_code"

    code_digest: Mapped[Digest] = mapped_column(primary_key=True)
    consent_id: Mapped[ConsentId]
    partner_id: Mapped[PartnerId]
    redirect_uri: Mapped[str] = mapped_column(String(2048))
    scope: Mapped[str] = mapped_column(String(512))
    nonce: Mapped[str | None] = mapped_column(String(512))
    code_challenge: Mapped[str | None] = mapped_column(String(128))
    #: The claims parameter, as it was understood (OpenID Connect Core 5.5).
    claims: Mapped[dict[str, Any] | None]
    #: What the partner asked for of AI calls (RFC 9396); the tokens allow no more than that.
    authorization_details: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    #: Of the key that must prove itself at the exchange (RFC 9449 10).
    dpop_thumbprint: Mapped[str | None] = mapped_column(String(43))
    partner_session_id: Mapped[str | None] = mapped_column(String(40))
    signed_in_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    #: The tokens that came of this code; a second use of the code revokes them all.
    family_id: Mapped[str] = mapped_column(String(40))


class TokenRow(Base):
    """An access or refresh token of ours, hashed. All that come of one sign-in are one family."""

    __tablename__ = "token"
    __table_args__ = (Index("ix__token__family_id__kind", "family_id", "kind"),)

    token_digest: Mapped[Digest] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    family_id: Mapped[str] = mapped_column(String(40))
    #: None for a token of the client credentials grant, which stands for no user.
    consent_id: Mapped[str | None] = mapped_column(ForeignKey("consent.id"), index=True)
    partner_id: Mapped[PartnerId]
    scope: Mapped[str] = mapped_column(String(512))
    claims: Mapped[dict[str, Any] | None]
    #: What the partner asked for of AI calls (RFC 9396); None is all that the user allows.
    authorization_details: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    #: Of the key without which the token is worth nothing (RFC 9449 6); None for a bearer token.
    dpop_thumbprint: Mapped[str | None] = mapped_column(String(43))
    partner_session_id: Mapped[str | None] = mapped_column(String(40), index=True)
    signed_in_at: Mapped[datetime]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    #: When a refresh token was exchanged for the next one.
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class PushedRequest(Base):
    """An authorization request that came by the back door (RFC 9126); the browser brings only its name."""

    __tablename__ = "pushed_request"

    request_digest: Mapped[Digest] = mapped_column(primary_key=True)
    partner_id: Mapped[PartnerId]
    parameters: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class DeviceGrant(Base):
    """A sign-in on a device without a browser (RFC 8628), decided on another one."""

    __tablename__ = "device_grant"
    __table_args__ = (CheckConstraint("status IN ('pending', 'approved', 'denied', 'used')", "status_is_known"),)

    device_code_digest: Mapped[Digest] = mapped_column(primary_key=True)
    user_code_digest: Mapped[Digest] = mapped_column(unique=True)
    partner_id: Mapped[PartnerId]
    scope: Mapped[str] = mapped_column(String(512))
    status: Mapped[str] = mapped_column(String(8))
    consent_id: Mapped[str | None] = mapped_column(ForeignKey("consent.id"), index=True)
    signed_in_at: Mapped[datetime | None]
    family_id: Mapped[str] = mapped_column(String(40))
    #: How long the device must wait between two questions; it grows when the device does not.
    interval_s: Mapped[int]
    polled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class WrongUserCode(Base):
    """A code of a device that somebody typed and that does not exist: who guesses is slowed down (RFC 8628 5.1)."""

    __tablename__ = "wrong_user_code"

    id: Mapped[RowNumber]
    user_id: Mapped[UserId]
    tried_at: Mapped[datetime] = mapped_column(index=True)


class UsedProof(Base):
    """A signed proof that counts once: a DPoP proof (RFC 9449 11.1), a client assertion (RFC 7523 3)."""

    __tablename__ = "used_proof"

    proof_digest: Mapped[Digest] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SigningKey(Base):
    """A private key that signs id_tokens, sealed; published before it signs, and for a while after."""

    __tablename__ = "signing_key"

    key_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    algorithm: Mapped[str] = mapped_column(String(16))
    sealed_private_key: Mapped[bytes]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
