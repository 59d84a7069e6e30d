"""Ask Stripe how an order stands, and book the answer: for events, for the poller and for whoever opens the page.

Stripe is asked outside any transaction. Somebody else may ask later and book earlier; so the number of answers
booked so far is read before asking, and an answer is thrown away if it has changed: it may be the older one.
"""

from dataclasses import dataclass

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.payments import (
    OrderKind,
    OrderState,
    OrderStatus,
    PaymentFacts,
    PaymentsUnavailableError,
    StripeGateway,
    VerifiedEvent,
)
from oauth_app.services.stripe_booking import Outcome, apply_order_state, apply_payment_facts
from oauth_app.services.stripe_event_log import find_outcome, note_event, raise_alarm
from oauth_app.services.top_up_errors import ProviderNotEnabledError
from oauth_app.services.top_up_wishes import STRIPE

_TRIES = 4


@dataclass(frozen=True, kw_only=True)
class OrderName:
    """What to ask Stripe for."""

    kind: OrderKind
    order_id: str


@dataclass(frozen=True, kw_only=True)
class Look:
    """What Stripe said."""

    state: OrderState
    #: What became of the money; None while there is none.
    facts: PaymentFacts | None


def gateway_of(hub: Hub) -> StripeGateway:
    """Return the operator's account at Stripe.

    Raises:
        ProviderNotEnabledError: the hub has no key of it.
    """
    if hub.payments is None:
        raise ProviderNotEnabledError(STRIPE)
    return hub.payments


def name_of(top_up: TopUp) -> OrderName | None:
    """Return what to ask Stripe for; None while the order has no name there."""
    if top_up.stripe_order_id is None:
        return None
    return OrderName(kind=OrderKind(top_up.kind), order_id=top_up.stripe_order_id)


def book_order(hub: Hub, order: OrderName, event: VerifiedEvent | None = None) -> Outcome:
    """Ask Stripe for the order, and book what it says. Owns its transactions.

    The event that told of it, if any, is noted in the transaction of its effect: twice is once.

    Raises:
        PaymentsUnavailableError: Stripe does not answer, or too many look at the order at once.
        PaymentsRefusedError: Stripe knows no such order.
        ProviderNotEnabledError: the hub has no key of Stripe's.
    """
    gateway, top_up_id = gateway_of(hub), None
    for _ in range(_TRIES):
        with reading(hub.engine) as session:
            seen = session.scalar(_looks(order, top_up_id))
        look = ask(gateway, order)
        top_up_id = look.state.top_up_id
        with transaction(hub.engine) as session:
            if event is not None and (earlier := find_outcome(session, event.id)):
                return earlier
            if session.scalar(_looks(order, top_up_id).with_for_update()) == seen:
                return _book(session, look, event, livemode=gateway.livemode)
    msg = "too many look at once"
    raise PaymentsUnavailableError(msg)


def ask(gateway: StripeGateway, order: OrderName) -> Look:
    """Return how the order stands, and what became of its money.

    Raises:
        PaymentsError: Stripe cannot tell.
    """
    asking = {
        OrderKind.CHECKOUT: gateway.session,
        OrderKind.INVOICE: gateway.invoice,
        OrderKind.SAVED_CARD: gateway.saved_card_payment,
    }
    state = asking[order.kind](order.order_id)
    has_money = state.status is OrderStatus.PAID and state.payment_intent_id
    return Look(state=state, facts=gateway.payment(str(state.payment_intent_id)) if has_money else None)


def _book(session: Session, look: Look, event: VerifiedEvent | None, *, livemode: bool) -> Outcome:
    outcome = apply_order_state(session, look.state, livemode=livemode)
    if look.facts is not None and not outcome.needs_look:
        became = apply_payment_facts(session, look.facts)
        outcome = outcome if became is Outcome.UNCHANGED else became
    if event is not None:
        note_event(session, event, outcome)
    elif outcome.needs_look:
        raise_alarm(session, look.state.order_id, outcome)
    return outcome


def _looks(order: OrderName, top_up_id: str | None) -> Select[int]:
    return select(TopUp.looks).where(or_(TopUp.stripe_order_id == order.order_id, TopUp.id == top_up_id))
