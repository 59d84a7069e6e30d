"""What an operator sees of the comparisons, and closes: differences, and alarms about Stripe's events."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.models import Difference, ReconciliationRun, StripeEvent

MIN_REASON_CHARS, MAX_REASON_CHARS = 10, 500
_RUNS = 20
_ROWS = 500


class ReasonMissingError(HubError):
    """Closing needs a reason that another can understand later: 10 to 500 characters."""


class AlreadyClosedError(HubError):
    """There is no such open item, or not any more."""


@dataclass(frozen=True, kw_only=True)
class Closing:
    """Whose word closes an item, and why."""

    item_id: str
    operator: str
    reason: str

    def __post_init__(self) -> None:
        if not MIN_REASON_CHARS <= len(self.reason.strip()) <= MAX_REASON_CHARS:
            raise ReasonMissingError


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The latest runs, and everything that somebody must still look at."""

    runs: Sequence[ReconciliationRun]
    differences: Sequence[Difference]
    #: Closed lately, by whom and why.
    closed: Sequence[Difference]
    alarms: Sequence[StripeEvent]


def read_overview(session: Session) -> Overview:
    """Return what the operator's page shows."""
    is_open = Difference.closed_at.is_(None)
    needs_look = (StripeEvent.needs_look, StripeEvent.closed_by.is_(None))
    return Overview(
        runs=session.scalars(
            select(ReconciliationRun).order_by(ReconciliationRun.started_at.desc()).limit(_RUNS)
        ).all(),
        differences=session.scalars(
            select(Difference).where(is_open).order_by(Difference.found_at.desc(), Difference.id).limit(_ROWS)
        ).all(),
        closed=session.scalars(
            select(Difference).where(~is_open).order_by(Difference.closed_at.desc()).limit(_RUNS)
        ).all(),
        alarms=session.scalars(
            select(StripeEvent).where(*needs_look).order_by(StripeEvent.received_at.desc()).limit(_ROWS)
        ).all(),
    )


def close_difference(session: Session, wish: Closing) -> None:
    """Close an open difference by an operator's word. The caller commits.

    Raises:
        AlreadyClosedError: it is not open (any more).
    """
    closing = {"closed_at": clock.now(), "closed_by": wish.operator, "closed_reason": wish.reason.strip()}
    is_open = (Difference.id == wish.item_id, Difference.closed_at.is_(None))
    if session.execute(update(Difference).where(*is_open).values(**closing).returning(Difference.id)).first() is None:
        raise AlreadyClosedError(wish.item_id)


def put_alarm_away(session: Session, wish: Closing) -> None:
    """Put an alarm about one of Stripe's events away by an operator's word. The caller commits.

    Raises:
        AlreadyClosedError: there is none (any more).
    """
    closing = {"closed_by": wish.operator, "closed_reason": wish.reason.strip()}
    rings = (StripeEvent.id == wish.item_id, StripeEvent.needs_look, StripeEvent.closed_by.is_(None))
    if session.execute(update(StripeEvent).where(*rings).values(**closing).returning(StripeEvent.id)).first() is None:
        raise AlreadyClosedError(wish.item_id)
