"""A partner's own console: the sites somebody looks after, and how each is doing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.models import AuthorizationFailure, Charge, Consent, Partner, User
from oauth_app.provider.owner import is_in_force
from oauth_app.services.partner_errors import PartnerError
from oauth_app.services.partners import Credentials, create_partner
from oauth_app.services.registration import Registration
from oauth_app.services.self_service import NotYoursError

#: How many sites somebody may have at a time, and how many in all: those that are switched off are kept for the books.
MAX_SITES, MAX_SITES_EVER = 20, 200


class TooManySitesError(PartnerError):
    """Somebody has as many sites as one may have."""


@dataclass(frozen=True, kw_only=True)
class SiteNumbers:
    """How a site is doing. Sums only: whose they are, the console does not tell."""

    connected: int
    charges_this_month: int
    #: In hundredths of an OhMyGPT unit.
    charged_this_month: int
    failures_in_a_day: int


def list_sites(session: Session, owner_id: str) -> Sequence[Partner]:
    """Return the sites of one person, those that are switched off last, newest first."""
    query = select(Partner).where(Partner.owner_id == owner_id)
    return session.scalars(query.order_by(Partner.disabled_at.is_not(None), Partner.id.desc())).all()


def get_own_site(session: Session, owner_id: str, partner_id: str) -> Partner:
    """Return one site of this person.

    Raises:
        NotYoursError: there is none of this id among them.
    """
    # Not every database takes every text, such as one with a zero byte.
    partner = session.get(Partner, partner_id) if partner_id.isidentifier() else None
    if partner is None or partner.owner_id != owner_id:
        raise NotYoursError(partner_id)
    return partner


def open_site(session: Session, owner_id: str, wish: Registration) -> Credentials:
    """Register a site of this person; it begins in test mode, and free of a fee. The caller commits.

    Raises:
        TooManySitesError: one site more than a person may have.
    """
    session.get(User, owner_id, with_for_update=True)  # so that two tabs count one after the other
    sites = list_sites(session, owner_id)
    if len(sites) >= MAX_SITES_EVER or len([site for site in sites if not site.disabled_at]) >= MAX_SITES:
        raise TooManySitesError
    return create_partner(session, replace(wish, owner_id=owner_id, mode="test", fee_basis_points=0))


def count_numbers(session: Session, partner_id: str) -> SiteNumbers:
    """Count who is connected, what was charged since the first of the month, and what failed in 24 hours."""
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    charges, charged = session.execute(
        select(func.count(), func.coalesce(func.sum(Charge.amount), 0)).where(
            Charge.partner_id == partner_id, Charge.status == "succeeded", Charge.created_at >= month
        )
    ).one()
    connected = select(func.count()).where(Consent.partner_id == partner_id, is_in_force())
    failed = select(func.count()).where(
        AuthorizationFailure.partner_id == partner_id,
        AuthorizationFailure.created_at >= clock.now() - timedelta(hours=24),
    )
    return SiteNumbers(
        connected=session.execute(connected).scalar_one(),
        charges_this_month=charges,
        charged_this_month=int(charged),
        failures_in_a_day=session.execute(failed).scalar_one(),
    )
