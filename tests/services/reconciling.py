"""Comparisons in one line, for tests that say what must be found."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Difference, TopUp
from oauth_app.services.reconciliation import reconcile
from oauth_app.services.stripe_looking import book_order, name_of

LATER = timedelta(hours=1)
DAY = timedelta(days=1, hours=1)


def book(hub: Hub, top_up: TopUp) -> None:
    """Ask Stripe for the order, and book what it says."""
    order = name_of(top_up)
    assert order is not None
    book_order(hub, order)


def change(hub: Hub, statement: Any) -> None:  # noqa: ANN401 - any statement
    """Do to the rows what nothing in the hub does."""
    with transaction(hub.engine) as session:
        session.execute(statement)


def look(hub: Hub, after: timedelta = timedelta()) -> set[tuple[str, str]]:
    """Compare all sides, and return side and kind of what is open then."""
    with clock.moved(after):
        reconcile(hub, started_by="a test")
    with reading(hub.engine) as session:
        rows = session.execute(select(Difference.side, Difference.kind).where(Difference.closed_at.is_(None)))
        return {(side, kind) for side, kind in rows}


def only_difference(hub: Hub) -> Difference:
    """Return the one difference there is."""
    with reading(hub.engine) as session:
        return session.scalars(select(Difference)).one()
