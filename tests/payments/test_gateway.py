"""Orders at Stripe: opened once, and read as they are."""

from datetime import UTC, datetime

import pytest
import requests

from oauth_app.payments import (
    OrderState,
    OrderStatus,
    PaymentsRefusedError,
    PaymentsUnavailableError,
    PaymentWish,
    StripeGateway,
)
from tests.fixtures.hub import Sandbox

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def press(url: str, button: str) -> None:
    """Press a button of a payment page."""
    requests.post(f"{url}/{button}", allow_redirects=False, timeout=10).raise_for_status()


def facts(state: OrderState) -> tuple[OrderStatus, int, str, str | None]:
    """Return what is booked by."""
    return state.status, state.amount, state.asset, state.top_up_id


def test_a_customer_is_made_once(gateway: StripeGateway) -> None:
    """Asked twice for the same user, Stripe has one customer."""
    assert gateway.make_customer("usr_1", "a@example.com") == gateway.make_customer("usr_1", "a@example.com")


def test_a_checkout_is_opened_once(gateway: StripeGateway, wish: PaymentWish) -> None:
    """A repeat after a lost answer finds the session that was made."""
    assert gateway.open_checkout(wish) == gateway.open_checkout(wish)


def test_an_invoice_is_opened_once(gateway: StripeGateway, wish: PaymentWish) -> None:
    """A repeat of the three calls that make an invoice makes no second one, and no second item."""
    first, second = gateway.open_invoice(wish), gateway.open_invoice(wish)
    assert first == second
    assert facts(gateway.invoice(first.order_id)) == (OrderStatus.OPEN, 12_34, "USD", "top_1")


@pytest.mark.parametrize(
    ("buttons", "status"),
    [
        ([], OrderStatus.OPEN),
        (["fail"], OrderStatus.OPEN),
        (["pay"], OrderStatus.PAID),
        (["later"], OrderStatus.PROCESSING),
        (["later", "arrive"], OrderStatus.PAID),
        (["later", "bounce"], OrderStatus.FAILED),
    ],
)
def test_a_checkout_is_paid_when_the_money_is_there(
    gateway: StripeGateway, wish: PaymentWish, buttons: list[str], status: OrderStatus
) -> None:
    """Complete is not paid: only money that has come is money."""
    opened = gateway.open_checkout(wish)
    for button in buttons:
        press(opened.url, button)
    assert facts(gateway.session(opened.order_id)) == (status, 12_34, "USD", "top_1")


def test_a_closed_checkout_has_expired(gateway: StripeGateway, wish: PaymentWish) -> None:
    """A session that the hub closed cannot be paid."""
    opened = gateway.open_checkout(wish)
    gateway.expire_checkout(opened.order_id)
    assert gateway.session(opened.order_id).status is OrderStatus.EXPIRED


def test_a_paid_invoice_names_its_payment(gateway: StripeGateway, wish: PaymentWish) -> None:
    """By the payment refunds and disputes are found later."""
    opened = gateway.open_invoice(wish)
    press(opened.url, "pay")
    state = gateway.invoice(opened.order_id)
    assert facts(state) == (OrderStatus.PAID, 12_34, "USD", "top_1")
    assert state.payment_intent_id is not None
    assert gateway.payment(state.payment_intent_id).received == 12_34


def test_money_that_went_back_is_seen(gateway: StripeGateway, wish: PaymentWish, sandbox: Sandbox) -> None:
    """A refund and a dispute of one payment are told apart; a dispute that was won has taken nothing."""
    opened = gateway.open_checkout(wish)
    press(opened.url, "pay")
    intent = str(gateway.session(opened.order_id).payment_intent_id)
    control = f"{sandbox.url}/_sandbox/stripe/disputes"
    dispute = requests.post(control, json={"payment_intent": intent}, timeout=10).json()
    during = gateway.payment(intent)
    requests.post(f"{control}/{dispute['id']}", json={"outcome": "won"}, timeout=10).raise_for_status()
    after = gateway.payment(intent)
    assert (during.disputed, during.dispute_is_open) == (12_34, True)
    assert (after.disputed, after.dispute_is_open, after.refunded) == (0, False, 0)


def test_events_can_be_asked_for(gateway: StripeGateway, wish: PaymentWish) -> None:
    """What a lost webhook would have told can be found out."""
    opened = gateway.open_checkout(wish)
    press(opened.url, "pay")
    seen = [event for event in gateway.events_since(EPOCH) if event.type == "checkout.session.completed"]
    assert [event.object_id for event in seen] == [opened.order_id]


def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    """Stripe's no is an error of ours, without its text."""
    gateway = StripeGateway("sk_test_wrong", api_base=f"{sandbox.url}/stripe")
    with pytest.raises(PaymentsRefusedError):
        gateway.make_customer("usr_1", "a@example.com")
    gateway.close()


def test_nobody_there_is_unavailable() -> None:
    """A connection that is refused is no answer."""
    gateway = StripeGateway("sk_test_wrong", api_base="http://127.0.0.1:9/stripe")
    with pytest.raises(PaymentsUnavailableError):
        gateway.make_customer("usr_1", "a@example.com")
    gateway.close()
