"""Charges above the user's step-up limit: they wait for the user, who approves or denies them on a page of the hub.

Every way out of ``approval_required`` is one conditional UPDATE, so that of two presses, or of a press and the end of
the wait, only one counts.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge, Consent, Partner
from oauth_app.services.access import InvalidTokenError
from oauth_app.services.charge_limits import lock_consent
from oauth_app.services.charge_paying import choose_funding, pay_from_wallet
from oauth_app.services.charge_states import ChargeStatus, FailureCode, Funding
from oauth_app.services.charge_telling import tell_of_charge
from oauth_app.services.charging import send_and_settle
from oauth_app.services.connections import open_token
from oauth_app.services.self_service import NotYoursError

_BATCH = 100


@dataclass(frozen=True, kw_only=True)
class _Approved:
    charge: Charge
    #: The user's OhMyGPT token, if the charge is to be sent there now.
    token: str | None = field(default=None, repr=False)


def get_own_charge(session: Session, user_id: str, charge_id: str) -> tuple[Charge, Partner]:
    """Return one of the user's charges, and who made it.

    Raises:
        NotYoursError: there is none of this id among them.
    """
    charge = session.get(Charge, charge_id)
    if charge is None or charge.user_id != user_id:
        raise NotYoursError(charge_id)
    return charge, session.get_one(Partner, charge.partner_id)


def approve(hub: Hub, user_id: str, charge_id: str) -> Charge:
    """Carry the charge out, once, and return it as it stands then. Owns its transactions.

    One that does not wait any more stays as it is; one whose partner was disconnected is declined.

    Raises:
        NotYoursError: the user has no such charge.
        ConnectionLostError: the user must sign in again first; the charge still waits.
    """
    approved = _approve(hub, user_id, charge_id)
    if approved.token is None:
        return approved.charge
    return send_and_settle(hub, approved.charge, approved.token)


def deny(session: Session, user_id: str, charge_id: str) -> Charge:
    """Decline the charge if it still waits, and return it. The caller commits.

    Raises:
        NotYoursError: the user has no such charge.
    """
    charge, _ = get_own_charge(session, user_id, charge_id)
    return _decline(session, charge.id, FailureCode.APPROVAL_DENIED)


def expire_approvals(hub: Hub) -> int:
    """Decline what the user has not approved in time; return how many."""
    overdue = (Charge.status == ChargeStatus.APPROVAL_REQUIRED, Charge.approval_ends_at <= clock.now())
    with transaction(hub.engine) as session:
        ids = session.scalars(select(Charge.id).where(*overdue).order_by(Charge.id).limit(_BATCH)).all()
        for charge_id in ids:
            _decline(session, charge_id, FailureCode.APPROVAL_EXPIRED)
    return len(ids)


def set_step_up(session: Session, user_id: str, consent_id: str, above: int | None) -> None:
    """Let charges of a site above this many hundredths of a unit wait for the user; None is never.

    The caller commits.

    Raises:
        NotYoursError: the user has no such site.
    """
    consent = session.get(Consent, consent_id, with_for_update=True)
    if consent is None or consent.user_id != user_id or consent.revoked_at is not None:
        raise NotYoursError(consent_id)
    consent.step_up_above = above


def _approve(hub: Hub, user_id: str, charge_id: str) -> _Approved:
    with transaction(hub.engine) as session:
        charge, _ = get_own_charge(session, user_id, charge_id)
        try:
            lock_consent(session, charge.consent_id)
        except InvalidTokenError:
            return _Approved(charge=_decline(session, charge.id, FailureCode.DISCONNECTED))
        funding = choose_funding(session, user_id, charge.amount, charge.asset)
        now = clock.now()
        values = {"status": ChargeStatus.PENDING, "approved_at": now, "funding": funding}
        if not _leave(session, charge.id, values, Charge.approval_ends_at > now):
            return _Approved(charge=_fresh(session, charge.id))
        pending = _fresh(session, charge.id)
        if funding is Funding.WALLET:
            return _Approved(charge=pay_from_wallet(session, pending))
        return _Approved(charge=pending, token=open_token(session, hub.vault, user_id, reason="charge"))


def _decline(session: Session, charge_id: str, why: FailureCode) -> Charge:
    values = {"status": ChargeStatus.DECLINED, "failure_code": why, "settled_at": clock.now()}
    has_left = _leave(session, charge_id, values)
    charge = _fresh(session, charge_id)
    if has_left:
        tell_of_charge(session, charge)
    return charge


def _leave(session: Session, charge_id: str, values: dict[str, Any], *conditions: ColumnElement[bool]) -> bool:
    """Let this be what becomes of the charge, if it still waits."""
    waits = (Charge.id == charge_id, Charge.status == ChargeStatus.APPROVAL_REQUIRED, *conditions)
    change = update(Charge).where(*waits).values(**values).returning(Charge.id)
    return session.execute(change.execution_options(synchronize_session=False)).first() is not None


def _fresh(session: Session, charge_id: str) -> Charge:
    return session.get_one(Charge, charge_id, populate_existing=True)
