"""What went through the relay: the calls themselves, and their sums."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from oauth_app.models import Usage
from oauth_app.services.paging import Page, PageWish, read_page


@dataclass(frozen=True, kw_only=True)
class UsageTotals:
    """Sums over calls. Calls that told no tokens, or have no known price, add nothing to those sums."""

    calls: int
    input_tokens: int
    output_tokens: int
    #: In hundredths of an OhMyGPT unit.
    estimated_cost: int


def list_usage(session: Session, consent_id: str, wish: PageWish) -> Page[Usage]:
    """Return calls of one user through one partner, newest first."""
    return read_page(session, select(Usage).where(Usage.consent_id == consent_id), Usage.id, wish)


def total_of_consent(session: Session, consent_id: str, *, since: datetime | None = None) -> UsageTotals:
    """Return the sums of one user at one partner."""
    return _total(session, Usage.consent_id == consent_id, since)


def total_of_user(session: Session, user_id: str, *, since: datetime | None = None) -> UsageTotals:
    """Return the sums of one user at all partners."""
    return _total(session, Usage.user_id == user_id, since)


def total_of_all(session: Session, *, since: datetime | None = None) -> UsageTotals:
    """Return the sums of the whole hub."""
    return _total(session, None, since)


def _total(session: Session, whose: ColumnElement[bool] | None, since: datetime | None) -> UsageTotals:
    conditions = [] if whose is None else [whose]
    if since is not None:
        conditions.append(Usage.started_at >= since)
    sums = [
        func.coalesce(func.sum(column), 0) for column in (Usage.input_tokens, Usage.output_tokens, Usage.estimated_cost)
    ]
    row = session.execute(select(func.count(), *sums).select_from(Usage).where(*conditions)).one()
    # PostgreSQL sums whole numbers into a Decimal.
    calls, input_tokens, output_tokens, cost = (int(value) for value in row)
    return UsageTotals(calls=calls, input_tokens=input_tokens, output_tokens=output_tokens, estimated_cost=cost)
