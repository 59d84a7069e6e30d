"""Tokens as they are kept: digests, in families that live and die together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import digest
from oauth_app.models import AuthorizationCode, DeviceGrant, TokenRow

#: ``token.kind`` of the two kinds of token.
ACCESS, REFRESH = "access", "refresh"
ACCESS_LIFE = timedelta(hours=1)
#: From the sign-in, however often a refresh token is exchanged: then the user signs in again.
FAMILY_LIFE = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Family:
    """All that comes of one sign-in at one partner."""

    id: str
    #: None for the client credentials grant.
    consent_id: str | None
    partner_id: str
    signed_in_at: datetime
    partner_session_id: str | None = None
    #: The claims parameter of the authorization request, as it was understood.
    claims: dict[str, Any] | None = None
    #: What the authorization request asked of AI calls (RFC 9396).
    details: list[dict[str, Any]] | None = None
    #: The key that every token of the family is bound to; None for bearer tokens.
    dpop_thumbprint: str | None = None

    @classmethod
    def of(cls, row: AuthorizationCode | DeviceGrant | TokenRow) -> "Family":
        """Return the family of a code or a token."""
        # A device has no session of a browser, names no claims, and no key before it asks.
        asked = None if isinstance(row, DeviceGrant) else row
        return cls(
            id=row.family_id,
            consent_id=row.consent_id,
            partner_id=row.partner_id,
            signed_in_at=row.signed_in_at or clock.now(),
            partner_session_id=asked.partner_session_id if asked else None,
            claims=asked.claims if asked else None,
            details=asked.authorization_details if asked else None,
            dpop_thumbprint=asked.dpop_thumbprint if asked else None,
        )


def keep_access_token(session: Session, family: Family, token: str, scope: str) -> None:
    """Keep an access token for an hour. The caller commits."""
    _keep(session, family, token, TokenRow(kind=ACCESS, scope=scope, expires_at=clock.now() + ACCESS_LIFE))


def keep_refresh_token(session: Session, family: Family, token: str, scope: str) -> None:
    """Keep a refresh token until the end of its family. The caller commits."""
    ends_at = family.signed_in_at + FAMILY_LIFE
    _keep(session, family, token, TokenRow(kind=REFRESH, scope=scope, expires_at=ends_at))


def revoke_family(session: Session, family_id: str) -> None:
    """Revoke every token that came of one sign-in. The caller commits."""
    _revoke(session, update(TokenRow).where(TokenRow.family_id == family_id))


def revoke_all_of_consent(session: Session, consent_id: str) -> None:
    """Revoke all tokens and unused codes of a user at a partner. The caller commits."""
    _revoke(session, update(TokenRow).where(TokenRow.consent_id == consent_id))
    now = clock.now()
    session.execute(
        update(AuthorizationCode)
        .where(AuthorizationCode.consent_id == consent_id, AuthorizationCode.expires_at > now)
        .values(expires_at=now)
    )
    # A device that was approved and has not asked yet must not wake up when the user agrees anew.
    session.execute(
        update(DeviceGrant)
        .where(DeviceGrant.consent_id == consent_id, DeviceGrant.status == "approved")
        .values(status="denied")
    )


def end_tokens_of_sessions(session: Session, partner_session_ids: Sequence[str]) -> None:
    """End the tokens that live by these sessions at partners (Back-Channel Logout 2.7).

    A refresh token is there only because the user agreed to ``offline_access``, which is access without a session:
    its family stays. The caller commits, and has ended the sessions before, so that no code brings new tokens.
    """
    offline = select(TokenRow.family_id).where(
        TokenRow.partner_session_id.in_(partner_session_ids), TokenRow.kind == REFRESH
    )
    of_sessions = update(TokenRow).where(TokenRow.partner_session_id.in_(partner_session_ids))
    _revoke(session, of_sessions.where(TokenRow.family_id.not_in(offline)))


def _keep(session: Session, family: Family, token: str, row: TokenRow) -> None:
    row.token_digest = digest(token)
    row.family_id = family.id
    row.consent_id = family.consent_id
    row.partner_id = family.partner_id
    row.signed_in_at = family.signed_in_at
    row.partner_session_id = family.partner_session_id
    row.claims = family.claims
    row.authorization_details = family.details
    row.dpop_thumbprint = family.dpop_thumbprint
    row.issued_at = clock.now()
    session.add(row)


def _revoke(session: Session, tokens: Update) -> None:
    session.execute(tokens.where(TokenRow.revoked_at.is_(None)).values(revoked_at=clock.now()))
