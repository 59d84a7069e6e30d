"""The wallet's page, and the page of an order: what Stripe says, never what the browser was told."""

from datetime import timedelta

import pytest
import requests
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.models import AutoTopUp, TopUp
from oauth_app.services.auto_top_up import top_up_low_wallets
from oauth_app.services.stripe_polling import poll_stripe_orders, sweep_stripe
from tests.fixtures.hub import Sandbox
from tests.fixtures.live import Browser, LiveHub
from tests.services.stripe_orders import Stripe

ALICE = "alice@example.com"


@pytest.fixture
def stripe(sandbox: Sandbox) -> Stripe:
    """The operator's Stripe."""
    return Stripe(sandbox)


def only_order(live: LiveHub) -> TopUp:
    """Return the one order there is."""
    with reading(live.hub.engine) as session:
        return session.scalars(select(TopUp)).one()


def order_by(browser: Browser, kind: str = "checkout", **values: str) -> requests.Response:
    """Order 20.00 USD."""
    wishes = {"amount": "20.00", "kind": kind, "asset": "USD"} | values
    return browser.submit(browser.get("/account/wallet"), "amount", "kind", **wishes)


@pytest.mark.parametrize("kind", ["checkout", "invoice"])
def test_the_form_leads_to_the_payment_page(browser: Browser, live_hub: LiveHub, kind: str) -> None:
    """The order is written, then the browser is sent to Stripe."""
    browser.sign_in(ALICE)
    answer = order_by(browser, kind)
    order = only_order(live_hub)
    assert (answer.status_code, answer.headers["Location"]) == (302, order.url)
    assert (order.provider, order.kind, order.amount, order.asset) == ("stripe", kind, 20_00, "USD")


@pytest.mark.parametrize("amount", ["", "0.99", "-5", "1e3", "100000.01", "abc"])
def test_an_amount_that_is_none_is_asked_for_again(browser: Browser, amount: str) -> None:
    """The page says what is wrong, and opens nothing."""
    browser.sign_in(ALICE)
    answer = order_by(browser, amount=amount)
    assert (answer.status_code, "An amount from" in answer.text) == (422, True)


def test_the_page_of_an_order_shows_what_stripe_says(browser: Browser, live_hub: LiveHub, stripe: Stripe) -> None:
    """Coming back from the payment page proves nothing; each state is told as Stripe has it."""
    browser.sign_in(ALICE)
    order_by(browser)
    order = only_order(live_hub)
    page = f"/account/top-ups/{order.id}"

    assert "Stripe has no payment for it yet" in browser.get(f"{page}?paid=1").text
    stripe.press(order, "later")
    assert "Your bank has been asked" in browser.get(page).text
    stripe.press(order, "arrive")
    assert "The money is in your wallet." in browser.get(page).text
    assert "20.00 USD" in browser.get("/account/wallet").text
    dispute = stripe.dispute(stripe.intent_of(order))
    sweep_stripe(live_hub.hub, clock.now() - timedelta(days=1))
    assert "Your bank has taken the payment back" in browser.get(page).text
    assert "Nothing can be paid from your wallet" in browser.get("/account/wallet").text
    stripe.decide(dispute, "lost")
    assert "The money went back" in browser.get(page).text


def test_an_order_that_bounced_says_so(browser: Browser, live_hub: LiveHub, stripe: Stripe) -> None:
    """The bank did not pay: nothing was taken."""
    browser.sign_in(ALICE)
    order_by(browser)
    stripe.press(only_order(live_hub), "later", "bounce")
    assert "The payment did not succeed" in browser.get(f"/account/top-ups/{only_order(live_hub).id}").text


def test_somebody_elses_order_is_not_shown(browser: Browser, live_hub: LiveHub) -> None:
    """An order's page is its owner's."""
    browser.sign_in(ALICE)
    order_by(browser)
    other = Browser(url=live_hub.url)
    other.sign_in("bob@example.com")
    assert other.get(f"/account/top-ups/{only_order(live_hub).id}").status_code == 404


def test_automatic_top_ups_are_set_up_and_stopped(browser: Browser, live_hub: LiveHub, stripe: Stripe) -> None:
    """First a card is kept with a payment, then the user says when it pays; a refused card is told of."""
    browser.sign_in(ALICE)
    assert "let the card be kept" in browser.get("/account/wallet").text
    order_by(browser, keep_card="yes")
    stripe.press(only_order(live_hub), "pay")
    poll_stripe_orders(live_hub.hub)

    page = browser.get("/account/wallet")
    terms = {"asset": "USD", "threshold": "30.00", "amount": "10.00", "monthly_ceiling": "5.00"}
    assert browser.submit(page, "threshold", "monthly_ceiling", **terms).status_code == 422
    browser.submit(page, "threshold", "monthly_ceiling", **(terms | {"monthly_ceiling": "50.00"}))
    with reading(live_hub.hub.engine) as session:
        card = session.scalars(select(AutoTopUp.payment_method_id)).one()
    stripe.refuse_card(card)
    top_up_low_wallets(live_hub.hub)
    assert "the bank declined the card" in browser.get("/account/wallet").text

    browser.submit(page, "threshold", "monthly_ceiling", **(terms | {"monthly_ceiling": "50.00", "threshold": "1.00"}))
    answer = browser.http.post(
        f"{live_hub.url}/account/wallet/automatic/stop", data=stop_form(browser), timeout=10, allow_redirects=False
    )
    assert answer.status_code == 302
    assert "You have stopped it." in browser.get("/account/wallet").text


def stop_form(browser: Browser) -> dict[str, str]:
    """Return the fields of the form that stops the order in USD."""
    text = browser.get("/account/wallet").text
    token = text.split('name="csrf_token" value="')[1].split('"')[0]
    return {"csrf_token": token, "asset": "USD"}
