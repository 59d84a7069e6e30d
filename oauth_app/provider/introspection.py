"""Introspection (RFC 7662): a partner asks whether a token of its own still counts."""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from oauth_app.db import NOW
from oauth_app.identifiers import digest
from oauth_app.models import Consent, TokenRow
from oauth_app.provider.authorization_details import granted_details
from oauth_app.provider.clients import CONFIDENTIAL_METHODS, Client
from oauth_app.provider.owner import is_in_force
from oauth_app.provider.requests import ProtocolRequest
from oauth_app.provider.tokens import ACCESS

#: A token that counts now, with the consent behind it, if there must be one.
_COUNTING_TOKEN = (
    select(TokenRow, Consent)
    .outerjoin(Consent, and_(Consent.id == TokenRow.consent_id, is_in_force()))
    .where(
        TokenRow.token_digest == bindparam("token_digest"),
        TokenRow.revoked_at.is_(None),
        TokenRow.used_at.is_(None),
        TokenRow.expires_at > NOW,
        or_(TokenRow.consent_id.is_(None), Consent.id.is_not(None)),
    )
)


class CountingToken:
    """A token that counts now, and the consent behind it."""

    def __init__(self, row: TokenRow, consent: Consent | None) -> None:
        self.row = row
        #: None for a token of the client credentials grant.
        self.consent = consent

    def is_expired(self) -> bool:
        """Authlib asks; those that ran out are not found at all."""
        return False

    def is_revoked(self) -> bool:
        """Authlib asks; those that were revoked are not found at all."""
        return False


class Introspection(IntrospectionEndpoint):  # type: ignore[misc] # Authlib ships no types
    """Tells a client about its own tokens, and nothing about others (RFC 7662 4: no scanning for tokens)."""

    #: RFC 7662 2.1: who asks must be proven, so public clients cannot.
    CLIENT_AUTH_METHODS = CONFIDENTIAL_METHODS

    @property
    def _session(self) -> Session:
        session: Session = self.server.session
        return session

    def check_params(self, request: ProtocolRequest, client: Client) -> None:  # noqa: ARG002 - Authlib's signature
        """RFC 7662 2.1: the hint may be ignored by who needs none; a prefix tells our tokens apart."""
        if "token" not in request.form:
            raise InvalidRequestError(description="token is missing")

    def query_token(self, token_string: str, token_type_hint: str | None) -> CountingToken | None:  # noqa: ARG002
        """Return the token if it counts; a refresh token counts until it is exchanged."""
        found = self._session.execute(_COUNTING_TOKEN, {"token_digest": digest(token_string)}).first()
        return CountingToken(found[0], found[1]) if found else None

    def check_permission(self, token: CountingToken, client: Client, request: ProtocolRequest) -> bool:  # noqa: ARG002
        """Tell whether the token is the client's own."""
        return token.row.partner_id == client.partner.id

    def introspect_token(self, token: CountingToken) -> dict[str, Any]:
        """RFC 7662 2.2; no ``username``: the partner knows its user by ``sub``, and asks for more at userinfo."""
        row, consent = token.row, token.consent
        allowed = row.scope.split() if consent is None else [one for one in row.scope.split() if one in consent.scopes]
        return {
            "scope": " ".join(allowed),
            "client_id": row.partner_id,
            "sub": row.partner_id if consent is None else consent.subject,
            "iss": self.server.issuer.url,
            "iat": int(row.issued_at.timestamp()),
            "exp": int(row.expires_at.timestamp()),
            **_type_of(row),
            **_details_of(row, consent),
        }


def _details_of(row: TokenRow, consent: Consent | None) -> dict[str, Any]:
    """RFC 9396 9.2: what the token allows of AI calls, if it was asked for in details."""
    if row.authorization_details is None or consent is None:
        return {}
    return {"authorization_details": granted_details(row.authorization_details, consent)}


def _type_of(row: TokenRow) -> dict[str, Any]:
    """RFC 9449 6.2: a token that is bound to a key names it. A refresh token has no type of this kind."""
    bound = {"cnf": {"jkt": row.dpop_thumbprint}} if row.dpop_thumbprint else {}
    if row.kind != ACCESS:
        return bound
    return {"token_type": "DPoP" if bound else "Bearer", **bound}
