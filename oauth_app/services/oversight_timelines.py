"""How a charge, hold, refund or top-up came about: by its row, the books, what its partner was told, and Stripe."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Integer, cast, func, select
from sqlalchemy.orm import Session, aliased

from oauth_app.ledger import TransferKind
from oauth_app.models import (
    Account,
    Charge,
    Delivery,
    Event,
    EventDelivery,
    Hold,
    Posting,
    Refund,
    StripeEvent,
    TopUp,
    Transfer,
)

_MOST_LOOKS = 2_000


class Source(StrEnum):
    """Where a moment is known from."""

    ROW = "row"
    BOOKS = "books"
    TOLD = "told"
    STRIPE = "stripe"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One posting, by the names of its accounts."""

    source: str
    destination: str
    amount: int
    asset: str


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Something that happened; ``what`` is a state, a transfer's kind, or an event's type."""

    at: datetime
    source: Source
    what: str
    #: The row that says so.
    id: str
    note: str | None = None
    moved: Sequence[Moved] = ()
    #: To how many addresses the partner's event was sent, and how many have taken it.
    sent: int = 0
    taken: int = 0


def charge_timeline(session: Session, charge: Charge) -> Sequence[Moment]:
    """Return what happened to a charge, oldest first; its hold and its refunds belong to it."""
    refunds = session.scalars(select(Refund.id).where(Refund.charge_id == charge.id)).all()
    names = {charge.id, *refunds, *([charge.hold_id] if charge.hold_id else [])}
    return _in_order([*_of_charge(charge), *_in_books(session, names), *_told(session, names)])


def hold_timeline(session: Session, hold: Hold) -> Sequence[Moment]:
    """Return what happened to a hold, and to the charge that captured it, oldest first."""
    charge = session.scalar(select(Charge).where(Charge.hold_id == hold.id))
    names = {hold.id, *([charge.id] if charge else [])}
    return _in_order([*_of_row(hold), *_in_books(session, names), *_told(session, names)])


def refund_timeline(session: Session, refund: Refund) -> Sequence[Moment]:
    """Return what a refund did, and what was told of it."""
    made = Moment(at=refund.created_at, source=Source.ROW, what="created", id=refund.id, note=refund.reason)
    about = Event.data["refund"]["id"].as_string() == refund.id
    told = _told(session, {refund.charge_id}, about)
    return _in_order([made, *_in_books(session, {refund.id}), *told])


def top_up_timeline(session: Session, top_up: TopUp) -> Sequence[Moment]:
    """Return what happened to an order, oldest first."""
    # What went back is named after the order, and by how many of Stripe's answers had been booked.
    names = {top_up.id, *(f"{top_up.id}.{look}" for look in range(1, min(top_up.looks, _MOST_LOOKS) + 1))}
    at_stripe = {name for name in (top_up.stripe_order_id, top_up.stripe_payment_intent_id) if name}
    moments = [*_of_row(top_up), *_in_books(session, names), *_told(session, {top_up.id})]
    return _in_order([*moments, *_from_stripe(session, at_stripe)])


def movements_of(session: Session, transfer_ids: Collection[str]) -> dict[str, list[Moved]]:
    """Return the postings of each of the transfers."""
    source, destination = aliased(Account), aliased(Account)
    rows = session.execute(
        select(Posting, source, destination)
        .join(source, source.id == Posting.source_id)
        .join(destination, destination.id == Posting.destination_id)
        .where(Posting.transfer_id.in_(transfer_ids))
        .order_by(Posting.id)
    )
    found: dict[str, list[Moved]] = defaultdict(list)
    for posting, one, other in rows:
        moved = Moved(source=_name(one), destination=_name(other), amount=posting.amount, asset=posting.asset)
        found[posting.transfer_id].append(moved)
    return found


def _of_charge(charge: Charge) -> Iterator[Moment]:
    yield Moment(at=charge.created_at, source=Source.ROW, what="created", id=charge.id)
    if charge.approved_at is not None:
        yield Moment(at=charge.approved_at, source=Source.ROW, what="approved by the user", id=charge.id)
    if charge.settled_at is not None:
        by = f"{charge.resolved_by}: {charge.resolved_reason}" if charge.resolved_by else charge.failure_code
        yield Moment(at=charge.settled_at, source=Source.ROW, what=charge.status, id=charge.id, note=by)


def _of_row(row: Hold | TopUp) -> Iterator[Moment]:
    yield Moment(at=row.created_at, source=Source.ROW, what="created", id=row.id)
    if row.settled_at is not None:
        note = row.failure_code if isinstance(row, TopUp) else None
        yield Moment(at=row.settled_at, source=Source.ROW, what=row.status, id=row.id, note=note)


def _in_books(session: Session, names: Collection[str]) -> Iterator[Moment]:
    # The index begins with the kind.
    about = (Transfer.kind.in_(list(TransferKind)), Transfer.reference.in_(names))
    rows = session.scalars(select(Transfer).where(*about)).all()
    moved = movements_of(session, [row.id for row in rows])
    for row in rows:
        yield Moment(
            at=row.created_at, source=Source.BOOKS, what=row.kind, id=row.id, note=row.reference, moved=moved[row.id]
        )


def _told(session: Session, names: Collection[str], *conditions: ColumnElement[bool]) -> Iterator[Moment]:
    taken = func.coalesce(func.sum(cast(Delivery.was_taken, Integer)), 0)
    rows = session.execute(
        select(Event.id, Event.type, Event.created_at, func.count(Delivery.id), taken)
        .outerjoin(EventDelivery, EventDelivery.event_id == Event.id)
        .outerjoin(Delivery, Delivery.id == EventDelivery.delivery_id)
        .where(Event.object_id.in_(names), *conditions)
        .group_by(Event.id, Event.type, Event.created_at)
    )
    for event_id, event_type, created_at, sent, took in rows:
        yield Moment(at=created_at, source=Source.TOLD, what=event_type, id=event_id, sent=sent, taken=int(took))


def _from_stripe(session: Session, names: Collection[str]) -> Iterator[Moment]:
    for row in session.scalars(select(StripeEvent).where(StripeEvent.object_id.in_(names))):
        yield Moment(at=row.received_at, source=Source.STRIPE, what=row.type, id=row.id, note=row.outcome)


def _in_order(moments: Sequence[Moment]) -> Sequence[Moment]:
    return sorted(moments, key=lambda moment: (moment.at, moment.what != "created"))


def _name(account: Account) -> str:
    return ":".join(part for part in (account.kind, account.owner) if part)
