"""Requests forged across sites, and pages in foreign frames (RFC 9700 4.7 and 4.16)."""

import pytest
from sqlalchemy import func, select

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import AuthorizationCode, BrowserSession, Consent
from tests.fixtures.hub import Person
from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser
from tests.provider.partner import PartnerSite


def count(hub: Hub, table: type) -> int:
    """Return how many rows the table has."""
    with reading(hub.engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("token", ["", "forged", "IjEyMyI.aaaaaa.bbbbbb"])
def test_consent_cannot_be_forged(hub: Hub, browser: Browser, site: PartnerSite, token: str) -> None:
    """Another site knows every field but the CSRF token, so it agrees to nothing."""
    action, fields = form_with(browser.open(site.link()).text, "user")
    answer = browser.post(action, fields | {"csrf_token": token, "decision": "agree"})

    assert answer.status_code == 400
    assert (count(hub, Consent), count(hub, AuthorizationCode)) == (0, 0)


def test_a_token_of_another_browser_does_not_count(
    hub: Hub, browser: Browser, stranger: Browser, site: PartnerSite, bob: Person
) -> None:
    """An attacker's own token, planted in the victim's form, is not the victim's."""
    stranger.sign_in(bob)
    _, attackers = form_with(stranger.open(site.link()).text, "user")
    action, victims = form_with(browser.open(site.link()).text, "user")
    answer = browser.post(action, victims | {"csrf_token": attackers["csrf_token"], "decision": "agree"})

    assert (answer.status_code, count(hub, Consent)) == (400, 0)


def test_consent_is_not_given_by_a_link(browser: Browser, hub: Hub, site: PartnerSite) -> None:
    """Nothing is agreed to by opening an address."""
    link = site.link().replace("/oauth/authorize", "/oauth/consent")

    assert browser.open(f"{link}&decision=agree").status_code == 405
    assert count(hub, Consent) == 0


def test_a_posted_request_agrees_to_nothing(browser: Browser, hub: Hub, site: PartnerSite) -> None:
    """The one form that other sites may send here shows the page, whatever else stands in it."""
    answer = browser.post("/oauth/authorize", {"client_id": site.id, "decision": "agree", "user": "x"})

    assert answer.status_code == 303
    assert browser.open(answer.location).status_code == 400
    assert count(hub, Consent) == 0


@pytest.mark.parametrize("query", ["?code=attackers", "?code=attackers&state=", "?code=attackers&state=made-up"])
def test_nobody_is_signed_in_by_a_foreign_answer(stranger: Browser, hub: Hub, query: str) -> None:
    """Login CSRF: a code of the attacker's account, without a state of this browser, is not looked at."""
    assert stranger.open(f"/login/callback{query}").status_code == 400
    assert count(hub, BrowserSession) == 0


def test_no_page_can_be_framed(browser: Browser, site: PartnerSite) -> None:
    """Clickjacking: consent, errors, forms and the choice of an account show in no frame, old browsers included."""
    pages = [
        browser.open(site.link()),
        browser.open(site.link(redirect_uri="https://evil.example")),
        browser.open(site.link(login_hint="bob@example.com")),
        browser.decide(browser.open(site.link(response_mode="form_post"))),
        browser.open("/login/callback?code=x&state=x"),
    ]

    assert len({page.text for page in pages}) == 5
    for page in pages:
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "DENY"


def test_the_cookie_stays_out_of_foreign_requests(stranger: Browser) -> None:
    """No script reads it, and no other site's form or frame sends it."""
    cookie = stranger.open("/login").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
