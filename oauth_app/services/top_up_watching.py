"""See payments: a top-up is paid when the user's balance at OhMyGPT has risen by its amount (``top_up_marks``).

OhMyGPT lists no orders, so a payment may be hidden by what left the balance at the same time, or because nobody could
look. Such an order expires with the reason ``perhaps_paid``: an alarm at once, and a difference in the next comparison,
which stays until an operator closes it.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Select, case, func, or_, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.events import EventType
from oauth_app.services.stripe_polling import look_at_stripe_order
from oauth_app.services.top_up_errors import UnknownTopUpError
from oauth_app.services.top_up_marks import BalanceSeen, attribute
from oauth_app.services.top_up_news import tell_of_top_up
from oauth_app.services.top_up_states import PERHAPS_PAID, TopUpStatus
from oauth_app.services.top_up_wishes import OHMYGPT, STRIPE, TopUpKind
from oauth_app.services.upstream_calls import ask_for_user, lease
from oauth_app.upstream import UpstreamError

_log = logging.getLogger(__name__)

#: OhMyGPT's payment pages are Stripe's, which close after a day; its invoices do not.
LIFE, INVOICE_LIFE = timedelta(hours=24), timedelta(days=7)
#: An order whose balance nobody could see for so long before its end may have been paid then.
_SEEN_AT_LEAST = timedelta(minutes=30)

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
    asked_at = clock.now()
    balance = ask_for_user(hub, user_id, lambda token: hub.upstream.balance(token).paid, reason="watch_top_up")
    seen = BalanceSeen(balance=balance, asked_at=asked_at, told_at=clock.now())
    with transaction(hub.engine) as session:
        orders = session.scalars(_open_orders(user_id).with_for_update()).all()
        # Somebody else has looked meanwhile: our balance may be older than their marks, and would sink them.
        if _marks(orders) != marks:
            return 0
        found = attribute(session, orders, seen, hub.upstream.units_per_cny)
        for top_up in found:
            tell_of_top_up(session, top_up, EventType.TOP_UP_PAID)
        return len(found)


def close_old_top_ups(hub: Hub) -> int:
    """Expire orders that were not paid in time, and give up openings that died; return how many."""
    with transaction(hub.engine) as session:
        return _expire(session) + _give_up(session, clock.now() - lease(hub.settings))


def _expire(session: Session) -> int:
    now = clock.now()
    is_over = or_(TopUp.kind != TopUpKind.INVOICE, TopUp.created_at < now - INVOICE_LIFE)
    was_unseen = or_(TopUp.looked_at.is_(None), TopUp.looked_at < now - _SEEN_AT_LEAST)
    why = case((or_(TopUp.may_be_paid, was_unseen), PERHAPS_PAID), else_=None)
    is_old = (TopUp.status == TopUpStatus.OPEN, _AT_OHMYGPT, TopUp.created_at < now - LIFE, is_over)
    ending = {"status": TopUpStatus.EXPIRED, "failure_code": why, "settled_at": now}
    expired = session.scalars(update(TopUp).where(*is_old).values(**ending).returning(TopUp)).all()
    for top_up in expired:
        if top_up.failure_code == PERHAPS_PAID:
            _log.error("alarm: the top-up %s expired, and may have been paid unseen", top_up.id)
        tell_of_top_up(session, top_up, EventType.TOP_UP_EXPIRED)
    return len(expired)


def _give_up(session: Session, before: datetime) -> int:
    is_dead = (TopUp.status == TopUpStatus.CREATING, _AT_OHMYGPT, TopUp.created_at < before)
    ending = {"status": TopUpStatus.FAILED, "failure_code": "interrupted", "settled_at": clock.now()}
    dead = session.scalars(update(TopUp).where(*is_dead).values(**ending).returning(TopUp)).all()
    for top_up in dead:
        tell_of_top_up(session, top_up, EventType.TOP_UP_FAILED)
    return len(dead)


def _read(hub: Hub, top_up_id: str) -> TopUp:
    with reading(hub.engine) as session:
        top_up = session.get(TopUp, top_up_id)
    if top_up is None:
        raise UnknownTopUpError(top_up_id)
    return top_up


def _open_orders(user_id: str) -> Select[TopUp]:
    own = (TopUp.user_id == user_id, TopUp.status == TopUpStatus.OPEN, _AT_OHMYGPT)
    return select(TopUp).where(*own).order_by(TopUp.id)


def _marks(orders: Sequence[TopUp]) -> list[tuple[str, int | None, datetime | None]]:
    return [(order.id, order.low_water_balance, order.looked_at) for order in orders]
