"""What nobody told of, and what a refusal of Stripe's does not say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.payments import StripeGateway, VerifiedEvent
from oauth_app.services.stripe_polling import poll_stripe_orders, sweep_stripe
from oauth_app.worker.stripe_sweep import StripeSweep
from tests.fixtures.hub import Person
from tests.services.stripe_orders import Stripe, alarms, check_books, opened, row_of, wallet
from tests.services.test_reconciliation import look

_LATER = timedelta(minutes=2)


@pytest.mark.parametrize(("outcome", "status", "left"), [("won", "paid", 12_00), ("lost", "refunded", 0)])
def test_a_decision_that_nobody_told_of_is_found(
    hub: Hub, alice: Person, stripe: Stripe, outcome: str, status: str, left: int
) -> None:
    """The poller goes on to ask for an order that is disputed: the wallet is frozen until somebody hears the end."""
    top_up = opened(hub, alice.user_id)
    stripe.press(top_up, "pay")
    poll_stripe_orders(hub)
    dispute = stripe.dispute(stripe.intent_of(top_up))
    StripeSweep()(hub)
    assert (row_of(hub, top_up.id).status, wallet(hub, alice.user_id)) == ("disputed", 0)

    stripe.decide(dispute, outcome)
    with clock.moved(_LATER):
        poll_stripe_orders(hub)
    assert (row_of(hub, top_up.id).status, wallet(hub, alice.user_id)) == (status, left)
    check_books(hub)


def test_a_key_that_stripe_refuses_says_nothing_of_orders(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """Only "there is none" means that Stripe knows no such order; any other no is not about the order."""
    top_up = opened(hub, alice.user_id)
    stripe.press(top_up, "pay")
    poll_stripe_orders(hub)
    stripe.sandbox.fail(f"/stripe/v1/checkout/sessions/{top_up.stripe_order_id}", "status", code=403)

    assert look(hub) == set()


def test_the_sweep_finds_paid_sessions_without_a_row(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """Even if no event is in Stripe's list: the session's mark is enough for an alarm, and one is enough."""
    top_up = opened(hub, alice.user_id)
    stripe.press(top_up, "pay")
    with transaction(hub.engine) as session:
        session.execute(delete(TopUp))

    class Forgetful(StripeGateway):
        """Has no events any more, as Stripe after thirty days."""

        def events_since(self, since: datetime) -> Iterator[VerifiedEvent]:
            assert since
            return iter(())

    settings = hub.settings
    forgetful = Forgetful(settings.stripe_api_key.get_secret_value(), api_base=settings.stripe_api_base)
    for _ in range(2):
        sweep_stripe(replace(hub, payments=forgetful), clock.now() - timedelta(days=1))
    forgetful.close()
    assert alarms(hub) == [("unknown_order", top_up.stripe_order_id)]
