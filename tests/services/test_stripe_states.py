"""States at Stripe that look like money, or like money gone, and are neither."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.payments import OrderStatus, StripeGateway
from oauth_app.services.stripe_booking import Outcome, apply_order_state
from oauth_app.services.stripe_events import is_about_orders, take_event
from oauth_app.services.stripe_polling import poll_stripe_orders
from oauth_app.services.top_up_wishes import TopUpKind
from tests.fixtures.hub import Person
from tests.payments.conftest import DUMMY_KEY
from tests.services.reconciling import DAY, book, change, look, only_difference
from tests.services.stripe_orders import (
    Stripe,
    alarms,
    check_books,
    cleared,
    events_of,
    opened,
    row_of,
    state_of,
    wallet,
)


@pytest.fixture
def refund_under_way(hub: Hub, alice: Person, stripe: Stripe) -> tuple[TopUp, str]:
    """Alice paid 12.00 USD by a bank, and the operator gives 5.00 back; return the order and the refund's id."""
    top_up = opened(hub, alice.user_id)
    stripe.press(top_up, "later", "arrive")
    book(hub, top_up)
    refund = stripe.refund(stripe.intent_of(top_up), 5_00)
    assert refund["status"] == "pending"
    book(hub, row_of(hub, top_up.id))
    return row_of(hub, top_up.id), str(refund["id"])


def test_a_refund_under_way_is_taken_at_once(hub: Hub, alice: Person, refund_under_way: tuple[TopUp, str]) -> None:
    """What is on its way back must not be spent here meanwhile."""
    top_up, _ = refund_under_way
    assert (wallet(hub, alice.user_id), top_up.reversed) == (7_00, 5_00)
    assert look(hub, DAY) == set()


def test_a_refund_that_failed_is_not_gone(
    hub: Hub, alice: Person, stripe: Stripe, refund_under_way: tuple[TopUp, str]
) -> None:
    """The bank does not take it, Stripe has the money again: the wallet is whole, and both sides agree."""
    top_up, refund = refund_under_way
    stripe.control(f"refunds/{refund}", {"outcome": "failed"})
    for event in events_of(stripe):
        if is_about_orders(event):
            take_event(hub, event)

    assert (wallet(hub, alice.user_id), cleared(hub)) == (12_00, 12_00)
    assert (row_of(hub, top_up.id).status, row_of(hub, top_up.id).reversed) == ("paid", 0)
    assert (look(hub, DAY), alarms(hub)) == (set(), [])
    check_books(hub)


def test_an_invoice_that_was_paid_elsewhere_credits_nothing(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """The operator's word in Stripe's dashboard is no money by Stripe: one alarm, however often anybody looks."""
    invoice = opened(hub, alice.user_id, kind=TopUpKind.INVOICE)
    told = stripe.call("POST", f"invoices/{invoice.stripe_order_id}/pay", {"paid_out_of_band": "true"})
    assert (told["status"], told["amount_paid"]) == ("paid", 12_00)  # as Stripe says it

    for minutes in (0, 1):
        with clock.moved(timedelta(minutes=minutes)):
            assert poll_stripe_orders(hub) == 1
    assert (row_of(hub, invoice.id).status, wallet(hub, alice.user_id), cleared(hub)) == ("processing", 0, 0)
    assert alarms(hub) == [("paid_elsewhere", invoice.stripe_order_id)]
    assert look(hub, DAY) == set()  # and it is not money that somebody forgot to credit


def test_an_event_of_an_invoice_that_was_paid_elsewhere_is_an_alarm(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """Told by an event it is the same; and what an operator has put away does not come back by looking."""
    invoice = opened(hub, alice.user_id, kind=TopUpKind.INVOICE)
    stripe.call("POST", f"invoices/{invoice.stripe_order_id}/pay", {"paid_out_of_band": "true"})
    paid = next(event for event in events_of(stripe) if event.type == "invoice.paid")

    assert take_event(hub, paid) is Outcome.PAID_ELSEWHERE
    assert (alarms(hub), wallet(hub, alice.user_id)) == ([("paid_elsewhere", invoice.stripe_order_id)], 0)


def test_paid_elsewhere_takes_nothing_from_what_was_credited(hub: Hub, alice: Person) -> None:
    """Whatever the dashboard says later, money that came by Stripe stays booked, and there is nothing to look at."""
    order = opened(hub, alice.user_id)
    with transaction(hub.engine) as session:
        apply_order_state(session, state_of(order), livemode=False)
        again = apply_order_state(session, state_of(order, status=OrderStatus.PAID_ELSEWHERE), livemode=False)

    assert (again, row_of(hub, order.id).status, wallet(hub, alice.user_id)) == (Outcome.UNCHANGED, "paid", 12_00)


@pytest.fixture
def live(hub: Hub) -> Iterator[Hub]:
    """Give the hub a key of real money; what there is at the double is all of the other mode."""
    gateway = StripeGateway(DUMMY_KEY, api_base=hub.settings.stripe_api_base)
    gateway.livemode = True
    yield replace(hub, payments=gateway)
    gateway.close()


@pytest.mark.parametrize("has_row", [True, False])
def test_play_money_is_not_missed(hub: Hub, live: Hub, paid: TopUp, *, has_row: bool) -> None:
    """With a key of real money nothing of test mode counts as paid: neither what is listed nor what is asked for."""
    if not has_row:
        change(hub, delete(TopUp).where(TopUp.id == paid.id))
    assert look(live, DAY) == set()
    assert look(hub, DAY) == {("stripe", "paid_not_credited")}


def test_play_money_that_counts_as_real_is_found(live: Hub, credited: TopUp) -> None:
    """A wallet that test mode has filled is a difference once real money moves."""
    assert look(live, DAY) == {("stripe", "credited_not_paid")}
    assert only_difference(live).subject == credited.id
