"""Add the appended increments of hot accounts to their balances. On SQLite nothing is ever appended."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from oauth_app.models import Account, BalanceIncrement


def find_waiting_accounts(session: Session) -> Sequence[int]:
    """Return the ids of the accounts that have increments to roll up."""
    waits = select(BalanceIncrement.account_id).where(BalanceIncrement.account_id == Account.id).exists()
    return session.scalars(select(Account.id).where(Account.is_hot, waits).order_by(Account.id)).all()


def roll_up(session: Session, account_id: int) -> int:
    """Add what was appended for the account to its balance; return how many increments that were.

    Deleting an increment is what adds it (a trigger), so nothing is lost or counted twice, whoever deletes. The
    account is locked first: two that roll up the same one come one after the other. Charges do not wait for this.
    """
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
    gone = session.execute(delete(BalanceIncrement).where(BalanceIncrement.account_id == account_id))
    return gone.rowcount  # type: ignore[attr-defined,no-any-return]
