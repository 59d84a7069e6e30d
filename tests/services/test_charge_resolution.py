"""Charges that did not come to an end by themselves."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge, Event
from oauth_app.services.access import Access
from oauth_app.services.charge_errors import ChargeRefusedError, ChargeSettledError, UnknownChargeError
from oauth_app.services.charge_evidence import QUIET
from oauth_app.services.charge_resolution import (
    EVIDENCE_LIFE,
    Resolution,
    reconcile_unknown_charges,
    resolve_charge,
    settle_stale_charges,
)
from oauth_app.services.charge_sending import send_charge
from oauth_app.services.charge_states import ChargeStatus, Verdict, settle
from oauth_app.services.charging import charge
from tests.fixtures.hub import CHARGE_PATH, Person, Sandbox
from tests.services.books import balances, only_charge, transfer_count
from tests.services.calls import make_usage
from tests.services.wishes import make_wish

ALICE = "alice@example.com"
LONG = timedelta(minutes=2)


def make_unknown(hub: Hub, access: Access, sandbox: Sandbox, kind: str = "reset_after", **wishes: Any) -> Charge:  # noqa: ANN401
    """Return a charge whose answer got lost: OhMyGPT took the money, unless ``kind`` says otherwise."""
    sandbox.fail(CHARGE_PATH, kind)
    return charge(hub, access, make_wish(**wishes)).charge


def reconciled(hub: Hub, after: timedelta = QUIET + LONG) -> int:
    """Let the worker look twice; return how many it settled."""
    assert reconcile_unknown_charges(hub) == 0
    with clock.moved(after):
        return reconcile_unknown_charges(hub)


def make_pending(hub: Hub, access: Access, balance_before: int | None) -> Charge:
    """Return a charge whose process died, before or after it noted the balance."""
    made = charge(hub, access, make_wish()).charge
    with transaction(hub.engine) as session:
        row = session.get_one(Charge, made.id)
        row.status, row.balance_before, row.settled_at = "pending", balance_before, None
    return row


def test_a_lost_answer_is_found_in_the_balance(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """When the balance is less by just the amount, the charge has succeeded, with its postings, once."""
    make_unknown(hub, access, sandbox)

    assert [reconciled(hub), reconciled(hub)] == [1, 0]
    assert (only_charge(hub).status, sandbox.account(ALICE)["charges"]) == ("succeeded", 1)
    assert balances(hub)["upstream_clearing"] == -10_01


def test_an_unmoved_balance_is_no_proof_at_once(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Nothing was taken only once the balance has stood still for some minutes."""
    make_unknown(hub, access, sandbox, "reset_before")

    assert reconciled(hub) == 1
    assert (only_charge(hub).status, transfer_count(hub)) == ("failed", 0)


def test_what_was_not_taken_is_answered_as_failed(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """A repeat after the evidence came in hears what the evidence said."""
    make_unknown(hub, access, sandbox, "reset_before")
    assert reconciled(hub) == 1

    with pytest.raises(ChargeRefusedError):
        charge(hub, access, make_wish())


def test_any_other_balance_proves_nothing(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """A balance that moved by something else leaves the charge to the operator."""
    make_unknown(hub, access, sandbox)
    sandbox.set_balance(ALICE, "3399980.00")

    assert reconciled(hub) == 0


@pytest.mark.parametrize("duration_ms", [1_000, 10_000])
def test_a_relayed_call_spoils_the_evidence(hub: Hub, access: Access, sandbox: Sandbox, duration_ms: int) -> None:
    """An AI call that ended after the charge began, or just before, may have moved the balance."""
    made = make_unknown(hub, access, sandbox)
    with transaction(hub.engine) as session:
        session.add(make_usage(access, started_at=made.created_at - timedelta(seconds=9), duration_ms=duration_ms))

    assert reconciled(hub) == 0


def test_a_call_long_before_does_not(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """An AI call that was over, and surely paid for, before has nothing to do with it."""
    made = make_unknown(hub, access, sandbox)
    with transaction(hub.engine) as session:
        session.add(make_usage(access, started_at=made.created_at - QUIET - timedelta(seconds=9), duration_ms=1_000))

    assert reconciled(hub) == 1


def test_old_evidence_is_none(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """After a day the balance says nothing any more."""
    make_unknown(hub, access, sandbox)

    assert reconciled(hub, EVIDENCE_LIFE + LONG) == 0


def test_without_an_answer_nothing_changes(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """While OhMyGPT cannot be asked, the charge waits."""
    make_unknown(hub, access, sandbox)
    sandbox.fail("/", "status", code=500)

    assert [reconcile_unknown_charges(hub), reconciled(hub)] == [0, 1]


def test_a_charge_that_was_never_sent_fails(hub: Hub, access: Access) -> None:
    """A process that died before it noted the balance had sent nothing."""
    make_pending(hub, access, None)

    with clock.moved(LONG):
        assert settle_stale_charges(hub) == 1
    assert (only_charge(hub).status, only_charge(hub).failure_code) == ("failed", "interrupted")


def test_what_the_worker_gave_up_is_not_sent_any_more(
    hub: Hub, access: Access, alice: Person, sandbox: Sandbox
) -> None:
    """A sender that was asleep for so long finds its charge ended, and asks OhMyGPT for nothing."""
    row = make_pending(hub, access, None)
    with clock.moved(LONG):
        settle_stale_charges(hub)
    before = sandbox.account(ALICE)["charges"]

    assert send_charge(hub, row, alice.upstream_token).failure_code == "upstream_unavailable"
    assert (sandbox.account(ALICE)["charges"], only_charge(hub).balance_before) == (before, None)


def test_who_slept_sends_nothing(hub: Hub, access: Access, alice: Person, sandbox: Sandbox) -> None:
    """A sender that wakes when others may begin to look at the balance does not begin, although the row is its own."""
    row = make_pending(hub, access, None)
    before = sandbox.account(ALICE)["charges"]

    with clock.moved(LONG):
        assert send_charge(hub, row, alice.upstream_token).failure_code == "upstream_unavailable"
    assert (sandbox.account(ALICE)["charges"], only_charge(hub).balance_before) == (before, None)


def test_a_charge_that_may_be_sent_is_unknown(hub: Hub, access: Access) -> None:
    """A process that died after it noted the balance may have sent the charge."""
    make_pending(hub, access, 3_400_000_00)

    assert settle_stale_charges(hub) == 0
    with clock.moved(LONG):
        assert settle_stale_charges(hub) == 1
        assert charge(hub, access, make_wish()).charge.status == "unknown"


def test_an_old_pending_charge_is_shown_as_it_is(hub: Hub, access: Access) -> None:
    """A repeat that comes before the worker gets the charge, and not a wait without end."""
    make_pending(hub, access, 3_400_000_00)

    with clock.moved(LONG):
        assert charge(hub, access, make_wish()).charge.status == "pending"


def test_a_late_answer_still_counts(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """An answer that comes after the worker gave up settles the charge, and only once."""
    made = make_unknown(hub, access, sandbox)

    for _ in range(2):
        with transaction(hub.engine) as session:
            settle(session, made.id, Verdict(status=ChargeStatus.SUCCEEDED, upstream_order_id="o1"))
    assert (only_charge(hub).status, transfer_count(hub)) == ("succeeded", 1)


@pytest.mark.parametrize("late", [ChargeStatus.FAILED, ChargeStatus.DECLINED, ChargeStatus.UNKNOWN])
def test_what_has_succeeded_stays(hub: Hub, access: Access, late: ChargeStatus) -> None:
    """A verdict that comes after the success changes nothing of it, and nobody is told."""
    made = charge(hub, access, make_wish()).charge

    with transaction(hub.engine) as session:
        assert settle(session, made.id, Verdict(status=late)).status == "succeeded"
        assert session.scalars(select(Event.type).where(Event.object_id == made.id)).all() == ["charge.succeeded"]
    assert (only_charge(hub).settled_at, transfer_count(hub)) == (made.settled_at, 1)


def test_what_has_failed_takes_no_money(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """A success that is said of a charge that ended without money is not believed."""
    made = make_unknown(hub, access, sandbox, "reset_before")
    for status in (ChargeStatus.FAILED, ChargeStatus.SUCCEEDED):
        with transaction(hub.engine) as session:
            settle(session, made.id, Verdict(status=status))
    assert (only_charge(hub).status, transfer_count(hub)) == ("failed", 0)


@pytest.mark.parametrize(("was_taken", "status", "transfers"), [(True, "succeeded", 1), (False, "failed", 0)])
def test_the_operator_has_the_last_word(
    hub: Hub, access: Access, sandbox: Sandbox, status: str, *, was_taken: bool, transfers: int
) -> None:
    """What the operator found out settles the charge, with postings if the money was taken."""
    made = make_unknown(hub, access, sandbox)
    wish = Resolution(charge_id=made.id, was_taken=was_taken, operator="admin@example.com", reason="statement")

    with transaction(hub.engine) as session:
        resolve_charge(session, wish)
    assert (only_charge(hub).status, transfer_count(hub)) == (status, transfers)


def test_the_operator_resolves_only_what_is_open(hub: Hub, access: Access) -> None:
    """A charge that has ended, and one that is none, cannot be resolved."""
    made = charge(hub, access, make_wish()).charge
    wish = Resolution(charge_id=made.id, was_taken=False, operator="admin@example.com", reason="")

    with reading(hub.engine) as session:
        with pytest.raises(ChargeSettledError):
            resolve_charge(session, wish)
        with pytest.raises(UnknownChargeError):
            resolve_charge(session, replace(wish, charge_id="ch_0"))
