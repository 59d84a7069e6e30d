"""Questions and orders to Stripe, in the hub's words."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import requests
import stripe

from oauth_app.payments.errors import (
    InvalidEventError,
    PaymentDeclinedError,
    PaymentsRefusedError,
    PaymentsUnavailableError,
)
from oauth_app.payments.event import VerifiedEvent, verified
from oauth_app.payments.orders import Opened, OrderState, PaymentFacts, PaymentWish
from oauth_app.payments.states import TOP_UP, invoice_state, payment_facts, saved_card_state, session_state

_TIMEOUT_S = 20
_DUE_DAYS = 7
#: No answer, or Stripe's own failure: the same key may be sent again.
#: A key that was used for another request says nothing of what that one made.
_NO_ANSWER = (stripe.APIConnectionError, stripe.RateLimitError, stripe.IdempotencyError)


class StripeGateway:
    """One account of Stripe, its keys given once. It never retries by itself."""

    def __init__(self, api_key: str, *, api_base: str | None = None) -> None:
        self._http = requests.Session()
        transport = stripe.RequestsClient(session=self._http, timeout=_TIMEOUT_S)
        addresses: Any = {"api": api_base} if api_base else {}
        self._stripe = stripe.StripeClient(
            api_key, base_addresses=addresses, http_client=transport, max_network_retries=0
        ).v1
        #: Whether real money moves.
        self.livemode = "_live_" in api_key

    def make_customer(self, user_id: str, email: str) -> str:
        """Return the id of a customer for the user; twice asked in a day, the same one."""
        details: Any = {"email": email, "metadata": {"hub_user": user_id}}
        with _translated():
            return str(self._stripe.customers.create(details, _key(f"customer-{user_id}")).id)

    def open_checkout(self, wish: PaymentWish) -> Opened:
        """Open a Checkout Session (https://docs.stripe.com/api/checkout/sessions/create)."""
        price = {
            "currency": wish.asset.lower(),
            "unit_amount": wish.amount,
            "product_data": {"name": wish.description},
        }
        intent: dict[str, Any] = {"metadata": {TOP_UP: wish.top_up_id}}
        if wish.keep_card:
            intent["setup_future_usage"] = "off_session"
        order: Any = {
            "mode": "payment",
            "customer": wish.customer_id,
            "client_reference_id": wish.top_up_id,
            "line_items": [{"price_data": price, "quantity": 1}],
            "metadata": {TOP_UP: wish.top_up_id},
            "payment_intent_data": intent,
            "success_url": wish.success_url,
            "cancel_url": wish.cancel_url,
        }
        with _translated():
            session = self._stripe.checkout.sessions.create(order, _key(f"checkout-{wish.top_up_id}"))
        return Opened(order_id=session.id, url=str(session.url), ends_at=_moment(session.expires_at))

    def open_invoice(self, wish: PaymentWish) -> Opened:
        """Send an invoice with a page to pay it (https://docs.stripe.com/api/invoices/create)."""
        draft: Any = {
            "customer": wish.customer_id,
            "collection_method": "send_invoice",
            "days_until_due": _DUE_DAYS,
            "currency": wish.asset.lower(),
            "metadata": {TOP_UP: wish.top_up_id},
            "auto_advance": False,
        }
        item: Any = {
            "customer": wish.customer_id,
            "amount": wish.amount,
            "currency": wish.asset.lower(),
            "description": wish.description,
        }
        with _translated():
            invoice_id = str(self._stripe.invoices.create(draft, _key(f"invoice-{wish.top_up_id}")).id)
            item["invoice"] = invoice_id
            self._stripe.invoice_items.create(item, _key(f"item-{wish.top_up_id}"))
            sent = self._stripe.invoices.finalize_invoice(invoice_id, None, _key(f"finalize-{wish.top_up_id}"))
        return Opened(order_id=invoice_id, url=str(sent.hosted_invoice_url), ends_at=_moment(sent.due_date))

    def charge_saved_card(self, wish: PaymentWish, payment_method_id: str) -> OrderState:
        """Charge a card on file while its owner is away (https://docs.stripe.com/payments/save-and-reuse).

        Raises:
            PaymentDeclinedError: the card said no, or wants its owner.
        """
        order: Any = {
            "amount": wish.amount,
            "currency": wish.asset.lower(),
            "customer": wish.customer_id,
            "payment_method": payment_method_id,
            "description": wish.description,
            "metadata": {TOP_UP: wish.top_up_id},
            "off_session": True,
            "confirm": True,
        }
        with _translated():
            return saved_card_state(self._stripe.payment_intents.create(order, _key(f"saved-{wish.top_up_id}")))

    def session(self, session_id: str) -> OrderState:
        """Return a Checkout Session as it stands now."""
        expand: Any = {"expand": ["payment_intent"]}
        with _translated():
            return session_state(self._stripe.checkout.sessions.retrieve(session_id, expand))

    def invoice(self, invoice_id: str) -> OrderState:
        """Return an invoice as it stands now."""
        expand: Any = {"expand": ["payments"]}
        with _translated():
            return invoice_state(self._stripe.invoices.retrieve(invoice_id, expand))

    def find_invoice_of(self, payment_intent_id: str) -> str | None:
        """Return the invoice that a payment pays; its metadata do not come with the payment."""
        about: Any = {"payment": {"type": "payment_intent", "payment_intent": payment_intent_id}}
        with _translated():
            found = self._stripe.invoice_payments.list(about).data
        return next((str(payment.invoice) for payment in found), None)

    def find_session_of(self, payment_intent_id: str) -> str | None:
        """Return the Checkout Session that a payment pays."""
        about: Any = {"payment_intent": payment_intent_id}
        with _translated():
            return next((str(session.id) for session in self._stripe.checkout.sessions.list(about).data), None)

    def saved_card_payment(self, payment_intent_id: str) -> OrderState:
        """Return a payment by a saved card as it stands now."""
        with _translated():
            return saved_card_state(self._stripe.payment_intents.retrieve(payment_intent_id))

    def payment(self, payment_intent_id: str) -> PaymentFacts:
        """Return what became of a payment: what came in, went back, or is disputed."""
        about: Any = {"payment_intent": payment_intent_id, "limit": 100}
        with _translated():
            intent = self._stripe.payment_intents.retrieve(payment_intent_id)
            refunds = self._stripe.refunds.list(about).auto_paging_iter()
            return payment_facts(intent, refunds, self._stripe.disputes.list(about).auto_paging_iter())

    def expire_checkout(self, session_id: str) -> None:
        """Close a Checkout Session, so that nobody can pay it any more."""
        with _translated():
            self._stripe.checkout.sessions.expire(session_id)

    def events_since(self, since: datetime) -> Iterator[VerifiedEvent]:
        """Return the events of the account from a moment on, newest first: asked for, so their origin is certain."""
        about: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        with _translated():
            for event in self._stripe.events.list(about).auto_paging_iter():
                with suppress(InvalidEventError):
                    yield verified(event.to_dict())

    def sessions_since(self, since: datetime) -> Iterator[OrderState]:
        """Return the Checkout Sessions made from a moment on, newest first."""
        about: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        with _translated():
            for session in self._stripe.checkout.sessions.list(about).auto_paging_iter():
                yield session_state(session)

    def paid_invoices_since(self, since: datetime) -> Iterator[OrderState]:
        """Return the paid invoices made from a moment on, newest first."""
        about: Any = {
            "created": {"gte": int(since.timestamp())},
            "status": "paid",
            "limit": 100,
            "expand": ["data.payments"],
        }
        with _translated():
            for invoice in self._stripe.invoices.list(about).auto_paging_iter():
                yield invoice_state(invoice)

    def payments_since(self, since: datetime) -> Iterator[OrderState]:
        """Return the payments made from a moment on, newest first: by saved cards, and those of sessions, too."""
        about: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
        with _translated():
            for intent in self._stripe.payment_intents.list(about).auto_paging_iter():
                yield saved_card_state(intent)

    def close(self) -> None:
        """Close the idle connections."""
        self._http.close()


@contextmanager
def _translated() -> Iterator[None]:
    """Let Stripe's errors become ours; none of their texts goes on, for they may quote what was sent.

    Raises:
        PaymentsUnavailableError: no answer.
        PaymentDeclinedError: a card said no.
        PaymentsRefusedError: Stripe said no.
    """
    try:
        yield
    except _NO_ANSWER as error:
        raise PaymentsUnavailableError(type(error).__name__) from None
    except stripe.CardError as error:
        raise PaymentDeclinedError(str(error.code or "card_declined")) from None
    except stripe.StripeError as error:
        if error.http_status is None or error.http_status >= 500 or error.http_status == 409:
            raise PaymentsUnavailableError(type(error).__name__) from None
        raise PaymentsRefusedError(str(error.code or type(error).__name__)) from None


def _key(name: str) -> Any:  # noqa: ANN401 - stripe's own options
    return {"idempotency_key": f"hub-{name}"}


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
