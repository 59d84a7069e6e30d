"""See payments: a top-up is paid when the user's balance at OhMyGPT has risen by its amount.

Each open order keeps a low-water mark, the least balance seen since it was opened. A rise above the mark by
what the order buys is its payment. One rise pays one order: the marks of the user's other orders are raised
by what was attributed.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.events import EventType
from oauth_app.services.stripe_polling import look_at_stripe_order
from oauth_app.services.top_up_errors import UnknownTopUpError
from oauth_app.services.top_up_news import tell_of_top_up
from oauth_app.services.top_up_states import TopUpStatus
from oauth_app.services.top_up_wishes import OHMYGPT, STRIPE
from oauth_app.services.upstream_calls import ask_for_user, lease
from oauth_app.upstream import UpstreamError

#: OhMyGPT's payment pages are Stripe's, which close after a day.
LIFE = timedelta(hours=24)

_AT_OHMYGPT = TopUp.provider == OHMYGPT


def look_at_top_up(hub: Hub, top_up_id: str) -> TopUp:
    """Return the order as it stands at this moment, if OhMyGPT or Stripe can be asked; else as it was last seen.

    Raises:
        UnknownTopUpError: there is none of this id.
    """
    top_up = _read(hub, top_up_id)
    if top_up.provider == STRIPE:
        look_at_stripe_order(hub, top_up)
        return _read(hub, top_up_id)
    if top_up.status != TopUpStatus.OPEN:
        return top_up
    with suppress(UpstreamError, ConnectionLostError):
        watch_user(hub, top_up.user_id)
    return _read(hub, top_up_id)


def find_watched_users(session: Session) -> dict[str, datetime]:
    """Return the users with open orders, each with the moment of the newest one."""
    rows = session.execute(
        select(TopUp.user_id, func.max(TopUp.created_at))
        .where(TopUp.status == TopUpStatus.OPEN, _AT_OHMYGPT)
        .group_by(TopUp.user_id)
    )
    return {row[0]: row[1] for row in rows}


def watch_user(hub: Hub, user_id: str) -> int:
    """Look once at the balance of a user with open orders; return how many of them were found paid.

    A failure to look changes nothing: the next look sees the same rise.

    Raises:
        ConnectionLostError: the user must sign in at the hub again.
        UpstreamError: OhMyGPT cannot tell.
    """
    with reading(hub.engine) as session:
        marks = _marks(session.scalars(_open_orders(user_id)).all())
    balance = ask_for_user(hub, user_id, lambda token: hub.upstream.balance(token).paid, reason="watch_top_up")
    with transaction(hub.engine) as session:
        orders = session.scalars(_open_orders(user_id).with_for_update()).all()
        # Somebody else has looked meanwhile: our balance may be older than their marks, and would sink them.
        if _marks(orders) != marks:
            return 0
        found = _attribute(orders, balance, hub.upstream.units_per_cny)
        for top_up in found:
            tell_of_top_up(session, top_up, EventType.TOP_UP_PAID)
        return len(found)


def close_old_top_ups(hub: Hub) -> int:
    """Expire orders that were not paid in a day, and give up openings that died; return how many."""
    now = clock.now()
    with transaction(hub.engine) as session:
        old = (
            session.execute(
                update(TopUp)
                .where(TopUp.status == TopUpStatus.OPEN, _AT_OHMYGPT, TopUp.created_at < now - LIFE)
                .values(status=TopUpStatus.EXPIRED, settled_at=now)
                .returning(TopUp)
            )
            .scalars()
            .all()
        )
        dead = (
            session.execute(
                update(TopUp)
                .where(TopUp.status == TopUpStatus.CREATING, _AT_OHMYGPT, TopUp.created_at < now - lease(hub.settings))
                .values(status=TopUpStatus.FAILED, failure_code="interrupted", settled_at=now)
                .returning(TopUp)
            )
            .scalars()
            .all()
        )
        for top_up in old:
            tell_of_top_up(session, top_up, EventType.TOP_UP_EXPIRED)
        for top_up in dead:
            tell_of_top_up(session, top_up, EventType.TOP_UP_FAILED)
    return len(old) + len(dead)


def _read(hub: Hub, top_up_id: str) -> TopUp:
    with reading(hub.engine) as session:
        top_up = session.get(TopUp, top_up_id)
    if top_up is None:
        raise UnknownTopUpError(top_up_id)
    return top_up


def _open_orders(user_id: str) -> Select[TopUp]:
    own = (TopUp.user_id == user_id, TopUp.status == TopUpStatus.OPEN, _AT_OHMYGPT)
    return select(TopUp).where(*own).order_by(TopUp.id)


def _marks(orders: Sequence[TopUp]) -> list[tuple[str, int | None]]:
    return [(order.id, order.low_water_balance) for order in orders]


def _attribute(orders: Sequence[TopUp], balance: int, units_per_cny: int) -> list[TopUp]:
    """Mark as paid what the balance proves, and lower the marks of the rest to it; return the paid ones."""
    waiting = list(orders)
    while paid := _find_paid(waiting, balance, units_per_cny):
        paid.status = TopUpStatus.PAID
        paid.settled_at = clock.now()
        waiting.remove(paid)
        for other in waiting:
            other.low_water_balance = _mark(other, balance) + paid.amount * units_per_cny
    for order in waiting:
        order.low_water_balance = min(_mark(order, balance), balance)
    return [order for order in orders if order not in waiting]


def _find_paid(waiting: Sequence[TopUp], balance: int, units_per_cny: int) -> TopUp | None:
    """Return the order that the rise pays exactly, else the oldest that it pays at all."""
    # What is too much is the money of another payment, or the vendor's gift; nothing is lost by it.
    rest = {order.id: balance - _mark(order, balance) - order.amount * units_per_cny for order in waiting}
    exact = [order for order in waiting if rest[order.id] == 0]
    enough = [order for order in waiting if rest[order.id] > 0]
    return next(iter(exact + enough), None)


def _mark(order: TopUp, balance: int) -> int:
    return balance if order.low_water_balance is None else order.low_water_balance
