"""Accounts: one for each (kind, owner, asset), opened when first used."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from oauth_app.db import insert_into
from oauth_app.models import Account


class AccountKind(StrEnum):
    """What an account is for."""

    #: What OhMyGPT owes the operator for fees it took from users; negative, as it stands for the outside.
    UPSTREAM_CLEARING = "upstream_clearing"
    PARTNER_EARNINGS = "partner_earnings"
    PLATFORM_FEES = "platform_fees"

    @property
    def may_be_negative(self) -> bool:
        """Whether the account stands for the world outside."""
        return self is AccountKind.UPSTREAM_CLEARING


@dataclass(frozen=True, kw_only=True)
class AccountName:
    """How an account is found. ``owner`` is empty for the hub's own."""

    kind: AccountKind
    asset: str
    owner: str = ""


def open_account(session: Session, name: AccountName) -> int:
    """Return the id of the account, opened now if it was not there."""
    by_name = (Account.kind == name.kind, Account.owner == name.owner, Account.asset == name.asset)
    found = session.scalar(select(Account.id).where(*by_name))
    if found is not None:
        return found
    # Two first charges of one partner may both come here; the second must find the first one's account.
    session.execute(
        insert_into(session, Account)
        .values(
            kind=name.kind, owner=name.owner, asset=name.asset, balance=0, may_be_negative=name.kind.may_be_negative
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(select(Account.id).where(*by_name)).one()
