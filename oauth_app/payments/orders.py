"""Orders at Stripe in the hub's words: what is asked for, what was opened, and where it stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OrderKind(StrEnum):
    """How the user pays."""

    CHECKOUT = "checkout"
    INVOICE = "invoice"
    #: By a card on file, while the user is away.
    SAVED_CARD = "saved_card"


class OrderStatus(StrEnum):
    """Where an order stands at Stripe. Only ``PAID`` is money."""

    #: Its amount is still to be put on it, and nobody can pay it yet.
    DRAFT = "draft"
    OPEN = "open"
    #: A bank has been asked and answers in days.
    PROCESSING = "processing"
    PAID = "paid"
    #: The operator says that it was paid, and it was not by Stripe: no money of it came in there.
    PAID_ELSEWHERE = "paid_elsewhere"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class PaymentWish:
    """What a user is asked to pay; ``amount`` in the currency's smallest unit."""

    #: The hub's own order: it names the idempotency keys, and comes back as metadata.
    top_up_id: str
    customer_id: str
    amount: int
    #: As ISO 4217 has it, in capitals, such as ``USD``.
    asset: str
    description: str
    #: Where the payment page leads to; not used for invoices and saved cards.
    success_url: str = ""
    cancel_url: str = ""
    #: Keep the card for automatic top-ups, which the user has agreed to.
    keep_card: bool = False


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An order that can be paid at ``url``."""

    order_id: str
    url: str
    #: When it can be paid no more, or should have been.
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OrderState:
    """An order as Stripe has it now."""

    kind: OrderKind
    order_id: str
    status: OrderStatus
    amount: int
    #: In capitals.
    asset: str
    livemode: bool
    #: The hub's own order, from the metadata; None if the hub did not make it.
    top_up_id: str | None
    payment_intent_id: str | None
    #: The card that may be charged again, if the user let it be kept.
    payment_method_id: str | None = None
    #: Where it can be paid, while it can.
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class PaymentFacts:
    """What became of money that came in; all amounts in the smallest unit."""

    payment_intent_id: str
    received: int
    #: Given back so far, and not failed.
    refunded: int
    #: Taken by a dispute that is open or lost; nothing if it was won.
    disputed: int
    #: Whether a dispute is still open.
    dispute_is_open: bool
    top_up_id: str | None
