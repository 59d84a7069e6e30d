"""The limits a user set when agreeing: per charge, and per calendar month in UTC.

Users set them in CNY, and they are kept in OhMyGPT units, in which every other asset counts (``exchange``). What is
held counts as if it were taken; what is refunded stays counted.
"""

from datetime import UTC, datetime

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.ledger import HoldStatus
from oauth_app.models import Charge, Consent, Hold, HoldRequest
from oauth_app.services.access import InvalidTokenError
from oauth_app.services.charge_errors import LimitExceededError
from oauth_app.services.charge_states import COUNTED
from oauth_app.services.exchange import Rates


def lock_consent(session: Session, consent_id: str) -> Consent:
    """Return what the user allows at this moment; until the transaction ends no other charge can look.

    Raises:
        InvalidTokenError: the user has disconnected the partner in the meantime, or their word has run out.
    """
    consent = session.get_one(Consent, consent_id, with_for_update=True, populate_existing=True)
    has_run_out = consent.expires_at is not None and consent.expires_at <= clock.now()
    if consent.revoked_at is not None or has_run_out:
        raise InvalidTokenError
    return consent


def check_limits(session: Session, consent: Consent, weight: int, rates: Rates) -> None:
    """Refuse more than the user allowed. The consent must be locked, or two charges could share one rest.

    Args:
        session: the transaction that holds the lock.
        consent: what the user allows.
        weight: what the new amount counts as, in hundredths of a unit.
        rates: what the amounts taken before count as.

    Raises:
        LimitExceededError: per charge or per month.
    """
    if consent.limit_per_charge is not None and weight > consent.limit_per_charge:
        raise LimitExceededError(period="charge", limit=consent.limit_per_charge)
    if consent.limit_per_month is None:
        return
    if spent_this_month(session, consent.id, rates) + weight > consent.limit_per_month:
        raise LimitExceededError(period="month", limit=consent.limit_per_month)


def needs_approval(consent: Consent, weight: int) -> bool:
    """Tell whether the user wants to be asked before so much is taken."""
    return consent.step_up_above is not None and weight > consent.step_up_above


def spent_this_month(session: Session, consent_id: str, rates: Rates) -> int:
    """Return what was taken since the first of the month, with what may have been or is held, in hundredths of a unit.

    One statement, so that a hold is never missed, nor seen twice, between being held and being captured.
    """
    charged = select(Charge.asset, Charge.amount).where(
        Charge.consent_id == consent_id, Charge.status.in_(COUNTED), Charge.created_at >= _first_of_month()
    )
    held = (
        select(Hold.asset, Hold.amount)
        .join(HoldRequest, HoldRequest.hold_id == Hold.id)
        .where(HoldRequest.consent_id == consent_id, Hold.status == HoldStatus.PENDING)
    )
    both = union_all(charged, held).subquery()
    sums = session.execute(select(both.c.asset, func.sum(both.c.amount)).group_by(both.c.asset))
    return rates.weigh_all({asset: int(amount) for asset, amount in sums})


def _first_of_month() -> datetime:
    today = clock.now()
    return datetime(today.year, today.month, 1, tzinfo=UTC)
