"""The refresh token grant (RFC 6749 6): each token is exchanged once, and a second exchange is a theft."""

from datetime import timedelta

from authlib.oauth2.rfc6749.grants import RefreshTokenGrant
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import TokenKind, digest, is_well_formed
from oauth_app.models import Consent, TokenRow
from oauth_app.provider.clients import AUTH_METHODS, Client
from oauth_app.provider.owner import ResourceOwner, lock_consent

#: An answer can be lost on its way; for so long, the same token is exchanged again.
OVERLAP = timedelta(seconds=10)


class KeptRefreshToken:
    """A refresh token as Authlib asks about it."""

    def __init__(self, row: TokenRow, consent: Consent) -> None:
        self.row = row
        self.consent = consent

    def check_client(self, client: Client) -> bool:
        """Tell whether it is the client's."""
        return self.row.partner_id == client.partner.id

    def get_scope(self) -> str:
        """Return what the user agreed to."""
        return self.row.scope


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc] # Authlib ships no types
    """Refresh tokens for new pairs."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    @property
    def _session(self) -> Session:
        session: Session = self.server.session
        return session

    def authenticate_refresh_token(self, refresh_token: str) -> KeptRefreshToken | None:
        """Return the token if it is the client's and lives; one used before revokes its family."""
        if not is_well_formed(refresh_token, TokenKind.REFRESH):
            return None
        by_digest = TokenRow.token_digest == digest(refresh_token)
        consent = lock_consent(self._session, select(TokenRow.consent_id).where(by_digest).scalar_subquery())
        row = self._session.scalar(select(TokenRow).where(by_digest))
        if consent is None or row is None or row.partner_id != self.request.client.partner.id:
            return None
        return KeptRefreshToken(row, consent) if self._is_good(row) else None

    def authenticate_user(self, refresh_token: KeptRefreshToken) -> ResourceOwner:
        """Note the first use of the token, now that all else has been checked, and return whose it is."""
        row = refresh_token.row
        # Only the first use counts: a token used again and again inside the overlap does not stretch it.
        unused = update(TokenRow).where(TokenRow.token_digest == row.token_digest, TokenRow.used_at.is_(None))
        self._session.execute(unused.values(used_at=clock.now()))
        return ResourceOwner(consent=refresh_token.consent, signed_in_at=row.signed_in_at)

    def revoke_old_credential(self, refresh_token: KeptRefreshToken) -> None:
        """Keep the used token: it must be known again when it comes a second time."""

    def _is_good(self, row: TokenRow) -> bool:
        if row.used_at is not None and row.used_at + OVERLAP < clock.now():
            # RFC 9700 4.14.2. The answer is an error, and yet the transaction ends well, so that this stays.
            self.server.revoke_family(row)
            return False
        return row.revoked_at is None and row.expires_at > clock.now()
