"""The management API for keys: make, change, list and delete them."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import api_keys, money
from oauth_app.sandbox.accounts import Account
from oauth_app.sandbox.api_keys import ApiKey, KeyTerms
from oauth_app.sandbox.clock import iso
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import admin_account
from oauth_app.sandbox.envelope import success
from oauth_app.sandbox.errors import PlatformError, refuse
from oauth_app.sandbox.fields import Fields, read_fields
from oauth_app.sandbox.rate_limits import Rate

_PREFIX: Final = "/api/v1/user/admin"

_MOST_KEYS: Final = 5_000

#: Calls in a second, as documented.
_CREATE: Final = Rate("create", 10)
_UPDATE: Final = Rate("update", 10)
_LIST: Final = Rate("list", 1)
_DELETE: Final = Rate("delete", 50)


async def create(request: Request) -> Response:
    """Make a key; it never has admin rights."""
    account = _admin(request, _CREATE)
    fields = await read_fields(request)
    terms = KeyTerms(
        remark=fields.text("remark", api_keys.DEFAULT_REMARK),
        expires_at_s=fields.moment("expired_at"),
        max_cents=fields.amount("max_fee", zero=True),
        permissions=_read_permissions(fields) if fields.has("permissions") else None,
    )
    store = store_of(request)
    if api_keys.count_of(store, account.id) >= _MOST_KEYS:
        refuse(f"You have {_MOST_KEYS} API keys already, and no more are possible.")
    with store.transaction():
        key = api_keys.add(store, account.id, terms)
    return success("New api token success", key)


async def update(request: Request) -> Response:
    """Change a key; remark, expiry and state stay when they are absent."""
    account = _admin(request, _UPDATE)
    fields = await read_fields(request)
    store = store_of(request)
    key = api_keys.find_of(store, account.id, fields.text("key"))
    if key is None:
        raise _unknown_key()
    api_keys.change(store, key.key, _read_changes(fields, key))
    return success("Update api token success", None)


async def list_keys(request: Request) -> Response:
    """List every key of the account."""
    account = _admin(request, _LIST)
    await read_fields(request)
    keys = api_keys.all_of(store_of(request), account.id)
    return success(f"Get API keys success, total keys: {len(keys)}", [_described(key) for key in keys])


async def delete(request: Request) -> Response:
    """Delete a key; it is void at once."""
    account = _admin(request, _DELETE)
    fields = await read_fields(request)
    if not api_keys.delete(store_of(request), account.id, fields.text("key")):
        raise _unknown_key()
    return success("Delete api key success", None)


def _admin(request: Request, rate: Rate) -> Account:
    account = admin_account(request)
    sandbox = sandbox_of(request)
    if sandbox.config.rate_limits:
        sandbox.rates.check(account.id, rate)
    return account


def _read_changes(fields: Fields, key: ApiKey) -> KeyTerms:
    if not fields.has("permissions"):
        refuse("permissions is required")
    is_disabled = fields.flag("is_disabled")
    return KeyTerms(
        remark=fields.text("remark", key.remark),
        expires_at_s=fields.moment("expired_at") if fields.has("expired_at") else key.expires_at_s,
        max_cents=fields.amount("max_fee", zero=True),
        permissions=_read_permissions(fields),
        is_disabled=key.is_disabled if is_disabled is None else is_disabled,
    )


def _read_permissions(fields: Fields) -> list[str]:
    permissions = list(dict.fromkeys(fields.texts("permissions")))
    if unknown := set(permissions) - set(api_keys.known_permissions()):
        refuse(f"permissions has a name that is unknown: {min(unknown)[:60]}")
    return permissions


def _unknown_key() -> PlatformError:
    return PlatformError(404, "not_found_error", "You have no such API key.")


def _described(key: ApiKey) -> dict[str, object]:
    return {
        "key": key.key,
        "user_id": str(key.account_id),
        "remark": key.remark,
        "created_at": iso(key.created_at_s),
        "used_at": None if key.used_at_s is None else iso(key.used_at_s),
        "expired_at": iso(key.expires_at_s),
        "used_times": str(key.used_times),
        "used_fee": money.wire(key.used_cents),
        "max_fee": money.wire(key.max_cents),
        "permissions": api_keys.known_permissions() if key.permissions is None else list(key.permissions),
        "is_admin": key.is_admin,
        "is_disabled": key.is_disabled,
    }


ROUTES: Final = (
    Route(f"{_PREFIX}/new-api-token", create, methods=["POST"]),
    Route(f"{_PREFIX}/create-api-token", create, methods=["POST"]),
    Route(f"{_PREFIX}/update-api-token", update, methods=["POST"]),
    Route(f"{_PREFIX}/get-api-tokens", list_keys, methods=["POST"]),
    Route(f"{_PREFIX}/del-api-token", delete, methods=["POST"]),
    Route(f"{_PREFIX}/delete-api-token", delete, methods=["POST"]),
)
