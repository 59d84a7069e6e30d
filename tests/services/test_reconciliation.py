"""Whatever differs between the books, the rows, OhMyGPT and Stripe is found, filed once, and closed with a reason."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text, update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.ledger import AccountKind, AccountName, Movement, TransferKind, TransferWish, record_transfer
from oauth_app.models import Charge, Difference, ReconciliationRun, TopUp
from oauth_app.services.access import Access
from oauth_app.services.charging import charge
from oauth_app.services.reconciliation import reconcile_nightly
from oauth_app.services.reconciliation_closing import (
    AlreadyClosedError,
    Closing,
    ReasonMissingError,
    close_difference,
)
from tests.fixtures.hub import Sandbox
from tests.services.reconciling import DAY, LATER, change, look, only_difference
from tests.services.wishes import make_wish

ALICE = "alice@example.com"


@pytest.fixture
def charged(hub: Hub, access: Access) -> Charge:
    """Charge alice 10.01 units."""
    return charge(hub, access, make_wish()).charge


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


def test_a_look_before_the_end_of_a_charge_proves_nothing(hub: Hub, sandbox: Sandbox, charged: Charge) -> None:
    """A balance that was told before the charge had ended may be without it."""
    assert charged.balance_before is not None
    sandbox.set_balance(ALICE, f"{charged.balance_before / 100:.2f}")
    change(hub, update(Charge).values(settled_at=clock.now() + LATER))
    assert look(hub) == set()


def test_a_charge_that_nobody_decides(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """A charge that is unknown for more than a day is listed with its evidence, until it is decided."""
    sandbox.fail("/api/v1/user/oauth/app/charge-user-fee", "reset_after")
    unknown = charge(hub, access, make_wish()).charge
    assert look(hub) == set()
    assert look(hub, DAY) == {("upstream", "undecided")}
    difference = only_difference(hub)
    assert (difference.subject, difference.details["balance_before"]) == (unknown.id, unknown.balance_before)


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
