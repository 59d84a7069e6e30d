"""Stripe's objects, read: which of their many states is which of ours."""

from collections.abc import Iterable
from typing import Any

from oauth_app.payments.orders import OrderKind, OrderState, OrderStatus, PaymentFacts

#: The name under which the hub's own order stands in Stripe's metadata.
TOP_UP = "hub_top_up"

#: A dispute that ended so has taken nothing (https://docs.stripe.com/api/disputes/object).
_HARMLESS = {"won", "warning_closed", "prevented"}
_LOST = {"lost"}
#: An early inquiry: no money has moved yet.
_WARNINGS = {"warning_needs_response", "warning_under_review"}
_GONE = {"failed", "canceled"}

_OF_INVOICE = {
    "draft": OrderStatus.DRAFT,
    "open": OrderStatus.OPEN,
    "paid": OrderStatus.PAID,
    "void": OrderStatus.EXPIRED,
    "uncollectible": OrderStatus.EXPIRED,
}
_OF_INTENT = {
    "succeeded": OrderStatus.PAID,
    "processing": OrderStatus.PROCESSING,
    "canceled": OrderStatus.FAILED,
    "requires_payment_method": OrderStatus.FAILED,
    "requires_action": OrderStatus.FAILED,  # its owner is not there
}


def session_state(session: Any) -> OrderState:  # noqa: ANN401 - a StripeObject
    """Return the state of a Checkout Session.

    ``complete`` is not ``paid``: a bank payment completes the session and arrives, or does not, days later
    (https://docs.stripe.com/payments/checkout/fulfill-orders#delayed-notification).
    """
    intent = session.payment_intent
    method = getattr(intent, "payment_method", None) if not isinstance(intent, str) else None
    keeps = getattr(intent, "setup_future_usage", None) if not isinstance(intent, str) else None
    return OrderState(
        kind=OrderKind.CHECKOUT,
        order_id=session.id,
        status=_session_status(session),
        amount=int(session.amount_total or 0),
        asset=str(session.currency or "").upper(),
        livemode=bool(session.livemode),
        top_up_id=_top_up(session),
        payment_intent_id=_id(intent),
        payment_method_id=_id(method) if keeps else None,
        url=session.url,
    )


def invoice_state(invoice: Any) -> OrderState:  # noqa: ANN401 - a StripeObject
    """Return the state of an invoice, which must come with its ``payments``.

    ``paid`` may also be the operator's word that money came by another way ("out of band"). Since API version
    2025-03-31 ``amount_paid`` counts that, too, so what Stripe's own payments brought is added up
    (https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices).
    """
    status = _OF_INVOICE.get(str(invoice.status), OrderStatus.OPEN)
    if status is OrderStatus.PAID and _came_by_stripe(invoice) < int(invoice.total or 0):
        status = OrderStatus.PAID_ELSEWHERE
    return OrderState(
        kind=OrderKind.INVOICE,
        order_id=invoice.id,
        status=status,
        amount=int(invoice.total or 0),
        asset=str(invoice.currency or "").upper(),
        livemode=bool(invoice.livemode),
        top_up_id=_top_up(invoice),
        payment_intent_id=_intent_of_invoice(invoice),
        url=invoice.hosted_invoice_url,
    )


def saved_card_state(intent: Any) -> OrderState:  # noqa: ANN401 - a StripeObject
    """Return the state of a payment by a card on file."""
    return OrderState(
        kind=OrderKind.SAVED_CARD,
        order_id=intent.id,
        status=_OF_INTENT.get(str(intent.status), OrderStatus.PROCESSING),
        amount=int(intent.amount),
        asset=str(intent.currency).upper(),
        livemode=bool(intent.livemode),
        top_up_id=_top_up(intent),
        payment_intent_id=intent.id,
    )


def payment_facts(intent: Any, refunds: Iterable[Any], disputes: Iterable[Any]) -> PaymentFacts:  # noqa: ANN401
    """Return what came in, what went back, and what is disputed."""
    against = [one for one in disputes if one.status not in _HARMLESS | _WARNINGS]
    return PaymentFacts(
        payment_intent_id=intent.id,
        received=int(intent.amount_received or 0),
        refunded=sum(int(one.amount) for one in refunds if one.status not in _GONE),
        disputed=sum(int(one.amount) for one in against),
        dispute_is_open=any(one.status not in _LOST for one in against),
        top_up_id=_top_up(intent),
    )


def _session_status(session: Any) -> OrderStatus:  # noqa: ANN401 - a StripeObject
    if session.payment_status == "paid":
        return OrderStatus.PAID
    if session.status == "expired":
        return OrderStatus.EXPIRED
    if session.status != "complete":
        return OrderStatus.OPEN
    # The bank has spoken when the intent wants another way to pay.
    intent = session.payment_intent
    failed = not isinstance(intent, str) and getattr(intent, "status", None) in {"requires_payment_method", "canceled"}
    return OrderStatus.FAILED if failed else OrderStatus.PROCESSING


def _top_up(thing: Any) -> str | None:  # noqa: ANN401 - a StripeObject
    metadata = thing.metadata.to_dict() if thing.metadata else {}
    return metadata.get(TOP_UP)


def _intent_of_invoice(invoice: Any) -> str | None:  # noqa: ANN401 - a StripeObject
    return next((_id(payment.payment.payment_intent) for payment in _payments_of(invoice)), None)


def _came_by_stripe(invoice: Any) -> int:  # noqa: ANN401 - a StripeObject
    return sum(int(payment.amount_paid or 0) for payment in _payments_of(invoice))


def _payments_of(invoice: Any) -> list[Any]:  # noqa: ANN401 - a StripeObject
    """Return the payments by Stripe that have arrived."""
    payments = getattr(invoice, "payments", None)
    listed = payments.data if payments else ()
    return [one for one in listed if one.status == "paid" and one.payment.type == "payment_intent"]


def _id(thing: Any) -> str | None:  # noqa: ANN401 - an id, or the object it was expanded to
    return thing if thing is None or isinstance(thing, str) else str(thing.id)
