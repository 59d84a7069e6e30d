"""Two looks at a balance must agree: what the user does elsewhere is not known here."""

from datetime import timedelta

import pytest

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge, TopUp
from oauth_app.services.access import Access
from oauth_app.services.charge_evidence import PROMPT, QUIET
from oauth_app.services.charge_resolution import reconcile_unknown_charges
from oauth_app.services.top_up_wishes import TopUpKind
from oauth_app.services.upstream_calls import lease
from tests.fixtures.hub import Sandbox
from tests.services.books import charge_of
from tests.services.test_charge_evidence import NOT_TAKEN, TAKEN, opened, reconciled
from tests.services.test_charge_resolution import ALICE, make_unknown

#: What 1.00 CNY buys, in hundredths of a unit.
CNY_1 = 34_000_00


def shift(hub: Hub, sandbox: Sandbox, lost: Charge, cents: int) -> None:
    """Let the user's balance be what it was before the charge, and this much more."""
    balance = (charge_of(hub, lost.id).balance_before or 0) + cents
    sandbox.set_balance(ALICE, f"{balance // 100}.{balance % 100:02}")


@pytest.mark.parametrize("fault", [TAKEN, NOT_TAKEN])
def test_one_look_is_no_proof(hub: Hub, access: Access, sandbox: Sandbox, fault: str) -> None:
    """However often the balance is looked at within minutes, it is one look; then the second one counts."""
    make_unknown(hub, access, sandbox, fault)

    assert [reconcile_unknown_charges(hub) for _ in range(3)] == [0, 0, 0]
    with clock.moved(QUIET - timedelta(seconds=2)):
        assert reconcile_unknown_charges(hub) == 0
    with clock.moved(QUIET + timedelta(seconds=1)):
        assert reconcile_unknown_charges(hub) == 1


def test_a_purchase_elsewhere_is_not_taken_for_the_charge(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Not taken, and later just as much is spent at OhMyGPT itself: the second look alone would be deceived."""
    lost = make_unknown(hub, access, sandbox, NOT_TAKEN)
    reconcile_unknown_charges(hub)
    shift(hub, sandbox, lost, -lost.amount)

    assert reconciled(hub) == 0
    assert charge_of(hub, lost.id).status == "unknown"


def test_a_payment_elsewhere_does_not_undo_the_charge(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Taken, and the user pays just as much in at OhMyGPT itself: it has not failed, or it would be charged again."""
    lost = make_unknown(hub, access, sandbox, TAKEN)
    reconcile_unknown_charges(hub)
    shift(hub, sandbox, lost, 0)

    assert reconciled(hub) == 0
    assert charge_of(hub, lost.id).status == "unknown"


@pytest.mark.parametrize(("is_late", "settled"), [(False, 1), (True, 0)])
def test_a_late_first_look_proves_nothing(
    hub: Hub, access: Access, sandbox: Sandbox, *, is_late: bool, settled: int
) -> None:
    """If nobody could look for some minutes, too much may have happened: the operator decides."""
    make_unknown(hub, access, sandbox)
    with clock.moved(lease(hub.settings) + PROMPT + timedelta(seconds=2 if is_late else -2)):
        assert reconciled(hub) == settled


@pytest.mark.parametrize("status", ["open", "expired"])
def test_an_order_that_may_be_paid_hides_a_charge_of_its_amount(
    hub: Hub, access: Access, sandbox: Sandbox, status: str
) -> None:
    """Taken and paid in again, before anybody saw the payment: the balance is as it was, and proves nothing."""
    order = opened(hub, access)
    lost = make_unknown(hub, access, sandbox, TAKEN, amount=CNY_1)
    sandbox.pay(order.url or "")
    with transaction(hub.engine) as session:
        row = session.get_one(TopUp, order.id)
        row.status, row.settled_at = status, clock.now() if status == "expired" else None

    assert reconciled(hub) == 0
    assert charge_of(hub, lost.id).status == "unknown"


def test_an_order_of_another_amount_does_not(hub: Hub, access: Access, sandbox: Sandbox) -> None:
    """Nobody paid it, or somebody did: the balance tells which, and what became of the charge."""
    opened(hub, access)
    lost = make_unknown(hub, access, sandbox, TAKEN)

    assert reconciled(hub) == 1
    assert charge_of(hub, lost.id).status == "succeeded"


@pytest.mark.parametrize(("kind", "settled"), [(TopUpKind.CHECKOUT, 1), (TopUpKind.INVOICE, 0)])
def test_an_invoice_may_be_paid_long_after(
    hub: Hub, access: Access, sandbox: Sandbox, kind: TopUpKind, settled: int
) -> None:
    """Given up here days ago, an invoice may still be paid at OhMyGPT; a page for cards has closed."""
    with clock.moved(-timedelta(days=3)):
        order = opened(hub, access, kind)
        with transaction(hub.engine) as session:
            row = session.get_one(TopUp, order.id)
            row.status, row.settled_at = "expired", clock.now()
    make_unknown(hub, access, sandbox, NOT_TAKEN, amount=CNY_1)

    assert reconciled(hub) == settled
