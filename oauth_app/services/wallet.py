"""What top-ups do to a user's wallet: money comes in, and goes back.

What must go back and is not there any more is owed by the user: it stands as a negative balance on a loss
account of the operator's in the user's name. Money that comes in pays that first.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app.ledger import (
    AccountKind,
    AccountName,
    Movement,
    OverdraftError,
    Receipt,
    TransferKind,
    TransferWish,
    get_balance,
    record_transfer,
)
from oauth_app.models import Account, TopUp

#: Charges that empty the wallet while it is looked at; then all of it is owed.
_TRIES = 5


def credit_top_up(session: Session, top_up: TopUp) -> Receipt:
    """Put what was paid into the wallet, at most once for each top-up. The caller holds the row's lock, and commits."""
    return _bring(session, top_up, top_up.amount, (TransferKind.TOP_UP, top_up.id))


def give_back(session: Session, top_up: TopUp, amount: int, *, reference: str) -> None:
    """Put back what had been taken, such as after a dispute that was won."""
    _bring(session, top_up, amount, (TransferKind.DISPUTE_WON, reference))


def take_back(session: Session, top_up: TopUp, amount: int, *, reference: str) -> int:
    """Take money of the top-up out of the wallet again; return how much was not there and is owed now."""
    _lock_debt(session, top_up)
    wallet = AccountName.wallet(top_up.user_id, top_up.asset)
    for _ in range(_TRIES):
        there = min(get_balance(session, wallet), amount)
        try:
            _record_taking(session, top_up, (there, amount - there), reference)
        except OverdraftError:  # a charge was quicker
            continue
        return amount - there
    _record_taking(session, top_up, (0, amount), reference)
    return amount


def debt_account(user_id: str, asset: str) -> AccountName:
    """Return the name of what the user owes: a balance below zero."""
    return AccountName(kind=AccountKind.OPERATOR_LOSS, owner=user_id, asset=asset)


def _record_taking(session: Session, top_up: TopUp, parts: tuple[int, int], reference: str) -> None:
    from_wallet, owed = parts
    clearing = _clearing(top_up.asset)
    sources = (AccountName.wallet(top_up.user_id, top_up.asset), from_wallet), (_debt(top_up), owed)
    movements = tuple(Movement(source=name, destination=clearing, amount=amount) for name, amount in sources)
    kind = TransferKind.TOP_UP_REVERSAL
    record_transfer(session, TransferWish(kind=kind, reference=reference, movements=movements))


def _bring(session: Session, top_up: TopUp, amount: int, name: tuple[TransferKind, str]) -> Receipt:
    _lock_debt(session, top_up)
    owed = min(max(-get_balance(session, _debt(top_up)), 0), amount)
    clearing, wallet = _clearing(top_up.asset), AccountName.wallet(top_up.user_id, top_up.asset)
    targets = (_debt(top_up), owed), (wallet, amount - owed)
    movements = tuple(Movement(source=clearing, destination=target, amount=part) for target, part in targets)
    kind, reference = name
    return record_transfer(session, TransferWish(kind=kind, reference=reference, movements=movements))


def _lock_debt(session: Session, top_up: TopUp) -> None:
    """Let nobody else change what is owed: two payments at once would both pay it."""
    debt = _debt(top_up)
    is_debt = (Account.kind == debt.kind, Account.owner == debt.owner, Account.asset == debt.asset)
    session.execute(select(Account.id).where(*is_debt).with_for_update())


def _debt(top_up: TopUp) -> AccountName:
    return debt_account(top_up.user_id, top_up.asset)


def _clearing(asset: str) -> AccountName:
    return AccountName(kind=AccountKind.STRIPE_CLEARING, asset=asset)
