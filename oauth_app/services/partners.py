"""Partners: register a site, give it a secret, replace the secret, switch it off."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.identifiers import Kind, TokenKind, digest, new_id, new_token
from oauth_app.models import ClientSecret, Partner
from oauth_app.services.scopes import ALL_SCOPES

#: While a partner rolls out a new secret, the old one still works.
SECRET_OVERLAP = timedelta(hours=24)
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")  # RFC 8252 7.1: a reversed domain name


class PartnerError(HubError):
    """Something about a partner's registration."""


class UnknownPartnerError(PartnerError):
    """There is no such partner."""


class InvalidRegistrationError(PartnerError):
    """A field of the registration cannot be taken; the text says which and why."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What a partner tells about itself."""

    name: str
    redirect_uris: Sequence[str]
    post_logout_redirect_uris: Sequence[str] = ()
    scopes: Sequence[str] = ALL_SCOPES
    is_public: bool = False
    homepage: str | None = None
    fee_basis_points: int = 0

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > 120:
            msg = "name: 1 to 120 characters"
            raise InvalidRegistrationError(msg)
        if not self.redirect_uris:
            msg = "redirect_uri: at least one is needed"
            raise InvalidRegistrationError(msg)
        for uri in (*self.redirect_uris, *self.post_logout_redirect_uris):
            check_redirect_uri(uri)
        unknown = set(self.scopes) - set(ALL_SCOPES)
        if unknown:
            msg = f"scope: {', '.join(sorted(unknown))} is not one of {' '.join(ALL_SCOPES)}"
            raise InvalidRegistrationError(msg)


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
        fee_basis_points=wish.fee_basis_points,
        created_at=clock.now(),
        disabled_at=None,
    )
    session.add(partner)
    session.flush()  # the secret's row names it
    secret = None if wish.is_public else _add_secret(session, partner.id)
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


def check_redirect_uri(uri: str) -> None:
    """Refuse an address that could send a code to somebody else (RFC 6749 3.1.2, RFC 8252 7, RFC 9700 2.1).

    Raises:
        InvalidRegistrationError: with what to write instead.
    """
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        msg = f"redirect_uri {uri}: not an address"
        raise InvalidRegistrationError(msg) from None
    for wrong, why in _objections(uri, parts.scheme, parts.netloc, host):
        if wrong:
            msg = f"redirect_uri {uri}: {why}"
            raise InvalidRegistrationError(msg)


def _objections(uri: str, scheme: str, netloc: str, host: str) -> tuple[tuple[bool, str], ...]:
    is_web = scheme in {"http", "https"}
    is_private = _PRIVATE_SCHEME.fullmatch(scheme) is not None
    return (
        (not uri.isascii() or any(char <= " " or char in '"<>\\^`{|}' for char in uri), "only plain ASCII, no spaces"),
        ("#" in uri, "no fragment"),
        ("*" in uri, "no wildcard; register each address"),
        ("@" in netloc, "no user name"),
        ("/../" in uri or uri.endswith("/.."), "no .."),
        (is_web and not netloc, "the host is missing"),
        (scheme == "http" and host not in _LOOPBACK, "https, but for 127.0.0.1, [::1] and localhost"),
        (not is_web and not is_private, "https, or a private scheme such as com.example.app:/callback"),
        (len(uri) > 2048, "at most 2048 characters"),
    )


def _add_secret(session: Session, partner_id: str) -> str:
    secret = new_token(TokenKind.CLIENT_SECRET)
    row = ClientSecret(partner_id=partner_id, secret_digest=digest(secret), created_at=clock.now(), expires_at=None)
    session.add(row)
    return secret
