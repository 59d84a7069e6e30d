"""A partner's server that acts for a user who is not there, under a standing consent."""

import hmac
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.identifiers import TokenKind, digest, is_well_formed
from oauth_app.models import ClientSecret, Consent, Partner, TokenRow, User
from oauth_app.provider.authorization_details import limits_of_consent
from oauth_app.provider.clients import SECRET_METHODS, auth_methods_of
from oauth_app.provider.owner import is_in_force
from oauth_app.provider.tokens import ACCESS
from oauth_app.services.access import Access, InvalidTokenError
from oauth_app.services.scopes import Scope
from oauth_app.services.site_limits import site_calls, token_calls

#: Longer than any request takes: such an access is made for one and never kept.
_LIFE = timedelta(minutes=5)


class InvalidClientError(HubError):
    """No such partner, not its secret, or it is switched off (RFC 6749 5.2 ``invalid_client``)."""


class UnknownUserError(HubError):
    """The partner has no user of this ``sub`` who lets it act alone (``offline_access``)."""


@dataclass(frozen=True, kw_only=True)
class ClientToken:
    """A partner's server, by an access token of its own."""

    partner: Partner
    #: What of the users' consents it can make use of.
    scopes: frozenset[str]
    #: The key that the caller must prove (RFC 9449); None for a bearer token.
    dpop_thumbprint: str | None


def authenticate_client(session: Session, client_id: str, secret: str) -> Partner:
    """Return the partner whose server calls.

    Raises:
        InvalidClientError: it is not proven.
    """
    now = clock.now()
    stored = session.scalars(
        select(ClientSecret.secret_digest).where(
            ClientSecret.partner_id == client_id, or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > now)
        )
    ).all()
    given = digest(secret)
    # Every secret is compared, so the time does not tell which one it was.
    is_proven = sum(hmac.compare_digest(given, known) for known in stored) > 0
    partner = session.get(Partner, client_id) if is_proven else None
    if partner is None or partner.disabled_at is not None or not set(SECRET_METHODS) & set(auth_methods_of(partner)):
        raise InvalidClientError
    return partner


def find_client_token(session: Session, token: str) -> ClientToken:
    """Return what a token of the client credentials grant stands for.

    Raises:
        InvalidTokenError: it is none, or expired, revoked, or its partner is switched off.
    """
    if not is_well_formed(token, TokenKind.ACCESS):
        raise InvalidTokenError
    row = session.execute(
        select(TokenRow, Partner)
        .join(Partner, Partner.id == TokenRow.partner_id)
        .where(
            TokenRow.token_digest == digest(token),
            TokenRow.kind == ACCESS,
            TokenRow.consent_id.is_(None),
            TokenRow.revoked_at.is_(None),
            TokenRow.expires_at > clock.now(),
            Partner.disabled_at.is_(None),
        )
    ).first()
    if row is None:
        raise InvalidTokenError
    kept, partner = row
    return ClientToken(partner=partner, scopes=frozenset(kept.scope.split()), dpop_thumbprint=kept.dpop_thumbprint)


def find_access_of_client(session: Session, partner: Partner, subject: str) -> Access:
    """Return what the partner may do for its user ``subject``, for this one request.

    Raises:
        UnknownUserError: nobody of this ``sub`` lets the partner act alone.
    """
    found = session.execute(
        select(Consent, User.email)
        .join(User, User.id == Consent.user_id)
        .where(Consent.partner_id == partner.id, Consent.subject == subject, is_in_force())
    ).first()
    if found is None or Scope.OFFLINE_ACCESS not in found[0].scopes:
        raise UnknownUserError(subject)
    consent, email = found
    return Access(
        consent_id=consent.id,
        user_id=consent.user_id,
        email=email,
        partner_id=partner.id,
        partner_name=partner.name,
        subject=subject,
        scopes=frozenset(consent.scopes),
        family_id="",
        limit_per_charge=consent.limit_per_charge,
        limit_per_month=consent.limit_per_month,
        user_calls=limits_of_consent(consent),
        site_calls=site_calls(partner),
        token_calls=token_calls(partner),
        dpop_thumbprint=None,
        claims=None,
        expires_at=clock.now() + _LIFE,
    )
