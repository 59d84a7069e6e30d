"""What a user sees of their own: connected sites, spending, charges and top-ups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.errors import HubError
from oauth_app.models import Charge, Consent, Hold, HoldRequest, Partner, Refund, TopUp
from oauth_app.provider.owner import is_in_force
from oauth_app.services.exchange import Rates
from oauth_app.services.usage_reports import NO_USAGE, SiteUsage, usage_by_site

_RECENT = 20
#: More than a person reads.
_MOST_HOLDS = 50


class NotYoursError(HubError):
    """There is no such thing among the user's own."""


@dataclass(frozen=True, kw_only=True)
class ConnectedSite:
    """A site, what it may do, and what it has cost."""

    consent: Consent
    partner: Partner
    charged: int
    charged_this_month: int
    usage: SiteUsage


def connected_sites(session: Session, user_id: str, rates: Rates) -> list[ConnectedSite]:
    """Return the user's sites, latest consent first; one that is disconnected or has run out is gone from the list.

    What they charged counts in hundredths of a unit, at ``rates``.
    """
    rows = session.execute(
        select(Consent, Partner)
        .join(Partner, Partner.id == Consent.partner_id)
        .where(Consent.user_id == user_id, is_in_force())
        .order_by(Consent.agreed_at.desc())
    ).all()
    charged, this_month = _charged(session, user_id, rates), _charged(session, user_id, rates, since=_month_start())
    usage = usage_by_site(session, user_id)
    return [
        ConnectedSite(
            consent=consent,
            partner=partner,
            charged=charged.get(consent.id, 0),
            charged_this_month=this_month.get(consent.id, 0),
            usage=usage.get(consent.id, NO_USAGE),
        )
        for consent, partner in rows
    ]


def get_site(session: Session, user_id: str, consent_id: str, rates: Rates) -> ConnectedSite:
    """Return one of the user's sites.

    Raises:
        NotYoursError: there is none of this id among them.
    """
    for site in connected_sites(session, user_id, rates):
        if site.consent.id == consent_id:
            return site
    raise NotYoursError(consent_id)


def recent_charges(session: Session, user_id: str) -> Sequence[Row[Charge, str]]:
    """Return the user's latest charges, each with the partner's name."""
    return session.execute(
        select(Charge, Partner.name)
        .join(Partner, Partner.id == Charge.partner_id)
        .where(Charge.user_id == user_id)
        .order_by(Charge.id.desc())
        .limit(_RECENT)
    ).all()


def recent_refunds(session: Session, user_id: str) -> Sequence[Row[Refund, str, str]]:
    """Return what sites gave back to the user lately, each with what was charged for and the partner's name."""
    return session.execute(
        select(Refund, Charge.description, Partner.name)
        .join(Charge, Charge.id == Refund.charge_id)
        .join(Partner, Partner.id == Refund.partner_id)
        .where(Refund.user_id == user_id)
        .order_by(Refund.id.desc())
        .limit(_RECENT)
    ).all()


def open_holds(session: Session, user_id: str) -> Sequence[Row[Hold, str, str]]:
    """Return what sites reserve of the user's money now, each with what it is for and the partner's name."""
    return session.execute(
        select(Hold, HoldRequest.description, Partner.name)
        .join(HoldRequest, HoldRequest.hold_id == Hold.id)
        .join(Partner, Partner.id == Hold.partner_id)
        .where(Hold.user_id == user_id, Hold.status == "pending")
        .order_by(Hold.expires_at, Hold.id)
        .limit(_MOST_HOLDS)
    ).all()


def recent_top_ups(session: Session, user_id: str) -> Sequence[TopUp]:
    """Return the user's latest top-up orders."""
    return session.scalars(select(TopUp).where(TopUp.user_id == user_id).order_by(TopUp.id.desc()).limit(_RECENT)).all()


def get_own_top_up(session: Session, user_id: str, top_up_id: str) -> TopUp:
    """Return one of the user's orders.

    Raises:
        NotYoursError: there is none of this id among them.
    """
    order = session.get(TopUp, top_up_id)
    if order is None or order.user_id != user_id:
        raise NotYoursError(top_up_id)
    return order


def _charged(session: Session, user_id: str, rates: Rates, since: datetime | None = None) -> dict[str, int]:
    query = (
        select(Charge.consent_id, Charge.asset, func.sum(Charge.amount))
        .where(Charge.user_id == user_id, Charge.status == "succeeded")
        .group_by(Charge.consent_id, Charge.asset)
    )
    if since is not None:
        query = query.where(Charge.created_at >= since)
    sums: dict[str, int] = {}
    for consent_id, asset, total in session.execute(query):
        sums[consent_id] = sums.get(consent_id, 0) + rates.weigh(int(total), asset)
    return sums


def _month_start() -> datetime:
    return clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
