"""What the hub keeps of the operator's own Stripe account: customers, events, and standing orders to top up."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from oauth_app.models.base import Amount, Asset, Base, UserId


class StripeCustomer(Base):
    """A user at Stripe, made once and used again. ``livemode`` keeps test and real money apart."""

    __tablename__ = "stripe_customer"

    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"), primary_key=True)
    livemode: Mapped[bool] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(String(255), unique=True)
    #: The card that the user let be kept last; automatic top-ups may be agreed on it.
    payment_method_id: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]


class StripeEvent(Base):
    """An event whose signature was good, written in the transaction of its effect: twice is once."""

    __tablename__ = "stripe_event"
    __table_args__ = (Index("ix__stripe_event__needs_look__received_at", "needs_look", "received_at"),)

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    type: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str] = mapped_column(String(255), index=True)
    #: What it did, in a word, such as ``credited``, ``ignored``, ``unknown_session``.
    outcome: Mapped[str] = mapped_column(String(32))
    #: Money may be at stake and nothing could be booked: the operator must look.
    needs_look: Mapped[bool]
    #: By whom and why the alarm was put away.
    closed_by: Mapped[str | None] = mapped_column(String(320))
    closed_reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]


class AutoTopUp(Base):
    """A user's standing order: when the wallet falls below the threshold, add this much, up to a monthly ceiling."""

    __tablename__ = "auto_top_up"
    __table_args__ = (
        CheckConstraint("threshold >= 0 AND amount > 0 AND monthly_ceiling >= amount", "amounts_make_sense"),
    )

    user_id: Mapped[UserId] = mapped_column(primary_key=True)
    asset: Mapped[Asset] = mapped_column(primary_key=True)
    threshold: Mapped[Amount]
    amount: Mapped[Amount]
    monthly_ceiling: Mapped[Amount]
    #: The card on file; its customer is the user's.
    payment_method_id: Mapped[str] = mapped_column(String(255))
    #: The one top-up under way; nothing else starts until it is over (single flight).
    top_up_id: Mapped[str | None] = mapped_column(ForeignKey("top_up.id"))
    #: Why it was switched off, such as a declined card; None while it is on.
    stopped_reason: Mapped[str | None] = mapped_column(String(64))
    agreed_at: Mapped[datetime]
