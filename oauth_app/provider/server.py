"""The wiring of Authlib: what is registered here is what the hub does, and what it announces."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.grants import BaseGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import Response
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, TokenKind, new_id, new_token
from oauth_app.models import AuthorizationCode, TokenRow
from oauth_app.provider.authorization_details import granted_details, refuse_details
from oauth_app.provider.client_authentication import ClientNotProvenError, prove_client
from oauth_app.provider.client_credentials import ClientCredentials
from oauth_app.provider.clients import Client, find_client
from oauth_app.provider.code_grant import CodeGrant
from oauth_app.provider.device_authorization import DeviceAuthorization
from oauth_app.provider.device_grant import DeviceGrants
from oauth_app.provider.dpop import TOKEN_TYPE
from oauth_app.provider.dpop_binding import check_key_is_given, find_proven_key
from oauth_app.provider.failure_reasons import Reason
from oauth_app.provider.failures import ProtocolFailure, describe_failure
from oauth_app.provider.id_token import IdTokens
from oauth_app.provider.introspection import Introspection
from oauth_app.provider.issuer import Issuer
from oauth_app.provider.partner_keys import Jwks
from oauth_app.provider.pkce import S256Only
from oauth_app.provider.refresh_grant import RefreshGrant
from oauth_app.provider.requests import ProtocolRequest
from oauth_app.provider.revocation import Revocation
from oauth_app.provider.tokens import ACCESS_LIFE, Family, keep_access_token, keep_refresh_token, revoke_family

#: What Authlib calls the token endpoint.
TOKEN = "token"  # noqa: S105 - the name of an endpoint

#: Each grant with what is added to it.
GRANTS: dict[type[BaseGrant], Callable[[Issuer], list[Any]]] = {
    CodeGrant: lambda issuer: [S256Only(), IdTokens(issuer)],
    RefreshGrant: lambda issuer: [IdTokens(issuer)],
    ClientCredentials: lambda _issuer: [],
    DeviceGrants: lambda issuer: [IdTokens(issuer)],
}
#: The endpoints beside authorization and token.
ENDPOINTS = (Revocation, Introspection, DeviceAuthorization)


def make_server(session: Session, issuer: Issuer) -> "Server":
    """Return the provider for one transaction: the grants and endpoints of the lists above, and nothing else."""
    server = Server(session, issuer)
    for grant, extensions in GRANTS.items():
        server.register_grant(grant, extensions(issuer))
    for endpoint in ENDPOINTS:
        server.register_endpoint(endpoint)
    return server


class Server(AuthorizationServer):  # type: ignore[misc] # Authlib ships no types
    """Authlib's server on one open transaction. The caller commits, also after an error that is an answer."""

    def __init__(self, session: Session, issuer: Issuer) -> None:
        super().__init__()
        self.session = session
        self.issuer = issuer
        self._clients: dict[str, Client | None] = {}
        #: Consents that lost tokens: after the commit, who remembers their callers must be told.
        self.revoked_consents: set[str] = set()
        #: Keys of partners that were fetched for this request, by address: nothing is fetched in a transaction.
        self.partner_keys: Mapping[str, Jwks] = {}
        #: What the partner's developer will want to know about the answer, when it is an error.
        self.failure: ProtocolFailure | None = None
        self._explanation: tuple[Reason | None, dict[str, str]] = (None, {})
        self.register_token_generator("default", _TOKENS)

    def query_client(self, client_id: str) -> Client | None:
        """Return the partner of this id, unless it is switched off."""
        if client_id not in self._clients:  # Authlib asks more than once
            self._clients[client_id] = find_client(self.session, client_id)
        return self._clients[client_id]

    def authenticate_client(self, request: ProtocolRequest, methods: Collection[str], endpoint: str = TOKEN) -> Client:
        """Return the client, proven; and at the token endpoint see whose key its tokens are bound to."""
        client = request.client = prove_client(self, request, methods)
        if endpoint == TOKEN:
            refuse_details(request)
            request.proven_key = find_proven_key(self.session, self.issuer, request)
            check_key_is_given(client, request.proven_key)
        return client

    def explain(self, reason: Reason, **details: str) -> None:
        """Note why a refusal follows, which the answer does not tell (nor may ``details`` hold a secret)."""
        self._explanation = (reason, details)

    def save_token(self, token: dict[str, Any], request: ProtocolRequest) -> None:
        """Keep what is about to be handed out."""
        kept = request.authorization_code or request.refresh_token or request.credential
        source = kept.row if kept else None
        family = Family.of(source) if source else _family_of_client(request.client)
        key: str | None = request.proven_key
        if key is not None:
            token["token_type"] = TOKEN_TYPE
        if family.details is not None:
            token["authorization_details"] = granted_details(family.details, request.user.consent)
        keep_access_token(self.session, replace(family, dpop_thumbprint=key), token["access_token"], token["scope"])
        if source is not None and "refresh_token" in token:
            # RFC 6749 6: a refresh token may ask for less this once; the next one can still do all.
            # RFC 9449 5: a client with a secret proves itself by that, and may change its key.
            held_by = key if request.client.partner.is_public else None
            keep_refresh_token(
                self.session, replace(family, dpop_thumbprint=held_by), token["refresh_token"], source.scope
            )

    def revoke(self, token: TokenRow) -> None:
        """End one access token."""
        token.revoked_at = token.revoked_at or clock.now()
        self.note_revoked(token)

    def revoke_family(self, member: AuthorizationCode | TokenRow) -> None:
        """End every token that came of the same sign-in."""
        revoke_family(self.session, member.family_id)
        self.note_revoked(member)

    def note_revoked(self, member: AuthorizationCode | TokenRow) -> None:
        """Remember whose tokens ended."""
        if member.consent_id is not None:
            self.revoked_consents.add(member.consent_id)

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        """Take the request as we have read it, see ``oauth_app.provider.requests``."""
        return request

    def handle_error_response(self, request: ProtocolRequest, error: OAuth2Error) -> Response:
        """Return the error as an answer, and remember why for the partner's developer."""
        if isinstance(error, ClientNotProvenError):
            request.client = error.client
            self.explain(error.reason)
        self.failure = describe_failure(request, error, self._explanation)
        response: Response = super().handle_error_response(request, error)
        return response


def _family_of_client(client: Client) -> Family:
    """Return a family without a user: the partner's server stands for itself."""
    return Family(id=new_id(Kind.FAMILY), consent_id=None, partner_id=client.partner.id, signed_in_at=clock.now())


_TOKENS = BearerTokenGenerator(
    access_token_generator=lambda **_: new_token(TokenKind.ACCESS),
    refresh_token_generator=lambda **_: new_token(TokenKind.REFRESH),
    expires_generator=int(ACCESS_LIFE.total_seconds()),
)
