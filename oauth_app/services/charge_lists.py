"""Charges to look at, for a partner and one of its users or all."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app.models import Charge, Refund
from oauth_app.services.charge_errors import UnknownChargeError
from oauth_app.services.paging import Page, PageWish, read_page
from oauth_app.services.partner_sight import ALL, Filter, Sight


def get_charge(session: Session, sight: Sight, charge_id: str) -> Charge:
    """Return a charge of this partner, and of this user if one is named.

    Raises:
        UnknownChargeError: there is none; one of another partner or user is none, too.
    """
    charge = session.get(Charge, charge_id)
    if charge is None or not sight.covers(charge):
        raise UnknownChargeError(charge_id)
    return charge


def list_charges(session: Session, sight: Sight, wish: PageWish, wanted: Filter = ALL) -> Page[Charge]:
    """Return what this partner charged, newest first."""
    query = select(Charge).where(*sight.condition(Charge), *wanted.condition(Charge))
    return read_page(session, query, Charge.id, wish)


def refunds_of(session: Session, charge_ids: Sequence[str]) -> dict[str, list[Refund]]:
    """Return the refunds of these charges, oldest first, by the charge's id."""
    found: dict[str, list[Refund]] = {charge_id: [] for charge_id in charge_ids}
    for refund in session.scalars(select(Refund).where(Refund.charge_id.in_(charge_ids)).order_by(Refund.id)):
        found[refund.charge_id].append(refund)
    return found
