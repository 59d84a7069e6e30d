"""Revocation (RFC 7009): a partner gives a token back."""

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from sqlalchemy.orm import Session

from oauth_app.identifiers import digest
from oauth_app.models import TokenRow
from oauth_app.provider.clients import AUTH_METHODS, Client
from oauth_app.provider.owner import lock_consent
from oauth_app.provider.requests import ProtocolRequest
from oauth_app.provider.tokens import REFRESH


class KeptToken:
    """A token as Authlib asks about it."""

    def __init__(self, row: TokenRow) -> None:
        self.row = row

    def check_client(self, client: Client) -> bool:
        """Tell whether it is the client's."""
        return self.row.partner_id == client.partner.id


class Revocation(RevocationEndpoint):  # type: ignore[misc] # Authlib ships no types
    """An access token ends alone; a refresh token takes its family with it."""

    #: Authlib's own takes no public clients, which have as much to give back.
    CLIENT_AUTH_METHODS = AUTH_METHODS

    @property
    def _session(self) -> Session:
        session: Session = self.server.session
        return session

    def check_params(self, request: ProtocolRequest, client: Client) -> None:  # noqa: ARG002 - Authlib's signature
        """RFC 7009 2.1: the hint may be ignored by who needs none; a prefix tells our tokens apart."""
        if "token" not in request.form:
            raise InvalidRequestError(description="token is missing")

    def query_token(self, token_string: str, token_type_hint: str | None) -> KeptToken | None:  # noqa: ARG002
        """Return the token; RFC 7009 2.2: one that is unknown is as good as revoked."""
        row = self._session.get(TokenRow, digest(token_string))
        return KeptToken(row) if row else None

    def revoke_token(self, token: KeptToken, request: ProtocolRequest) -> None:  # noqa: ARG002 - Authlib's signature
        """End the token, and with a refresh token all that came of the same sign-in."""
        if token.row.kind == REFRESH and token.row.consent_id is not None:
            lock_consent(self._session, token.row.consent_id)
            self.server.revoke_family(token.row)
        else:
            self.server.revoke(token.row)
