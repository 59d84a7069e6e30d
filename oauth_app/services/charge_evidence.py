"""What a user's balance proves about a charge whose answer got lost.

What the hub itself has moved since is known, but for a few movements that are in doubt themselves. So there are a few
balances that are possible if the money was taken, and a few if it was not. Only a balance that is possible in one of
the two ways alone proves anything, and if anything else has moved at all, only after that is some minutes old.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.hub import Hub
from oauth_app.models import Charge, Event, TopUp, Usage
from oauth_app.services.charge_states import (
    BEGUN_AT,
    UNSETTLED,
    ChargeStatus,
    FailureCode,
    Funding,
    Verdict,
    begun_at,
)
from oauth_app.services.events import EventType
from oauth_app.services.top_up_states import TopUpStatus
from oauth_app.services.top_up_wishes import OHMYGPT
from oauth_app.services.upstream_calls import lease

#: A balance that has not moved for so long shows that nothing was taken; OhMyGPT may be slow, not that slow.
QUIET = timedelta(minutes=5)
#: Each doubles the balances that are possible: with more of them one would fit by chance.
MOST_DOUBTS = 3


@dataclass(frozen=True, kw_only=True)
class Movements:
    """What else has moved the user's balance since the charge began, or may have."""

    #: In sum; charges are negative, payments positive.
    surely: int = 0
    #: Each of them did, or did not.
    perhaps: tuple[int, ...] = ()
    #: When the last of them was, at the latest.
    last_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class _Movement:
    cents: int
    is_sure: bool
    at: datetime


def find_movements(session: Session, hub: Hub, charge: Charge) -> Movements | None:
    """Return what else the hub knows to have moved the balance; None if it cannot know that.

    Read this after the balance: a movement that the balance does not show yet is then too young to prove anything.
    """
    since, over_at = begun_at(charge), _over_at(session, charge)
    if over_at is None or _has_called_since(session, charge.user_id, since):
        return None
    others = _other_charges(session, charge, since)
    if any(other.status == ChargeStatus.PENDING for other in others):
        return None
    found = [_of_charge(other, over_at, lease(hub.settings)) for other in others]
    found += [_of_payment(one, over_at, hub.upstream.units_per_cny) for one in _payments(session, charge, since)]
    return Movements(
        surely=sum(one.cents for one in found if one.is_sure),
        perhaps=tuple(one.cents for one in found if not one.is_sure),
        last_at=max((one.at for one in found), default=None),
    )


def verdict_of(charge: Charge, balance: int, movements: Movements) -> Verdict | None:
    """Return what the balance proves; None if it proves nothing, or nothing yet."""
    is_young = movements.last_at is not None and not _is_long_ago(movements.last_at)
    if charge.balance_before is None or len(movements.perhaps) > MOST_DOUBTS or is_young:
        return None
    if_not_taken = {charge.balance_before + movements.surely + part for part in _sums(movements.perhaps)}
    if_taken = {possible - charge.amount for possible in if_not_taken}
    if balance in if_taken - if_not_taken:
        return Verdict(status=ChargeStatus.SUCCEEDED)
    if balance in if_not_taken - if_taken and _is_long_ago(begun_at(charge)):
        return Verdict(status=ChargeStatus.FAILED, failure_code=FailureCode.NOT_TAKEN)
    return None


def _of_charge(other: Charge, over_at: datetime, at_work: timedelta) -> _Movement:
    # Sure is one that began when nobody could look at the balance for this charge any more.
    is_sure = other.status == ChargeStatus.SUCCEEDED and begun_at(other) >= over_at and other.resolved_by is None
    # One that the balance had to settle moved long before.
    latest = begun_at(other) + at_work
    return _Movement(cents=-other.amount, is_sure=is_sure, at=min(other.settled_at or latest, latest))


def _of_payment(top_up: TopUp, over_at: datetime, units_per_cny: int) -> _Movement:
    seen_at = top_up.settled_at or clock.now()
    return _Movement(cents=top_up.amount * units_per_cny, is_sure=top_up.created_at >= over_at, at=seen_at)


def _over_at(session: Session, charge: Charge) -> datetime | None:
    """Return when the charge became ``unknown``: the balance before it was noted earlier, and is not noted later."""
    told = (Event.object_id == charge.id, Event.type == EventType.CHARGE_UNKNOWN)
    return session.scalar(select(func.min(Event.created_at)).where(*told))


def _other_charges(session: Session, charge: Charge, since: datetime) -> Sequence[Charge]:
    # What was in doubt and quiet before this one began has moved nothing since.
    in_doubt = Charge.status.in_(UNSETTLED) & (since - QUIET <= BEGUN_AT)
    took = (Charge.status == ChargeStatus.SUCCEEDED) & (Charge.settled_at >= since)
    query = select(Charge).where(
        Charge.user_id == charge.user_id,
        Charge.id != charge.id,
        Charge.funding == Funding.UPSTREAM,
        or_(in_doubt, took),
    )
    return session.scalars(query).all()


def _payments(session: Session, charge: Charge, since: datetime) -> Sequence[TopUp]:
    at_ohmygpt = (TopUp.user_id == charge.user_id, TopUp.provider == OHMYGPT)
    paid = (TopUp.status == TopUpStatus.PAID, TopUp.settled_at >= since)
    return session.scalars(select(TopUp).where(*at_ohmygpt, *paid)).all()


def _has_called_since(session: Session, user_id: str, since: datetime) -> bool:
    # A call's row is written when it has ended, so the last row tells when the last call ended.
    last = session.scalar(select(Usage).where(Usage.user_id == user_id).order_by(Usage.id.desc()).limit(1))
    return last is not None and last.started_at + timedelta(milliseconds=last.duration_ms) >= since


def _sums(parts: Iterable[int]) -> set[int]:
    sums = {0}
    for part in parts:
        sums |= {known + part for known in sums}
    return sums


def _is_long_ago(moment: datetime) -> bool:
    return clock.now() - moment > QUIET
