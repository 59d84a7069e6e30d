"""A partner as Authlib sees it: an OAuth client."""

import re

from authlib.oauth2.rfc6749 import ClientMixin
from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from oauth_app.db import NOW
from oauth_app.identifiers import TokenKind, digest, is_well_formed
from oauth_app.models import ClientSecret, Partner

#: How a client with a secret shows it, and how one without says so (RFC 7591 2).
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
#: How a client with keys of its own shows that it has them (OIDC Core 9, RFC 7523).
KEY_METHOD = "private_key_jwt"
PUBLIC_METHOD = "none"
#: The methods that prove something.
CONFIDENTIAL_METHODS = (*SECRET_METHODS, KEY_METHOD)
AUTH_METHODS = (*CONFIDENTIAL_METHODS, PUBLIC_METHOD)
RESPONSE_TYPE = "code"
DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_GRANT_TYPES = ("authorization_code", "refresh_token")
GRANT_TYPES = (*DEFAULT_GRANT_TYPES, "client_credentials", DEVICE_CODE_GRANT)
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(/.*)?")


_LIVING_PARTNER = select(Partner).where(Partner.id == bindparam("client_id"), Partner.disabled_at.is_(None))
_GOOD_SECRET = select(ClientSecret.id).where(
    ClientSecret.partner_id == bindparam("partner_id"),
    ClientSecret.secret_digest == bindparam("secret_digest"),
    or_(ClientSecret.expires_at.is_(None), ClientSecret.expires_at > NOW),
)


class Client(ClientMixin):  # type: ignore[misc] # Authlib ships no types
    """The rules of one partner."""

    def __init__(self, session: Session, partner: Partner) -> None:
        self._session = session
        self.partner = partner

    def get_client_id(self) -> str:
        """Return the partner's id."""
        return self.partner.id

    def get_default_redirect_uri(self) -> None:
        """OIDC Core 3.1.2.1: ``redirect_uri`` is required, so there is no default."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return what of the scope the partner may ask for; None, which refuses the request, if nothing."""
        allowed = [name for name in (scope or "").split() if name in self.partner.scopes]
        return " ".join(dict.fromkeys(allowed)) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """RFC 9700 2.1: byte for byte, but for the port of a loopback address (RFC 8252 7.3)."""
        registered = self.partner.redirect_uris
        if redirect_uri in registered:
            return True
        loopback = _without_port(redirect_uri)
        return loopback is not None and loopback in map(_without_port, registered)

    def check_client_secret(self, client_secret: str) -> bool:
        """Tell whether it is one of the partner's secrets; two are valid while it rotates."""
        if not is_well_formed(client_secret, TokenKind.CLIENT_SECRET):
            return False
        # Digests of 190 random bits are compared, so that the time it takes tells nothing about the secret.
        shown = {"partner_id": self.partner.id, "secret_digest": digest(client_secret)}
        return self._session.execute(_GOOD_SECRET, shown).first() is not None

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - Authlib's signature
        """RFC 6749 2.3: who has a secret or keys must show it, at every endpoint, and nothing else counts."""
        return method in auth_methods_of(self.partner)

    def check_response_type(self, response_type: str) -> bool:
        """RFC 9700 2.1.2: codes only, no tokens through the browser."""
        return response_type == RESPONSE_TYPE

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether the partner has registered for the grant."""
        return grant_type in self.partner.grant_types


def auth_methods_of(partner: Partner) -> tuple[str, ...]:
    """Return how the partner may prove itself: by its keys, or else by a secret of ours, unless it is public."""
    if partner.is_public:
        return (PUBLIC_METHOD,)
    return SECRET_METHODS if partner.jwks is None and partner.jwks_uri is None else (KEY_METHOD,)


def find_client(session: Session, client_id: str) -> Client | None:
    """Return the client; a partner that is switched off is unknown."""
    if not client_id.isidentifier():  # not every database takes every text, such as one with a zero byte
        return None
    partner = session.execute(_LIVING_PARTNER, {"client_id": client_id}).scalar()
    return None if partner is None else Client(session, partner)


def _without_port(uri: str) -> str | None:
    """Return a loopback address without its port, and None for every other address."""
    match = _LOOPBACK.fullmatch(uri)
    return match[1] + (match[2] or "") if match else None
