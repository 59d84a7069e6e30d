"""The counters in the database: what was spent, and what processes hold of the rest.

``spent + held`` never grows beyond a cap by what is taken here. A process takes an allotment, spends from it in
memory, and reports what it spent. The rows are locked in one order, so that no two processes wait for each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into
from oauth_app.errors import HubError
from oauth_app.models import SpendAllotment, SpendCounter

#: A process that has not been heard of for so long is dead.
LIFE = timedelta(seconds=10)
#: An allotment beyond what the call needs is at most this part of the cap, and of what is left of it.
_PART_OF_CAP, _PART_OF_REST = 100, 8

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so much for a subject in a period; in hundredths of an OhMyGPT unit."""

    subject: str
    period: str
    most: int

    @property
    def key(self) -> Key:
        """Return what is counted together."""
        return self.subject, self.period


@dataclass(frozen=True, slots=True)
class Taken:
    """An allotment that was taken, and what it leaves for everybody else."""

    amount: int
    left: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a process did with an allotment: spent some of it, gives some of it back."""

    key: Key
    spent: int
    released: int


class OverLimitError(HubError):
    """A cap leaves less than is asked for."""

    def __init__(self, cap: Cap, left: int) -> None:
        super().__init__(f"{cap.subject} in {cap.period}: {left} of {cap.most} left")
        self.cap = cap
        self.left = left


_COUNTER = select(SpendCounter.spent, SpendCounter.held).where(
    SpendCounter.subject == bindparam("a_subject"), SpendCounter.period == bindparam("a_period")
)
_LOCKED_COUNTER = _COUNTER.with_for_update()
_MOVE = (
    update(SpendCounter)
    .where(SpendCounter.subject == bindparam("a_subject"), SpendCounter.period == bindparam("a_period"))
    .values(spent=SpendCounter.spent + bindparam("more_spent"), held=SpendCounter.held + bindparam("more_held"))
)
_SHRINK = (
    update(SpendAllotment)
    .where(
        SpendAllotment.holder == bindparam("a_holder"),
        SpendAllotment.subject == bindparam("a_subject"),
        SpendAllotment.period == bindparam("a_period"),
        SpendAllotment.held >= bindparam("released"),
    )
    .values(held=SpendAllotment.held - bindparam("released"))
)


def take(
    session: Session, holder: str, wants: Iterable[tuple[Cap, int]], *, most: int | None = None
) -> dict[Key, Taken]:
    """Take allotments of at least so much from each counter. The caller commits, or rolls everything back.

    Args:
        session: to work in.
        holder: who takes them.
        wants: how much of which.
        most: take up to so much of each, if there is that; None takes a little beside what is wanted.

    Raises:
        OverLimitError: one of the caps leaves less.
    """
    in_order = sorted(wants, key=lambda want: want[0].key)
    return {cap.key: _take(session, holder, cap, need, most) for cap, need in in_order}


def report(session: Session, holder: str, reports: Sequence[Report]) -> list[Key]:
    """Count what was spent, and give back what is not needed; return the allotments that were lost meanwhile.

    An allotment that was taken for a dead process's is counted as spent already, so nothing is counted twice.
    """
    lost = []
    for one in sorted(reports, key=lambda report: report.key):
        subject, period = one.key
        names = {"a_subject": subject, "a_period": period}
        session.execute(_LOCKED_COUNTER, names)
        shrunk = session.execute(_SHRINK, names | {"a_holder": holder, "released": one.released})
        if shrunk.rowcount:  # type: ignore[attr-defined] # of every result of an UPDATE
            session.execute(_MOVE, names | {"more_spent": one.spent, "more_held": -one.released})
        else:
            lost.append(one.key)
    return lost


def renew(session: Session, holder: str) -> None:
    """Say that a process lives, and forget its allotments that are used up."""
    session.execute(delete(SpendAllotment).where(SpendAllotment.holder == holder, SpendAllotment.held == 0))
    session.execute(update(SpendAllotment).where(SpendAllotment.holder == holder).values(expires_at=clock.now() + LIFE))


def settle_the_dead(session: Session) -> int:
    """Count what dead processes held as spent, and return how many allotments that were.

    What they really spent of it nobody knows. It is little: the ceilings of the calls that ran, and at most one part
    in a hundred of a cap. A crash must not let a site pass its limit.
    """
    dead = session.scalars(
        select(SpendAllotment)
        .where(SpendAllotment.expires_at < clock.now())
        .order_by(SpendAllotment.subject, SpendAllotment.period)
    ).all()
    settled = 0
    for allotment in dead:
        names = {"a_subject": allotment.subject, "a_period": allotment.period}
        session.execute(_LOCKED_COUNTER, names)
        gone = session.execute(
            delete(SpendAllotment).where(
                SpendAllotment.holder == allotment.holder,
                SpendAllotment.subject == allotment.subject,
                SpendAllotment.period == allotment.period,
                SpendAllotment.expires_at < clock.now(),
                SpendAllotment.held == allotment.held,
            )
        )
        if gone.rowcount:  # type: ignore[attr-defined] # of every result of a DELETE
            session.execute(_MOVE, names | {"more_spent": allotment.held, "more_held": -allotment.held})
            settled += 1
    return settled


def forget_periods(session: Session, before: datetime) -> None:
    """Delete the counters of periods that ended before a moment."""
    day, month = before.strftime("%Y-%m-%d"), before.strftime("%Y-%m")
    for period in (day, month):
        is_such = func.length(SpendCounter.period) == len(period)
        session.execute(delete(SpendCounter).where(is_such, SpendCounter.held == 0, SpendCounter.period < period))


def _take(session: Session, holder: str, cap: Cap, need: int, most: int | None) -> Taken:
    names = {"a_subject": cap.subject, "a_period": cap.period}
    row = session.execute(_LOCKED_COUNTER, names).first()
    if row is None:
        new = insert_into(session, SpendCounter).values(subject=cap.subject, period=cap.period, spent=0, held=0)
        session.execute(new.on_conflict_do_nothing())
        row = session.execute(_LOCKED_COUNTER, names).one()
    left = cap.most - row.spent - row.held
    if left < need:
        raise OverLimitError(cap, max(left, 0))
    beside = min(cap.most // _PART_OF_CAP, left // _PART_OF_REST) if most is None else min(most, left)
    amount = max(need, beside)
    session.execute(_MOVE, names | {"more_spent": 0, "more_held": amount})
    insert = insert_into(session, SpendAllotment).values(
        holder=holder, subject=cap.subject, period=cap.period, held=amount, expires_at=clock.now() + LIFE
    )
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["holder", "subject", "period"],
            set_={"held": SpendAllotment.held + amount, "expires_at": insert.excluded.expires_at},
        )
    )
    return Taken(amount, left - amount)
