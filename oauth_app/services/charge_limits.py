"""The limits a user set when agreeing: per charge, and per calendar month in UTC."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.models import Charge, Consent
from oauth_app.services.access import InvalidTokenError
from oauth_app.services.charge_errors import LimitExceededError
from oauth_app.services.charge_states import COUNTED


def lock_consent(session: Session, consent_id: str) -> Consent:
    """Return what the user allows at this moment; until the transaction ends no other charge can look.

    Raises:
        InvalidTokenError: the user has disconnected the partner in the meantime.
    """
    consent = session.get_one(Consent, consent_id, with_for_update=True, populate_existing=True)
    if consent.revoked_at is not None:
        raise InvalidTokenError
    return consent


def check_limits(session: Session, consent: Consent, amount: int) -> None:
    """Refuse more than the user allowed. The consent must be locked, or two charges could share one rest.

    Raises:
        LimitExceededError: per charge or per month.
    """
    if consent.limit_per_charge is not None and amount > consent.limit_per_charge:
        raise LimitExceededError(period="charge", limit=consent.limit_per_charge)
    if consent.limit_per_month is None:
        return
    if spent_this_month(session, consent.id) + amount > consent.limit_per_month:
        raise LimitExceededError(period="month", limit=consent.limit_per_month)


def spent_this_month(session: Session, consent_id: str) -> int:
    """Return what was taken since the first of the month, with what may have been."""
    spent = session.scalar(
        select(func.coalesce(func.sum(Charge.amount), 0)).where(
            Charge.consent_id == consent_id,
            Charge.status.in_(COUNTED),
            Charge.created_at >= _first_of_month(),
        )
    )
    return int(spent or 0)


def _first_of_month() -> datetime:
    today = clock.now()
    return datetime(today.year, today.month, 1, tzinfo=UTC)
