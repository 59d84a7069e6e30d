"""Checkout sessions, their pages, and the events they cause."""

import pytest
import requests
import stripe

from oauth_app.sandbox import clock
from tests.sandbox.stripe_double.receiver import Receiver
from tests.sandbox.stripe_double.shop import CANCEL, Shop, press


def test_a_session_is_made_of_its_items(shop: Shop) -> None:
    """The sum, the address of the page and the items come from what was asked for."""
    session = shop.session(metadata={"order": "7"}, client_reference_id="u-1", expand=["line_items"])
    assert (session.amount_total, session.currency, session.status) == (20_00, "usd", "open")
    assert (session.payment_status, session.payment_intent, session.livemode) == ("unpaid", None, False)
    assert (session.metadata["order"], session.client_reference_id) == ("7", "u-1")
    assert [(item.quantity, item.price.unit_amount) for item in session.line_items.data] == [(2, 10_00)]
    assert session.id.startswith("cs_test_")
    assert session.url.startswith(f"{shop.url}/stripe/")


def test_paying_leads_back_and_settles(shop: Shop) -> None:
    """The person returns with the session's id; session, intent and charge agree."""
    session = shop.session(payment_intent_data={"metadata": {"order": "7"}})
    assert press(session.url, "pay").headers["location"].endswith(f"/done?session={session.id}")
    expand = ["payment_intent.latest_charge"]
    paid = shop.stripe.v1.checkout.sessions.retrieve(session.id, {"expand": expand})
    intent = paid.payment_intent
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert (intent.status, intent.amount_received, intent.metadata["order"]) == ("succeeded", 20_00, "7")
    assert (intent.latest_charge.paid, intent.latest_charge.amount_captured) == (True, 20_00)


def test_paying_twice_pays_once(shop: Shop) -> None:
    """A second press only leads back once more."""
    session = shop.session()
    first, second = (press(session.url, "pay").headers["location"] for _ in range(2))
    assert first == second
    assert len(shop.stripe.v1.charges.list().data) == 1


def test_a_declined_card_leaves_the_session_open(shop: Shop) -> None:
    """The page says why, and the next card pays through the same intent."""
    session = shop.session()
    press(session.url, "fail")
    assert "declined" in requests.get(session.url, timeout=10).text
    press(session.url, "pay")
    assert len(shop.stripe.v1.payment_intents.list().data) == 1
    assert [charge.status for charge in shop.stripe.v1.charges.list()] == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("button", "payment_status", "event"),
    [("arrive", "paid", "async_payment_succeeded"), ("bounce", "unpaid", "async_payment_failed")],
)
def test_a_later_payment_has_two_events(shop: Shop, button: str, payment_status: str, event: str) -> None:
    """The session is complete and unpaid until the bank has spoken."""
    session = shop.session()
    url = session.url
    assert "/done?" in press(url, "later").headers["location"]
    waiting = shop.stripe.v1.checkout.sessions.retrieve(session.id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    press(url, button)
    assert shop.stripe.v1.checkout.sessions.retrieve(session.id).payment_status == payment_status
    told = [name for name in shop.event_types() if name.startswith("checkout.")]
    assert told == ["checkout.session.completed", f"checkout.session.{event}"]


def test_a_control_ends_a_later_payment(shop: Shop) -> None:
    """A test needs no page to let the money arrive, and it can arrive but once."""
    intent = shop.paid("later")
    assert intent.status == "processing"
    assert shop.control(f"payments/{intent.id}", {"step": "arrive"}).json()["status"] == "succeeded"
    assert shop.control(f"payments/{intent.id}", {"step": "arrive"}).status_code == 400


def test_card_only_offers_no_later_payment(shop: Shop) -> None:
    """The page has only the methods that the session has."""
    session = shop.session(payment_method_types=["card"])
    press(session.url, "later")
    page = requests.get(session.url, timeout=10).text
    assert ("Pay by bank" in page, "Pay 20.00 USD" in page) == (False, True)


def test_an_expired_session_cannot_be_paid(shop: Shop) -> None:
    """After expiry the page has no buttons, and a press does nothing."""
    session = shop.session()
    shop.stripe.v1.checkout.sessions.expire(session.id)
    press(session.url, "pay")
    assert "expired" in requests.get(session.url, timeout=10).text
    assert shop.event_types() == ["checkout.session.expired"]
    with pytest.raises(stripe.InvalidRequestError, match="expired"):
        shop.stripe.v1.checkout.sessions.expire(session.id)


@pytest.mark.usefixtures("_true_time")
def test_a_session_expires_by_the_clock(shop: Shop, receiver: Receiver) -> None:
    """After a day its event comes without anybody looking at it, signed by the true time."""
    session = shop.session()
    clock.advance(86_401)
    assert receiver.wait(1) == ["checkout.session.expired"]
    assert shop.stripe.v1.checkout.sessions.retrieve(session.id).status == "expired"


def test_cancel_leads_back_and_changes_nothing(shop: Shop) -> None:
    """Leaving the page is a link, as on Stripe's."""
    session = shop.session()
    assert f'href="{CANCEL}"' in requests.get(session.url, timeout=10).text
    assert shop.event_types() == []


def test_a_payment_tells_its_story_in_order(shop: Shop, receiver: Receiver) -> None:
    """The events of a card payment arrive signed, with the objects as they were."""
    session = shop.session()
    press(session.url, "pay")
    assert receiver.wait(4) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    told = receiver.events()[-1]
    assert (told.data.object["id"], told.data.object["payment_status"]) == (session.id, "paid")
    assert (told.api_version, told.livemode) == ("2026-10-28.endive", False)


def test_sessions_are_found_by_customer_and_intent(shop: Shop) -> None:
    """From a payment intent one gets back to its session."""
    customer = shop.stripe.v1.customers.create({"email": "ada@example.com"})
    intent = shop.paid(customer=customer.id)
    shop.session()
    sessions = shop.stripe.v1.checkout.sessions
    assert [item.amount_total for item in sessions.list({"payment_intent": intent.id}).data] == [20_00]
    assert len(sessions.list({"customer": customer.id}).data) == 1
    assert intent.customer == customer.id


def test_a_guest_can_become_a_customer(shop: Shop) -> None:
    """With ``customer_creation`` a payment makes a customer of the address given."""
    intent = shop.paid(customer_creation="always", customer_email="bo@example.com")
    assert shop.stripe.v1.customers.retrieve(intent.customer).email == "bo@example.com"


def test_an_unknown_page_is_a_404(shop: Shop) -> None:
    """A guessed address and a button that does not exist show a page."""
    assert requests.get(f"{shop.url}/stripe/c/pay/cs_test_x", timeout=10).status_code == 404
    assert press(shop.session().url, "steal").status_code == 404
