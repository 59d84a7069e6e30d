"""Who is asking: OAuth tokens and API keys in the request headers."""

from starlette.requests import Request

from oauth_app.sandbox import accounts
from oauth_app.sandbox.accounts import Account
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.errors import PlatformError, VendorError, bad_token
from oauth_app.sandbox.identifiers import TOKEN_PREFIX


def bearer(request: Request) -> str:
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
    account = accounts.find_by_key(store_of(request), bearer(request), admin_only=True)
    if account is None:
        raise PlatformError(401, "no_permission_error", "no permission")
    return account


def platform_account(request: Request) -> Account:
    """Return the account of an OAuth token or of any API key, on a platform route.

    Raises:
        PlatformError: 401 ``oauth_invalid_token_error``.
    """
    account = _find_any(request, bearer(request))
    if account is None:
        raise bad_token()
    return account


def vendor_account(request: Request) -> Account:
    """Return the account of an OAuth token or API key, on a route in a vendor's shape.

    Raises:
        VendorError: 401. A refused OAuth token is named as such, so that a client can tell
            a connection that is lost from a key that is wrong.
    """
    credential = bearer(request) or request.headers.get("x-api-key", "")
    account = _find_any(request, credential)
    if account is None:
        raise _refusal(credential)
    return account


def _find_any(request: Request, credential: str) -> Account | None:
    store = store_of(request)
    if credential.startswith(TOKEN_PREFIX):
        return accounts.find_by_token(store, credential)
    return accounts.find_by_key(store, credential, admin_only=False)


def _refusal(credential: str) -> VendorError:
    if credential.startswith(TOKEN_PREFIX):
        return VendorError(401, "oauth_invalid_token_error", bad_token().text, code="invalid_api_key")
    text = "Incorrect API key provided." if credential else "You didn't provide an API key."
    return VendorError(401, "invalid_request_error", text, code="invalid_api_key")
