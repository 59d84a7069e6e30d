"""Automatic top-ups: when the wallet is low, once at a time, up to the ceiling, and only with a card that pays."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import AutoTopUp, StripeCustomer, TopUp
from oauth_app.services.auto_top_up import (
    AutoTopUpWish,
    InvalidAutoTopUpError,
    NoCardError,
    agree,
    list_standing_orders,
    stop,
    top_up_if_low,
    top_up_low_wallets,
)
from oauth_app.services.stripe_events import is_about_orders, take_event
from oauth_app.services.stripe_polling import poll_stripe_orders, sweep_stripe
from tests.fixtures.hub import Person, Sandbox, make_person
from tests.services.stripe_orders import Stripe, check_books, cleared, events_of, opened, wallet

PATH = "/stripe/v1/payment_intents"
_LATER = timedelta(minutes=2)


def keep_card(hub: Hub, user_id: str, stripe: Stripe) -> str:
    """Let the user pay 1.00 USD in, and keep the card; return it."""
    stripe.press(opened(hub, user_id, amount=1_00, keep_card=True), "pay")
    poll_stripe_orders(hub)
    with reading(hub.engine) as session:
        card = session.scalars(select(StripeCustomer.payment_method_id)).one()
    assert card is not None
    return card


def set_up(hub: Hub, user_id: str, **wishes: int) -> None:
    """Agree to add 10.00 USD whenever there are less than 5.00, up to 30.00 a month."""
    known = {"threshold": 5_00, "amount": 10_00, "monthly_ceiling": 30_00}
    with transaction(hub.engine) as session:
        agree(session, AutoTopUpWish(user_id=user_id, asset="USD", **(known | wishes)), livemode=False)


def automatic(hub: Hub) -> list[TopUp]:
    """Return the top-ups that a card on file was to pay, oldest first."""
    with reading(hub.engine) as session:
        return list(session.scalars(select(TopUp).where(TopUp.kind == "saved_card").order_by(TopUp.id)))


def standing(hub: Hub) -> AutoTopUp:
    """Return the one standing order."""
    with reading(hub.engine) as session:
        return session.scalars(select(AutoTopUp)).one()


@pytest.fixture
def card(hub: Hub, alice: Person, stripe: Stripe) -> str:
    """Alice's card, kept; she has 1.00 USD and a standing order."""
    card = keep_card(hub, alice.user_id, stripe)
    set_up(hub, alice.user_id)
    return card


@pytest.mark.usefixtures("card")
def test_a_low_wallet_is_filled(hub: Hub, alice: Person) -> None:
    """Below the threshold the card pays, at once; above it, no more."""
    assert [top_up_low_wallets(hub) for _ in range(3)] == [1, 0, 0]
    assert (wallet(hub, alice.user_id), cleared(hub), standing(hub).top_up_id) == (11_00, 11_00, None)
    check_books(hub)


def test_a_card_that_was_not_kept_is_not_charged(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """A payment alone allows nothing: without a kept card there is no standing order."""
    stripe.press(opened(hub, alice.user_id), "pay")
    poll_stripe_orders(hub)
    with pytest.raises(NoCardError):
        set_up(hub, alice.user_id)


@pytest.mark.parametrize("code", ["card_declined", "authentication_required"])
def test_a_declined_card_stops_the_order(hub: Hub, alice: Person, stripe: Stripe, card: str, code: str) -> None:
    """The bank says no: nothing is credited, and nothing is tried again until the user says so."""
    stripe.refuse_card(card, code)
    assert [top_up_low_wallets(hub) for _ in range(2)] == [1, 0]
    assert [(one.status, one.failure_code) for one in automatic(hub)] == [("failed", code)]
    assert (standing(hub).stopped_reason, standing(hub).top_up_id, wallet(hub, alice.user_id)) == (code, None, 1_00)

    stripe.refuse_card(card, "accepted")
    set_up(hub, alice.user_id)
    assert top_up_low_wallets(hub) == 1
    assert wallet(hub, alice.user_id) == 11_00


def test_the_ceiling_of_the_month_holds(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """What the card has paid this month and would pay now is never more than agreed; next month begins anew."""
    keep_card(hub, alice.user_id, stripe)
    set_up(hub, alice.user_id, threshold=900_00)
    for _ in range(5):
        top_up_low_wallets(hub)
    assert sum(one.amount for one in automatic(hub)) == 30_00
    with reading(hub.engine) as session:
        assert list_standing_orders(session, alice.user_id)[0].ceiling_is_reached
    with clock.moved(timedelta(days=32)):
        assert top_up_low_wallets(hub) == 1


def test_each_asset_has_a_ceiling_of_its_own(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """What was added in dollars this month leaves the ceiling in yuan as it is."""
    keep_card(hub, alice.user_id, stripe)
    set_up(hub, alice.user_id, monthly_ceiling=10_00)
    wish = AutoTopUpWish(user_id=alice.user_id, asset="CNY", threshold=5_00, amount=10_00, monthly_ceiling=10_00)
    with transaction(hub.engine) as session:
        agree(session, wish, livemode=False)
    assert [top_up_if_low(hub, alice.user_id, asset) is not None for asset in ("USD", "CNY", "CNY")] == [
        True,
        True,
        False,
    ]


@pytest.mark.usefixtures("card")
def test_stopping_stops(hub: Hub, alice: Person) -> None:
    """A user who stops the order is not charged any more."""
    with transaction(hub.engine) as session:
        stop(session, alice.user_id, "USD")
    assert top_up_low_wallets(hub) == 0
    assert top_up_if_low(hub, alice.user_id, "USD") is None


def test_a_disputed_user_is_not_charged(hub: Hub, alice: Person, stripe: Stripe) -> None:
    """While a bank takes money back, the hub takes none of the same card."""
    keep_card(hub, alice.user_id, stripe)
    with reading(hub.engine) as session:
        paid = session.scalars(select(TopUp)).one()
    stripe.dispute(str(paid.stripe_payment_intent_id))
    sweep_stripe(hub, clock.now() - timedelta(days=1))
    set_up(hub, alice.user_id)
    assert top_up_low_wallets(hub) == 0


@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "status"])
@pytest.mark.usefixtures("card")
def test_a_lost_answer_charges_the_card_once(hub: Hub, alice: Person, sandbox: Sandbox, fault: str) -> None:
    """Nobody knows whether the card paid: nothing else is begun, and asking again finds out."""
    sandbox.fail(PATH, fault)
    assert top_up_low_wallets(hub) == 1
    assert (automatic(hub)[0].status, top_up_low_wallets(hub)) == ("creating", 0)
    with clock.moved(_LATER):
        poll_stripe_orders(hub)
    assert (wallet(hub, alice.user_id), len(automatic(hub)), cleared(hub)) == (11_00, 1, 11_00)
    assert standing(hub).top_up_id is None
    check_books(hub)


@pytest.mark.usefixtures("card")
def test_an_event_tells_what_a_lost_answer_did_not(hub: Hub, alice: Person, sandbox: Sandbox, stripe: Stripe) -> None:
    """The payment bears our mark: its event is enough."""
    sandbox.fail(PATH, "reset_after")
    top_up_low_wallets(hub)
    for event in events_of(stripe):
        if is_about_orders(event):
            take_event(hub, event)
    assert (wallet(hub, alice.user_id), standing(hub).top_up_id) == (11_00, None)


def test_fifty_triggers_at_once_charge_once(hub: Hub, sandbox: Sandbox, stripe: Stripe, engine: Engine) -> None:
    """However many see the wallet low at one moment, one top-up is under way, and it is the only one."""
    there = replace(hub, engine=engine)
    user_id = make_person(there, sandbox, "alice@example.com").user_id
    keep_card(there, user_id, stripe)
    set_up(there, user_id)
    with ThreadPoolExecutor(25) as pool:
        begun = list(pool.map(lambda _: top_up_if_low(there, user_id, "USD"), range(50)))
    assert len([one for one in begun if one]) == 1
    assert (wallet(there, user_id), len(automatic(there))) == (11_00, 1)
    check_books(there)


@pytest.mark.parametrize(
    "wishes", [{"amount": 99}, {"monthly_ceiling": 9_99}, {"threshold": -1}, {"monthly_ceiling": 10_000_001}], ids=str
)
def test_amounts_that_make_no_sense_are_refused(wishes: dict[str, int]) -> None:
    """At least 1.00, at most the ceiling, and no more than an order may be."""
    known = {"threshold": 5_00, "amount": 10_00, "monthly_ceiling": 30_00}
    with pytest.raises(InvalidAutoTopUpError):
        AutoTopUpWish(user_id="usr_1", asset="USD", **(known | wishes))


def test_a_card_that_is_being_charged_is_not_exchanged(hub: Hub, alice: Person, sandbox: Sandbox, card: str) -> None:
    """Agreed anew on another card while the old one is asked: the question is repeated as it was."""
    sandbox.fail(PATH, "reset_after")
    assert top_up_low_wallets(hub) == 1
    with transaction(hub.engine) as session:
        session.execute(update(StripeCustomer).values(payment_method_id="pm_of_another_card"))
    set_up(hub, alice.user_id)

    assert (standing(hub).top_up_id is not None, standing(hub).payment_method_id) == (True, card)
    with clock.moved(_LATER):
        poll_stripe_orders(hub)
    assert (standing(hub).top_up_id, wallet(hub, alice.user_id)) == (None, 11_00)
