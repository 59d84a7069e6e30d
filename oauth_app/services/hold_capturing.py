"""Capture a hold: it becomes a charge of all or a part of it, and the rest goes back to the user's wallet."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app import clock, ledger
from oauth_app.db import insert_into, transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import Charge, FeeVersion, Hold, HoldRequest
from oauth_app.services.access import Access
from oauth_app.services.charge_limits import lock_consent
from oauth_app.services.charge_states import ChargeStatus, Funding
from oauth_app.services.charge_telling import tell_of_charge
from oauth_app.services.events import EventType
from oauth_app.services.fees import current_fee
from oauth_app.services.holds import get_hold, tell_of_hold
from oauth_app.services.idempotency import IdempotencyMismatchError, check_key, check_same, digest_of
from oauth_app.services.partner_sight import Sight
from oauth_app.services.scopes import Scope


@dataclass(frozen=True, kw_only=True)
class CaptureWish:
    """How much of which hold to take; no ``amount`` is all of it."""

    hold_id: str
    idempotency_key: str
    amount: int | None = None

    def __post_init__(self) -> None:
        check_key(self.idempotency_key)

    def digest(self) -> str:
        """Return what a repeat of the request must have in common with it."""
        return digest_of({"capture": self.hold_id, "amount": self.amount})


@dataclass(frozen=True, kw_only=True)
class CaptureReceipt:
    """The charge that the hold became, and whether an earlier request had made it."""

    charge: Charge
    replayed: bool


def capture(hub: Hub, access: Access, wish: CaptureWish) -> CaptureReceipt:
    """Make the hold a charge, at most once for each (partner, idempotency key). Owns its transaction.

    The key is one of charges: none of them can have the same. The limits were checked, and counted it, when it was
    held. What is refused writes nothing and leaves the key free.

    Raises:
        InsufficientScopeError: the user did not allow charges.
        InvalidTokenError: the user has disconnected the partner in the meantime.
        UnknownHoldError: the partner holds nothing of this id of this user.
        IdempotencyMismatchError: the key was used for another wish.
        HoldClosedError: it was captured or voided before, or has expired.
        CaptureTooLargeError: less is held.
    """
    access.require(Scope.CHARGES_WRITE)
    with transaction(hub.engine) as session:
        lock_consent(session, access.consent_id)
        hold = get_hold(session, Sight(partner_id=access.partner_id, user_id=access.user_id), wish.hold_id)
        if earlier := _find(session, access.partner_id, wish.idempotency_key):
            check_same(earlier.request_digest, wish.digest())
            return CaptureReceipt(charge=earlier, replayed=True)
        fee = current_fee(session, access.partner_id)
        order = ledger.Capture(hold_id=hold.id, amount=wish.amount, fee_basis_points=fee.basis_points)
        made = _insert(session, access, wish, _terms(session, hold, fee) | _taken(ledger.capture_hold(session, order)))
        tell_of_hold(session, hold.id, EventType.HOLD_CAPTURED)
        tell_of_charge(session, made)
        return CaptureReceipt(charge=made, replayed=False)


def _find(session: Session, partner_id: str, key: str) -> Charge | None:
    return session.scalar(select(Charge).where(Charge.partner_id == partner_id, Charge.idempotency_key == key))


def _terms(session: Session, hold: Hold, fee: FeeVersion) -> dict[str, Any]:
    request = session.get_one(HoldRequest, hold.id)
    return {
        "hold_id": hold.id,
        "asset": hold.asset,
        "fee_version_id": fee.id,
        "description": request.description,
        "details": request.details,
    }


def _taken(receipt: ledger.HoldReceipt) -> dict[str, Any]:
    return {"amount": receipt.amount, "fee": receipt.fee}


def _insert(session: Session, access: Access, wish: CaptureWish, terms: dict[str, Any]) -> Charge:
    now = clock.now()
    values = {
        "id": new_id(Kind.CHARGE),
        "partner_id": access.partner_id,
        "user_id": access.user_id,
        "consent_id": access.consent_id,
        "idempotency_key": wish.idempotency_key,
        "request_digest": wish.digest(),
        "status": ChargeStatus.SUCCEEDED,
        "funding": Funding.WALLET,
        "created_at": now,
        "settled_at": now,
        **terms,
    }
    by_key = [Charge.partner_id, Charge.idempotency_key]
    insert = insert_into(session, Charge).values(**values).on_conflict_do_nothing(index_elements=by_key)
    made: Charge | None = session.scalar(insert.returning(Charge))
    if made is None:
        # Equal requests wait for each other at the consent; this key has just charged another user.
        raise IdempotencyMismatchError
    return made
