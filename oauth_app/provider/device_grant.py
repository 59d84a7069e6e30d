"""The device code grant (RFC 8628 3.4): a device asks again and again, until the person has decided elsewhere."""

from datetime import timedelta
from typing import Any, NoReturn

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidGrantError
from authlib.oauth2.rfc8628 import AuthorizationPendingError, DeviceCodeGrant, ExpiredTokenError, SlowDownError
from sqlalchemy import update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import TokenKind, digest, is_well_formed
from oauth_app.models import DeviceGrant
from oauth_app.provider.clients import AUTH_METHODS, Client
from oauth_app.provider.code_grant import OFFLINE_ACCESS
from oauth_app.provider.device_authorization import APPROVED, DENIED, PENDING, USED
from oauth_app.provider.owner import ResourceOwner, lock_consent

#: By how much the interval grows for a device that does not keep to it (RFC 8628 3.5).
_SLOWER_S = 5
#: A device counts its seconds from the answer, and the network is not always equally quick.
_JITTER = timedelta(milliseconds=500)


class KeptDeviceCode:
    """A device code as Authlib asks about it."""

    def __init__(self, row: DeviceGrant) -> None:
        self.row = row

    def get_client_id(self) -> str:
        """Return whose it is."""
        return self.row.partner_id

    def get_scope(self) -> str:
        """Return what the person was asked for."""
        return self.row.scope


class DeviceGrants(DeviceCodeGrant):  # type: ignore[misc] # Authlib ships no types
    """Device codes for tokens."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    @property
    def _session(self) -> Session:
        session: Session = self.server.session
        return session

    def authenticate_token_endpoint_client(self) -> Client:
        """Return the client, and remember it: what follows asks whose the code is."""
        client: Client = super().authenticate_token_endpoint_client()
        self.request.client = client
        return client

    def query_device_credential(self, device_code: str) -> KeptDeviceCode:
        """Return the code, if it is the client's; Authlib would tell a stranger that it is another's."""
        row = None
        if is_well_formed(device_code, TokenKind.DEVICE_CODE):
            row = self._session.get(DeviceGrant, digest(device_code))
        if row is None or row.partner_id != self.request.client.partner.id:
            raise InvalidGrantError(description="device_code is unknown")
        return KeptDeviceCode(row)

    def validate_device_credential(self, credential: KeptDeviceCode) -> ResourceOwner:
        """RFC 8628 3.5: return who approved, and use the code up; or say why there is nobody yet."""
        row = credential.row
        if row.status == USED:
            raise InvalidGrantError(description="device_code was used before")
        if row.status == DENIED:
            raise AccessDeniedError
        if row.expires_at <= clock.now():
            raise ExpiredTokenError
        if row.status == PENDING:
            self._put_off(row)
        return self._use(row)

    def generate_token(self, **wishes: Any) -> dict[str, Any]:  # noqa: ANN401 - passed on
        """Add a refresh token only if the user agreed to ``offline_access``, as at the code grant."""
        wishes["include_refresh_token"] = OFFLINE_ACCESS in wishes["scope"].split()
        token: dict[str, Any] = super().generate_token(**wishes)
        return token

    def _put_off(self, row: DeviceGrant) -> NoReturn:
        now, interval = clock.now(), timedelta(seconds=row.interval_s)
        is_early = row.polled_at is not None and now < row.polled_at + interval - _JITTER
        row.polled_at = now
        if is_early:
            row.interval_s += _SLOWER_S
            raise SlowDownError
        raise AuthorizationPendingError

    def _use(self, row: DeviceGrant) -> ResourceOwner:
        consent = lock_consent(self._session, str(row.consent_id))
        if consent is None or row.signed_in_at is None:
            raise AccessDeniedError  # taken back since
        approved = DeviceGrant.device_code_digest == row.device_code_digest, DeviceGrant.status == APPROVED
        # Of many questions at once, one is answered.
        used = update(DeviceGrant).where(*approved).values(status=USED).returning(DeviceGrant.family_id)
        if self._session.execute(used, execution_options={"synchronize_session": False}).first() is None:
            raise InvalidGrantError(description="device_code was used before")
        # No session of a browser: the device goes on when the phone that approved it signs out.
        return ResourceOwner(consent=consent, signed_in_at=row.signed_in_at)
