"""Accounts: one for each (kind, owner, asset), opened when first used, never closed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from oauth_app.db import insert_into
from oauth_app.ledger.errors import UnknownAssetError
from oauth_app.models import Account, AssetRow, BalanceIncrement


class AccountKind(StrEnum):
    """What an account is for, and who owns it."""

    #: The outside: OhMyGPT, which takes charges in its own units and owes them to the operator. Owner: none.
    UPSTREAM_CLEARING = "upstream_clearing"
    #: The outside: Stripe, which brings top-ups and takes refunds and disputes. Owner: none.
    STRIPE_CLEARING = "stripe_clearing"
    #: What the user can spend.
    USER_WALLET = "user_wallet"
    #: What holds have reserved of the user's money.
    USER_HELD = "user_held"
    #: What a dispute has frozen of the user's money.
    USER_FROZEN = "user_frozen"
    #: What the operator owes the partner.
    PARTNER_EARNINGS = "partner_earnings"
    #: What the operator has earned. Owner: none.
    PLATFORM_FEES = "platform_fees"
    #: What the operator had to pay for others, such as a lost dispute; negative. Owner: none.
    OPERATOR_LOSS = "operator_loss"

    @property
    def may_be_negative(self) -> bool:
        """Whether the account stands for the world outside, or for a loss."""
        return self in _MAY_BE_NEGATIVE

    @property
    def is_hot(self) -> bool:
        """Whether every charge of a partner, or of all partners, meets here."""
        return self in _HOT


_MAY_BE_NEGATIVE = frozenset({AccountKind.UPSTREAM_CLEARING, AccountKind.STRIPE_CLEARING, AccountKind.OPERATOR_LOSS})
_HOT = frozenset(
    {
        AccountKind.UPSTREAM_CLEARING,
        AccountKind.STRIPE_CLEARING,
        AccountKind.PARTNER_EARNINGS,
        AccountKind.PLATFORM_FEES,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountName:
    """How an account is found. ``owner`` is a user's or partner's id, and empty for the hub's own."""

    kind: AccountKind
    asset: str
    owner: str = ""

    def __str__(self) -> str:
        return ":".join(part for part in (self.kind, self.owner, self.asset) if part)

    @classmethod
    def wallet(cls, user_id: str, asset: str) -> Self:
        """Return the name of what the user can spend."""
        return cls(kind=AccountKind.USER_WALLET, owner=user_id, asset=asset)

    @classmethod
    def held(cls, user_id: str, asset: str) -> Self:
        """Return the name of what is reserved of the user's money."""
        return cls(kind=AccountKind.USER_HELD, owner=user_id, asset=asset)

    @classmethod
    def earnings(cls, partner_id: str, asset: str) -> Self:
        """Return the name of what the partner has earned."""
        return cls(kind=AccountKind.PARTNER_EARNINGS, owner=partner_id, asset=asset)


def get_balance(session: Session, name: AccountName) -> int:
    """Return the balance: what is rolled up and what still waits. An account never used has nothing."""
    waiting = (
        select(func.coalesce(func.sum(BalanceIncrement.amount), 0))
        .where(BalanceIncrement.account_id == Account.id)
        .scalar_subquery()
    )
    return int(session.scalar(select(Account.balance + waiting).where(*_is(name))) or 0)


def get_wallets(session: Session, user_id: str) -> Sequence[tuple[str, int, int]]:
    """Return (asset, available, held) of every asset in which the user has, or had, money here; by asset."""
    kinds = (AccountKind.USER_WALLET, AccountKind.USER_HELD)
    rows = session.execute(
        select(Account.asset, Account.kind, Account.balance).where(Account.owner == user_id, Account.kind.in_(kinds))
    )
    balances = {(asset, kind): balance for asset, kind, balance in rows}
    assets = sorted({asset for asset, _ in balances})
    return [(asset, *(balances.get((asset, kind), 0) for kind in kinds)) for asset in assets]  # type: ignore[misc]


def find_account(session: Session, name: AccountName) -> int | None:
    """Return the id of the account; None if nothing ever used it."""
    return session.scalar(select(Account.id).where(*_is(name)))


def open_accounts(session: Session, names: Iterable[AccountName]) -> None:
    """Make sure that the accounts are there.

    Raises:
        UnknownAssetError: nothing is counted in the asset of one of them.
    """
    # In one order, so that two first charges that open the same accounts cannot wait for each other.
    wanted = sorted(set(names), key=str)
    known = set(session.scalars(select(AssetRow.code)))
    for name in wanted:
        if name.asset not in known:
            raise UnknownAssetError(name.asset)
    session.execute(insert_into(session, Account).on_conflict_do_nothing(), [_row(name) for name in wanted])


def _row(name: AccountName) -> dict[str, object]:
    return {
        "kind": name.kind,
        "owner": name.owner,
        "asset": name.asset,
        "balance": 0,
        "may_be_negative": name.kind.may_be_negative,
        "is_hot": name.kind.is_hot,
    }


def _is(name: AccountName) -> tuple[ColumnElement[bool], ...]:
    return Account.kind == name.kind, Account.owner == name.owner, Account.asset == name.asset
