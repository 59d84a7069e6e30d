"""Open redirects (RFC 9700 4.11): no address of ours sends a browser where a stranger likes."""

import pytest

from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser
from tests.provider.partner import PartnerSite

ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "@evil.example",
    ".evil.example",
    "/%0d%0aLocation:https://evil.example/../..",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_next_leads_nowhere_else(browser: Browser, target: str) -> None:
    """Somebody signed in already goes on at once, on this site."""
    location = browser.client.get("/login", query_string={"next": target}).location

    assert location == ("/account" if "%0d" not in target else target)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_the_choice_of_language_leads_nowhere_else(browser: Browser, target: str) -> None:
    """The form at the foot of each page goes back to a page of ours."""
    action, fields = form_with(browser.open("/docs").text, "next", "language")
    location = browser.post(action, fields | {"next": target}).location

    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_giving_up_proves_the_partner_anew(browser: Browser, site: PartnerSite) -> None:
    """The way back to the partner is checked like every other one."""
    link = site.link(redirect_uri="https://evil.example").replace("/oauth/authorize", "/oauth/cancel")

    assert (browser.open(link).status_code, browser.open(link).location) == (400, None)


def test_the_consent_form_proves_the_partner_anew(browser: Browser, site: PartnerSite) -> None:
    """What was shown for one request cannot be sent on to another address."""
    action, fields = form_with(browser.open(site.link()).text, "user")

    answer = browser.post(action.replace("shop.example", "evil.example"), fields | {"decision": "agree"})
    assert (answer.status_code, answer.location) == (400, None)
