"""The whole journey in a real browser: from the button in a shop to the bill, as each of the people involved."""

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.demo import Demo, Visitors, photograph

pytestmark = pytest.mark.browser
ALICE, BOB, CAROL, ADMIN = (f"{name}@example.com" for name in ("alice", "bob", "carol", "admin"))


def sign_in_at_sandbox(page: Page, email: str, *, decision: str = "approve") -> None:
    """Sign in at the sandbox's page, and decide about the hub."""
    page.fill("#email", email)
    page.fill("#password", "sandbox")
    page.click("button.primary")
    page.click(f"button[name=decision][value={decision}]")


def log_in(page: Page, demo: Demo, email: str) -> None:
    """Go the whole way from the shop's button back to the shop."""
    page.goto(demo.partner)
    page.get_by_role("button", name="Login with OhMyGPT").click()
    sign_in_at_sandbox(page, email)
    agree = page.get_by_role("button", name="Agree")
    expect(agree.or_(page.get_by_test_id("who"))).to_be_visible()
    if agree.is_visible():  # who has agreed before is not asked again
        agree.click()
    expect(page.get_by_test_id("who")).to_contain_text(email)


def shop_balance(page: Page) -> Decimal:
    """Return the balance in CNY that the shop shows."""
    return Decimal(page.get_by_test_id("balance").inner_text().removesuffix(" CNY").replace(",", ""))


def test_alice_signs_in_and_buys(demo: Demo, visitors: Visitors) -> None:
    """Sign-in, consent in words and money, one click, and the balance falls by exactly 1.00 CNY."""
    page = visitors.visit()
    page.goto(demo.partner)
    photograph(page, "01-shop-front")
    page.get_by_role("button", name="Login with OhMyGPT").click()
    photograph(page, "02-sandbox-sign-in")
    sign_in_at_sandbox(page, ALICE)
    page.wait_for_url(f"{demo.hub}/oauth/authorize?**")
    for words in ("Charge you", "At most, a purchase", "Use AI models at your expense", ALICE):
        expect(page.locator("main")).to_contain_text(words)
    photograph(page, "03-consent")
    page.get_by_role("button", name="Agree").click()
    expect(page.get_by_test_id("who")).to_have_text(f"alice · {ALICE}")
    photograph(page, "04-shop")
    before = shop_balance(page)
    page.get_by_role("button", name="Buy for 1.00 CNY").click()
    expect(page.get_by_test_id("charge")).to_contain_text("ch_")
    photograph(page, "05-bought")
    page.get_by_role("link", name="Back to the shop").click()
    assert before - shop_balance(page) == Decimal("1.00")


def test_two_presses_are_one_purchase(demo: Demo, visitors: Visitors) -> None:
    """A double click, and then a reload of the answer, take the money once."""
    page = visitors.visit()
    log_in(page, demo, CAROL)
    before = shop_balance(page)
    page.get_by_role("button", name="Buy for 1.00 CNY").dblclick(no_wait_after=True)
    page.wait_for_load_state("networkidle")
    page.reload()
    page.goto(demo.partner)
    assert before - shop_balance(page) == Decimal("1.00")


def test_alice_chats_at_her_own_expense(demo: Demo, visitors: Visitors) -> None:
    """The answer streams in, word by word, and her balance pays for it."""
    page = visitors.visit()
    log_in(page, demo, ALICE)
    page.fill("#question", "[[words=40]] Tell me about the sea")
    page.get_by_role("button", name="Ask the model").click()
    answer = page.locator("#answer")
    expect(answer).to_have_class("busy")
    page.wait_for_function("document.getElementById('answer').textContent.length > 20")
    early = len(answer.inner_text())
    expect(answer).to_have_class("done")
    photograph(page, "06-chat")
    assert early < len(answer.inner_text())
    page.goto(f"{demo.hub}/account")
    expect(page.locator("main")).to_contain_text("AI calls")


@pytest.mark.parametrize("kind", ["Top up 20 CNY", "By invoice"])
def test_bob_tops_up_in_the_shop(demo: Demo, visitors: Visitors, kind: str) -> None:
    """A Checkout and an Invoice order are paid on the payment page, and the money arrives."""
    page = visitors.visit()
    log_in(page, demo, BOB)
    before = shop_balance(page)
    page.get_by_role("button", name=kind).click()
    photograph(page, f"07-payment-{'invoice' if 'invoice' in kind else 'checkout'}")
    page.get_by_role("button", name="Pay").first.click()
    page.wait_for_load_state("networkidle")
    photograph(page, f"08-paid-{'invoice' if 'invoice' in kind else 'checkout'}")
    page.goto(demo.partner)
    assert shop_balance(page) - before == Decimal("20.00")


def test_who_has_nothing_is_sent_to_top_up(demo: Demo, visitors: Visitors) -> None:
    """Without money the purchase is refused, and the link leads to the hub's top-up page and to the money."""
    page = visitors.visit()
    log_in(page, demo, ADMIN)
    page.get_by_role("button", name="Buy for 1.00 CNY").click()
    expect(page.locator("h1")).to_have_text("Not enough money")
    photograph(page, "09-not-enough-money")
    page.get_by_test_id("top-up-link").click()
    photograph(page, "10-top-up")
    page.fill("#amount", "5.00")
    page.get_by_role("button", name="Pay now").click()
    page.get_by_role("button", name="Pay").first.click()
    expect(page.locator("main")).to_contain_text("The money has arrived")
    photograph(page, "11-top-up-paid")
    page.get_by_role("link", name="Account").first.click()
    expect(page.get_by_test_id("balance")).to_have_text("5.00 CNY")


def test_bob_sees_and_disconnects_the_shop(demo: Demo, visitors: Visitors) -> None:
    """The account page shows the site and its cost; after disconnecting, the shop is out at once."""
    page = visitors.visit()
    log_in(page, demo, BOB)
    page.goto(f"{demo.hub}/account")
    expect(page.locator("main")).to_contain_text("It may")
    photograph(page, "12-account")
    page.get_by_role("link", name="Disconnect").click()
    photograph(page, "13-disconnect")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.locator("main")).to_contain_text("No site is connected")
    page.goto(demo.partner)
    expect(page.locator("h1")).to_have_text("You are disconnected")


def test_the_operator_sees_everything(demo: Demo, visitors: Visitors) -> None:
    """Users, partners, charges, top-ups and calls stand on the operator's pages."""
    page = visitors.visit()
    page.goto(f"{demo.hub}/admin")
    sign_in_at_sandbox(page, ADMIN)
    expect(page.locator("main")).to_contain_text("Books")
    photograph(page, "14-admin")
    for name in ("Users", "Partners", "Charges", "Top-ups", "AI calls"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("table")).to_be_visible()
        photograph(page, f"15-admin-{name.lower().replace(' ', '-')}")


def test_saying_no_is_possible_on_both_sides(demo: Demo, visitors: Visitors) -> None:
    """Denying at OhMyGPT, or at the hub, leads back to a shop that knows nothing."""
    page = visitors.visit()
    page.goto(demo.partner)
    page.get_by_role("button", name="Login with OhMyGPT").click()
    sign_in_at_sandbox(page, CAROL, decision="deny")
    photograph(page, "16-denied-at-provider")
    page.get_by_role("link", name="Back to the site").click()
    expect(page.locator("h1")).to_have_text("You are not signed in")


def test_it_speaks_chinese_on_a_phone(demo: Demo, visitors: Visitors) -> None:
    """With a Chinese browser of a phone's size, every page is Chinese and none is wider than the screen."""
    page = visitors.visit(locale="zh-CN", viewport={"width": 390, "height": 844})
    page.goto(demo.hub)
    expect(page.locator("h1")).to_contain_text("一个 OhMyGPT 账户")
    photograph(page, "20-zh-home")
    page.goto(f"{demo.hub}/account")
    sign_in_at_sandbox(page, ALICE)
    for path in ("/account", "/account/top-up", "/nowhere"):
        page.goto(demo.hub + path)
        photograph(page, f"21-zh{path.replace('/', '-')}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_pages_need_no_javascript(demo: Demo, visitors: Visitors) -> None:
    """With JavaScript switched off the journey works all the same."""
    page = visitors.visit(java_script_enabled=False, color_scheme="dark")
    page.goto(demo.hub)
    page.get_by_role("link", name="Sign in with OhMyGPT").click()
    sign_in_at_sandbox(page, CAROL)
    expect(page.get_by_test_id("balance")).to_contain_text("CNY")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("navigation").get_by_role("link", name="Sign in")).to_be_visible()
