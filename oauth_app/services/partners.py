"""Partners: register a site, give it a secret, replace the secret, switch it off."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, TokenKind, digest, new_id, new_token
from oauth_app.models import ClientSecret, Partner
from oauth_app.services.partner_errors import InvalidRegistrationError, UnknownPartnerError
from oauth_app.services.registration import Registration

#: While a partner rolls out a new secret, the old one still works.
SECRET_OVERLAP = timedelta(hours=24)
_HINT_CHARS = 4


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a partner needs to be an OAuth client; the secret is shown this once."""

    client_id: str
    client_secret: str | None = field(repr=False)


def create_partner(session: Session, wish: Registration) -> Credentials:
    """Register a site; a public one gets no secret. The caller commits."""
    partner = Partner(
        id=new_id(Kind.PARTNER),
        name=wish.name.strip(),
        is_public=wish.is_public,
        redirect_uris=list(wish.redirect_uris),
        post_logout_redirect_uris=list(wish.post_logout_redirect_uris),
        scopes=list(wish.scopes),
        homepage=wish.homepage,
        policy_uri=wish.policy_uri,
        terms_uri=wish.terms_uri,
        fee_basis_points=wish.fee_basis_points,
        owner_id=wish.owner_id,
        mode=wish.mode,
        grant_types=list(wish.grant_types),
        id_token_algorithm=wish.id_token_algorithm,
        jwks=dict(wish.jwks) if wish.jwks is not None else None,
        jwks_uri=wish.jwks_uri,
        is_legacy=wish.is_legacy,
        requires_par=wish.requires_par,
        requires_dpop=wish.requires_dpop,
        backchannel_logout_uri=wish.backchannel_logout_uri,
        created_at=clock.now(),
        disabled_at=None,
    )
    session.add(partner)
    session.flush()  # the secret's row names it
    secret = None if wish.is_public or wish.uses_keys else _add_secret(session, partner.id)
    return Credentials(client_id=partner.id, client_secret=secret)


def list_partners(session: Session) -> Sequence[Partner]:
    """Return all partners, newest first."""
    return session.scalars(select(Partner).order_by(Partner.id.desc())).all()


def get_partner(session: Session, partner_id: str) -> Partner:
    """Return one partner.

    Raises:
        UnknownPartnerError: there is none of this id.
    """
    partner = session.get(Partner, partner_id)
    if partner is None:
        raise UnknownPartnerError(partner_id)
    return partner


def rotate_secret(session: Session, partner_id: str) -> Credentials:
    """Give a new secret; the old ones work for another 24 hours. The caller commits.

    Raises:
        UnknownPartnerError: there is none of this id.
        InvalidRegistrationError: a public partner has no secret.
    """
    partner = get_partner(session, partner_id)
    if partner.is_public:
        msg = "a public client has no secret"
        raise InvalidRegistrationError(msg)
    session.execute(
        update(ClientSecret)
        .where(ClientSecret.partner_id == partner.id, ClientSecret.expires_at.is_(None))
        .values(expires_at=clock.now() + SECRET_OVERLAP)
    )
    return Credentials(client_id=partner.id, client_secret=_add_secret(session, partner.id))


def disable_partner(session: Session, partner_id: str) -> None:
    """Switch a partner off: its tokens and secrets stop working. The caller commits."""
    get_partner(session, partner_id).disabled_at = clock.now()


def _add_secret(session: Session, partner_id: str) -> str:
    secret = new_token(TokenKind.CLIENT_SECRET)
    session.add(
        ClientSecret(
            partner_id=partner_id,
            secret_digest=digest(secret),
            hint=secret[-_HINT_CHARS:],
            created_at=clock.now(),
            expires_at=None,
        )
    )
    return secret
