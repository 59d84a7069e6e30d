"""Charges to look at, for a partner and one of its users."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app.models import Charge
from oauth_app.services.access import Access
from oauth_app.services.charge_errors import UnknownChargeError
from oauth_app.services.paging import Page, PageWish, read_page


def get_charge(session: Session, access: Access, charge_id: str) -> Charge:
    """Return a charge of this user by this partner.

    Raises:
        UnknownChargeError: there is none; one of another partner or user is none, too.
    """
    charge = session.get(Charge, charge_id)
    if charge is None or (charge.partner_id, charge.user_id) != (access.partner_id, access.user_id):
        raise UnknownChargeError(charge_id)
    return charge


def list_charges(session: Session, access: Access, wish: PageWish) -> Page[Charge]:
    """Return what this partner charged this user, newest first."""
    own = select(Charge).where(Charge.partner_id == access.partner_id, Charge.user_id == access.user_id)
    return read_page(session, own, Charge.id, wish)
