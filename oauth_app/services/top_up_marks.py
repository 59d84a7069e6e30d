"""Which orders a balance at OhMyGPT shows to be paid, and which it may hide.

Each open order keeps a low-water mark: the least balance seen since it was opened, less what the hub itself has surely
taken from it between two looks. A rise above the mark by what the order buys is its payment. One rise pays one order:
the marks of the user's other orders are raised by what was attributed.

Other things lower the balance, too: a charge that was under way at a look, or is in doubt; AI calls, of which only an
estimate is known; and what the user does elsewhere. Whatever of it falls between the same two looks as the payment
hides a part of the rise, or all of it. What is not sure is never counted off, for then an order would be called paid
that is not. But an order that saw a rise that pays nothing, or for which so much was spent that it could have been
paid unseen, is marked ``may_be_paid``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.models import Charge, TopUp, Usage
from oauth_app.services.charge_states import BEGUN_AT, UNSETTLED, ChargeStatus, Funding, begun_at
from oauth_app.services.top_up_states import TopUpStatus

#: How far the clocks of the hub's machines may be apart.
_CLOCKS_AGREE = timedelta(milliseconds=250)
#: How long after its end a call may be paid for.
_CALLS_COUNT_LATE = timedelta(minutes=1)
#: With more calls than that between two looks nobody adds them up.
_MOST_CALLS = 200


@dataclass(frozen=True, kw_only=True)
class BalanceSeen:
    """A balance, and between which moments it was true."""

    balance: int
    asked_at: datetime
    told_at: datetime


@dataclass(frozen=True, kw_only=True)
class _Spent:
    """What left the balance between two looks, as far as the hub knows."""

    surely: int
    #: What may have, beyond that; None if nobody can say how much.
    perhaps: int | None


def attribute(session: Session, orders: Sequence[TopUp], seen: BalanceSeen, units_per_cny: int) -> list[TopUp]:
    """Mark as paid what the balance proves, and lower the marks of the rest to it; return the paid ones."""
    spent = {order.id: _spent_since_last_look(session, order, seen) for order in orders}
    for order in orders:
        order.low_water_balance = _mark(order, seen.balance) - spent[order.id].surely
    waiting = list(orders)
    while paid := _find_paid(waiting, seen.balance, units_per_cny):
        paid.status, paid.settled_at = TopUpStatus.PAID, clock.now()
        waiting.remove(paid)
        for other in waiting:
            other.low_water_balance = _mark(other, seen.balance) + paid.amount * units_per_cny
    for order in waiting:
        rise = seen.balance - _mark(order, seen.balance)
        order.may_be_paid |= _may_hide(order.amount * units_per_cny, rise, spent[order.id].perhaps)
        order.low_water_balance = min(_mark(order, seen.balance), seen.balance)
        order.looked_at = seen.told_at
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


def _may_hide(price: int, rise: int, perhaps: int | None) -> bool:
    return rise > 0 or perhaps is None or rise + perhaps >= price


def _spent_since_last_look(session: Session, order: TopUp, seen: BalanceSeen) -> _Spent:
    if order.looked_at is None:  # opened by a release that did not write it down
        return _Spent(surely=0, perhaps=None)
    since, until = order.looked_at, seen.asked_at
    charges = _charges(session, order.user_id, since, seen.told_at)
    surely = sum(one.amount for one in charges if _is_within(one, since, until))
    calls = _cost_of_calls(session, order.user_id, since - _CALLS_COUNT_LATE)
    doubtful = sum(one.amount for one in charges) - surely
    return _Spent(surely=surely, perhaps=None if calls is None else doubtful + calls)


def _charges(session: Session, user_id: str, since: datetime, until: datetime) -> Sequence[Charge]:
    """Return the user's charges at OhMyGPT that took money in that time, or may have."""
    taken_since = (Charge.status == ChargeStatus.SUCCEEDED) & (Charge.settled_at >= since - _CLOCKS_AGREE)
    return session.scalars(
        select(Charge).where(
            Charge.user_id == user_id,
            Charge.funding == Funding.UPSTREAM,
            until + _CLOCKS_AGREE >= BEGUN_AT,
            or_(Charge.status.in_(UNSETTLED), taken_since),
        )
    ).all()


def _is_within(charge: Charge, since: datetime, until: datetime) -> bool:
    """Tell whether OhMyGPT has told that it took the money, and surely between the two looks."""
    if charge.settled_at is None or charge.status != ChargeStatus.SUCCEEDED or charge.upstream_order_id is None:
        return False
    return since + _CLOCKS_AGREE <= begun_at(charge) and charge.settled_at <= until - _CLOCKS_AGREE


def _cost_of_calls(session: Session, user_id: str, since: datetime) -> int | None:
    """Return what AI calls that ended since then cost by estimate; None if nobody can say."""
    latest = session.scalars(
        select(Usage).where(Usage.user_id == user_id).order_by(Usage.id.desc()).limit(_MOST_CALLS)
    ).all()
    ended = [call for call in latest if call.started_at + timedelta(milliseconds=call.duration_ms) >= since]
    costs = [call.estimated_cost for call in ended if call.status < 400 or call.estimated_cost]
    known = [cost for cost in costs if cost is not None]
    is_told = len(known) == len(costs) and len(ended) < _MOST_CALLS
    return sum(known) if is_told else None
