"""``id_token_hint`` (OpenID Connect Core 3.1.2.1): a token of ours by which a partner says whom it means."""

import warnings
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet

from oauth_app.provider.issuer import Issuer
from oauth_app.provider.signing import ALGORITHMS

_MAX_CHARS = 4096


def read_id_token_hint(hint: str, issuer: Issuer, client_id: str) -> str:
    """Return the ``sub`` that the hint names. It may have expired: it is no credential, only a name.

    Raises:
        InvalidRequestError: not signed by us, or issued to another partner.
    """
    claims = verified_claims(hint, issuer)
    audience = claims.get("aud")
    subject = claims.get("sub")
    if claims.get("iss") != issuer.url or client_id not in (
        [audience] if isinstance(audience, str) else audience or []
    ):
        raise InvalidRequestError(description="id_token_hint was not issued to this client")
    if not isinstance(subject, str):
        raise InvalidRequestError(description="id_token_hint names nobody")
    return subject


def verified_claims(hint: str, issuer: Issuer) -> dict[str, Any]:
    """Return what a token of ours says, though it may have expired.

    Raises:
        InvalidRequestError: no key of ours signed it.
    """
    if len(hint) > _MAX_CHARS:
        raise InvalidRequestError(description="id_token_hint is too long")
    keys = KeySet.import_key_set(issuer.keys.public_jwks())  # type: ignore[arg-type] # the library's own type for JSON
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # RFC 9864 renames EdDSA; OpenID Connect has not followed
            claims: dict[str, Any] = jwt.decode(hint, keys, list(ALGORITHMS)).claims
    except (JoseError, ValueError, KeyError, TypeError):
        raise InvalidRequestError(description="id_token_hint is not signed by a key of ours") from None
    return claims
