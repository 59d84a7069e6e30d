"""What is booked of an answer of Stripe's: only what is ours in every detail, and only money that is there."""

from typing import Any

import pytest

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.ledger import AccountName, Movement, TransferKind, TransferWish, record_transfer
from oauth_app.models import TopUp
from oauth_app.payments import OrderKind, OrderStatus, PaymentFacts
from oauth_app.services.stripe_booking import Outcome, apply_order_state, apply_payment_facts
from oauth_app.services.stripe_events import take_event
from oauth_app.services.stripe_opening import open_at_stripe
from oauth_app.services.top_up_errors import TopUpUnclearError
from oauth_app.services.top_up_wishes import TopUpKind
from oauth_app.services.wallet_freeze import is_frozen
from tests.fixtures.hub import Person
from tests.services.books import only_top_up
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


def told(hub: Hub, top_up: TopUp, **changes: Any) -> Outcome:  # noqa: ANN401 - any field
    """Apply what Stripe says: the order is paid, but for the changes."""
    with transaction(hub.engine) as session:
        return apply_order_state(session, state_of(top_up, **changes), livemode=False)


def became(hub: Hub, top_up: TopUp, *, refunded: int = 0, disputed: int = 0, is_open: bool = False) -> Outcome:
    """Apply what became of the money."""
    facts = PaymentFacts(
        payment_intent_id=f"pi_{top_up.id}",
        received=top_up.amount,
        refunded=refunded,
        disputed=disputed,
        dispute_is_open=is_open,
        top_up_id=top_up.id,
    )
    with transaction(hub.engine) as session:
        return apply_payment_facts(session, facts)


def spend(hub: Hub, user_id: str, amount: int) -> None:
    """Let a shop take money from the wallet."""
    movement = Movement(
        source=AccountName.wallet(user_id, "USD"), destination=AccountName.earnings("ptn_1", "USD"), amount=amount
    )
    wish = TransferWish(kind=TransferKind.CHARGE, reference=f"ch_{amount}", movements=(movement,))
    with transaction(hub.engine) as session:
        record_transfer(session, wish)


@pytest.fixture
def order(hub: Hub, alice: Person) -> TopUp:
    """Alice's order of 12.00 USD, open."""
    return opened(hub, alice.user_id)


def test_what_is_paid_is_credited_once(hub: Hub, alice: Person, order: TopUp) -> None:
    """The second time Stripe says so, nothing moves."""
    assert (told(hub, order), told(hub, order)) == (Outcome.CREDITED, Outcome.UNCHANGED)
    assert (wallet(hub, alice.user_id), cleared(hub)) == (12_00, 12_00)
    check_books(hub)


@pytest.mark.parametrize("status", [status for status in OrderStatus if status is not OrderStatus.PAID])
def test_only_paid_is_money(hub: Hub, alice: Person, order: TopUp, status: OrderStatus) -> None:
    """Complete, under way, expired: none of it is money."""
    told(hub, order, status=status)
    assert wallet(hub, alice.user_id) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 11_99},
        {"amount": 12_01},
        {"asset": "CNY"},
        {"livemode": True},
        {"kind": OrderKind.INVOICE},
        {"order_id": "cs_another"},
    ],
    ids=str,
)
def test_an_order_that_does_not_fit_credits_nothing(
    hub: Hub, alice: Person, order: TopUp, changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Another amount, currency, mode, kind or session under our order's name is an alarm, and no money."""
    assert told(hub, order, **changes) is Outcome.MISMATCH
    assert Outcome.MISMATCH.needs_look
    assert (wallet(hub, alice.user_id), row_of(hub, order.id).status) == (0, "open")
    assert "alarm: Stripe's" in caplog.text


def test_an_invoice_that_is_being_written_is_no_alarm(hub: Hub, order: TopUp) -> None:
    """Stripe tells of it before there is an amount on it, and nothing follows from that; sent, it must fit."""
    assert told(hub, order, status=OrderStatus.DRAFT, amount=0) == Outcome.UNCHANGED
    assert row_of(hub, order.id).status == "open"
    assert told(hub, order, status=OrderStatus.OPEN, amount=0) == Outcome.MISMATCH


def test_a_name_that_nobody_knows_is_an_alarm(hub: Hub, order: TopUp) -> None:
    """Our mark on an order that is not here: somebody may have paid."""
    assert told(hub, order, top_up_id="top_unknown") is Outcome.UNKNOWN_ORDER
    assert Outcome.UNKNOWN_ORDER.needs_look


def test_what_is_not_ours_is_left_alone(hub: Hub, order: TopUp) -> None:
    """The operator sells other things, too."""
    assert told(hub, order, top_up_id=None, order_id="cs_of_another_shop") is Outcome.FOREIGN
    assert not Outcome.FOREIGN.needs_look


def test_an_order_whose_mark_was_taken_off_is_known_by_its_id(hub: Hub, alice: Person, order: TopUp) -> None:
    """Somebody emptied the metadata in the dashboard: the session is ours all the same."""
    assert told(hub, order, top_up_id=None) is Outcome.CREDITED
    assert wallet(hub, alice.user_id) == 12_00


@pytest.mark.parametrize("given_up", [OrderStatus.EXPIRED, OrderStatus.FAILED])
def test_money_that_comes_after_all_counts(hub: Hub, alice: Person, order: TopUp, given_up: OrderStatus) -> None:
    """An order that was given up here and paid there is credited."""
    told(hub, order, status=given_up)
    assert told(hub, order) is Outcome.CREDITED
    assert (row_of(hub, order.id).status, wallet(hub, alice.user_id)) == ("paid", 12_00)


def test_money_that_was_spent_and_goes_back_is_owed(hub: Hub, alice: Person, order: TopUp) -> None:
    """What is there is taken, the rest is the user's debt, and nothing may be spent until it is paid."""
    told(hub, order)
    spend(hub, alice.user_id, 9_00)

    assert became(hub, order, refunded=12_00) is Outcome.OWED
    assert (wallet(hub, alice.user_id), owed(hub, alice.user_id), cleared(hub)) == (0, 9_00, 0)
    with reading(hub.engine) as session:
        assert is_frozen(session, alice.user_id)
        assert not is_frozen(session, "usr_of_somebody_else")
    check_books(hub)


def test_a_dispute_freezes_the_wallet_that_it_is_about(hub: Hub, alice: Person, order: TopUp) -> None:
    """Until it is decided; nobody else's."""
    told(hub, order)
    became(hub, order, disputed=12_00, is_open=True)

    with reading(hub.engine) as session:
        assert is_frozen(session, alice.user_id)
        assert not is_frozen(session, "usr_of_somebody_else")


@pytest.mark.parametrize(("top_up_id", "outcome"), [("top_0", Outcome.UNKNOWN_ORDER), (None, Outcome.FOREIGN)])
def test_money_that_went_back_of_an_order_nobody_knows(hub: Hub, top_up_id: str | None, outcome: Outcome) -> None:
    """One that bears our mark is looked at; one without is another program's at the same account."""
    facts = PaymentFacts(
        payment_intent_id="pi_0", received=1, refunded=1, disputed=0, dispute_is_open=False, top_up_id=top_up_id
    )
    with transaction(hub.engine) as session:
        assert apply_payment_facts(session, facts) is outcome


def test_the_next_top_up_pays_what_is_owed_first(hub: Hub, alice: Person, order: TopUp) -> None:
    """Then the wallet thaws."""
    told(hub, order)
    spend(hub, alice.user_id, 9_00)
    became(hub, order, refunded=12_00)
    told(hub, opened(hub, alice.user_id))

    assert (wallet(hub, alice.user_id), owed(hub, alice.user_id), cleared(hub)) == (3_00, 0, 12_00)
    with reading(hub.engine) as session:
        assert not is_frozen(session, alice.user_id)
    check_books(hub)


def test_a_payment_smaller_than_the_debt_pays_a_part_of_it(hub: Hub, alice: Person, order: TopUp) -> None:
    """All of it goes to the debt, and the wallet stays frozen."""
    told(hub, order)
    spend(hub, alice.user_id, 12_00)
    became(hub, order, refunded=12_00)
    told(hub, opened(hub, alice.user_id, amount=5_00))

    assert (wallet(hub, alice.user_id), owed(hub, alice.user_id), cleared(hub)) == (0, 7_00, 5_00)
    check_books(hub)


def test_a_dispute_that_is_won_after_the_money_was_spent_pays_the_debt(hub: Hub, alice: Person, order: TopUp) -> None:
    """What comes back pays what is owed, and the rest is in the wallet again."""
    told(hub, order)
    spend(hub, alice.user_id, 9_00)
    became(hub, order, disputed=12_00, is_open=True)
    assert became(hub, order) is Outcome.GIVEN_BACK
    assert (wallet(hub, alice.user_id), owed(hub, alice.user_id), row_of(hub, order.id).status) == (3_00, 0, "paid")
    check_books(hub)


def test_refunds_are_taken_back_by_the_difference(hub: Hub, alice: Person, order: TopUp) -> None:
    """Two partial refunds, one of which does not arrive: the wallet follows the sum."""
    told(hub, order)
    outcomes = [became(hub, order, refunded=sum_) for sum_ in (2_00, 5_00, 5_00, 3_00)]
    assert outcomes == [Outcome.REVERSED, Outcome.REVERSED, Outcome.UNCHANGED, Outcome.GIVEN_BACK]
    assert (wallet(hub, alice.user_id), row_of(hub, order.id).reversed) == (9_00, 3_00)
    check_books(hub)


def test_more_than_came_in_is_not_taken(hub: Hub, alice: Person, order: TopUp) -> None:
    """A refund and a dispute of the same money: no more is taken than there was, and the operator must look."""
    told(hub, order)
    assert became(hub, order, refunded=12_00, disputed=12_00) is Outcome.MISMATCH
    assert (wallet(hub, alice.user_id), owed(hub, alice.user_id)) == (0, 0)


def test_facts_about_money_that_was_not_credited_move_nothing(hub: Hub, alice: Person, order: TopUp) -> None:
    """What is not in the wallet cannot be taken out of it."""
    with transaction(hub.engine) as session:
        session.get_one(TopUp, order.id).stripe_payment_intent_id = f"pi_{order.id}"
    assert became(hub, order, refunded=12_00) is Outcome.UNCHANGED
    assert owed(hub, alice.user_id) == 0


def test_an_invoice_that_is_being_made_is_no_alarm(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """Stripe tells of an invoice before its amount is on it; nothing is wrong, and later it is paid and credited."""
    stripe.sandbox.fail("/stripe/v1/invoiceitems", "status", code=500)
    with pytest.raises(TopUpUnclearError):
        opened(hub, alice.user_id, kind=TopUpKind.INVOICE)
    outcomes = [take_event(hub, event) for event in events_of(stripe) if event.object_kind == "invoice"]

    assert (only_top_up(hub).status, outcomes, alarms(hub)) == ("creating", [Outcome.UNCHANGED], [])
    made = open_at_stripe(hub, only_top_up(hub).id)
    stripe.press(made, "pay")
    outcomes = [take_event(hub, event) for event in events_of(stripe) if event.object_kind == "invoice"]
    assert (outcomes.count(Outcome.CREDITED), wallet(hub, alice.user_id), alarms(hub)) == (1, 12_00, [])
