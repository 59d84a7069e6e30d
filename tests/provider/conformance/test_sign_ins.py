"""Basic and Form Post Basic: when the person at the browser is asked, and what a client may wish for."""

from datetime import timedelta

from oauth_app import clock
from tests.fixtures.hub import Person
from tests.provider.browser import Browser
from tests.provider.conformance.relying_party import RelyingParty


def test_oidcc_display_page(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-display-page: the wish for a full page is taken."""
    assert rp.log_in(browser, display="page").claims


def test_oidcc_display_popup(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-display-popup: the wish for a small window is taken."""
    assert rp.log_in(browser, display="popup").claims


def test_oidcc_prompt_login(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-prompt-login: who is signed in signs in again, and auth_time says so."""
    first = rp.log_in(browser)
    with clock.moved(timedelta(seconds=5)):
        request = rp.request(prompt="login")
        answer = rp.authorize(browser, request)
        second = rp.check_tokens(rp.exchange(answer.parameters["code"]), request)

    assert answer.signed_in
    assert first.claims["auth_time"] < second.claims["auth_time"]
    assert first.claims["sub"] == second.claims["sub"]


def test_oidcc_prompt_none_not_logged_in(stranger: Browser, rp: RelyingParty) -> None:
    """oidcc-prompt-none-not-logged-in: nobody is signed in, and no page is shown: an error comes back."""
    answer = rp.authorize(stranger, rp.request(prompt="none"))

    assert answer.parameters["error"] in {"login_required", "interaction_required"}
    assert not answer.signed_in


def test_oidcc_prompt_none_logged_in(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-prompt-none-logged-in: who is signed in comes back at once, as the same person of the same sign-in."""
    first = rp.log_in(browser)
    request = rp.request(prompt="none")
    answer = rp.authorize(browser, request)
    second = rp.check_tokens(rp.exchange(answer.parameters["code"]), request)

    assert not answer.signed_in
    assert not answer.agreed
    assert (first.claims["sub"], first.claims["auth_time"]) == (second.claims["sub"], second.claims["auth_time"])


def test_oidcc_max_age_1(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-max-age-1: a sign-in of more than a second ago is too old, and the new one is later."""
    first = rp.log_in(browser)
    with clock.moved(timedelta(seconds=2)):
        request = rp.request(max_age="1")
        answer = rp.authorize(browser, request)
        second = rp.check_tokens(rp.exchange(answer.parameters["code"]), request)

    assert answer.signed_in
    assert first.claims["auth_time"] < second.claims["auth_time"]


def test_oidcc_max_age_10000(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-max-age-10000: a sign-in of a moment ago is fresh enough, and auth_time is told."""
    first = rp.log_in(browser, max_age="10000")
    with clock.moved(timedelta(seconds=2)):
        request = rp.request(max_age="10000")
        answer = rp.authorize(browser, request)
        second = rp.check_tokens(rp.exchange(answer.parameters["code"]), request)

    assert not answer.signed_in
    assert first.claims["auth_time"] == second.claims["auth_time"]


def test_oidcc_id_token_hint(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-id-token-hint: with the hint of an earlier sign-in, the same person comes back without a page."""
    first = rp.log_in(browser)
    with clock.moved(timedelta(seconds=2)):
        second = rp.log_in(browser, prompt="none", id_token_hint=first.id_token)

    assert first.claims["sub"] == second.claims["sub"]
    assert first.claims["auth_time"] == second.claims["auth_time"]


def test_oidcc_login_hint(stranger: Browser, rp: RelyingParty, alice: Person) -> None:
    """oidcc-login-hint: a hint at who wants to sign in is taken, and who it is comes back."""
    assert rp.log_in(stranger, login_hint=alice.email).claims


def test_oidcc_ui_locales(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-ui-locales: a wish for a language that we do not speak is no error."""
    assert rp.log_in(browser, ui_locales="se").claims


def test_oidcc_ensure_request_with_acr_values_succeeds(browser: Browser, rp: RelyingParty) -> None:
    """oidcc-ensure-request-with-acr-values-succeeds: what is asked for is voluntary, and what is told is announced."""
    announced = rp.metadata().get("acr_values_supported", [])
    told = rp.log_in(browser, acr_values=" ".join(announced) or "1 2").claims

    assert told.get("acr") in (announced or [None])
