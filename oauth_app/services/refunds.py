"""Refunds: money of a charge given back, in whole or in parts, by partner and operator in the shares they had of it.

It arrives in the user's wallet at the hub, also when OhMyGPT had taken it: OhMyGPT has no call that gives money back.
There it pays the user's next charges in that asset (see ``charging``).

Everything happens in one transaction under the charge's lock, so a repeat of a request never meets the first one half
done: it waits, and is answered the same.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into
from oauth_app.identifiers import Kind, new_id
from oauth_app.ledger import (
    AccountName,
    OverdraftError,
    Split,
    TransferKind,
    TransferWish,
    record_transfer,
    split_refund,
    take_back,
)
from oauth_app.models import Charge, Consent, Refund, Transfer
from oauth_app.services.charge_errors import UnknownChargeError
from oauth_app.services.charge_states import ChargeStatus, split_of
from oauth_app.services.events import EventType, record_event
from oauth_app.services.idempotency import IdempotencyMismatchError, check_key, check_same, digest_of
from oauth_app.services.paging import Page, PageWish, read_page
from oauth_app.services.partner_sight import ALL, Filter, Sight
from oauth_app.services.refund_errors import (
    ChargeNotRefundableError,
    InsufficientEarningsError,
    RefundTooLargeError,
    UnknownRefundError,
)
from oauth_app.services.wire_objects import charge_object, refund_object


@dataclass(frozen=True, kw_only=True)
class RefundWish:
    """What to give back; no ``amount`` is all that is left."""

    charge_id: str
    idempotency_key: str
    amount: int | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        check_key(self.idempotency_key)

    def digest(self) -> str:
        """Return what a repeat of the request must have in common with it."""
        return digest_of({"charge": self.charge_id, "amount": self.amount, "reason": self.reason})


@dataclass(frozen=True, kw_only=True)
class RefundReceipt:
    """The refund, and whether an earlier request had made it."""

    refund: Refund
    replayed: bool


def refund(session: Session, sight: Sight, wish: RefundWish) -> RefundReceipt:
    """Give money back, at most once for each (partner, idempotency key). The caller commits.

    What is refused writes nothing and leaves the key free. The user need not be connected any more.

    Raises:
        UnknownChargeError: the partner has no such charge, or the named user has not.
        IdempotencyMismatchError: the key was used for another wish.
        ChargeNotRefundableError: the charge has not succeeded.
        RefundTooLargeError: less is left of the charge.
        InsufficientEarningsError: the partner has not earned so much, or it was paid out.
    """
    charge = _lock(session, sight, wish.charge_id)
    if earlier := _find(session, sight.partner_id, wish.idempotency_key):
        check_same(earlier.request_digest, wish.digest())
        return RefundReceipt(refund=earlier, replayed=True)
    amount = _check_amount(charge, wish.amount)
    split = split_refund(split_of(charge), refunded_before=charge.refunded, amount=amount)
    made = _insert(session, charge, wish, split)
    _post(session, charge, made, split)
    charge.refunded += amount
    session.flush()
    _tell(session, charge, made)
    return RefundReceipt(refund=made, replayed=False)


def get_refund(session: Session, sight: Sight, refund_id: str) -> Refund:
    """Return a refund of this partner, and of this user if one is named.

    Raises:
        UnknownRefundError: there is none; one of another partner or user is none, too.
    """
    found = session.get(Refund, refund_id)
    if found is None or not sight.covers(found):
        raise UnknownRefundError(refund_id)
    return found


def list_refunds(
    session: Session, sight: Sight, wish: PageWish, wanted: Filter = ALL, *, charge_id: str | None = None
) -> Page[Refund]:
    """Return what this partner gave back, newest first."""
    query = select(Refund).where(*sight.condition(Refund), *wanted.condition(Refund))
    if charge_id is not None:
        query = query.where(Refund.charge_id == charge_id)
    return read_page(session, query, Refund.id, wish)


def _lock(session: Session, sight: Sight, charge_id: str) -> Charge:
    """Return the charge; until the transaction ends no other refund of it can look."""
    query = select(Charge).where(Charge.id == charge_id).with_for_update(key_share=True)
    charge = session.scalar(query.execution_options(populate_existing=True))
    if charge is None or not sight.covers(charge):
        raise UnknownChargeError(charge_id)
    return charge


def _find(session: Session, partner_id: str, key: str) -> Refund | None:
    return session.scalar(select(Refund).where(Refund.partner_id == partner_id, Refund.idempotency_key == key))


def _check_amount(charge: Charge, wanted: int | None) -> int:
    if charge.status != ChargeStatus.SUCCEEDED:
        raise ChargeNotRefundableError(charge.status)
    left = charge.amount - charge.refunded
    amount = left if wanted is None else wanted
    if not 0 < amount <= left:
        raise RefundTooLargeError(wanted=amount, left=left)
    return amount


def _insert(session: Session, charge: Charge, wish: RefundWish, split: Split) -> Refund:
    values: dict[str, Any] = {
        "id": new_id(Kind.REFUND),
        "charge_id": charge.id,
        "partner_id": charge.partner_id,
        "user_id": charge.user_id,
        "idempotency_key": wish.idempotency_key,
        "request_digest": wish.digest(),
        "amount": split.amount,
        "asset": charge.asset,
        "fee": split.fee,
        "reason": wish.reason,
        "created_at": clock.now(),
    }
    by_key = [Refund.partner_id, Refund.idempotency_key]
    insert = insert_into(session, Refund).values(**values).on_conflict_do_nothing(index_elements=by_key)
    made: Refund | None = session.scalar(insert.returning(Refund))
    if made is None:
        # Equal requests wait for each other at the charge; this key has just refunded another charge.
        raise IdempotencyMismatchError
    return made


def _post(session: Session, charge: Charge, made: Refund, split: Split) -> None:
    wallet = AccountName.wallet(charge.user_id, charge.asset)
    wish = TransferWish(
        kind=TransferKind.REFUND,
        reference=made.id,
        movements=take_back(wallet, charge.partner_id, split),
        reverses=_transfer_of(session, charge),
    )
    try:
        record_transfer(session, wish)
    except OverdraftError as error:
        raise InsufficientEarningsError(charge.id) from error


def _transfer_of(session: Session, charge: Charge) -> str:
    """Return the transfer that paid the charge: its own, or the capture of its hold."""
    kind, reference = TransferKind.CHARGE, charge.id
    if charge.hold_id is not None:
        kind, reference = TransferKind.HOLD_CAPTURED, charge.hold_id
    return session.scalars(select(Transfer.id).where(Transfer.kind == kind, Transfer.reference == reference)).one()


def _tell(session: Session, charge: Charge, made: Refund) -> None:
    subject = session.scalars(select(Consent.subject).where(Consent.id == charge.consent_id)).one()
    told = charge_object(charge, subject) | {"refund": refund_object(made, subject)}
    record_event(session, charge.partner_id, EventType.CHARGE_REFUNDED, charge.id, told)
