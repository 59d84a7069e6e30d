"""Top-up orders and the pages that stand in for Stripe's."""

import secrets
import sqlite3
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import accounts, money
from oauth_app.sandbox.accounts import Movement
from oauth_app.sandbox.clock import iso, now_s
from oauth_app.sandbox.context import origin_of, sandbox_of, store_of
from oauth_app.sandbox.credentials import oauth_account
from oauth_app.sandbox.envelope import success
from oauth_app.sandbox.errors import PageError, refuse
from oauth_app.sandbox.fields import Fields, read_fields
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.pages import page
from oauth_app.sandbox.store import Store

_PREFIX: Final = "/api/v1/user/oauth/app"

#: 1 000 000.00 CNY: more is a slip of the keyboard.
_LARGEST_FEN: Final = 100_000_000


async def create_checkout(request: Request) -> Response:
    """Open a Checkout order and answer with the address of its payment page."""
    account = oauth_account(request)
    fields = await read_fields(request)
    addresses = (fields.web_address("success_url"), fields.web_address("cancel_url"))
    return _open_order(request, account.id, _amount_fen(fields), addresses)


async def create_invoice(request: Request) -> Response:
    """Open an Invoice order and answer with the address of its hosted page."""
    account = oauth_account(request)
    return _open_order(request, account.id, _amount_fen(await read_fields(request)), None)


async def show_order(request: Request) -> Response:
    """Show an order.

    As with Stripe nobody signs in: who knows the address may look and press the
    buttons. So the forms need no token of a session either.
    """
    return _order_page(request, _get_order(request))


async def pay(request: Request) -> Response:
    """Pay an open order and credit the account; a repeat credits nothing."""
    order = _get_order(request)
    store = store_of(request)
    with store.transaction():
        _settle(store, order)
    paid = _get_order(request)
    if paid["status"] != "paid":
        raise PageError(409, "This invoice was cancelled", "It can no longer be paid. Ask for a new one.")
    if paid["kind"] == "checkout":
        return RedirectResponse(paid["success_url"], 303)
    return RedirectResponse(request.url.path.removesuffix("/pay"), 303)


async def cancel(request: Request) -> Response:
    """Leave without paying: a checkout stays open, as Stripe's does, an invoice is voided."""
    order = _get_order(request)
    if order["kind"] == "checkout":
        return RedirectResponse(order["cancel_url"], 303)
    store_of(request).run(
        "UPDATE pay_order SET status = 'void' WHERE page_id = ? AND status = 'open'",
        order["page_id"],
    )
    return RedirectResponse(request.url.path.removesuffix("/cancel"), 303)


def _amount_fen(fields: Fields) -> int:
    amount_fen = fields.amount("amount")
    if amount_fen > _LARGEST_FEN:
        refuse(f"amount must not be more than {money.wire(_LARGEST_FEN)}")
    return amount_fen


def _open_order(request: Request, account_id: int, amount_fen: int, addresses: tuple[str, str] | None) -> Response:
    kind = "checkout" if addresses else "invoice"
    page_id, order_id = secrets.token_urlsafe(24), alnum(24)
    store_of(request).run(
        "INSERT INTO pay_order (page_id, order_id, account_id, kind, amount_fen, success_url, cancel_url, "
        "created_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *(page_id, order_id, account_id, kind, amount_fen),
        *(addresses or ("", "")),
        now_s(),
    )
    data = {"order_id": order_id, "url": f"{origin_of(request)}/sandbox/pay/{kind}/{page_id}"}
    return success(f"Create stripe {kind} order success", data)


def _get_order(request: Request) -> sqlite3.Row:
    page_id, kind = request.path_params["page_id"], request.path_params["kind"]
    order = store_of(request).find("SELECT * FROM pay_order WHERE page_id = ? AND kind = ?", page_id, kind)
    if order is None:
        raise PageError(404, "No such payment", "This payment page does not exist. It may be from before a reset.")
    return order


def _settle(store: Store, order: sqlite3.Row) -> None:
    # The change of status is the lock: only the one request that makes it may credit.
    changed = store.run(
        "UPDATE pay_order SET status = 'paid', paid_at_s = ? WHERE page_id = ? AND status = 'open'",
        now_s(),
        order["page_id"],
    )
    if changed:
        accounts.credit(
            store,
            Movement(
                account_id=order["account_id"],
                kind="top_up",
                cents=money.cents_of_fen(order["amount_fen"]),
                reference=order["order_id"],
                remark=f"Stripe {order['kind']}",
            ),
        )


def _order_page(request: Request, order: sqlite3.Row) -> Response:
    return page(
        f"{order['kind']}.html",
        app_name=sandbox_of(request).config.app_name,
        order=order,
        path=request.url.path,
        units_cents=money.cents_of_fen(order["amount_fen"]),
        account=accounts.get_by_id(store_of(request), order["account_id"]),
        created_on=iso(order["created_at_s"])[:10],
        paid_on=iso(order["paid_at_s"])[:10] if order["paid_at_s"] else "",
    )


_PAGE: Final = "/sandbox/pay/{kind}/{page_id}"

ROUTES: Final = (
    Route(f"{_PREFIX}/create-stripe-checkout-order", create_checkout, methods=["POST"]),
    Route(f"{_PREFIX}/create-stripe-invoice-order", create_invoice, methods=["POST"]),
    Route(_PAGE, show_order, methods=["GET"]),
    Route(f"{_PAGE}/pay", pay, methods=["POST"]),
    Route(f"{_PAGE}/cancel", cancel, methods=["POST"]),
)
