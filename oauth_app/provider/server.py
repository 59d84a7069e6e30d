"""The wiring of Authlib: what is registered here is what the hub does, and what it announces."""

from collections.abc import Callable
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import BaseGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc9207 import IssuerParameter
from flask import Response
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import TokenKind, new_token
from oauth_app.models import AuthorizationCode, TokenRow
from oauth_app.provider.clients import Client, find_client
from oauth_app.provider.code_grant import CodeGrant
from oauth_app.provider.id_token import IdTokens
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.pkce import S256Only
from oauth_app.provider.refresh_grant import RefreshGrant
from oauth_app.provider.requests import ProtocolRequest
from oauth_app.provider.revocation import Revocation
from oauth_app.provider.tokens import ACCESS_LIFE, Family, keep_access_token, keep_refresh_token, revoke_family

#: Each grant with what is added to it.
GRANTS: dict[type[BaseGrant], Callable[[Issuer], list[Any]]] = {
    CodeGrant: lambda issuer: [S256Only(), IdTokens(issuer)],
    RefreshGrant: lambda issuer: [IdTokens(issuer)],
}


def make_server(session: Session, issuer: Issuer) -> "Server":
    """Return the provider for one transaction: two grants, PKCE for all, one endpoint, nothing else."""
    server = Server(session, issuer)
    for grant, extensions in GRANTS.items():
        server.register_grant(grant, extensions(issuer))
    server.register_endpoint(Revocation)
    return server


class Server(AuthorizationServer):  # type: ignore[misc] # Authlib ships no types
    """Authlib's server on one open transaction. The caller commits, also after an error that is an answer."""

    def __init__(self, session: Session, issuer: Issuer) -> None:
        super().__init__()
        self.session = session
        self.issuer = issuer
        #: Consents that lost tokens: after the commit, who remembers their callers must be told.
        self.revoked_consents: set[str] = set()
        self._iss = _Iss(issuer)
        self.register_token_generator("default", _TOKENS)

    def query_client(self, client_id: str) -> Client | None:
        """Return the partner of this id, unless it is switched off."""
        return find_client(self.session, client_id)

    def save_token(self, token: dict[str, Any], request: ProtocolRequest) -> None:
        """Keep what is about to be handed out."""
        source = (request.authorization_code or request.refresh_token).row
        family = Family.of(source)
        keep_access_token(self.session, family, token["access_token"], token["scope"])
        if "refresh_token" in token:
            # RFC 6749 6: a refresh token may ask for less this once; the next one can still do all.
            keep_refresh_token(self.session, family, token["refresh_token"], source.scope)

    def revoke(self, token: TokenRow) -> None:
        """End one access token."""
        token.revoked_at = token.revoked_at or clock.now()
        self._note_revoked(token)

    def revoke_family(self, member: AuthorizationCode | TokenRow) -> None:
        """End every token that came of the same sign-in."""
        revoke_family(self.session, member.family_id)
        self._note_revoked(member)

    def _note_revoked(self, member: AuthorizationCode | TokenRow) -> None:
        if member.consent_id is not None:
            self.revoked_consents.add(member.consent_id)

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        """Take the request as we have read it, see ``oauth_app.provider.requests``."""
        return request

    def handle_response(self, status_code: int, payload: Any, headers: Any) -> Response:  # noqa: ANN401
        """Return the answer; every redirect says who sends it, errors included (RFC 9207 2)."""
        response: Response = super().handle_response(status_code, payload, headers)
        self._iss.add_issuer_parameter(self, response)
        return response


class _Iss(IssuerParameter):  # type: ignore[misc] # Authlib ships no types
    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer.url


_TOKENS = BearerTokenGenerator(
    access_token_generator=lambda **_: new_token(TokenKind.ACCESS),
    refresh_token_generator=lambda **_: new_token(TokenKind.REFRESH),
    expires_generator=int(ACCESS_LIFE.total_seconds()),
)
