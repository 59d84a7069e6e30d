"""Users at Stripe: each is one customer there, made with the first order and used again."""

import time

from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import insert_into, reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import StripeCustomer, User
from oauth_app.payments import PaymentsUnavailableError, StripeGateway

_TRIES, _PAUSE_S = 5, 0.2


def find_or_make_customer(hub: Hub, gateway: StripeGateway, user_id: str) -> str:
    """Return the user's customer id at Stripe. Owns its transactions.

    Two first orders at once send the same idempotency key: Stripe makes one customer, and tells the second to wait.

    Raises:
        PaymentsError: Stripe made none.
    """
    for _ in range(_TRIES):
        with reading(hub.engine) as session:
            if known := find_customer(session, user_id, livemode=gateway.livemode):
                return known.customer_id
            email = session.get_one(User, user_id).email or ""
        try:
            return _keep(hub, gateway, user_id, gateway.make_customer(user_id, email))
        except PaymentsUnavailableError:
            time.sleep(_PAUSE_S)
    msg = "no customer was made"
    raise PaymentsUnavailableError(msg)


def find_customer(session: Session, user_id: str, *, livemode: bool) -> StripeCustomer | None:
    """Return the user's customer in this mode; None before the first order."""
    return session.get(StripeCustomer, (user_id, livemode))


def _keep(hub: Hub, gateway: StripeGateway, user_id: str, customer_id: str) -> str:
    values = {"user_id": user_id, "livemode": gateway.livemode, "customer_id": customer_id, "created_at": clock.now()}
    with transaction(hub.engine) as session:
        session.execute(insert_into(session, StripeCustomer).values(**values).on_conflict_do_nothing())
        # The one that was kept first is everybody's.
        return session.get_one(StripeCustomer, (user_id, gateway.livemode)).customer_id
