"""Charges, refunds and top-ups: each row is written before anything is asked of anybody."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Amount, Asset, Base, ConsentId, Digest, Id, PartnerId, UserId


class Charge(Base):
    """Money a partner takes from a user; at most once for each (partner, idempotency key)."""

    __tablename__ = "charge"
    __table_args__ = (
        UniqueConstraint("partner_id", "idempotency_key"),
        CheckConstraint("amount > 0", "amount_is_positive"),
        CheckConstraint("fee >= 0 AND fee <= amount", "fee_is_part_of_amount"),
        CheckConstraint(
            "status IN ('approval_required', 'pending', 'succeeded', 'declined', 'failed', 'unknown')",
            "status_is_known",
        ),
        CheckConstraint("funding IN ('upstream', 'wallet')", "funding_is_known"),
        CheckConstraint("refunded >= 0 AND refunded <= amount", "refunds_fit"),
        Index("ix__charge__status__id", "status", "id"),
        Index("ix__charge__partner_id__id", "partner_id", "id"),
    )

    id: Mapped[Id]
    partner_id: Mapped[str] = mapped_column(ForeignKey("partner.id"))
    user_id: Mapped[UserId]
    consent_id: Mapped[ConsentId]
    idempotency_key: Mapped[str] = mapped_column(String(255))
    request_digest: Mapped[Digest]
    amount: Mapped[Amount]
    asset: Mapped[Asset]
    #: The operator's part of ``amount``, fixed when the charge is made.
    fee: Mapped[Amount]
    #: The version of the partner's fee that ``fee`` was counted by.
    fee_version_id: Mapped[str | None] = mapped_column(ForeignKey("fee_version.id"))
    #: The hold that it captures; a hold is captured once.
    hold_id: Mapped[str | None] = mapped_column(ForeignKey("hold.id"), unique=True)
    #: Where the money comes from: the user's balance at OhMyGPT, or their wallet here.
    funding: Mapped[str] = mapped_column(String(8))
    #: What refunds have given back of ``amount``.
    refunded: Mapped[Amount] = mapped_column(default=0)
    description: Mapped[str] = mapped_column(String(500))
    #: The partner's own notes, given back unchanged (``metadata`` on the wire).
    details: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(24))
    failure_code: Mapped[str | None] = mapped_column(String(64))
    upstream_order_id: Mapped[str | None] = mapped_column(String(128))
    #: What OhMyGPT said the user had before: the evidence by which an ``unknown`` charge is settled.
    balance_before: Mapped[Amount | None]
    #: And what at the first look after the answer got lost, and when that was.
    balance_first_seen: Mapped[Amount | None]
    balance_first_seen_at: Mapped[datetime | None]
    #: Until when the user may approve a charge above their step-up limit, and when they did.
    approval_ends_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    #: Which operator settled an ``unknown`` charge, and what they had found out.
    resolved_by: Mapped[str | None] = mapped_column(String(320))
    resolved_reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class HoldRequest(Base):
    """What a partner asked to be held, beside the ledger's own row of it; once for each (partner, idempotency key)."""

    __tablename__ = "hold_request"
    __table_args__ = (
        UniqueConstraint("partner_id", "idempotency_key"),
        UniqueConstraint("partner_id", "void_key"),
    )

    hold_id: Mapped[str] = mapped_column(ForeignKey("hold.id"), primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partner.id"))
    consent_id: Mapped[ConsentId]
    idempotency_key: Mapped[str] = mapped_column(String(255))
    request_digest: Mapped[Digest]
    #: The key of the request that voided it.
    void_key: Mapped[str | None] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(String(500))
    #: The partner's own notes, given back unchanged (``metadata`` on the wire).
    details: Mapped[dict[str, Any]]


class Refund(Base):
    """Money of a charge given back, in whole or in part; at most once for each (partner, idempotency key)."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("partner_id", "idempotency_key"),
        CheckConstraint("amount > 0", "amount_is_positive"),
        CheckConstraint("fee >= 0 AND fee <= amount", "fee_is_part_of_amount"),
    )

    id: Mapped[Id]
    charge_id: Mapped[str] = mapped_column(ForeignKey("charge.id"), index=True)
    partner_id: Mapped[PartnerId]
    user_id: Mapped[UserId]
    idempotency_key: Mapped[str] = mapped_column(String(255))
    request_digest: Mapped[Digest]
    amount: Mapped[Amount]
    asset: Mapped[Asset]
    #: The part that the operator gives back; the rest is the partner's.
    fee: Mapped[Amount]
    reason: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime]


class TopUp(Base):
    """An order that lets a user add money.

    At OhMyGPT it is paid when the balance there shows it; by Stripe, when Stripe says so, and then it is in
    the user's wallet here.
    """

    __tablename__ = "top_up"
    __table_args__ = (
        UniqueConstraint("partner_id", "idempotency_key"),
        CheckConstraint("amount > 0", "amount_is_positive"),
        CheckConstraint(
            "status IN ('creating', 'open', 'processing', 'paid', 'refunded', 'disputed', 'expired', 'failed')",
            "status_is_known",
        ),
        CheckConstraint("reversed >= 0 AND reversed <= amount", "reversals_fit"),
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
    #: Something may have hidden the payment of an order at OhMyGPT from those who watch the balance.
    may_be_paid: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: The order at Stripe: a Checkout Session, an invoice, or the payment by a saved card itself.
    stripe_order_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    #: The user lets the card be kept for automatic top-ups.
    keep_card: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: What refunds and disputes have taken back of ``amount``.
    reversed: Mapped[Amount] = mapped_column(default=0)
    #: When Stripe was last asked how the order stands, of which the poller asks for the oldest first; or when the
    #: balance at OhMyGPT was last seen.
    looked_at: Mapped[datetime | None]
    #: How many of Stripe's answers were booked: whoever asked before the last of them has an old answer.
    looks: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
