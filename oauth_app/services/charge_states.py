"""The states of a charge, how it gets from one to the next, and what it then posts to the books.

``approval_required`` waits for the user (``approvals``). ``pending`` is written before anything is asked of OhMyGPT.
``unknown`` means that it was asked and gave no usable answer: the money may have moved. Every change is one
conditional UPDATE, so nothing settles twice.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.ledger import AccountKind, AccountName, Split, TransferKind, TransferWish, record_transfer, share_out
from oauth_app.models import Charge
from oauth_app.services.charge_errors import (
    ApprovalDeniedError,
    ApprovalExpiredError,
    ChargeNotSentError,
    ChargeRefusedError,
    InsufficientFundsError,
    UnsettledError,
    WalletFrozenError,
)
from oauth_app.services.charge_telling import tell_of_charge
from oauth_app.services.connections import ConnectionLostError


class ChargeStatus(StrEnum):
    """Where a charge stands."""

    APPROVAL_REQUIRED = "approval_required"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Funding(StrEnum):
    """Where the money comes from: the user's balance at OhMyGPT, or their wallet here."""

    UPSTREAM = "upstream"
    WALLET = "wallet"


class FailureCode(StrEnum):
    """Why a charge took no money, or why nobody knows whether it did."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    CONNECTION_LOST = "connection_lost"
    REFUSED = "upstream_refused"
    NOT_SENT = "upstream_unavailable"
    NO_ANSWER = "no_answer"
    UNCLEAR_ANSWER = "unclear_answer"
    INTERRUPTED = "interrupted"
    NOT_TAKEN = "balance_unchanged"
    BY_OPERATOR = "resolved_by_operator"
    APPROVAL_DENIED = "approval_denied"
    APPROVAL_EXPIRED = "approval_expired"
    DISCONNECTED = "disconnected"
    WALLET_FROZEN = "wallet_frozen"


#: What each failure means for the money: whatever is not surely nothing is ``unknown``.
STATUS_OF_FAILURE: dict[FailureCode, ChargeStatus] = {
    FailureCode.INSUFFICIENT_FUNDS: ChargeStatus.DECLINED,
    FailureCode.APPROVAL_DENIED: ChargeStatus.DECLINED,
    FailureCode.APPROVAL_EXPIRED: ChargeStatus.DECLINED,
    FailureCode.DISCONNECTED: ChargeStatus.DECLINED,
    FailureCode.WALLET_FROZEN: ChargeStatus.DECLINED,
    FailureCode.CONNECTION_LOST: ChargeStatus.FAILED,
    FailureCode.REFUSED: ChargeStatus.FAILED,
    FailureCode.NOT_SENT: ChargeStatus.FAILED,
    FailureCode.NOT_TAKEN: ChargeStatus.FAILED,
    FailureCode.NO_ANSWER: ChargeStatus.UNKNOWN,
    FailureCode.UNCLEAR_ANSWER: ChargeStatus.UNKNOWN,
}

#: State -> the states it may be reached from. An answer that comes after all still settles an ``unknown``.
#: Out of ``approval_required`` only the user's word leads, or its absence (see ``approvals``).
REACHED_FROM: dict[ChargeStatus, tuple[ChargeStatus, ...]] = {
    ChargeStatus.SUCCEEDED: (ChargeStatus.PENDING, ChargeStatus.UNKNOWN),
    ChargeStatus.DECLINED: (ChargeStatus.PENDING, ChargeStatus.UNKNOWN),
    ChargeStatus.FAILED: (ChargeStatus.PENDING, ChargeStatus.UNKNOWN),
    ChargeStatus.UNKNOWN: (ChargeStatus.PENDING,),
}

#: These states count against the user's limits: the money has moved, or may have, or may yet.
COUNTED = (ChargeStatus.SUCCEEDED, ChargeStatus.PENDING, ChargeStatus.UNKNOWN, ChargeStatus.APPROVAL_REQUIRED)

#: These may still become something else.
UNSETTLED = (ChargeStatus.PENDING, ChargeStatus.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a charge."""

    status: ChargeStatus
    failure_code: FailureCode | None = None
    upstream_order_id: str | None = None

    @classmethod
    def of_failure(cls, code: FailureCode) -> Self:
        """Return what the failure means."""
        return cls(status=STATUS_OF_FAILURE[code], failure_code=code)


#: When work on a charge began: one that waited for the user begins when they approve.
BEGUN_AT = func.coalesce(Charge.approved_at, Charge.created_at)


def begun_at(charge: Charge) -> datetime:
    """Return when work on the charge began."""
    return charge.approved_at or charge.created_at


def split_of(charge: Charge) -> Split:
    """Return how the charge is shared, as it was counted when it was made."""
    return Split(partner=charge.amount - charge.fee, fee=charge.fee)


def settle(session: Session, charge_id: str, verdict: Verdict) -> Charge:
    """Let the verdict count if the charge is still open to it, and return the charge. The caller commits.

    A success is posted to the books in the same transaction, and the partner is told. If another has settled the
    charge before, nothing changes.
    """
    changed = session.execute(
        update(Charge)
        .where(Charge.id == charge_id, Charge.status.in_(REACHED_FROM[verdict.status]))
        .values(
            status=verdict.status,
            failure_code=verdict.failure_code,
            upstream_order_id=verdict.upstream_order_id,
            settled_at=None if verdict.status in UNSETTLED else clock.now(),
        )
        .returning(Charge.id)
    ).first()
    charge = session.get_one(Charge, charge_id, populate_existing=True)
    if changed and verdict.status is ChargeStatus.SUCCEEDED and charge.funding == Funding.UPSTREAM:
        _post(session, charge)
    if changed:
        tell_of_charge(session, charge)
    return charge


def check_outcome(charge: Charge) -> Charge:
    """Return a charge that took the money or may have.

    Raises:
        UnsettledError: it took none; a repeat of the request hears the same.
        ConnectionLostError: it took none, because OhMyGPT refused the user's token.
    """
    if charge.status in COUNTED:
        return charge
    if charge.failure_code == FailureCode.CONNECTION_LOST:
        raise ConnectionLostError(charge.user_id)
    raise _ERROR_OF_FAILURE.get(charge.failure_code or "", ChargeRefusedError)(charge.id)


_ERROR_OF_FAILURE: dict[str, type[UnsettledError]] = {
    FailureCode.INSUFFICIENT_FUNDS: InsufficientFundsError,
    FailureCode.APPROVAL_DENIED: ApprovalDeniedError,
    FailureCode.DISCONNECTED: ApprovalDeniedError,
    FailureCode.WALLET_FROZEN: WalletFrozenError,
    FailureCode.APPROVAL_EXPIRED: ApprovalExpiredError,
    FailureCode.NOT_SENT: ChargeNotSentError,
    FailureCode.INTERRUPTED: ChargeNotSentError,
}


def _post(session: Session, charge: Charge) -> None:
    clearing = AccountName(kind=AccountKind.UPSTREAM_CLEARING, asset=charge.asset)
    movements = share_out(clearing, charge.partner_id, split_of(charge))
    record_transfer(session, TransferWish(kind=TransferKind.CHARGE, reference=charge.id, movements=movements))
