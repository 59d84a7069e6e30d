"""The authorization code grant (RFC 6749 4.1) on our own rows: hashed, one use, a minute."""

from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, TokenKind, digest, is_well_formed, new_id, new_token
from oauth_app.models import AuthorizationCode, Consent
from oauth_app.provider.clients import AUTH_METHODS, RESPONSE_TYPE, Client
from oauth_app.provider.dpop_binding import JKT, check_is_holder
from oauth_app.provider.failure_reasons import Reason
from oauth_app.provider.owner import ResourceOwner, is_session_over, lock_consent
from oauth_app.provider.requests import ProtocolRequest

CODE_LIFE = timedelta(seconds=60)
OFFLINE_ACCESS = "offline_access"


class KeptCode:
    """A code as Authlib asks about it."""

    def __init__(self, row: AuthorizationCode, consent: Consent) -> None:
        self.row = row
        self.consent = consent
        self.code_challenge = row.code_challenge

    def get_redirect_uri(self) -> str:
        """Return where the code was sent."""
        return self.row.redirect_uri

    def get_scope(self) -> str:
        """Return what the user agreed to."""
        return self.row.scope


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc] # Authlib ships no types
    """Codes for tokens."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    RESPONSE_TYPES = frozenset({RESPONSE_TYPE})

    @property
    def _session(self) -> Session:
        session: Session = self.server.session
        return session

    def issue_code(self, owner: ResourceOwner) -> str:
        """Return a fresh code for what the request asked and the user agreed to. The caller commits."""
        self.request.user = owner
        code = self.generate_authorization_code()
        self.save_authorization_code(code, self.request)
        return code

    def generate_authorization_code(self) -> str:
        """Return a code that can be recognised as one."""
        return new_token(TokenKind.CODE)

    def save_authorization_code(self, code: str, request: ProtocolRequest) -> None:
        """Keep the digest of the code, and what it stands for."""
        owner: ResourceOwner = request.user
        row = AuthorizationCode(
            code_digest=digest(code),
            consent_id=owner.consent.id,
            partner_id=owner.consent.partner_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
            nonce=request.payload.data.get("nonce"),
            code_challenge=request.payload.data.get("code_challenge"),
            claims=request.claims,
            authorization_details=request.details,
            dpop_thumbprint=request.payload.data.get(JKT),
            partner_session_id=owner.partner_session_id,
            signed_in_at=owner.signed_in_at,
            expires_at=clock.now() + CODE_LIFE,
            used_at=None,
            family_id=new_id(Kind.FAMILY),
        )
        self._session.add(row)

    def query_authorization_code(self, code: str, client: Client) -> KeptCode | None:
        """Return the code if it is the client's, fresh and unused; a used one revokes what came of it."""
        kept = self._find_code(code, client)
        return kept if kept is not None and self._is_good(kept.row) else None

    def _find_code(self, code: str, client: Client) -> KeptCode | None:
        if not is_well_formed(code, TokenKind.CODE):
            self.server.explain(Reason.UNKNOWN_CODE)
            return None
        by_digest = AuthorizationCode.code_digest == digest(code)
        consent = lock_consent(self._session, select(AuthorizationCode.consent_id).where(by_digest).scalar_subquery())
        row = self._session.scalar(select(AuthorizationCode).where(by_digest))
        if consent is None or row is None or row.partner_id != client.partner.id:
            self.server.explain(Reason.UNKNOWN_CODE)
            return None
        return KeptCode(row, consent)

    def _is_good(self, row: AuthorizationCode) -> bool:
        if row.used_at is not None:
            # RFC 6749 4.1.2. The answer is an error, and yet the transaction ends well, so that this stays.
            self.server.revoke_family(row)
            self.server.explain(Reason.CODE_USED)
            return False
        check_is_holder(row.dpop_thumbprint, self.request)
        if row.expires_at <= clock.now() or is_session_over(self._session, row.partner_session_id):
            self.server.explain(Reason.CODE_EXPIRED)
            return False
        sent = self.request.payload.redirect_uri or ""
        if sent != row.redirect_uri:  # Authlib refuses it next
            self.server.explain(Reason.WRONG_REDIRECT_URI, redirect_uri=sent, redirect_uri_of_code=row.redirect_uri)
        return True

    def authenticate_user(self, authorization_code: KeptCode) -> ResourceOwner:
        """Use the code up, now that all else has been checked, and return who agreed to it."""
        row = authorization_code.row
        used = self._session.execute(
            update(AuthorizationCode)
            .where(AuthorizationCode.code_digest == row.code_digest, AuthorizationCode.used_at.is_(None))
            .values(used_at=clock.now())
            .returning(AuthorizationCode.family_id)
        ).first()
        if used is None:
            # The lock on the consent lets nobody come here twice; if it ever fails, this does not.
            self.server.revoke_family(row)
            raise InvalidGrantError
        return ResourceOwner(
            consent=authorization_code.consent,
            signed_in_at=row.signed_in_at,
            partner_session_id=row.partner_session_id,
        )

    def generate_token(self, **wishes: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on
        """Add a refresh token only if the user agreed to ``offline_access`` (OIDC Core 11)."""
        wishes["include_refresh_token"] = OFFLINE_ACCESS in wishes["scope"].split()
        token: dict[str, Any] = super().generate_token(**wishes)
        return token

    def delete_authorization_code(self, authorization_code: KeptCode) -> None:
        """Keep the used code: it must be known again when it comes a second time."""
