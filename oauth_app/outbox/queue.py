"""The queue of messages: whoever takes one holds it for a time, and nobody else sends it meanwhile.

A process that dies with a message in its hands tells nobody. Its lease runs out, and the message is sent
again, under the same id: receivers must be ready to get it twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import Delivery
from oauth_app.outbox.schedule import pause_after

#: Much longer than an attempt takes, so that it runs out only when the process is gone.
LEASE_LIFE = timedelta(minutes=2)
#: So many of one partner's at a time: one that does not answer must not hold up the others.
_OF_ONE_PARTNER = 4


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is to be sent, and where; the kind says how it becomes a request."""

    kind: str
    partner_id: str
    url: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A message in the hands of one sender."""

    id: str
    message: Message
    #: The number of this attempt; it tells this lease from a later one.
    attempt: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an attempt ended."""

    was_taken: bool
    #: What the other side answered, if it did.
    status: int | None = None
    #: Why it was not taken, in our words.
    error: str | None = None
    #: Whether another attempt could end better.
    is_final: bool = False


def enqueue(session: Session, message: Message) -> str:
    """Keep a message to be sent at once, and return its id. The caller commits, together with the fact."""
    now = clock.now()
    row = Delivery(
        id=new_id(Kind.DELIVERY),
        kind=message.kind,
        partner_id=message.partner_id,
        url=message.url,
        payload=dict(message.payload),
        attempts=0,
        next_attempt_at=now,
        was_taken=False,
        created_at=now,
    )
    session.add(row)
    return row.id


def is_any_due(session: Session) -> bool:
    """Tell whether there is anything to send."""
    due = exists().where(Delivery.done_at.is_(None), Delivery.next_attempt_at <= clock.now())
    return session.scalar(select(due)) is True


def lease_due(session: Session, *, limit: int) -> Sequence[Lease]:
    """Take at most so many messages that are due, the partners in turn. The caller commits before it sends."""
    now = clock.now()
    # What another process has locked is skipped; SQLite has one writer at a time, so nothing is locked there.
    rows = session.scalars(
        select(Delivery)
        .where(Delivery.id.in_(_due_in_turn(limit)), Delivery.done_at.is_(None), Delivery.next_attempt_at <= now)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.attempts += 1
        row.next_attempt_at = now + LEASE_LIFE
    return [_lease(row) for row in rows]


def settle(session: Session, lease: Lease, outcome: Outcome) -> bool:
    """Note how the attempt ended; False when the lease had run out and another has it. The caller commits."""
    now, pause = clock.now(), pause_after(lease.attempt)
    is_done = outcome.was_taken or outcome.is_final or pause is None
    settled = session.execute(
        update(Delivery)
        .where(Delivery.id == lease.id, Delivery.attempts == lease.attempt, Delivery.done_at.is_(None))
        .values(
            was_taken=outcome.was_taken,
            last_status=outcome.status,
            last_error=outcome.error,
            done_at=now if is_done else None,
            next_attempt_at=now + (pause or timedelta()),
        )
        .returning(Delivery.id)
    )
    return settled.first() is not None


def _due_in_turn(limit: int) -> Any:  # noqa: ANN401 - a query for ids
    """The first of each partner come before the second of any."""
    place = func.row_number().over(partition_by=Delivery.partner_id, order_by=Delivery.next_attempt_at)
    due = (
        select(Delivery.id, Delivery.next_attempt_at, place.label("place"))
        .where(Delivery.done_at.is_(None), Delivery.next_attempt_at <= clock.now())
        .subquery()
    )
    in_turn = select(due.c.id).where(due.c.place <= _OF_ONE_PARTNER)
    return in_turn.order_by(due.c.place, due.c.next_attempt_at).limit(limit)


def _lease(row: Delivery) -> Lease:
    message = Message(kind=row.kind, partner_id=row.partner_id, url=row.url, payload=row.payload)
    return Lease(id=row.id, message=message, attempt=row.attempts)
