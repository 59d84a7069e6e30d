"""Ask Stripe without being told: what a lost webhook would have said is found out, a little later."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.payments import (
    OrderKind,
    OrderState,
    PaymentsError,
    PaymentsRefusedError,
    PaymentsUnavailableError,
    VerifiedEvent,
)
from oauth_app.services.stripe_booking import mark_failed
from oauth_app.services.stripe_event_log import find_outcome
from oauth_app.services.stripe_events import is_about_orders, take_event
from oauth_app.services.stripe_looking import OrderName, book_order, gateway_of, name_of
from oauth_app.services.stripe_opening import KEYS_LIVE, LEASE, open_at_stripe
from oauth_app.services.top_up_states import WAITING, TopUpStatus
from oauth_app.services.top_up_wishes import STRIPE

_log = logging.getLogger(__name__)

#: How many orders one turn asks for, and how long each has rest.
_AT_ONCE, _AGAIN_AFTER = 20, timedelta(seconds=30)
#: These change by Stripe alone; a dispute that is open will end.
_WATCHED = (*WAITING, TopUpStatus.DISPUTED)


def poll_stripe_orders(hub: Hub) -> int:
    """Ask for the orders that were looked at longest ago; return how many. Owns its transactions."""
    if hub.payments is None:
        return 0
    asked = 0
    with suppress(PaymentsUnavailableError):  # what does not answer for one will not for the next
        for top_up in _find_due(hub):
            _finish_opening(hub, top_up) if top_up.status == TopUpStatus.CREATING else _look(hub, top_up)
            asked += 1
    return asked


def look_at_stripe_order(hub: Hub, top_up: TopUp) -> None:
    """Ask how an order stands that may still change, for somebody who waits; no answer changes nothing."""
    if top_up.status in _WATCHED and hub.payments is not None and (name := name_of(top_up)):
        with suppress(PaymentsError):
            book_order(hub, name)


def sweep_stripe(hub: Hub, since: datetime) -> int:
    """Take the events that never came, and look at the sessions of which no row knows; return how many.

    Raises:
        PaymentsUnavailableError: Stripe does not answer.
        ProviderNotEnabledError: the hub has no key of Stripe's.
    """
    gateway = gateway_of(hub)
    missed = [event for event in gateway.events_since(since) if is_about_orders(event)]
    taken = sum(_take_missed(hub, event) for event in _unknown(hub, reversed(missed)))
    for state in gateway.sessions_since(since):
        if state.top_up_id and not _is_known(hub, state):
            book_order(hub, OrderName(kind=OrderKind.CHECKOUT, order_id=state.order_id))
            taken += 1
    return taken


def _find_due(hub: Hub) -> list[TopUp]:
    now = clock.now()
    rested = or_(TopUp.looked_at.is_(None), TopUp.looked_at < now - _AGAIN_AFTER)
    # Somebody is at work on a young one that is being created.
    settled_in = or_(TopUp.status != TopUpStatus.CREATING, TopUp.created_at < now - LEASE)
    query = select(TopUp).where(TopUp.provider == STRIPE, TopUp.status.in_(_WATCHED), rested, settled_in)
    with reading(hub.engine) as session:
        return list(session.scalars(query.order_by(TopUp.looked_at.nulls_first(), TopUp.id).limit(_AT_ONCE)))


def _look(hub: Hub, top_up: TopUp) -> None:
    name = name_of(top_up)
    try:
        if name is not None:
            book_order(hub, name)
    except PaymentsRefusedError as error:
        _log.error("alarm: Stripe shows no order for the top-up %s (%s)", top_up.id, error.code)
        _touch(hub, top_up)


def _finish_opening(hub: Hub, top_up: TopUp) -> None:
    if clock.now() - top_up.created_at < KEYS_LIVE:
        _touch(hub, top_up)
        open_at_stripe(hub, top_up.id)
        return
    with transaction(hub.engine) as session:
        mark_failed(session, top_up.id, "interrupted")


def _touch(hub: Hub, top_up: TopUp) -> None:
    """Let the others come first next time."""
    with transaction(hub.engine) as session:
        session.execute(update(TopUp).where(TopUp.id == top_up.id).values(looked_at=clock.now()))


def _unknown(hub: Hub, events: Iterable[VerifiedEvent]) -> list[VerifiedEvent]:
    with reading(hub.engine) as session:
        return [event for event in events if find_outcome(session, event.id) is None]


def _take_missed(hub: Hub, event: VerifiedEvent) -> int:
    take_event(hub, event)
    return 1


def _is_known(hub: Hub, state: OrderState) -> bool:
    with reading(hub.engine) as session:
        return session.scalar(select(TopUp.id).where(TopUp.stripe_order_id == state.order_id)) is not None
