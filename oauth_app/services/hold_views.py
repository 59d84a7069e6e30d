"""Holds to look at, with what the partner asked and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app.models import Charge, Hold, HoldRequest
from oauth_app.services.paging import Page, PageWish, read_page
from oauth_app.services.partner_sight import ALL, Filter, Sight


@dataclass(frozen=True, kw_only=True)
class HoldView:
    """A hold, what was asked for it, and the charge that captured it, if one did."""

    hold: Hold
    request: HoldRequest
    charge_id: str | None


def view_hold(session: Session, hold_id: str) -> HoldView:
    """Return the hold as it is now."""
    hold = session.get_one(Hold, hold_id, populate_existing=True)
    return view_holds(session, [hold])[0]


def view_holds(session: Session, holds: Sequence[Hold]) -> Sequence[HoldView]:
    """Return these holds with all that belongs to them, in the same order."""
    ids = [hold.id for hold in holds]
    requests = {row.hold_id: row for row in session.scalars(select(HoldRequest).where(HoldRequest.hold_id.in_(ids)))}
    captures = {row.hold_id: row.id for row in session.scalars(select(Charge).where(Charge.hold_id.in_(ids)))}
    return [HoldView(hold=hold, request=requests[hold.id], charge_id=captures.get(hold.id)) for hold in holds]


def list_holds(session: Session, sight: Sight, wish: PageWish, wanted: Filter = ALL) -> Page[HoldView]:
    """Return what was held for this partner, newest first."""
    asked = select(Hold).join(HoldRequest, HoldRequest.hold_id == Hold.id)
    page = read_page(session, asked.where(*sight.condition(Hold), *wanted.condition(Hold)), Hold.id, wish)
    return Page(rows=view_holds(session, page.rows), next_cursor=page.next_cursor)
