"""Payments at OhMyGPT that something hides from whoever watches the balance."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Charge, Difference, Event, TopUp
from oauth_app.services.access import Access
from oauth_app.services.charging import charge
from oauth_app.services.reconciliation_closing import Closing, close_difference
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_watching import INVOICE_LIFE, LIFE, close_old_top_ups, watch_user
from oauth_app.services.top_up_wishes import TopUpKind, TopUpWish
from tests.fixtures.hub import Person, Sandbox
from tests.services.calls import make_usage
from tests.services.reconciling import look
from tests.services.test_charge_resolution import ALICE, make_unknown
from tests.services.wishes import make_wish

MINUTE = timedelta(minutes=1)
#: What 1.00 CNY buys, in hundredths of a unit.
CNY_1 = 34_000_00
PERHAPS = ("upstream", "perhaps_paid")


@pytest.fixture
def order(hub: Hub, access: Access) -> TopUp:
    """The shop's order of 1.00 CNY for alice."""
    return opened(hub, access)


def opened(hub: Hub, access: Access, **wishes: Any) -> TopUp:  # noqa: ANN401 - any field
    """Open an order of 1.00 CNY at OhMyGPT."""
    known = {"user_id": access.user_id, "partner_id": access.partner_id, "idempotency_key": "top-1", "amount": 1_00}
    return open_top_up(hub, TopUpWish(**(known | wishes))).top_up


def status_of(hub: Hub, order: TopUp) -> tuple[str, str | None]:
    """Return how the order stands, and why."""
    with reading(hub.engine) as session:
        row = session.get_one(TopUp, order.id)
        return row.status, row.failure_code


def watched(hub: Hub, order: TopUp, minutes: float) -> str:
    """Look at the balance so many minutes after now; return how the order stands then."""
    with clock.moved(minutes * MINUTE):
        watch_user(hub, order.user_id)
    return status_of(hub, order)[0]


def charged(hub: Hub, access: Access, minutes: float, amount: int) -> Charge:
    """Let the shop charge alice so many minutes after now."""
    with clock.moved(minutes * MINUTE):
        return charge(hub, access, make_wish(amount=amount, idempotency_key=f"{minutes}")).charge


def ended(hub: Hub, order: TopUp, *, is_seen: bool = True, life: timedelta = LIFE) -> tuple[str, str | None]:
    """Let the order's time be over; return how it stands then."""
    if is_seen:
        with clock.moved(life - MINUTE):
            watch_user(hub, order.user_id)
    with clock.moved(life + MINUTE):
        close_old_top_ups(hub)
    return status_of(hub, order)


@pytest.mark.parametrize("amount", [1, CNY_1 - 1, CNY_1, 3 * CNY_1])
def test_a_charge_hides_no_payment(hub: Hub, access: Access, sandbox: Sandbox, order: TopUp, amount: int) -> None:
    """What the hub itself has taken between two looks is counted off, whether it is less than the payment or more."""
    sandbox.pay(order.url or "")
    charged(hub, access, 1, amount)

    assert watched(hub, order, 2) == "paid"


def test_a_charge_alone_is_no_payment(hub: Hub, access: Access, order: TopUp) -> None:
    """Counted off once: at no later look does it count as a rise."""
    charged(hub, access, 1, 3 * CNY_1)

    assert [watched(hub, order, minutes) for minutes in (2, 3, 4)] == ["open"] * 3
    assert ended(hub, order) == ("expired", None)


def test_a_charge_that_overlaps_a_look_is_not_counted_off(hub: Hub, access: Access, order: TopUp) -> None:
    """The look may have seen it already; counted again, it would be a payment that nobody made."""
    made = charged(hub, access, 1, 3 * CNY_1)
    assert watched(hub, order, 2) == "open"
    with transaction(hub.engine) as session:  # as if its answer had come after that look
        session.get_one(Charge, made.id).settled_at = clock.now() + 2.5 * MINUTE

    assert watched(hub, order, 3) == "open"


def test_a_charge_that_ends_after_the_question_is_not_counted_off(
    hub: Hub, access: Access, sandbox: Sandbox, order: TopUp
) -> None:
    """The balance was told before the money was gone; counted off, it would be a payment that nobody made."""
    before = sandbox.account(ALICE)["balance"]
    made = charged(hub, access, 1, 3 * CNY_1)
    with transaction(hub.engine) as session:
        session.get_one(Charge, made.id).settled_at = clock.now() + 2.5 * MINUTE
    sandbox.set_balance(ALICE, before)

    assert watched(hub, order, 2) == "open"


@pytest.mark.parametrize("untold", [{"upstream_order_id": None}, {"status": "unknown"}], ids=str)
def test_a_charge_that_ohmygpt_did_not_tell_of_is_not_counted_off(
    hub: Hub, access: Access, sandbox: Sandbox, order: TopUp, untold: dict[str, Any]
) -> None:
    """Settled by a balance, by an operator, or not at all: it may be nothing, and must not make a rise."""
    before = sandbox.account(ALICE)["balance"]
    made = charged(hub, access, 1, 3 * CNY_1)
    with transaction(hub.engine) as session:
        for name, value in untold.items():
            setattr(session.get_one(Charge, made.id), name, value)
    sandbox.set_balance(ALICE, before)  # it was never taken

    assert watched(hub, order, 2) == "open"


def unknown_of(amount: int) -> Callable[[Hub, Access, Sandbox, TopUp], None]:
    """Return how a charge without an answer takes this much."""

    def take(hub: Hub, access: Access, sandbox: Sandbox, _order: TopUp) -> None:
        make_unknown(hub, access, sandbox, amount=amount, idempotency_key="lost")

    return take


def called_for(cost: int | None, status: int = 200) -> Callable[[Hub, Access, Sandbox, TopUp], None]:
    """Return how AI calls of this cost go through the relay."""

    def call(hub: Hub, access: Access, _sandbox: Sandbox, _order: TopUp) -> None:
        with transaction(hub.engine) as session:
            session.add(make_usage(access, estimated_cost=cost, status=status))

    return call


def paid_in_part(_hub: Hub, _access: Access, sandbox: Sandbox, _order: TopUp) -> None:
    """Something elsewhere took most of what the payment brought."""
    units = float(sandbox.account(ALICE)["balance"]) + 20_000
    sandbox.set_balance(ALICE, f"{units:.2f}")


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        pytest.param(unknown_of(CNY_1), "perhaps_paid", id="a lost charge of as much"),
        pytest.param(unknown_of(CNY_1 - 1), None, id="a lost charge of less"),
        pytest.param(called_for(CNY_1), "perhaps_paid", id="calls for as much"),
        pytest.param(called_for(CNY_1 - 1), None, id="calls for less"),
        pytest.param(called_for(None), "perhaps_paid", id="a call without a price"),
        pytest.param(called_for(None, status=402), None, id="a call that was refused"),
        pytest.param(paid_in_part, "perhaps_paid", id="a rise that pays nothing"),
    ],
)
def test_what_may_hide_a_payment_is_not_silently_expired(
    hub: Hub, access: Access, sandbox: Sandbox, order: TopUp, happens: Callable[..., None], why: str | None
) -> None:
    """So much was spent between two looks that a payment would not show, or a rise was seen that pays nothing."""
    happens(hub, access, sandbox, order)
    assert watched(hub, order, 0.5) == "open"

    assert ended(hub, order) == ("expired", why)


def test_what_nobody_saw_is_not_silently_expired(hub: Hub, order: TopUp) -> None:
    """If the balance could not be looked at towards the end, the order may have been paid then."""
    assert ended(hub, order, is_seen=False) == ("expired", "perhaps_paid")


def test_somebody_must_look_at_it(hub: Hub, order: TopUp, caplog: pytest.LogCaptureFixture) -> None:
    """An alarm, and a difference that stays until an operator closes it with a reason, and then does not come back."""
    ended(hub, order, is_seen=False)
    assert f"alarm: the top-up {order.id} expired" in caplog.text
    assert [look(hub), look(hub)] == [{PERHAPS}, {PERHAPS}]
    with transaction(hub.engine) as session:
        found = session.scalars(select(Difference)).one()
        assert found.subject == order.id
        close_difference(session, Closing(item_id=found.id, operator="admin@example.com", reason="asked the user"))

    assert look(hub) == set()


def test_the_partner_is_told_that_it_is_not_sure(hub: Hub, order: TopUp) -> None:
    """The event of the end says why, too."""
    ended(hub, order, is_seen=False)

    with reading(hub.engine) as session:
        told = session.scalars(select(Event).where(Event.type == "top_up.expired")).one()
    assert told.data["failure_code"] == "perhaps_paid"


def test_an_invoice_is_watched_for_a_week(hub: Hub, access: Access, sandbox: Sandbox, alice: Person) -> None:
    """Its page does not close after a day, so the hub does not give it up then."""
    invoice = opened(hub, access, kind=TopUpKind.INVOICE)
    assert ended(hub, invoice) == ("open", None)
    sandbox.pay(invoice.url or "")
    assert watched(hub, invoice, 3 * 24 * 60) == "paid"

    other = opened(hub, access, kind=TopUpKind.INVOICE, idempotency_key="top-2")
    assert ended(hub, other, life=INVOICE_LIFE) == ("expired", None)
    assert alice.user_id == other.user_id
