"""What a partner tells about itself, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from oauth_app.provider.clients import DEFAULT_GRANT_TYPES, GRANT_TYPES
from oauth_app.provider.partner_keys import read_public_keys
from oauth_app.provider.signing import ALGORITHMS, DEFAULT_ALGORITHM
from oauth_app.services.partner_errors import InvalidRegistrationError
from oauth_app.services.redirect_uris import check_redirect_uri
from oauth_app.services.scopes import ALL_SCOPES

_MAX_NAME_CHARS = 120
_MAX_ADDRESS_CHARS = 2048
_MAX_ADDRESSES = 50
_WHOLE = 10_000  # basis points


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What a partner tells about itself.

    Raises:
        InvalidRegistrationError: a field cannot be taken.
    """

    name: str
    redirect_uris: Sequence[str]
    post_logout_redirect_uris: Sequence[str] = ()
    scopes: Sequence[str] = ALL_SCOPES
    is_public: bool = False
    homepage: str | None = None
    policy_uri: str | None = None
    terms_uri: str | None = None
    fee_basis_points: int = 0
    owner_id: str | None = None
    mode: str = "live"
    grant_types: Sequence[str] = DEFAULT_GRANT_TYPES
    id_token_algorithm: str = DEFAULT_ALGORITHM
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    is_legacy: bool = False
    requires_par: bool = False
    requires_dpop: bool = False
    backchannel_logout_uri: str | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        _check_grants(self)
        _check_counts(self)
        for uri in (*self.redirect_uris, *self.post_logout_redirect_uris):
            check_redirect_uri(uri)
        for name in ("homepage", "policy_uri", "terms_uri", "jwks_uri", "backchannel_logout_uri"):
            _check_address(name, getattr(self, name))
        _check_known("scope", self.scopes, ALL_SCOPES)
        _check_known("id_token_signed_response_alg", [self.id_token_algorithm], ALGORITHMS)
        _check_keys(self)

    @property
    def uses_keys(self) -> bool:
        """Whether it proves itself by its own keys (private_key_jwt) instead of a secret of ours."""
        return self.jwks is not None or self.jwks_uri is not None


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _MAX_NAME_CHARS or not name.isprintable():
        msg = f"name: 1 to {_MAX_NAME_CHARS} printable characters"
        raise InvalidRegistrationError(msg)


def _check_grants(wish: Registration) -> None:
    _check_known("grant_type", wish.grant_types, GRANT_TYPES)
    if "authorization_code" in wish.grant_types and not wish.redirect_uris:
        msg = "redirect_uri: at least one is needed"
        raise InvalidRegistrationError(msg)
    if wish.is_public and "client_credentials" in wish.grant_types:
        msg = "grant_type: a public client cannot have client_credentials, for it has nothing to prove itself with"
        raise InvalidRegistrationError(msg)


def _check_counts(wish: Registration) -> None:
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        if len(getattr(wish, name)) > _MAX_ADDRESSES:
            msg = f"{name}: at most {_MAX_ADDRESSES}"
            raise InvalidRegistrationError(msg)
    if not 0 <= wish.fee_basis_points <= _WHOLE:
        msg = f"fee_basis_points: 0 to {_WHOLE}"
        raise InvalidRegistrationError(msg)


def _check_keys(wish: Registration) -> None:
    if wish.jwks is not None and wish.jwks_uri is not None:
        msg = "jwks: give the keys or their address, not both"
        raise InvalidRegistrationError(msg)
    if wish.jwks is not None:
        _check_jwks(wish.jwks)
    if wish.is_public and wish.uses_keys:
        msg = "jwks: a public client proves itself with nothing"
        raise InvalidRegistrationError(msg)
    if wish.is_public and wish.is_legacy:
        msg = "legacy: only a client with a secret can do without PKCE"
        raise InvalidRegistrationError(msg)


def _check_jwks(jwks: Mapping[str, Any]) -> None:
    try:
        read_public_keys(jwks)
    except ValueError as error:
        msg = f"jwks: {error}"
        raise InvalidRegistrationError(msg) from None


def _check_address(name: str, uri: str | None) -> None:
    """Refuse what a link or a request should not lead to; http is for this machine only."""
    if uri is None:
        return
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        host = None
    loopback = host in {"127.0.0.1", "::1", "localhost"}
    if not host or parts.scheme not in ({"https", "http"} if loopback else {"https"}) or len(uri) > _MAX_ADDRESS_CHARS:
        msg = f"{name} {uri[:_MAX_ADDRESS_CHARS]}: an address that begins with https://"
        raise InvalidRegistrationError(msg)


def _check_known(field: str, given: Sequence[str], known: Sequence[str]) -> None:
    unknown = set(given) - set(known)
    if unknown:
        msg = f"{field}: {', '.join(sorted(unknown))} is not one of {' '.join(known)}"
        raise InvalidRegistrationError(msg)
