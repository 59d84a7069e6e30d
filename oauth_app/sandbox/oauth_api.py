"""The OAuth API: exchange a code, then read and charge the person who agreed."""

import hmac
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import accounts, api_keys, money
from oauth_app.sandbox.accounts import Account, Movement
from oauth_app.sandbox.api_keys import KeyTerms
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.config import Config
from oauth_app.sandbox.context import sandbox_of, store_of
from oauth_app.sandbox.credentials import oauth_account
from oauth_app.sandbox.envelope import success
from oauth_app.sandbox.errors import PlatformError
from oauth_app.sandbox.fields import Fields, read_fields
from oauth_app.sandbox.identifiers import alnum, make_token
from oauth_app.sandbox.store import Store

PREFIX: Final = "/api/v1/user/oauth"


async def issue_token(request: Request) -> Response:
    """Exchange a code, once and in time, for a token without an end."""
    fields = await read_fields(request)
    sandbox = sandbox_of(request)
    _check_client(fields, sandbox.config)
    with sandbox.store.transaction():
        account_id = _redeem(sandbox.store, fields.text("code", ""))
        token = issue(sandbox.store, account_id)
    data = {"user_id": str(account_id), "client_id": sandbox.config.client_id, "token": token}
    return success("Issue OAuth Token success", data)


def issue(store: Store, account_id: int) -> str:
    """Make a new token for an account; the earlier ones stay good."""
    token = make_token()
    store.run(
        "INSERT INTO oauth_token (token, account_id, created_at_s) VALUES (?, ?, ?)",
        token,
        account_id,
        now_s(),
    )
    return token


async def query_basic_info(request: Request) -> Response:
    """Tell who the person is; the names differ from those of issue-token, as observed."""
    account = oauth_account(request)
    await read_fields(request)
    return success("Query user basic info success", {"userId": str(account.id), "userEmail": account.email})


async def query_balance(request: Request) -> Response:
    """Tell the paid and the free balance."""
    account = oauth_account(request)
    await read_fields(request)
    return success("Query user balance success", balance_of(account))


def balance_of(account: Account) -> dict[str, str]:
    """Return both balances as the platform writes them."""
    return {"balance": money.wire(account.paid_cents), "free_balance": money.wire(account.free_cents)}


async def charge(request: Request) -> Response:
    """Take a fee from the paid balance; the free allowance is for AI calls only.

    There is no idempotency key: two equal requests are two charges.
    """
    account = oauth_account(request)
    fields = await read_fields(request)
    fee, remark = fields.amount("fee"), fields.text("remark", "")
    order_id = alnum(24)
    store = store_of(request)
    with store.transaction():
        accounts.take_paid(
            store,
            Movement(account_id=account.id, kind="charge", cents=-fee, reference=order_id, remark=remark),
        )
    balance = accounts.get_by_id(store, account.id).paid_cents
    data = {"order_id": order_id, "fee": money.wire(fee), "balance": money.wire(balance)}
    return success("Charge user fee success", data)


async def read_admin_key(request: Request) -> Response:
    """Show the person's management key, made at the first question."""
    account = oauth_account(request)
    await read_fields(request)
    store = store_of(request)
    with store.transaction():
        row = store.find("SELECT key FROM api_key WHERE account_id = ? AND is_admin = 1", account.id)
        key = row["key"] if row else _add_admin_key(store, account.id)
    return success("Get user admin token success", {"token": key})


async def rotate_admin_key(request: Request) -> Response:
    """Replace the management key; the old one is void at once."""
    account = oauth_account(request)
    await read_fields(request)
    store = store_of(request)
    with store.transaction():
        store.run("DELETE FROM api_key WHERE account_id = ? AND is_admin = 1", account.id)
        key = _add_admin_key(store, account.id)
    return success("Update user admin token success", {"token": key})


def _check_client(fields: Fields, config: Config) -> None:
    client_id, secret = fields.text("client_id", ""), fields.text("client_secret", "")
    known = hmac.compare_digest(client_id.encode(), config.client_id.encode())
    proven = hmac.compare_digest(secret.encode(), config.client_secret.encode())
    if not (known and proven):
        raise PlatformError(400, "oauth_invalid_request_error", "Incorrect client_id or client_secret provided.")


def _redeem(store: Store, code: str) -> int:
    row = store.find("SELECT account_id FROM code WHERE code = ? AND expires_at_s > ?", code, now_s())
    if row is None:
        text = "Incorrect code provided: it is unknown, was used before, or has expired."
        raise PlatformError(400, "oauth_invalid_request_error", text)
    store.run("DELETE FROM code WHERE code = ?", code)
    return int(row["account_id"])


def _add_admin_key(store: Store, account_id: int) -> str:
    terms = KeyTerms(expires_at_s=now_s() + api_keys.LIFETIME_S)
    return api_keys.add(store, account_id, terms, is_admin=True)


ROUTES: Final = (
    Route(f"{PREFIX}/issue-token", issue_token, methods=["POST"]),
    Route(f"{PREFIX}/app/query-user-basic-info", query_basic_info, methods=["POST"]),
    Route(f"{PREFIX}/app/query-user-balance", query_balance, methods=["POST"]),
    Route(f"{PREFIX}/app/charge-user-fee", charge, methods=["POST"]),
    Route(f"{PREFIX}/app/get-user-admin-token", read_admin_key, methods=["POST"]),
    Route(f"{PREFIX}/app/update-user-admin-token", rotate_admin_key, methods=["POST"]),
)
