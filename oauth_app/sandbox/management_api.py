"""The management API, for keys with admin rights, and the present multipliers."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import pricing, tiers
from oauth_app.sandbox.clock import iso
from oauth_app.sandbox.context import sandbox_of
from oauth_app.sandbox.credentials import admin_account, platform_account
from oauth_app.sandbox.envelope import success
from oauth_app.sandbox.fields import read_fields
from oauth_app.sandbox.oauth_api import balance_of


async def admin_balance(request: Request) -> Response:
    """Tell both balances of the key's owner."""
    account = admin_account(request)
    await read_fields(request)
    return success("get user balance success", balance_of(account))


async def membership(request: Request) -> Response:
    """Tell until when the key's owner has VIP and Premium."""
    account = admin_account(request)
    await read_fields(request)
    sandbox = sandbox_of(request)
    found = tiers.membership_of(sandbox.store, sandbox.config, account)
    data = {"vip": _iso(found.vip_until_s), "premium": _iso(found.premium_until_s)}
    return success("Get membership expire date success", data)


async def model_rates(request: Request) -> Response:
    """Tell the multiplier over the vendor's list price for each model."""
    platform_account(request)
    return success("Get model rates success", pricing.rates())


def _iso(moment_s: int | None) -> str | None:
    return None if moment_s is None else iso(moment_s)


ROUTES: Final = (
    Route("/api/v1/user/admin/balance", admin_balance, methods=["POST"]),
    Route("/api/v1/user/admin/get-membership-expire-date", membership, methods=["POST"]),
    Route("/api/v1/pay/model-rates", model_rates, methods=["GET"]),
)
