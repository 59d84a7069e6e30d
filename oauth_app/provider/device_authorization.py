"""The device authorization endpoint (RFC 8628 3.1): a device without a browser asks for a code to show."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint
from sqlalchemy import select

from oauth_app import clock
from oauth_app.identifiers import Kind, TokenKind, digest, new_id, new_token
from oauth_app.models import DeviceGrant
from oauth_app.provider.authorization_details import refuse_details
from oauth_app.provider.clients import AUTH_METHODS, DEVICE_CODE_GRANT, Client
from oauth_app.provider.device_codes import digest_of_user_code, new_user_code
from oauth_app.provider.requests import ProtocolRequest

DEVICE_CODE_LIFE = timedelta(minutes=10)
#: Where a person types the code, and its picture.
PAGE, QR_PATH = "/oauth/device", "/oauth/device/qr"
#: ``device_grant.status``.
PENDING, APPROVED, DENIED, USED = "pending", "approved", "denied", "used"


class DeviceAuthorization(DeviceAuthorizationEndpoint):  # type: ignore[misc] # Authlib ships no types
    """Codes for devices, kept as digests."""

    CLIENT_AUTH_METHODS = AUTH_METHODS
    EXPIRES_IN = int(DEVICE_CODE_LIFE.total_seconds())
    INTERVAL = 5

    def authenticate_client(self, request: ProtocolRequest) -> Client:
        """Return the client, if it may use devices at all, and asks for what it may ask for."""
        client: Client = super().authenticate_client(request)
        if not client.check_grant_type(DEVICE_CODE_GRANT):
            raise UnauthorizedClientError(description="this client is not registered for the device code grant")
        refuse_details(request)
        self._check_scope(request, client)
        return client

    def generate_user_code(self) -> str:
        """Return a code for people that is nobody else's now."""
        code = new_user_code()
        taken = select(DeviceGrant.device_code_digest).where(DeviceGrant.user_code_digest == digest_of_user_code(code))
        return code if self.server.session.scalar(taken) is None else self.generate_user_code()

    def generate_device_code(self) -> str:
        """Return a code that can be recognised as one."""
        return new_token(TokenKind.DEVICE_CODE)

    def get_verification_uri(self) -> str:
        """Return where the person goes."""
        return str(self.server.issuer.url + PAGE)

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        """Keep the digests of both codes, and tell one thing more: where the address is drawn as a QR code."""
        now = clock.now()
        row = DeviceGrant(
            device_code_digest=digest(data["device_code"]),
            user_code_digest=digest_of_user_code(data["user_code"]),
            partner_id=client_id,
            scope=scope,
            status=PENDING,
            family_id=new_id(Kind.FAMILY),
            interval_s=self.INTERVAL,
            polled_at=None,
            created_at=now,
            expires_at=now + DEVICE_CODE_LIFE,
        )
        self.server.session.add(row)
        data["verification_qr_uri"] = f"{self.server.issuer.url}{QR_PATH}?{urlencode({'user_code': data['user_code']})}"

    def _check_scope(self, request: ProtocolRequest, client: Client) -> None:
        """As the authorization endpoint has it: unknown scopes are ignored, known ones must be registered."""
        known = [name for name in self.server.issuer.scopes if name in (request.payload.scope or "").split()]
        if not known:
            raise InvalidScopeError(description="scope names nothing that can be granted")
        if not set(known) <= set(client.partner.scopes):
            raise InvalidScopeError(description="scope names what is not registered for this client")
        request.payload.data.setlist("scope", [" ".join(known)])
