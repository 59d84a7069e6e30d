"""The lines of statements, read from the books: what the ledger does not have cannot be in them.

Each query has the columns of ``statements.Line``. What a user has is in three accounts (to spend, reserved by
holds, frozen by disputes); a transfer between them changes nothing that is theirs, and is no line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from oauth_app.ledger import AccountKind, TransferKind
from oauth_app.models import Account, Charge, Hold, HoldRequest, Partner, Posting, Refund, TopUp, Transfer
from oauth_app.services.statement_months import Month

WALLET, OHMYGPT = "wallet", "ohmygpt"
_OF_USER = (AccountKind.USER_WALLET, AccountKind.USER_HELD, AccountKind.USER_FROZEN)
#: What a transfer of each kind refers to; the others refer to things outside.
_DETAILS: dict[TransferKind, type[Charge | Hold | Refund | TopUp]] = {
    TransferKind.CHARGE: Charge,
    TransferKind.HOLD_CAPTURED: Hold,
    TransferKind.REFUND: Refund,
    TransferKind.TOP_UP: TopUp,
}
#: A partner may have these without an effect on its earnings, when the fee is the whole.
_WITH_FEE: tuple[tuple[TransferKind, type[Charge | Hold | Refund], InstrumentedAttribute[int]], ...] = (
    (TransferKind.CHARGE, Charge, Charge.amount),
    (TransferKind.HOLD_CAPTURED, Hold, Hold.captured_amount),
    (TransferKind.REFUND, Refund, Refund.amount),
)
_IS_REFUND = Transfer.kind == TransferKind.REFUND


@dataclass(frozen=True, kw_only=True)
class _Amounts:
    """What differs between the selects of one statement."""

    asset: ColumnElement[str]
    #: What it did to the balance of the statement.
    change: ColumnElement[int]
    #: What it was about, with the fee.
    gross: ColumnElement[int]


def user_accounts(session: Session, user_id: str) -> Sequence[int]:
    """Return the ids of the accounts that hold what is the user's."""
    return session.scalars(select(Account.id).where(Account.owner == user_id, Account.kind.in_(_OF_USER))).all()


def earnings_accounts(session: Session, partner_id: str) -> Sequence[int]:
    """Return the ids of the partner's earnings, one for each asset."""
    is_earnings = Account.kind == AccountKind.PARTNER_EARNINGS
    return session.scalars(select(Account.id).where(Account.owner == partner_id, is_earnings)).all()


def change_before(accounts: Sequence[int], month: Month) -> Select[str, int]:
    """Return (asset, sum of all that moved before the month): the opening balances."""
    return (
        select(Posting.asset, _change(accounts))
        .join(Transfer, Transfer.id == Posting.transfer_id)
        .where(_touches(accounts), Transfer.created_at < month.start)
        .group_by(Posting.asset)
    )


def user_lines(user_id: str, accounts: Sequence[int], month: Month) -> CompoundSelect[Any]:
    """Return what changed what the user has here, and what was charged at OhMyGPT."""
    moved = _moved(accounts, month)
    here = _Amounts(asset=moved.c.asset, change=moved.c.change, gross=moved.c.change)
    there = _Amounts(asset=Charge.asset.expression, change=literal(0), gross=-Charge.amount)
    at_ohmygpt = select(Charge.id).where(Charge.user_id == user_id, Charge.funding == "upstream")
    return union_all(
        _lines(here).join(moved, moved.c.id == Transfer.id).where(moved.c.change != 0),
        _lines(there).where(_is_about(TransferKind.CHARGE, at_ohmygpt), _is_in(month)),
    )


def partner_lines(partner_id: str, accounts: Sequence[int], month: Month) -> CompoundSelect[Any]:
    """Return what changed the partner's earnings, and that of which the fee took all."""
    moved = _moved(accounts, month)
    earned = _Amounts(asset=moved.c.asset, change=moved.c.change, gross=moved.c.change + _fee())
    untouched = [
        _lines(_Amounts(asset=row.asset.expression, change=literal(0), gross=_fee())).where(
            _is_about(kind, select(row.id).where(row.partner_id == partner_id, row.fee == amount)), _is_in(month)
        )
        for kind, row, amount in _WITH_FEE
    ]
    return union_all(_lines(earned).join(moved, moved.c.id == Transfer.id), *untouched)


def _lines(amounts: _Amounts) -> Select[Any]:
    """Return the columns of a line, of every transfer; the caller says of which."""
    partner_id = func.coalesce(Charge.partner_id, Hold.partner_id, Refund.partner_id, TopUp.partner_id)
    columns = (
        Transfer.created_at.label("at"),
        Transfer.id.label("transfer_id"),
        Transfer.kind.label("kind"),
        Transfer.reference.label("reference"),
        amounts.asset.label("asset"),
        amounts.gross.label("gross"),
        _fee().label("fee"),
        amounts.change.label("change"),
        case((Charge.funding == "upstream", OHMYGPT), else_=WALLET).label("source"),
        func.coalesce(Partner.name, "").label("site"),
        func.coalesce(Charge.description, HoldRequest.description, Refund.reason, "").label("description"),
    )
    lines = select(*columns).select_from(Transfer)
    for kind, row in _DETAILS.items():
        lines = lines.outerjoin(row, and_(Transfer.kind == kind, row.id == Transfer.reference))
    return lines.outerjoin(HoldRequest, HoldRequest.hold_id == Hold.id).outerjoin(Partner, Partner.id == partner_id)


def _is_about(kind: TransferKind, ids: Select[str]) -> ColumnElement[bool]:
    """Whether the transfer is about one of these. SQLite, told by a join, would look at all transfers of the kind."""
    # The rows are joined outside, too; without this the inner query would mean those.
    return and_(Transfer.kind == kind, Transfer.reference.in_(ids.correlate(None)))


def _fee() -> ColumnElement[int]:
    """The operator's part; what a refund gives back of it is less than nothing."""
    fee = func.coalesce(Charge.fee, Hold.fee, Refund.fee, 0)
    return case((_IS_REFUND, -fee), else_=fee)


def _moved(accounts: Sequence[int], month: Month) -> Subquery:
    """What each transfer of the month did to these accounts together."""
    return (
        select(Transfer.id.label("id"), Posting.asset.label("asset"), _change(accounts).label("change"))
        .join(Posting, Posting.transfer_id == Transfer.id)
        .where(_touches(accounts), _is_in(month))
        .group_by(Transfer.id, Posting.asset)
        .subquery()
    )


def _change(accounts: Sequence[int]) -> ColumnElement[int]:
    came = func.sum(case((Posting.destination_id.in_(accounts), Posting.amount), else_=0))
    return came - func.sum(case((Posting.source_id.in_(accounts), Posting.amount), else_=0))


def _touches(accounts: Sequence[int]) -> ColumnElement[bool]:
    return or_(Posting.source_id.in_(accounts), Posting.destination_id.in_(accounts))


def _is_in(month: Month) -> ColumnElement[bool]:
    return and_(Transfer.created_at >= month.start, Transfer.created_at < month.end)
