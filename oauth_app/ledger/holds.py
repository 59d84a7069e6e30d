"""Holds: money of a wallet that is reserved for a partner, and later captured, given back, or left to expire.

Each hold is settled once, by a capture of all or part of it (the rest is released), a void, or its expiry. Which one
is decided by a conditional UPDATE of its row, so that of two at once only one happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.identifiers import Kind, new_id
from oauth_app.ledger.accounts import AccountName
from oauth_app.ledger.errors import CaptureTooLargeError, HoldClosedError, UnknownHoldError
from oauth_app.ledger.fees import share_out, split_amount
from oauth_app.ledger.movements import Movement, TransferKind, TransferWish
from oauth_app.ledger.transfers import record_transfer
from oauth_app.models import Hold


class HoldStatus(StrEnum):
    """Where a hold stands; all but the first are final."""

    PENDING = "pending"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldWish:
    """What to reserve, of whose wallet, for whom, and until when."""

    partner_id: str
    user_id: str
    asset: str
    amount: int
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Capture:
    """How much of a hold to take. None is all of it."""

    hold_id: str
    amount: int | None = None
    fee_basis_points: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldReceipt:
    """What was done to a hold, and the transfer that did it: the capture's, not that of the released rest."""

    hold_id: str
    transfer_id: str
    #: What was reserved, captured or released, in this order of placing, capturing and the other two.
    amount: int
    #: The operator's part of a capture.
    fee: int = 0


def place_hold(session: Session, wish: HoldWish) -> HoldReceipt:
    """Reserve money of the wallet. The caller commits.

    Raises:
        OverdraftError: the wallet has less; nothing was written.
    """
    hold_id = new_id(Kind.HOLD)
    wallet, held = AccountName.wallet(wish.user_id, wish.asset), AccountName.held(wish.user_id, wish.asset)
    movement = Movement(source=wallet, destination=held, amount=wish.amount)
    # The transfer first: its refusal leaves no hold behind.
    transfer_id = _record(session, TransferKind.HOLD_PLACED, hold_id, (movement,))
    values = {"partner_id": wish.partner_id, "user_id": wish.user_id, "asset": wish.asset, "amount": wish.amount}
    moments = {"created_at": clock.now(), "expires_at": wish.expires_at}
    session.execute(
        insert(Hold).values(id=hold_id, status=HoldStatus.PENDING, captured_amount=0, fee=0, **values, **moments)
    )
    return HoldReceipt(hold_id=hold_id, transfer_id=transfer_id, amount=wish.amount)


def capture_hold(session: Session, wish: Capture) -> HoldReceipt:
    """Pay partner and operator from the hold, and release the rest. Once for each hold. The caller commits.

    Raises:
        UnknownHoldError: there is no such hold.
        HoldClosedError: it was settled before, or its time has run out.
        CaptureTooLargeError: less is held.
        ValueError: the amount is not positive.
    """
    hold = _get(session, wish.hold_id)
    amount = hold.amount if wish.amount is None else wish.amount
    if amount <= 0:
        msg = "a capture takes something; void the hold instead"
        raise ValueError(msg)
    if amount > hold.amount:
        raise CaptureTooLargeError(hold.id, wanted=amount, held=hold.amount)
    split = split_amount(amount, wish.fee_basis_points)
    _settle(session, hold, {"status": HoldStatus.CAPTURED, "captured_amount": amount, "fee": split.fee})
    # The rest first: that locks the wallet and what is held of it, lowest id first. The other way round the wallet
    # would come last, and a hold placed at the same moment has it and waits for the other.
    if rest := hold.amount - amount:
        _release(session, hold, rest)
    movements = share_out(AccountName.held(hold.user_id, hold.asset), hold.partner_id, split)
    transfer_id = _record(session, TransferKind.HOLD_CAPTURED, hold.id, movements)
    return HoldReceipt(hold_id=hold.id, transfer_id=transfer_id, amount=amount, fee=split.fee)


def void_hold(session: Session, hold_id: str) -> HoldReceipt:
    """Give the whole hold back to the wallet. Once for each hold. The caller commits.

    Raises:
        UnknownHoldError: there is no such hold.
        HoldClosedError: it was settled before.
    """
    hold = _get(session, hold_id)
    _settle(session, hold, {"status": HoldStatus.VOIDED})
    return HoldReceipt(hold_id=hold.id, transfer_id=_release(session, hold, hold.amount), amount=hold.amount)


def expire_due_holds(session: Session, *, limit: int = 100) -> Sequence[HoldReceipt]:
    """Give back the holds whose time has run out, at most so many; return which. The caller commits.

    Two workers at once take different ones, and both in the order of users, so that they cannot wait for each other.
    """
    due = session.scalars(
        select(Hold)
        .where(Hold.status == HoldStatus.PENDING, Hold.expires_at <= clock.now())
        .order_by(Hold.user_id, Hold.asset, Hold.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    return [_expire(session, hold) for hold in due]


def _expire(session: Session, hold: Hold) -> HoldReceipt:
    _settle(session, hold, {"status": HoldStatus.EXPIRED})
    return HoldReceipt(hold_id=hold.id, transfer_id=_release(session, hold, hold.amount), amount=hold.amount)


def _get(session: Session, hold_id: str) -> Hold:
    hold = session.get(Hold, hold_id, populate_existing=True)
    if hold is None:
        raise UnknownHoldError(hold_id)
    return hold


def _settle(session: Session, hold: Hold, values: dict[str, Any]) -> None:
    """Let this be what becomes of the hold, if nothing else has."""
    now = clock.now()
    conditions = [Hold.id == hold.id, Hold.status == HoldStatus.PENDING]
    if values["status"] == HoldStatus.CAPTURED:
        conditions.append(Hold.expires_at > now)
    change = update(Hold).where(*conditions).values(settled_at=now, **values).returning(Hold.id)
    settled = session.execute(change.execution_options(synchronize_session=False)).first()
    session.refresh(hold)
    if not settled:
        status = HoldStatus.EXPIRED if hold.status == HoldStatus.PENDING else hold.status
        raise HoldClosedError(hold.id, status)


def _release(session: Session, hold: Hold, amount: int) -> str:
    held, wallet = AccountName.held(hold.user_id, hold.asset), AccountName.wallet(hold.user_id, hold.asset)
    movement = Movement(source=held, destination=wallet, amount=amount)
    return _record(session, TransferKind.HOLD_RELEASED, hold.id, (movement,))


def _record(session: Session, kind: TransferKind, hold_id: str, movements: tuple[Movement, ...]) -> str:
    return record_transfer(session, TransferWish(kind=kind, reference=hold_id, movements=movements)).transfer_id
