"""The refresh token grant (RFC 6749 6): each token is exchanged once; see ``refresh_reuse``."""

from authlib.oauth2.rfc6749.grants import RefreshTokenGrant
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import TokenKind, digest, is_well_formed
from oauth_app.models import Consent, TokenRow
from oauth_app.provider.clients import AUTH_METHODS, Client
from oauth_app.provider.dpop_binding import check_is_holder
from oauth_app.provider.failure_reasons import Reason
from oauth_app.provider.owner import ResourceOwner, lock_consent
from oauth_app.provider.refresh_reuse import Use, end_successors, judge_use
from oauth_app.provider.requests import ProtocolRequest


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
        # Before anything is revoked: who lacks the key has stolen nothing that works, and ends nothing.
        check_is_holder(row.dpop_thumbprint, self.request)
        return KeptRefreshToken(row, consent) if self._is_good(row) else None

    def authenticate_user(self, refresh_token: KeptRefreshToken) -> ResourceOwner:
        """Note the first use of the token, now that all else has been checked, and return whose it is."""
        row = refresh_token.row
        if row.used_at is not None:
            end_successors(self._session, row)
            self.server.note_revoked(row)
        # Only the first use counts: a token used again and again inside the overlap does not stretch it.
        unused = update(TokenRow).where(TokenRow.token_digest == row.token_digest, TokenRow.used_at.is_(None))
        self._session.execute(unused.values(used_at=clock.now()))
        return ResourceOwner(
            consent=refresh_token.consent, signed_in_at=row.signed_in_at, partner_session_id=row.partner_session_id
        )

    def revoke_old_credential(self, refresh_token: KeptRefreshToken) -> None:
        """Keep the used token: it must be known again when it comes a second time."""

    def _is_good(self, row: TokenRow) -> bool:
        request: ProtocolRequest = self.request
        use = judge_use(self._session, row, request.received_at)
        if use is Use.THEFT:
            # The answer is an error, and yet the transaction ends well, so that this stays.
            self.server.revoke_family(row)
        is_good = use in {Use.FIRST, Use.LOST_ANSWER} and row.expires_at > clock.now()
        if not is_good:
            self.server.explain(Reason.REFRESH_TOKEN_USED if use is Use.THEFT else Reason.REFRESH_TOKEN_ENDED)
        return is_good
