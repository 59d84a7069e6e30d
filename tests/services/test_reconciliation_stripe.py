"""Where the books and Stripe disagree: what is paid and not here, what is here and not paid, and how far is looked."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text, update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Difference, ReconciliationRun, TopUp
from oauth_app.services.auto_top_up import AutoTopUpWish, agree, top_up_low_wallets
from oauth_app.services.reconciliation import reconcile
from oauth_app.services.stripe_polling import poll_stripe_orders
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_wishes import TopUpKind, TopUpWish
from tests.fixtures.hub import Person, Sandbox
from tests.services.reconciling import LATER, book, change, look, only_difference
from tests.services.stripe_orders import Stripe, opened


def test_paid_and_not_credited(hub: Hub, paid: TopUp) -> None:
    """What is paid at Stripe and not in the books is found, and closes by itself when it is credited."""
    assert look(hub) == set()  # it may be on its way
    assert look(hub, LATER) == {("stripe", "paid_not_credited")}
    book(hub, paid)
    assert look(hub, 2 * LATER) == set()
    difference = only_difference(hub)
    assert (difference.closed_by, difference.subject) == ("the books", paid.id)
    assert difference.closed_reason


def test_paid_and_unknown(hub: Hub, paid: TopUp) -> None:
    """A payment with our mark for an order that we have no row of is found."""
    change(hub, text("DELETE FROM top_up"))
    assert look(hub) == {("stripe", "paid_not_credited")}
    assert only_difference(hub).subject == paid.id


def test_credited_and_not_paid(hub: Hub, alice: Person) -> None:
    """What is in the wallet and was never paid at Stripe is found."""
    wish = TopUpWish(user_id=alice.user_id, amount=12_34, asset="USD", provider="stripe")
    top_up = open_top_up(hub, wish).top_up
    change(hub, update(TopUp).where(TopUp.id == top_up.id).values(status="paid"))
    assert ("stripe", "credited_not_paid") in look(hub)


def test_credited_otherwise(hub: Hub, credited: TopUp) -> None:
    """Another amount in the books than at Stripe is found."""
    change(hub, update(TopUp).where(TopUp.id == credited.id).values(amount=99_99))
    assert ("stripe", "credited_otherwise") in look(hub)


def test_a_stripe_that_does_not_answer_is_noted(hub: Hub, sandbox: Sandbox, credited: TopUp) -> None:
    """An outage ends nothing: the run says so, and what is open stays open."""
    change(hub, update(TopUp).where(TopUp.id == credited.id).values(reversed=1))
    before = look(hub)
    sandbox.fail("/stripe/v1", "reset_before", times=10)
    assert look(hub) == before
    with reading(hub.engine) as session:
        latest = session.scalars(select(ReconciliationRun).order_by(ReconciliationRun.started_at.desc())).first()
    assert latest is not None
    assert latest.summary["stripe"]["problem"] == "PaymentsUnavailableError"


def test_a_paid_invoice_of_which_no_row_is_left(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """The invoice bears our mark and is paid: it is found, also weeks after it was sent."""
    invoice = opened(hub, alice.user_id, kind=TopUpKind.INVOICE)
    stripe.press(invoice, "pay")
    change(hub, text("DELETE FROM top_up"))
    assert look(hub) == {("stripe", "paid_not_credited")}
    difference = only_difference(hub)
    assert (difference.subject, difference.expected, difference.asset) == (invoice.id, 12_00, "USD")
    assert difference.details["order"] == invoice.stripe_order_id


@pytest.fixture
def automatic(hub: Hub, alice: Person, stripe: Stripe) -> TopUp:
    """Let alice's kept card pay 10.00 USD by itself."""
    stripe.press(opened(hub, alice.user_id, amount=1_00, keep_card=True), "pay")
    poll_stripe_orders(hub)
    with transaction(hub.engine) as session:
        wish = AutoTopUpWish(user_id=alice.user_id, asset="USD", threshold=5_00, amount=10_00, monthly_ceiling=30_00)
        agree(session, wish, livemode=False)
    assert top_up_low_wallets(hub) == 1
    with reading(hub.engine) as session:
        return session.scalars(select(TopUp).where(TopUp.kind == "saved_card")).one()


def test_a_payment_by_a_kept_card_of_which_no_row_is_left(hub: Hub, automatic: TopUp) -> None:
    """The payment itself bears our mark; those of sessions do, too, and are not found a second time."""
    assert look(hub) == set()
    change(hub, delete(TopUp).where(TopUp.id == automatic.id))
    assert {(side, kind) for side, kind in look(hub) if side == "stripe"} == {("stripe", "paid_not_credited")}
    with reading(hub.engine) as session:
        found = session.scalars(select(Difference).where(Difference.side == "stripe")).one()
    assert (found.subject, found.expected, found.details["order"]) == (automatic.id, 10_00, automatic.stripe_order_id)


def test_a_session_without_a_row_is_one_difference(hub: Hub, paid: TopUp) -> None:
    """Its payment is listed, too, and is the same money."""
    change(hub, text("DELETE FROM top_up"))
    look(hub)
    assert only_difference(hub).details["order"] == paid.stripe_order_id


def test_a_second_payment_for_one_order(hub: Hub, automatic: TopUp) -> None:
    """A kept card that was charged by another payment than the one that is booked is found."""
    change(hub, update(TopUp).where(TopUp.id == automatic.id).values(stripe_order_id="pi_another"))
    assert ("stripe", "credited_otherwise") in look(hub)


def test_how_far_back_is_listed(hub: Hub, paid: TopUp) -> None:
    """From seven days before the last run that saw everything; a run without Stripe's answer has seen nothing."""
    change(hub, text("DELETE FROM top_up"))
    far, farther = timedelta(days=30), timedelta(days=60)
    with clock.moved(far):
        reconcile(replace(hub, payments=None), started_by="a test")
    assert listed(hub, farther) == 1
    assert paid.stripe_order_id
    assert listed(hub, farther + timedelta(days=6)) == 0  # the run before has seen it
    assert listed(hub, timedelta(days=121)) == 0


def test_a_run_that_stripe_cut_short_has_seen_nothing(hub: Hub, sandbox: Sandbox, paid: TopUp) -> None:
    """The next one looks as far back as it would have."""
    change(hub, text("DELETE FROM top_up"))
    assert paid.stripe_order_id
    with clock.moved(timedelta(days=30)):
        sandbox.fail("/stripe/v1", "reset_before")
        assert reconcile(hub, started_by="a test").summary["stripe"]["problem"] == "PaymentsUnavailableError"
    assert listed(hub, timedelta(days=60)) == 1


def test_an_invoice_is_listed_long_after_it_was_sent(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """One that was open when the last run looked may be paid later: invoices live longer than sessions."""
    invoice = opened(hub, alice.user_id, kind=TopUpKind.INVOICE)
    assert listed(hub, timedelta(days=30)) == 0
    stripe.press(invoice, "pay")
    change(hub, text("DELETE FROM top_up"))
    assert look(hub, timedelta(days=40)) == {("stripe", "paid_not_credited")}


@pytest.mark.parametrize("kind", [TopUpKind.CHECKOUT, TopUpKind.INVOICE])
def test_an_order_that_nobody_has_paid_is_no_difference(hub: Hub, alice: Person, kind: TopUpKind) -> None:
    """Whether or not a row of it is left."""
    opened(hub, alice.user_id, kind=kind)
    change(hub, text("DELETE FROM top_up"))
    assert look(hub) == set()


def listed(hub: Hub, after: timedelta) -> int:
    """Compare all sides, and return how many sessions were listed."""
    with clock.moved(after):
        return int(reconcile(hub, started_by="a test").summary["stripe"]["sessions_listed"])
