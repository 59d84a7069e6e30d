"""What a shop does with Stripe: the least that the tests need."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
import stripe
from stripe import StripeClient

from oauth_app.sandbox.config import DUMMY_STRIPE_KEY

SUCCESS = "http://127.0.0.1:8000/done?session={CHECKOUT_SESSION_ID}"
CANCEL = "http://127.0.0.1:8000/cancelled"


@dataclass(frozen=True)
class Shop:
    """Sells things by way of a sandbox."""

    stripe: StripeClient
    url: str

    def session(self, **changes: object) -> Any:  # noqa: ANN401 - a StripeObject
        """Open a Checkout session of 20.00 USD."""
        return self.stripe.v1.checkout.sessions.create(checkout(**changes))

    def paid(self, button: str = "pay", **changes: object) -> Any:  # noqa: ANN401 - a StripeObject
        """Return the payment intent of a session whose button was pressed."""
        session = self.session(**changes)
        press(session.url, button)
        intent_id = self.stripe.v1.checkout.sessions.retrieve(session.id).payment_intent
        return self.stripe.v1.payment_intents.retrieve(str(intent_id), {"expand": ["latest_charge"]})

    def invoice(self, amount: int = 12_34, **changes: object) -> Any:  # noqa: ANN401 - a StripeObject
        """Draft an invoice with one item for a new customer."""
        customer = self.stripe.v1.customers.create({"email": "ada@example.com", "name": "Ada"}).id
        terms: Any = {"customer": customer, "collection_method": "send_invoice", "days_until_due": 7, **changes}
        invoice = self.stripe.v1.invoices.create(terms)
        item: Any = {"customer": customer, "invoice": invoice.id, "amount": amount, "currency": "usd"}
        self.stripe.v1.invoice_items.create({**item, "description": "Units"})
        return self.stripe.v1.invoices.retrieve(str(invoice.id))

    def control(self, path: str, body: dict[str, object] | None = None) -> requests.Response:
        """Do what only banks, time and accidents can."""
        return requests.post(f"{self.url}/_sandbox/stripe/{path}", json=body or {}, timeout=10)

    def event_types(self) -> list[str]:
        """Return the types of all events, oldest first."""
        return [event.type for event in self.stripe.v1.events.list({"limit": 100}).data][::-1]


@contextmanager
def sdk(url: str) -> Iterator[StripeClient]:
    """Point Stripe's SDK at a sandbox until the block ends."""
    with requests.Session() as session:
        transport = stripe.RequestsClient(session=session)
        yield StripeClient(DUMMY_STRIPE_KEY, base_addresses={"api": f"{url}/stripe"}, http_client=transport)


def checkout(**changes: object) -> Any:  # noqa: ANN401 - parameters of a session
    """Return the parameters of a session of 20.00 USD."""
    price = {"currency": "usd", "unit_amount": 10_00, "product_data": {"name": "Units"}}
    items = [{"price_data": price, "quantity": 2}]
    return {"mode": "payment", "line_items": items, "success_url": SUCCESS, "cancel_url": CANCEL, **changes}


def press(url: str, button: str) -> requests.Response:
    """Press a button of a hosted page; redirects are not followed."""
    return requests.post(f"{url}/{button}", allow_redirects=False, timeout=10)
