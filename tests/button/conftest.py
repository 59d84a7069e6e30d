"""A live hub, a site on another origin, and browsers of somebody who has agreed already, or has never been here."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.button.site import Site, heard, serve
from tests.fixtures.demo import Visitors
from tests.fixtures.hub import make_partner
from tests.fixtures.live import LiveHub

ALICE = "alice@example.com"


@pytest.fixture(scope="module")
def static_site(module_hub: LiveHub) -> Iterator[Site]:
    """Serve a site that keeps no secret."""
    site = Site(live=module_hub)
    server = serve(site)
    site.client_id = make_partner(module_hub.hub.engine, redirect_uris=[site.url], is_public=True).client_id
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def site(static_site: Site) -> Site:
    """Hand out the site as it was in the beginning."""
    static_site.language, static_site.script, static_site.attributes, static_site.button = "en", "", "", None
    static_site.asked.clear()
    return static_site


def sign_in_at_ohmygpt(page: Page) -> None:
    """Sign in at the sandbox, and let it tell the hub who came."""
    page.fill("#email", ALICE)
    page.fill("#password", "sandbox")
    page.click("button.primary")
    page.click("button[name=decision][value=approve]")


@pytest.fixture(scope="module")
def cookies(chromium: Browser, static_site: Site) -> StorageState:
    """Sign in and agree once, and keep the browser's cookies for the other tests."""
    with chromium.new_context(locale="en-GB") as context:
        page = context.new_page()
        static_site.show(page)
        page.get_by_role("button", name="Sign in with OhMyGPT").click()
        sign_in_at_ohmygpt(page)
        page.get_by_role("button", name="Agree").click()
        expect(page).to_have_url(static_site.url)
        assert heard(page)["name"] == "ohmygpt-connect"
        return context.storage_state()


@pytest.fixture
def page(visitors: Visitors, cookies: StorageState) -> Page:
    """Open a browser whose owner is signed in at the hub and has agreed."""
    return visitors.visit(storage_state=cookies)
