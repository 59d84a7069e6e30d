"""Orders at the sandbox's Stripe, and everything that may become of them."""

import json
from dataclasses import dataclass
from typing import Any

import requests
from sqlalchemy import select

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.ledger import AccountKind, AccountName, get_balance, verify_books
from oauth_app.models import StripeEvent, TopUp
from oauth_app.payments import OrderKind, OrderState, OrderStatus, VerifiedEvent
from oauth_app.payments.event import verified
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_wishes import TopUpKind, TopUpWish
from oauth_app.services.wallet import debt_account
from tests.fixtures.hub import Sandbox
from tests.payments.conftest import DUMMY_KEY


@dataclass(frozen=True)
class Stripe:
    """The double as payers, banks and the operator's dashboard see it."""

    sandbox: Sandbox

    def press(self, top_up: TopUp, *buttons: str) -> None:
        """Press buttons of the payment page."""
        for button in buttons:
            address = f"{top_up.url}/{button}"
            requests.post(address, allow_redirects=False, timeout=10).raise_for_status()

    def refund(self, intent_id: str, amount: int | None = None) -> dict[str, Any]:
        """Give money back, as the operator does in the dashboard."""
        return self.call("POST", "refunds", {"payment_intent": intent_id} | ({"amount": amount} if amount else {}))

    def dispute(self, intent_id: str, amount: int | None = None) -> str:
        """Let a bank take the money back."""
        body = {"payment_intent": intent_id} | ({"amount": amount} if amount else {})
        return str(self.control("disputes", body)["id"])

    def decide(self, dispute_id: str, outcome: str) -> None:
        """End a dispute."""
        self.control(f"disputes/{dispute_id}", {"outcome": outcome})

    def refuse_card(self, card: str, code: str = "card_declined") -> None:
        """Let the bank refuse a kept card from now on."""
        self.control(f"payment-methods/{card}", {"outcome": code})

    def intent_of(self, top_up: TopUp) -> str:
        """Return the payment of an order that was paid."""
        if top_up.kind == "invoice":
            found = self.call("GET", "invoice_payments", {"invoice": top_up.stripe_order_id})["data"][0]
            return str(found["payment"]["payment_intent"])
        return str(self.call("GET", f"checkout/sessions/{top_up.stripe_order_id}")["payment_intent"])

    def events(self) -> list[dict[str, Any]]:
        """Return every event there was, oldest first."""
        return list(self.call("GET", "events", {"limit": 100})["data"])[::-1]

    def call(self, method: str, path: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do something by Stripe's own API."""
        address, headers = f"{self.sandbox.url}/stripe/v1/{path}", {"Authorization": f"Bearer {DUMMY_KEY}"}
        sent = {"params": fields} if method == "GET" else {"data": fields}
        answer = requests.request(method, address, headers=headers, timeout=10, **sent)
        answer.raise_for_status()
        return dict(answer.json())

    def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do what only banks can."""
        answer = requests.post(f"{self.sandbox.url}/_sandbox/stripe/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return dict(answer.json())


def opened(hub: Hub, user_id: str, **wishes: Any) -> TopUp:  # noqa: ANN401 - any field of the wish
    """Open an order of 12.00 USD."""
    known: dict[str, Any] = {"user_id": user_id, "provider": "stripe", "asset": "USD", "amount": 12_00}
    return open_top_up(hub, TopUpWish(**(known | {"kind": TopUpKind.CHECKOUT} | wishes))).top_up


def state_of(top_up: TopUp, **changes: Any) -> OrderState:  # noqa: ANN401 - any field
    """Return what Stripe would say of the order, but for the changes: it is paid."""
    known = {
        "kind": OrderKind(top_up.kind),
        "order_id": top_up.stripe_order_id,
        "status": OrderStatus.PAID,
        "amount": top_up.amount,
        "asset": top_up.asset,
        "livemode": False,
        "top_up_id": top_up.id,
        "payment_intent_id": f"pi_{top_up.id}",
    }
    return OrderState(**(known | changes))


def events_of(stripe: Stripe) -> list[VerifiedEvent]:
    """Return every event as the hub reads it, oldest first."""
    return [verified(json.loads(json.dumps(event))) for event in stripe.events()]


def wallet(hub: Hub, user_id: str, asset: str = "USD") -> int:
    """Return what the user has here."""
    with reading(hub.engine) as session:
        return get_balance(session, AccountName.wallet(user_id, asset))


def owed(hub: Hub, user_id: str, asset: str = "USD") -> int:
    """Return what the user owes."""
    with reading(hub.engine) as session:
        return -get_balance(session, debt_account(user_id, asset))


def cleared(hub: Hub, asset: str = "USD") -> int:
    """Return what has come in by Stripe, less what went back."""
    with reading(hub.engine) as session:
        return -get_balance(session, AccountName(kind=AccountKind.STRIPE_CLEARING, asset=asset))


def row_of(hub: Hub, top_up_id: str) -> TopUp:
    """Return the order as it is written."""
    with reading(hub.engine) as session:
        return session.get_one(TopUp, top_up_id)


def alarms(hub: Hub) -> list[tuple[str, str]]:
    """Return (outcome, object) of what the operator must look at."""
    with reading(hub.engine) as session:
        rows = session.scalars(select(StripeEvent).where(StripeEvent.needs_look).order_by(StripeEvent.id))
        return [(row.outcome, row.object_id) for row in rows]


def check_books(hub: Hub) -> None:
    """See that the books are in order."""
    assert list(verify_books(hub.engine)) == []
