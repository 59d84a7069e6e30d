"""Whatever differs between the books, the rows, OhMyGPT and Stripe is found, filed once, and closed with a reason."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, text, update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.ledger import AccountKind, AccountName, Movement, TransferKind, TransferWish, record_transfer
from oauth_app.models import Charge, Difference, ReconciliationRun, TopUp
from oauth_app.services.access import Access
from oauth_app.services.auto_top_up import AutoTopUpWish, agree, top_up_low_wallets
from oauth_app.services.charging import charge
from oauth_app.services.reconciliation import reconcile, reconcile_nightly
from oauth_app.services.reconciliation_closing import (
    AlreadyClosedError,
    Closing,
    ReasonMissingError,
    close_difference,
)
from oauth_app.services.stripe_looking import book_order, name_of
from oauth_app.services.stripe_polling import poll_stripe_orders
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_wishes import TopUpKind, TopUpWish
from tests.fixtures.hub import Person, Sandbox
from tests.services.stripe_orders import Stripe, opened
from tests.services.wishes import make_wish

ALICE = "alice@example.com"
LATER = timedelta(hours=1)
DAY = timedelta(days=1, hours=1)


@pytest.fixture
def charged(hub: Hub, access: Access) -> Charge:
    """Charge alice 10.01 units."""
    return charge(hub, access, make_wish()).charge


@pytest.fixture
def paid(hub: Hub, sandbox: Sandbox, alice: Person) -> TopUp:
    """Let alice pay 12.34 USD by Stripe, without the hub hearing of it."""
    wish = TopUpWish(user_id=alice.user_id, amount=12_34, asset="USD", provider="stripe")
    top_up = open_top_up(hub, wish).top_up
    assert top_up.url is not None
    sandbox.pay(top_up.url)
    return top_up


@pytest.fixture
def credited(hub: Hub, paid: TopUp) -> TopUp:
    """Let the hub see the payment, too."""
    book(hub, paid)
    return paid


def book(hub: Hub, top_up: TopUp) -> None:
    """Ask Stripe for the order, and book what it says."""
    order = name_of(top_up)
    assert order is not None
    book_order(hub, order)


def change(hub: Hub, statement: Any) -> None:  # noqa: ANN401 - any statement
    """Do to the rows what nothing in the hub does."""
    with transaction(hub.engine) as session:
        session.execute(statement)


def look(hub: Hub, after: timedelta = timedelta()) -> set[tuple[str, str]]:
    """Compare all sides, and return side and kind of what is open then."""
    with clock.moved(after):
        reconcile(hub, started_by="a test")
    with reading(hub.engine) as session:
        rows = session.execute(select(Difference.side, Difference.kind).where(Difference.closed_at.is_(None)))
        return {(side, kind) for side, kind in rows}


def only_difference(hub: Hub) -> Difference:
    """Return the one difference there is."""
    with reading(hub.engine) as session:
        return session.scalars(select(Difference)).one()


def test_sides_that_agree(hub: Hub, charged: Charge, credited: TopUp) -> None:
    """Where all was done right, nothing is found, though all three sides were asked."""
    assert look(hub, DAY) == set()
    with reading(hub.engine) as session:
        summary = session.scalars(select(ReconciliationRun)).one().summary
    assert (charged.status, summary["ledger"]["looked_at"]["charge"]) == ("succeeded", 1)
    assert summary["upstream"]["steps_compared"] == 1
    assert (credited.provider, summary["stripe"]["asked"], summary["stripe"]["sessions_listed"]) == ("stripe", 1, 1)


def test_a_charge_without_its_transfer(hub: Hub, charged: Charge) -> None:
    """A charge that counts as taken and stands nowhere in the books is found, and every balance it should be in."""
    change(hub, update(Charge).where(Charge.id == charged.id).values(id="ch_another"))
    assert look(hub) == {("ledger", "charge_transfer")}
    with reading(hub.engine) as session:
        found = {(row.subject, row.expected, row.found) for row in session.scalars(select(Difference))}
    assert found == {("ch_another", 10_01, 0), (charged.id, 0, 10_01)}


def test_a_charge_of_another_amount(hub: Hub, charged: Charge) -> None:
    """A row that was changed later disagrees with its transfer and with three balances."""
    change(hub, update(Charge).where(Charge.id == charged.id).values(amount=10_02))
    assert look(hub) >= {("ledger", "charge_transfer"), ("ledger", "balance")}
    with reading(hub.engine) as session:
        off = session.scalars(select(Difference.subject).where(Difference.kind == "balance")).all()
    assert sorted(off) == sorted([f"{charged.partner_id}:OMG", "upstream_clearing:OMG"])


def test_a_posting_that_was_dropped(hub: Hub, charged: Charge) -> None:
    """A posting that vanished past the triggers is found by the books themselves."""
    assert charged.status == "succeeded"
    with transaction(hub.engine) as session:
        for (name,) in session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            session.execute(text(f'DROP TRIGGER "{name}"'))
        session.execute(text("DELETE FROM posting WHERE id = (SELECT max(id) FROM posting)"))
    assert look(hub) >= {("ledger", "books"), ("ledger", "charge_transfer")}


def test_a_top_up_credited_twice(hub: Hub, credited: TopUp) -> None:
    """Money that came once and is in the wallet twice is found."""
    clearing = AccountName(kind=AccountKind.STRIPE_CLEARING, asset="USD")
    wallet = AccountName.wallet(credited.user_id, "USD")
    again = Movement(source=clearing, destination=wallet, amount=credited.amount)
    with transaction(hub.engine) as session:
        record_transfer(session, TransferWish(kind=TransferKind.TOP_UP, reference="top_again", movements=(again,)))
    assert look(hub) == {("ledger", "top_up_transfer"), ("ledger", "balance")}


def test_an_operators_correction_is_no_difference(hub: Hub, credited: TopUp) -> None:
    """What the operator corrected on purpose is counted as right."""
    loss = AccountName(kind=AccountKind.OPERATOR_LOSS, asset="USD")
    gift = Movement(source=loss, destination=AccountName.wallet(credited.user_id, "USD"), amount=5)
    with transaction(hub.engine) as session:
        record_transfer(session, TransferWish(kind=TransferKind.CORRECTION, reference="dif_1", movements=(gift,)))
    assert look(hub) == set()


def test_refunds_and_reversals_must_add_up(hub: Hub, charged: Charge, credited: TopUp) -> None:
    """A charge or top-up that claims to have given back what nobody gave back is found."""
    change(hub, update(Charge).where(Charge.id == charged.id).values(refunded=1))
    change(hub, update(TopUp).where(TopUp.id == credited.id).values(reversed=1))
    assert look(hub) >= {
        ("ledger", "refunds_of_charge"),
        ("ledger", "reversals_of_top_up"),
        ("stripe", "reversed_otherwise"),
    }


def test_a_charge_taken_twice(hub: Hub, sandbox: Sandbox, charged: Charge) -> None:
    """If twice a charge's amount is gone, and nothing else happened, it is found."""
    assert charged.balance_before is not None
    sandbox.set_balance(ALICE, f"{(charged.balance_before - 2 * 10_01) / 100:.2f}")
    assert look(hub) == {("upstream", "charged_twice")}
    difference = only_difference(hub)
    assert (difference.subject, difference.expected, difference.found) == (charged.id, 10_01, 20_02)


def test_a_charge_that_was_not_taken(hub: Hub, sandbox: Sandbox, charged: Charge) -> None:
    """If it counts as taken and the balance has not moved, it is found."""
    assert charged.balance_before is not None
    sandbox.set_balance(ALICE, f"{charged.balance_before / 100:.2f}")
    assert look(hub) == {("upstream", "not_taken")}


def test_a_failed_charge_that_was_taken(hub: Hub, charged: Charge) -> None:
    """If it counts as failed and just its amount is gone, it is found."""
    change(hub, update(Charge).where(Charge.id == charged.id).values(status="failed"))
    assert ("upstream", "taken_though_failed") in look(hub)


def test_other_changes_of_a_balance_prove_nothing(hub: Hub, sandbox: Sandbox, charged: Charge) -> None:
    """A balance that moved by any other amount is the user's own affair."""
    assert charged.balance_before is not None
    sandbox.set_balance(ALICE, "1.23")
    assert look(hub) == set()


def test_the_next_charge_is_evidence_of_the_one_before(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Where OhMyGPT tells no balance now, the one before the next charge is compared."""
    first = charge(hub, access, make_wish()).charge
    assert first.balance_before is not None
    sandbox.set_balance(ALICE, f"{first.balance_before / 100:.2f}")
    charge(hub, access, make_wish(idempotency_key="order-2"))
    sandbox.revoke_tokens(ALICE)
    assert look(hub) == {("upstream", "not_taken")}
    assert only_difference(hub).subject == first.id


def test_a_charge_that_nobody_decides(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """A charge that is unknown for more than a day is listed with its evidence, until it is decided."""
    sandbox.fail("/api/v1/user/oauth/app/charge-user-fee", "reset_after")
    unknown = charge(hub, access, make_wish()).charge
    assert look(hub) == set()
    assert look(hub, DAY) == {("upstream", "undecided")}
    difference = only_difference(hub)
    assert (difference.subject, difference.details["balance_before"]) == (unknown.id, unknown.balance_before)


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


def test_one_open_difference_for_each_subject(hub: Hub, charged: Charge) -> None:
    """Found again, it is freshened and not filed again; after it was closed, it is."""
    change(hub, update(Charge).where(Charge.id == charged.id).values(refunded=1))
    for refunded in (1, 2):
        change(hub, update(Charge).where(Charge.id == charged.id).values(refunded=refunded))
        look(hub)
    first = only_difference(hub)
    assert first.expected == 2
    with transaction(hub.engine) as session:
        close_difference(session, Closing(item_id=first.id, operator="o@example.com", reason="looked into it"))
    look(hub)
    with reading(hub.engine) as session:
        rows = session.scalars(select(Difference).order_by(Difference.found_at)).all()
    assert [(row.closed_by, row.closed_reason) for row in rows] == [("o@example.com", "looked into it"), (None, None)]


def test_closing_needs_a_reason_and_happens_once(hub: Hub, charged: Charge) -> None:
    """A difference is not closed without ten characters of reason, nor twice."""
    change(hub, update(Charge).where(Charge.id == charged.id).values(refunded=1))
    look(hub)
    found = only_difference(hub).id
    with pytest.raises(ReasonMissingError):
        Closing(item_id=found, operator="o@example.com", reason="  because  ")
    wish = Closing(item_id=found, operator="o@example.com", reason="looked into it")
    with transaction(hub.engine) as session:
        close_difference(session, wish)
    with transaction(hub.engine) as session, pytest.raises(AlreadyClosedError):
        close_difference(session, wish)


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_one_run_a_night(hub: Hub, engine: Engine) -> None:
    """Of many workers one compares in a night; a killed run is taken over after an hour."""
    there = replace(hub, engine=engine, payments=None)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: reconcile_nightly(there), range(4))) == 1
    with clock.moved(timedelta(days=1)):
        assert [reconcile_nightly(there), reconcile_nightly(there)] == [1, 0]
        change(there, update(ReconciliationRun).values(ended_at=None))
        assert reconcile_nightly(there) == 0
        with clock.moved(timedelta(minutes=61)):
            assert reconcile_nightly(there) == 1


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
