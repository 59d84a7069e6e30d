"""oidc-client-ts, the library of most single-page sites, in a real browser, on an origin of its own."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.fixtures.demo import Visitors
from tests.fixtures.hub import make_partner
from tests.fixtures.live import LiveHub
from tests.fixtures.node_clients import NodeClients
from tests.journey.test_in_the_browser import ALICE, sign_in_at_sandbox

pytestmark = pytest.mark.browser

_PAGE = """<!doctype html><title>Single-page site</title><h1>Single-page site</h1>
<script src="/oidc-client-ts.js"></script><script src="/settings.js"></script>"""
_SETTINGS = """
const settings = %s;
if (settings.dpop) settings.dpop.store = new oidc.IndexedDbDPoPStore();
const manager = new oidc.UserManager(settings);
if (location.pathname === "/popup") manager.signinPopupCallback();
"""
#: What the library leaves to the site: a request with a proof of its own, and once more with the nonce it is told.
_ASK_USERINFO = """async () => {
    const [user, url] = [await manager.getUser(), await manager.metadataService.getUserInfoEndpoint()];
    const ask = async (nonce) => {
        const proof = await manager.dpopProof(url, user, "GET", nonce);
        return fetch(url, { headers: { Authorization: `DPoP ${user.access_token}`, DPoP: proof } });
    };
    const first = await ask();
    return (first.ok ? first : await ask(first.headers.get("DPoP-Nonce"))).json();
}"""


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site that is nothing but a page: where it is, and somebody who looks at it."""

    url: str
    page: Page

    def open(self) -> None:
        """Open the page."""
        self.page.goto(self.url)

    def sign_in(self, *, first: bool = True) -> dict[str, Any]:
        """Go to the hub and back by redirects, and return the user as the library has it."""
        self.open()
        self.page.evaluate("void manager.signinRedirect()")
        if first:
            agree_at_the_hub(self.page)
        self.page.wait_for_url(f"{self.url}/callback?**")
        user: dict[str, Any] = self.page.evaluate("manager.signinCallback()")
        return user


def agree_at_the_hub(page: Page) -> None:
    """Sign in at the sandbox, and agree at the hub."""
    page.wait_for_selector("#email")
    sign_in_at_sandbox(page, ALICE)
    page.get_by_role("button", name="Agree").click()


@pytest.fixture
def dpop(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Bearer tokens, unless the test asks for others; the library asks for userinfo only with bearer tokens."""
    bound = {"dpop": {"bind_authorization_code": True}, "loadUserInfo": False}
    return bound if getattr(request, "param", False) else {}


@pytest.fixture
def site(live_hub: LiveHub, visitors: Visitors, node_clients: NodeClients, dpop: dict[str, Any]) -> Iterator[Site]:
    """Serve the page and the library, and register the site as a public client."""
    pages = {"/oidc-client-ts.js": ("text/javascript", node_clients.browser_bundle())}
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(pages)) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        uris = [f"{url}/callback", f"{url}/popup"]
        partner = make_partner(
            live_hub.hub.engine, redirect_uris=uris, post_logout_redirect_uris=[f"{url}/bye"], is_public=True
        )
        settings = _settings(live_hub.url, url, partner.client_id) | dpop
        pages["/settings.js"] = ("text/javascript", (_SETTINGS % json.dumps(settings)).encode())
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(url=url, page=visitors.visit())
        server.shutdown()


def _settings(issuer: str, url: str, client_id: str) -> dict[str, Any]:
    return {
        "authority": issuer,
        "client_id": client_id,
        "redirect_uri": f"{url}/callback",
        "popup_redirect_uri": f"{url}/popup",
        "post_logout_redirect_uri": f"{url}/bye",
        "scope": "openid profile email offline_access",
        "loadUserInfo": True,
        "automaticSilentRenew": False,
    }


def _handler(pages: dict[str, tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = pages.get(self.path.partition("?")[0], ("text/html; charset=utf-8", _PAGE.encode()))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def test_a_page_signs_somebody_in(site: Site, live_hub: LiveHub) -> None:
    """By redirects: discovery, PKCE, the code, the id_token and userinfo, all read from another origin."""
    user = site.sign_in()

    assert user["profile"]["email"] == ALICE
    assert user["profile"]["iss"] == live_hub.url


@pytest.mark.parametrize("dpop", [True], indirect=True)
def test_a_page_binds_its_tokens(site: Site) -> None:
    """RFC 9449 in the browser: tokens bound to a key that cannot be taken out, still so after a refresh, and good."""
    assert site.sign_in()["token_type"].lower() == "dpop"

    assert site.page.evaluate("manager.signinSilent()")["token_type"].lower() == "dpop"
    assert site.page.evaluate(_ASK_USERINFO)["email"] == ALICE


def test_a_page_renews_its_tokens(site: Site) -> None:
    """Silently, with the refresh token, for the same person."""
    first = site.sign_in()
    second = site.page.evaluate("manager.signinSilent()")

    assert second["access_token"] != first["access_token"]
    assert second["profile"]["sub"] == first["profile"]["sub"]


def test_a_small_window_signs_somebody_in(site: Site) -> None:
    """In a popup: the page stays where it is, and hears of it."""
    site.open()
    with site.page.expect_popup() as popup:
        site.page.evaluate("void (window.pending = manager.signinPopup())")
    agree_at_the_hub(popup.value)

    assert site.page.evaluate("window.pending")["profile"]["email"] == ALICE


def test_a_known_person_comes_back_at_once(site: Site) -> None:
    """The second sign-in of the same browser shows no page."""
    first = site.sign_in()

    assert site.sign_in(first=False)["profile"]["sub"] == first["profile"]["sub"]


def test_signing_out_ends_the_session_at_the_hub(site: Site) -> None:
    """RP-initiated logout: the browser comes back to the site, and who signs in next is asked who they are."""
    site.sign_in()
    site.page.evaluate("void manager.signoutRedirect()")
    site.page.wait_for_url(f"{site.url}/bye**")
    site.page.evaluate("void manager.signinRedirect()")

    site.page.wait_for_url("**/next/v1/oauth?**")  # OhMyGPT asks; a hub that remembers would have come back
