"""The states of a charge, how it gets from one to the next, and what it then posts to the books.

``pending`` is written before anything is asked of OhMyGPT. ``unknown`` means that it was asked and gave no
usable answer: the money may have moved. Every change is one conditional UPDATE, so nothing settles twice.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from sqlalchemy import update
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.ledger import AccountKind, AccountName, Movement, TransferKind, record_transfer
from oauth_app.models import Charge
from oauth_app.services.charge_errors import ChargeNotSentError, ChargeRefusedError, InsufficientFundsError
from oauth_app.services.connections import ConnectionLostError

_WHOLE_BASIS_POINTS = 10_000


class ChargeStatus(StrEnum):
    """Where a charge stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    FAILED = "failed"
    UNKNOWN = "unknown"


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


#: What each failure means for the money: whatever is not surely nothing is ``unknown``.
STATUS_OF_FAILURE: dict[FailureCode, ChargeStatus] = {
    FailureCode.INSUFFICIENT_FUNDS: ChargeStatus.DECLINED,
    FailureCode.CONNECTION_LOST: ChargeStatus.FAILED,
    FailureCode.REFUSED: ChargeStatus.FAILED,
    FailureCode.NOT_SENT: ChargeStatus.FAILED,
    FailureCode.NOT_TAKEN: ChargeStatus.FAILED,
    FailureCode.NO_ANSWER: ChargeStatus.UNKNOWN,
    FailureCode.UNCLEAR_ANSWER: ChargeStatus.UNKNOWN,
}

#: State -> the states it may be reached from. An answer that comes after all still settles an ``unknown``.
REACHED_FROM: dict[ChargeStatus, tuple[ChargeStatus, ...]] = {
    ChargeStatus.SUCCEEDED: (ChargeStatus.PENDING, ChargeStatus.UNKNOWN),
    ChargeStatus.DECLINED: (ChargeStatus.PENDING, ChargeStatus.UNKNOWN),
    ChargeStatus.FAILED: (ChargeStatus.PENDING, ChargeStatus.UNKNOWN),
    ChargeStatus.UNKNOWN: (ChargeStatus.PENDING,),
}

#: These states count against the user's limits: the money has moved, or may have.
COUNTED = (ChargeStatus.SUCCEEDED, ChargeStatus.PENDING, ChargeStatus.UNKNOWN)

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


def fee_of(amount: int, basis_points: int) -> int:
    """Return the operator's part of an amount, rounded down: the fraction of a hundredth is the partner's."""
    return amount * basis_points // _WHOLE_BASIS_POINTS


def settle(session: Session, charge_id: str, verdict: Verdict) -> Charge:
    """Let the verdict count if the charge is still open to it, and return the charge. The caller commits.

    A success is posted to the books in the same transaction. If another has settled the charge before,
    nothing changes.
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
    if changed and verdict.status is ChargeStatus.SUCCEEDED:
        _post(session, charge)
    return charge


def check_outcome(charge: Charge) -> Charge:
    """Return a charge that took the money or may have.

    Raises:
        UnsettledError: it took none; a repeat of the request hears the same.
        ConnectionLostError: it took none, because OhMyGPT refused the user's token.
    """
    if charge.status in COUNTED:
        return charge
    if charge.failure_code == FailureCode.INSUFFICIENT_FUNDS:
        raise InsufficientFundsError(charge.id)
    if charge.failure_code == FailureCode.CONNECTION_LOST:
        raise ConnectionLostError(charge.user_id)
    not_sent = charge.failure_code in {FailureCode.NOT_SENT, FailureCode.INTERRUPTED}
    raise (ChargeNotSentError if not_sent else ChargeRefusedError)(charge.id)


def _post(session: Session, charge: Charge) -> None:
    clearing = AccountName(kind=AccountKind.UPSTREAM_CLEARING, asset=charge.asset)
    earnings = AccountName(kind=AccountKind.PARTNER_EARNINGS, asset=charge.asset, owner=charge.partner_id)
    fees = AccountName(kind=AccountKind.PLATFORM_FEES, asset=charge.asset)
    movements = [
        Movement(source=clearing, destination=earnings, amount=charge.amount - charge.fee),
        Movement(source=clearing, destination=fees, amount=charge.fee),
    ]
    record_transfer(session, TransferKind.CHARGE, charge.id, movements)
