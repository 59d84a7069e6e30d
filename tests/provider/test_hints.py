"""Whom a partner means: ``login_hint``, ``id_token_hint`` and the ``sub`` of the claims parameter."""

import json
from datetime import timedelta

import pytest

from oauth_app import clock
from tests.fixtures.hub import Person
from tests.provider.browser import Browser, query_of
from tests.provider.partner import CALLBACK, PartnerSite


def links_of(page: str) -> list[str]:
    """Return the addresses of the page's links."""
    return [part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')[1:]]


def id_token_of(site: PartnerSite, browser: Browser) -> str:
    """Return the id_token of who sits at the browser."""
    return str(site.tokens(browser, scope="openid")["id_token"])


def sub_of(site: PartnerSite, browser: Browser) -> str:
    """Return the ``sub`` of who sits at the browser."""
    token = site.tokens(browser, scope="openid")["access_token"]
    return str(site.userinfo(token).get_json()["sub"])


@pytest.mark.parametrize("hint", ["alice@example.com", "Alice@Example.COM", "a-name-of-the-sites-own"])
def test_a_hint_that_fits_is_no_hindrance(browser: Browser, site: PartnerSite, hint: str) -> None:
    """Who is meant goes straight through; and what names nobody we know says nothing."""
    site.tokens(browser)

    assert browser.open(site.link(login_hint=hint)).location.startswith(f"{CALLBACK}?code=")


def test_a_hint_at_somebody_else_asks(browser: Browser, site: PartnerSite, alice: Person) -> None:
    """The page names who is here, not who is expected: the address says more than a stranger should read."""
    site.tokens(browser)
    page = browser.open(site.link(login_hint="bob@example.com"))

    assert page.status_code == 200
    assert "Another account?" in page.text
    assert alice.email in page.text
    assert "bob@example.com" not in page.text.replace("bob%40example.com", "").split("</header>")[1].split("<footer")[0]


def test_who_is_not_meant_may_stay(browser: Browser, site: PartnerSite, alice: Person) -> None:
    """A hint is a hint: the person decides, and is not asked in a circle."""
    site.tokens(browser)
    links = links_of(browser.open(site.link(login_hint="bob@example.com")).text)
    stay = next(link for link in links if link.startswith("/oauth/authorize"))

    code = query_of(browser.open(stay).location)["code"]
    assert site.userinfo(site.exchange(code).get_json()["access_token"]).get_json()["email"] == alice.email


def test_who_is_not_meant_may_switch(browser: Browser, site: PartnerSite, bob: Person) -> None:
    """The way leads over a new sign-in back to the same request."""
    links = links_of(browser.open(site.link(login_hint=bob.email)).text)
    switch = query_of(next(link for link in links if link.startswith("/login?next=%2Foauth")))

    browser.sign_in(bob)
    assert switch["again"] == "1"
    assert bob.email in browser.open(switch["next"]).text


def test_silence_about_somebody_else_is_an_error(browser: Browser, site: PartnerSite) -> None:
    """With ``prompt=none`` there is nobody to choose."""
    site.tokens(browser)

    assert query_of(browser.open(site.link(prompt="none", login_hint="bob@example.com")).location)["error"] == (
        "login_required"
    )


def test_an_old_token_still_names_its_user(browser: Browser, site: PartnerSite) -> None:
    """OIDC Core 3.1.2.1: an expired ``id_token_hint`` is taken."""
    hint = id_token_of(site, browser)

    with clock.moved(timedelta(hours=5)):
        answer = query_of(browser.open(site.link(scope="openid", prompt="none", id_token_hint=hint)).location)
    assert "code" in answer


def test_a_token_of_somebody_else_needs_them(browser: Browser, site: PartnerSite, bob: Person) -> None:
    """Silently it is ``login_required``; else the person is asked to sign in as who is meant, and cannot stay."""
    hint = id_token_of(site, browser)
    browser.sign_in(bob)
    site.tokens(browser)

    silent = browser.open(site.link(prompt="none", id_token_hint=hint)).location
    page = browser.open(site.link(id_token_hint=hint)).text
    assert query_of(silent)["error"] == "login_required"
    assert not [link for link in links_of(page) if link.startswith("/oauth/authorize")]


def test_signing_in_as_another_one_again_ends_it(browser: Browser, site: PartnerSite, bob: Person) -> None:
    """OIDC Core 3.1.2.1: who comes back as somebody else is an error, and not asked for ever."""
    hint = id_token_of(site, browser)
    browser.sign_in(bob)
    links = links_of(browser.open(site.link(id_token_hint=hint)).text)
    back = query_of(next(link for link in links if link.startswith("/login?next=%2Foauth")))["next"]

    browser.sign_in(bob)
    assert query_of(browser.open(back).location)["error"] == "login_required"


def test_the_token_of_another_partner_is_refused(browser: Browser, site: PartnerSite, other_site: PartnerSite) -> None:
    """A hint must have been issued to who shows it: nobody learns from it who sits there."""
    hint = id_token_of(other_site, browser)

    assert query_of(browser.open(site.link(id_token_hint=hint)).location)["error"] == "invalid_request"


def test_a_forged_token_is_refused(browser: Browser, site: PartnerSite) -> None:
    """So is one that we did not sign."""
    header, payload, signature = id_token_of(site, browser).split(".")
    forged = f"{header}.{payload}.{signature[::-1]}"

    assert query_of(browser.open(site.link(id_token_hint=forged)).location)["error"] == "invalid_request"


@pytest.mark.parametrize("place", ["id_token", "userinfo"])
def test_a_wanted_sub_is_the_one_or_none(browser: Browser, site: PartnerSite, bob: Person, place: str) -> None:
    """OIDC Core 5.5.1: a positive answer only for the user of this ``sub``."""
    wanted = json.dumps({place: {"sub": {"value": sub_of(site, browser)}}})

    assert "code" in query_of(browser.open(site.link(scope="openid", prompt="none", claims=wanted)).location)
    browser.sign_in(bob)
    site.tokens(browser)
    refused = query_of(browser.open(site.link(scope="openid", prompt="none", claims=wanted)).location)
    assert refused["error"] == "login_required"


def test_two_wanted_subs_are_a_contradiction(browser: Browser, site: PartnerSite) -> None:
    """Nobody can be two."""
    hint = id_token_of(site, browser)
    claims = json.dumps({"id_token": {"sub": {"value": "somebody-else"}}})

    answer = query_of(browser.open(site.link(scope="openid", id_token_hint=hint, claims=claims)).location)
    assert answer["error"] == "invalid_request"
