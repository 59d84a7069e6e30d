"""Whatever Stripe tells, in whatever order and however often: the books end as Stripe's."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from oauth_app.db import make_engine, reading, transaction
from oauth_app.hub import Hub
from oauth_app.payments import OrderStatus
from oauth_app.services.stripe_booking import apply_order_state
from oauth_app.services.stripe_events import is_about_orders, take_event
from oauth_app.services.top_up_wishes import TopUpKind
from oauth_app.services.wallet_freeze import is_frozen
from tests.fixtures.hub import Person
from tests.services.stripe_orders import (
    Stripe,
    alarms,
    check_books,
    cleared,
    events_of,
    opened,
    owed,
    row_of,
    state_of,
    wallet,
)

Life = Callable[[Stripe, str], None]


def nothing_more(_stripe: Stripe, _intent: str) -> None:
    """Let the money stay."""


def part_goes_back(stripe: Stripe, intent: str) -> None:
    """Refund 2.00, then 3.00."""
    stripe.refund(intent, 2_00)
    stripe.refund(intent, 3_00)


def all_goes_back(stripe: Stripe, intent: str) -> None:
    """Refund all."""
    stripe.refund(intent)


def dispute_is_open(stripe: Stripe, intent: str) -> None:
    """A bank takes it back."""
    stripe.dispute(intent)


def dispute_is_won(stripe: Stripe, intent: str) -> None:
    """A bank takes it back, and gives it back."""
    stripe.decide(stripe.dispute(intent), "won")


def dispute_is_lost(stripe: Stripe, intent: str) -> None:
    """A bank takes it back, and keeps it."""
    stripe.decide(stripe.dispute(intent), "lost")


#: What happens after the payment -> (status, what is left of 12.00).
LIVES: list[tuple[Life, str, int]] = [
    (nothing_more, "paid", 12_00),
    (part_goes_back, "paid", 7_00),
    (all_goes_back, "refunded", 0),
    (dispute_is_open, "disputed", 0),
    (dispute_is_won, "paid", 12_00),
    (dispute_is_lost, "refunded", 0),
]


@pytest.mark.parametrize("kind", list(TopUpKind))
@pytest.mark.parametrize(("life", "status", "left"), LIVES, ids=lambda value: getattr(value, "__name__", ""))
def test_events_in_any_order_end_in_the_same_books(
    hub: Hub, alice: Person, stripe: Stripe, kind: TopUpKind, life: Life, status: str, left: int
) -> None:
    """Backwards, then in halves: one credit, what went back is gone, and nothing is left to look at."""
    top_up = opened(hub, alice.user_id, kind=kind)
    stripe.press(top_up, "later", "arrive")
    life(stripe, stripe.intent_of(top_up))
    events = [event for event in events_of(stripe) if is_about_orders(event)]

    for event in [*reversed(events), *events[::2], *events[1::2]]:
        take_event(hub, event)

    assert (row_of(hub, top_up.id).status, wallet(hub, alice.user_id), cleared(hub)) == (status, left, left)
    with reading(hub.engine) as session:
        assert is_frozen(session, alice.user_id) is (status == "disputed")
    assert (owed(hub, alice.user_id), alarms(hub)) == (0, [])
    check_books(hub)


def test_every_order_of_a_life_ends_the_same(hub: Hub, alice: Person, stripe: Stripe, tmp_path: Path) -> None:
    """The events of a bank payment with a refund and a lost dispute, in all of their orders, and each twice."""
    top_up = opened(hub, alice.user_id)
    stripe.press(top_up, "later", "arrive")
    intent = stripe.intent_of(top_up)
    stripe.control(f"refunds/{stripe.refund(intent, 2_00)['id']}", {"outcome": "succeeded"})
    stripe.decide(stripe.dispute(intent, 10_00), "lost")
    types = {"checkout.session.completed", "checkout.session.async_payment_succeeded", "charge.refunded"}
    told = [event for event in events_of(stripe) if event.type in types | {"charge.dispute.closed"}]
    before = copied(hub, tmp_path / "before.db")

    for order in permutations(told):
        again = replace(hub, engine=make_engine(f"sqlite:///{copied_file(before, tmp_path / 'now.db')}"))
        for event in (*order, *order):
            take_event(again, event)
        assert (row_of(again, top_up.id).status, wallet(again, alice.user_id), cleared(again)) == ("refunded", 0, 0)
        check_books(again)
        again.engine.dispose()


#: All states that an order can be told to be in; a draft is none yet, and has no amount. What was paid elsewhere is
#: as what is under way (``test_stripe_states``).
_TOLD = [status for status in OrderStatus if status not in {OrderStatus.DRAFT, OrderStatus.PAID_ELSEWHERE}]


@pytest.mark.parametrize("order", list(permutations(_TOLD)), ids=str)
def test_answers_in_any_order_credit_what_was_paid(hub: Hub, alice: Person, order: tuple[OrderStatus, ...]) -> None:
    """Even if every state were told in every order: the one that is paid is credited, once, and nothing undoes it."""
    top_up = opened(hub, alice.user_id)
    for status in (*order, *order):
        with transaction(hub.engine) as session:
            apply_order_state(session, state_of(top_up, status=status), livemode=False)
    assert (row_of(hub, top_up.id).status, wallet(hub, alice.user_id)) == ("paid", 12_00)


def copied(hub: Hub, to: Path) -> Path:
    """Copy the database as it is."""
    with hub.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"VACUUM INTO '{to}'")
    return to


def copied_file(file: Path, to: Path) -> Path:
    """Copy a file over another, and forget what was beside that."""
    for beside in to.parent.glob(f"{to.name}-*"):
        beside.unlink()
    shutil.copy(file, to)
    return to
