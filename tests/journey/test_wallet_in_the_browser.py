"""Money by Stripe in a real browser: the order's page in its states, and a wallet that fills itself."""

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.demo import Demo, Visitors, photograph
from tests.journey.test_in_the_browser import CAROL, sign_in_at_sandbox

pytestmark = pytest.mark.browser


def open_order(page: Page, demo: Demo, *, keep_card: bool = False, by_invoice: bool = False) -> None:
    """Order 20.00 USD and go to the payment page."""
    page.goto(f"{demo.hub}/account/wallet")
    page.select_option("select[name=asset] >> nth=0", "USD")
    page.set_checked("input[name=keep_card]", keep_card)
    page.get_by_role("button", name="By invoice" if by_invoice else "Pay now").click()
    page.wait_for_url(f"{demo.sandbox}/stripe/**")


def press(page: Page, step: str) -> None:
    """Press a button of the payment page."""
    page.click(f"form[action$='/{step}'] button")


def test_carol_fills_her_wallet(demo: Demo, visitors: Visitors) -> None:
    """Pay and keep the card, see the money, set up automatic top-ups; a bank payment is on its way."""
    page = visitors.visit()
    page.goto(f"{demo.hub}/login")
    sign_in_at_sandbox(page, CAROL)
    open_order(page, demo, keep_card=True)
    press(page, "pay")
    expect(page.locator("main")).to_contain_text("The money is in your wallet.")
    photograph(page, "30-top-up-paid")

    page.goto(f"{demo.hub}/account/wallet")
    expect(page.get_by_test_id("wallet-USD")).to_have_text("20.00 USD")
    page.fill("#threshold", "30.00")
    page.get_by_role("button", name="I agree").click()
    expect(page.locator("main")).to_contain_text("Below 30.00 USD the card adds 10.00 USD, up to 50.00 USD a month.")
    for _ in range(20):
        page.goto(f"{demo.hub}/account/wallet")
        if "30.00 USD" in page.get_by_test_id("wallet-USD").inner_text():
            break
        page.wait_for_timeout(500)
    expect(page.get_by_test_id("wallet-USD")).to_have_text("30.00 USD")
    photograph(page, "31-wallet")

    open_order(page, demo)
    press(page, "later")
    expect(page.locator("main")).to_contain_text("Your bank has been asked")
    photograph(page, "32-top-up-processing")


def test_the_wallet_on_a_phone_at_night(demo: Demo, visitors: Visitors) -> None:
    """Without JavaScript, in 390 pixels: the wallet can be read, and an open invoice waits on its page."""
    page = visitors.visit(viewport={"width": 390, "height": 844}, color_scheme="dark", java_script_enabled=False)
    page.goto(f"{demo.hub}/login")
    sign_in_at_sandbox(page, "admin@example.com")
    open_order(page, demo, by_invoice=True)
    page.goto(f"{demo.hub}/account/wallet")
    photograph(page, "33-wallet-phone")
    page.goto(f"{demo.hub}/account")
    page.get_by_role("link", name="Show").first.click()
    expect(page.locator("main")).to_contain_text("Stripe has no payment for it yet")
    photograph(page, "34-top-up-open-phone")
