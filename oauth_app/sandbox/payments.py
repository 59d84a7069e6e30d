"""Top-up orders: each is a session or an invoice in the provider's own account at the Stripe double."""

from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oauth_app.sandbox import accounts, money
from oauth_app.sandbox.accounts import Account, Movement
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.credentials import oauth_account
from oauth_app.sandbox.envelope import success
from oauth_app.sandbox.errors import refuse
from oauth_app.sandbox.fields import Fields, read_fields
from oauth_app.sandbox.identifiers import alnum
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double import customers, invoice_lines, invoice_states, invoices, objects, sessions
from oauth_app.sandbox.stripe_double.calls import Call, carrying_out
from oauth_app.sandbox.stripe_double.currencies import LARGEST
from oauth_app.sandbox.stripe_double.form import Tree
from oauth_app.sandbox.stripe_double.objects import Document
from oauth_app.sandbox.stripe_double.params import Params

_PREFIX: Final = "/api/v1/user/oauth/app"

#: The provider's account at Stripe; the operator's API key lists nothing of it.
_STRIPE_ACCOUNT: Final = "provider"

_CURRENCY: Final = "cny"
_DAYS_UNTIL_DUE: Final = 30


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What a user wants to pay."""

    account: Account
    fen: int
    id: str = field(default_factory=lambda: alnum(24))

    @property
    def goods(self) -> str:
        """What the user gets, as the payment page names it."""
        return f"{money.readable(money.cents_of_fen(self.fen))} OhMyGPT units"

    @property
    def labels(self) -> Tree:
        """What ties Stripe's objects to the order, for those who look at them."""
        return {"description": f"OhMyGPT top-up {self.id}", "metadata": {"order_id": self.id}}


async def create_checkout(request: Request) -> Response:
    """Open a Checkout order and answer with the address of its payment page."""
    account = oauth_account(request)
    fields = await read_fields(request)
    addresses = {name: fields.web_address(name) for name in ("success_url", "cancel_url")}
    order = _Order(account=account, fen=_amount_fen(fields))
    with carrying_out(request, account=_STRIPE_ACCOUNT) as call:
        session = _open_session(call, order, addresses)
        _keep(call.store, order, "checkout", session["id"])
    return _answer(order, "checkout", session["url"])


async def create_invoice(request: Request) -> Response:
    """Open an Invoice order and answer with the address of its hosted page."""
    account = oauth_account(request)
    order = _Order(account=account, fen=_amount_fen(await read_fields(request)))
    with carrying_out(request, account=_STRIPE_ACCOUNT) as call:
        invoice = _send_invoice(call, order)
        _keep(call.store, order, "invoice", invoice["id"])
    return _answer(order, "invoice", invoice["hosted_invoice_url"])


def credit_order(store: Store, paid: Document) -> None:
    """Credit the account that ordered what was paid, once; what belongs to no order credits nothing."""
    # The change of status is the lock: only the one call that makes it may credit.
    changed = store.run(
        "UPDATE pay_order SET status = 'paid', paid_at_s = ? WHERE stripe_id = ? AND status = 'open'",
        now_s(),
        paid["id"],
    )
    if changed:
        order = store.row("SELECT * FROM pay_order WHERE stripe_id = ?", paid["id"])
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


def _amount_fen(fields: Fields) -> int:
    amount_fen = fields.amount("amount")
    if amount_fen > LARGEST:
        refuse(f"amount must not be more than {money.wire(LARGEST)}")
    return amount_fen


def _open_session(call: Call, order: _Order, addresses: dict[str, str]) -> Document:
    price = {"currency": _CURRENCY, "unit_amount": str(order.fen), "product_data": {"name": order.goods}}
    wish = {
        "mode": "payment",
        "customer": _customer_id(call, order.account.email),
        "line_items": {"0": {"price_data": price, "quantity": "1"}},
        "metadata": order.labels["metadata"],
        "payment_intent_data": order.labels,
        **addresses,
    }
    return sessions.create_session(call, Params(wish))


def _send_invoice(call: Call, order: _Order) -> Document:
    base = {"customer": _customer_id(call, order.account.email), "currency": _CURRENCY}
    terms = {"collection_method": "send_invoice", "days_until_due": str(_DAYS_UNTIL_DUE)}
    invoice_id = invoices.create_invoice(call, Params(base | terms | order.labels))["id"]
    item = {"invoice": invoice_id, "amount": str(order.fen), "description": order.goods}
    invoice_lines.create_item(call, Params(base | item))
    return invoice_states.send(call, objects.get(call.store, "invoice", invoice_id))


def _customer_id(call: Call, email: str) -> str:
    """Return the customer that an account is in the provider's books; the first order makes it."""
    known = objects.all_where(call.store, "customer", _account=call.account, email=email)
    customer = known[0] if known else customers.add_customer(call, customers.guest(email) | {"_account": call.account})
    return str(customer["id"])


def _keep(store: Store, order: _Order, kind: str, stripe_id: str) -> None:
    store.run(
        "INSERT INTO pay_order (order_id, stripe_id, account_id, kind, amount_fen, created_at_s) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        *(order.id, stripe_id, order.account.id, kind, order.fen, now_s()),
    )


def _answer(order: _Order, kind: str, url: str) -> Response:
    return success(f"Create stripe {kind} order success", {"order_id": order.id, "url": url})


ROUTES: Final = (
    Route(f"{_PREFIX}/create-stripe-checkout-order", create_checkout, methods=["POST"]),
    Route(f"{_PREFIX}/create-stripe-invoice-order", create_invoice, methods=["POST"]),
)
