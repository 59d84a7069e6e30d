"""Open orders at Stripe: our row is there before, and names the idempotency keys.

So opening may be tried again whenever nobody knows how it ended: Stripe answers what it answered first. Its
keys live a day; after that an opening that never ended is given up. Should it be paid all the same, its event
or the sweep finds the row by the mark on the order, and credits it.
"""

from datetime import timedelta

from sqlalchemy import select

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import AutoTopUp, TopUp
from oauth_app.payments import (
    Opened,
    PaymentsRefusedError,
    PaymentsUnavailableError,
    PaymentWish,
    StripeGateway,
)
from oauth_app.services.events import EventType
from oauth_app.services.stripe_booking import apply_order_state, mark_failed
from oauth_app.services.stripe_customers import find_or_make_customer
from oauth_app.services.stripe_looking import gateway_of
from oauth_app.services.top_up_news import tell_of_top_up
from oauth_app.services.top_up_states import TopUpStatus
from oauth_app.services.top_up_wishes import SAVED_CARD, TopUpKind

#: How long nobody tries again: more than the calls of one opening may take.
LEASE = timedelta(seconds=90)
#: Stripe forgets keys after a day (https://docs.stripe.com/api/idempotent_requests).
KEYS_LIVE = timedelta(hours=23)

_DESCRIPTION = "Wallet top-up"


def open_at_stripe(hub: Hub, top_up_id: str) -> TopUp:
    """Open the order of a row that is being created, and return the row as it is then. Owns its transactions.

    No answer leaves the row as it was: whether there is an order is not known, and asking again finds out.

    Raises:
        ProviderNotEnabledError: the hub has no key of Stripe's.
    """
    gateway = gateway_of(hub)
    with reading(hub.engine) as session:
        top_up = session.get_one(TopUp, top_up_id)
    try:
        customer_id = find_or_make_customer(hub, gateway, top_up.user_id)
        _open(hub, gateway, top_up, _wish(hub, top_up, customer_id))
    except PaymentsRefusedError as error:
        _fail(hub, top_up_id, error)
    except PaymentsUnavailableError:
        pass
    with reading(hub.engine) as session:
        return session.get_one(TopUp, top_up_id)


def _open(hub: Hub, gateway: StripeGateway, top_up: TopUp, wish: PaymentWish) -> None:
    if top_up.kind == SAVED_CARD:
        _charge_card(hub, gateway, wish)
    elif top_up.kind == TopUpKind.INVOICE:
        _note_opened(hub, top_up, gateway.open_invoice(wish))
    else:
        _note_opened(hub, top_up, gateway.open_checkout(wish))


def _charge_card(hub: Hub, gateway: StripeGateway, wish: PaymentWish) -> None:
    with reading(hub.engine) as session:
        card = session.scalar(select(AutoTopUp.payment_method_id).where(AutoTopUp.top_up_id == wish.top_up_id))
    if card is None:  # its outcome was booked meanwhile
        return
    state = gateway.charge_saved_card(wish, card)
    with transaction(hub.engine) as session:
        apply_order_state(session, state, livemode=gateway.livemode)


def _wish(hub: Hub, top_up: TopUp, customer_id: str) -> PaymentWish:
    """Return the same wish for the same row, always: another one of the same key would be refused."""
    page = f"{hub.settings.hub_issuer}/account/top-ups/{top_up.id}"
    return PaymentWish(
        top_up_id=top_up.id,
        customer_id=customer_id,
        amount=top_up.amount,
        asset=top_up.asset,
        description=_DESCRIPTION,
        success_url=page,
        cancel_url=f"{page}?cancelled=1",
        keep_card=top_up.keep_card,
    )


def _note_opened(hub: Hub, top_up: TopUp, opened: Opened) -> None:
    with transaction(hub.engine) as session:
        row = session.get_one(TopUp, top_up.id, with_for_update=True)
        # An event may have told of the order before Stripe's answer came; then its news are newer.
        row.stripe_order_id, row.url = opened.order_id, opened.url
        if row.status == TopUpStatus.CREATING:
            row.status = TopUpStatus.OPEN
            session.flush()
            tell_of_top_up(session, row, EventType.TOP_UP_OPENED)


def _fail(hub: Hub, top_up_id: str, error: PaymentsRefusedError) -> None:
    with transaction(hub.engine) as session:
        mark_failed(session, top_up_id, error.code)
