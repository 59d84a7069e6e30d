"""Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4): word to a partner that a session has ended."""

from dataclasses import dataclass
from datetime import timedelta

from oauth_app import clock
from oauth_app.provider.issuer import Issuer

#: The kind of message, as the outbox knows it.
LOGOUT_TOKEN = "logout_token"  # noqa: S105 - a kind, not a secret
#: Back-Channel Logout 2.4: two minutes are enough, for it is used at once.
LOGOUT_TOKEN_LIFE = timedelta(minutes=2)
EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TYPE = "logout+jwt"


@dataclass(frozen=True, kw_only=True)
class LogoutNotice:
    """A session that has ended, as one partner knows it."""

    #: The same at each attempt, so that the partner can tell that it has had this one.
    id: str
    partner_id: str
    subject: str
    partner_session_id: str


def sign_logout_token(issuer: Issuer, notice: LogoutNotice, algorithm: str) -> str:
    """Return the signed token. It has no nonce, so that it can never pass for an id_token."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": issuer.url,
        "aud": notice.partner_id,
        "iat": now,
        "exp": now + int(LOGOUT_TOKEN_LIFE.total_seconds()),
        "jti": notice.id,
        "sub": notice.subject,
        "sid": notice.partner_session_id,
        "events": {EVENT: {}},
    }
    return issuer.keys.sign(claims, algorithm, token_type=_TYPE)
