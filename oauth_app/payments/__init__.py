"""The operator's own Stripe account: orders, their true state, and events whose signature was checked.

The only part that imports stripe. It speaks the hub's nouns, has the hub's errors, and knows no database.
Every call that makes something carries an idempotency key made of the hub's own row, so that a repeat after
a crash finds what the first one made (https://docs.stripe.com/api/idempotent_requests).
"""

from oauth_app.payments.errors import (
    InvalidEventError,
    PaymentDeclinedError,
    PaymentsError,
    PaymentsRefusedError,
    PaymentsUnavailableError,
)
from oauth_app.payments.event import VerifiedEvent, read_event
from oauth_app.payments.gateway import StripeGateway
from oauth_app.payments.orders import Opened, OrderKind, OrderState, OrderStatus, PaymentFacts, PaymentWish

__all__ = [
    "InvalidEventError",
    "Opened",
    "OrderKind",
    "OrderState",
    "OrderStatus",
    "PaymentDeclinedError",
    "PaymentFacts",
    "PaymentWish",
    "PaymentsError",
    "PaymentsRefusedError",
    "PaymentsUnavailableError",
    "StripeGateway",
    "VerifiedEvent",
    "read_event",
]
