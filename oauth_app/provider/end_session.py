"""Logout as partners ask for it (OpenID Connect RP-Initiated Logout 1.0).

Authlib's own endpoint takes any JWT that our keys signed for a hint, the first of a repeated parameter, and
drops a wrong address without a word; so this is ours.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import InvalidRequestError
from sqlalchemy.orm import Session

from oauth_app.errors import HubError
from oauth_app.models import Partner
from oauth_app.provider.clients import find_client
from oauth_app.provider.id_token_hint import verified_claims
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.requests import from_query


class LogoutProblem(StrEnum):
    """Why a request to sign out is not taken as it came."""

    REPEATED = "repeated"
    UNTRUSTED_HINT = "untrusted_hint"
    OTHER_CLIENT = "other_client"
    UNKNOWN_CLIENT = "unknown_client"
    UNREGISTERED_ADDRESS = "unregistered_address"


class LogoutRequestError(HubError):
    """RP-Initiated Logout 4: there is something wrong, so the browser is not sent on."""

    def __init__(self, problem: LogoutProblem) -> None:
        super().__init__(f"logout request: {problem}")
        self.problem = problem


@dataclass(frozen=True, kw_only=True)
class LogoutHint:
    """Whom the partner means, as one of our id_tokens names them."""

    subject: str
    #: None in a token of a sign-in without a browser.
    partner_session_id: str | None


@dataclass(frozen=True, kw_only=True)
class LogoutRequest:
    """What a partner asks for, proven as far as it says."""

    partner: Partner | None
    hint: LogoutHint | None
    #: Where the browser goes afterwards, ``state`` included; a registered address of the partner.
    return_to: str | None
    ui_locales: tuple[str, ...]


def read_logout_request(session: Session, issuer: Issuer) -> LogoutRequest:
    """RP-Initiated Logout 2: return what the present request's query asks for.

    Raises:
        LogoutRequestError: it contradicts itself, or names what is not proven.
    """
    request = from_query()
    if request.repeated():
        raise LogoutRequestError(LogoutProblem.REPEATED)
    asked = {str(name): str(value) for name, value in request.form.items()}
    claims = _claims(asked["id_token_hint"], issuer) if "id_token_hint" in asked else None
    partner = _partner(session, asked, claims)
    return LogoutRequest(
        partner=partner,
        hint=_hint(claims) if claims else None,
        return_to=_return_to(partner, asked),
        ui_locales=tuple(asked.get("ui_locales", "").split()),
    )


def _claims(hint: str, issuer: Issuer) -> dict[str, Any]:
    """RP-Initiated Logout 2: an id_token of ours, expired or not; no other token passes for one."""
    try:
        claims = verified_claims(hint, issuer)
    except InvalidRequestError:
        raise LogoutRequestError(LogoutProblem.UNTRUSTED_HINT) from None
    is_id_token = claims.get("iss") == issuer.url and "events" not in claims
    if not is_id_token or not all(isinstance(claims.get(name), str) for name in ("sub", "aud")):
        raise LogoutRequestError(LogoutProblem.UNTRUSTED_HINT)
    return claims


def _partner(session: Session, asked: dict[str, str], claims: dict[str, Any] | None) -> Partner | None:
    """RP-Initiated Logout 2: ``client_id`` and the hint must name the same one."""
    client_id = asked.get("client_id") or (claims["aud"] if claims else None)
    if client_id is None:
        return None
    if claims and claims["aud"] != client_id:
        raise LogoutRequestError(LogoutProblem.OTHER_CLIENT)
    client = find_client(session, client_id)
    if client is None:
        raise LogoutRequestError(LogoutProblem.UNKNOWN_CLIENT)
    return client.partner


def _hint(claims: dict[str, Any]) -> LogoutHint:
    return LogoutHint(subject=claims["sub"], partner_session_id=claims.get("sid"))


def _return_to(partner: Partner | None, asked: dict[str, str]) -> str | None:
    """RP-Initiated Logout 3: byte for byte a registered address; without a partner there is none to compare."""
    address = asked.get("post_logout_redirect_uri")
    if partner is None or address is None:
        return None
    if address not in partner.post_logout_redirect_uris:
        raise LogoutRequestError(LogoutProblem.UNREGISTERED_ADDRESS)
    if "state" not in asked:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode({'state': asked['state']})}"
