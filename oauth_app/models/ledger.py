"""The books: accounts, transfers and postings.

A posting names its source and its destination, so a transfer cannot be out of balance. Triggers (in
the migrations) move the balances when a posting is written, and refuse to change or delete one.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Amount, Asset, Base, Id, RowNumber


class Account(Base):
    """An account of one owner in one asset."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("kind", "owner", "asset"),
        UniqueConstraint("id", "asset"),
        CheckConstraint("balance >= 0 OR may_be_negative", "not_overdrawn"),
    )

    id: Mapped[RowNumber]
    kind: Mapped[str] = mapped_column(String(24))
    #: A partner's or user's id; empty for the hub's own accounts.
    owner: Mapped[str] = mapped_column(String(40))
    asset: Mapped[Asset]
    balance: Mapped[Amount] = mapped_column(default=0)
    #: True for clearing accounts, which stand for the world outside.
    may_be_negative: Mapped[bool]


class Transfer(Base):
    """One event of money, such as a charge; its postings move together."""

    __tablename__ = "transfer"
    __table_args__ = (UniqueConstraint("kind", "reference"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(24))
    #: What it is about, such as a charge's id: one transfer of a kind for each.
    reference: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class Posting(Base):
    """One movement from an account to another of the same asset. Never changed, never deleted."""

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("amount > 0", "amount_is_positive"),
        CheckConstraint("source_id <> destination_id", "moves_between_two"),
        ForeignKeyConstraint(["source_id", "asset"], ["account.id", "account.asset"]),
        ForeignKeyConstraint(["destination_id", "asset"], ["account.id", "account.asset"]),
    )

    id: Mapped[RowNumber]
    transfer_id: Mapped[str] = mapped_column(ForeignKey("transfer.id"), index=True)
    source_id: Mapped[int] = mapped_column(BigInteger, index=True)
    destination_id: Mapped[int] = mapped_column(BigInteger, index=True)
    asset: Mapped[Asset]
    amount: Mapped[Amount]
