"""Who is asking: OAuth tokens and API keys in the request headers."""

from typing import Final

from starlette.requests import HTTPConnection, Request

from oauth_app.sandbox import accounts, api_keys
from oauth_app.sandbox.accounts import Account
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.errors import PlatformError, VendorError, bad_token
from oauth_app.sandbox.identifiers import TOKEN_PREFIX

_KEY_PROTOCOL: Final = "openai-insecure-api-key."


def bearer(request: HTTPConnection) -> str:
    """Return the credential of the Authorization header, with or without ``Bearer``, or nothing."""
    header = request.headers.get("authorization", "").strip()
    scheme, _, credential = header.partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else header


def oauth_account(request: Request) -> Account:
    """Return the account of the OAuth token.

    Raises:
        PlatformError: 401 ``oauth_invalid_token_error``.
    """
    account = accounts.find_by_token(store_of(request), bearer(request))
    if account is None:
        raise bad_token()
    return account


def admin_account(request: Request) -> Account:
    """Return the account of a management key.

    Raises:
        PlatformError: 401, as the documentation lists for a key without admin rights.
    """
    store = store_of(request)
    key = api_keys.find(store, bearer(request))
    if key is None or not key.is_admin:
        raise PlatformError(401, "no_permission_error", "no permission")
    return accounts.get_by_id(store, key.account_id)


def platform_account(request: Request, in_address: str = "") -> Account:
    """Return the account of an OAuth token or of any API key, on a platform route.

    Args:
        request: its Authorization header is looked at first.
        in_address: the credential that the address carries, for the one operation that takes it there.

    Raises:
        PlatformError: 401 ``oauth_invalid_token_error``.
    """
    account = _find_any(request, bearer(request) or in_address)
    if account is None:
        raise bad_token()
    return account


def files_account(request: Request) -> Account:
    """Return the account of an OAuth token, or of an API key that may use file storage.

    Raises:
        PlatformError: 401, refused or without the permission ``file-v1``.
    """
    account = platform_account(request)
    key = api_keys.present.get()
    if key and not key.permits(api_keys.FILES):
        text = f"This API key has no permission to use '{api_keys.FILES}'."
        raise PlatformError(401, "no_permission_error", text)
    return account


def vendor_account(request: HTTPConnection) -> Account:
    """Return the account of an OAuth token or API key, on a route in a vendor's shape.

    Raises:
        VendorError: 401. A refused OAuth token is named as such, so that a client can tell
            a connection that is lost from a key that is wrong.
    """
    credential = bearer(request) or request.headers.get("x-api-key", "") or _offered_key(request)
    account = _find_any(request, credential)
    if account is None:
        raise _refusal(credential)
    return account


def _offered_key(request: HTTPConnection) -> str:
    """Return the key that a browser's WebSocket, which cannot set headers, hides among its subprotocols."""
    offered = [name for name in request.scope.get("subprotocols", ()) if name.startswith(_KEY_PROTOCOL)]
    return str(offered[0]).removeprefix(_KEY_PROTOCOL) if offered else ""


def _find_any(request: HTTPConnection, credential: str) -> Account | None:
    store = store_of(request)
    if credential.startswith(TOKEN_PREFIX):
        return accounts.find_by_token(store, credential)
    key = api_keys.find(store, credential)
    api_keys.present.set(key)
    return accounts.get_by_id(store, key.account_id) if key else None


def _refusal(credential: str) -> VendorError:
    if credential.startswith(TOKEN_PREFIX):
        return VendorError(401, "oauth_invalid_token_error", bad_token().text, code="invalid_api_key")
    text = "Incorrect API key provided." if credential else "You didn't provide an API key."
    return VendorError(401, "invalid_request_error", text, code="invalid_api_key")
