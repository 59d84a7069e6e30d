"""The button signs people in: by redirect, in a popup, in many tabs, and by the site's own route."""

import pytest
import requests
from playwright.sync_api import Page, StorageState

from oauth_app.web.developer_docs import integrity_of
from tests.button.conftest import ALICE, sign_in_at_ohmygpt
from tests.button.site import Site, heard
from tests.conftest import ROOT
from tests.fixtures.demo import Visitors

pytestmark = pytest.mark.browser
BUTTON = "ohmygpt-connect"
INTEGRITY = integrity_of(ROOT / "oauth_app/static/connect.js")


def test_a_page_signs_people_in(page: Page, site: Site) -> None:
    """The page hears who it is, and gets tokens that work."""
    site.show(page)
    page.locator(BUTTON).click()
    event = heard(page)
    bearer = {"Authorization": f"Bearer {event['tokens']['access_token']}"}
    person = requests.get(f"{site.live.url}/oauth/userinfo", headers=bearer, timeout=10).json()
    assert (event["name"], event["claims"]["iss"]) == ("ohmygpt-connect", site.live.url)
    assert (person["sub"], person["email"]) == (event["claims"]["sub"], ALICE)


@pytest.mark.parametrize("script", ["async", 'type="module"', f'integrity="{INTEGRITY}" crossorigin="anonymous"'])
def test_the_script_may_be_loaded_in_any_way(visitors: Visitors, site: Site, script: str) -> None:
    """As classic or module script, at once or later, pinned by a hash or not, it is there and knows the hub."""
    site.script = script
    page = visitors.visit()
    site.show(page)
    page.locator(BUTTON).click()
    page.wait_for_selector("#email")


def test_the_answer_leaves_no_trace(page: Page, site: Site) -> None:
    """No code stays in the address, and neither a token nor the attempt in the browser's storage."""
    site.show(page, query="?keep=this")
    page.evaluate("document.querySelector('ohmygpt-connect').setAttribute('redirect-uri', '/')")
    page.locator(BUTTON).click()
    heard(page)
    assert page.url == site.url
    assert page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [0, 0, ""]


def test_what_belongs_to_the_page_stays_in_its_address(page: Page, site: Site) -> None:
    """Only the answer's own parameters are taken out of the address."""
    site.show(page, query="?keep=this&error=access_denied&state=unknown#part")
    heard(page)
    assert page.url == f"{site.url}?keep=this#part"


def test_a_popup_signs_people_in(page: Page, site: Site) -> None:
    """In popup mode the page stays where it is, and the window is gone when it hears who it is."""
    site.show(page, attributes='mode="popup"')
    page.evaluate("window.stayed = true")
    with page.expect_popup() as opened:
        page.locator(BUTTON).click()
    event = heard(page)
    page.wait_for_timeout(300)
    assert (event["name"], bool(event["claims"]["sub"])) == ("ohmygpt-connect", True)
    assert (opened.value.is_closed(), page.evaluate("window.stayed"), page.url) == (True, True, site.url)


def test_a_blocked_popup_becomes_a_redirect(page: Page, site: Site) -> None:
    """When the browser opens no window, the page itself goes and comes back, also one that has an opener itself."""
    site.show(page, attributes='mode="popup"')
    with page.expect_popup() as opened:
        page.evaluate("() => { window.open(location.href) }")
    child = opened.value
    child.evaluate("window.open = () => null; window.stayed = true")
    child.locator(BUTTON).click()
    assert heard(child)["name"] == "ohmygpt-connect"
    assert child.evaluate("window.stayed") is None


def test_a_popup_outlives_its_opener(visitors: Visitors, cookies: StorageState, site: Site) -> None:
    """When the page that opened it is gone, the window signs in by itself."""
    assert cookies, "alice has agreed before"
    page = visitors.visit()
    site.show(page, attributes='mode="popup"')
    with page.expect_popup() as opened:
        page.locator(BUTTON).click()
    popup = opened.value
    popup.wait_for_selector("#email")
    page.close()
    sign_in_at_ohmygpt(popup)
    assert heard(popup)["name"] == "ohmygpt-connect"


def test_closing_the_popup_is_told(visitors: Visitors, site: Site) -> None:
    """Whoever closes the window gets a button that works again, and the page hears of it."""
    page = visitors.visit()
    site.show(page, attributes='mode="popup"')
    with page.expect_popup() as opened:
        page.locator(BUTTON).click()
    opened.value.wait_for_selector("#email")
    assert page.locator("button").get_attribute("aria-busy") == "true"
    opened.value.close()
    assert heard(page)["code"] == "popup_closed"
    assert page.locator("button").get_attribute("aria-busy") == "false"


def test_a_script_can_sign_in_without_the_button(page: Page, site: Site) -> None:
    """The same is there as a function, for pages that draw their own button."""
    site.show(page)
    wish = {"clientId": site.client_id, "mode": "popup", "scope": "openid"}
    event = page.evaluate("(wish) => OhMyGPTConnect.signIn(wish)", wish)
    assert event["claims"]["aud"] == site.client_id
    assert event["tokens"]["scope"] == "openid"


def test_ten_tabs_sign_in_at_once(page: Page, site: Site) -> None:
    """Ten tabs of one browser, begun before the first is finished, each get tokens of their own."""
    tabs = [page.context.new_page() for _ in range(10)]
    for tab in tabs:
        site.show(tab)
    for tab in tabs:
        tab.locator(BUTTON).click(no_wait_after=True)
    tokens = {heard(tab)["tokens"]["access_token"] for tab in tabs}
    assert len(tokens) == 10


def test_a_refusal_is_told(visitors: Visitors, site: Site) -> None:
    """What the hub refuses arrives as its code; here nobody is signed in, and nobody may be asked."""
    page = visitors.visit()
    site.show(page, attributes='prompt="none"')
    page.locator(BUTTON).click()
    assert heard(page)["code"] == "login_required"


def test_a_site_with_a_server_uses_its_own_route(page: Page, site: Site) -> None:
    """With login-url the button is a way to the site's own login, and nothing else."""
    site.show(page, attributes='login-url="/login?next=%2Fcart"')
    page.locator(BUTTON).click()
    page.wait_for_url("**/login?**")
    assert site.asked[-1] == "/login?next=%2Fcart"
