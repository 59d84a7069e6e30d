"""Who an access token stands for, and what it may do."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from oauth_app.call_limits import CallLimits
from oauth_app.db import NOW
from oauth_app.errors import HubError
from oauth_app.identifiers import TokenKind, digest, is_well_formed
from oauth_app.models import Consent, Partner, TokenRow, User
from oauth_app.provider.authorization_details import limits_of, limits_of_consent
from oauth_app.provider.owner import is_in_force
from oauth_app.provider.tokens import ACCESS
from oauth_app.services.scopes import Scope
from oauth_app.services.site_limits import SITE_COLUMNS, site_calls, token_calls


class InvalidTokenError(HubError):
    """No token, or one that is unknown, expired or revoked (RFC 6750 3.1 ``invalid_token``)."""


class BoundTokenError(InvalidTokenError):
    """A token that is bound to a key came as a bearer token, or the other way round (RFC 9449 7.1 and 7.2)."""


class InsufficientScopeError(HubError):
    """The user did not grant what the call needs (RFC 6750 3.1 ``insufficient_scope``)."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"the scope {scope} was not granted")
        self.scope = scope


@dataclass(frozen=True, kw_only=True)
class Access:
    """A user at a partner, within what the user allowed."""

    consent_id: str
    user_id: str
    #: For those who may know it; a scope opens it.
    email: str = field(repr=False)
    partner_id: str
    partner_name: str
    #: The pairwise ``sub`` by which the partner knows the user.
    subject: str
    scopes: frozenset[str]
    family_id: str
    #: The user's limits in hundredths of an OhMyGPT unit; None is none.
    limit_per_charge: int | None
    limit_per_month: int | None
    #: What of AI calls this token may do for the user: what the user allows, and no more than was asked for.
    user_calls: CallLimits
    #: What the operator allows the partner, all its users and tokens together.
    site_calls: CallLimits
    #: What the operator allows each access token of the partner.
    token_calls: CallLimits
    #: The key that the caller must prove (RFC 9449); None for a bearer token.
    dpop_thumbprint: str | None
    #: The claims parameter of the request that the token came of.
    claims: dict[str, Any] | None
    expires_at: datetime

    def require(self, scope: Scope) -> None:
        """Refuse a call that the user did not allow.

        Raises:
            InsufficientScopeError: the scope is not among the granted ones.
        """
        if scope not in self.scopes:
            raise InsufficientScopeError(scope)


#: Asked at every request, so built once, and without the rest of the rows.
_LIVING_TOKEN = (
    select(
        TokenRow.consent_id,
        TokenRow.partner_id,
        TokenRow.scope,
        TokenRow.family_id,
        TokenRow.dpop_thumbprint,
        TokenRow.claims,
        TokenRow.expires_at,
        Consent.user_id,
        Consent.subject,
        Consent.scopes,
        Consent.limit_per_charge,
        Consent.limit_per_month,
        TokenRow.authorization_details,
        Consent.calls_per_minute,
        Consent.ai_spend_per_day,
        Consent.ai_spend_per_month,
        Consent.ai_calls_at_once,
        Consent.allowed_models,
        Consent.allowed_endpoints,
        *SITE_COLUMNS,
        Partner.name,
        User.email,
    )
    .join(Consent, Consent.id == TokenRow.consent_id)
    .join(Partner, Partner.id == TokenRow.partner_id)
    .join(User, User.id == Consent.user_id)
    .where(
        TokenRow.token_digest == bindparam("token_digest"),
        TokenRow.kind == ACCESS,
        TokenRow.revoked_at.is_(None),
        TokenRow.expires_at > NOW,
        is_in_force(),
        Partner.disabled_at.is_(None),
    )
)


def find_access(session: Session, token: str) -> Access:
    """Return what the access token stands for.

    Raises:
        InvalidTokenError: unknown, expired, revoked, its consent revoked or its partner switched off.
    """
    if not is_well_formed(token, TokenKind.ACCESS):
        raise InvalidTokenError
    row = session.execute(_LIVING_TOKEN, {"token_digest": digest(token)}).first()
    if row is None:
        raise InvalidTokenError
    return _access(row)


def _access(row: Row[*tuple[Any, ...]]) -> Access:
    return Access(
        consent_id=row.consent_id,
        user_id=row.user_id,
        email=row.email,
        partner_id=row.partner_id,
        partner_name=row.name,
        subject=row.subject,
        # A scope taken back since the token was issued does not count any more.
        scopes=frozenset(row.scope.split()) & frozenset(row.scopes),
        family_id=row.family_id,
        limit_per_charge=row.limit_per_charge,
        limit_per_month=row.limit_per_month,
        user_calls=limits_of(row.authorization_details).meet(limits_of_consent(row)),
        site_calls=site_calls(row),
        token_calls=token_calls(row),
        dpop_thumbprint=row.dpop_thumbprint,
        claims=row.claims,
        expires_at=row.expires_at,
    )
