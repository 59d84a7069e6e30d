"""What the user's balance proves of a lost charge when other things have moved it, too."""

from dataclasses import replace
from datetime import timedelta

import pytest

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge, TopUp
from oauth_app.services.access import Access
from oauth_app.services.charge_evidence import MOST_DOUBTS, QUIET, Movement, verdict_of
from oauth_app.services.charge_resolution import reconcile_unknown_charges
from oauth_app.services.charging import charge
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_watching import look_at_top_up
from oauth_app.services.top_up_wishes import TopUpKind, TopUpWish
from tests.fixtures.each_database import make_access
from tests.fixtures.hub import Sandbox, make_partner
from tests.services.books import charge_of
from tests.services.test_charge_resolution import make_unknown
from tests.services.wallets import fill_wallet
from tests.services.wishes import make_wish

LATER = QUIET + timedelta(minutes=2)
#: The faults by which OhMyGPT takes the money, and does not.
TAKEN, NOT_TAKEN = "reset_after", "reset_before"


def reconciled(hub: Hub) -> int:
    """Let the worker look at every charge in doubt, now and later; return how many it settled."""
    assert reconcile_unknown_charges(hub) == 0  # one look proves nothing
    with clock.moved(LATER):
        return reconcile_unknown_charges(hub)


def opened(hub: Hub, access: Access, kind: TopUpKind = TopUpKind.CHECKOUT) -> TopUp:
    """Return an order of 1.00 CNY at OhMyGPT."""
    wish = TopUpWish(user_id=access.user_id, provider="ohmygpt", kind=kind, asset="CNY", amount=1_00)
    return open_top_up(hub, wish).top_up


@pytest.mark.parametrize(("fault", "status"), [(TAKEN, "succeeded"), (NOT_TAKEN, "failed")])
def test_a_later_charge_is_counted_off(hub: Hub, access: Access, sandbox: Sandbox, fault: str, status: str) -> None:
    """A success since, by any partner and of the same amount, does not hide what became of the charge before."""
    lost = make_unknown(hub, access, sandbox, fault)
    reconcile_unknown_charges(hub)
    other = replace(access, partner_id=make_partner(hub.engine).client_id)
    charge(hub, other, make_wish())

    assert reconciled(hub) == 1
    assert charge_of(hub, lost.id).status == status


def test_what_has_just_moved_may_not_show_yet(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """While another charge is young the balance may lack it, and could be taken for this one's."""
    make_unknown(hub, access, sandbox, NOT_TAKEN)
    reconcile_unknown_charges(hub)
    with clock.moved(QUIET):
        charge(hub, access, make_wish(idempotency_key="order-2"))

    assert reconciled(hub) == 0


def test_a_like_charge_before_the_first_look_hides_what_was_not_taken(
    hub: Hub, access: Access, sandbox: Sandbox
) -> None:
    """Once taken of two, the first look cannot tell which; that the answer of one of them said so is too young."""
    make_unknown(hub, access, sandbox, NOT_TAKEN)
    charge(hub, access, make_wish(idempotency_key="order-2"))

    assert reconciled(hub) == 0


def test_two_like_charges_prove_nothing(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Of two lost charges of one amount, one of them taken, nobody can tell which."""
    make_unknown(hub, access, sandbox, NOT_TAKEN)
    make_unknown(hub, access, sandbox, TAKEN, idempotency_key="order-2")

    assert reconciled(hub) == 0


@pytest.mark.parametrize("first", [TAKEN, NOT_TAKEN])
@pytest.mark.parametrize("second", [TAKEN, NOT_TAKEN])
def test_two_different_charges_are_told_apart(
    hub: Hub, access: Access, sandbox: Sandbox, first: str, second: str
) -> None:
    """Of two lost charges of different amounts the sum tells which were taken."""
    told = {TAKEN: "succeeded", NOT_TAKEN: "failed"}
    one = make_unknown(hub, access, sandbox, first)
    two = make_unknown(hub, access, sandbox, second, idempotency_key="order-2", amount=3_02)

    assert reconciled(hub) == 2
    assert [charge_of(hub, lost.id).status for lost in (one, two)] == [told[first], told[second]]


def test_what_overlapped_may_be_before_or_after(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """A success that was under way when this one looked at the balance may be in it, or not: like amounts hide it."""
    with clock.moved(-timedelta(seconds=1)):
        other = charge(hub, access, make_wish(idempotency_key="order-2")).charge
    lost = make_unknown(hub, access, sandbox, NOT_TAKEN)
    with transaction(hub.engine) as session:  # as if it had been answered late
        session.get_one(Charge, other.id).settled_at = lost.created_at + timedelta(seconds=1)
        session.get_one(Charge, lost.id).balance_before = (lost.balance_before or 0) + other.amount

    assert reconciled(hub) == 0


def test_what_overlapped_and_was_in_it_already_is_not_counted_off(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """A success that the balance before had in it, though its answer came later, does not hide this one's end."""
    with clock.moved(-timedelta(seconds=1)):
        other = charge(hub, access, make_wish(idempotency_key="order-2", amount=3_02)).charge
    lost = make_unknown(hub, access, sandbox, NOT_TAKEN)
    with transaction(hub.engine) as session:  # as if it had been answered late
        session.get_one(Charge, other.id).settled_at = lost.created_at + timedelta(seconds=1)

    assert reconciled(hub) == 1
    assert charge_of(hub, lost.id).status == "failed"


def test_a_charge_under_way_lets_nothing_be_told(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """While another charge of the user is pending, the balance may move at any moment."""
    make_unknown(hub, access, sandbox)
    other = charge(hub, access, make_wish(idempotency_key="order-2", amount=3_02)).charge
    with transaction(hub.engine) as session:
        session.get_one(Charge, other.id).status = "pending"

    assert reconciled(hub) == 0


def test_the_word_of_an_operator_is_no_proof(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """What an operator said to be taken may be or not; with a like amount the balance cannot decide."""
    make_unknown(hub, access, sandbox, NOT_TAKEN)
    reconcile_unknown_charges(hub)
    other = charge(hub, access, make_wish(idempotency_key="order-2")).charge
    with transaction(hub.engine) as session:
        session.get_one(Charge, other.id).resolved_by = "admin@example.com"

    assert reconciled(hub) == 0


def test_nor_is_it_when_the_operator_said_no(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """What an operator said not to be taken, and was, must not be taken for this one."""
    make_unknown(hub, access, sandbox, NOT_TAKEN)
    other = charge(hub, access, make_wish(idempotency_key="order-2")).charge
    with transaction(hub.engine) as session:
        row = session.get_one(Charge, other.id)
        row.status, row.resolved_by = "failed", "admin@example.com"

    assert reconciled(hub) == 0


@pytest.mark.parametrize(("fault", "status"), [(TAKEN, "succeeded"), (NOT_TAKEN, "failed")])
def test_a_payment_is_counted_in(hub: Hub, access: Access, sandbox: Sandbox, fault: str, status: str) -> None:
    """An order that was opened and paid since does not hide what became of the charge."""
    lost = make_unknown(hub, access, sandbox, fault)
    order = opened(hub, access)
    sandbox.pay(order.url or "")
    assert look_at_top_up(hub, order.id).status == "paid"

    assert reconciled(hub) == 1
    assert charge_of(hub, lost.id).status == status


@pytest.mark.parametrize(
    ("fault", "status", "is_paid_before"),
    [(TAKEN, "succeeded", False), (NOT_TAKEN, "failed", False), (NOT_TAKEN, "failed", True)],
)
def test_a_payment_of_an_older_order_may_be_in_it_already(
    hub: Hub, access: Access, sandbox: Sandbox, fault: str, status: str, *, is_paid_before: bool
) -> None:
    """An order from before, seen to be paid since: whether it was paid before or after, the balance tells."""
    order = opened(hub, access)
    if is_paid_before:
        sandbox.pay(order.url or "")
    lost = make_unknown(hub, access, sandbox, fault)
    if not is_paid_before:
        look_at_top_up(hub, order.id)  # as the worker does every few seconds: the rise counts from here
        sandbox.pay(order.url or "")
    assert look_at_top_up(hub, order.id).status == "paid"

    assert reconciled(hub) == 1
    assert charge_of(hub, lost.id).status == status


def test_what_was_over_before_does_not_count(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Charges and payments that had ended when this one began are in the balance before it, however many."""
    with clock.moved(-LATER):
        for number in range(MOST_DOUBTS + 1):
            order = opened(hub, access)
            sandbox.pay(order.url or "")
            look_at_top_up(hub, order.id)
            charge(hub, access, make_wish(idempotency_key=f"before-{number}"))
    make_unknown(hub, access, sandbox)

    assert reconciled(hub) == 1


def test_other_users_and_the_wallet_move_nothing(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Charges of another user, and of the user's own wallet here, are no movement of this balance."""
    lost = make_unknown(hub, access, sandbox)
    theirs = make_access(hub, sandbox, "carol@example.com", make_partner(hub.engine).client_id)
    charge(hub, theirs, make_wish())
    fill_wallet(hub.engine, access.user_id, 5_00)
    charge(hub, access, make_wish(asset="CNY", amount=3_00, idempotency_key="order-2"))

    assert reconciled(hub) == 1
    assert charge_of(hub, lost.id).status == "succeeded"


def test_what_the_balance_has_settled_is_not_young(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """One settled by the balance moved when it was sent, so two in a row are settled in one turn."""
    make_unknown(hub, access, sandbox)
    make_unknown(hub, access, sandbox, NOT_TAKEN, idempotency_key="order-2", amount=3_02)

    assert reconciled(hub) == 2


def test_the_newest_is_settled_first(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Those that came long after leave the oldest in too much doubt until they are settled, in the same turn."""
    for number in range(MOST_DOUBTS + 2):
        with clock.moved(number * LATER):
            lost = make_unknown(hub, access, sandbox, idempotency_key=f"order-{number}", amount=10**number)
        with transaction(hub.engine) as session:  # as the first look would, and no other came
            row = session.get_one(Charge, lost.id)
            row.balance_first_seen, row.balance_first_seen_at = (row.balance_before or 0) - row.amount, row.created_at

    with clock.moved((MOST_DOUBTS + 2) * LATER):
        assert reconcile_unknown_charges(hub) == MOST_DOUBTS + 2


@pytest.mark.parametrize(("doubts", "tells"), [(MOST_DOUBTS, True), (MOST_DOUBTS + 1, False)])
def test_many_doubts_prove_nothing(doubts: int, *, tells: bool) -> None:
    """With many movements in doubt some sum of them fits by chance, so they are not even tried."""
    lost = Charge(amount=7, balance_before=10_000, created_at=clock.now() - LATER)
    others = [Movement(id="ch_1", cents=-100 * number, is_sure=False) for number in range(1, doubts + 1)]

    assert (verdict_of(lost, 9_993, others) is not None) is tells
