"""A developer's first five minutes in a real browser: from nothing to a working login, and what stands in the way."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from oauth_app.db import transaction
from oauth_app.services.operators import grant_operator
from tests.fixtures.demo import Visitors, photograph
from tests.fixtures.live import LiveHub
from tests.fixtures.tiny_site import TinySite
from tests.journey.test_in_the_browser import sign_in_at_sandbox
from tests.web.pictures import picture

pytestmark = pytest.mark.browser
ALICE, BOB, ADMIN = (f"{name}@example.com" for name in ("alice", "bob", "admin"))
_FIVE_MINUTES_S = 300
_PHONE = {"width": 390, "height": 844}


def begin(page: Page, hub: LiveHub, email: str = ALICE) -> None:
    """Come to the console for the first time, and sign in there."""
    page.goto(f"{hub.url}/developers")
    page.get_by_role("link", name="Sign in with OhMyGPT").click()
    sign_in_at_sandbox(page, email)
    expect(page.locator("h1")).to_have_text("Your sites")


def create(page: Page, hub: LiveHub, *, name: str = "Tiny shop", uri: str = "https://shop.example/callback") -> None:
    """Fill in the form of a new site."""
    page.goto(f"{hub.url}/developers/sites/new")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_label("Redirect addresses").fill(uri)
    page.get_by_role("button", name="Create site").click()
    expect(page.locator("h1")).to_contain_text(name)


def test_from_nothing_to_a_working_login(module_hub: LiveHub, visitors: Visitors, tiny_site: TinySite) -> None:
    """Sign in, create a site, copy its settings, sign in to the site: in far less than five minutes of clicking."""
    page, began = visitors.visit(), time.monotonic()
    begin(page, module_hub)
    page.get_by_role("link", name="Create your first site").click()
    page.get_by_role("textbox", name="Name").fill("Tiny shop")
    page.get_by_label("Redirect addresses").fill(tiny_site.callback)
    photograph(page, "30-developers-new")
    page.get_by_role("button", name="Create site").click()
    secret = page.get_by_label("Client secret").input_value()
    page.get_by_text(".env", exact=True).click()
    photograph(page, "31-developers-created")
    tiny_site.configure(page.locator("#snippet_env").inner_text(), secret)

    page.goto(tiny_site.url)
    page.get_by_role("link", name="Login with OhMyGPT").click()
    photograph(page, "32-consent-test-site")
    page.get_by_role("button", name="Agree").click()
    expect(page.locator("#who")).to_have_text(ALICE)
    assert time.monotonic() - began < _FIVE_MINUTES_S


def test_limits_are_lowered_on_the_account_page(module_hub: LiveHub, visitors: Visitors) -> None:
    """What was agreed to at a site can be lowered there, and is shown."""
    page = visitors.visit(viewport=_PHONE)
    begin(page, module_hub)
    create(page, module_hub, name="Limited shop", uri=f"{module_hub.url}/livez")
    page.get_by_role("link", name="Settings", exact=True).click()
    for scope in ("charges:write", "api"):
        page.locator(f"input[value='{scope}']").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Start a sign-in").click()
    page.get_by_label("AI calls, at most a minute").fill("12")
    page.get_by_role("button", name="Agree").click()
    page.wait_for_url("**/livez?**")
    page.goto(f"{module_hub.url}/account")
    _keep(page, "37-account-with-limits")
    page.get_by_role("region", name="Limited shop").get_by_role("link", name="Change the limits").click()
    page.get_by_label("At most, a month").fill("50")
    page.get_by_label("How long").select_option("30")
    _keep(page, "38-account-limits")
    page.get_by_role("button", name="Change the limits").click()
    expect(page.get_by_role("region", name="Limited shop")).to_contain_text("50.00 CNY per month")


def test_a_stranger_is_told_that_a_site_is_being_tested(module_hub: LiveHub, visitors: Visitors) -> None:
    """Somebody else reads why they cannot sign in, and finds the way back."""
    page, stranger = visitors.visit(), visitors.visit()
    begin(page, module_hub)
    create(page, module_hub)
    link = page.get_by_role("link", name="Start a sign-in").get_attribute("href")
    stranger.goto(f"{module_hub.url}/account")
    sign_in_at_sandbox(stranger, BOB)
    stranger.goto(f"{module_hub.url}{link}")
    expect(stranger.locator("h1")).to_have_text("Tiny shop is being tested")
    expect(stranger.get_by_role("link", name="Back to Tiny shop")).to_be_visible()
    photograph(stranger, "36-test-site")


def test_a_wrong_address_is_explained_while_it_is_written(module_hub: LiveHub, visitors: Visitors) -> None:
    """The reason appears below the field, and goes when the address is right."""
    page = visitors.visit()
    begin(page, module_hub)
    page.goto(f"{module_hub.url}/developers/sites/new")
    field, problems = page.get_by_label("Redirect addresses"), page.locator(".hub-problems li")
    field.press_sequentially("http://shop.example/cb")
    expect(problems).to_contain_text("must begin with https://")
    photograph(page, "33-developers-live-error")
    field.fill("https://shop.example/cb")
    expect(problems).to_have_count(0)


def test_a_value_is_copied(module_hub: LiveHub, visitors: Visitors) -> None:
    """One press puts the client id where it can be pasted."""
    page = visitors.visit(permissions=["clipboard-read", "clipboard-write"])
    begin(page, module_hub)
    create(page, module_hub)
    page.get_by_role("button", name="Copy").nth(1).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.get_by_label("Client id").input_value()


def test_the_reason_of_a_failure_is_found(module_hub: LiveHub, visitors: Visitors) -> None:
    """The id on the error page leads, in the console, to the character that is wrong."""
    page = visitors.visit()
    begin(page, module_hub)
    create(page, module_hub)
    client_id = page.get_by_label("Client id").input_value()
    query = f"client_id={client_id}&redirect_uri=https://shop.example/callback/&response_type=code&scope=openid"
    page.goto(f"{module_hub.url}/oauth/authorize?{query}")
    photograph(page, "34-wrong-address")
    failure_id = page.get_by_text("err_").first.inner_text().split()[-1]
    page.goto(f"{module_hub.url}/developers/sites/{client_id}/failures?error={failure_id}")
    expect(page.locator("mark").first).to_have_text("/")
    photograph(page, "35-developers-failure")


@pytest.mark.parametrize(
    ("look", "options"),
    [
        ("desktop", {}),
        ("dark", {"color_scheme": "dark"}),
        ("phone", {"viewport": _PHONE}),
        ("zh-phone", {"viewport": _PHONE, "locale": "zh-CN", "color_scheme": "dark"}),
    ],
)
def test_no_page_is_wider_than_the_screen(
    module_hub: LiveHub, visitors: Visitors, tmp_path: Path, look: str, options: dict[str, object]
) -> None:
    """Every page of the console fits, in the light and in the dark, on a desk and on a phone."""
    page = visitors.visit(**options)
    path = _prepare(page, module_hub, tmp_path / "logo.png", f"40-{look}-welcome")
    for number, name in enumerate(("", "/settings", "/secrets", "/failures", "/webhooks", "/events", "/delete")):
        _shoot(page, module_hub, path + name, f"41-{look}-{number}{name.replace('/', '-')}")
    _shoot(page, module_hub, "/developers", f"42-{look}-sites")
    page.goto(f"{module_hub.url}{path}")
    page.locator("a[href^='/oauth/authorize']").click()
    _keep(page, f"43-{look}-consent")
    _shoot(page, module_hub, "/admin/partners", f"44-{look}-admin-partners", is_table=True)
    _shoot(page, module_hub, path.replace("developers/sites", "admin/partners"), f"45-{look}-admin-partner")
    _shoot(page, module_hub, "/admin/partners/new", f"46-{look}-admin-new")
    for name in ("charges", "holds", "refunds", "top-ups", "ledger"):
        _shoot(page, module_hub, f"/admin/{name}", f"47-{look}-admin-{name}", is_table=True)


def _prepare(page: Page, hub: LiveHub, logo: Path, welcome: str) -> str:
    """Sign the operator in, create a site with a logo, and return the path of its pages."""
    with transaction(hub.hub.engine) as session:
        grant_operator(session, ADMIN)
    logo.write_bytes(picture())
    _shoot(page, hub, "/developers", welcome)
    page.goto(f"{hub.url}/login?next=/developers")
    sign_in_at_sandbox(page, ADMIN)
    page.goto(f"{hub.url}/developers/sites/new")
    page.fill("#name", "A shop with quite a long name")
    page.fill("#redirect_uris", "https://a-rather-long-host-name.shop.example/accounts/ohmygpt/login/callback/")
    for scope in ("charges:write", "api"):
        page.locator(f"input[value='{scope}']").check()
    page.locator("form[action='/developers/sites'] button").click()
    path = f"/developers/sites/{page.locator('#client_id').input_value()}"
    page.goto(f"{hub.url}{path}/settings")
    page.set_input_files("#file", logo)
    page.locator("#logo button").first.click()
    return path


def _shoot(page: Page, hub: LiveHub, path: str, name: str, *, is_table: bool = False) -> None:
    page.goto(hub.url + path)
    _keep(page, name, is_table=is_table)


def _keep(page: Page, name: str, *, is_table: bool = False) -> None:
    photograph(page, name)
    width = page.viewport_size["width"]
    assert is_table or page.evaluate("document.documentElement.scrollWidth") <= width, name
