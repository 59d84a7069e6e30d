"""id_tokens (OpenID Connect Core 2): who signed in, for one partner."""

from datetime import timedelta
from typing import Any

from authlib.oidc.core.grants import OpenIDToken
from authlib.oidc.core.util import create_half_hash

from oauth_app import clock
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.owner import ResourceOwner
from oauth_app.provider.requests import ProtocolRequest
from oauth_app.provider.signing import ALGORITHM

ID_TOKEN_LIFE = timedelta(hours=1)


class IdTokens(OpenIDToken):  # type: ignore[misc] # Authlib ships no types
    """Adds an id_token to the answer when ``openid`` was granted; at a refresh, too (OIDC Core 12.2)."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    def encode_id_token(self, token: dict[str, Any], request: ProtocolRequest) -> str:
        """Return the signed token. Names and e-mail are told at the userinfo endpoint, not here."""
        owner: ResourceOwner = request.user
        now = int(clock.now().timestamp())
        claims = {
            "iss": self._issuer.url,
            "sub": owner.consent.subject,
            # A string, not a list of one: a logout by this token alone must name its client without doubt.
            "aud": owner.consent.partner_id,
            "iat": now,
            "exp": now + int(ID_TOKEN_LIFE.total_seconds()),
            "auth_time": int(owner.signed_in_at.timestamp()),
            "at_hash": create_half_hash(token["access_token"], ALGORITHM).decode(),
        }
        return self._issuer.keys.sign(claims | _nonce(request))


def _nonce(request: ProtocolRequest) -> dict[str, str]:
    """OIDC Core 2 and 12.2: exactly what the partner sent, if it did, and never at a refresh."""
    code = request.authorization_code
    return {"nonce": code.row.nonce} if code is not None and code.row.nonce else {}
