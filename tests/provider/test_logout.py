"""Logout as sites ask for it: what the specification leaves to us, and what an attacker would try."""

from datetime import timedelta

import pytest
from flask import Flask

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.provider.logout_token import LogoutNotice, sign_logout_token
from oauth_app.services.issuer import load_issuer
from oauth_app.services.partners import disable_partner
from tests.fixtures.hub import Person, make_partner
from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser
from tests.provider.leaving import (
    GOODBYE,
    GOODBYE_WITH_QUERY,
    answer,
    check_asked_and_left,
    check_refused,
    is_signed_in,
    log_out,
)
from tests.provider.partner import CALLBACK, PartnerSite


@pytest.fixture
def rp(app: Flask, hub: Hub) -> PartnerSite:
    """Register a site with two addresses to go on to after a logout."""
    uris = [GOODBYE, GOODBYE_WITH_QUERY]
    return PartnerSite(app, make_partner(hub.engine, redirect_uris=[CALLBACK], post_logout_redirect_uris=uris))


def test_a_registered_query_stays(browser: Browser, rp: PartnerSite) -> None:
    """The state is added to an address that has a query of its own."""
    id_token = rp.tokens(browser)["id_token"]

    left = log_out(browser, id_token_hint=id_token, post_logout_redirect_uri=GOODBYE_WITH_QUERY, state="s")

    assert left.location == f"{GOODBYE_WITH_QUERY}&state=s"


def test_a_hint_may_have_expired(browser: Browser, rp: PartnerSite) -> None:
    """RP-Initiated Logout 2: sessions live longer than id_tokens."""
    id_token = rp.tokens(browser)["id_token"]

    with clock.moved(timedelta(hours=5)):
        left = log_out(browser, id_token_hint=id_token, post_logout_redirect_uri=GOODBYE)
        assert left.location == GOODBYE
        assert not is_signed_in(browser)


def test_a_posted_request_is_taken(browser: Browser, rp: PartnerSite) -> None:
    """RP-Initiated Logout 2: by POST, from another site, without a CSRF token."""
    id_token = rp.tokens(browser)["id_token"]

    repeated = browser.post("/oauth/logout", {"id_token_hint": id_token, "post_logout_redirect_uri": GOODBYE})
    assert repeated.status_code == 303
    assert is_signed_in(browser)
    assert browser.open(repeated.location).location == GOODBYE
    assert not is_signed_in(browser)


def test_a_hint_of_another_user_signs_nobody_out(
    browser: Browser, stranger: Browser, bob: Person, rp: PartnerSite
) -> None:
    """OWASP ASVS 10.6.2: who has an id_token of their own cannot sign somebody else out with it."""
    rp.tokens(browser)
    stranger.sign_in(bob)
    of_bob = rp.tokens(stranger)["id_token"]

    check_asked_and_left(browser, log_out(browser, id_token_hint=of_bob, post_logout_redirect_uri=GOODBYE), GOODBYE)
    assert is_signed_in(stranger)


def test_a_hint_of_an_earlier_session_asks(browser: Browser, alice: Person, rp: PartnerSite) -> None:
    """An old id_token of the same person, such as one from a log, does not end the session of today."""
    old = rp.tokens(browser)["id_token"]
    log_out(browser, id_token_hint=old)
    browser.sign_in(alice)

    check_asked_and_left(browser, log_out(browser, id_token_hint=old, post_logout_redirect_uri=GOODBYE), GOODBYE)


def test_a_logout_token_is_no_hint(hub: Hub, browser: Browser, rp: PartnerSite) -> None:
    """Back-Channel Logout 4: what we signed for another purpose does not pass for an id_token."""
    rp.tokens(browser)
    notice = LogoutNotice(id="dlv_1", partner_id=rp.id, subject="s", partner_session_id="sid_1")
    token = sign_logout_token(load_issuer(hub), notice, "ES256")

    check_refused(browser, log_out(browser, id_token_hint=token), "did not happen here")


def test_the_client_of_the_hint_must_be_the_one_that_asks(
    browser: Browser, rp: PartnerSite, other_site: PartnerSite
) -> None:
    """RP-Initiated Logout 2: ``client_id`` and the hint's audience are the same."""
    id_token = rp.tokens(browser)["id_token"]

    page = log_out(browser, id_token_hint=id_token, client_id=other_site.id, post_logout_redirect_uri=GOODBYE)

    check_refused(browser, page, "another site")


def test_a_client_alone_asks_and_goes_on(browser: Browser, rp: PartnerSite) -> None:
    """Without a hint the registered address is good once the person has agreed."""
    page = log_out(
        browser, client_id=rp.id, post_logout_redirect_uri=GOODBYE, state="s", logout_hint="x", ui_locales="zh"
    )

    check_asked_and_left(browser, page, f"{GOODBYE}?state=s")


def test_who_says_no_stays(browser: Browser, rp: PartnerSite) -> None:
    """The session goes on, and the browser goes where the site wants it."""
    page = log_out(browser, client_id=rp.id, post_logout_redirect_uri=GOODBYE)

    assert answer(browser, page, "stay").location == GOODBYE
    assert is_signed_in(browser)


def test_an_answer_without_its_csrf_token_counts_for_nothing(browser: Browser, rp: PartnerSite) -> None:
    """Another site cannot press the button."""
    _, values = form_with(log_out(browser, client_id=rp.id).text, "user", "decision")

    forged = browser.post("/oauth/logout/confirm", {"user": values["user"], "decision": "leave"})

    assert forged.status_code == 400
    assert is_signed_in(browser)


def test_an_answer_of_another_person_counts_for_nothing(browser: Browser, bob: Person, rp: PartnerSite) -> None:
    """Who signed in meanwhile in another tab is asked anew."""
    page = log_out(browser, client_id=rp.id)
    browser.sign_in(bob)

    assert answer(browser, page, "leave").location.startswith("/oauth/logout?")
    assert is_signed_in(browser)


@pytest.mark.parametrize("more", ["&client_id=ptn_unknown", "&client_id=x&client_id=y", "&state=a&state=b"])
def test_a_request_that_cannot_be_meant_is_refused(browser: Browser, more: str) -> None:
    """An unknown client, or a parameter twice: a page, and no guess."""
    page = browser.open(f"/oauth/logout?ui_locales=en{more}")

    assert (page.status_code, page.location) == (400, None)
    assert is_signed_in(browser)


def test_a_site_that_is_switched_off_sends_nobody_on(hub: Hub, browser: Browser, rp: PartnerSite) -> None:
    """Its addresses are not trusted any more, whatever it can prove."""
    id_token = rp.tokens(browser)["id_token"]
    with transaction(hub.engine) as session:
        disable_partner(session, rp.id)

    check_refused(browser, log_out(browser, id_token_hint=id_token, post_logout_redirect_uri=GOODBYE), "do not know")


def test_nobody_signed_in_goes_on_with_a_hint_only(stranger: Browser, browser: Browser, rp: PartnerSite) -> None:
    """There is nothing to end; only who proves the sign-in is sent on without a person's hand."""
    id_token = rp.tokens(browser)["id_token"]

    assert log_out(stranger, id_token_hint=id_token, post_logout_redirect_uri=GOODBYE).location == GOODBYE
    page = log_out(stranger, client_id=rp.id, post_logout_redirect_uri=GOODBYE)
    assert (page.status_code, page.location) == (200, None)
    assert GOODBYE in page.text


def test_a_hint_of_a_disconnected_site_asks(browser: Browser, rp: PartnerSite) -> None:
    """Its session was ended by the user; what it still has in hand proves nothing about the present one."""
    id_token = rp.tokens(browser)["id_token"]
    consent_id = browser.open("/account").text.split("/account/sites/")[1].split("/")[0]
    path = f"/account/sites/{consent_id}/disconnect"
    browser.post(path, form_with(browser.open(path).text, "disconnect")[1])

    check_asked_and_left(browser, log_out(browser, id_token_hint=id_token, post_logout_redirect_uri=GOODBYE), GOODBYE)
