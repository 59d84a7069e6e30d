"""id_tokens (OpenID Connect Core 2): who signed in, for one partner."""

from datetime import timedelta
from typing import Any

from authlib.oidc.core.grants import OpenIDToken
from authlib.oidc.core.util import create_half_hash

from oauth_app import clock
from oauth_app.provider.claims_request import ACR
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.owner import ResourceOwner
from oauth_app.provider.requests import ProtocolRequest
from oauth_app.provider.userinfo import claims_of

ID_TOKEN_LIFE = timedelta(hours=1)


class IdTokens(OpenIDToken):  # type: ignore[misc] # Authlib ships no types
    """Adds an id_token to the answer when ``openid`` was granted; at a refresh, too (OIDC Core 12.2)."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    def encode_id_token(self, token: dict[str, Any], request: ProtocolRequest) -> str:
        """Return the signed token. Names and e-mail are told at the userinfo endpoint, not here."""
        owner: ResourceOwner = request.user
        now, algorithm = int(clock.now().timestamp()), request.client.partner.id_token_algorithm
        claims = {
            "iss": self._issuer.url,
            "sub": owner.consent.subject,
            # A string, not a list of one: a logout by this token alone must name its client without doubt.
            "aud": owner.consent.partner_id,
            "iat": now,
            "exp": now + int(ID_TOKEN_LIFE.total_seconds()),
            "auth_time": int(owner.signed_in_at.timestamp()),
            "at_hash": create_half_hash(token["access_token"], algorithm).decode(),
        }
        return self._issuer.keys.sign(
            claims | _session(owner) | _nonce(request) | self._asked(token, request), algorithm
        )

    def _asked(self, token: dict[str, Any], request: ProtocolRequest) -> dict[str, str]:
        """OIDC Core 5.5: what the claims parameter wants told here, as far as granted scopes open it."""
        kept = request.authorization_code or request.refresh_token  # a device sends no claims parameter
        names = ((kept.row.claims if kept else None) or {}).get("id_token", ())
        known = {ACR: self._issuer.acr} | claims_of(request.user.consent, token["scope"].split()) if names else {}
        return {name: known[name] for name in names if name in known}


def _session(owner: ResourceOwner) -> dict[str, str]:
    """Back-Channel Logout 2.1: the name by which a logout token will end it."""
    return {"sid": owner.partner_session_id} if owner.partner_session_id else {}


def _nonce(request: ProtocolRequest) -> dict[str, str]:
    """OIDC Core 2 and 12.2: exactly what the partner sent, if it did, and never at a refresh."""
    code = request.authorization_code
    return {"nonce": code.row.nonce} if code is not None and code.row.nonce else {}
