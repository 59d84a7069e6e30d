"""Events of Stripe: each says what to look at; what is booked, Stripe is asked for."""

from sqlalchemy import ColumnElement, select

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.payments import OrderKind, PaymentsRefusedError, StripeGateway, VerifiedEvent
from oauth_app.services.stripe_booking import Outcome
from oauth_app.services.stripe_event_log import find_outcome, note_event
from oauth_app.services.stripe_looking import OrderName, book_order, gateway_of, name_of
from oauth_app.services.top_up_wishes import STRIPE

#: What the hub looks at; Stripe may send others, too, if the operator wishes.
_ABOUT_ORDERS = ("checkout.session.", "invoice.", "payment_intent.", "charge.refund", "refund.", "charge.dispute.")

_KINDS = {"checkout.session": OrderKind.CHECKOUT, "invoice": OrderKind.INVOICE}


def is_about_orders(event: VerifiedEvent) -> bool:
    """Tell whether the event may mean anything to the hub."""
    # An upcoming invoice has no id: it is none yet.
    return event.type.startswith(_ABOUT_ORDERS) and bool(event.object_id)


def take_event(hub: Hub, event: VerifiedEvent) -> Outcome:
    """Look at what the event is about, and book it; an event that was taken before does nothing. Owns transactions.

    Raises:
        PaymentsUnavailableError: Stripe does not answer; the event must come again.
        ProviderNotEnabledError: the hub has no key of Stripe's.
    """
    gateway = gateway_of(hub)
    with reading(hub.engine) as session:
        if earlier := find_outcome(session, event.id):
            return earlier
    if event.livemode != gateway.livemode:
        return _note(hub, event, Outcome.MISMATCH)
    try:
        order = _find_order(hub, gateway, event)
        return book_order(hub, order, event) if order else _note(hub, event, Outcome.FOREIGN)
    except PaymentsRefusedError:
        return _note(hub, event, Outcome.UNREADABLE)


def _note(hub: Hub, event: VerifiedEvent, outcome: Outcome) -> Outcome:
    with transaction(hub.engine) as session:
        note_event(session, event, outcome)
    return outcome


def _find_order(hub: Hub, gateway: StripeGateway, event: VerifiedEvent) -> OrderName | None:
    """Return the order to look at; None if it is nothing of the hub's."""
    if kind := _KINDS.get(event.object_kind):
        return OrderName(kind=kind, order_id=event.object_id)
    if event.object_kind == "payment_intent":
        return _order_paid_by(hub, gateway, event.object_id)
    return _order_paid_by(hub, gateway, event.payment_intent_id) if event.payment_intent_id else None


def _order_paid_by(hub: Hub, gateway: StripeGateway, payment_intent_id: str) -> OrderName | None:
    """Return the order whose money this is: by our row, else by the mark on it, else by its invoice."""
    if order := _find_row(hub, TopUp.stripe_payment_intent_id == payment_intent_id):
        return name_of(order)
    if top_up_id := gateway.saved_card_payment(payment_intent_id).top_up_id:
        return _marked_order(gateway, _find_row(hub, TopUp.id == top_up_id), payment_intent_id)
    invoice_id = gateway.find_invoice_of(payment_intent_id)
    return OrderName(kind=OrderKind.INVOICE, order_id=invoice_id) if invoice_id else None


def _marked_order(gateway: StripeGateway, top_up: TopUp | None, payment_intent_id: str) -> OrderName | None:
    """Return the order of a payment that bears the name of our row; a session's payment bears it, too."""
    if top_up is None or top_up.kind == OrderKind.SAVED_CARD:
        return OrderName(kind=OrderKind.SAVED_CARD, order_id=payment_intent_id)
    session_id = top_up.stripe_order_id or gateway.find_session_of(payment_intent_id)
    return OrderName(kind=OrderKind.CHECKOUT, order_id=session_id) if session_id else None


def _find_row(hub: Hub, condition: ColumnElement[bool]) -> TopUp | None:
    with reading(hub.engine) as session:
        return session.scalar(select(TopUp).where(condition, TopUp.provider == STRIPE))
