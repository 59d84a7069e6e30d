"""Relayed calls to look at, for a partner and one of its users."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session

from oauth_app.models import Usage, UsageConsentDay
from oauth_app.services.access import Access
from oauth_app.services.paging import Page, PageWish, read_page
from oauth_app.services.scopes import Scope
from oauth_app.services.usage_totals import UsageWish, sum_up


@dataclass(frozen=True, kw_only=True)
class CallFilter:
    """Which calls of a list; None is any."""

    model: str | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions for the rows that are wanted."""
        wanted: list[ColumnElement[bool]] = []
        if self.model is not None:
            wanted.append(Usage.model == self.model)
        if self.started_after is not None:
            wanted.append(Usage.started_at >= self.started_after)
        if self.started_before is not None:
            wanted.append(Usage.started_at < self.started_before)
        return tuple(wanted)


ALL_CALLS = CallFilter()


def list_calls(session: Session, access: Access, wish: PageWish, wanted: CallFilter = ALL_CALLS) -> Page[Usage]:
    """Return the AI calls of this user through this partner, newest first.

    Raises:
        InsufficientScopeError: the user did not let the partner call AI models.
    """
    access.require(Scope.API)
    calls = select(Usage).where(Usage.consent_id == access.consent_id, *wanted.conditions())
    return read_page(session, calls, Usage.id, wish)


def sum_up_days(
    session: Session, access: Access, first: date, last: date, *by: str, model: str | None = None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return what the calls of some days of UTC came to, for each combination of ``by``.

    Raises:
        InsufficientScopeError: the user did not let the partner call AI models.
    """
    access.require(Scope.API)
    where = {"consent_id": access.consent_id} | ({} if model is None else {"model": model})
    since, until = (datetime.combine(day, time(), UTC) for day in (first, last + timedelta(days=1)))
    return sum_up(session, UsageWish(table=UsageConsentDay, since=since, until=until, where=where), *by)
