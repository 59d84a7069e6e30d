"""Codes and states that get out by the way (RFC 9700 4.2, 4.3 and 4.12)."""

import re

import pytest

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import AuthorizationFailure
from tests.provider.browser import Browser, query_of
from tests.provider.partner import PartnerSite

SECRET_STATE = "state-nobody-else-may-see"
LOADED = re.compile(r"""(?:src|href|action)=["']([^"']+)""")


@pytest.mark.parametrize("changes", [{}, {"redirect_uri": "https://evil.example"}, {"login_hint": "bob@example.com"}])
def test_no_page_tells_its_address_to_others(browser: Browser, site: PartnerSite, changes: dict[str, str]) -> None:
    """The Referer stays on this site, and the page loads nothing from anywhere else."""
    page = browser.open(site.link(**changes))

    assert page.headers["Referrer-Policy"] == "same-origin"
    loads = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in loads
    assert not re.search(r"https?:", loads)


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_the_answer_is_kept_by_no_cache(browser: Browser, site: PartnerSite, mode: str) -> None:
    """Neither a redirect nor a page with a code in it lies about, and neither tells where it came from."""
    answer = browser.decide(browser.open(site.link(response_mode=mode)))

    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_posted_code_stands_in_no_address(browser: Browser, site: PartnerSite) -> None:
    """The page of form_post has the code in one hidden field, in no link that could carry it on."""
    page = browser.decide(browser.open(site.link(response_mode="form_post")))
    code = re.search(r"omc_ac_\w+", page.text)

    assert code is not None
    assert page.text.count(code[0]) == 1
    assert not [address for address in LOADED.findall(page.text) if code[0] in address]


def test_the_form_is_never_posted_on(browser: Browser, site: PartnerSite) -> None:
    """RFC 9700 4.12: 303 after the consent form; 307 would post its fields to the partner."""
    assert browser.decide(browser.open(site.link())).status_code == 303
    assert browser.decide(browser.open(site.link(prompt="consent")), "cancel").status_code == 303


def test_a_posted_request_is_not_posted_on(browser: Browser, site: PartnerSite) -> None:
    """The same for a request that came by POST."""
    assert browser.post("/oauth/authorize", query_of(site.link())).status_code == 303


def test_the_log_of_failures_keeps_no_secret(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """State, nonce, hints and persons are not in it."""
    asked = {"state": SECRET_STATE, "nonce": SECRET_STATE, "login_hint": "victim@example.com", "max_age": "x"}
    browser.request(query_of(site.link()) | asked)
    browser.request(query_of(site.link()) | asked | {"redirect_uri": "https://evil.example"})

    with reading(hub.engine) as session:
        kept = [str(row.details) + row.code for row in session.query(AuthorizationFailure)]
    assert len(kept) == 2
    assert not [text for text in kept if SECRET_STATE in text or "victim" in text or "alice" in text]
