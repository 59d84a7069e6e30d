"""The books: assets, accounts, transfers and postings, and what is reserved by holds.

A posting names its source and its destination, so a transfer cannot be out of balance. Triggers (in
the migrations) move the balances when a posting is written, and refuse to change or delete one.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Amount, Asset, Base, Id, PartnerId, RowNumber, UserId


class AssetRow(Base):
    """Something amounts are counted in. A new one is a new row."""

    __tablename__ = "asset"
    __table_args__ = (CheckConstraint("scale >= 0 AND scale <= 18", "scale_is_sane"),)

    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    #: How many decimals a person sees: 2 means that 100 smallest units are written 1.00.
    scale: Mapped[int]
    name: Mapped[str] = mapped_column(String(64))


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
    asset: Mapped[str] = mapped_column(ForeignKey("asset.code"))
    #: Without what still waits in ``balance_increment``.
    balance: Mapped[Amount] = mapped_column(default=0)
    #: True for clearing accounts, which stand for the world outside.
    may_be_negative: Mapped[bool]
    #: True where many writers meet: on PostgreSQL its increments are appended, and rolled up later.
    is_hot: Mapped[bool] = mapped_column(server_default=text("FALSE"))


class Transfer(Base):
    """One event of money, such as a charge; its postings move together."""

    __tablename__ = "transfer"
    __table_args__ = (UniqueConstraint("kind", "reference"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(24))
    #: What it is about, such as a charge's id: one transfer of a kind for each.
    reference: Mapped[str] = mapped_column(String(64))
    #: The transfer that this one takes back, whole or in part.
    reverses_id: Mapped[str | None] = mapped_column(ForeignKey("transfer.id"))
    created_at: Mapped[datetime]


class Posting(Base):
    """One movement from an account to another of the same asset. Never changed, never deleted."""

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("amount > 0", "amount_is_positive"),
        CheckConstraint("source_id <> destination_id", "moves_between_two"),
    )

    id: Mapped[RowNumber]
    #: That the transfer is there, and both accounts in this asset, the trigger checks: foreign keys to them would
    #: have every charge lock the rows of the hot accounts.
    transfer_id: Mapped[str] = mapped_column(String(40), index=True)
    source_id: Mapped[int] = mapped_column(BigInteger, index=True)
    destination_id: Mapped[int] = mapped_column(BigInteger, index=True)
    asset: Mapped[Asset]
    amount: Mapped[Amount]


class BalanceIncrement(Base):
    """What a posting changed on a hot account, until it is rolled up: deleting a row adds it to the balance."""

    __tablename__ = "balance_increment"

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    posting_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    amount: Mapped[Amount]


class Reversal(Base):
    """How much of a transfer has been taken back; the database counts, and refuses more than there was."""

    __tablename__ = "reversal"
    __table_args__ = (CheckConstraint("reversed_amount <= amount", "not_more_than_there_was"),)

    transfer_id: Mapped[str] = mapped_column(ForeignKey("transfer.id"), primary_key=True)
    asset: Mapped[str] = mapped_column(String(8), primary_key=True)
    amount: Mapped[Amount]
    reversed_amount: Mapped[Amount]


class Hold(Base):
    """Money of a user's wallet reserved for a partner, until it is captured, voided or expires."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("amount > 0", "amount_is_positive"),
        CheckConstraint("captured_amount >= 0 AND captured_amount <= amount", "captured_is_part_of_amount"),
        CheckConstraint("fee >= 0 AND fee <= captured_amount", "fee_is_part_of_captured"),
        CheckConstraint("status IN ('pending', 'captured', 'voided', 'expired')", "status_is_known"),
        CheckConstraint("(status = 'captured') = (captured_amount > 0)", "captured_has_an_amount"),
        Index("ix__hold__status__expires_at", "status", "expires_at"),
    )

    id: Mapped[Id]
    partner_id: Mapped[PartnerId]
    user_id: Mapped[UserId]
    amount: Mapped[Amount]
    asset: Mapped[Asset]
    status: Mapped[str] = mapped_column(String(16))
    captured_amount: Mapped[Amount] = mapped_column(default=0)
    #: The operator's part of ``captured_amount``.
    fee: Mapped[Amount] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
