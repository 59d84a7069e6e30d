"""A lost webhook, a lost answer, a death at any step: what was paid is credited, once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import Engine, delete, event, select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import StripeCustomer, TopUp
from oauth_app.payments import PaymentsUnavailableError, StripeGateway
from oauth_app.services.stripe_booking import Outcome
from oauth_app.services.stripe_events import is_about_orders, take_event
from oauth_app.services.stripe_looking import book_order, name_of
from oauth_app.services.stripe_polling import poll_stripe_orders, sweep_stripe
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_errors import ProviderNotEnabledError, TopUpFailedError, TopUpUnclearError
from oauth_app.services.top_up_watching import close_old_top_ups
from oauth_app.services.top_up_wishes import TopUpKind, TopUpWish
from oauth_app.worker.stripe_sweep import StripeSweep
from tests.fixtures.hub import Person, Sandbox, make_person
from tests.services.stripe_orders import (
    Stripe,
    alarms,
    check_books,
    cleared,
    events_of,
    opened,
    owed,
    row_of,
    wallet,
)

_LATER = timedelta(minutes=2)


class DiedError(Exception):
    """The process ends here."""


def only_order(hub: Hub) -> TopUp:
    """Return the one order there is."""
    with reading(hub.engine) as session:
        return session.scalars(select(TopUp)).one()


@pytest.mark.parametrize("kind", list(TopUpKind))
def test_a_lost_webhook_is_healed_by_the_poller(hub: Hub, alice: Person, stripe: Stripe, kind: TopUpKind) -> None:
    """Not one event comes, and the money is in the wallet."""
    top_up = opened(hub, alice.user_id, kind=kind)
    stripe.press(top_up, "pay")
    poll_stripe_orders(hub)
    assert (row_of(hub, top_up.id).status, wallet(hub, alice.user_id)) == ("paid", 12_00)
    check_books(hub)


def test_the_poller_asks_again_after_a_rest_only(hub: Hub, alice: Person) -> None:
    """An order that was looked at lets the others come first."""
    opened(hub, alice.user_id)
    assert [poll_stripe_orders(hub) for _ in range(2)] == [1, 0]
    with clock.moved(_LATER):
        assert poll_stripe_orders(hub) == 1


def test_an_order_that_stripe_closed_is_closed_here(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """Only Stripe says when: the hub's own clock closes no order of Stripe's."""
    top_up = opened(hub, alice.user_id)
    with clock.moved(timedelta(hours=30)):
        close_old_top_ups(hub)
        assert row_of(hub, top_up.id).status == "open"
    stripe.call("POST", f"checkout/sessions/{top_up.stripe_order_id}/expire")
    poll_stripe_orders(hub)
    assert row_of(hub, top_up.id).status == "expired"


def test_a_refund_that_nobody_told_of_is_found(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """The sweep takes the events that never came."""
    top_up = opened(hub, alice.user_id)
    stripe.press(top_up, "pay")
    poll_stripe_orders(hub)
    stripe.refund(stripe.intent_of(top_up))
    sweep = StripeSweep()
    assert sweep(hub) > 0
    assert (row_of(hub, top_up.id).status, wallet(hub, alice.user_id), sweep(hub)) == ("refunded", 0, 0)
    check_books(hub)


@pytest.mark.parametrize("kind", list(TopUpKind))
@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "status"])
def test_a_lost_answer_opens_no_second_order(
    hub: Hub, alice: Person, sandbox: Sandbox, kind: TopUpKind, fault: str
) -> None:
    """Stripe made it, or not, and nobody knows: asking again finds out, and the order is one."""
    path = "checkout/sessions" if kind == TopUpKind.CHECKOUT else "invoices"
    sandbox.fail(f"/stripe/v1/{path}", fault)
    with pytest.raises(TopUpUnclearError):
        opened(hub, alice.user_id, kind=kind)
    with clock.moved(_LATER):
        poll_stripe_orders(hub)
    found = Stripe(sandbox).call("GET", path)["data"]
    assert [order["id"] for order in found] == [only_order(hub).stripe_order_id]
    assert only_order(hub).status == "open"


def test_a_partner_asks_again_with_the_same_key(
    hub: Hub,
    alice: Person,
    sandbox: Sandbox,
    access: Any,  # noqa: ANN401 - see conftest
) -> None:
    """After a lost answer the same key gets the order."""
    assert access.user_id == alice.user_id
    wish = TopUpWish(
        user_id=alice.user_id, partner_id=access.partner_id, idempotency_key="k", provider="stripe", amount=12_00
    )
    sandbox.fail("/stripe/v1/checkout/sessions", "reset_after")
    with pytest.raises(TopUpUnclearError):
        open_top_up(hub, wish)
    with clock.moved(_LATER):
        receipt = open_top_up(hub, wish)
    assert (receipt.replayed, receipt.top_up.status, receipt.top_up.id) == (True, "open", only_order(hub).id)


def test_an_opening_is_given_up_when_stripe_forgets_its_key(hub: Hub, alice: Person, sandbox: Sandbox) -> None:
    """After a day a repeat could open a second order, so there is none."""
    sandbox.fail("/stripe/v1/checkout/sessions", "reset_before")
    with pytest.raises(TopUpUnclearError):
        opened(hub, alice.user_id)
    with clock.moved(timedelta(hours=23, minutes=1)):
        poll_stripe_orders(hub)
    assert (only_order(hub).status, only_order(hub).failure_code) == ("failed", "interrupted")


def test_what_stripe_refuses_has_failed(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """A customer that is gone: nothing was made, and the user is told so."""
    opened(hub, alice.user_id)
    with reading(hub.engine) as session:
        customer = session.scalars(select(StripeCustomer.customer_id)).one()
    stripe.call("DELETE", f"customers/{customer}")
    with pytest.raises(TopUpFailedError):
        opened(hub, alice.user_id)


def die_at(hub: Hub, step: int) -> Callable[[], None]:
    """Let the ``step``-th commit from now on not happen; return what lets them happen again."""
    left = [step]

    def count(_connection: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise DiedError

    event.listen(hub.engine, "commit", count)
    return lambda: event.remove(hub.engine, "commit", count)


@pytest.mark.parametrize("step", range(1, 5))
def test_dying_while_an_order_is_opened_loses_no_money(hub: Hub, alice: Person, stripe: Stripe, step: int) -> None:
    """At whichever commit the process dies: if there is an order and it is paid, it is credited once."""
    live_again = die_at(hub, step)
    with suppress(DiedError):
        opened(hub, alice.user_id)
    live_again()
    for turn in range(3):
        sessions = stripe.call("GET", "checkout/sessions")["data"]
        for session in sessions:
            if session["url"]:
                requests.post(f"{session['url']}/pay", allow_redirects=False, timeout=10).raise_for_status()
        # Before the poller may finish the opening: the event finds the row by its mark.
        sweep_stripe(hub, clock.now() - timedelta(days=1))
        with clock.moved(_LATER * (turn + 1)):
            poll_stripe_orders(hub)
    assert len(sessions) <= 1
    assert wallet(hub, alice.user_id) == cleared(hub) == 12_00 * len(sessions)
    assert alarms(hub) == []
    check_books(hub)


@pytest.mark.parametrize("step", range(1, 5))
def test_dying_while_an_event_is_taken_loses_no_money(hub: Hub, alice: Person, stripe: Stripe, step: int) -> None:
    """Neither the event nor its effect is there, or both: Stripe sends it again, and it counts once."""
    top_up = opened(hub, alice.user_id)
    stripe.press(top_up, "pay")
    stripe.refund(stripe.intent_of(top_up), 2_00)
    events = [one for one in events_of(stripe) if is_about_orders(one)]
    live_again = die_at(hub, step)
    with suppress(DiedError):
        for one in events:
            take_event(hub, one)
    live_again()

    for one in events:
        take_event(hub, one)
    assert (wallet(hub, alice.user_id), cleared(hub)) == (10_00, 10_00)
    check_books(hub)


def test_an_old_answer_is_thrown_away(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """Who asked before a dispute was won must not book it as open after it was booked as won."""
    top_up = opened(hub, alice.user_id)
    stripe.press(top_up, "pay")
    poll_stripe_orders(hub)
    name = name_of(row_of(hub, top_up.id))
    assert name is not None
    dispute = stripe.dispute(stripe.intent_of(top_up))

    class Slow(StripeGateway):
        """Answers, and while the answer is on its way the dispute is won and booked."""

        def payment(self, payment_intent_id: str) -> Any:  # noqa: ANN401 - the facts
            facts = super().payment(payment_intent_id)
            if facts.dispute_is_open:
                stripe.decide(dispute, "won")
                book_order(hub, name)
            return facts

    settings = hub.settings
    slow = Slow(settings.stripe_api_key.get_secret_value(), api_base=settings.stripe_api_base)
    book_order(replace(hub, payments=slow), name)
    slow.close()
    assert (row_of(hub, top_up.id).status, wallet(hub, alice.user_id)) == ("paid", 12_00)


def test_a_name_without_a_row_waits_for_it(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """Paid, and our row is not here: an alarm, again and again, until it is; then it is credited."""
    top_up = opened(hub, alice.user_id)
    stripe.press(top_up, "pay")
    told = next(one for one in events_of(stripe) if one.type == "checkout.session.completed")
    with transaction(hub.engine) as session:
        session.execute(delete(TopUp))
    assert [take_event(hub, told) for _ in range(2)] == [Outcome.UNKNOWN_ORDER] * 2
    assert alarms(hub) == [("unknown_order", top_up.stripe_order_id)]

    with transaction(hub.engine) as session:
        session.add(TopUp(**{column.name: getattr(top_up, column.name) for column in TopUp.__table__.columns}))
    assert take_event(hub, told) is Outcome.CREDITED
    assert (wallet(hub, alice.user_id), alarms(hub)) == (12_00, [])


def test_twenty_times_the_same_at_once_is_once(hub: Hub, sandbox: Sandbox, stripe: Stripe, engine: Engine) -> None:
    """Every event twice and the poller beside them: one credit, one refund."""
    there = replace(hub, engine=engine)
    user_id = make_person(there, sandbox, "alice@example.com").user_id
    top_up = opened(there, user_id)
    stripe.press(top_up, "pay")
    stripe.refund(stripe.intent_of(top_up), 2_00)
    events = [one for one in events_of(stripe) if is_about_orders(one)]

    def take(number: int) -> None:
        for _ in range(20):
            try:
                take_event(there, events[number % len(events)])
            except PaymentsUnavailableError:  # too many at once: Stripe sends it again
                continue
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(2 * len(events))))
    assert (wallet(there, user_id), cleared(there), owed(there, user_id)) == (10_00, 10_00, 0)
    check_books(there)


def test_first_orders_at_once_make_one_customer(hub: Hub, sandbox: Sandbox, stripe: Stripe, engine: Engine) -> None:
    """Ten orders of a new user beside each other are orders of one customer."""
    there = replace(hub, engine=engine)
    user_id = make_person(there, sandbox, "alice@example.com").user_id
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda _: opened(there, user_id), range(10)))
    assert len(stripe.call("GET", "customers")["data"]) == 1
    assert len({top_up.stripe_order_id for top_up in made}) == 10


def test_without_a_key_there_is_no_stripe(hub: Hub, alice: Person) -> None:
    """A hub without an account at Stripe says so, and writes nothing."""
    without = replace(hub, payments=None)
    with pytest.raises(ProviderNotEnabledError, match="stripe"):
        opened(without, alice.user_id)
    with reading(hub.engine) as session:
        assert session.scalars(select(TopUp)).all() == []
    assert poll_stripe_orders(without) == 0
