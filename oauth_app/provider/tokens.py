"""Tokens as they are kept: digests, in families that live and die together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import digest
from oauth_app.models import AuthorizationCode, TokenRow

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
    #: The key that every token of the family is bound to; None for bearer tokens.
    dpop_thumbprint: str | None = None

    @classmethod
    def of(cls, row: AuthorizationCode | TokenRow) -> "Family":
        """Return the family of a code or a token."""
        return cls(
            id=row.family_id,
            consent_id=row.consent_id,
            partner_id=row.partner_id,
            signed_in_at=row.signed_in_at,
            partner_session_id=row.partner_session_id,
            claims=row.claims,
            dpop_thumbprint=row.dpop_thumbprint,
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


def _keep(session: Session, family: Family, token: str, row: TokenRow) -> None:
    row.token_digest = digest(token)
    row.family_id = family.id
    row.consent_id = family.consent_id
    row.partner_id = family.partner_id
    row.signed_in_at = family.signed_in_at
    row.partner_session_id = family.partner_session_id
    row.claims = family.claims
    row.dpop_thumbprint = family.dpop_thumbprint
    row.issued_at = clock.now()
    session.add(row)


def _revoke(session: Session, tokens: Update) -> None:
    session.execute(tokens.where(TokenRow.revoked_at.is_(None)).values(revoked_at=clock.now()))
