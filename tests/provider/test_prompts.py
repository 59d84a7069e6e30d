"""When a user is asked, when not, and what a partner can demand (OpenID Connect Core 3.1.2.1)."""

from datetime import timedelta

import pytest

from oauth_app import clock
from tests.fixtures.hub import Person
from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser, query_of
from tests.provider.partner import CALLBACK, PartnerSite


def test_a_known_user_goes_straight_through(browser: Browser, site: PartnerSite) -> None:
    """Consent is given once: the second sign-in shows no page."""
    site.tokens(browser)

    assert browser.open(site.link()).location.startswith(f"{CALLBACK}?code=")


def test_fewer_scopes_need_no_word(browser: Browser, site: PartnerSite) -> None:
    """Who allowed more has allowed less."""
    site.tokens(browser, scope="openid email")

    assert browser.open(site.link(scope="openid")).status_code == 302


def test_more_scopes_are_asked_for(browser: Browser, site: PartnerSite) -> None:
    """What is new is put to the user."""
    site.tokens(browser, scope="openid")

    assert browser.open(site.link(scope="openid api")).status_code == 200


def test_prompt_consent_asks_again(browser: Browser, site: PartnerSite) -> None:
    """A partner can want the user's word once more; answered, it is not asked in a circle."""
    site.tokens(browser)

    page = browser.open(site.link(prompt="consent"))
    assert page.status_code == 200
    assert browser.decide(page).location.startswith(f"{CALLBACK}?code=")


def test_prompt_none_succeeds_for_a_known_user(browser: Browser, site: PartnerSite) -> None:
    """A page can find out silently that its user is still there."""
    site.tokens(browser)

    assert "code" in query_of(browser.open(site.link(prompt="none")).location)


def test_prompt_none_never_shows_the_consent_page(browser: Browser, site: PartnerSite) -> None:
    """Silence that would need a word is an error."""
    assert query_of(browser.open(site.link(prompt="none")).location)["error"] == "consent_required"


def test_prompt_none_never_shows_the_sign_in_page(stranger: Browser, site: PartnerSite) -> None:
    """So is silence that would need a sign-in."""
    assert query_of(stranger.open(site.link(prompt="none")).location)["error"] == "login_required"


def test_prompt_none_and_an_old_sign_in(browser: Browser, site: PartnerSite) -> None:
    """A sign-in older than the partner takes is none."""
    site.tokens(browser)

    with clock.moved(timedelta(seconds=11)):
        answer = query_of(browser.open(site.link(prompt="none", max_age="10")).location)
    assert answer["error"] == "login_required"


@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}])
def test_a_fresh_sign_in_is_demanded_and_then_enough(
    browser: Browser, site: PartnerSite, alice: Person, demand: dict[str, str]
) -> None:
    """The user is sent to sign in although signed in, and comes back to an end of it."""
    site.tokens(browser)

    sent = query_of(browser.open(site.link(**demand)).location)
    assert sent["again"] == "1"
    assert browser.open(sent["next"]).location.startswith("/login?")
    browser.sign_in(alice)
    assert browser.open(sent["next"]).location.startswith(f"{CALLBACK}?code=")


def test_the_answer_does_not_evade_the_sign_in(browser: Browser, site: PartnerSite) -> None:
    """A consent page shown for one request does not answer another, which demands a sign-in first."""
    _, fields = form_with(browser.open(site.link()).text, "user")
    demanding = site.link(prompt="login").replace("/oauth/authorize", "/oauth/consent")

    answer = browser.post(demanding, fields | {"decision": "agree"})
    assert answer.location.startswith("/oauth/authorize?")


def test_max_age_sends_an_old_sign_in_back(browser: Browser, site: PartnerSite) -> None:
    """Ten seconds are ten seconds."""
    site.tokens(browser)

    assert browser.open(site.link(max_age="10")).location.startswith(CALLBACK)
    with clock.moved(timedelta(seconds=11)):
        assert browser.open(site.link(max_age="10")).location.startswith("/login?")


def test_a_long_look_at_the_page_does_not_count(browser: Browser, site: PartnerSite) -> None:
    """Whether the sign-in was fresh is judged when the page is shown, not when it is answered."""
    page = browser.open(site.link(max_age="10"))

    with clock.moved(timedelta(minutes=5)):
        assert browser.decide(page).location.startswith(f"{CALLBACK}?code=")
