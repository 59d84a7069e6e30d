"""The client credentials grant (RFC 6749 4.4): a partner's server in its own name."""

from authlib.oauth2.rfc6749 import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from oauth_app.provider.clients import CONFIDENTIAL_METHODS


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc] # Authlib ships no types
    """A token that stands for no user; with it the server names one at each call, as with its secret."""

    TOKEN_ENDPOINT_AUTH_METHODS = CONFIDENTIAL_METHODS

    def validate_requested_scope(self) -> None:
        """RFC 6749 3.3: what is not named is all that can be had; what only a user can grant is refused."""
        request, partner = self.request, self.request.client.partner
        possible = [scope for scope in self.server.issuer.client_scopes if scope in partner.scopes]
        asked = (request.payload.scope or " ".join(possible)).split()
        if not asked or not set(asked) <= set(possible):
            raise InvalidScopeError(description="scope names what a client without a user cannot have")
        request.payload.data.setlist("scope", [" ".join(dict.fromkeys(asked))])
