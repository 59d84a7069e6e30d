"""Cards that are kept with a payment, and charged while their owner is away."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe_double.shop import Shop

KEEP = {"payment_intent_data": {"setup_future_usage": "off_session"}}


@pytest.fixture
def customer(shop: Shop) -> str:
    """Somebody who pays."""
    return str(shop.stripe.v1.customers.create({"email": "ada@example.com"}).id)


@pytest.fixture
def card(shop: Shop, customer: str) -> str:
    """Her card, kept with a first payment."""
    return str(shop.paid(customer=customer, **KEEP).payment_method)


def charge(shop: Shop, customer: str, card: str, **changes: object) -> Any:  # noqa: ANN401 - a StripeObject
    """Charge 5.00 USD while nobody is there."""
    order: Any = {"amount": 500, "currency": "usd", "customer": customer, "payment_method": card, "confirm": True}
    return shop.stripe.v1.payment_intents.create({**order, "off_session": True, **changes})


def test_a_card_is_kept_when_the_session_says_so(shop: Shop, customer: str, card: str) -> None:
    """It stands among the customer's payment methods, and an event tells."""
    kept = shop.stripe.v1.customers.payment_methods.list(customer).data
    assert [(method.id, method.type, method.customer) for method in kept] == [(card, "card", customer)]
    assert shop.stripe.v1.payment_methods.retrieve(card).card.last4 == "4242"
    assert "payment_method.attached" in shop.event_types()


def test_a_card_is_not_kept_unless_the_session_says_so(shop: Shop, customer: str) -> None:
    """A payment alone keeps nothing."""
    shop.paid(customer=customer)
    assert shop.stripe.v1.customers.payment_methods.list(customer).data == []


def test_keeping_a_card_makes_a_customer(shop: Shop) -> None:
    """A card belongs to somebody: a guest becomes a customer."""
    assert shop.paid(**KEEP).customer.startswith("cus_")


def test_a_kept_card_pays_while_its_owner_is_away(shop: Shop, customer: str, card: str) -> None:
    """The intent has succeeded at once, with the caller's metadata."""
    intent = charge(shop, customer, card, metadata={"order": "7"})
    assert (intent.status, intent.amount_received, intent.payment_method) == ("succeeded", 500, card)
    assert intent.metadata["order"] == "7"
    assert shop.event_types()[-1] == "payment_intent.succeeded"


@pytest.mark.parametrize("code", ["card_declined", "authentication_required"])
def test_a_card_may_be_refused_later(shop: Shop, customer: str, card: str, code: str) -> None:
    """A control says what the bank answers from now on; the intent is there, unpaid."""
    shop.control(f"payment-methods/{card}", {"outcome": code}).raise_for_status()
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            charge(shop, customer, card)
        assert (refused.value.http_status, refused.value.code) == (402, code)
    failed = shop.stripe.v1.payment_intents.list({"customer": customer}).data[0]
    assert (failed.status, failed.amount_received) == ("requires_payment_method", 0)
    assert shop.event_types()[-1] == "payment_intent.payment_failed"


def test_a_card_of_somebody_else_is_refused(shop: Shop, card: str) -> None:
    """A kept card pays for its own customer only."""
    other = str(shop.stripe.v1.customers.create({}).id)
    with pytest.raises(stripe.InvalidRequestError, match="does not belong"):
        charge(shop, other, card)


@pytest.mark.parametrize("left_out", ["confirm", "off_session"])
def test_only_payments_off_session_are_emulated(shop: Shop, customer: str, card: str, left_out: str) -> None:
    """An intent for a browser is refused by name instead of half-done."""
    with pytest.raises(stripe.InvalidRequestError, match=left_out):
        charge(shop, customer, card, **{left_out: False})
