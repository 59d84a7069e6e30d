"""Client assertions (RFC 7523 3, OpenID Connect Core 9 ``private_key_jwt``): a partner proves itself by its own key."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import request
from joserfc import jwt
from joserfc.errors import JoseError

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.provider.clients import Client
from oauth_app.provider.failure_reasons import Reason
from oauth_app.provider.jws import ACCEPTED, REGISTRY
from oauth_app.provider.partner_keys import read_public_keys
from oauth_app.provider.used_proofs import use_up

if TYPE_CHECKING:  # the server is what calls this
    from oauth_app.provider.server import Server

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523 2.2
ASSERTION_ALGORITHMS = ACCEPTED
#: An assertion counts for so long after it was made, whatever it says of itself: some libraries write an hour.
ASSERTION_LIFE = timedelta(minutes=5)
#: How far the partner's clock may be ahead of ours.
_SKEW = timedelta(seconds=30)
_TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
_MAX_CHARS = 8000
_MAX_JTI_CHARS = 200


class InvalidAssertionError(HubError):
    """The assertion does not prove its client; ``reason`` says why, for the partner's own log."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def unverified_client_id(unverified_assertion: str) -> str | None:
    """Return whose assertion it claims to be; None if nobody's. Nothing about it is proven yet."""
    claims = _unverified_part(unverified_assertion, 1)
    subject = claims.get("sub")
    return subject if isinstance(subject, str) else None


def unverified_key_id(unverified_assertion: str) -> str | None:
    """Return the key that it claims to be signed with; None if it names none."""
    key_id = _unverified_part(unverified_assertion, 0).get("kid")
    return key_id if isinstance(key_id, str) else None


def check_assertion(server: "Server", assertion: str, client: Client) -> None:
    """Check who signed the assertion, for whom and when, and use it up.

    Raises:
        InvalidAssertionError: it proves nothing.
    """
    claims = _verified_claims(server, assertion, client)
    if claims.get("iss") != client.partner.id or claims.get("sub") != client.partner.id:
        raise InvalidAssertionError(Reason.ASSERTION_OF_ANOTHER)
    _check_audience(server.issuer.url, claims.get("aud"))
    counts_until = _check_times(claims)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI_CHARS:
        raise InvalidAssertionError(Reason.ASSERTION_JTI)
    if not use_up(server.session, f"assertion {client.partner.id} {jti}", until=counts_until):
        raise InvalidAssertionError(Reason.ASSERTION_REPLAYED)


def _verified_claims(server: "Server", assertion: str, client: Client) -> dict[str, Any]:
    partner = client.partner
    jwks = partner.jwks or server.partner_keys.get(partner.jwks_uri or "")
    if jwks is None:
        raise InvalidAssertionError(Reason.NO_KEYS)
    try:
        return dict(jwt.decode(assertion, read_public_keys(jwks), registry=REGISTRY).claims)
    except (JoseError, ValueError, TypeError, KeyError):
        raise InvalidAssertionError(Reason.ASSERTION_SIGNATURE) from None


def _check_audience(issuer: str, audience: object) -> None:
    """RFC 7523 3 and RFC 9126 2: us by one of our names, and nobody else, who could show it to us as theirs."""
    ours = {issuer, issuer + _TOKEN_PATH, issuer + request.path}
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or not named or any(one not in ours for one in named):
        raise InvalidAssertionError(Reason.ASSERTION_AUDIENCE)


def _check_times(claims: Mapping[str, Any]) -> datetime:
    """Return until when the assertion counts."""
    now = clock.now()
    expires_at, made_at = _moment(claims, "exp"), _moment(claims, "iat") if "iat" in claims else None
    ends_at = min(expires_at, made_at + ASSERTION_LIFE) if made_at else expires_at
    if ends_at <= now or ends_at > now + ASSERTION_LIFE + _SKEW:
        raise InvalidAssertionError(Reason.ASSERTION_EXPIRED)
    if "nbf" in claims and _moment(claims, "nbf") > now + _SKEW:
        raise InvalidAssertionError(Reason.ASSERTION_EARLY)
    return ends_at


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(claims[name]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise InvalidAssertionError(Reason.ASSERTION_TIMES) from None


def _unverified_part(unverified_assertion: str, place: int) -> dict[str, Any]:
    parts = unverified_assertion.split(".")
    if len(unverified_assertion) > _MAX_CHARS or len(parts) != 3:
        return {}
    try:
        read = json.loads(base64.urlsafe_b64decode(parts[place] + "=="))
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
