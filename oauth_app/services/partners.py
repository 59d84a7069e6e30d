"""Partners: register a site, give it a secret, replace the secret, switch it off."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, TokenKind, digest, new_id, new_token
from oauth_app.models import ClientSecret, Partner
from oauth_app.provider.clients import SECRET_METHODS, auth_methods_of
from oauth_app.services.partner_errors import InvalidRegistrationError, UnknownPartnerError
from oauth_app.services.registration import Registration

#: While a partner rolls out a new secret, the old one still works.
SECRET_OVERLAP = timedelta(hours=24)
#: Enough to replace one at leisure.
MAX_SECRETS = 5
_HINT_CHARS = 4


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a partner needs to be an OAuth client; the secret is shown this once."""

    client_id: str
    client_secret: str | None = field(repr=False)


def create_partner(session: Session, wish: Registration) -> Credentials:
    """Register a site; a public one gets no secret. The caller commits."""
    partner = Partner(id=new_id(Kind.PARTNER), created_at=clock.now(), disabled_at=None)
    _write(partner, wish)
    session.add(partner)
    session.flush()  # the secret's row names it
    secret = _add_secret(session, partner.id) if has_secrets(partner) else None
    return Credentials(client_id=partner.id, client_secret=secret)


def registration_of(partner: Partner) -> Registration:
    """Return what the partner is registered with: change it with ``dataclasses.replace``, and it is checked anew."""
    return Registration(**{field.name: getattr(partner, field.name) for field in fields(Registration)})


def update_partner(session: Session, partner_id: str, wish: Registration) -> Partner:
    """Register a partner anew as a whole, under its id, and return it. The caller commits.

    All but the fee: that has versions (``services.fees``), and what stands in the row only shows the last one.
    One that becomes public, or proves itself by keys from now on, loses its secrets.

    Raises:
        UnknownPartnerError: there is none of this id.
    """
    partner = get_partner(session, partner_id)
    _write(partner, replace(wish, fee_basis_points=partner.fee_basis_points))
    if not has_secrets(partner):
        session.execute(delete(ClientSecret).where(ClientSecret.partner_id == partner.id))
    return partner


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


def has_secrets(partner: Partner) -> bool:
    """Tell whether the partner proves itself by secrets of ours: not a public one, nor one with keys of its own."""
    return set(SECRET_METHODS) <= set(auth_methods_of(partner))


def rotate_secret(session: Session, partner_id: str) -> Credentials:
    """Give a new secret; the old ones work for another 24 hours. The caller commits.

    Raises:
        UnknownPartnerError: there is none of this id.
        InvalidRegistrationError: a public partner, or one with keys of its own, has no secret.
    """
    partner = _get_partner_with_secrets(session, partner_id)
    session.execute(
        update(ClientSecret)
        .where(ClientSecret.partner_id == partner.id, ClientSecret.expires_at.is_(None))
        .values(expires_at=clock.now() + SECRET_OVERLAP)
    )
    return Credentials(client_id=partner.id, client_secret=_add_secret(session, partner.id))


def add_secret(session: Session, partner_id: str) -> Credentials:
    """Give one more secret; the others stay as they are. The caller commits.

    Raises:
        UnknownPartnerError: there is none of this id.
        InvalidRegistrationError: it can have no secret, or has enough.
    """
    partner = _get_partner_with_secrets(session, partner_id)
    if len(list_secrets(session, partner.id)) >= MAX_SECRETS:
        msg = f"client_secret: at most {MAX_SECRETS} at a time; revoke one first"
        raise InvalidRegistrationError(msg)
    return Credentials(client_id=partner.id, client_secret=_add_secret(session, partner.id))


def list_secrets(session: Session, partner_id: str) -> Sequence[ClientSecret]:
    """Return the secrets that work now, oldest first: their hints and times, for the secrets are not known here."""
    return session.scalars(_working_secrets(partner_id).order_by(ClientSecret.id)).all()


def revoke_secret(session: Session, partner_id: str, secret_row_id: int) -> bool:
    """Let one secret of the partner work no more, from now on; False if it has none such. The caller commits."""
    secret = session.scalar(_working_secrets(partner_id).where(ClientSecret.id == secret_row_id))
    if secret is not None:
        secret.expires_at = clock.now()
    return secret is not None


def disable_partner(session: Session, partner_id: str) -> None:
    """Switch a partner off: its tokens and secrets stop working. The caller commits."""
    get_partner(session, partner_id).disabled_at = clock.now()


def _write(partner: Partner, wish: Registration) -> None:
    for told_field in fields(Registration):
        told = getattr(wish, told_field.name)
        # JSON columns: of their own, whatever kind of sequence or mapping the wish came with.
        setattr(partner, told_field.name, list(told) if isinstance(told, list | tuple) else told)
    partner.name = wish.name.strip()
    partner.jwks = dict(wish.jwks) if wish.jwks is not None else None


def _get_partner_with_secrets(session: Session, partner_id: str) -> Partner:
    partner = get_partner(session, partner_id)
    if not has_secrets(partner):
        kind = "public client" if partner.is_public else "client with keys of its own"
        msg = f"a {kind} has no secret"
        raise InvalidRegistrationError(msg)
    return partner


def _working_secrets(partner_id: str) -> Select[ClientSecret]:
    still_works = or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > clock.now())
    return select(ClientSecret).where(ClientSecret.partner_id == partner_id, still_works)


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
