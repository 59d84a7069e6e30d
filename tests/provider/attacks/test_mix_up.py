"""Mix-up (RFC 9700 4.4): a partner that knows several providers must see which one answers."""

import pytest

from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser, query_of
from tests.provider.partner import ISSUER, PartnerSite


def test_a_code_says_whose_it_is(browser: Browser, site: PartnerSite) -> None:
    """RFC 9207 2: the issuer stands beside the code."""
    assert query_of(browser.allow(site.link()))["iss"] == ISSUER


@pytest.mark.parametrize("changes", [{"max_age": "x"}, {"prompt": "none"}, {"request": "x"}])
def test_an_error_says_whose_it_is(browser: Browser, site: PartnerSite, changes: dict[str, str]) -> None:
    """RFC 9207 2: errors included."""
    assert query_of(browser.open(site.link(**changes)).location)["iss"] == ISSUER


def test_a_no_says_whose_it_is(browser: Browser, site: PartnerSite) -> None:
    """The user's refusal, too."""
    assert query_of(browser.decide(browser.open(site.link()), "cancel").location)["iss"] == ISSUER


def test_a_posted_answer_says_whose_it_is(browser: Browser, site: PartnerSite) -> None:
    """And what comes by form_post."""
    page = browser.decide(browser.open(site.link(response_mode="form_post")))

    assert form_with(page.text, "code")[1]["iss"] == ISSUER


def test_the_issuer_cannot_be_chosen(browser: Browser, site: PartnerSite) -> None:
    """What a request says of ``iss`` does not come back."""
    assert query_of(browser.allow(site.link(iss="https://evil.example")))["iss"] == ISSUER
