"""Charges and top-ups: each row is written before anything is asked of anybody."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Amount, Asset, Base, ConsentId, Digest, Id, PartnerId, UserId


class Charge(Base):
    """Money a partner takes from a user; at most once for each (partner, idempotency key)."""

    __tablename__ = "charge"
    __table_args__ = (
        UniqueConstraint("partner_id", "idempotency_key"),
        CheckConstraint("amount > 0", "amount_is_positive"),
        CheckConstraint("fee >= 0 AND fee <= amount", "fee_is_part_of_amount"),
        CheckConstraint("status IN ('pending', 'succeeded', 'declined', 'failed', 'unknown')", "status_is_known"),
        Index("ix__charge__status__created_at", "status", "created_at"),
    )

    id: Mapped[Id]
    partner_id: Mapped[PartnerId]
    user_id: Mapped[UserId]
    consent_id: Mapped[ConsentId]
    idempotency_key: Mapped[str] = mapped_column(String(255))
    request_digest: Mapped[Digest]
    amount: Mapped[Amount]
    asset: Mapped[Asset]
    #: The operator's part of ``amount``, fixed when the charge is made.
    fee: Mapped[Amount]
    description: Mapped[str] = mapped_column(String(500))
    #: The partner's own notes, given back unchanged (``metadata`` on the wire).
    details: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(16))
    failure_code: Mapped[str | None] = mapped_column(String(64))
    upstream_order_id: Mapped[str | None] = mapped_column(String(128))
    #: What OhMyGPT said the user had before: the evidence by which an ``unknown`` charge is settled.
    balance_before: Mapped[Amount | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class TopUp(Base):
    """An order that lets a user add money at OhMyGPT; paid when the balance shows it."""

    __tablename__ = "top_up"
    __table_args__ = (
        UniqueConstraint("partner_id", "idempotency_key"),
        CheckConstraint("amount > 0", "amount_is_positive"),
        CheckConstraint("status IN ('creating', 'open', 'paid', 'expired', 'failed')", "status_is_known"),
        Index("ix__top_up__status__created_at", "status", "created_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[UserId]
    #: None when the user opened the order on the account page.
    partner_id: Mapped[str | None] = mapped_column(ForeignKey("partner.id"), index=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    request_digest: Mapped[Digest | None]
    provider: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    amount: Mapped[Amount]
    asset: Mapped[Asset]
    status: Mapped[str] = mapped_column(String(16))
    failure_code: Mapped[str | None] = mapped_column(String(64))
    upstream_order_id: Mapped[str | None] = mapped_column(String(128))
    url: Mapped[str | None] = mapped_column(String(4096))
    #: Where the user goes on to when done.
    return_url: Mapped[str | None] = mapped_column(String(2048))
    #: The least paid balance seen since the order was opened; a rise above it by ``amount`` is the payment.
    low_water_balance: Mapped[Amount | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
