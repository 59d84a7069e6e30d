"""What a user's balance proves about a charge whose answer got lost.

OhMyGPT lists no charges. There is the balance that was read just before the charge was sent, and the balance at later
looks; what moved it in between, the hub knows in part. Whoever is wrong here charges a user twice, or gives goods away,
so a verdict needs all of this, and everything else is left to the operator, with the evidence on the charge's page:

* Two looks agree: the first one soon after the charge can have been sent, the second when nothing has been heard for
  ``QUIET``. One look alone could be deceived by a payment or a purchase of the same amount that came later, of which
  the hub knows nothing; or by OhMyGPT being slow.
* At each of them the balance is, to the unit, one that is possible in one of the two cases alone. Every movement that
  the hub knows and that is certain is counted off. What may have happened or not doubles the possible balances: a
  charge in doubt, under way at that moment, young, or decided by somebody's word, and an order that may have been paid.
* No AI call through the relay ended since a little before, and no other charge of the user is under way now.

What no look can tell is a movement of exactly this amount, made elsewhere in the seconds between the note before and
the first look, on an account that rests for minutes afterwards. OhMyGPT shows nothing that could.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

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
from oauth_app.services.top_up_wishes import OHMYGPT, TopUpKind
from oauth_app.services.upstream_calls import lease

#: Between the first look and the second, and how long a movement may take to show: OhMyGPT may be slow, not that slow.
QUIET = timedelta(minutes=5)
#: How soon the first look must be, after the last moment at which the charge can have been sent.
PROMPT = timedelta(minutes=1)
#: Each doubles the balances that are possible: with more of them one would fit by chance.
MOST_DOUBTS = 3
#: A page to pay by card closes after a day, one of an invoice may be paid long after it is due.
_INVOICES_LIVE = timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class Look:
    """The balance, and when it was asked for."""

    balance: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Movement:
    """What else has moved the user's balance since the charge began, or may have."""

    #: The charge's or top-up's id.
    id: str
    #: Charges are negative, payments positive.
    cents: int
    is_sure: bool


def note_first_look(session: Session, charge: Charge, look: Look) -> None:
    """Keep the first look at the balance after the answer got lost. The caller commits."""
    is_first = (Charge.id == charge.id, Charge.balance_first_seen_at.is_(None))
    seen = {"balance_first_seen": look.balance, "balance_first_seen_at": look.at}
    session.execute(update(Charge).where(*is_first).values(**seen))


def find_verdict(session: Session, hub: Hub, charge: Charge, look: Look) -> Verdict | None:
    """Return what the balance proves; None if it proves nothing, or nothing yet.

    Read this after the balance: what has moved it and is not known here yet, is young then.
    """
    first = _first_look(charge)
    if first is None or look.at - first.at < QUIET:
        return None
    is_prompt = first.at - begun_at(charge) <= lease(hub.settings) + PROMPT
    if not is_prompt or not _is_told_everything(session, charge):
        return None
    told = {verdict_of(charge, each.balance, find_movements(session, hub, charge, each.at)) for each in (first, look)}
    return told.pop() if len(told) == 1 else None


def verdict_of(charge: Charge, balance: int, movements: Sequence[Movement]) -> Verdict | None:
    """Return what one look says by itself; None if both is possible, or neither."""
    doubts = [one.cents for one in movements if not one.is_sure]
    if charge.balance_before is None or len(doubts) > MOST_DOUBTS:
        return None
    surely = sum(one.cents for one in movements if one.is_sure)
    if_not_taken = {charge.balance_before + surely + part for part in _sums(doubts)}
    if_taken = {possible - charge.amount for possible in if_not_taken}
    if balance in if_taken - if_not_taken:
        return Verdict(status=ChargeStatus.SUCCEEDED)
    if balance in if_not_taken - if_taken:
        return Verdict(status=ChargeStatus.FAILED, failure_code=FailureCode.NOT_TAKEN)
    return None


def find_movements(session: Session, hub: Hub, charge: Charge, until: datetime) -> Sequence[Movement]:
    """Return what else the hub knows to have moved the balance by then, or holds possible."""
    over_at = _over_at(session, charge)
    charges = session.scalars(_other_charges(charge, until)).all()
    found = [
        Movement(id=one.id, cents=-one.amount, is_sure=_is_sure(one, over_at, until - QUIET, lease(hub.settings)))
        for one in charges
    ]
    # Not even one that counts as paid is sure: that, too, was only told by a balance.
    per_cny = hub.upstream.units_per_cny
    orders = session.scalars(_orders(charge, until)).all()
    return found + [Movement(id=one.id, cents=one.amount * per_cny, is_sure=False) for one in orders]


def _first_look(charge: Charge) -> Look | None:
    if charge.balance_first_seen is None or charge.balance_first_seen_at is None:
        return None
    return Look(balance=charge.balance_first_seen, at=charge.balance_first_seen_at)


def _is_told_everything(session: Session, charge: Charge) -> bool:
    since = begun_at(charge)
    pending = (Charge.user_id == charge.user_id, Charge.status == ChargeStatus.PENDING, Charge.id != charge.id)
    if session.scalar(select(Charge.id).where(*pending, Charge.funding == Funding.UPSTREAM).limit(1)) is not None:
        return False
    return not _has_called_since(session, charge.user_id, since - QUIET)


def _is_sure(other: Charge, over_at: datetime | None, quiet_since: datetime, at_work: timedelta) -> bool:
    """Tell whether this one has surely moved what the look shows, and nothing of what was there before."""
    # One that the balance had to settle moved long before.
    latest = begun_at(other) + at_work
    is_taken = other.status == ChargeStatus.SUCCEEDED and other.resolved_by is None
    # It began when nobody could read the balance before for this charge any more.
    is_after = over_at is not None and begun_at(other) >= over_at
    return is_taken and is_after and min(other.settled_at or latest, latest) <= quiet_since


def _over_at(session: Session, charge: Charge) -> datetime | None:
    """Return when the charge became ``unknown``: the balance before it was noted earlier, and is not noted later."""
    told = (Event.object_id == charge.id, Event.type == EventType.CHARGE_UNKNOWN)
    return session.scalar(select(func.min(Event.created_at)).where(*told))


def _other_charges(charge: Charge, until: datetime) -> Select[Charge]:
    since = begun_at(charge)
    # What was in doubt and quiet before this one began has moved nothing since.
    in_doubt = or_(Charge.status.in_(UNSETTLED), Charge.resolved_by.is_not(None)) & (since - QUIET <= BEGUN_AT)
    took = (Charge.status == ChargeStatus.SUCCEEDED) & (Charge.settled_at >= since)
    return select(Charge).where(
        Charge.user_id == charge.user_id,
        Charge.id != charge.id,
        Charge.funding == Funding.UPSTREAM,
        until >= BEGUN_AT,
        or_(in_doubt, took),
    )


def _orders(charge: Charge, until: datetime) -> Select[TopUp]:
    since = begun_at(charge)
    is_invoice = and_(TopUp.kind == TopUpKind.INVOICE, TopUp.created_at >= since - _INVOICES_LIVE)
    closed_before = (TopUp.status == TopUpStatus.EXPIRED) & (TopUp.settled_at < since - QUIET)
    return select(TopUp).where(
        TopUp.user_id == charge.user_id,
        TopUp.provider == OHMYGPT,
        TopUp.created_at <= until,
        or_(
            TopUp.status.in_((TopUpStatus.CREATING, TopUpStatus.OPEN)),
            (TopUp.status == TopUpStatus.PAID) & (TopUp.settled_at >= since),
            (TopUp.status == TopUpStatus.EXPIRED) & or_(is_invoice, ~closed_before),
        ),
    )


def _has_called_since(session: Session, user_id: str, since: datetime) -> bool:
    # A call's row is written when it has ended, so the last row tells when the last call ended.
    last = session.scalar(select(Usage).where(Usage.user_id == user_id).order_by(Usage.id.desc()).limit(1))
    return last is not None and last.started_at + timedelta(milliseconds=last.duration_ms) >= since


def _sums(parts: Iterable[int]) -> set[int]:
    sums = {0}
    for part in parts:
        sums |= {known + part for known in sums}
    return sums
